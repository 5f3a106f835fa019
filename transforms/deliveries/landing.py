"""Landing: copies delivered bytes, whole or not at all, and verifies them against the manifest.

A copy that breaks off goes on where it stopped, if the file is still the same. The bytes are
counted against what the source announced, and the file is looked at again once they are here.
Landed files hold personal data: mode 0600, in folders of mode 0700.
"""

import hashlib
import os
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from transforms.deliveries.exports import ExportFile
from transforms.errors import ExportError, SourceUnreachable, StillArriving
from transforms.lease import allowed, locked_now
from transforms.sources.source import (
    Entry,
    Interrupted,
    hold_to_size,
    patiently,
    unreachable,
)
from transforms.storage import move, private, private_folder

LONGEST = 150  # bytes kept of a delivered name, from its end, which says most


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

    Raises ExportError("cut") or ("altered") if size or hash differ from the manifest,
    SourceUnreachable if its source does not give all of it, and StillArriving if it changes.
    """
    target = folder / f"{night}"
    with allowed(folder):
        private_folder(folder)
        private_folder(target)
        _sweep(target)
    part, sink = _part(target)
    try:
        with sink:
            size, sha256 = _Copy(file, sink).made()
            sink.flush()
            os.fsync(sink.fileno())
            _as_promised(file, size, sha256)
            landed = landed_path(target, file.name, sha256)
            move(part, landed)
    finally:
        part.unlink(missing_ok=True)
    rows = file.promised.get("rows") if file.promised else None
    return Landed(file.name, landed, size, sha256, rows)


def _part(target: Path) -> tuple[Path, IO[bytes]]:
    """A new file of this process alone, locked while it is written: no sweep removes it."""
    while True:
        path = target / f".{uuid.uuid4().hex[:8]}.part"
        with allowed(target):
            sink = private(path)
        if locked_now(sink.fileno(), path) and os.fstat(sink.fileno()).st_nlink:
            return path, sink
        sink.close()  # swept before it was locked


def _sweep(target: Path) -> None:
    """Removes what killed processes left: nobody has it locked. It holds personal data."""
    for path in target.glob(".*.part"):
        with suppress(FileNotFoundError), path.open("rb+") as left:
            if locked_now(left.fileno(), path):
                path.unlink()


class _Copy:
    """A copy in the making: what has come so far, and of which state of the file."""

    def __init__(self, file: ExportFile, sink: IO[bytes]) -> None:
        self.file, self.sink = file, sink
        self.until = time.monotonic() + file.source.limits.whole
        self.seen: Entry | None = None
        self.changed = False
        self._start_over()

    def made(self) -> tuple[int, str]:
        """Copies the whole file; returns its size and hash."""
        try:
            patiently(self.file.source, self._go_on)
        except SourceUnreachable:
            if not self.changed:
                raise
            raise StillArriving(
                f"{self.file.path} changed while it was read, at every try: it is still being "
                "written. It was not loaded, and what is published stays. Run the same command "
                "again when the upload has ended."
            ) from None
        return self.size, self.digest.hexdigest()

    def _go_on(self) -> None:
        """One try, from where the last one stopped."""
        source, path = self.file.source, self.file.path
        self.changed = False
        self._hold_to_time()
        left = self.until - time.monotonic()
        with source.open(path, self.size, self.seen, left) as stream:
            if stream.start != self.size:
                self._start_over()
            self.seen = stream.entry
            for chunk in stream.chunks:
                self.sink.write(chunk)
                self.digest.update(chunk)
                self.size += len(chunk)
                self._hold_to_time()
        announced = stream.entry.size
        hold_to_size(path, self.size, announced)
        if announced is None and not (stream.marks_end or self._is_promised()):
            why = f"it does not tell how long {path} is, so nobody knows whether all of it came"
            raise unreachable(source, why, "Let it send a Content-Length, or deliver a manifest.")
        now = source.look(path)
        if now is None or not now.is_like(stream.entry) or self.size != (announced or self.size):
            self.changed, self.seen = True, None
            self._start_over()
            raise Interrupted(f"{path} changed while it was read")

    def _is_promised(self) -> bool:
        promised = self.file.promised or {}
        return promised.get("bytes") is not None or promised.get("sha256") is not None

    def _start_over(self) -> None:
        self.sink.seek(0)
        self.sink.truncate()
        self.size, self.digest = 0, hashlib.sha256()

    def _hold_to_time(self) -> None:
        if time.monotonic() > self.until:
            source = self.file.source
            why = f"{self.file.path} took longer than {source.limits.whole:,.0f} s"
            raise unreachable(
                source, why, "Look for what slows it down, or raise OUTLOOK_SOURCE_WHOLE."
            )


def landed_path(folder: Path, name: str, sha256: str) -> Path:
    """Path of a file among a night's landed ones; the name holds its hash."""
    kept = name.encode("utf-8", "ignore")[-LONGEST:].decode("utf-8", "ignore")
    return folder / f"{sha256[:16]}-{kept}"


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
