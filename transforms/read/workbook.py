"""Workbooks, .xlsx and .xls: the one sheet that holds an export, its rows counted a second time."""

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import python_calamine as calamine
import xlrd

from transforms.errors import ExportError
from transforms.read import cell
from transforms.read.opened import Candidate, Opened, Rows, column_names
from transforms.unpack import bounded_copy

HEADER_ROWS = 20
BATCH = 50_000  # rows
MAX_UNPACKED = 1 << 30  # bytes of all parts; a workbook is held in memory
MAX_PARTS = 10_000
MOST_CELLS = 64 << 20  # of the rectangle that a sheet's cells span
MOST_CELLS_IN_A_ROW = 16_384  # as many columns as a spreadsheet has
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

# The XML's namespaces differ between ordinary and strict workbooks; its names do not.
_ANY = "{*}"


def candidates(path: Path, name: str) -> Iterator[Candidate]:
    """The sheets of a workbook that are not empty, in their order."""
    if zipfile.is_zipfile(path):
        _check_parts(path, name)
        _check_area(path, name)
    elif ENCRYPTED in path.read_bytes():
        raise _encrypted(name)
    with _refusing(name):
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
        sheets = [(s.name, book.get_sheet_by_name(s.name)) for s in book.sheets_metadata
                  if s.typ == calamine.SheetTypeEnum.WorkSheet]  # fmt: skip
    for title, sheet in sheets:
        with _refusing(name):
            head = [
                [cell.text(value) or "" for value in row]
                for row, _ in zip(sheet.iter_rows(), range(HEADER_ROWS), strict=False)
            ]
        yield Candidate(
            head=head,
            open=lambda header, s=sheet, t=title, h=head: _open(  # type: ignore[misc]
                path, name, s, t, h[header], header + 1
            ),
            where=f"sheet {title}",
            size=sheet.height,
        )


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turns whatever stops the parser into our error, its panics (no Exceptions) too."""
    try:
        yield
    except calamine.PasswordError as error:
        raise _encrypted(name) from error
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"
        if not is_panic and not isinstance(error, calamine.CalamineError | OSError | ValueError):
            raise
        why = "its structure is broken" if is_panic else error
        raise ExportError("unreadable", f"{name} cannot be read as a workbook: {why}.") from None


def _open(
    path: Path, name: str, sheet: Any, title: str, headers: list[str], header_row: int
) -> Opened:
    count = _rows_of_xlsx if zipfile.is_zipfile(path) else _rows_of_xls
    opened = Opened(
        headers=headers,
        rows_in=count(path, name, title, header_row),
        rows=lambda broken: _rows(sheet, headers, header_row, opened),
        header_row=header_row,
    )
    return opened


def _rows(sheet: Any, headers: list[str], header_row: int, opened: Opened) -> Rows:
    """Rows that hold anything, with the number that the spreadsheet shows beside them."""
    columns = column_names(headers)
    damaged: Counter[tuple[str, str | None]] = Counter()
    batch: list[list[str | None]] = []
    lines: list[int] = []
    for line, row in enumerate(sheet.iter_rows(), start=1):
        if line <= header_row or not any(_is_there(value) for value in row):
            continue
        for column, value in zip(columns, row, strict=False):
            if cell.is_damaged(value):
                damaged["damaged_number", column] += 1
        batch.append([cell.text(value) for value in row])
        lines.append(line)
        if len(batch) == BATCH:
            yield _table(batch, columns), np.array(lines, dtype=np.int32)
            batch, lines = [], []
    if batch:
        yield _table(batch, columns), np.array(lines, dtype=np.int32)
    opened.warnings |= damaged


def _table(batch: list[list[str | None]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(batch, columns=columns, dtype="str")


def _is_there(value: Any) -> bool:
    return value is not None and value != ""


def _check_parts(path: Path, name: str) -> None:
    """Unpacks every part once, for the parser trusts their sizes and checksums.

    Raises ExportError: bomb, damaged.
    """
    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
                raise ExportError(
                    "bomb", f"{name} unpacks to more than {MAX_UNPACKED >> 20} MiB or "
                    f"{MAX_PARTS:,} parts and was refused: ask for it as CSV."
                )  # fmt: skip
            for part in parts:
                with book.open(part) as source:
                    bounded_copy(source, _Nowhere(), name, path.stat().st_size)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError,
            NotImplementedError, RuntimeError, zlib.error) as error:  # fmt: skip
        raise ExportError("damaged", f"{name} is damaged: {error}.") from error


class _Nowhere(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def _check_area(path: Path, name: str) -> None:
    """The parser fills the whole rectangle that the cells of a sheet span: one far away is a bomb.

    Raises ExportError: bomb, damaged.
    """
    with _refusing_xml(name), zipfile.ZipFile(path) as book:
        for sheet in (p for p in book.namelist() if p.startswith("xl/worksheets/")):
            if not sheet.endswith(".xml"):
                continue
            last = widest = 0
            with book.open(sheet) as part:
                for number, row in _row_elements(part):
                    last, widest = max(last, number), max(widest, _width(row))
            if widest > MOST_CELLS_IN_A_ROW or last * widest > MOST_CELLS:
                raise ExportError(
                    "bomb", f"{name} spans {last:,} rows of {widest:,} cells and was refused: ask "
                    "for it as CSV."
                )  # fmt: skip


def _width(row: ElementTree.Element) -> int:
    """Number of the row's last column: of its letters (`XFD7`), or of its cells counted."""
    last = len(row)
    for one in row:
        number = 0
        for letter in re.match("[A-Z]*", one.get("r", ""))[0]:  # type: ignore[index]
            number = number * 26 + ord(letter) - 64
        last = max(last, number)
    return last


