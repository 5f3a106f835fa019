"""The backup's folder: files named by their hash, and a snapshot per backup that lists them.

A file is never changed once it is there, so a backup copies only what is new, and one that is
killed harms no earlier one: the snapshot is written last.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transforms.errors import Damaged, SettingsError
from transforms.lease import leased
from transforms.sources.source import CHUNK
from transforms.storage import move, private, private_folder, read_json, sha256, write_json

KEPT = 30  # snapshots; what only older ones list is deleted
FROM_ANOTHER = "restore from another snapshot (`--snapshot`), or from another backup"


@dataclass(frozen=True)
class Entry:
    """A file in a snapshot: its hash, its size, and the modes of the file and of its folder."""

    sha256: str
    bytes: int
    mode: int
    folder_mode: int


def entry_of(path: Path, digest: str) -> Entry:
    """The entry of a file whose hash is known. Raises FileNotFoundError if it is gone."""
    about = path.stat()
    folder = stat.S_IMODE(path.parent.stat().st_mode)
    return Entry(digest, about.st_size, stat.S_IMODE(about.st_mode), folder)


class Store:
    """A folder of backups; only its owner can read it, for rejected rows hold people."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One backup at a time."""
        private_folder(self.root)
        for folder in ("files", "snapshots"):
            private_folder(self.root / folder)
        with leased(self.root / ".lock"):
            yield

    def path(self, digest: str) -> Path:
        return self.root / "files" / digest[:2] / digest

    def has(self, entry: Entry) -> bool:
        path = self.path(entry.sha256)
        return path.is_file() and path.stat().st_size == entry.bytes

    def held(self, digest: str, mode: tuple[int, int]) -> Entry | None:
        """The entry of a file with this hash, if the store has one."""
        path = self.path(digest)
        return Entry(digest, path.stat().st_size, *mode) if path.is_file() else None

    def put(self, source: Path, entry: Entry) -> bool:
        """Copies a file into the store; false if its bytes are not those of the entry."""
        private_folder(self.path(entry.sha256).parent)
        return copied(source, self.path(entry.sha256), entry.sha256)

    def put_text(self, text: bytes, mode: tuple[int, int]) -> Entry:
        """Stores a small file that is in memory."""
        entry = Entry(hashlib.sha256(text).hexdigest(), len(text), *mode)
        if not self.has(entry):
            path = self.path(entry.sha256)
            private_folder(path.parent)
            part = path.with_name(f".{path.name}.part")
            with private(part) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            move(part, path)
        return entry

    def write_snapshot(self, name: str, about: dict[str, Any], files: dict[str, Entry]) -> None:
        listed = {path: asdict(entry) for path, entry in sorted(files.items())}
        write_json(self.root / "snapshots" / f"{name}.json", {**about, "files": listed})

    def snapshots(self) -> list[str]:
        """Names of the snapshots, oldest first."""
        return sorted(p.stem for p in (self.root / "snapshots").glob("[0-9]*.json"))

    def snapshot(self, name: str | None) -> tuple[str, dict[str, Any], dict[str, Entry]]:
        """A snapshot, by default the newest: its name, what it says of itself, its files.

        Raises SettingsError if there is none, Damaged if it has changed since it was written.
        """
        known = self.snapshots()
        if not known:
            raise SettingsError(f"{self.root} holds no backup: nothing was restored.")
        chosen = name or known[-1]
        if chosen not in known:
            raise SettingsError(
                f"{self.root} has no snapshot {chosen!r}: nothing was restored. It has "
                f"{', '.join(known)}."
            )
        about = read_json(self.root / "snapshots" / f"{chosen}.json", FROM_ANOTHER) or {}
        files = {path: Entry(**told) for path, told in about.pop("files").items()}
        return chosen, about, files

    def prune(self) -> int:
        """Deletes all but the newest snapshots, then files that none lists; returns how many.

        A damaged snapshot stops it: nobody knows which files that needs.
        """
        for name in self.snapshots()[:-KEPT]:
            (self.root / "snapshots" / f"{name}.json").unlink()
        try:
            listed = {e.sha256 for n in self.snapshots() for e in self.snapshot(n)[2].values()}
        except Damaged:
            return 0
        spare = [p for p in (self.root / "files").glob("*/*") if p.name not in listed]
        for path in spare:
            path.unlink()
        return len(spare)


def copied(source: Path, target: Path, digest: str) -> bool:
    """Copies a file, synced to disk; false, and no file, if its bytes do not have that hash.

    The copy is read back, so that a disk that failed to keep it is found now.
    """
    part = target.with_name(f".{target.name}.part")
    found = hashlib.sha256()
    try:
        with source.open("rb") as file, private(part) as sink:
            while chunk := file.read(CHUNK):
                found.update(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
        if found.hexdigest() != digest or sha256(part) != digest:
            return False
        move(part, target)
        return True
    finally:
        part.unlink(missing_ok=True)
