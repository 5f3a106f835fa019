"""Landing: bytes as delivered, verified, and unpacked within limits before any parser sees them.

Landed files hold personal data: mode 0600, in a folder of mode 0700.
"""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from transforms.errors import ExportError
from transforms.exports import ExportFile

CHUNK = 1 << 20
MAX_BYTES = 16 << 30  # unpacked; a delivery beyond it is no night's export
MAX_RATIO = 200  # a file that unpacks to more than 200 times its size is a bomb
RATIO_FROM = 16 << 20  # below this size any ratio is harmless


@dataclass(frozen=True)
class Landed:
    """A delivered file in our hands: where it lies, and what its bytes are."""

    name: str
    path: Path
    bytes: int
    sha256: str
    promised_rows: int | None


def land(file: ExportFile, night: date, folder: Path) -> Landed:
    """Copies a delivered file to `folder/<night>/`, and checks it against its manifest entry.

    Raises ExportError("cut") or ("altered") where bytes or hash are not those promised.
    """
    target = folder / f"{night}"
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target / f".{os.getpid()}-{file.name}.part"
    digest = hashlib.sha256()
    size = 0
    try:
        with file.path.open("rb") as source, _private(part) as sink:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                sink.write(chunk)
        _as_promised(file, size, digest.hexdigest())
        landed = target / f"{digest.hexdigest()[:16]}-{file.name}"
        os.replace(part, landed)
    finally:
        part.unlink(missing_ok=True)
    rows = file.promised.get("rows") if file.promised else None
    return Landed(file.name, landed, size, digest.hexdigest(), rows)


def unpack(landed: Landed, folder: Path) -> Path:
    """The file as a parser may read it: unpacked to the end, checksum and all.

    Raises ExportError("cut") for an archive that ends early, ("damaged") for one whose checksum
    fails, ("bomb") for one that unpacks beyond the limits.
    """
    with landed.path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if not packed:
        if landed.name.casefold().endswith(".gz"):
            raise ExportError("damaged", f"{landed.name} is no gzip file, though its name says so.")
        return landed.path
    plain = folder / landed.name.removesuffix(".gz")
    try:
        with gzip.open(landed.path) as source, _private(plain) as sink:
            _bounded_copy(source, sink, landed)
    except EOFError as error:
        raise ExportError("cut", f"{landed.name} ends before its end: ask for it again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ExportError("damaged", f"{landed.name} is damaged: {error}.") from error
    return plain


def _bounded_copy(source: gzip.GzipFile, sink: IO[bytes], landed: Landed) -> None:
    size = 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > MAX_BYTES or (size > RATIO_FROM and size > MAX_RATIO * landed.bytes):
            raise ExportError(
                "bomb", f"{landed.name} unpacks to more than {size >> 20} MiB and was refused."
            )
        sink.write(chunk)


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _as_promised(file: ExportFile, size: int, sha256: str) -> None:
    promised = file.promised or {}
    if promised.get("bytes") not in (None, size):
        raise ExportError(
            "cut",
            f"{file.name} has {size:,} bytes, its manifest promises {promised['bytes']:,}. "
            "It was not loaded: ask for it again.",
        )
    if (promised.get("sha256") or sha256).casefold() != sha256:
        raise ExportError(
            "altered",
            f"{file.name} has another sha256 than its manifest promises. It was not loaded.",
        )
