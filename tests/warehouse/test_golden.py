"""Models and the rules across rows against their golden cases."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.golden import CASES, Case, Columns, Sheet, cases, columns_of, compare, create
from transforms import across_rows
from transforms.lake import Lake
from transforms.markets import market
from warehouse import lake_views
from warehouse.models import PUBLISHED, models, reads
from warehouse.tables import make_tables, open_memory

ACROSS_ROWS = "across_rows"
OF_THE_MARKET = ("lake.market", "lake.places", "lake.categories", "lake.countries")
MODELS = {model.table: model for model in models()}
RULES = sorted(p.stem for p in Path(across_rows.__file__).parent.glob("*.sql"))
ALL = cases()
MODEL_CASES = [c for c in ALL if not c.query.startswith(f"{ACROSS_ROWS}.")]
RULE_CASES = [c for c in ALL if c.query.startswith(f"{ACROSS_ROWS}.")]


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build of a lake without a night: every table that a model reads, typed."""
    with open_memory() as db:
        lake_views.attach(db, Lake(tmp_path_factory.mktemp("lake")), market("PK"))
        db.execute("ATTACH ':memory:' AS target")
        db.execute("USE target")
        make_tables(db)
        yield db


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_memory() as db:
        yield db


@pytest.fixture
def regen(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regen", default=False))


def test_there_are_cases() -> None:
    assert len(MODEL_CASES) > 100
    assert len(RULE_CASES) > 15


def test_every_model_has_a_case() -> None:
    assert {c.query for c in MODEL_CASES} == set(MODELS)


def test_every_rule_across_rows_has_a_case_and_its_inputs() -> None:
    assert {c.query for c in RULE_CASES} == {f"{ACROSS_ROWS}.{rule}" for rule in RULES}
    assert set(_inputs_of_rules()) == set(RULES)


@pytest.mark.parametrize("case", MODEL_CASES, ids=str)
def test_model(
    case: Case, empty: duckdb.DuckDBPyConnection, db: duckdb.DuckDBPyConnection, regen: bool
) -> None:
    model = MODELS[case.query]
    given = case.given()
    assert set(given) <= reads(model), f"{case} gives a table that the model does not read"
    for catalog in ("lake", "staging", "target"):
        db.execute(f"ATTACH ':memory:' AS {catalog}")
    db.execute("USE target")
    for schema in PUBLISHED:
        db.execute(f"CREATE SCHEMA {schema}")
    for table in reads(model):
        create(db, table, columns_of(empty, table), given.get(table) or _usual(empty, table))
    db.execute(f"CREATE TABLE {model.table} AS {model.sql}")
    compare(db, model.table, case, regen)


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


def _usual(empty: duckdb.DuckDBPyConnection, table: str) -> Sheet:
    """Rows of a table that a case does not give: none, but for what the market says."""
    if table not in OF_THE_MARKET:
        return Sheet((), (), ())
    rows = empty.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {table}").fetchall()
    return Sheet((), tuple(columns_of(empty, table)), tuple(rows))


def _inputs_of_rules() -> dict[str, dict[str, Columns]]:
    return tomllib.loads((CASES / f"{ACROSS_ROWS}.toml").read_text("utf-8"))
