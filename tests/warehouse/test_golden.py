"""Models and the rules across rows against their golden cases."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.golden import (
    CASES,
    Case,
    Columns,
    Sheet,
    cases,
    columns_of,
    compare,
    create,
    usual,
)
from transforms import engine
from transforms.lake import Lake, across_rows
from transforms.markets import market
from warehouse import macros
from warehouse.models import PRIVATE, PUBLISHED, create_macros, models, reads
from warehouse.tables import lake_views
from warehouse.tables.make import make_tables

ACROSS_ROWS = "across_rows"
MODELS = {model.table: model for model in models()}
RULES = sorted(p.stem for p in Path(across_rows.__file__).parent.glob("*.sql"))
# Models that compare each row of one table with each of another, both of which are short: editions,
# their months, figures, cities, categories, countries.
SHORT = {
    "disclosure.traffic_suppression",
    "report.context",
    "report.partner_cohorts",
    "report.response_rate_by_city",
    "report.seller_flow_by_city",
    "report.seller_growth",
    "report.sellers_by_country",
    "report.sellers_listing_in_category",
    "report.sellers_listing_in_category_by_city",
    "staging.stg_flow_frame",
    "staging.stg_frame",
    "staging.stg_inquiry_period",
    "staging.stg_level",
    "staging.stg_share",
}
ALL = cases()
MODEL_CASES = [c for c in ALL if not c.query.startswith(f"{ACROSS_ROWS}.")]
RULE_CASES = [c for c in ALL if c.query.startswith(f"{ACROSS_ROWS}.")]


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build of a lake without a night: every table that a model reads, typed."""
    with engine.in_memory() as db:
        lake_views.attach(db, Lake(tmp_path_factory.mktemp("lake")), market("PK"))
        db.execute("ATTACH ':memory:' AS target")
        db.execute("USE target")
        make_tables(db)
        yield db


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.in_memory() as db:
        yield db


@pytest.fixture
def regen(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regen"))


def test_there_are_cases() -> None:
    assert len(MODEL_CASES) > 100
    assert len(RULE_CASES) > 15


def test_every_model_has_a_case() -> None:
    assert {c.query for c in MODEL_CASES} == set(MODELS)


def test_every_rule_across_rows_has_a_case_and_its_inputs() -> None:
    assert {c.query for c in RULE_CASES} == {f"{ACROSS_ROWS}.{rule}" for rule in RULES}
    assert set(_inputs_of_rules()) == set(RULES)


def test_long_tables_are_joined_by_hash(empty: duckdb.DuckDBPyConnection) -> None:
    """A condition on one side only, in a LEFT JOIN, makes DuckDB compare all rows with all: of a
    year of sellers or requests that takes longer than all else."""
    plans = {name: empty.execute(f"EXPLAIN {m.sql}").fetchall() for name, m in MODELS.items()}
    assert {name for name, ((_, plan),) in plans.items() if "BLOCKWISE_NL_JOIN" in plan} == SHORT


@pytest.mark.parametrize("case", MODEL_CASES, ids=str)
def test_model(
    case: Case, empty: duckdb.DuckDBPyConnection, db: duckdb.DuckDBPyConnection, regen: bool
) -> None:
    given = case.given()
    for catalog in ("lake", *PRIVATE, "target"):
        db.execute(f"ATTACH ':memory:' AS {catalog}")
    db.execute("USE target")
    for schema in PUBLISHED:
        db.execute(f"CREATE SCHEMA {schema}")
    create(
        db, "lake.market", columns_of(empty, "lake.market"), _of_lake(empty, given, "lake.market")
    )
    macros.create(db, of_tables=False)
    create_macros(db)
    made = {"lake.market"}
    _make(db, empty, case.query, given, made)
    assert set(given) <= made | {"lake.market"}, (
        f"{case} gives a table that the model does not read"
    )
    compare(db, case.query, case, regen)


@pytest.mark.parametrize("case", RULE_CASES, ids=str)
def test_rule_across_rows(case: Case, db: duckdb.DuckDBPyConnection, regen: bool) -> None:
    rule = case.query.removeprefix(f"{ACROSS_ROWS}.")
    tables = _inputs_of_rules()[rule]
    given = case.given()
    assert set(given) <= set(tables), f"{case} gives a table that the rule does not read"
    for table, columns in tables.items():
        create(db, table, columns, given.get(table, Sheet((), (), ())))
    db.execute(f"CREATE TABLE made AS {across_rows.sql(rule)}")
    compare(db, "made", case, regen)


def _make(
    db: duckdb.DuckDBPyConnection,
    empty: duckdb.DuckDBPyConnection,
    table: str,
    given: dict[str, Sheet],
    made: set[str],
) -> None:
    """Makes a table: as the case gives it, else by its model of what the case gives that."""
    if table in made:
        return
    made.add(table)
    # A model of which nothing is given has no rows, as in the build of an empty lake.
    if table not in given and _inputs(table) & set(given):
        for read in reads(MODELS[table]):
            _make(db, empty, read, given, made)
        db.execute(f"CREATE TABLE {table} AS {MODELS[table].sql}")
    else:
        create(db, table, columns_of(empty, table), _of_lake(empty, given, table))


@cache
def _inputs(table: str) -> frozenset[str]:
    """Every table that a model rests on, near or far."""
    near = reads(MODELS[table]) if table in MODELS else set()
    return frozenset(near.union(*map(_inputs, near)))


def _of_lake(empty: duckdb.DuckDBPyConnection, given: dict[str, Sheet], table: str) -> Sheet:
    return given.get(table) or usual(empty, table)


def _inputs_of_rules() -> dict[str, dict[str, Columns]]:
    return tomllib.loads((CASES / f"{ACROSS_ROWS}.toml").read_text("utf-8"))
