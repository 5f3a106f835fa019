"""Personal data stays in its place: nothing of it reaches Parquet that counts, or the warehouse."""

import csv
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from transforms import DATASETS, night
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import settings
from warehouse.build import build

NIGHT = date(2022, 6, 30)


@pytest.fixture
def people(home: Path, caplog: pytest.LogCaptureFixture) -> set[str]:
    """Names and telephone numbers of a night that has been loaded and published."""
    caplog.set_level("DEBUG")
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.05)
    folder = home / "exports" / f"{NIGHT}"
    with (folder / "sellers.csv").open(encoding="utf-8-sig", newline="") as file:
        known = {v for r in csv.DictReader(file) for v in (r["Contact Name"], r["Phone"]) if v}
    inquiries = json.loads((folder / "inquiries.json").read_text("utf-8"))
    known |= {r["buyer_name"] for r in inquiries if r["buyer_name"]}
    assert len(known) > 100
    for dataset in DATASETS:
        night.run(dataset, NIGHT, settings())
    build(settings())
    return known


def texts(db: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    """Every text in a table or file, those inside lists too."""
    found: set[str] = set()
    for row in db.execute(f"SELECT * FROM {source}").fetchall():
        found |= {part for cell in row if isinstance(cell, str) for part in (cell,)}
        found |= {part for cell in row if isinstance(cell, list) for part in cell if part}
    return found


def test_nothing_personal_reaches_the_warehouse(home: Path, people: set[str]) -> None:
    path = home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(path), read_only=True) as db:
        tables = db.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
        ).fetchall()
        assert len(tables) > 15
        for (table,) in tables:
            assert not texts(db, table) & people, table
    raw = path.read_bytes()
    assert not [p for p in people if len(p) > 8 and p.encode() in raw]


def test_nothing_personal_reaches_accepted_rows(home: Path, people: set[str]) -> None:
    lake = Lake(settings().lake)
    with duckdb.connect() as db:
        for dataset in DATASETS:
            receipt = lake.receipt(dataset, NIGHT)
            assert receipt
            for part in ("rows", "metrics", "day"):
                for path in lake.part_paths(receipt, part):
                    assert not texts(db, f"read_parquet('{path}')") & people
        for fold in (home / "lake" / "history").rglob("*.parquet"):
            assert not texts(db, f"read_parquet('{fold}')") & people


def test_logs_and_receipts_name_nobody(
    home: Path, people: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    told = caplog.text + "".join(
        p.read_text() for p in (home / "lake" / "receipts").rglob("*.json")
    )
    assert "accepted" in told
    assert not [p for p in people if p in told]


@pytest.mark.parametrize(
    "broken",
    [
        b'[{"inquiry_id": "1", "buyer_name": "John Q Personal" "channel": "tm"}]',
        b'[{"inquiry_id": "1", "buyer_name": "John \xff Personal"}]',
    ],
)
def test_a_broken_file_names_nobody_either(
    broken: bytes, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A parser shows the text around a fault; the reason of a refusal is published."""
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    (folder / "inquiries.json").write_bytes(broken)
    receipt = night.run("inquiries", NIGHT, settings())
    assert receipt["status"] == "refused"
    assert "cannot be read as JSON" in receipt["reason"] or "fits no layout" in receipt["reason"]
    told = caplog.text + "".join(p.read_text() for p in (home / "lake").rglob("*.json"))
    assert "refused" in told
    assert "Personal" not in told


def test_deliveries_and_rejected_rows_are_for_nobody_else_to_read(
    home: Path, people: set[str]
) -> None:
    kept = [p for p in (home / "landing").rglob("*") if p.is_file()]
    kept += list((home / "lake").rglob("rejected.parquet"))
    assert len(kept) >= 4
    assert {p.stat().st_mode & 0o777 for p in kept} == {0o600}
    assert (home / "landing" / f"{NIGHT}").stat().st_mode & 0o777 == 0o700


def test_there_is_no_value_of_goods_sold(home: Path, people: set[str]) -> None:
    path = home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(path), read_only=True) as db:
        columns = db.execute("SELECT column_name FROM duckdb_columns()").fetchall()
        assert not [c for (c,) in columns if "gmv" in c or "turnover" in c or "goods" in c]
        rows = db.execute(
            "SELECT value, numerator, denominator, coverage, symbol FROM report.headline "
            "WHERE metric = 'goods_sold_value'"
        ).fetchall()
    assert set(rows) == {(None, None, None, None, "x")}
