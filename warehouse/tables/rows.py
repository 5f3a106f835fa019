"""Writes rows made in Python to a table, with the schema given as text; reads single rows."""

from typing import Any

import duckdb
import pyarrow as pa

AT_ONCE = 20  # queries in a statement
TYPES = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
    # In UTC, without a time zone: with one, no client can fetch it without pytz.
    "instant": pa.timestamp("us"),
}


def arrow_schema(text: str) -> pa.Schema:
    """The schema of `dataset string, export_date date`."""
    return pa.schema([(name, TYPES[kind]) for name, kind in map(str.split, text.split(","))])


def write(db: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Makes a table of these rows."""
    db.register("rows_to_write", rows)
    db.execute(f"CREATE TABLE {table} AS FROM rows_to_write")
    db.unregister("rows_to_write")


def each(db: duckdb.DuckDBPyConnection, queries: list[str]) -> list[tuple[Any, ...]]:
    """The one row of each query; their columns have the same types.

    Several make a statement: of a small table one takes twice the time by itself.
    """
    found: list[tuple[Any, ...]] = []
    for first in range(0, len(queries), AT_ONCE):
        some = enumerate(queries[first : first + AT_ONCE])
        union = " UNION ALL ".join(f"SELECT {place}, * FROM ({query})" for place, query in some)
        found += [row[1:] for row in sorted(db.execute(union).fetchall())]
    return found
