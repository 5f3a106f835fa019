"""Receipts that need not be read again.

A folder lists each receipt with a mark that changes whenever its file does. While the mark is that
under which a receipt was read, the receipt is known: to this process, or, in a finished month, from
the month's document. It holds the receipts of all its nights, so that a run reads a few documents
instead of thousands of receipts. A bucket gives no marks: what was read of it is kept here anyway.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path, PurePosixPath

import msgspec

from transforms.code import rules_of
from transforms.lake.receipt import Receipt
from transforms.place import Place, Unsound
from transforms.storage import sha256_of

log = logging.getLogger(__name__)

BY_MONTH = "receipts_by_month"


class Marked(msgspec.Struct, frozen=True):
    """A receipt, the name of its file, and the mark that the file had when it was read."""

    file: str
    mark: str
    receipt: Receipt


class _Document(msgspec.Struct):
    """A month's document: the code that read its receipts, and the hash of their text."""

    code: str
    sha256: str
    receipts: msgspec.Raw


@dataclass
class _Memory:
    """What this process knows of a dataset's receipts, by file, and of their months' documents."""

    read: dict[str, Marked] = field(default_factory=dict)
    documents: dict[str, list[Marked]] = field(default_factory=dict)


_MEMORY: dict[str, _Memory] = {}


class Known:
    """What is known of the receipts of a dataset."""

    def __init__(self, place: Place, dataset: str) -> None:
        self.place, self.folder = place, PurePosixPath(BY_MONTH, dataset)
        self._memory = _MEMORY.setdefault(place.shown(self.folder), _Memory())

    def find(self, file: str, mark: str) -> Marked | None:
        """The receipt in a file with that mark, if it is known."""
        if not mark:
            return None
        found = self._memory.read.get(file)
        if found is None or found.mark != mark:
            self._look_up(_month(file))
            found = self._memory.read.get(file)
        return found if found and found.mark == mark else None

    def add(self, file: str, mark: str, receipt: Receipt) -> Marked:
        """Takes note of a receipt that was just read."""
        found = Marked(file, mark, receipt)
        if mark:
            self._memory.read[file] = found
        return found

    def unwritten(self, receipts: Iterable[Marked]) -> dict[str, list[Marked]]:
        """Of the receipts of all nights, in order: those of finished months whose documents do not
        hold them. A month waits until all its receipts have marks."""
        months = [(month, list(of)) for month, of in groupby(receipts, lambda m: _month(m.file))]
        with_marks = {month: of for month, of in months[:-1] if all(m.mark for m in of)}
        for month in with_marks:
            self._look_up(month)
        return {m: of for m, of in with_marks.items() if self._memory.documents[m] != of}

    def write(self, months: dict[str, list[Marked]]) -> None:
        """Writes the documents of months. A disk fault stops nothing, as the receipts say the same,
        and is told once in a process."""
        for month, of in months.items():
            with suppress(UnicodeEncodeError):  # half a surrogate pair, in a delivered header
                receipts = msgspec.json.encode(of)
                hashed = sha256_of(receipts.decode())
                document = _Document(_code(), hashed, msgspec.Raw(receipts))
                try:
                    self.place.write(self._name(month), msgspec.json.encode(document))
                except OSError as error:
                    what = "%s was not written: %s. Its receipts are read one by one until it is."
                    log.warning(what, self.place.shown(self._name(month)), error)
            self._memory.documents[month] = of

    def _look_up(self, month: str) -> None:
        """Reads a month's document, once in a process."""
        if month not in self._memory.documents:
            found = self._memory.documents[month] = self._read(month)
            self._memory.read |= {m.file: m for m in found if m.file not in self._memory.read}

    def _read(self, month: str) -> list[Marked]:
        """What a month's document holds; nothing if it is not there, cannot be read, is damaged, or
        was written by other code."""
        try:
            text = self.place.read(self._name(month))
            document = msgspec.json.decode(text or b"", type=_Document)
            receipts = bytes(document.receipts)
            if (document.code, document.sha256) != (_code(), sha256_of(receipts.decode())):
                return []
            return msgspec.json.decode(receipts, type=list[Marked])
        except (Unsound, OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return []

    def _name(self, month: str) -> PurePosixPath:
        return self.folder / f"{month}.json"


def _month(file: str) -> str:
    return file[: len("2022-06")]


@cache
def _code() -> str:
    return rules_of([("receipt.py", Path(__file__).with_name("receipt.py"))])
