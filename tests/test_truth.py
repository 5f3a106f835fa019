"""Every report table against the truth of 47 months, in every column, and how much it shows at all.

A table in which everything is withheld or not available agrees with any truth: so each must show as
many plain values (neither null nor marked c or x) as `truth_shows.toml` says. The sample has no
requests for quotation: a list of some is laid in a night on which no inquiries came.
"""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.oracle import truth
from tests.test_order import as_rows, published, published_rows, settings_of
from transforms import DATASETS
from transforms import night as line
from transforms.deliveries import exports
from transforms.sample import write_sample
from warehouse import versions
from warehouse.build.build import Built, build
from warehouse.models import models

FIRST, LAST = date(2018, 8, 1), date(2022, 6, 30)
SCALE, SEED = 0.09, 1  # at 0.08 all of who came and went by city is withheld
SHOWS: dict[str, int] = tomllib.loads(
    Path(__file__).with_name("truth_shows.toml").read_text("utf-8")
)
TABLES = sorted(m.name for m in models() if m.schema == "report")

# Places left of requests for quotation posted two days before; ten less those are the quotes.
PLACES_LEFT = (0, 0, 1, 2, 4, 5, 7, 8, 9, 9, 10, 10)
REQUEST = (
    "Title",
    "Posted in",
    "Quotes Left",
    "Quantity Required",
    "Complete Order",
    "Date Posted",
)

PAID = (
    "country_iso2 = 'PK' AND membership IN ('gold', 'global_gold', 'verified', 'verified_pro') "
    "AND edition.sellers_as_of BETWEEN paid_from_on AND paid_to_on"
)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Months:
    """47 month ends, published; `told` is the truth of every report table, `asked` the night of
    requests."""

    built: Built
    rows: dict[str, Rows]  # of report tables, as published
    told: dict[str, Rows]
    asked: date


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Months:
    home = tmp_path_factory.mktemp("months")
    write_sample(home / "exports", FIRST, LAST, scale=SCALE, seed=SEED, every="month")
    told = truth(home / "exports")
    asked = next(
        night
        for night, counts in told["nights"].items()
        if counts["inquiries"]["status"] == "missing" != counts["sellers"]["status"]
    )
    _write_requests(home / "exports" / asked)
    chosen = settings_of(home, home / "exports")
    for night in exports.due_nights(chosen.exports, FIRST, LAST):
        for dataset in DATASETS:
            line.load(dataset, night, chosen)
    built = build(chosen)
    tables = published(built, [f"report.{table}" for table in TABLES])
    rows = {name.removeprefix("report."): found for name, found in tables.items()}
    return Months(built, rows, told["report"], date.fromisoformat(asked))


