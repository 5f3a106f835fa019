"""Every real file through the line: each row accounted for, counted apart from our reader."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from tests import plain_readers
from tests.conftest import REAL_EXCERPTS, REAL_EXPORTS
from transforms import night
from transforms.errors import ExportError
from transforms.inspection import inspect
from transforms.lake import Lake, Receipt
from transforms.lake.receipt import Drift, Rows
from transforms.settings import settings
from warehouse.build.build import build

NIGHT = date(2025, 7, 13)


class Seen(NamedTuple):
    """What becomes of one real file, as it stands in the table of docs/layouts.md."""

    layout: str
    encoding: str | None
    header_row: int | None
    accepted: int
    duplicate: int
    reasons: dict[str, int] = {}
    value_rejects: dict[str, dict[str, int]] = {}
    warnings: frozenset[tuple[str, str | None, int]] = frozenset()
    night: date = NIGHT


CAPPED = ("page_cap", None, 2000)
EXPECTED = {
    "rfq_uae_2025-07-13.csv": Seen(
        "inquiries_rfq_search",
        "utf-8",
        1,
        2000,
        0,
        warnings=frozenset(
            {
                CAPPED,
                ("constant_flag", "complete_order_via_rfq", 2000),
                ("huge_quantity", "quantity", 5),
            }
        ),
    ),
    "rfq_uae_2025-07-14.csv": Seen(
        "inquiries_rfq_posted",
        "utf-8-sig",
        1,
        1995,
        5,
        warnings=frozenset(
            {
                CAPPED,
                ("huge_quantity", "quantity", 6),
                ("mojibake_repaired", "description", 194),
                *(
                    ("constant_flag", flag, 2000)
                    for flag in (
                        "complete_order_via_rfq",
                        "email_confirmed",
                        "experienced_buyer",
                        "interactive_user",
                        "typical_replies",
                    )
                ),
            }
        ),
        night=date(2025, 7, 14),
    ),
    "rfq_world_2025-07-18.xlsx": Seen(
        "inquiries_rfq_world",
        None,
        1,
        1882,
        98,
        value_rejects={"buyer_country_iso2": {"unknown country": 1}},
        warnings=frozenset({("huge_quantity", "quantity", 15)}),
        night=date(2025, 7, 18),
    ),
    "rfq_keyword_2025-07-28.csv": Seen(
        "inquiries_rfq_keyword",
        "utf-8",
        1,
        838,
        2,
        warnings=frozenset(
            {
                ("huge_quantity", "quantity", 2),
                ("mojibake_repaired", "description", 86),
            }
        ),
        night=date(2025, 7, 28),
    ),
    "listings_usd_en.csv": Seen(
        "listings_search_page",
        "utf-8",
        1,
        1439,
        0,
        warnings=frozenset({("long_title", "title", 5)}),
    ),
    "listings_usd_fr.json": Seen(
        "listings_search_page_fr",
        "utf-8",
        None,
        998,
        458,
        warnings=frozenset({("long_title", "title", 783)}),
    ),
    "listings_detail_with_pk.csv": Seen(
        "listings_detail_page",
        "utf-8",
        1,
        959,
        38,
        value_rejects={
            "origin_country_iso2": {"unknown country": 29},
            "price_min": {"ladder does not fall": 155, "not a price": 2},
        },
        warnings=frozenset({("label_moved", "title", 487)}),
    ),
    "listings_usd_nbsp_1.csv": Seen(
        "listings_search_page_list",
        "utf-8",
        1,
        485,
        16,
        reasons={"product_id: missing": 4},
        warnings=frozenset({("long_title", "title", 5)}),
    ),
    "listings_kes_cp1252.csv": Seen(
        "listings_kes",
        "cp1252",
        1,
        764,
        3,
        warnings=frozenset({("encoding_guessed", None, 767)}),
    ),
    "seller_product_export_zh.csv": Seen(
        "listings_back_office", "utf-8", 6, 12, 0, night=date(2026, 9, 19)
    ),
    "Products-2026-09-19.xls": Seen(
        "listings_back_office", None, 6, 12, 0, night=date(2026, 9, 19)
    ),
    "suppliers_en.csv": Seen(
        "sellers_search_page",
        "utf-8",
        1,
        1792,
        13,
        value_rejects={"markets": {"shares add up to more than one": 8}},
        warnings=frozenset(
            {
                ("label_moved", "revenue_band", 179),
                ("label_moved", "main_products", 4),
            }
        ),
    ),
    "suppliers_gb18030.csv": Seen(
        "sellers_contact_page_zh",
        "gb18030",
        1,
        59,
        0,
        value_rejects={"phone_key": {"not a telephone number": 16}},
        warnings=frozenset({("encoding_guessed", None, 59)}),
    ),
}
ROWS_IN = {
    "rfq_uae_2025-07-13.csv": 2000,
    "rfq_uae_2025-07-14.csv": 2000,
    "rfq_world_2025-07-18.xlsx": 1980,
    "rfq_keyword_2025-07-28.csv": 840,
    "listings_usd_en.csv": 1439,
    "listings_usd_fr.json": 1456,
    "listings_detail_with_pk.csv": 997,
    "listings_usd_nbsp_1.csv": 505,
    "listings_kes_cp1252.csv": 767,
    "seller_product_export_zh.csv": 12,
    "Products-2026-09-19.xls": 12,
    "suppliers_en.csv": 1805,
    "suppliers_gb18030.csv": 59,
}

# Rows in, rejected and duplicate of the excerpts: twenty rows of each, and the twins of some.
EXCERPTS = {
    "rfq_uae_2025-07-13.csv": (20, 0, 0),
    "rfq_uae_2025-07-14.csv": (23, 0, 3),
    "rfq_world_2025-07-18.xlsx": (21, 0, 1),
    "rfq_keyword_2025-07-28.csv": (21, 0, 1),
    "listings_usd_en.csv": (20, 0, 0),
    "listings_usd_fr.json": (21, 0, 1),
    "listings_detail_with_pk.csv": (21, 0, 1),
    "listings_usd_nbsp_1.csv": (21, 1, 1),
    "listings_kes_cp1252.csv": (21, 0, 1),
    "seller_product_export_zh.csv": (12, 0, 0),
    "Products-2026-09-19.xls": (12, 0, 0),
    "suppliers_en.csv": (21, 0, 1),
    "suppliers_gb18030.csv": (20, 0, 0),
}


def loaded(home: Path, source: Path, on: date = NIGHT) -> Receipt:
    folder = home / "exports" / f"{on}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / source.name).write_bytes(source.read_bytes())
    dataset = EXPECTED[source.name].layout.partition("_")[0]
    return night.run(dataset, on, settings())


@pytest.mark.parametrize("name", EXPECTED)
def test_every_row_is_accounted_for(name: str, home: Path, real_exports: Path) -> None:
    counted = len(plain_readers.records(real_exports / name))
    seen = EXPECTED[name]
    receipt = loaded(home, real_exports / name, seen.night)
    assert counted == ROWS_IN[name]
    assert receipt.layout == seen.layout
    assert receipt.rows == Rows(counted, seen.accepted, sum(seen.reasons.values()), seen.duplicate)
    assert counted == seen.accepted + sum(seen.reasons.values()) + seen.duplicate
    assert receipt.reasons == seen.reasons
    assert receipt.value_rejects == seen.value_rejects
    assert {(w.code, w.column, w.count) for w in receipt.warnings} == seen.warnings
    assert receipt.drift == Drift((), ())
    assert receipt.status == ("partial" if counted == 2000 else "ok")


@pytest.mark.parametrize("name", EXPECTED)
def test_inspect_finds_encoding_and_header_row(name: str, real_exports: Path) -> None:
    seen = EXPECTED[name]
    said = inspect(real_exports / name, None, seen.night, settings({}))
    assert (said.export.layout.name, said.export.encoding, said.export.header_row) == (
        seen.layout,
        seen.encoding,
        seen.header_row,
    )
    assert said.receipt.rows.accepted == seen.accepted


@pytest.mark.parametrize("name", EXCERPTS)
def test_every_row_of_an_excerpt_is_accounted_for(name: str, home: Path) -> None:
    """Twenty rows or so of each file, which every clone has."""
    counted = len(plain_readers.records(REAL_EXCERPTS / name))
    rows_in, rejected, duplicate = EXCERPTS[name]
    seen = EXPECTED[name]
    receipt = loaded(home, REAL_EXCERPTS / name, seen.night)
    assert counted == rows_in
    assert receipt.layout == seen.layout
    assert receipt.rows == Rows(counted, counted - rejected - duplicate, rejected, duplicate)
    assert receipt.drift == Drift((), ())
    said = inspect(REAL_EXCERPTS / name, None, seen.night, settings())
    assert (said.export.encoding, said.export.header_row) == (seen.encoding, seen.header_row)


def test_an_excerpt_of_a_shifted_table_is_refused(home: Path) -> None:
    with pytest.raises(ExportError) as refused:
        inspect(REAL_EXCERPTS / "suppliers_shifted_columns.csv", None, NIGHT, settings())
    assert refused.value.code == "shifted"
    assert "10 headers over rows of 8 values" in str(refused.value)


def test_a_shifted_table_is_refused(home: Path, real_exports: Path) -> None:
    name = "suppliers_shifted_columns.csv"
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir(parents=True)
    (folder / name).write_bytes((real_exports / name).read_bytes())
    with pytest.raises(ExportError) as refused:
        inspect(folder / name, None, NIGHT, settings())
    assert refused.value.code == "shifted"
    assert "10 headers over rows of 8 values" in str(refused.value)
    assert "684 rows" in str(refused.value)


@pytest.mark.parametrize("exports", [REAL_EXCERPTS, REAL_EXPORTS], ids=["excerpts", "whole"])
def test_the_back_office_export_is_the_same_from_csv_and_xls(home: Path, exports: Path) -> None:
    if not exports.is_dir():
        pytest.skip(f"REAL EXPORTS ARE ABSENT: {exports}")
    found = []
    for name in ("seller_product_export_zh.csv", "Products-2026-09-19.xls"):
        one = home / name
        (one / "exports").mkdir(parents=True)
        lake = settings({"OUTLOOK_HOME": str(one), "OUTLOOK_KEY": "key of more than a few letters"})
        folder = one / "exports" / "2026-09-19"
        folder.mkdir()
        (folder / name).write_bytes((exports / name).read_bytes())
        receipt = night.run("listings", date(2026, 9, 19), lake)
        paths = [Lake(lake.lake).part_paths(receipt, part)[0] for part in ("rows", "metrics")]
        found.append(
            [
                duckdb.sql(f"SELECT * EXCLUDE ({out}) FROM read_parquet('{path}')").fetchall()
                for path, out in zip(paths, ("_source_file", "period_end"), strict=True)
            ]
        )
    assert found[0] == found[1]
    assert len(found[0][0]) == 12


def test_thirty_four_listings_are_made_in_pakistan(home: Path, real_exports: Path) -> None:
    receipt = loaded(home, real_exports / "listings_detail_with_pk.csv")
    (path,) = Lake(settings().lake).part_paths(receipt, "rows")
    made = duckdb.sql(
        f"SELECT count(*) FROM read_parquet('{path}') WHERE origin_country_iso2 = 'PK'"
    ).fetchone()
    assert made == (34,)


def test_an_edition_from_real_files_alone_invents_nothing(home: Path, real_exports: Path) -> None:
    """Thirteen samples make no census: every figure says so and names what is missing."""
    for name, seen in EXPECTED.items():
        loaded(home, real_exports / name, seen.night)
    built = build(settings(), incomplete=True)
    with duckdb.connect(str(built.folder / "outlook.duckdb"), read_only=True) as db:
        tables = [
            t
            for (t,) in db.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'report'"
            ).fetchall()
        ]
        # Requests for quotation come as samples and nothing else: theirs is the one figure.
        tables.remove("rfq_demand")
        tables.remove("rfq_demand_by_week")
        for table in tables:
            columns = [d[0] for d in db.execute(f"FROM report.{table}").description or []]
            for column in (c for c in columns if c.endswith("symbol")):
                marks = db.execute(f"SELECT DISTINCT {column} FROM report.{table}").fetchall()
                # Without a single covered day no month has a row.
                known = ([("x",)], []) if "span_from" in columns else ([("x",)],)
                assert marks in known, (table, column)
            numbers = [
                c for c in columns if c.endswith(("numerator", "coverage", "value", "share"))
            ]
            for column in numbers:
                assert db.execute(f"SELECT count({column}) FROM report.{table}").fetchone() == (0,)
        missing = dict(
            db.execute(
                "SELECT figure, missing FROM meta.availability WHERE edition = 'FY2026'"
            ).fetchall()
        )
        assert "membership" in missing["paid_sellers"]
        assert "city" in missing["sellers_by_city"]
        assert "category_id" in missing["listings_by_category"]
        # Of the 6,715 accepted requests ten stand in two files under one key, and 1,848 of 14 July
        # are known by their numbers from 13 July.
        assert db.execute("SELECT count(*) FROM marts.fct_inquiry").fetchone() == (4_857,)


def test_requests_of_a_capped_night_are_demand(home: Path, real_exports: Path) -> None:
    """Counted from the file's own rows; the night is named, for its list stops at 2,000."""
    path = real_exports / "rfq_uae_2025-07-13.csv"
    loaded(home, path)
    with path.open(encoding="utf-8", newline="") as file:
        left = [int(row["Quotes Left"]) for row in csv.DictReader(file) if row["Inquiry Date"]]
    built = build(settings(), incomplete=True)
    with duckdb.connect(str(built.folder / "outlook.duckdb"), read_only=True) as db:
        year = db.execute(
            "SELECT rfqs, quotes_per_rfq_numerator, filled_share_numerator, filled_share_symbol, "
            "rfqs_coverage, capped_nights FROM report.rfq_demand "
            "WHERE edition = 'CY2025'"
        ).fetchone()
        weeks = db.execute(
            "SELECT sum(rfqs), count(*), min(capped_nights) "
            "FROM report.rfq_demand_by_week WHERE edition = 'CY2025'"
        ).fetchone()
        received = db.execute("SELECT count(inquiries) FROM report.inquiry_year").fetchone()
    assert len(left) == 1_996, "four rows say nothing of when they were posted"
    quotes, filled = sum(10 - n for n in left), left.count(0)
    assert year == (1_996, quotes, filled, "p", 1_996 / 2_000, "2025-07-13")
    assert weeks == (1_996, 3, "2025-07-13")
    assert received == (0,)


def test_thirteen_storefronts_stand_twice(home: Path, real_exports: Path) -> None:
    receipt = loaded(home, real_exports / "suppliers_en.csv")
    with (real_exports / "suppliers_en.csv").open(encoding="utf-8-sig", newline="") as file:
        hosts = Counter(r["title href"].split("/company_profile")[0] for r in csv.DictReader(file))
    assert sum(n - 1 for n in hosts.values()) == receipt.rows.duplicate == 13


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
