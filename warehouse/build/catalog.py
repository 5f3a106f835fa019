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
    "meta.vintage": "Every headline as each published version told it. One row per edition, "
    "metric, built_at, for each version that told it otherwise than the one before. What is "
    "withheld today is withheld in all versions, and of inquiries and listings_ever only counts up "
    "to today's as_of are kept: two counts tell what came between their days.",
    "meta.projection_score": "What frozen editions projected a year ahead, and what came of it, "
    "once the projected year is frozen too. One row per edition, measure.",
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
    "missing; then each reason given since, with its day.",
    "meta.edition.code_version": "Hash of the code that froze it.",
    "meta.edition.lake_fingerprint": "Hash of the whole lake that it was frozen from.",
    "meta.vintage.export_date": "Latest export date in the version that told it.",
    "meta.vintage.revision": "Revision of that version: 2 for the folder 2022-06-30.r2.",
    "meta.vintage.built_at": "When that version was made. The headline stood so in every version "
    "from this one to that of the next row.",
    "meta.vintage.as_of": "As-of date of the headline then.",
    "meta.vintage.symbol": "Symbol of the headline then, or c if it may not be told any more.",
    "meta.projection_score.edition": "Edition that made the projection.",
    "meta.projection_score.measure": "Headline figure that was projected.",
    "meta.projection_score.projected_edition": "Edition of the year that was projected.",
    "meta.projection_score.projected_at": "When the projection was first frozen, UTC.",
    "meta.projection_score.is_made_before": "True if that was before the projected year ended. If "
    "not, the projection used no later figures, but was made by somebody who could know them.",
    "meta.projection_score.method": "Method of the projection, as in report.projection.",
    "meta.projection_score.projected": "The projection, rounded to three digits.",
    "meta.projection_score.low": "Lower end of its 80 % band.",
    "meta.projection_score.high": "Upper end of its 80 % band.",
    "meta.projection_score.actual": "What the projected year counted when it was first frozen.",
    "meta.projection_score.error": "actual divided by projected, less 1.",
    "meta.projection_score.is_inside": "Whether the band held it: four in five should.",
    "meta.projection_score.naive": "What the year before counted: the projection that nothing "
    "changes.",
    "meta.projection_score.naive_error": "actual divided by naive, less 1.",
    "meta.projection_score.reason": "Why there is no error.",
    "meta.revision.revision": "Which freeze changed it: 2 is the first revision.",
    "meta.revision.reason": "Why it was changed.",
    "meta.revision.table_name": "Table of schema report; of schema meta for availability.",
    "meta.revision.column_name": "Name of the column; empty if a whole table was added.",
}
# What to beware of in any report table.
OVERLAP = (
    "Holds the rows of all editions, and fiscal and calendar years overlap: filter on edition, or "
    "on year_basis and year, before adding anything up."
)
# These tables differ between builds of the same content.
OF_THE_BUILD = ("meta.run", "meta.release", "meta.vintage")
START = (
    (
        "this file",
        "ATTACH 'data/published/latest/outlook.duckdb' AS outlook (READ_ONLY);",
        "The queries below call the file outlook. If yours has another name, or you are in another "
        "session, attach it AS outlook: under another name they fail, and so do the macros that "
        "read tables.",
    ),
    (
        "figures",
        "FROM outlook.report.headline WHERE year_basis = 'fiscal';",
        "The headline figures, each with numerator, coverage, date and symbol. report.* holds "
        "exactly what is published, for fiscal years and calendar years: always filter on "
        "year_basis, or on edition.",
    ),
    (
        "months",
        "FROM outlook.report.inquiry_month WHERE edition = "
        "(SELECT max(edition) FROM outlook.report.headline WHERE year_basis = 'fiscal');",
        "Each report table holds one kind of period: the year, unless its name ends in month, "
        "by_month or by_week. Take a year from the table of years: a sum of months lacks those "
        "marked c or x, and what came late. Compare only months that both years cover. Never add "
        "up shares, medians or buyers.",
    ),
    (
        "meaning",
        "FROM outlook.meta.data_dictionary WHERE description ILIKE '%membership%';",
        "What a table, column or macro means, its unit, its source, and what to beware of.",
    ),
    (
        "symbols",
        "FROM outlook.meta.data_dictionary WHERE column_name = 'symbol';",
        "p provisional, r revised, f projected, c withheld because few sellers stand behind it, x "
        "not available. A value with c or x is null, never 0.",
    ),
    (
        "what is missing",
        "FROM outlook.meta.availability WHERE symbol = 'x';",
        "Which figures an edition cannot have, and why. A month or a week that is x lacks a good "
        "night: see meta.night.",
    ),
    (
        "nights",
        "FROM outlook.meta.night WHERE NOT is_good;",
        "Nights that do not count in full, and why.",
    ),
    (
        "sellers",
        "FROM outlook.marts.dim_seller WHERE is_current;",
        "One row per storefront account that is still there, with its whole history where "
        "is_current is left out. An account that has gone has no current row.",
    ),
    (
        "coming and going",
        "FROM outlook.report.seller_flow WHERE year_basis = 'fiscal';",
        "Sellers new, gone and back in a year. dim_seller with is_current does not hold the gone.",
    ),
    (
        "listings",
        "FROM outlook.report.listing_stock WHERE year_basis = 'fiscal';",
        "Live listings. Prices and minimum orders: report.price_level, moq_level. What listings "
        "state: listing_completeness, ready_to_ship. New and dropped ones: listing_flow.",
    ),
    (
        "inquiries",
        "FROM outlook.report.inquiry_year WHERE year_basis = 'fiscal';",
        "Inquiries that the market's sellers received. Buyers: report.inquiring_buyers. "
        "report.inquiry_rate divides another count, the marketplace's own on good nights, by "
        "visitors. By category of the listing: inquiries_by_category in meta.example_query.",
    ),
    (
        "per seller",
        "FROM outlook.report.inquiries_per_seller WHERE year_basis = 'fiscal';",
        "Inquiries per paid seller. Do not divide two headline figures: sellers join and leave "
        "within the year. Listings per seller: report.listings_per_seller.",
    ),
    (
        "answers",
        "FROM outlook.report.response_rate WHERE year_basis = 'fiscal';",
        "The platform's rate over thirty days. Time to the first reply: report.response_time.",
    ),
    (
        "shares",
        "FROM outlook.report.sellers_by_city WHERE edition = "
        "(SELECT max(edition) FROM outlook.report.headline WHERE year_basis = 'fiscal');",
        "Shares by city, category and country, of those whose class is known and of all. A "
        "division of your own has those of unknown class in its denominator.",
    ),
    ("examples", "FROM outlook.meta.example_query;", "More queries that run as they are."),
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
    pitfalls = [OVERLAP] if model.schema == "report" else []
    if pitfalls and len(model.key) > 1:
        keys = ", ".join(model.key[1:])
        pitfalls.append(f"An edition has a row per {keys}: joined on edition alone, rows multiply.")
    pitfalls += [model.about["pitfalls"]] if "pitfalls" in model.about else []
    return {"doc": " ".join(texts), "pitfalls": " ".join(pitfalls) or None}
