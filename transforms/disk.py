"""The disk: one sentence where it is full or fails, whichever library met it first."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from transforms.errors import DiskError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ERRNOS = (*FULL, errno.EIO, errno.EROFS)
# DuckDB and Arrow tell an error of the system by its words; DuckDB has its own for a full disk.
LIBRARIES = ("duckdb", "_duckdb", "pyarrow")
OFFLOAD = "max_temp_directory_size"
WORDS = {os.strerror(number): number for number in ERRNOS} | {OFFLOAD: errno.ENOSPC}


@contextmanager
def told() -> Iterator[None]:
    """Raises DiskError where what is done here fails by the fault of the disk."""
    try:
        yield
    except Exception as error:
        number = fault(error)
        if number is None:
            raise
        raise DiskError(_sentence(number, error)) from error


def fault(error: BaseException | None) -> int | None:
    """The system's number of what is wrong with the disk, where that is why something failed."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            if error.errno in ERRNOS:
                return error.errno
        elif (found := _by_words(error)) is not None:
            return found
        error = error.__cause__ or error.__context__
    return None


def _by_words(error: BaseException) -> int | None:
    # Nobody else's words count: a delivered text may hold the same ones.
    if not (isinstance(error, OSError) or type(error).__module__.startswith(LIBRARIES)):
        return None
    return next((number for words, number in WORDS.items() if words in str(error)), None)


def _sentence(number: int, error: BaseException) -> str:
    path = getattr(error, "filename", None)
    at = f" at {path}" if path else ""
    if number in FULL:
        return (
            f"the disk is full, or a quota is used up{at} ({os.strerror(number)}). Nothing was "
            "published and what is live stays. Make room, and run the same command again."
        )
    return (
        f"the disk fails{at} ({os.strerror(number)}). Nothing was published and what is live "
        "stays. Look at the disk and its mount, and run the same command again; `outlook doctor` "
        "then tells whether stored files are damaged."
    )
