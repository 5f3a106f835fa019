"""Workbooks of today, .xlsx."""

import zipfile
from array import array
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

import python_calamine as calamine

from transforms.sheets.stream import (
    MOST_COLUMNS,
    NUMBERS,
    PLACES,
    Refusal,
    Row,
    Sheet,
    too_wide,
    write,
)


def xlsx(path: str, out: IO[bytes]) -> list[Sheet]:
    """Values from calamine; formulas, merged cells and which rows are not empty, from the sheet's
    XML."""
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        titles = [s.name for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
    except BaseException as error:
        raise _unreadable(error) from None
    found = []
    with zipfile.ZipFile(path) as archive:
        try:
            texts = _shared_texts(archive)
            recalculates = _recalculates(archive)
            for title in titles:
                with archive.open(_sheet_part(archive, title)) as part:
                    found.append(_SheetXml(part, texts, recalculates).facts())
        except (
            expat.ExpatError,
            ElementTree.ParseError,
            LookupError,
            StopIteration,
            ValueError,
            AttributeError,
        ) as error:
            raise Refusal("damaged", f"is damaged: {error}") from None
    for title, facts in zip(titles, found, strict=True):
        try:
            rows = book.get_sheet_by_name(title).iter_rows()
        except BaseException as error:
            raise _unreadable(error) from None
        without = set(facts["formulas"])
        facts |= {"title": title, "begins": out.tell()}
        facts["times"] = write(_without(rows, without) if without else enumerate(rows, 1), out)
    return found


def _without(rows: Any, places: set[int]) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(rows, 1):
        yield number, [None if number << 16 | i in places else v for i, v in enumerate(row, 1)]


def _unreadable(error: BaseException) -> Refusal:
    if isinstance(error, calamine.PasswordError):
        return Refusal("encrypted", "")
    if isinstance(error, MemoryError | KeyboardInterrupt | Refusal):
        raise error
    is_panic = type(error).__name__ == "PanicException"
    why = "its structure is broken" if is_panic else error
    return Refusal("unreadable", f"cannot be read as a workbook: {why}")


class _SheetXml:
    """One pass over a sheet's XML that keeps only places."""

    def __init__(self, part: IO[bytes], texts: bytes, recalculates: bool) -> None:
        self.texts, self.recalculates = texts, recalculates
        self.filled, self.formulas, self.errors = array(NUMBERS), array(PLACES), array(PLACES)
        self.merged: list[tuple[int, int, int]] = []
        self.row = self.column = self.hidden = 0
        self.kind = ""
        self.has_ink = self.is_formula = self.has_value = False
        self.within = ""  # v or t, whose text is looked at
        self.text: list[str] = []
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.ParseFile(part)

    def facts(self) -> Sheet:
        return {
            "filled": self.filled.tobytes(),
            "formulas": self.formulas,
            "errors": self.errors,
            "merged": self.merged,
            "hidden": self.hidden,
        }

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            self.column = _column(attributes["r"]) if "r" in attributes else self.column + 1
            self.kind = attributes.get("t", "")
            self.is_formula = self.has_value = False
            self.text.clear()
        elif name == "f":
            self.is_formula = True
        elif name == "v" or (name == "t" and self.kind == "inlineStr"):
            self.within = name
            self.has_value |= self.kind == "str"  # stored, though it may be empty
        elif name == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column, self.has_ink = 0, False
            self.hidden += attributes.get("hidden") in ("1", "true")
        elif name == "mergeCell":
            first, _, last = attributes["ref"].partition(":")
            rows = int(first.lstrip(_LETTERS)), int((last or first).lstrip(_LETTERS))
            if rows[1] > rows[0]:
                self.merged.append((rows[0], rows[1], _column(first)))

    def _characters(self, text: str) -> None:
        if self.within and len(self.text) < 64:
            self.text.append(text)

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            self._end_of_cell()
        elif name in ("v", "t"):
            self.within = ""
        elif name == "row" and self.has_ink:
            self.filled.append(self.row)

    def _end_of_cell(self) -> None:
        text = "".join(self.text).strip()
        place = self.row << 16 | self.column
        if self.kind == "e":
            self.errors.append(place)
        elif self.is_formula and self._is_uncalculated(text):
            self.formulas.append(place)
        elif text and not (self.kind == "s" and not self._has_text(int(text))):
            self.has_ink = True
            if self.column > MOST_COLUMNS:
                raise too_wide()

    def _is_uncalculated(self, text: str) -> bool:
        """Some programs write a formula without its value, others 0 and `calculate on opening`."""
        is_made_up = self.recalculates and self.kind in ("", "n") and text in ("0", "0.0")
        return is_made_up or not (text or self.has_value)

    def _has_text(self, number: int) -> bool:
        return number >= len(self.texts) or bool(self.texts[number])


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$"


def _column(reference: str) -> int:
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number


def _shared_texts(archive: zipfile.ZipFile) -> bytes:
    """For each shared text, whether it holds anything but blanks."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return b""
    found, state = bytearray(), [0, 0]  # has ink; is within a text

    def start(name: str, _: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "si":
            state[0] = 0
        state[1] = name == "t"

    def characters(text: str) -> None:
        state[0] |= bool(state[1] and text.strip())

    def end(name: str) -> None:
        state[1] = 0
        if name.rpartition(":")[2] == "si":
            found.append(state[0])

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    with archive.open("xl/sharedStrings.xml") as part:
        parser.ParseFile(part)
    return bytes(found)


def _refuse_doctype(*_: Any) -> None:
    raise Refusal("bomb", "declares XML entities, which no workbook does")


def _recalculates(archive: zipfile.ZipFile) -> bool:
    properties = (e for e in _xml(archive, "xl/workbook.xml").iter() if _named(e, "calcPr"))
    return any(e.get("fullCalcOnLoad") in ("1", "true") for e in properties)


def _sheet_part(archive: zipfile.ZipFile, title: str) -> str:
    sheets = (e for e in _xml(archive, "xl/workbook.xml").iter() if _named(e, "sheet"))
    sheet = next(s for s in sheets if s.get("name") == title)
    relation = next(v for k, v in sheet.items() if k.endswith("}id"))
    relations = _xml(archive, "xl/_rels/workbook.xml.rels")
    target = next(r.get("Target", "") for r in relations if r.get("Id") == relation)
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    text = archive.read(part)
    if b"<!DOCTYPE" in text.replace(b"\0", b""):
        _refuse_doctype()
    return ElementTree.fromstring(text)


def _named(element: ElementTree.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name
