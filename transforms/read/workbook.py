"""Workbooks, .xlsx and .xls: the one sheet that holds an export.

A separate process parses them within limits (`transforms/sheets`) and passes their rows on as a
stream, which this module turns into batches of text.
"""

import io
import marshal
import os
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pandas as pd

from transforms.deliveries.unpack import bounded_copy
from transforms.errors import ExportError
from transforms.read import cell
from transforms.read.limited import answer_of_child
from transforms.read.opened import SAMPLE_ROWS, Candidate, Noted, Opened, Rows, Spool, column_names

MAX_UNPACKED = 1 << 30  # bytes of all parts; a workbook is held in memory
MAX_PARTS = 10_000
BATCH = 50_000  # rows
BATCH_TEXT = 32 << 20  # characters

Line = tuple[int, list[Any]]  # the number beside a row, and its cells


class Sheet(NamedTuple):
    """The child's facts about a sheet. Rows and columns count from 1; a place is both in one
    number."""

    title: str
    begins: int  # where its rows lie in the stream
    filled: bytes  # numbers of the rows that hold anything, by the file's own records
    formulas: bytes  # places of formulas without a value
    errors: bytes  # places of #REF! and the like
    merged: list[tuple[int, int, int]]  # first row, last row, column
    hidden: int  # rows
    times: list[int]  # columns in which any moment is not midnight


def candidates(
    path: Path, name: str, declared: Sequence[str] = (), scratch: Path | None = None
) -> Iterator[Candidate]:
    """The non-empty sheets of a workbook, in order."""
    if zipfile.is_zipfile(path):
        _check_parts(path, name)
    stream = Spool(scratch)
    for sheet in _parsed(path, name, stream.file):
        head: list[list[str]] = []
        for number, row in _lines(stream, sheet, SAMPLE_ROWS):
            head += [[]] * (number - 1 - len(head))
            head.append([_text(value) or "" for value in row])
        if head:
            yield Candidate(
                head=head,
                open=partial(_open, stream, sheet, head),
                where=f"sheet {sheet.title}",
                size=len(sheet.filled) // array("I").itemsize,
            )


def _check_parts(path: Path, name: str) -> None:
    """Unpacks every part once, since the parser trusts their sizes and checksums.

    Raises ExportError: bomb, damaged.
    """
    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
                raise ExportError(
                    "bomb",
                    f"{name} unpacks to more than {MAX_UNPACKED >> 20} MiB or "
                    f"{MAX_PARTS:,} parts and was refused: request it as CSV.",
                )
            for part in parts:
                with book.open(part) as source:
                    bounded_copy(source, _Nowhere(), name, path.stat().st_size)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ) as error:
        raise ExportError("damaged", f"{name} is damaged: {error}.") from error


class _Nowhere(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def _parsed(path: Path, name: str, stream: IO[bytes]) -> list[Sheet]:
    """Has the child write the rows into `stream`. Raises ExportError: bomb, damaged, encrypted …"""
    stream.seek(answer_of_child("workbook", path, name, stream)["at"])
    facts = marshal.load(stream)
    return [Sheet(**{key: of_one[key] for key in Sheet._fields}) for of_one in facts]


def _open(stream: Spool, sheet: Sheet, head: list[list[str]], header: int) -> Opened:
    filled = np.frombuffer(sheet.filled, dtype=np.uint32)
    opened = Opened(
        headers=head[header],
        rows_in=int((filled > header + 1).sum()),
        pieces=[partial(_rows, stream, sheet, head[header], header + 1)],
        header_row=header + 1,
        copy=stream.path,
    )
    for code, places in (("formula_without_value", sheet.formulas), ("error_cell", sheet.errors)):
        names = column_names(opened.headers)
        found = np.frombuffer(places, dtype=np.uint64)
        columns = (found & 0xFFFF)[(found >> 16) > header + 1]
        for column, count in zip(*np.unique(columns, return_counts=True), strict=True):
            opened.warnings[code, _name(names, int(column))] += int(count)
    if sheet.hidden:
        opened.warnings["hidden_rows", None] += sheet.hidden
    return opened


def _name(names: list[str], column: int) -> str:
    return names[column - 1] if column <= len(names) else f"(column {column})"


def _lines(stream: Spool, sheet: Sheet, until: int = 1 << 30) -> Iterator[Line]:
    """The rows of a sheet up to that number, from its first."""
    at, handle = sheet.begins, stream.file.fileno()
    # Not by seek and read: the file may be read in two places at a time.
    while size := int.from_bytes(os.pread(handle, 8, at), "little"):
        for number, row in marshal.loads(os.pread(handle, size, at + 8)):
            if number > until:
                return
            yield (
                number,
                [
                    _moment(v, i in sheet.times) if type(v) is tuple else v
                    for i, v in enumerate(row, 1)
                ],
            )
        at += 8 + size


def _moment(value: tuple[str], has_times: bool) -> str:
    """A day; midnight, where other moments of its column are not days."""
    return f"{value[0]} 00:00:00" if has_times else value[0]


def _rows(stream: Spool, sheet: Sheet, headers: list[str], header_row: int, noted: Noted) -> Rows:
    """The non-empty rows under the header, with merged cells filled in.

    Warns of damaged numbers, filled cells and rows of blanks only.
    """
    columns = column_names(headers)
    merged = _Merged(sheet.merged, header_row)
    batch: list[list[str | None]] = []
    numbers: list[int] = []
    size = 0
    for number, row in _lines(stream, sheet):
        if number <= header_row:
            continue
        if all(value is None or (isinstance(value, str) and not value.strip()) for value in row):
            noted.warnings["blank_rows", None] += 1
            continue
        for column in merged.fill(number, row):
            noted.warnings["merged_cell", _name(columns, column)] += 1
        columns += [f"(column {i})" for i in range(len(columns) + 1, len(row) + 1)]
        for column_name, value in zip(columns, row, strict=False):
            if cell.is_damaged(value):
                noted.warnings["damaged_number", column_name] += 1
        texts = [_text(value) for value in row]
        size += sum(len(text) for text in texts if text)
        batch.append(texts)
        numbers.append(number)
        if len(batch) == BATCH or size > BATCH_TEXT:
            yield _table(batch, columns), np.array(numbers, dtype=np.int32)
            batch, numbers, size = [], [], 0
    if batch:
        yield _table(batch, columns), np.array(numbers, dtype=np.int32)


class _Merged:
    """The values of cells merged over several rows, which a file stores in the first row only."""

    def __init__(self, merged: list[tuple[int, int, int]], header_row: int) -> None:
        self._begins: dict[int, list[tuple[int, int]]] = {}
        for first, last, column in merged:
            if first > header_row:
                self._begins.setdefault(first, []).append((last, column))
        self._open: list[tuple[int, int, Any]] = []

    def fill(self, number: int, row: list[Any]) -> Iterator[int]:
        """Fills a row in place; the columns that were filled."""
        if not self._begins:
            return
        self._open = [one for one in self._open if one[0] >= number]
        for _, column, value in self._open:
            row += [None] * (column - len(row))
            if row[column - 1] in (None, ""):
                row[column - 1] = value
                yield column
        for last, column in self._begins.get(number, ()):
            value = row[column - 1] if column <= len(row) else None
            if value not in (None, ""):
                self._open.append((last, column, value))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else cell.text(value)


def _table(batch: list[list[str | None]], columns: list[str]) -> pd.DataFrame:
    whole = [row + [None] * (len(columns) - len(row)) for row in batch]
    return pd.DataFrame(whole, columns=columns, dtype="str")
