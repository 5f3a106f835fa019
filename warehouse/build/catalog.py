"""The published file's own documentation: comments, data dictionary, and how it was made."""

from typing import Any

import duckdb
import pyarrow as pa

from transforms.engine import quoted
from warehouse.build.checks import Result
from warehouse.build.examples import examples
from warehouse.build.release import RELEASE
from warehouse.macros import macros
from warehouse.models import PUBLISHED, Model
from warehouse.tables.rows import arrow_schema, write

CHECK_RESULT = arrow_schema(
    "table_name string, check_name string, severity string, bad_rows long, examples string"
)
DICTIONARY = arrow_schema(
    "kind string, table_schema string, table_name string, column_name string, data_type string, "
    "unit string, description string, source_column string, warning string"
)
RUN = arrow_schema(
    "run_id string, export_date date, code_version string, lake_fingerprint string, "
    "duckdb_version string, built_at instant"
)
EXAMPLE_QUERY = arrow_schema("name string, answers string, sql string")
HELP = arrow_schema("what string, try_this string, says string")

# Tables that describe the build itself; no SQL model makes them.
ABOUT = {
    "meta.run": "How this file was made: one row.",
    "meta.release": "Which version this is, whether it is complete, what is new in it, and when "
    "the next one is due: one row.",
    "meta.check_result": "Every check of this build and its result. One row per table_name, "
    "check_name.",
    "meta.data_dictionary": "Every table, column and macro: type, unit, meaning, source and "
    "pitfalls. The same texts are comments in the file. One row per kind, table_schema, "
    "table_name, column_name.",
    "meta.edition": "Status of each edition: provisional, or frozen, with date and person. "
    "One row per edition.",
    "meta.revision": "What a revision of a frozen edition changed: old value, new value, reason. "
    "One row per edition, revision, table_name, row_key, column_name.",
    "meta.example_query": "Queries to paste, and the question that each answers. One row per name.",
    "main.help": "Where to start.",
}
# Columns whose name means something else in other tables.
COLUMNS = {
    "meta.release.status": "complete: every dataset of the export date counts in full. incomplete: "
    "waiting_for names those that do not.",
    "meta.release.export_date": "Latest export date in this version.",
    "meta.run.export_date": "Latest export date in this version.",
    "meta.edition.status": "provisional: may still change. final: frozen. corrected: frozen again, "
    "meta.revision says what changed and why.",
    "meta.edition.revision": "Number of times that it has been frozen; null if never.",
    "meta.edition.reason": "Why it was frozen again, or frozen although nights of its year are "
    "missing.",
    "meta.edition.code_version": "Hash of the code that froze it.",
    "meta.edition.lake_fingerprint": "Hash of the whole lake that it was frozen from.",
    "meta.revision.revision": "Which freeze changed it: 2 is the first revision.",
    "meta.revision.reason": "Why it was changed.",
    "meta.revision.table_name": "Table of schema report; of schema meta for availability.",
    "meta.revision.column_name": "Name of the column; empty if a whole table was added.",
}
# These tables differ between builds of the same content.
OF_THE_BUILD = ("meta.run", "meta.release")
START = (
    (
        "figures",
        "FROM outlook.report.headline;",
        "The headline figures, each with numerator, coverage, date and symbol. report.* holds "
        "exactly what is published.",
    ),
    (
        "meaning",
        "FROM outlook.meta.data_dictionary WHERE description ILIKE '%membership%';",
        "What a table, column or macro means, its unit, its source, and what to beware of.",
    ),
    (
        "nights",
        "FROM outlook.meta.night WHERE NOT is_good;",
        "Nights that do not count in full, and why.",
    ),
    (
        "sellers",
        "FROM outlook.marts.dim_seller WHERE is_current;",
        "One row per storefront account, with its whole history where is_current is left out.",
    ),
    ("examples", "FROM outlook.meta.example_query;", "More queries that run as they are."),
    (
        "elsewhere",
        "ATTACH 'data/published/latest/outlook.duckdb' AS outlook (READ_ONLY);",
        "From another session. Under another name the macros that read tables do not work.",
    ),
)


def write_run(db: duckdb.DuckDBPyConnection, run: dict[str, Any]) -> None:
    write(db, "meta.run", pa.Table.from_pylist([run], schema=RUN))


