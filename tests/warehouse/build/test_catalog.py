"""What the published file says of itself: every name explained, every example true."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from transforms import engine
from transforms.lake import Lake
from transforms.markets import market
from warehouse import macros
from warehouse.build.catalog import START, comment
from warehouse.build.examples import examples
from warehouse.macros import Macro
from warehouse.tables import lake_views
from warehouse.tables.make import make_tables


@pytest.fixture(scope="module")
def db(versions: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = versions / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(path), read_only=True) as db:
        yield db


def column(db: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [row[0] for row in db.execute(query).fetchall()]


def test_every_table_column_and_macro_has_a_comment(db: duckdb.DuckDBPyConnection) -> None:
    for source in ("duckdb_tables()", "duckdb_columns()", "duckdb_functions()"):
        mine = f"FROM {source} WHERE database_name = 'outlook' AND NOT internal"
        assert len(db.execute(mine).fetchall()) >= 5
        assert db.execute(f"{mine} AND coalesce(comment, '') = ''").fetchall() == []


def test_the_dictionary_says_what_the_comments_say(db: duckdb.DuckDBPyConnection) -> None:
    entries = db.execute(
        "SELECT table_schema, table_name, column_name, unit, description, source_column, warning "
        "FROM meta.data_dictionary"
    ).fetchall()
    told = {
        (schema, table.partition("(")[0], name): comment(
            {"doc": doc, "unit": unit, "source": source, "pitfalls": warning}
        )
        for schema, table, name, unit, doc, source, warning in entries
    }
    assert len(told) == len(entries)
    there = db.execute(
        """
        SELECT schema_name, table_name, NULL, comment FROM duckdb_tables()
        WHERE database_name = 'outlook'
        UNION ALL
        SELECT schema_name, table_name, column_name, comment FROM duckdb_columns()
        WHERE database_name = 'outlook' AND NOT internal
        UNION ALL
        SELECT schema_name, function_name, NULL, comment FROM duckdb_functions()
        WHERE database_name = 'outlook' AND NOT internal
        """
    ).fetchall()
    assert {(s, t, c): text for s, t, c, text in there} == told


def test_only_help_and_macros_are_in_main(db: duckdb.DuckDBPyConnection) -> None:
    mine = "WHERE database_name = 'outlook' AND schema_name = 'main'"
    assert column(db, f"SELECT table_name FROM duckdb_tables() {mine}") == ["help"]
    found = column(db, f"SELECT function_name FROM duckdb_functions() {mine} AND NOT internal")
    assert sorted(found) == [
        "cagr",
        "fiscal_label",
        "fiscal_year",
        "is_paid_membership",
        "listing_count_as_of",
        "paid_sellers_on",
        "pct_change",
        "seller_as_of",
        "suppress",
    ]


@pytest.mark.parametrize("macro", macros.macros(), ids=lambda m: m.name)
def test_macros_answer_their_examples(macro: Macro, db: duckdb.DuckDBPyConnection) -> None:
    for query, answer in macro.examples:
        found = db.execute(query).fetchone()
        assert found is not None
        value = found[0]
        shown = (
            "" if value is None else str(value).lower() if value in (True, False) else str(value)
        )
        assert ("" if value is None else shown) == answer, query


def test_the_comment_of_every_macro_holds_an_example(db: duckdb.DuckDBPyConnection) -> None:
    for macro in macros.macros():
        assert f"Example: {macro.try_this}" in macro.about["doc"]
        assert f"outlook.{macro.name}(" in macro.try_this
        db.execute(macro.try_this)


def test_the_fiscal_year_agrees_with_the_calendar(db: duckdb.DuckDBPyConnection) -> None:
    """Every day of the calendar, by macro and by model."""
    assert (
        db.execute(
            "SELECT calendar_on FROM marts.dim_calendar "
            "WHERE fiscal_year(calendar_on) <> fiscal_year "
            "OR fiscal_label(fiscal_year(calendar_on)) <> fiscal_label"
        ).fetchall()
        == []
    )


@pytest.mark.parametrize(
    ("code", "day", "year"),
    [
        ("PK", "2022-06-30", 2022),
        ("PK", "2022-07-01", 2023),
        ("IN", "2022-03-31", 2022),
        ("IN", "2022-04-01", 2023),
    ],
)
def test_the_fiscal_year_is_of_the_market(code: str, day: str, year: int, tmp_path: Path) -> None:
    with engine.in_memory() as db:
        lake_views.attach(db, Lake(tmp_path), market(code))
        db.execute("ATTACH ':memory:' AS outlook")
        db.execute("USE outlook")
        make_tables(db)
        assert db.execute(f"SELECT fiscal_year(DATE '{day}')").fetchone() == (year,)


def test_a_seller_is_as_he_was(db: duckdb.DuckDBPyConnection) -> None:
    """Night by night, the macro shows the sellers that the census of that night showed."""
    nights = db.execute(
        "SELECT export_date, rows_accepted FROM meta.night "
        "WHERE dataset = 'sellers' AND is_good ORDER BY 1"
    ).fetchall()
    assert len(nights) > 7
    for night, accepted in nights:
        found = db.execute(
            f"SELECT count(*), count(DISTINCT seller_id) FROM seller_as_of('{night}')"
        )
        assert found.fetchone() == (accepted, accepted), night


def test_macros_count_what_the_report_counts(db: duckdb.DuckDBPyConnection) -> None:
    """Sellers and listings at the as-of date of every edition; null outside the known nights."""
    for table, column, macro in (
        ("seller_growth", "paid_sellers", "paid_sellers_on"),
        ("listing_stock", "live_listings", "listing_count_as_of"),
    ):
        shown = f"SELECT as_of, {column} FROM report.{table} WHERE {column} IS NOT NULL"
        rows = db.execute(shown).fetchall()
        assert len(rows) >= 2
        for night, value in rows:
            assert db.execute(f"SELECT {macro}(DATE '{night}')").fetchone() == (value,), night
        for night in ("1999-01-01", "9999-12-31"):
            assert db.execute(f"SELECT {macro}('{night}')").fetchone() == (None,)


def test_suppress_knows_the_threshold_of_the_market(db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute(
        "SELECT n FROM range(20) AS r (n), meta.release WHERE (suppress(n) IS NULL) "
        "<> (n BETWEEN 1 AND smallest_cell - 1)"
    )
    assert found.fetchall() == []


@pytest.mark.parametrize("name", [e.name for e in examples()])
def test_example_queries_return_rows(name: str, db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute(
        "SELECT sql, answers FROM meta.example_query WHERE name = ?", [name]
    ).fetchone()
    assert found is not None
    query, answers = found
    assert answers.endswith(("?", ".")) and len(answers) > 20
    assert db.execute(query).fetchall(), query


def test_help_says_how_fresh_it_is_and_what_to_try(db: duckdb.DuckDBPyConnection) -> None:
    rows = db.execute("FROM help").fetchall()
    assert rows[0][0] == "how fresh"
    assert "data to 2022-06-30 (complete)" in rows[0][2]
    assert [r[0] for r in rows[1:]] == [s[0] for s in START] + [m.call for m in macros.macros()]
    for _, query, _ in rows:
        if not query.startswith("ATTACH"):
            assert db.execute(query).fetchall(), query


def test_the_release_says_what_is_new(versions: Path, db: duckdb.DuckDBPyConnection) -> None:
    names = "version, export_date, status, waiting_for, next_export_date, next_expected_at, market"
    assert db.execute(f"SELECT {names} FROM meta.release").fetchall() == [
        (
            "2022-06-30",
            date(2022, 6, 30),
            "complete",
            None,
            date(2022, 7, 1),
            datetime(2022, 7, 2),
            "Pakistan",
        )
    ]
    new = column(db, "SELECT what_is_new FROM meta.release")[0]
    for dataset in ("sellers", "listings", "inquiries"):
        assert f"{dataset}: 1 new night, 2022-06-30" in new
    path = versions / "published" / "2022-06-29" / "outlook.duckdb"
    with duckdb.connect(str(path), read_only=True) as first:
        assert column(first, "SELECT what_is_new FROM meta.release") == ["The first version."]


def test_rejected_rows_are_counts_alone(versions: Path, db: duckdb.DuckDBPyConnection) -> None:
    """By file and reason they add up to the rejected rows themselves, which stay in the lake."""
    rows = db.execute("SELECT dataset, file, reason, rows_rejected FROM meta.rejected").fetchall()
    assert rows
    parts = str(versions / "lake" / "*" / "*" / "*" / "rejected.parquet")
    counted = db.execute(f"SELECT count(*) FROM read_parquet('{parts}')").fetchone()
    assert counted == (sum(r[3] for r in rows),)
    named = db.execute(
        f"SELECT DISTINCT source_file, reason FROM read_parquet('{parts}')"
    ).fetchall()
    # A rejected row names the file as it was read, out of its archive.
    assert {(file.removesuffix(".gz"), reason) for _, file, reason, _ in rows} == set(named)
