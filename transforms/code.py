"""The code's own hash: what was made by other code is told apart, and made anew."""

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path

DECIDING = (".py", ".toml", ".sql", ".csv", ".j2", ".css")


@cache
def code_version(room: str = "transforms", leave_out: str = "sample") -> str:
    """Hash of all code and data in a package that decides what it makes, but for one folder of it.

    By default of everything that decides what becomes of a row.
    """
    folder = Path(import_module(room).__path__[0])
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix in DECIDING and leave_out not in inside.parts[:-1]:
            digest.update(str(inside).encode() + path.read_bytes())
    return digest.hexdigest()[:12]