def write_check_results(db: duckdb.DuckDBPyConnection, results: list[Result]) -> None:
    rows = [
        {
            "table_name": r.table,
            "check_name": r.check,
            "severity": r.severity,
            "bad_rows": r.bad_rows,
            "examples": r.examples,
        }
        for r in results
    ]
    write(db, "meta.check_result", pa.Table.from_pylist(rows, schema=CHECK_RESULT))


def write_release(db: duckdb.DuckDBPyConnection, release: dict[str, Any]) -> None:
    write(db, "meta.release", pa.Table.from_pylist([release], schema=RELEASE))


def write_examples(db: duckdb.DuckDBPyConnection) -> None:
    rows = [{"name": e.name, "answers": e.answers, "sql": e.sql} for e in examples()]
    write(db, "meta.example_query", pa.Table.from_pylist(rows, schema=EXAMPLE_QUERY))


def write_help(db: duckdb.DuckDBPyConnection, release: dict[str, Any]) -> None:
    """`FROM help`: how current the file is, what to try, and every macro with an example."""
    fresh = (
        f"{release['market']}, data to {release['export_date']} ({release['status']}). The next "
        f"version is of {release['next_export_date']}, expected from "
        f"{release['next_expected_at']:%Y-%m-%d %H:%M} UTC."
    )
    rows = [("how fresh", "FROM outlook.meta.release;", fresh), *START]
    rows += [(m.call, m.try_this, m.doc) for m in macros()]
    named = [dict(zip(HELP.names, row, strict=True)) for row in rows]
    write(db, "main.help", pa.Table.from_pylist(named, schema=HELP))


def document(db: duckdb.DuckDBPyConnection, models: tuple[Model, ...], columns_of: Model) -> None:
    """Comments on every published table, column and macro, and the same texts as a table.

    `columns_of` is any model: it looks up the meaning of columns in tables without a model.
    """
    by_table = {m.table: m for m in models if m.schema in PUBLISHED}
    write(db, "meta.data_dictionary", DICTIONARY.empty_table())
    rows: list[dict[str, Any]] = []
    comments: list[str] = []
    found = db.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() "
        "AND schema_name IN ('main', 'marts', 'report', 'meta') "
        "ORDER BY schema_name, table_name, column_index"
    ).fetchall()
    described = set()
    for schema, table, column, data_type in found:
        name = f"{schema}.{table}"
        model = by_table.get(name)
        if name not in described:
            described.add(name)
            about = _about_table(model) if model else {"doc": ABOUT[name]}
            comments.append(f"COMMENT ON TABLE {name} IS {quoted(comment(about))}")
            rows.append(_entry("table", schema, table, about))
        said = COLUMNS.get(f"{name}.{column}")
        about = {"doc": said} if said else (model or columns_of).column_doc(column)
        comments.append(f"COMMENT ON COLUMN {name}.{column} IS {quoted(comment(about))}")
        entry = _entry("column", schema, table, about)
        rows.append({**entry, "column_name": column, "data_type": data_type})
    for macro in macros():
        kind = "MACRO TABLE" if macro.is_table else "MACRO"
        comments.append(f"COMMENT ON {kind} main.{macro.name} IS {quoted(comment(macro.about))}")
        rows.append(_entry("macro", "main", macro.call, macro.about))
    # At once: each by itself would be a transaction, which takes longer than the comment.
    db.execute("; ".join(["BEGIN", *comments, "COMMIT"]))
    db.register("entries", pa.Table.from_pylist(rows, schema=DICTIONARY))
    db.execute("INSERT INTO meta.data_dictionary FROM entries")
    db.unregister("entries")


def comment(about: dict[str, Any]) -> str:
    """A dictionary entry as one line, for a comment in the file."""
    texts = [about["doc"]]
    if about.get("unit"):
        texts.append(f"Unit: {about['unit']}.")
    if about.get("source"):
        texts.append(f"Source: {about['source']}.")
    if about.get("pitfalls"):
        texts.append(f"Beware: {about['pitfalls']}")
    return " ".join(texts)


def _entry(kind: str, schema: str, table: str, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "table_schema": schema,
        "table_name": table,
        "unit": about.get("unit"),
        "description": about["doc"],
        "source_column": about.get("source"),
        "warning": about.get("pitfalls"),
    }


def _about_table(model: Model) -> dict[str, Any]:
    texts = [model.doc, f"One row per {', '.join(model.key)}."]
    if "numerator" in model.about:
        texts.append(f"Numerator: {model.about['numerator']}")
        texts.append(f"Denominator: {model.about['denominator']}")
    return {"doc": " ".join(texts), "pitfalls": model.about.get("pitfalls")}
