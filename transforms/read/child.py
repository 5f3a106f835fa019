"""Workbooks and Parquet files, read in a process of its own within limits.

Their parsers trust what a file says of itself and hold it in memory whole, so that a few kilobytes
may take the machine. Of a workbook the sheets are written as a stream of rows; a Parquet file is
read for trial only. This file is run by its path, with the kind of file, its path and the number of
an open file to write to; it imports nothing of ours, and answers with one line of JSON: where in
that file the list of sheets begins, or why there is none.
"""

import json
import marshal
import os
import resource
import struct
import sys
import zipfile
from array import array
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

import python_calamine as calamine
import xlrd
from xlrd.compdoc import CompDoc

MEMORY = 1 << 30
SECONDS = 50  # of the processor
MAX_WRITTEN = 2 << 30
LONGEST_TEXT = 1 << 20  # characters; a spreadsheet allows 32,767
MOST_COLUMNS = 2_000
ROWS, MOST_CELLS = 50_000, 4 << 20  # of a batch of Parquet
PIECE = 500  # rows that are written together
NUMBERS = "I"  # of rows
PLACES = "Q"  # row and column, both from 1, in one number

Sheet = dict[str, Any]
Row = list[Any]


class Refusal(Exception):
    """(code, message) of what the caller shall raise."""


def main(kind: str, path: str, sink: int) -> None:
    _limit(resource.RLIMIT_CPU, SECONDS)
    _limit(resource.RLIMIT_FSIZE, MAX_WRITTEN)
    _limit(resource.RLIMIT_CORE, 0)
    with os.fdopen(sink, "wb", closefd=False) as out:
        try:
            if kind == "parquet":
                parquet(path)
                answer: dict[str, Any] = {"at": 0}
            else:
                _limit(resource.RLIMIT_AS, MEMORY)
                sheets = xlsx(path, out) if zipfile.is_zipfile(path) else xls(path, out)
                answer = {"at": out.tell()}
                marshal.dump(sheets, out)
                out.flush()
        except Refusal as refusal:
            answer = {"error": refusal.args}
        except MemoryError:
            answer = {"error": ["bomb", "takes more memory than an export may"]}
    print(json.dumps(answer))


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


# --- Parquet


def parquet(path: str) -> None:
    """Reads all of a file, its texts as dictionaries. What is damaged shows later."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # others reserve more than they use
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    _limit(resource.RLIMIT_AS, used + MEMORY)
    try:
        schema = pq.read_schema(path)
        texts = [f.name for f in schema if f.type in (pa.string(), pa.large_string())]
        with pq.ParquetFile(path, read_dictionary=texts) as whole:
            rows = max(1, min(ROWS, MOST_CELLS // max(len(schema), 1)))
            for _ in whole.iter_batches(rows, use_threads=False):
                pass
    except MemoryError:
        raise
    except (pa.ArrowException, OSError):
        return


# --- xlsx


def xlsx(path: str, out: IO[bytes]) -> list[Sheet]:
    """Values by calamine; what it does not tell (formulas, merged cells) and which rows hold
    anything, from the sheet's own XML."""
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        titles = [s.name for s in book.sheets_metadata
                  if s.typ == calamine.SheetTypeEnum.WorkSheet]  # fmt: skip
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
        except (expat.ExpatError, ElementTree.ParseError, LookupError, StopIteration, ValueError,
                AttributeError) as error:  # fmt: skip
            raise Refusal("damaged", f"is damaged: {error}") from None
    for title, facts in zip(titles, found, strict=True):
        try:
            rows = book.get_sheet_by_name(title).iter_rows()
        except BaseException as error:
            raise _unreadable(error) from None
        without = set(facts["formulas"])
        facts |= {"title": title, "begins": out.tell()}
        facts["times"] = _write(_without(rows, without) if without else enumerate(rows, 1), out)
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
    """One reading of a sheet's XML that keeps nothing but places."""

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
            "filled": self.filled.tobytes(), "formulas": self.formulas, "errors": self.errors,
            "merged": self.merged, "hidden": self.hidden,
        }  # fmt: skip

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
                raise _too_wide()

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
    raise Refusal("bomb", "declares entities of its own, as no workbook does")


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


# --- xls

# Records of BIFF8: cells with one value, those with several, and a formula.
_CELLS = frozenset([0x0203, 0x0204, 0x0205])
_FORMULA, _SHARED, _NUMBER, _SEVERAL = 0x0006, 0x00FD, 0x027E, 0x00BD
_BEGINS, _ENDS, _MERGED, _ROW, _TEXT = 0x0809, 0x000A, 0x00E5, 0x0208, 0x0207
_IS_HIDDEN = 0x20
_NOT_A_NUMBER, _IS_TEXT, _IS_ERROR, _IS_BLANK = 0xFFFF, 0, 2, 3


def xls(path: str, out: IO[bytes]) -> list[Sheet]:
    """Values by xlrd, for calamine believes what a damaged file says of its own size; the rest, and
    which rows hold anything, from the records of the file's stream."""
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
                raise _too_wide()
            rows = (
                (i + 1, [_value(book, one) for one in sheet.row(i)]) for i in range(sheet.nrows)
            )
            facts[number] |= {"title": sheet.name, "begins": out.tell()}
            facts[number]["times"] = _write(rows, out)
            book.unload_sheet(number)
        return facts[: book.nsheets]
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # whatever it trips over, in whatever bytes
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
    """The facts of each worksheet, in the order in which they lie."""
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
                sheet = {"merged": [], "hidden": 0, "formulas": array(PLACES),
                         "errors": array(PLACES)}  # fmt: skip
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


# --- both


def _write(rows: Any, out: IO[bytes]) -> list[int]:
    """Writes the rows that hold anything, each with its number; returns the columns (from 1) in
    which any moment is not midnight. A day is a tuple of one text, for which of both it is."""
    times: set[int] = set()
    piece: list[tuple[int, Row]] = []
    for number, row in rows:
        if all(value is None or value == "" for value in row):
            continue
        if len(row) > MOST_COLUMNS:
            raise _too_wide()
        piece.append((number, [_plain(v, i, times) for i, v in enumerate(row, 1)]))
        if len(piece) == PIECE:
            _write_piece(piece, out)
            piece = []
    if piece:
        _write_piece(piece, out)
    _write_piece([], out)
    return sorted(times)


def _write_piece(piece: list[tuple[int, Row]], out: IO[bytes]) -> None:
    """Its length, and then the rows; of none, at the end, the length alone."""
    content = marshal.dumps(piece) if piece else b""
    out.write(len(content).to_bytes(8, "little") + content)


def _plain(value: Any, column: int, times: set[int]) -> Any:
    if value is None or type(value) in (float, int, bool):
        return value
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise Refusal("bomb", f"has a cell of {len(value):,} characters")
        return value
    if hasattr(value, "hour") and hasattr(value, "year"):
        assert isinstance(value, datetime)
        if any((value.hour, value.minute, value.second, value.microsecond)):
            times.add(column)
            return value.isoformat(sep=" ")
        return (value.date().isoformat(),)
    if hasattr(value, "year"):
        return (value.isoformat(),)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _too_wide() -> Refusal:
    return Refusal("too_wide", f"has rows of more than {MOST_COLUMNS:,} cells")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
