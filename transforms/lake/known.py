"""Receipts that need not be read again.

A store lists every file with a mark that changes whenever the file does. A receipt that is listed
with the mark under which it was read is known: to this process, or, in a finished month, from the
month's document. It holds the receipts of all its nights, so that a run opens a few documents
instead of thousands of receipts.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePosixPath

import msgspec

from transforms.lake.receipt import VERSION, Receipt
from transforms.place import Place, Stored, Unsound
from transforms.storage import sha256_of

BY_MONTH = "receipts_by_month"
# Seconds after which a mark is trusted: a file that is written twice within a tick of the file
# system's clock keeps its mark.
FRESH = 1.0


class Marked(msgspec.Struct, frozen=True):
    """A receipt, the name of its file, and the mark under which it was listed when it was read."""

    file: str
    mark: str
    receipt: Receipt

    @property
    def month(self) -> str:
        return self.file[: len("2022-06")]


class _Document(msgspec.Struct):
    """A month's document; `sha256` is of the text of `receipts`."""

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
        self._trusted_before = time.time() - FRESH

    def find(self, listed: Stored) -> Marked | None:
        """The receipt that is listed so, if it is known."""
        file, read = listed.file, self._memory.read
        found = read.get(file)
        if found is None or found.mark != listed.mark:
            self._look_up(file[: len("2022-06")])
            found = read.get(file)
        return found if found and found.mark == listed.mark else None

    def add(self, listed: Stored, receipt: Receipt) -> Marked:
        """Takes note of a receipt that was just read."""
        found = Marked(listed.file, listed.mark, receipt)
        if listed.changed.timestamp() < self._trusted_before:
            self._memory.read[found.file] = found
        return found

    def write(self, all_of_them: Iterable[Marked]) -> None:
        """Brings the documents of finished months up to date; call with the dataset's lock held,
        and with the receipts of all nights in order."""
        months = [(month, list(of)) for month, of in groupby(all_of_them, lambda m: m.month)]
        for month, of in months[:-1]:
            self._look_up(month)
            is_settled = all(m is self._memory.read.get(m.file) for m in of)
            if is_settled and self._memory.documents[month] != of:
                with suppress(UnicodeEncodeError):  # half a surrogate pair, in a delivered header
                    receipts = msgspec.json.encode(of)
                    document = _Document(sha256_of(receipts.decode()), msgspec.Raw(receipts))
                    self.place.write(self._name(month), msgspec.json.encode(document))
                self._memory.documents[month] = of

    def _look_up(self, month: str) -> None:
        """Reads a month's document, once in a process."""
        if month not in self._memory.documents:
            found = self._memory.documents[month] = self._read(month)
            self._memory.read |= {m.file: m for m in found if m.file not in self._memory.read}

    def _read(self, month: str) -> list[Marked]:
        """What a month's document holds; nothing if it is not there, is damaged, or was written by
        code with other receipts."""
        try:
            text = self.place.read(self._name(month))
            document = msgspec.json.decode(text or b"", type=_Document)
            receipts = bytes(document.receipts)
            if sha256_of(receipts.decode()) != document.sha256:
                return []
            found = msgspec.json.decode(receipts, type=list[Marked])
        except (Unsound, msgspec.DecodeError, UnicodeDecodeError):
            return []
        return [m for m in found if m.receipt.version == VERSION]

    def _name(self, month: str) -> PurePosixPath:
        return self.folder / f"{month}.json"
