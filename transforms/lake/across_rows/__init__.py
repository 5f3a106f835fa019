"""Rules that look across rows: SQL in the subset that DuckDB 1.5, DuckDB 2.0 and Spark read alike.

A bounded DuckDB runs them; whatever does not fit in its memory spills beside the scratch.
"""

from pathlib import Path

import duckdb

from transforms import engine

MEMORY = "560MB"


def sql(name: str) -> str:
    """Text of one of the queries in this folder."""
    return Path(__file__).with_name(f"{name}.sql").read_text("utf-8")


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory for one night or fold, beside what its batches take."""
    return engine.in_memory(scratch / "spill", MEMORY)
