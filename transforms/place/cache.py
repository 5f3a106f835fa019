"""Files of a bucket on a disk of this machine, by their hash: what was read once is not sent again.

They may hold rejected rows, so only their owner can read them.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from transforms.storage import private_folder, sha256


class Cache:
    """A folder of files by their hash. A file that is no longer what its hash says is dropped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sound: set[tuple[str, int, int]] = set()

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def has(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def verified(self, digest: str) -> Path | None:
        """The file, if it is here and whole; each is hashed once."""
        path = self.path(digest)
        try:
            now = path.stat()
            if (digest, now.st_size, now.st_ctime_ns) not in self._sound:
                if sha256(path) != digest:
                    path.unlink(missing_ok=True)
                    return None
                os.utime(path)  # which tells the sweep that it is in use
                self._trust(path, digest)
        except FileNotFoundError:
            return None
        return path

    @contextmanager
    def filling(self, digest: str) -> Iterator[Path]:
        """A file to write, which is kept unless the block fails; it must be checked in it."""
        private_folder(self.folder)
        private_folder(self.path(digest).parent)
        part = self.folder / f".{digest[:12]}-{uuid.uuid4().hex[:8]}.part"
        try:
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield part
            os.replace(part, self.path(digest))
            self._trust(self.path(digest), digest)
        finally:
            part.unlink(missing_ok=True)

    def keep(self, made: Path, digest: str) -> None:
        """Takes a finished file over whose hash was just made."""
        with suppress(OSError), self.filling(digest) as part:
            os.replace(made, part)
            os.chmod(part, 0o600)

    def drop(self, beginning: str) -> None:
        """Deletes the files whose hash begins so."""
        for path in self.folder.glob(f"{beginning[:2]}/{beginning}*"):
            path.unlink(missing_ok=True)

    def _trust(self, path: Path, digest: str) -> None:
        now = path.stat()
        self._sound.add((digest, now.st_size, now.st_ctime_ns))
