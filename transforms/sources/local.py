"""A local folder, or one that is mounted: the system answers for it."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from transforms.sources.address import scheme_of
from transforms.sources.source import (
    CHUNK,
    Entry,
    Interrupted,
    Limits,
    Listing,
    Stream,
    no_file,
    outside,
    unreachable,
)

# What the system says of a link that leads nowhere.
NO_TARGET = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG)


class Local:
    """Exports in a folder of this machine."""

    puts_whole = False

    def __init__(
        self, root: Path, limits: Limits | None = None, may_be_absent: bool = False
    ) -> None:
        """With `may_be_absent` a root that is not there is an empty one."""
        self.root = root
        self.limits = limits or Limits()
        self.may_be_absent = may_be_absent

    @classmethod
    def at(cls, url: str, limits: Limits) -> "Local":
        """The folder of a path or of a file: URL."""
        scheme = scheme_of(url)
        path = unquote(urlsplit(url).path) if scheme == "file" else url[len(scheme) :].lstrip(":")
        return cls(Path(path), limits)

    def __str__(self) -> str:
        return str(self.root)

    def __repr__(self) -> str:
        return f"Local({self})"

    def folders(self, nights: list[str]) -> list[str]:
        try:
            with os.scandir(self.root) as there:
                found = [e for e in there if not nights or e.name[:10] in nights]
                return sorted(e.name for e in found if e.is_dir())
        except OSError as error:
            raise self._broken(self.root, error) from None

    def files(self, folder: str) -> Listing | None:
        path = self.root / folder
        now = datetime.now(UTC)
        try:
            names = sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError):
            self._hold_to_root()
            return None
        except OSError as error:
            raise self._broken(path, error) from None
        return Listing(tuple(self._entry(path, name) for name in names), now)

    def look(self, path: str) -> Entry | None:
        whole = self.root / path
        try:
            whole.lstat()
        except (FileNotFoundError, NotADirectoryError):
            self._hold_to_root()
            return None
        except OSError as error:
            raise self._broken(whole, error) from None
        return self._entry(whole.parent, whole.name)

    @contextmanager
    def open(self, path: str, start: int, seen: Entry | None, seconds: float) -> Iterator[Stream]:
        whole = self.root / path
        try:
            file = whole.open("rb")
        except FileNotFoundError:
            self._hold_to_root()
            raise Interrupted(f"{whole} was listed, but is gone") from None
        except OSError as error:
            raise self._broken(whole, error) from None
        with file:
            try:
                entry = _described(whole.name, os.fstat(file.fileno()))
            except OSError as error:
                raise self._broken(whole, error) from None
            start = start if seen and seen.is_like(entry) else 0
            file.seek(start)
            yield Stream(entry, start, self._chunks(whole, file))

    def holds_anything(self) -> bool:
        """Whether the folder can be listed and is not empty: a disk that is not mounted looks
        empty."""
        try:
            with os.scandir(self.root) as there:
                return any(True for _ in there)
        except OSError:
            return False

    def _chunks(self, path: Path, file: BinaryIO) -> Iterator[bytes]:
        while True:
            try:
                chunk = file.read(CHUNK)
            except OSError as error:
                raise self._broken(path, error) from None
            if not chunk:
                return
            yield chunk

    def _entry(self, folder: Path, name: str) -> Entry:
        path = folder / name
        if os.path.dirname(os.path.realpath(path)) != os.path.realpath(folder):
            return outside(name)
        try:
            found = path.stat()
        except OSError as error:
            if error.errno in NO_TARGET:
                return no_file(name)
            raise self._broken(path, error) from None
        return _described(name, found) if stat.S_ISREG(found.st_mode) else no_file(name)

    def _hold_to_root(self) -> None:
        """Only a folder that is there says that something is not in it."""
        try:
            self.root.stat()
        except OSError as error:
            if not (self.may_be_absent and isinstance(error, FileNotFoundError)):
                raise self._broken(self.root, error) from None

    def _broken(self, path: Path, error: OSError) -> Exception:
        if path == self.root and isinstance(error, FileNotFoundError | NotADirectoryError):
            remedy = "Set OUTLOOK_EXPORTS to the folder in which they are delivered, or create it."
            return unreachable(self, "there is no such folder", remedy)
        if isinstance(error, PermissionError):
            remedy = f"Let this user read {path}, then run the same command again."
            return unreachable(self, f"{path} may not be read by this user", remedy)
        remedy = "Check the disk, or the mount and its server, then run the same command again."
        return unreachable(self, f"{path} cannot be read ({error.strerror})", remedy)


def _described(name: str, found: os.stat_result) -> Entry:
    return Entry(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
