"""Many lines of text at once: columns of strings joined to lines, lines to the bytes of a file."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.sample.universe.draw import Ints

Text: TypeAlias = pa.StringArray

_SPECIAL = re.compile('[,"\r\n]')


def text(values: Iterable[str]) -> Text:
    return pa.array(list(values), pa.string())


def taken(pool: Text, places: Ints) -> Text:
    return pool.take(pa.array(places))


def numbered(values: NDArray[np.integer]) -> Text:
    return pa.array(values).cast(pa.string())


def dated(days: Ints) -> Text:
    """Days since 1970 as 2021-03-05."""
    return pa.array(days.astype("datetime64[D]")).cast(pa.string())


def timed(seconds: Ints) -> Text:
    """Seconds since 1970 as 2021-03-05 15:04:02."""
    return pa.array(seconds.astype("datetime64[s]")).cast(pa.string())


def joined(*columns: Text | str) -> Text:
    """The columns side by side, nothing between them."""
    return pc.binary_join_element_wise(*columns, "")


def content(lines: Text) -> memoryview:
    """The lines one after the other, as bytes: the array's own memory, not a copy."""
    _, offsets, data = lines.buffers()
    if data is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])]


def csv_cell(value: str) -> str:
    """A value as it stands between two commas."""
    if _SPECIAL.search(value):
        return '"' + value.replace('"', '""') + '"'
    return value


def csv_line(cells: Sequence[str], end: str) -> str:
    return ",".join(csv_cell(cell) for cell in cells) + end


def edited(
    lines: Text, kinds: Sequence[str], change: Callable[[list[str], str], list[str]], end: str
) -> Text:
    """CSV lines with each one's cells changed as its kind wants it."""
    rows = csv.reader(io.StringIO("".join(lines.to_pylist()), newline=""))
    return text(csv_line(change(row, kind), end) for row, kind in zip(rows, kinds, strict=True))
