"""Old workbooks, .xls."""

import os
import struct
from array import array
from collections.abc import Iterator
from typing import IO, Any

import xlrd
from xlrd.compdoc import CompDoc

from transforms.sheets.stream import MOST_COLUMNS, NUMBERS, PLACES, Refusal, Sheet, too_wide, write

# Records of BIFF8: cells with one value, those with several, and a formula.
_CELLS = frozenset([0x0203, 0x0204, 0x0205])
_FORMULA, _SHARED, _NUMBER, _SEVERAL = 0x0006, 0x00FD, 0x027E, 0x00BD
_BEGINS, _ENDS, _MERGED, _ROW, _TEXT = 0x0809, 0x000A, 0x00E5, 0x0208, 0x0207
_IS_HIDDEN = 0x20
_NOT_A_NUMBER, _IS_TEXT, _IS_ERROR, _IS_BLANK = 0xFFFF, 0, 2, 3


def xls(path: str, out: IO[bytes]) -> list[Sheet]:
    """Values from xlrd, since calamine trusts the size that a damaged file states; the rest, and
    which rows are not empty, from the records of the file's stream."""
    with open(path, "rb") as file:
        content = file.read()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refusal("encrypted", "")
    try:
        with open(os.devnull, "w") as silent:
            book = xlrd.open_workbook(
                file_contents=content, logfile=silent, ragged_rows=True, on_demand=True
            )
            stream = CompDoc(content, logfile=silent).get_named_stream("Workbook") or b""
        facts = list(_sheets_of(stream, book))
        for number in range(book.nsheets):
            sheet = book.sheet_by_index(number)
            if sheet.ncols > MOST_COLUMNS:
                raise too_wide()
            rows = (
                (i + 1, [_value(book, one) for one in sheet.row(i)]) for i in range(sheet.nrows)
            )
            facts[number] |= {"title": sheet.name, "begins": out.tell()}
            facts[number]["times"] = write(rows, out)
            book.unload_sheet(number)
        return facts[: book.nsheets]
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # damaged bytes can raise anything
        if "ncrypt" in str(error) or "assword" in str(error):
            raise Refusal("encrypted", "") from None
        raise Refusal("damaged", f"is damaged: {str(error) or type(error).__name__}") from None


def _value(book: xlrd.Book, one: Any) -> Any:
    if one.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(one.value, book.datemode)
        except (xlrd.XLDateError, OverflowError, ValueError):
            return one.value
    if one.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(one.value)
    return None if one.ctype == xlrd.XL_CELL_ERROR else one.value


def _sheets_of(stream: bytes, book: xlrd.Book) -> Iterator[Sheet]:
    """The facts of each worksheet, in file order."""
    texts = book._sharedstrings or []
    depth = at = 0
    filled: set[int] = set()
    sheet: Sheet = {}
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _BEGINS:
            depth += 1
            if depth == 1 and body[2:4] == b"\x10\x00":
                filled = set()
                sheet = {
                    "merged": [],
                    "hidden": 0,
                    "formulas": array(PLACES),
                    "errors": array(PLACES),
                }
        elif kind == _ENDS:
            depth -= 1
            if depth == 0 and sheet:
                yield sheet | {"filled": array(NUMBERS, sorted(filled)).tobytes()}
                sheet = {}
        elif depth == 1 and sheet:
            _note(kind, body, stream[at : at + 8], texts, filled, sheet)


def _note(
    kind: int, body: bytes, after: bytes, texts: list[str], filled: set[int], sheet: Sheet
) -> None:
    """Takes up one record of a sheet."""
    if kind == _MERGED:
        ranges = struct.iter_unpack("<4H", body[2 : 2 + (len(body) - 2) // 8 * 8])
        sheet["merged"] += [(a + 1, b + 1, column + 1) for a, b, column, _ in ranges if b > a]
        return
    if len(body) < 6:
        return
    row, column = struct.unpack_from("<HH", body)
    place = row + 1 << 16 | column + 1
    if kind == _ROW and len(body) >= 16:
        sheet["hidden"] += bool(body[12] & _IS_HIDDEN)
    elif kind == _SHARED and len(body) >= 10:
        number = struct.unpack_from("<I", body, 6)[0]
        if number >= len(texts) or texts[number].strip():
            filled.add(row + 1)
    elif kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff":
        if body[6] == _IS_BLANK:
            sheet["formulas"].append(place)
        elif body[6] == _IS_ERROR:
            sheet["errors"].append(place)
        elif body[6] != _IS_TEXT or after[:2] != b"\x07\x02" or after[4:6] != b"\0\0":
            filled.add(row + 1)
    elif kind == 0x0205 and len(body) >= 8 and body[7]:
        sheet["errors"].append(place)
    elif kind in _CELLS or kind in (_FORMULA, _NUMBER, _SEVERAL):
        filled.add(row + 1)
