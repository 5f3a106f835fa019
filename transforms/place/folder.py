"""A lake in a folder: files are renamed into place, and locks are files of `transforms.lease`."""

import os
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from transforms.place import Stored, Unsound
from transforms.storage import discard, put_folder, sha256, write_bytes

# Nanoseconds after which a mark is trusted: a file that is written twice within a tick of the file
# system's clock, of two seconds on some, keeps its mark.
FRESH = 3_000_000_000


class Folder:
    """A folder that every machine sees; see `Place`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._sound: set[tuple[Path, str, int, int]] = set()

    def shown(self, name: PurePosixPath) -> str:
        return str(self.root / name)

    def read(self, name: PurePosixPath) -> bytes | None:
        try:
            # By system calls: a build reads thousands of documents.
            with open(os.path.join(self.root, name), "rb", buffering=0) as file:
                return file.read()
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            raise Unsound(f"{self.root / name}", "is a folder") from None

    def write(self, name: PurePosixPath, value: bytes) -> None:
        write_bytes(self.root / name, value)

    def create(self, name: PurePosixPath, value: bytes) -> bool:
        if self.has(name):
            return False
        self.write(name, value)
        return True

    def at_once(self, below: PurePosixPath) -> AbstractContextManager[None]:
        return nullcontext()

    def has(self, name: PurePosixPath, digest: str | None = None) -> bool:
        return (self.root / name).exists()

    def children(self, below: PurePosixPath) -> list[Stored]:
        try:
            with os.scandir(self.root / below) as there:
                found = sorted(there, key=lambda e: e.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [told for entry in found if (told := _told(below, entry))]

    def marks(self, below: PurePosixPath) -> dict[str, str]:
        folder, trusted_before = os.path.join(self.root, below), time.time_ns() - FRESH
        try:
            files = sorted(file for file in os.listdir(folder) if file.endswith(".json"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        found = {}
        for file in files:
            # Opened, not only asked for: NFS keeps what it knows of a file for a minute otherwise.
            with suppress(FileNotFoundError):
                opened = os.open(os.path.join(folder, file), os.O_RDONLY)
                try:
                    now = os.fstat(opened)
                finally:
                    os.close(opened)
                is_trusted = now.st_mtime_ns < trusted_before
                mark = f"{now.st_size} {now.st_mtime_ns} {now.st_ctime_ns}"
                found[file] = mark if is_trusted else ""
        return found

    def size(self, name: PurePosixPath) -> int:
        path = self.root / name
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
        return sum(p.lstat().st_size for p in path.rglob("*") if not p.is_dir())

    def put(
        self,
        made: Path,
        target: PurePosixPath,
        scratch: Path,
        step: AbstractContextManager[None],
    ) -> None:
        put_folder(made, self.root / target, scratch, step)

    def verified(self, name: PurePosixPath, digest: str) -> Path:
        path = self.root / name
        try:
            now = path.stat()
        except FileNotFoundError:
            raise Unsound(f"{path}", "is gone") from None
        seen = (path, digest, now.st_size, now.st_ctime_ns)
        if seen not in self._sound:  # each file is hashed once
            if not path.is_file() or sha256(path) != digest:
                raise Unsound(f"{path}", "is not what was written")
            self._sound.add(seen)
        return path

    def stored(self, name: PurePosixPath, digest: str) -> Path:
        return self.verified(name, digest)

    def drop_copy(self, digest: str) -> None:
        """There are no copies."""

    def delete(self, name: PurePosixPath, work: Path | None = None) -> None:
        path = self.root / name
        if work and path.is_dir():
            discard(path, work)
        else:
            path.unlink(missing_ok=True)

    def lock(self, name: str) -> Path:
        return self.root / name

    def hold_to_promises(self) -> None:
        """Nothing to ask: a file system without locks is told when it is first locked."""

    def tidy(self, below: PurePosixPath) -> None:
        for unfinished in (self.root / below).glob(".*.tmp"):
            unfinished.unlink()

    def local(self, below: PurePosixPath) -> Path:
        return self.root / below


def _told(below: PurePosixPath, entry: os.DirEntry[str]) -> Stored | None:
    try:
        at = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
    except FileNotFoundError:
        return None  # it went meanwhile
    return Stored(below / entry.name, entry.is_dir(), at)
