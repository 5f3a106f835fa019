"""What the truth says of listings, counted again from the files by rules written anew here."""

import csv
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.transforms.sample.found import (
    Found,
    Rows,
    dataset,
    facts_of,
    found_in,
    truth_of,
)
from transforms.sample import write_sample
from transforms.sample.universe.parameters import MARKETS

with open(MARKETS / "categories.csv", encoding="utf-8", newline="") as file:
    TOPS = {row["category_id"]: row["top_category_id"] for row in csv.DictReader(file)}
PIECES = {"piece": 1, "pair": 2, "dozen": 12}
KILOGRAMS = {"kilogram": 1, "metric ton": 1000}


@pytest.fixture(scope="module", params=["PK", "IN"])
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    made = tmp_path_factory.mktemp(request.param)
    months = date(2021, 1, 1), date(2022, 6, 30)
    write_sample(made, *months, scale=0.03, every="month", market=request.param)
    return made


@pytest.fixture(scope="module")
def files(folder: Path) -> Found:
    return found_in(folder)


@pytest.fixture(scope="module")
def live(folder: Path, files: Found) -> Rows:
    """Live listings of the market on the fiscal year's last night."""
    rows = dataset(folder, facts_of(folder).closes, "listings")[1]
    ours = {s for s, text in files.countries_then.items() if text in facts_of(folder).names}
    return [
        row
        for row in rows
        if row["Status"] == "approved" and row["Display"] == "Y" and row["Member ID"] in ours
    ]


def truth(folder: Path, table: str) -> Rows:
    rows: Rows = truth_of(folder)["report"][table]
    return [row for row in rows if row["edition"] == "FY2022"]


def price_of(row: dict[str, Any]) -> tuple[float, str] | None:
    """Lowest price and what it is for."""
    found = re.fullmatch(r"\$([\d,.]+)(?:-\$?[\d,.]+)?(?:/(.+))?", row["Price"])
    return (float(found[1].replace(",", "")), (found[2] or "").lower()) if found else None


def order_of(row: dict[str, Any]) -> tuple[float, str] | None:
    """Minimum order in pieces or kilograms, and which of the two."""
    found = re.search(r"(\d+) ([A-Za-z ]+?)s?(?:/.*)?$", row["MOQ"])
    unit = found[2].lower() if found else ""
    for base, factors in (("piece", PIECES), ("kilogram", KILOGRAMS)):
        if found and unit in factors:
            return int(found[1]) * factors[unit], base
    return None


@pytest.mark.parametrize(
    ("table", "unit", "middle", "reader"),
    [
        ("price_level", "price_unit", "price_median_usd", price_of),
        ("moq_level", "base_unit", "moq_median", order_of),
    ],
)
def test_levels(folder: Path, live: Rows, table: str, unit: str, middle: str, reader: Any) -> None:
    stated: dict[tuple[str, str], list[float]] = defaultdict(list)
    in_category: Counter[str] = Counter()
    for row in live:
        top = TOPS.get(row["Category ID"])
        found = reader(row)
        in_category[top or ""] += 1
        if top and found and found[1]:
            stated[top, found[1]].append(found[0])
    told = {(row["top_category_id"], row[unit]): row for row in truth(folder, table)}
    assert set(told) == set(stated)
    shown = {key: row for key, row in told.items() if row["symbol"] != "c"}
    assert len(shown) > 0
    for (top, name), row in shown.items():
        assert row[middle] == round(median(stated[top, name]), 9)
        assert row["numerator"] == len(stated[top, name])
        assert row["denominator"] == in_category[top]


def test_completeness_and_readiness(folder: Path, live: Rows) -> None:
    has = {
        "price": [row["Price"] != "call us" for row in live],
        "ask_price": [row["Price"] == "Ask Price" for row in live],
        "moq": [row["MOQ"] != "" for row in live],
        "leaf_category": [row["Category ID"] != "999999999" for row in live],
    }
    all_three = zip(has["price"], has["moq"], has["leaf_category"], strict=True)
    has["complete"] = [all(three) for three in all_three]
    for row in truth(folder, "listing_completeness"):
        assert row["denominator"] == len(live)
        assert row["symbol"] == "c" or row["numerator"] == sum(has[row["part"]])
    (ready,) = truth(folder, "ready_to_ship")
    assert ready["numerator"] == sum(row["Ready to Ship"] == "Y" for row in live)


def test_what_came_and_went_in_june(folder: Path, files: Found) -> None:
    ours = {s for s, text in files.countries.items() if text in facts_of(folder).names}
    may, june = (
        {
            row["Product ID"]
            for row in dataset(folder, night, "listings")[1]
            if row["Member ID"] in ours
        }
        for night in ("2022-05-31", "2022-06-30")
    )
    report = truth_of(folder)["report"]["listing_flow"]
    of = {row["flow"]: row for row in report if row["month"] == "2022-06-01"}
    assert {(row["flow_from"], row["flow_to"]) for row in of.values()} == {
        ("2022-05-31", "2022-06-30")
    }
    assert of["dropped"]["numerator"] == len(may - june)
    came = [of[flow]["numerator"] for flow in ("new", "returned")]
    assert None in came or sum(came) == len(june - may)


def test_listings_per_seller(folder: Path, live: Rows, files: Found) -> None:
    (row,) = truth(folder, "listings_per_seller")
    counts: dict[str, int] = defaultdict(int)
    for listing in live:
        counts[listing["Member ID"]] += 1
    facts = facts_of(folder)
    paid = {
        seller["Member ID"]
        for seller in dataset(folder, facts.closes, "sellers")[1]
        if seller["Country/Region"] in facts.names
        and seller["Membership"] not in ("", "Free Member")
        and seller["Paid From"] <= facts.closes <= seller["Paid To"]
    }
    assert row["median_listings_numerator"] == len(paid)
    assert row["median_listings"] == median(counts[seller] for seller in paid)
    assert 0 in {counts[seller] for seller in paid}
