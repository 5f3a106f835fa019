"""Atomic files and folders, hashes, and disk errors.

A file is written under a temporary name, synced to disk and renamed. When it is read again, it is
checked against the hash that was written with it.
"""

import errno
import hashlib
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Any

from transforms.errors import Damaged, DiskError, TransientError

# Key of a JSON file's seal: the sha256 of all its other keys.
SEAL = "seal"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ERRNOS = (*FULL, errno.EIO, errno.EROFS)
# Of what was read from JSON, which refers to nothing twice.
PLAIN = json.JSONEncoder(sort_keys=True, check_circular=False)
# DuckDB and Arrow report a system error by its text only; DuckDB has its own texts for a full disk
# and a failed sync.
LIBRARIES = ("duckdb", "_duckdb", "pyarrow")
OFFLOAD = "max_temp_directory_size"
OWN_WORDS = {OFFLOAD: errno.ENOSPC, "fsync failed!": errno.EIO}
WORDS = {os.strerror(number): number for number in ERRNOS} | OWN_WORDS


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(text: str) -> str:
    """Hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def sync(path: Path) -> None:
    """Syncs a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def move(path: Path, target: Path) -> None:
    """Renames a file or folder that is already synced, and syncs the new name."""
    os.replace(path, target)
    sync(target.parent)


def unfinished(path: Path) -> Path:
    """A name, beside `path`, for what is to be renamed to it; no other writer has the same."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")


def private(path: Path) -> IO[bytes]:
    """Opens an empty file with mode 0600; an existing one is emptied and gets that mode too."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "wb")


def private_folder(path: Path) -> None:
    """Makes a folder with mode 0700, whatever the umask; an existing one gets that mode too."""
    path.mkdir(parents=True, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) != 0o700:
        path.chmod(0o700)


def discard(folder: Path, work: Path) -> None:
    """Removes a folder: first renames it, then deletes its files.

    Readers could take a half-deleted folder for a whole one.
    """
    if folder.exists():
        private_folder(work)
        aside = work / f"discarded-{uuid.uuid4().hex[:8]}"
        os.rename(folder, aside)
        shutil.rmtree(aside, ignore_errors=True)


def put_folder(
    scratch_folder: Path,
    target: Path,
    work: Path,
    step: AbstractContextManager[None] | None = None,
) -> None:
    """Moves a finished folder into place, replacing one of the same name; synced to disk.

    The renames happen within `step`.
    """
    for path in scratch_folder.iterdir():
        sync(path)
    sync(scratch_folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    private_folder(work)
    aside = work / f"discarded-{uuid.uuid4().hex[:8]}"
    with step or nullcontext():
        with suppress(FileNotFoundError):
            os.rename(target, aside)
        move(scratch_folder, target)
    shutil.rmtree(aside, ignore_errors=True)
    sync(target.parent.parent)


def write_bytes(path: Path, value: bytes) -> None:
    """Writes a file atomically, synced to disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = unfinished(path)
    try:
        with part.open("wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        move(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes JSON atomically, with a seal that shows whether the file was changed afterwards."""
    write_bytes(path, sealed(value))


def sealed(value: dict[str, Any]) -> bytes:
    """A dictionary as sealed JSON."""
    # Seal what a reader will get, in which dates and keys are text.
    plain = json.loads(json.dumps({k: v for k, v in value.items() if k != SEAL}, default=str))
    plain[SEAL] = _seal(plain)
    text = json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", errors="backslashreplace")


def read_json(path: Path, remedy: str) -> dict[str, Any] | None:
    """What `write_json` wrote; None if there is no file. Raises Damaged, with the remedy."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise Damaged(damage(f"{path} is a folder", remedy)) from None
    return unsealed(text, str(path), remedy)


def unsealed(text: bytes, path: str, remedy: str) -> dict[str, Any]:
    """What was sealed; `path` is for the message. Raises Damaged, with the remedy.

    JSON without a seal comes from an older version and is accepted as it is.
    """
    if not text:
        raise Damaged(damage(f"{path} is empty", remedy))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged(damage(f"{path} cannot be read", remedy)) from None
    if not isinstance(value, dict):
        raise Damaged(damage(f"{path} holds no object", remedy))
    seal = value.pop(SEAL, None)
    if seal not in (None, _seal(value)):
        raise Damaged(damage(f"{path} is not what was written", remedy))
    return value


def damage(what: str, remedy: str) -> str:
    """The message for a damaged file: what it is, what was not done, how to repair it."""
    return f"{what}. Nothing was published and the live version stays; {remedy}."


def _seal(value: dict[str, Any]) -> str:
    return sha256_of(PLAIN.encode(value))


@contextmanager
def disk_faults_told() -> Iterator[None]:
    """Raises DiskError if the block fails because of the disk."""
    try:
        yield
    except TransientError:
        raise  # it says itself what happened
    except Exception as error:
        number = disk_fault(error)
        if number is None:
            raise
        raise DiskError(_sentence(number, error)) from error


def disk_fault(error: BaseException | None) -> int | None:
    """The errno of the disk error that caused `error`; None if the cause is another."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            if error.errno in ERRNOS:
                return error.errno
        elif (found := _by_words(error)) is not None:
            return found
        error = error.__cause__ or error.__context__
    return None


def _by_words(error: BaseException) -> int | None:
    # Only these libraries' texts count: a delivered text may hold the same words.
    if not (isinstance(error, OSError) or type(error).__module__.startswith(LIBRARIES)):
        return None
    return next((number for words, number in WORDS.items() if words in str(error)), None)


def _sentence(number: int, error: BaseException) -> str:
    path = getattr(error, "filename", None)
    at = f" at {path}" if path else ""
    if number in FULL:
        return (
            f"the disk is full or over quota{at} ({os.strerror(number)}). Nothing was published "
            "and the live version stays. Free some space and run the same command again."
        )
    return (
        f"the disk is failing{at} ({os.strerror(number)}). Nothing was published and the live "
        "version stays. Check the disk and its mount, then run the same command again; "
        "`outlook doctor` then shows whether stored files are damaged."
    )