def _rows_of_xlsx(path: Path, name: str, title: str, header_row: int) -> int:
    """Rows under the header that hold anything, by the sheet's own XML."""
    with _refusing_xml(name), zipfile.ZipFile(path) as book:
        blank = _blank_texts(book)
        with book.open(_sheet_part(book, title)) as part:
            return sum(
                number > header_row and _has_value(row, blank)
                for number, row in _row_elements(part)
            )


@contextmanager
def _refusing_xml(name: str) -> Iterator[None]:
    try:
        yield
    except (ElementTree.ParseError, LookupError, StopIteration, ValueError) as error:
        raise ExportError("damaged", f"{name} is damaged: {error}.") from error


def _row_elements(part: Any) -> Iterator[tuple[int, ElementTree.Element]]:
    number = 0
    for event, element in ElementTree.iterparse(part, ("start", "end")):
        if _named(element, "sheetData") and event == "start":
            rows = element
        if _named(element, "row") and event == "end":
            number = int(element.get("r", number + 1))
            yield number, element
            rows.clear()


def _named(element: ElementTree.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name


def _has_value(row: ElementTree.Element, blank: set[str]) -> bool:
    for one in row.iterfind(f"{_ANY}c"):
        value = one.findtext(f"{_ANY}v")
        if value and not (one.get("t") == "s" and value in blank):
            return True
        if one.get("t") == "inlineStr" and any(t.text for t in one.iter() if _named(t, "t")):
            return True
    return False


def _blank_texts(book: zipfile.ZipFile) -> set[str]:
    """Numbers of the shared texts that are empty."""
    if "xl/sharedStrings.xml" not in book.namelist():
        return set()
    blank, number = set(), 0
    with book.open("xl/sharedStrings.xml") as part:
        for _, element in ElementTree.iterparse(part):
            if _named(element, "si"):
                if not any(t.text for t in element.iter() if _named(t, "t")):
                    blank.add(str(number))
                number += 1
                element.clear()
    return blank


def _sheet_part(book: zipfile.ZipFile, title: str) -> str:
    workbook = ElementTree.fromstring(book.read("xl/workbook.xml"))
    sheet = next(s for s in workbook.iter() if _named(s, "sheet") and s.get("name") == title)
    relation = next(v for k, v in sheet.items() if k.endswith("}id"))
    relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    target = next(r.get("Target", "") for r in relations if r.get("Id") == relation)
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _rows_of_xls(path: Path, name: str, title: str, header_row: int) -> int:
    """Rows under the header that hold anything, by another library."""
    try:
        with open("/dev/null", "w") as silent:
            sheet = xlrd.open_workbook(str(path), logfile=silent).sheet_by_name(title)
        return sum(
            any(_is_there(value) for value in sheet.row_values(row))
            for row in range(header_row, sheet.nrows)
        )
    except Exception as error:  # whatever it trips over, in whatever bytes
        raise ExportError("damaged", f"{name} is damaged: {error}.") from error


def _encrypted(name: str) -> ExportError:
    return ExportError(
        "encrypted", f"{name} is protected by a password: ask for it without one, or save it "
        "without one. Nothing of it was loaded."
    )  # fmt: skip
