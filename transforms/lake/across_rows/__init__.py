"""Rules that look across rows: SQL in the subset that DuckDB 1.5, DuckDB 2.0 and Spark read alike.

A bounded DuckDB runs them; whatever does not fit in its memory spills beside the scratch.
"""

from pathlib import Path

import duckdb

MEMORY = "560MB"


def sql(name: str) -> str:
    """Text of one of the queries in this folder."""
    return Path(__file__).with_name(f"{name}.sql").read_text("utf-8")


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB of bounded memory that sees no Python variables."""
    db = duckdb.connect(
        config={"memory_limit": MEMORY, "temp_directory": str(scratch / "spill"), "threads": 2}
    )
    db.execute("SET python_enable_replacements = false")
    db.execute("SET TimeZone = 'UTC'")
    return db


def quoted(path: Path | str) -> str:
    """A path as a SQL string."""
    return "'" + str(path).replace("'", "''") + "'"


def listed(paths: list[str]) -> str:
    """Paths as a SQL list for read_parquet."""
    return "[" + ", ".join(quoted(p) for p in paths) + "]"
