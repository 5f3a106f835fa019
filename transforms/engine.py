"""DuckDB as every room opens it: within limits, in UTC, and blind to Python's variables."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb

MEMORY = "768MB"
THREADS = 2  # of a process by itself; the workers of a backfill have one each
SETTINGS = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET TimeZone = 'UTC'",
    "SET enable_progress_bar = false",  # it would be drawn among a command's data
)

Row = dict[str, Any]


def in_memory(spill: Path | None = None, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A database in memory; what does not fit spills into the folder `spill`."""
    return _open(":memory:", memory, spill, read_only=False)


def read_only(file: Path) -> duckdb.DuckDBPyConnection:
    """A published file, to be read; nothing is ever written beside it."""
    return _open(str(file), MEMORY, None, read_only=True)


def rows(db: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> list[Row]:
    """The rows of a query, each by the names of its columns."""
    found = db.execute(query, values)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def quoted(text: Path | str) -> str:
    """A path or a text as a SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def listed(paths: list[str]) -> str:
    """Paths as a SQL list for read_parquet."""
    return "[" + ", ".join(quoted(p) for p in paths) + "]"


def named(column: str) -> str:
    """A column's name as SQL, whatever characters it has."""
    return '"' + column.replace('"', '""') + '"'


def _open(
    database: str, memory: str, spill: Path | None, read_only: bool
) -> duckdb.DuckDBPyConnection:
    folder = spill or Path(tempfile.gettempdir()) / "outlook-spill"
    db = duckdb.connect(database, read_only=read_only)
    # Not as its configuration, or a file could not be open twice in one process.
    db.execute(f"SET memory_limit = {quoted(memory)}")
    db.execute(f"SET threads = {THREADS}")
    db.execute(f"SET temp_directory = {quoted(folder)}")
    for setting in SETTINGS:
        db.execute(setting)
    return db
