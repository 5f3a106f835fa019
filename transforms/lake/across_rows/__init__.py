"""Rules across rows, as SQL: a DuckDB with limited memory runs them over the Parquet files of a
night, whichever engine wrote those, and spills to the scratch folder.
"""

import uuid
from pathlib import Path

import duckdb

from transforms import engine

MEMORY = "480MB"


def path(name: str) -> Path:
    """The file of one of the queries in this folder."""
    return Path(__file__).with_name(f"{name}.sql")


def sql(name: str) -> str:
    """One of the queries in this folder."""
    return path(name).read_text("utf-8")


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory for a piece, a night or steps of the history. Each spills into a
    folder of its own in the scratch: two processes would overwrite each other's files."""
    return engine.in_memory(scratch / f"spill-{uuid.uuid4().hex[:8]}", MEMORY)
