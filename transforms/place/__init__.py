"""Where the lake is kept: a folder, or a bucket of object storage. Both give the same promises.

Names are paths within the lake, with slashes. A *document* is small, and may be written again. Any
other file never changes: it is known by its name and its hash.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from transforms.errors import Damaged
from transforms.lease import Lock
from transforms.storage import damage, sealed, unsealed


@dataclass(frozen=True)
class Stored:
    """A file or folder, as its place lists it."""

    name: PurePosixPath
    is_folder: bool
    changed: datetime


class Unsound(Exception):
    """A file is gone, or is not what was written: where it is, and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path, self.why = path, why

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


class Place(Protocol):
    """What the lake needs of where it is kept."""

    def shown(self, name: PurePosixPath) -> str:
        """The name as messages show it, without anything secret."""
        ...

    def read(self, name: PurePosixPath) -> bytes | None:
        """A document; None if it is not there. Raises Unsound if it is no file."""
        ...

    def write(self, name: PurePosixPath, value: bytes) -> None:
        """Writes a document whole or not at all. Raises TakenOver if the lock of its dataset was
        lost."""
        ...

    def create(self, name: PurePosixPath, value: bytes) -> bool:
        """Writes a document unless there is one; says whether it did."""
        ...

    def at_once(self, below: PurePosixPath) -> AbstractContextManager[None]:
        """Within it, what is read below may be as it was at its beginning, in few requests."""
        ...

    def has(self, name: PurePosixPath, digest: str | None = None) -> bool:
        """Whether there is a file or document of that name. With a hash, a copy on this machine
        is enough."""
        ...

    def children(self, below: PurePosixPath) -> list[Stored]:
        """The files and folders in a folder by name; none if it is not there."""
        ...

    def marks(self, below: PurePosixPath) -> dict[str, str]:
        """The documents in a folder by name, each with a mark that is another one whenever it was
        written again; empty where that cannot be told, or what was read is kept here anyway."""
        ...

    def size(self, name: PurePosixPath) -> int:
        """Bytes of a file, or of all files in a folder."""
        ...

    def put(
        self,
        made: Path,
        target: PurePosixPath,
        scratch: Path,
        step: AbstractContextManager[None],
    ) -> None:
        """Moves a finished folder into place within `step`; its documents count last."""
        ...

    def verified(self, name: PurePosixPath, digest: str) -> Path:
        """The file on a disk of this machine, whose bytes match the hash. Raises Unsound."""
        ...

    def stored(self, name: PurePosixPath, digest: str) -> Path:
        """The same, and it is whole where it is kept: a copy on this machine does not vouch for it.
        While this process holds the lock of its dataset, a copy is put where the file is gone."""
        ...

    def drop_copy(self, digest: str) -> None:
        """Deletes the copy on this machine of a file that is kept no more."""
        ...

    def delete(self, name: PurePosixPath, work: Path | None = None) -> None:
        """Deletes a file or document, or a folder if given scratch for that; it may be gone."""
        ...

    def lock(self, name: str) -> Lock:
        """The lock of that name, for `leased` and `final_step`."""
        ...

    def hold_to_promises(self) -> None:
        """Raises SettingsError if what it is kept on cannot keep the promises of a place."""
        ...

    def tidy(self, below: PurePosixPath) -> None:
        """Removes what killed writers left of documents; call with the lock held."""
        ...

    def local(self, below: PurePosixPath) -> Path:
        """A folder of documents on a disk of this machine, only to be read."""
        ...


def read_json(place: Place, name: PurePosixPath, remedy: str) -> dict[str, Any] | None:
    """A sealed document; None if it is not there. Raises Damaged, with the remedy."""
    try:
        text = place.read(name)
    except Unsound as fault:
        raise Damaged(damage(str(fault), remedy)) from None
    return None if text is None else unsealed(text, place.shown(name), remedy)


def write_json(place: Place, name: PurePosixPath, value: dict[str, Any]) -> None:
    """Writes a document with a seal that shows whether it was changed afterwards."""
    place.write(name, sealed(value))
