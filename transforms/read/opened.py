"""What every reader returns: ways to read a file as a table, and the table once one is chosen."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

SAMPLE_ROWS = 200  # of which one of the first twenty has the headers
MOST_COLUMNS = 2_000  # no export is so wide, and each column costs more than its cells

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


@dataclass
class Opened:
    """A table of text: its headers, and its rows in batches with the line where each begins.

    `rows(noted)` reads it from the start. `rows_in` is counted independently of the parser;
    `warnings` are those found so far.
    """

    headers: list[str]
    rows_in: int
    rows: Callable[[Noted], Rows]
    header_row: int | None = None
    warnings: Warnings = field(default_factory=Counter)


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
