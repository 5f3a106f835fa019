"""Four real files through the line: every row accounted for, counted apart from our reader."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import pytest

from transforms import night
from transforms.lake import Lake, Receipt
from transforms.settings import settings

NIGHT = date(2025, 7, 13)

# rows in, accepted, duplicate; what becomes null; what is warned of
EXPECTED = {
    "rfq_uae_2025-07-13.csv": (2000, 2000, 0, {}, {("constant_flag", 2000), ("page_cap", 2000)}),
    "rfq_uae_2025-07-14.csv": (2000, 1995, 5, {}, {("constant_flag", 2000), ("page_cap", 2000)}),
    "listings_usd_en.csv": (1439, 1439, 0, {}, set()),
    "suppliers_en.csv": (
        1805, 1792, 13,
        {"markets": {"shares add up to more than one": 8}},
        {("label_moved", 179), ("label_moved", 4)},
    ),
}  # fmt: skip
DATASET = {"rfq": "inquiries", "lis": "listings", "sup": "sellers"}


def loaded(home: Path, source: Path, on: date = NIGHT) -> Receipt:
    folder = home / "exports" / f"{on}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / source.name).write_bytes(source.read_bytes())
    return night.run(DATASET[source.name[:3]], on, settings())


@pytest.mark.parametrize("name", EXPECTED)
def test_every_row_is_accounted_for(name: str, home: Path, real_exports: Path) -> None:
    with (real_exports / name).open(encoding="utf-8-sig", newline="") as file:
        counted = sum(1 for _ in csv.reader(file)) - 1
    receipt = loaded(home, real_exports / name)
    rows_in, accepted, duplicate, value_rejects, warnings = EXPECTED[name]
    assert counted == rows_in
    assert receipt["rows"] == {
        "in": rows_in, "accepted": accepted, "rejected": 0, "duplicate": duplicate
    }  # fmt: skip
    assert receipt["reasons"] == {}
    assert receipt["value_rejects"] == value_rejects
    assert {(w["code"], w["count"]) for w in receipt["warnings"]} == warnings
    assert receipt["drift"] == {"new_columns": [], "missing_columns": []}
    assert receipt["status"] == ("partial" if rows_in == 2000 else "ok")


def test_thirteen_storefronts_stand_twice(home: Path, real_exports: Path) -> None:
    receipt = loaded(home, real_exports / "suppliers_en.csv")
    with (real_exports / "suppliers_en.csv").open(encoding="utf-8-sig", newline="") as file:
        hosts = Counter(r["title href"].split("/company_profile")[0] for r in csv.DictReader(file))
    assert sum(n - 1 for n in hosts.values()) == receipt["rows"]["duplicate"] == 13


def test_slid_rows_keep_their_markets_and_have_no_revenue(home: Path, real_exports: Path) -> None:
    receipt = loaded(home, real_exports / "suppliers_en.csv")
    with (real_exports / "suppliers_en.csv").open(encoding="utf-8-sig", newline="") as file:
        slid = {
            n
            for n, r in enumerate(csv.DictReader(file), start=1)
            if r["name 4"] == "Top 3 Markets:"
        }
    assert len(slid) == 179
    (path,) = Lake(settings().lake).part_paths(receipt, "rows")
    rows = duckdb.sql(
        f"SELECT row_number() OVER () AS place, markets IS NOT NULL AS has_markets, "
        f"coalesce(revenue_band_min_usd, revenue_band_max_usd) AS revenue, _source_row "
        f"FROM read_parquet('{path}')"
    ).fetchall()
    # Rows of several lines: the nth record of the file begins on the nth line in this order.
    with (real_exports / "suppliers_en.csv").open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        begins, line = {}, reader.line_num
        for n, _ in enumerate(reader, start=1):
            begins[line + 1] = n
            line = reader.line_num
    of_slid = [row for row in rows if begins[row[3]] in slid]
    assert len(of_slid) >= 179 - 13
    assert all(revenue is None for _, _, revenue, _ in of_slid)
    assert sum(has for _, has, _, _ in of_slid) >= len(of_slid) - 5
    others = [revenue for _, _, revenue, at in rows if begins[at] not in slid]
    assert sum(r is not None for r in others) > 1_500


def test_posted_days_of_two_nights_agree(home: Path, real_exports: Path) -> None:
    """The same requests, seen a day later under other headers, were posted on the same days."""
    one = loaded(home, real_exports / "rfq_uae_2025-07-13.csv")
    two = loaded(home, real_exports / "rfq_uae_2025-07-14.csv", date(2025, 7, 14))
    lake = Lake(settings().lake)
    (first,), (second,) = (lake.part_paths(r, "rows") for r in (one, two))
    found = duckdb.sql(
        f"""
        WITH a AS (SELECT subject, posted_date_local AS day FROM read_parquet('{first}')
                   QUALIFY count(*) OVER (PARTITION BY subject) = 1),
        b AS (SELECT subject, posted_date_local AS day FROM read_parquet('{second}')
              QUALIFY count(*) OVER (PARTITION BY subject) = 1)
        SELECT count(*), count(*) FILTER (WHERE a.day = b.day)
        FROM a JOIN b ON a.subject = b.subject
        WHERE a.day IS NOT NULL AND b.day IS NOT NULL
        """
    ).fetchone()
    assert found
    matched, agreeing = found
    assert matched > 1_700
    assert agreeing / matched >= 0.9
