"""Workbooks, .xlsx: the one sheet that holds an export, its rows counted on the sheet's own XML."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine as calamine

from transforms.errors import ExportError
from transforms.read import cell, old_workbook
from transforms.read.opened import Candidate, Opened
from transforms.read.sheet import HEADER_ROWS, encrypted, lines_as_rows, refuse_area
from transforms.unpack import bounded_copy

MAX_UNPACKED = 1 << 30  # bytes of all parts; a workbook is held in memory
MAX_PARTS = 10_000

# The XML's namespaces differ between ordinary and strict workbooks; its names do not.
_ANY = "{*}"
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,4})(\d{1,12})["']""")


def candidates(path: Path, name: str) -> Iterator[Candidate]:
    """The sheets of a workbook that are not empty, in their order."""
    if not zipfile.is_zipfile(path):
        # Under a password, or an old workbook by another name.
        yield from old_workbook.candidates(path, name)
        return
    _check_parts(path, name)
    _check_area(path, name)
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
            open=partial(_open, path, name, sheet, title, head),
            where=f"sheet {title}",
            size=sheet.height,
        )


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turns whatever stops the parser into our error, its panics (no Exceptions) too."""
    try:
        yield
    except calamine.PasswordError as error:
        raise encrypted(name) from error
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"
        if not is_panic and not isinstance(error, calamine.CalamineError | OSError | ValueError):
            raise
        why = "its structure is broken" if is_panic else error
        raise ExportError("unreadable", f"{name} cannot be read as a workbook: {why}.") from None


def _open(
    path: Path, name: str, sheet: Any, title: str, head: list[list[str]], header: int
) -> Opened:
    opened = Opened(
        headers=head[header],
        rows_in=_rows_of(path, name, title, header + 1),
        rows=lambda _: lines_as_rows(
            enumerate(sheet.iter_rows(), start=1), head[header], header + 1, opened
        ),
        header_row=header + 1,
    )
    return opened


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

    All parts are looked through, for a sheet may lie anywhere in the package.
    """
    last = widest = 0
    with zipfile.ZipFile(path) as book:
        for part in book.namelist():
            with book.open(part) as source:
                before = b""
                while chunk := source.read(1 << 20):
                    for letters, digits in _REFERENCE.findall(before + chunk):
                        last, widest = max(last, int(digits)), max(widest, _column(letters))
                    before = chunk[-64:]
    refuse_area(name, last, widest)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _rows_of(path: Path, name: str, title: str, header_row: int) -> int:
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
