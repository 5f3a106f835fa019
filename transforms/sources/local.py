"""A local folder, or one that is mounted: the system answers for it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
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


class Local:
    """Exports in a folder of this machine."""

    puts_whole = False
    is_local = True

    def __init__(self, root: Path, limits: Limits | None = None) -> None:
        self.root = root
        self.limits = limits or Limits()

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
        except (FileNotFoundError, NotADirectoryError):
            remedy = "Set OUTLOOK_EXPORTS to the folder in which they are delivered, or create it."
            raise unreachable(self, "there is no such folder", remedy) from None
        except PermissionError:
            raise self._forbidden(self.root) from None

    def files(self, folder: str) -> Listing | None:
        path = self.root / folder
        now = datetime.now(UTC)
        try:
            names = sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError:
            raise self._forbidden(path) from None
        return Listing(tuple(self._entry(path, name) for name in names), now)

    def look(self, path: str) -> Entry | None:
        whole = self.root / path
        if not os.path.lexists(whole):
            return None
        return self._entry(whole.parent, whole.name)

    @contextmanager
    def open(self, path: str, start: int, seen: Entry | None, seconds: float) -> Iterator[Stream]:
        whole = self.root / path
        try:
            file = whole.open("rb")
        except FileNotFoundError:
            raise Interrupted(f"{whole} was listed, but is gone") from None
        except PermissionError:
            raise self._forbidden(whole) from None
        with file:
            entry = _described(whole.name, os.fstat(file.fileno()))
            start = start if seen and seen.is_like(entry) else 0
            file.seek(start)
            yield Stream(entry, start, iter(lambda: file.read(CHUNK), b""))

    def _entry(self, folder: Path, name: str) -> Entry:
        path = folder / name
        if os.path.dirname(os.path.realpath(path)) != os.path.realpath(folder):
            return outside(name)
        try:
            found = path.stat()
        except OSError:
            return no_file(name)
        return _described(name, found) if stat.S_ISREG(found.st_mode) else no_file(name)

    def _forbidden(self, path: Path) -> Exception:
        remedy = f"Let this user read {path}, then run the same command again."
        return unreachable(self, f"{path} may not be read by this user", remedy)


def _described(name: str, found: os.stat_result) -> Entry:
    return Entry(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
