"""Models: what their texts read, the macros they share, and what they declare."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.golden import Sheet, columns_of, create, usual
from transforms import engine
from transforms.errors import PublishError
from transforms.lake import Lake
from transforms.markets import market
from warehouse import macros
from warehouse.models import (
    MACROS,
    PRIVATE,
    PUBLISHED,
    ROOM,
    Model,
    compared_with,
    create_macros,
    models,
    reads,
    uses,
)
from warehouse.tables import disclosure, lake_views
from warehouse.tables.make import make_tables

MODELS = {m.table: m for m in models()}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.in_memory() as db:
        lake_views.attach(db, Lake(tmp_path_factory.mktemp("lake")), market("PK"))
        db.execute("ATTACH ':memory:' AS outlook")
        db.execute("USE outlook")
        make_tables(db)
        yield db


@pytest.mark.parametrize("model", models(), ids=lambda m: m.table)
def test_what_is_parsed_is_what_is_bound(model: Model, db: duckdb.DuckDBPyConnection) -> None:
    """DuckDB can bind it with the tables that were parsed, and without any one of them cannot."""
    with engine.in_memory() as other:
        for catalog in ("lake", *PRIVATE, "target"):
            other.execute(f"ATTACH ':memory:' AS {catalog}")
        other.execute("USE target")
        for schema in PUBLISHED:
            other.execute(f"CREATE SCHEMA {schema}")
        create(other, "lake.market", columns_of(db, "lake.market"), usual(db, "lake.market"))
        macros.create(other, of_tables=False)
        create_macros(other)
        for table in reads(model) - {"lake.market"}:
            create(other, table, columns_of(db, table), Sheet((), (), ()))
        other.execute(f"DESCRIBE {model.sql}")
        for table in reads(model):
            other.execute("BEGIN")
            other.execute(f"DROP TABLE {table}")
            with pytest.raises(duckdb.CatalogException):
                other.execute(f"DESCRIBE {model.sql}")
            other.execute("ROLLBACK")


def test_a_model_comes_after_all_that_it_reads() -> None:
    done: set[str] = set()
    for model in models():
        assert reads(model) & set(MODELS) <= done
        done.add(model.table)


def test_only_disclosure_control_knows_the_threshold() -> None:
    asks = {m.table for m in models() if "too_few" in uses(m) or "smallest_cell" in m.sql}
    assert asks
    assert {table.partition(".")[0] for table in asks} == {"disclosure"}


def test_only_suppressed_is_read_of_disclosure_by_the_report() -> None:
    read = {t for m in models() if m.schema != "disclosure" for t in reads(m)}
    of_disclosure = {t for t in read if t.startswith("disclosure.")}
    assert of_disclosure == {"disclosure.suppressed", "disclosure.contributor"}
    assert "disclosure.contributor" in reads(MODELS["staging.stg_cell"])


def test_every_macro_is_used() -> None:
    names = set(re.findall(r"MACRO (\w+)\(", Path(MACROS).read_text("utf-8")))
    used = {name for m in models() for name in uses(m)}
    assert names
    assert names <= used


def test_every_model_has_a_text() -> None:
    for model in models():
        path = ROOM / model.schema / f"{model.name}.sql"
        assert path.is_file() or model.about["is_declared"]


def test_what_a_model_declares_of_its_figures_is_of_figures_that_it_declares() -> None:
    """A name misspelt, or declared twice, would leave a figure without secondary suppression."""
    declared = [f for m in models() for f in m.about.get("contributors", {})]
    assert len(declared) == len(set(declared))
    told = 0
    for about in (m.about for m in models()):
        for flag in ("is_share", "is_share_of_all", "adds_up", "is_fiscal_only"):
            assert set(about.get(flag, ())) <= set(about.get("contributors", {})), flag
            told += len(about.get(flag, ()))
        assert set(about.get("is_share", ())) <= set(about.get("adds_up", ()))
    assert told > 10


def test_the_texts_that_a_column_is_compared_with_are_found() -> None:
    condition = (
        "SELECT (figure = 'a' AND cell IN ('', 'b')) OR figure IN ('c', 'd') OR 'e' = figure"
    )
    assert compared_with(condition, "figure") == {"a", "c", "d", "e"}


def test_a_measure_that_is_not_declared_stops_the_build(db: duckdb.DuckDBPyConnection) -> None:
    model = MODELS["report.sellers_by_city"]
    disclosure.verify(db, model)
    with pytest.raises(PublishError, match="symbol"):
        disclosure.verify(db, replace(model, about={**model.about, "disclosure": {}}))


def test_a_measure_that_rests_on_nothing_known_stops_the_build(
    db: duckdb.DuckDBPyConnection,
) -> None:
    model = MODELS["report.sellers_by_city"]
    declared = {"symbol": "figure = 'sellers_by_colour' AND cell = city_key"}
    with pytest.raises(PublishError, match="sellers_by_colour"):
        disclosure.verify(db, replace(model, about={**model.about, "disclosure": declared}))


@pytest.mark.parametrize(("shown", "symbol"), [(3, None), (3, "p"), (3, "c"), (None, None)])
def test_a_table_that_shows_what_is_withheld_stops_the_build(
    shown: int | None, symbol: str | None, db: duckdb.DuckDBPyConnection
) -> None:
    model = MODELS["report.sellers_by_city"]
    row = {"edition": "FY2022", "city_key": "lahore", "numerator": shown, "symbol": symbol}
    db.execute(f"INSERT INTO {model.table} ({', '.join(row)}) VALUES (?, ?, ?, ?)", [*row.values()])
    disclosure.verify(db, model)
    db.execute("INSERT INTO disclosure.suppressed VALUES ('sellers_by_city', 'FY2022', 'lahore')")
    with pytest.raises(PublishError, match="1 withheld rows.*first in FY2022"):
        disclosure.verify(db, model)
    db.execute("DELETE FROM disclosure.suppressed")
    db.execute(f"DELETE FROM {model.table}")
