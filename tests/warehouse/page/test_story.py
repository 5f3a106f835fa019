"""The main points: what they say of a year, and where each of their numbers stands."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.page import made_up
from warehouse.page import story, words
from warehouse.page.edition import Edition
from warehouse.page.series import figures, layout
from warehouse.page.story import Sentence


def year(which: int, counts: dict[str, Any]) -> dict[str, list[made_up.Row]]:
    """One year of a market: sellers, flows, listings, inquiries, buyers, a city and answers."""
    frame = made_up.frame(which)
    whole = {"days": 365, "days_covered": 365}
    sialkot, known = counts["city"]
    answered, valid = counts["answers"]
    silent = counts["silent"]
    city = {"city_key": "A", "city": "Sialkot", "numerator": sialkot, "denominator": known}
    return {
        "report.seller_growth": [
            {
                **made_up.growth(which, counts["sellers"], counts["sellers_before"]),
                "yoy_growth_numerator": counts["sellers"],
            }
        ],
        "report.seller_flow": [
            {**frame, "new_sellers": counts["joined"], "churned_sellers": counts["left"]}
        ],
        "report.listing_stock": [{**frame, "live_listings": counts["listings"]}],
        "report.listings_per_seller": [{**frame, "median_listings": counts["median"]}],
        "report.inquiry_year": [{**frame, **whole, "inquiries": counts["inquiries"]}],
        "report.inquiring_buyers": [
            {
                **frame,
                **whole,
                "buyers": counts["buyers"],
                "inquiries": counts["inquiries"],
                "coverage": counts.get("coverage", 1.0),
            }
        ],
        "report.sellers_by_city": [{**frame, **city, "share": sialkot / known}],
        "report.response_rate": [
            {
                **frame,
                "window_from": date(which, 5, 25),
                "window_to": date(which, 6, 23),
                "days": 30,
                "days_covered": 30,
                "pooled": answered / valid,
                "pooled_numerator": answered,
                "pooled_denominator": valid,
            }
        ],
        "report.inquiries_per_seller": [
            {
                **frame,
                **whole,
                "zero_share": silent / counts["sellers"],
                "zero_share_numerator": silent,
                "zero_share_denominator": counts["sellers"],
            }
        ],
    }


LAST: dict[str, Any] = {
    "sellers": 482,
    "sellers_before": None,
    "joined": 150,
    "left": 60,
    "listings": 26_000,
    "median": 28.0,
    "inquiries": 6000,
    "buyers": 909,
    "city": (400, 470),
    "answers": (1116, 1800),
    "silent": 100,
}
GOOD = LAST | {
    "sellers": 620,
    "sellers_before": 482,
    "joined": 204,
    "left": 72,
    "listings": 37_050,
    "median": 31.5,
    "inquiries": 7980,
    "buyers": 917,
    "city": (510, 605),
    "answers": (1152, 1800),
    "silent": 110,
}
BAD = LAST | {
    "sellers": 400,
    "sellers_before": 482,
    "joined": 10,
    "left": 92,
    "listings": 20_000,
    "median": 28.0,
    "inquiries": 4800,
    "buyers": 700,
    "city": (340, 390),
    "answers": (900, 1800),
    "silent": 130,
}
TINY = {
    "sellers": 9,
    "sellers_before": 6,
    "joined": 3,
    "left": 0,
    "listings": 25,
    "median": 2.5,
    "inquiries": 14,
    "buyers": 8,
    "city": (5, 9),
    "answers": (3, 12),
    "silent": 2,
}
TINY_BEFORE = TINY | {"sellers": 6, "listings": 12, "inquiries": 7, "buyers": 7, "city": (4, 6)}


def market(
    tmp_path: Path, old: dict[str, Any], new: dict[str, Any], first: int = 2021, code: str = "PK"
) -> Edition:
    tables: dict[str, list[made_up.Row]] = {
        "report.headline": made_up.headline(first) + made_up.headline(2022)
    }
    for which, counts in ((first, old), (2022, new)):
        for table, rows in year(which, counts).items():
            tables[table] = tables.get(table, []) + rows
    return made_up.edition(tmp_path / "outlook.duckdb", tables, code=code)


def told(edition: Edition) -> list[Sentence]:
    on_page = [f for s in layout()["section"] for f in figures(s, edition)]
    return story.main_points(on_page, edition)


def test_a_good_year_is_led_by_what_changed_most(tmp_path: Path) -> None:
    found = [s.text for s in told(market(tmp_path, LAST, GOOD))]
    assert found == [
        "Live listings rose 42.5% in FY2022, faster than paid sellers (28.6%); half of the paid "
        "sellers have 31.5 or fewer, up from 28 a year before.",
        "Buyer inquiries rose 33.0% in FY2022 while the number of buyers hardly changed: each "
        "wrote 8.7 on average, up from 6.6 a year before.",
        "Paid sellers rose 28.6% in the year to 30 June 2022, to 620: 204 joined for the first "
        "time and 72 left.",
        "17.7% of sellers that paid in the year received no inquiry, down from 20.7% a year "
        "before.",
        "Sialkot is home to 84.3% of paid sellers whose city is known, down from 85.1% a year "
        "before; the sellers known to be elsewhere rose from 70 to 95.",
    ]


def test_a_falling_year(tmp_path: Path) -> None:
    found = [s.text for s in told(market(tmp_path, LAST, BAD))]
    assert found == [
        "Live listings fell 23.1% in FY2022; half of the paid sellers have 28 or fewer, as a year "
        "before.",
        "Buyer inquiries fell 20.0% in FY2022 and the number of buyers fell 23.0%: each wrote 6.9 "
        "on average, up from 6.6 a year before.",
        "Paid sellers fell 17.0% in the year to 30 June 2022, to 400: 10 joined for the first time "
        "and 92 left.",
        "Sellers answered 50.0% of valid inquiries and chats in time in the 30 days to 23 June "
        "2022 (62.0% a year before).",
        "32.5% of sellers that paid in the year received no inquiry, up from 20.7% a year before.",
    ]


def test_a_gap_year_compares_nothing(tmp_path: Path) -> None:
    found = [s.text for s in told(market(tmp_path, LAST, GOOD | {"sellers_before": None}, 2020))]
    assert found == [
        "Sialkot is home to 84.3% of paid sellers whose city is known.",
        "Sellers answered 64.0% of valid inquiries and chats in time in the 30 days to 23 June "
        "2022.",
        "17.7% of sellers that paid in the year received no inquiry.",
        "Paid sellers: 620 as of 30 June 2022; there is no comparable figure a year before.",
        "Live listings: 37,050 as of 30 June 2022; there is no comparable figure a year before.",
    ]


def test_a_tiny_second_market_has_no_per_cent(tmp_path: Path) -> None:
    found = [s.text for s in told(market(tmp_path, TINY_BEFORE, TINY, code="IN"))]
    assert len(found) == 5 and not [t for t in found if "%" in t]
    assert found[:3] == [
        "Live listings rose from 12 to 25 in FY2022; half of the paid sellers have 2.5 or fewer, "
        "as a year before.",
        "Buyer inquiries rose from 7 to 14 in FY2022 and the number of buyers rose from 7 to 8: "
        "each wrote 1.8 on average, up from 1.0 a year before.",
        "Paid sellers rose from 6 to 9 in the year to 30 June 2022: 3 joined for the first time "
        "and 0 left.",
    ]


def test_a_share_that_hardly_changed_went_neither_up_nor_down(tmp_path: Path) -> None:
    found = told(market(tmp_path, LAST, GOOD | {"city": (513, 605)}))
    assert found[4].text.startswith(
        "Sialkot is home to 84.8% of paid sellers whose city is known (85.1% a year before); the "
    )


def test_buyers_who_are_not_all_known_are_named_so(tmp_path: Path) -> None:
    found = told(market(tmp_path, LAST, GOOD | {"coverage": 0.9}))
    assert "each known buyer wrote 8.7" in found[1].text


def test_an_unfinished_year_has_no_flows(tmp_path: Path) -> None:
    new = year(2022, GOOD)
    for rows in new.values():
        for row in rows:
            row |= {"as_of": date(2022, 1, 31), "is_partial": True}
    tables = {t: year(2021, LAST)[t] + rows for t, rows in new.items()}
    tables["report.headline"] = made_up.headline(2021) + made_up.headline(2022)
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    sellers = next(s.text for s in told(edition) if s.text.startswith("Paid sellers"))
    assert sellers == "Paid sellers rose 28.6% in the year to 31 January 2022, to 620."


NUMBER = re.compile(r"\d[\d,.]*%?|\d")
WHEN = re.compile(r"(?:the \d+ days to )?\d{1,2} [A-Z][a-z]+ \d{4}|[FC]Y\d{4}")


@pytest.mark.parametrize(
    ("old", "new"), [(LAST, GOOD), (LAST, BAD), (TINY_BEFORE, TINY)], ids=["good", "bad", "tiny"]
)
def test_every_number_is_what_its_query_gives(
    tmp_path: Path, old: dict[str, Any], new: dict[str, Any]
) -> None:
    edition = market(tmp_path, old, new)
    with duckdb.connect(str(tmp_path / "outlook.duckdb"), read_only=True) as db:
        for sentence in told(edition):
            assert sentence.facts
            known = set()
            for fact in sentence.facts:
                assert "FROM report." in fact.query
                rows = [row[1:] for row in db.execute(fact.query).fetchall()]
                held = given([v for row in rows for v in row])
                for number in numbers(fact.text):
                    assert number in held, (fact, held)
                    known.add(number)
            if sentence.weight:
                assert set(numbers(WHEN.sub("", sentence.text))) <= known, sentence


def numbers(text: str) -> list[str]:
    return [n.rstrip(".,") for n in NUMBER.findall(text)]


def given(values: list[Any]) -> set[str]:
    """How the values, and the change of two, may stand in a sentence."""
    ways = {w(v) for v in values for w in (words.number, words.decimal, words.percent)}
    if len(values) == 2 and values[0]:
        ways.add(words.change(values[1], values[0], None).strip(f"+{words.MINUS}"))
    ways |= {words.percent(abs(v)) for v in values}
    return ways


def test_numbers_of_a_year_later_do_not_trace(tmp_path: Path) -> None:
    """The test above can fail: the queries of one year do not give the numbers of another."""
    edition = market(tmp_path, LAST, GOOD)
    found = told(edition)[1]
    other = tmp_path / "other"
    other.mkdir()
    market(other, LAST, BAD)
    with duckdb.connect(str(other / "outlook.duckdb"), read_only=True) as db:
        held = given([v for row in db.execute(found.facts[0].query).fetchall() for v in row[1:]])
    assert not set(numbers(found.facts[0].text)) <= held
