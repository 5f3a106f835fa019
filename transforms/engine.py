"""Opens DuckDB the same way everywhere: within limits, in UTC, blind to Python variables."""

import tempfile
import uuid
from pathlib import Path
from typing import Any

import duckdb

MEMORY = "768MB"
THREADS = 2  # of a process by itself; the workers of a backfill have one each
SETTINGS = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET TimeZone = 'UTC'",
    "SET enable_progress_bar = false",  # it would mix with a command's output
)

Row = dict[str, Any]


def in_memory(spill: Path | None = None, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into the folder `spill`."""
    return _open(":memory:", memory, spill, read_only=False)


def read_only(file: Path) -> duckdb.DuckDBPyConnection:
    """A published file, read-only; DuckDB writes nothing next to it."""
    return _open(str(file), MEMORY, None, read_only=True)


def rows(db: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> list[Row]:
    """The rows of a query as dictionaries by column name."""
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
    """A column name as SQL, whatever characters it has."""
    return '"' + column.replace('"', '""') + '"'


def _open(
    database: str, memory: str, spill: Path | None, read_only: bool
) -> duckdb.DuckDBPyConnection:
    # Two processes that spill into one folder overwrite each other's files.
    folder = spill or Path(tempfile.gettempdir()) / f"outlook-spill-{uuid.uuid4().hex}"
    db = duckdb.connect(database, read_only=read_only)
    # Not as connection configuration, or one process could not open a file twice.
    db.execute(f"SET memory_limit = {quoted(memory)}")
    db.execute(f"SET threads = {THREADS}")
    db.execute(f"SET temp_directory = {quoted(folder)}")
    for setting in SETTINGS:
        db.execute(setting)
    return db
