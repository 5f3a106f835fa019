"""Reading: a delivered file as batches of text under the layout it fits, its rows counted apart.

Everything is text here. Whatever bytes a file holds, reading it returns or raises ExportError.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from transforms.errors import ExportError
from transforms.layouts import Layout, own_layout, recognise
from transforms.read import delimited, json_rows

# Formats that can be read, by the ending of the unpacked file's name.
READERS = {".csv": delimited.open_table, ".json": json_rows.open_table}


@dataclass(frozen=True)
class TextBatch:
    """A batch of rows as text under the file's own headers, with the line each began on."""

    table: pd.DataFrame
    lines: np.ndarray


@dataclass
class Export:
    """An opened export: what was found, and its rows.

    `rows_in` is counted on the bytes, apart from the parser; `broken` fills while the batches are
    read: (line, reason, text) of the records that have too few or too many fields.
    """

    file: str
    layout: Layout
    encoding: str
    delimiter: str | None
    header_row: int | None
    headers: list[str]
    rows_in: int
    rows: Iterator[TextBatch]
    broken: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def new_columns(self) -> list[str]:
        return sorted(h for h in self.headers if h and h not in self.layout.known_headers)

    @property
    def missing_columns(self) -> list[str]:
        """Optional headers of the layout that this file does not have."""
        mapped = set[str]().union(*(s.all_headers() for s in self.layout.columns.values()))
        return sorted(mapped - set(self.headers))


def open_export(path: Path, name: str, dataset: str | None) -> Export:
    """Opens an unpacked file that was called `name` and should hold `dataset`, if that is known.

    Raises ExportError: empty, unknown_format, encoding, unknown_layout, duplicate_headers, cut …
    """
    ending = Path(name.casefold().removesuffix(".gz")).suffix
    if ending not in READERS:
        raise ExportError("unknown_format", f"{name}: {ending or 'no'} ending, which is not read.")
    if path.stat().st_size == 0:
        raise ExportError("empty", f"{name} is empty.")
    broken: list[tuple[int, str, str]] = []
    opened = READERS[ending](path, name, broken)
    if not opened.headers and not opened.rows_in and dataset:
        # An empty list has no headers to be known by; it says that there was nothing.
        opened = replace(opened, headers=list(own_layout(dataset).required))
    named = [h.strip().casefold() for h in opened.headers if h.strip()]
    if twins := sorted({h for h in named if named.count(h) > 1}):
        raise ExportError(
            "duplicate_headers", f"{name} has headers more than once: {', '.join(twins)}."
        )
    return Export(
        file=name,
        layout=recognise(opened.headers, dataset, name),
        encoding=opened.encoding,
        delimiter=opened.delimiter,
        header_row=opened.header_row,
        headers=opened.headers,
        rows_in=opened.rows_in,
        rows=(TextBatch(table, lines) for table, lines in opened.rows),
        broken=broken,
    )
