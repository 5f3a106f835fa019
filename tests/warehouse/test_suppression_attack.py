"""All report tables are attacked together: what the numbers leave no choice about is worked out.

A number with fewer contributors than the limit must not be among it, whether some table
withholds it or nobody ever published it. Markets are made of seeds, in some of which hardly a cell
is large enough; `OUTLOOK_TEST_ATTACKS=500` tries five hundred.
"""

import os
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.warehouse.attack import Facts
from tests.warehouse.contributors import contributors
from tests.warehouse.reading import NOTHING, UNKNOWN, Tables
from tests.warehouse.solver import Name, System
from tests.warehouse.tiny_market import tiny, warehouse_of
from transforms import engine
from transforms.settings import settings
from warehouse.build import checks
from warehouse.editions import freeze
from warehouse.models import models
from warehouse.page import pdf, report
from warehouse.page.edition import read
from warehouse.versions import FILE, latest, manifest

# Among them one at least for each guard that is seen to fail without it.
SEEDS: Sequence[int] = (0, 1, 2, 3, 5, 7, 10, 11, 12, 14, 23, 28, 38)
if "OUTLOOK_TEST_ATTACKS" in os.environ:
    SEEDS = range(int(os.environ["OUTLOOK_TEST_ATTACKS"]))
SMALLEST = 5
# What the other sellers of a city, or of a partner, did.
OTHER = {"kept": "gone", "gone": "kept", "stayed": "left", "left": "stayed"}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_small_is_worked_out(seed: int) -> None:
    with warehouse_of(tiny(seed)) as db:
        tables = published(db)
        assert not recovered(db, tables, SMALLEST)
        assert_concentration_is_made_of_what_is_shown(tables)
        broken = [r for r in checks.run(db, models()) if r.bad_rows and r.severity == "fail"]
        assert not broken


def test_where_nothing_is_withheld_it_is_worked_out() -> None:
    """The attack is worth something: with the limit at one it finds small cells by the dozen, and
    those that stand in no table of their own too."""
    found: set[object] = set()
    for seed in range(4):
        with warehouse_of(tiny(seed), smallest_cell=1) as db:
            worked_out = recovered(db, published(db), SMALLEST)
            found |= {name[0] for name in worked_out if isinstance(name, tuple)}
    assert found >= {"city", "category", "new", "gone", "live", "inquiries", "inquiries_by_city"}
    assert found >= {"listings new", "verified", "order", "unreplied"}
    assert found >= {"live of city", "lists", "in time"}


def test_a_real_sample_and_its_files(
    versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of an edition says what the database says, and the page reads nothing but that:
    it is the same, byte by byte, where the tables of single sellers are gone."""
    monkeypatch.setattr(pdf, "write", lambda *_: False)  # it is made of the page
    source = latest(versions / "published")
    assert source
    file = source / FILE
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
        report.write(folder, read(path, "FY2022", True), manifest(source))
        folders.append(folder)
    for path in sorted(p for p in folders[0].rglob("*") if p.is_file()):
        other = folders[1] / path.relative_to(folders[0])
        assert path.read_bytes() == other.read_bytes(), path.name

    environ = {"OUTLOOK_HOME": str(versions), "OUTLOOK_KEY": "a key for tests of thirty-two ch"}
    with freeze.computed(settings(environ)) as db:
        told = published(db)
        assert not recovered(db, told, SMALLEST)
        for table, rows in told.items():
            parquet = pq.read_table(folders[0] / "parquet" / f"{table}.parquet").to_pylist()
            told[table] = [*rows, *parquet]
        assert not recovered(db, told, SMALLEST)


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
    return {name: engine.rows(db, f"SELECT * FROM report.{name}") for name in names}


def assert_concentration_is_made_of_what_is_shown(tables: Tables) -> None:
    """Sums of squares are no equations of the attack: they must come out of the shown rows alone,
    the withheld classes counted at the mean of what is left."""
    shares = {
        "city": ("sellers_by_city", "city_key"),
        "category": ("sellers_by_category", "top_category_id"),
    }
    for row in tables["concentration"]:
        table, key = shares[row["dimension"]]
        rows = [r for r in tables[table] if r["edition"] == row["edition"]]
        named = [r for r in rows if r[key] not in (UNKNOWN, NOTHING)]
        if not named:
            assert row["hhi"] is None
            continue
        shown = sorted((r["numerator"] for r in named if r["symbol"] != "c"), reverse=True)
        unknown = sum(r["numerator"] for r in rows if r[key] == UNKNOWN)
        known = named[0]["denominator"] - (unknown if row["dimension"] == "category" else 0)
        hidden = len(named) - len(shown)
        rest = (known - sum(shown)) ** 2 / hidden if hidden else 0
        assert row["hhi_numerator"] == pytest.approx(sum(n * n for n in shown) + rest)
        if row["top3_share"] is not None:
            assert row["top3_share_numerator"] == sum(shown[:3])


def recovered(db: duckdb.DuckDBPyConnection, tables: Tables, smallest: int) -> dict[Name, Fraction]:
    """Numbers that have one possible value and too few contributors; and cities and partners of
    which it is known that all sellers stayed or all left, unless the whole market tells so."""
    facts = Facts(tables)
    found: dict[Name, Fraction] = {}
    worked_out = facts.system.worked_out()
    for name, value in worked_out.items():
        match name:
            case (str(kind), of_what, str(key)) if value == 0 and kind in OTHER and key != UNKNOWN:
                other: Name = (OTHER[kind], of_what, key)
                if worked_out.get((kind, of_what)) != 0 and contributors(db, facts, other):
                    found[name] = value
        of = contributors(db, facts, name) if value else None
        if of and of < smallest:
            found[name] = value
    return found
