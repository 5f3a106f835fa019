"""Old workbooks, .xls: by xlrd, for calamine believes what a damaged file says of its own size and
takes the process with it. The rows are counted on the records of the file's stream.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import xlrd
from xlrd.compdoc import CompDoc

from transforms.errors import ExportError
from transforms.read import cell
from transforms.read.opened import Candidate, Opened
from transforms.read.sheet import HEADER_ROWS, Line, encrypted, lines_as_rows, refuse_area

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

# Records of BIFF8 that hold a cell with a value; those of several cells begin with a row, too.
_CELLS = frozenset([0x0006, 0x00BD, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E])
_BEGINS, _ENDS = 0x0809, 0x000A


def candidates(path: Path, name: str) -> Iterator[Candidate]:
    """The sheets of an old workbook that are not empty, in their order."""
    content = path.read_bytes()
    if ENCRYPTED in content:
        raise encrypted(name)
    with _refusing(name), open("/dev/null", "w") as silent:
        book = xlrd.open_workbook(file_contents=content, logfile=silent, ragged_rows=True)
    for number, sheet in enumerate(book.sheets()):
        refuse_area(name, sheet.nrows, sheet.ncols)
        if sheet.nrows:
            read = partial(_lines, book, sheet)
            head = [row for (_, row), _ in zip(read(), range(HEADER_ROWS), strict=False)]
            texts = [[cell.text(value) or "" for value in row] for row in head]
            yield Candidate(
                head=texts,
                open=partial(_open, content, name, number, read, texts),
                where=f"sheet {sheet.name}",
                size=sheet.nrows,
            )


def _open(
    content: bytes, name: str, number: int, read: Any, head: list[list[str]], header: int
) -> Opened:
    with _refusing(name):
        rows_in = sum(row > header for row in _rows_with_cells(content, number))
    opened = Opened(
        headers=head[header],
        rows_in=rows_in,
        rows=lambda _: lines_as_rows(read(), head[header], header + 1, opened),
        header_row=header + 1,
    )
    return opened


def _lines(book: xlrd.Book, sheet: Any) -> Iterator[Line]:
    for row in range(sheet.nrows):
        yield row + 1, [_value(book, one) for one in sheet.row(row)]


def _value(book: xlrd.Book, one: Any) -> Any:
    if one.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(one.value, book.datemode)
        except (xlrd.XLDateError, OverflowError, ValueError):
            return one.value
    if one.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(one.value)
    if one.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(one.value, "#ERROR")
    return one.value


def _rows_with_cells(content: bytes, number: int) -> set[int]:
    """Rows (from 0) of the sheet with that number that hold a cell, by the stream's records."""
    found: set[int] = set()
    sheet, depth = -1, 0
    with open("/dev/null", "w") as silent:
        stream = CompDoc(content, logfile=silent).get_named_stream("Workbook") or b""
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == _BEGINS:
            depth += 1
            if depth == 1 and struct.unpack_from("<H", stream, at + 6)[0] == 0x0010:
                sheet += 1
        elif kind == _ENDS:
            depth -= 1
        elif kind in _CELLS and depth == 1 and sheet == number and size >= 6:
            found.add(struct.unpack_from("<H", stream, at + 4)[0])
        at += 4 + size
    return found


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except ExportError:
        raise
    except Exception as error:  # whatever it trips over, in whatever bytes
        if "ncrypt" in str(error) or "assword" in str(error):
            raise encrypted(name) from error
        why = str(error) or type(error).__name__
        raise ExportError("damaged", f"{name} is damaged: {why}.") from error
