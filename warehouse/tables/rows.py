"""Writes rows made in Python to a table, with the schema given as text."""

import duckdb
import pyarrow as pa

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
