"""Files that are there whole or not at all, and the same bytes every time."""

import gzip
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO


@dataclass(frozen=True)
class Written:
    name: str
    bytes: int
    sha256: str


class _Counted:
    """A file that knows what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> int:
        self.size += len(data)
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def write(path: Path, chunks: Iterable[bytes | memoryview]) -> Written:
    """Writes a file under a temporary name and renames it; compressed if it is a `.gz`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with open(temporary, "wb") as file:
        counted = _Counted(file)
        if path.suffix == ".gz":
            # No name and no time in the header: the bytes must depend on the rows alone.
            with gzip.GzipFile("", "wb", 1, counted, mtime=0) as packed:
                for chunk in chunks:
                    packed.write(chunk)
        else:
            for chunk in chunks:
                counted.write(chunk)
    temporary.replace(path)
    return Written(path.name, counted.size, counted.digest.hexdigest())


def write_json(path: Path, content: Any, indent: int | None = 1) -> Written:
    text = json.dumps(content, ensure_ascii=False, indent=indent) + "\n"
    return write(path, [text.encode()])
