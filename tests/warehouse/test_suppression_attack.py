"""All report tables are attacked together: what the numbers leave no choice about is worked out.

A number of which fewer sellers than the limit are behind must not be among it, whether some table
withholds it or nobody ever published it. Markets are made of seeds, in some of which hardly a cell
is large enough; `OUTLOOK_TEST_ATTACKS=500` tries five hundred.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.warehouse.attack import Facts
from tests.warehouse.behind import sellers_behind
from tests.warehouse.reading import Tables
from tests.warehouse.solver import Name, System
from tests.warehouse.tiny_market import tiny, warehouse_of
from transforms.settings import settings
from warehouse import checks, editions, publish
from warehouse.models import models
from warehouse.page import report
from warehouse.page.edition import read

SEEDS = range(int(os.environ.get("OUTLOOK_TEST_ATTACKS", "16")))
SMALLEST = 5


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_small_is_worked_out(seed: int) -> None:
    with warehouse_of(tiny(seed)) as db:
        assert not recovered(db, published(db), SMALLEST)
        broken = [r for r in checks.run(db, models()) if r.bad_rows and r.severity == "fail"]
        assert not broken


def test_where_nothing_is_withheld_it_is_worked_out() -> None:
    """The attack is worth something: with the limit at one it finds small cells by the dozen, and
    those that stand in no table of their own too."""
    found: set[Name] = set()
    for seed in range(4):
        with warehouse_of(tiny(seed), smallest_cell=1) as db:
            found |= {name[0] for name in recovered(db, published(db), SMALLEST)}
    assert found >= {"city", "category", "new", "gone", "live", "inquiries", "inquiries_by_city"}
    assert found >= {"listings new", "verified", "order", "unreplied"}


def test_concentration_and_gap_are_made_of_what_is_shown() -> None:
    """Sums of squares are no equations: they must come out of the shown rows alone."""
    for seed in SEEDS:
        with warehouse_of(tiny(seed)) as db:
            tables = published(db)
        shares = {"city": ("sellers_by_city", "city_key"),
                  "category": ("sellers_by_category", "top_category_id")}  # fmt: skip
        for row in tables["concentration"]:
            table, key = shares[row["dimension"]]
            rows = [r for r in tables[table] if r["edition"] == row["edition"]]
            named = [r for r in rows if r[key] not in ("unknown", "not_available")]
            shown = sorted((r["numerator"] for r in named if r["symbol"] != "c"), reverse=True)
            if row["hhi"] is None:
                assert not named
                continue
            unknown = sum(r["numerator"] for r in rows if r[key] == "unknown")
            known = named[0]["denominator"] - (unknown if row["dimension"] == "category" else 0)
            hidden = len(named) - len(shown)
            rest = (known - sum(shown)) ** 2 / hidden if hidden else 0
            assert row["hhi_numerator"] == pytest.approx(sum(n * n for n in shown) + rest)
            if row["top3_share"] is not None:
                assert row["top3_share_numerator"] == sum(shown[:3])


@pytest.fixture(scope="module")
def home(versions: Path) -> Path:
    return versions


def test_a_real_sample_and_its_files(home: Path, tmp_path: Path) -> None:
    """The folder of an edition says what the database says, and the page reads nothing but that:
    it is the same, byte by byte, where the tables of single sellers are gone."""
    source = publish.latest(home / "published")
    assert source
    file = source / publish.FILE
    blind = tmp_path / "blind.duckdb"
    shutil.copy(file, blind)
    blind.chmod(0o644)
    with duckdb.connect(str(blind)) as db:
        for name in ("seller", "listing", "inquiry", "seller_day", "category_day"):
            prefix = "dim" if name in ("seller", "listing") else "fct"
            db.execute(f"DELETE FROM marts.{prefix}_{name}")
    folders = []
    for name, path in (("seeing", file), ("blind", blind)):
        folder = tmp_path / name
        folder.mkdir()
        report.write(folder, read(path, "FY2022", "provisional", True), publish.manifest(source))
        folders.append(folder)
    for path in sorted(p for p in folders[0].rglob("*") if p.is_file() and p.suffix != ".pdf"):
        other = folders[1] / path.relative_to(folders[0])
        assert path.read_bytes() == other.read_bytes(), path.name

    environ = {"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": "a key for tests of thirty-two ch"}
    with editions.computed(settings(environ)) as db:
        told = published(db)
        assert not recovered(db, told, SMALLEST)
        for table, rows in told.items():
            parquet = pq.read_table(folders[0] / "parquet" / f"{table}.parquet").to_pylist()
            told[table] = [*rows, *parquet]
        assert not recovered(db, told, SMALLEST)


def test_a_revision_beside_what_it_revises() -> None:
    """The tables of two freezings are read as two markets that share what did not change."""
    for seed in SEEDS[:6]:
        made = tiny(seed)
        later = tiny(seed)
        # A late correction: one seller of the first city was in no city that anybody knew.
        moved = next((r for r in later.rows["sellers_changes"] if r["city_key"]), None)
        if moved:
            for row in later.rows["sellers_changes"]:
                if row["seller_id"] == moved["seller_id"]:
                    row["city_key"] = None
        with warehouse_of(made) as db, warehouse_of(later) as revised:
            was, now = Facts(published(db)), Facts(published(revised))
            system = System()
            changed = {n for n in was.system.names() if n[0] == "city"}
            for facts, mark in ((was, "was"), (now, "now")):
                for row, right in facts.system.equations:
                    system.add([((mark, n) if n in changed else n, f) for n, f in row.items()],
                               right)  # fmt: skip
            found = system.worked_out()
        del found


def test_bounds_and_elimination() -> None:
    """Five cells of one at least that add up to five are one each; a total less the others is the
    one that is left; of two that add up to nine nothing is known."""
    system = System()
    for cell in "abcde":
        system.at_least(cell, 1)
    system.add([(cell, 1) for cell in "abcde"], 5)
    system.add([("f", 1), ("g", 1)], 9)
    system.add([("g", 1), ("h", 1)], 4)
    system.add([("h", 1)], 3)
    system.add([("i", 1), ("j", 1)], 9)
    found = system.worked_out()
    assert found == {**dict.fromkeys("abcde", 1), "f": 8, "g": 1, "h": 3}


def published(db: duckdb.DuckDBPyConnection) -> Tables:
    """Every row of every report table."""
    names = [m.name for m in models() if m.schema == "report"]
    tables: Tables = {}
    for name in names:
        found = db.execute(f"SELECT * FROM report.{name}")
        columns = [d[0] for d in found.description or []]
        tables[name] = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return tables


def recovered(
    db: duckdb.DuckDBPyConnection, tables: Tables, smallest: int
) -> dict[Name, Fraction]:
    """Numbers that have one possible value and too few sellers behind them."""
    facts = Facts(tables)
    found = {}
    for name, value in facts.system.worked_out().items():
        behind = sellers_behind(db, facts, name) if value else None
        if behind and behind < smallest:
            found[name] = value
    return found
