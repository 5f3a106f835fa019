"""Landing: copies delivered bytes and verifies them against the manifest before they are read.

Landed files hold personal data: mode 0600, in folders of mode 0700.
"""

import hashlib
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from transforms.deliveries.exports import ExportFile
from transforms.errors import ExportError
from transforms.storage import move, private, private_folder

CHUNK = 1 << 20
LONGEST = 150  # characters kept of a delivered name, from its end, which says most


@dataclass(frozen=True)
class Landed:
    """A landed file: its path and the hash of its bytes."""

    name: str
    path: Path
    bytes: int
    sha256: str
    promised_rows: int | None


def land(file: ExportFile, night: date, folder: Path) -> Landed:
    """Copies a delivered file to `folder/<night>/`, and checks it against its manifest entry.

    Raises ExportError("cut") or ("altered") if size or hash differ from the manifest.
    """
    target = folder / f"{night}"
    private_folder(folder)
    private_folder(target)
    part = target / f".{os.getpid()}-{file.name[-LONGEST:]}.part"
    digest = hashlib.sha256()
    size = 0
    try:
        with file.path.open("rb") as source, private(part) as sink:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
        _as_promised(file, size, digest.hexdigest())
        landed = landed_path(target, file.name, digest.hexdigest())
        move(part, landed)
    finally:
        part.unlink(missing_ok=True)
    rows = file.promised.get("rows") if file.promised else None
    return Landed(file.name, landed, size, digest.hexdigest(), rows)


def landed_path(folder: Path, name: str, sha256: str) -> Path:
    """Path of a file among a night's landed ones; the name holds its hash."""
    return folder / f"{sha256[:16]}-{name[-LONGEST:]}"


def _as_promised(file: ExportFile, size: int, sha256: str) -> None:
    promised = file.promised or {}
    if promised.get("bytes") not in (None, size):
        raise ExportError(
            "cut",
            f"{file.name} has {size:,} bytes, but its manifest says {promised['bytes']:,}. "
            "It was not loaded: request a new delivery.",
        )
    if (promised.get("sha256") or sha256).casefold() != sha256:
        raise ExportError(
            "altered",
            f"{file.name} does not match the sha256 in its manifest. It was not loaded.",
        )
