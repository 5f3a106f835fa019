"""What every reader returns: ways to read a file as a table, and the table once one is chosen."""

import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

SAMPLE_ROWS = 200  # of which one of the first twenty has the headers
MOST_COLUMNS = 2_000  # no export is so wide, and each column costs more than its cells
PIECE = 47 << 20  # bytes of plain text; a piece ends at the first row that begins after them

Warnings = Counter[tuple[str, str | None]]  # by code and column
Rows = Iterator[tuple[pd.DataFrame, np.ndarray]]


@dataclass
class Noted:
    """Findings while the rows of a table are read once.

    `broken` has (line, reason, text) of each record that is not a row of the table; `warnings`
    counts odd values that were kept.
    """

    broken: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: Warnings = field(default_factory=Counter)


# Reads the rows of a piece from its first, in batches with the line where each begins. It can be
# pickled, so that another process reads the piece, if the file was opened with a scratch folder.
Read = Callable[[Noted], Rows]


@dataclass
class Opened:
    """A table of text: its headers and its pieces, which together are all its rows in order.

    Where it is cut depends on the file alone. `rows_in` is counted independently of the parser;
    `warnings` are those found so far; `copy` is a file that was made to read it from.
    """

    headers: list[str]
    rows_in: int
    pieces: Sequence[Read]
    header_row: int | None = None
    warnings: Warnings = field(default_factory=Counter)
    copy: Path | None = None

    def rows(self, noted: Noted) -> Rows:
        """All rows, from the first."""
        return chain.from_iterable(read(noted) for read in self.pieces)


class Spool:
    """Bytes that are written once and then read: in the scratch folder of a load, where other
    processes find them, else without a name, so that a dead run leaves nothing behind."""

    def __init__(self, folder: Path | None) -> None:
        self.path = folder and folder / f"spool-{uuid.uuid4().hex[:8]}"
        self.file: IO[bytes] = (
            self.path.open("x+b") if self.path else tempfile.TemporaryFile()  # noqa: SIM115
        )

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            raise TypeError("a file without a name is read by the process that made it")
        return _reopened, (self.path,)


def _reopened(path: Path) -> Spool:
    spool = Spool.__new__(Spool)
    spool.path, spool.file = path, path.open("rb")
    return spool


@dataclass(frozen=True)
class Candidate:
    """One way to read a file: its first rows, one of which holds the headers.

    `open(row)` opens the table under that row of `head`. An uncertain encoding needs proof: a
    declaration, or headers in its own script. `instead` says what the file is, if not an export.
    """

    head: list[list[str]]
    open: Callable[[int], Opened]
    encoding: str | None = None
    is_certain: bool = True
    delimiter: str | None = None
    instead: str = ""
    where: str = ""  # "sheet Orders", where a file holds several tables
    size: int = 0  # rows of that sheet


def column_names(headers: list[str]) -> list[str]:
    """The headers; a column without one is named by its position."""
    return [h if h.strip() else f"(column {i})" for i, h in enumerate(headers, 1)]


def filled_without_a_name(table: pd.DataFrame) -> Warnings:
    """Values in columns without a header, which cannot be used."""
    nameless = [str(c) for c in table if str(c).startswith("(column ")]
    counts = {c: int((table[c].fillna("").str.strip() != "").sum()) for c in nameless}
    return Counter({("new_column", column): count for column, count in counts.items() if count})
