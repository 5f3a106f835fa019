"""What the published file says of itself: comments, the data dictionary, and how it was made."""

from typing import Any

import duckdb
import pyarrow as pa

from transforms.across_rows import quoted
from warehouse.checks import Result
from warehouse.models import PUBLISHED, Model

CHECK_RESULT = pa.schema(
    [
        ("table_name", pa.string()),
        ("check_name", pa.string()),
        ("severity", pa.string()),
        ("bad_rows", pa.int64()),
        ("examples", pa.string()),
    ]
)
DICTIONARY = pa.schema(
    [
        (n, pa.string())
        for n in ("table_schema", "table_name", "column_name", "data_type", "unit", "description",
                  "source_column")
    ]
)  # fmt: skip

# Tables that no SQL makes: they describe the build itself.
ABOUT = {
    "run": "How this file was made: one row.",
    "check_result": "Every check of this build and what it found.",
    "revision": "What a revision of a frozen edition changed: was, now, why.",
    "data_dictionary": "Every table and column: type, unit, meaning, source.",
}
HELP = [
    "FROM report.headline;                       -- the figures, with numerator and coverage",
    "FROM meta.data_dictionary WHERE description ILIKE '%membership%';",
    "FROM meta.night WHERE NOT is_good;          -- nights that do not count, and why",
    "SELECT city, share FROM report.sellers_by_city WHERE edition = 'FY2022';",
    "FROM marts.dim_seller WHERE is_current;     -- one row per storefront",
]


def write_run(db: duckdb.DuckDBPyConnection, run: dict[str, Any]) -> None:
    _write(db, "meta.run", pa.Table.from_pylist([run]))


def write_check_results(db: duckdb.DuckDBPyConnection, results: list[Result]) -> None:
    rows = [
        {"table_name": r.table, "check_name": r.check, "severity": r.severity,
         "bad_rows": r.bad_rows, "examples": r.examples}
        for r in results
    ]  # fmt: skip
    _write(db, "meta.check_result", pa.Table.from_pylist(rows, schema=CHECK_RESULT))


def write_help(db: duckdb.DuckDBPyConnection) -> None:
    _write(db, "main.help", pa.table({"try_this": HELP}))
    db.execute("COMMENT ON TABLE main.help IS 'Where to start.'")
    db.execute("COMMENT ON COLUMN main.help.try_this IS 'A query to paste.'")


def document(db: duckdb.DuckDBPyConnection, models: tuple[Model, ...], columns_of: Model) -> None:
    """Comments on every published table and column, and the same texts as a table.

    `columns_of` is any model: it knows what a column means that no model of its own has.
    """
    by_table = {m.table: m for m in models if m.schema in PUBLISHED}
    _write(db, "meta.data_dictionary", DICTIONARY.empty_table())
    rows = []
    found = db.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name IN ('marts', 'report', 'meta') "
        "ORDER BY schema_name, table_name, column_index"
    ).fetchall()
    described = set()
    for schema, table, column, data_type in found:
        model = by_table.get(f"{schema}.{table}")
        if (schema, table) not in described:
            described.add((schema, table))
            text = _about_table(model) if model else ABOUT[table]
            db.execute(f"COMMENT ON TABLE {schema}.{table} IS {quoted(text)}")
            rows.append(_entry(schema, table, None, None, {"doc": text}))
        about = (model or columns_of).column_doc(column)
        comment = about["doc"] + (f" Unit: {about['unit']}." if about.get("unit") else "")
        db.execute(f"COMMENT ON COLUMN {schema}.{table}.{column} IS {quoted(comment)}")
        rows.append(_entry(schema, table, column, data_type, about))
    db.register("entries", pa.Table.from_pylist(rows, schema=DICTIONARY))
    db.execute("INSERT INTO meta.data_dictionary FROM entries")
    db.unregister("entries")


def _entry(
    schema: str, table: str, column: str | None, data_type: str | None, about: dict[str, Any]
) -> dict[str, Any]:
    return {
        "table_schema": schema,
        "table_name": table,
        "column_name": column,
        "data_type": data_type,
        "unit": about.get("unit"),
        "description": about["doc"],
        "source_column": about.get("source"),
    }


def _about_table(model: Model) -> str:
    texts = [model.doc, f"One row per {', '.join(model.key)}."]
    if "numerator" in model.about:
        texts.append(f"Numerator: {model.about['numerator']}")
        texts.append(f"Denominator: {model.about['denominator']}")
    if "pitfalls" in model.about:
        texts.append(f"Beware: {model.about['pitfalls']}")
    return " ".join(texts)


def _write(db: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    db.register("rows_to_write", rows)
    db.execute(f"CREATE TABLE {table} AS FROM rows_to_write")
    db.unregister("rows_to_write")
