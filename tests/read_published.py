"""What an analyst does with a published file, in a client of any version: run by its own Python.

Usage: python read_published.py FILE. Prints what was found as JSON, the first error on stderr.
"""

import json
import os
import sys
from typing import Any

import duckdb

# As after a plain `pip install duckdb`.
if __name__ == "__main__":
    sys.modules["pytz"] = None  # type: ignore[assignment]

MACROS = (
    "SELECT outlook.fiscal_year('2022-06-30'), outlook.fiscal_label(2022)",
    "SELECT outlook.fiscal_year('2022-07-01', starts_in_month := 4)",
    "SELECT outlook.cagr(100, 121, 2), outlook.pct_change(200, 250), outlook.cagr(0, 1, 1)",
    "SELECT count(*) FROM outlook.seller_as_of('2022-06-30')",
    "SELECT count(*) FROM outlook.main.seller_as_of(DATE '2021-06-30')",
)
TABLES = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'outlook'"
COMMENTS = "SELECT count(comment) FROM {} WHERE database_name = 'outlook' AND NOT internal"


def found(db: Any, help_: str) -> dict[str, Any]:
    """Everything that the file promises, over one connection."""

    def rows(query: str) -> list[Any]:
        return list(db.execute(query).fetchall())

    examples = rows("SELECT name, sql FROM outlook.meta.example_query ORDER BY name")
    return {
        "help": rows(help_),
        "macros": [rows(query) for query in MACROS],
        "examples": {name: len(rows(query)) for name, query in examples},
        "tables": {f"{s}.{t}": len(rows(f"FROM outlook.{s}.{t}")) for s, t in rows(TABLES)},
        "headline": rows("FROM outlook.report.headline"),
        "comments": [
            rows(COMMENTS.format(f"duckdb_{what}()"))[0][0]
            for what in ("tables", "columns", "functions")
        ],
    }


def pytz() -> str:
    """Whether DuckDB finds pytz, which it needs to fetch an instant with a time zone."""
    with duckdb.connect() as db:
        try:
            db.execute("SELECT TIMESTAMPTZ '2022-06-30 00:00:00+00'").fetchall()
        except duckdb.Error:
            return "missing"
    return "there"


def main(file: str) -> dict[str, Any]:
    with duckdb.connect(file, read_only=True) as db:
        by_path = found(db, "FROM help")
        try:
            db.execute("CREATE TABLE main.mine AS SELECT 1")
            raise AssertionError("the file could be written to")
        except duckdb.Error:
            pass
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{file}' (READ_ONLY)")
        attached = found(db, "FROM outlook.help")
        db.execute("USE outlook")
        in_use = found(db, "FROM help")
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{os.path.dirname(file)}/outlook.duckdb' AS outlook (READ_ONLY)")
        named = found(db, "FROM outlook.help")
    return {
        "client": duckdb.__version__,
        "pytz": pytz(),
        "by_path": by_path,
        "attached": attached,
        "in_use": in_use,
        "named": named,
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1]), default=str))