def _write_requests(folder: Path) -> None:
    with open(folder / "inquiries.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(REQUEST)
        for number, left in enumerate(PLACES_LEFT):
            out.writerow(
                (
                    f"Gloves of kind {number}",
                    "Germany",
                    left,
                    f"{100 + number} Pieces",
                    "no",
                    "2 days ago",
                )
            )
    # It promises no such file.
    (folder / "manifest.json").unlink(missing_ok=True)


def test_every_table_has_a_truth_and_says_how_much_it_shows() -> None:
    assert sorted(SHOWS) == TABLES


@pytest.mark.parametrize("table", [t for t in TABLES if not t.startswith("rfq_demand")])
def test_table_is_the_truth(table: str, months: Months) -> None:
    found, right = as_rows(months.rows[table]), as_rows(months.told[table])
    wrong, lacking = found - right, right - found
    assert not wrong and not lacking, f"report.{table} has {wrong} and lacks {lacking}"


def test_requests_are_those_of_the_list(months: Months) -> None:
    of_years, of_weeks = (months.rows[t] for t in ("rfq_demand", "rfq_demand_by_week"))
    rows, night = [*of_years, *of_weeks], months.asked
    within = {r["edition"] for r in rows if r["period_from"] <= night <= r["period_to"]}
    assert len(within) == 2
    elsewhere = [r for r in months.told["rfq_demand"] if r["edition"] not in within]
    assert as_rows([r for r in rows if r["edition"] not in within]) == as_rows(elsewhere)
    requests, quotes = len(PLACES_LEFT), sum(10 - left for left in PLACES_LEFT)
    for row in (r for r in rows if r["edition"] in within):
        assert (row["as_of"], row["capped_nights"]) == (night, None)
        assert row["rfqs"] == row["rfqs_numerator"] == requests
        assert row["rfqs_coverage"] == row["quotes_per_rfq_coverage"] == 1
        assert row["quotes_per_rfq"] == pytest.approx(quotes / requests)
        assert (row["quotes_per_rfq_numerator"], row["quotes_per_rfq_denominator"]) == (
            quotes,
            requests,
        )
        assert row["filled_share"] == pytest.approx(PLACES_LEFT.count(0) / requests)
        first, last = (row.get(f"span_{e}", row[f"period_{e}"]) for e in ("from", "to"))
        assert first <= night - timedelta(2) <= last
    assert {r["edition"] for r in of_weeks} == within and len(of_weeks) == 2


@pytest.mark.parametrize("table", TABLES)
def test_table_shows_enough(table: str, months: Months) -> None:
    shown = sum(1 for row in months.rows[table] for _ in plain(row))
    assert shown >= SHOWS[table], f"report.{table} shows {shown} values: the truth tests nothing"


def test_sellers_of_the_sample_move(months: Months) -> None:
    """Else the truth could not tell what an edition knew from what is known now."""
    states: dict[str, list[tuple[Any, Any]]] = {}
    for row in published_rows(months.built, "marts.dim_seller"):
        states.setdefault(row["seller_id"], []).append((row["country_iso2"], row["city_key"]))
    left = came = moved = 0
    for told in states.values():
        for (country, city), (next_country, next_city) in zip(told, told[1:], strict=False):
            left += country == "PK" and next_country not in (None, "PK")
            came += country not in (None, "PK") and next_country == "PK"
            moved += country == next_country and None not in (city, next_city) and city != next_city
    assert min(left, came, moved) > 0, (left, came, moved)


def plain(row: dict[str, Any]) -> Iterator[Any]:
    """Values of the row's measures that are numbers, final or provisional."""
    for column, symbol in row.items():
        measure = "numerator" if column == "symbol" else column.removesuffix("_symbol")
        is_symbol = column == "symbol" or column.endswith("_symbol")
        if is_symbol and symbol not in ("c", "x") and row[measure] is not None:
            yield row[measure]


def test_whoever_counts_main_categories_counts_what_the_report_says(months: Months) -> None:
    """By edition from dim_main_category, and today's from dim_seller alone."""
    by_edition = f"""
        SELECT edition.edition, coalesce(main.main_category_id, 'unknown'), count(*)
        FROM marts.dim_edition AS edition
        JOIN marts.dim_seller AS seller
            ON valid_from_on <= edition.sellers_as_of
            AND (valid_until_on IS NULL OR valid_until_on > edition.sellers_as_of)
        LEFT JOIN marts.dim_main_category AS main
            ON main.edition = edition.edition AND main.seller_id = seller.seller_id
        WHERE {PAID}
        GROUP BY ALL"""
    today = f"""
        SELECT edition.edition, coalesce(main_category_id, 'unknown'), count(*)
        FROM marts.dim_edition AS edition
        JOIN marts.dim_seller ON is_current
        WHERE edition.edition = 'FY2022' AND {PAID}
        GROUP BY ALL"""
    shown = {
        (row["edition"], row["top_category_id"]): row["numerator"]
        for row in months.rows["sellers_by_category"]
        if row["numerator"] is not None
    }
    with duckdb.connect(str(months.built.folder / versions.FILE), read_only=True) as db:
        for query, editions in ((by_edition, {e for e, _ in shown}), (today, {"FY2022"})):
            counted = {(e, key): count for e, key, count in db.execute(query).fetchall()}
            right = {key: count for key, count in shown.items() if key[0] in editions}
            assert right and {key: counted.get(key) for key in right} == right
