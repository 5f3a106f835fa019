"""Unpacking: extracts one export from gz, zip or zst, checks it to its end, within limits.

The first bytes of a file decide its format, not its name.
"""

import gzip
import io
import os
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import pyarrow as pa
from isal import igzip, isal_zlib

from transforms.deliveries.landing import Landed
from transforms.errors import ExportError
from transforms.sources.source import CHUNK
from transforms.storage import disk_fault, private

MAX_BYTES = 16 << 30  # unpacked; no night's export is larger
MAX_RATIO = 200  # a file that unpacks to more than 200 times its size is refused as a bomb
RATIO_FROM = 16 << 20  # below this size any ratio is harmless
MAX_MEMBERS = 100
PACKED = {
    ".gz": (b"\x1f\x8b",),
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".zst": (b"\x28\xb5\x2f\xfd",),
}
WORKBOOK_PART = "[Content_Types].xml"  # a workbook is a zip file, too
BYSTANDERS = ("__MACOSX/", ".DS_Store", "Thumbs.db")


class Unpacked(NamedTuple):
    """A file ready for a parser; the ending of `name` is its format."""

    name: str
    path: Path


def unpack(landed: Landed, folder: Path) -> Unpacked:
    """The export in a delivered file, unpacked into `folder` if it is packed.

    Raises ExportError: cut (ends early), damaged (checksum), bomb (beyond the limits), nested (an
    archive in an archive), members (not one export), encrypted.
    """
    if not landed.bytes:
        raise ExportError(
            "empty", f"{landed.name} is empty. Nothing was loaded: request a new delivery."
        )
    kind = packed_in(landed.path)
    named = PurePosixPath(landed.name.casefold()).suffix
    if kind is None:
        if named in PACKED:
            raise ExportError(
                "damaged", f"{landed.name} is not a {named[1:]} file, although its name says so."
            )
        return Unpacked(landed.name, landed.path)
    inner = landed.name[: -len(kind)] if named == kind else landed.name
    plain = folder / f"unpacked-{landed.path.name}"
    try:
        if kind == ".zip":
            inner = _unzip(landed, plain)
        elif kind == ".gz":
            _gunzip(landed, plain)
        else:
            with (
                pa.OSFile(str(landed.path)) as file,
                pa.CompressedInputStream(file, "zstd") as source,
            ):
                _copy(source, landed, plain)
    except EOFError as error:
        raise ExportError("cut", f"{landed.name} is cut short: request a new delivery.") from error
    except (zlib.error, zipfile.BadZipFile, RuntimeError, ValueError, OSError) as error:
        if disk_fault(error):
            raise
        fault = "cut" if "Truncated" in str(error) else "damaged"
        raise ExportError(fault, f"{landed.name} is {fault}: {error}.") from error
    if packed_in(plain):
        raise ExportError(
            "nested",
            f"{landed.name} holds another archive. Nothing was loaded: pack an "
            "export once, or not at all.",
        )
    return Unpacked(inner, plain)


def packed_in(path: Path) -> str | None:
    """The packing format that a file's first bytes show, as an ending; None if not packed."""
    with path.open("rb") as file:
        first = file.read(4)
    kind = next((e for e, magic in PACKED.items() if first.startswith(magic)), None)
    return None if kind == ".zip" and _is_workbook(path) else kind


def bounded_copy(source: IO[bytes], sink: IO[bytes] | io.RawIOBase, name: str, packed: int) -> None:
    """Copies to the end. Raises ExportError("bomb") beyond the limits of bytes and ratio."""
    size = 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > MAX_BYTES or (size > RATIO_FROM and size > MAX_RATIO * packed):
            raise ExportError(
                "bomb", f"{name} unpacks to more than {size >> 20} MiB and was refused."
            )
        sink.write(chunk)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return WORKBOOK_PART in archive.namelist()
    except (zipfile.BadZipFile, RuntimeError, ValueError, OSError):
        # A workbook cut short has lost its list of parts; its first part still identifies it.
        with path.open("rb") as file:
            return WORKBOOK_PART.encode() in file.read(256)


def _gunzip(landed: Landed, plain: Path) -> None:
    """By isal, in a third of the time that Python takes. What isal refuses is left to Python, which
    says what is wrong and minds only the data: isal also minds an odd header."""
    try:
        with igzip.open(landed.path) as source:  # type: ignore[no-untyped-call]
            _copy(source, landed, plain)
    except (EOFError, OverflowError, isal_zlib.error, gzip.BadGzipFile):  # type: ignore[misc]
        with gzip.open(landed.path) as source:
            _copy(source, landed, plain)


def _copy(source: Any, landed: Landed, plain: Path) -> None:
    with private(plain) as sink:
        bounded_copy(source, sink, landed.name, landed.bytes)


def _unzip(landed: Landed, plain: Path) -> str:
    """Writes the one export of a zip file to `plain`; returns its name there."""
    with zipfile.ZipFile(landed.path) as archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            raise ExportError(
                "bomb", f"{landed.name} holds {len(archive.infolist()):,} files and was refused."
            )
        members = [m for m in archive.infolist() if not _is_bystander(m)]
        if len(members) != 1:
            raise ExportError(
                "members",
                f"{landed.name} holds {len(members)} files instead of one export. Nothing was "
                "loaded: deliver the files separately.",
            )
        (member,) = members
        if member.flag_bits & 1:
            raise ExportError(
                "encrypted", f"{landed.name} is protected by a password: request it without one."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ExportError("members", f"{landed.name} holds a link instead of a file.")
        with archive.open(member) as source, private(plain) as sink:
            bounded_copy(source, sink, landed.name, os.path.getsize(landed.path))
    # Use only the ending of the name, so that a member called ../../x.csv stays in the folder.
    return PurePosixPath(member.filename.replace("\\", "/")).name


def _is_bystander(member: zipfile.ZipInfo) -> bool:
    return member.is_dir() or any(b in member.filename for b in BYSTANDERS)
