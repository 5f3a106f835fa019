"""What moved a headline: parts that add up, as they are written, or no sentence."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from warehouse.page import causes
from warehouse.page.edition import Edition, Table
from warehouse.page.series import Point, layout

THEN, NOW = date(2021, 6, 30), date(2022, 6, 30)
FLOW = {
    "edition": "FY2022",
    "opened_on": THEN,
    "new_sellers": 203,
    "churned_sellers": 74,
    "returned_sellers": 8,
}
MONTHS = [
    {"edition": "FY2022", "flow_from": a, "flow_to": b, "flow": flow, "listings": number}
    for a, b in ((THEN, date(2021, 12, 31)), (date(2021, 12, 31), NOW))
    for flow, number in (("new", 50), ("dropped", 20), ("returned", 1))
]
BUYERS = [
    {"edition": "FY2021", "buyers": 100, "inquiries": 660},
    {"edition": "FY2022", "buyers": 101, "inquiries": 879},
]


def told(
    rule: str,
    edition: Edition,
    now: Point,
    then: Point,
    monkeypatch: pytest.MonkeyPatch,
    **tables: Any,
) -> str:
    made = {name: Table(name, "", (), tuple(rows)) for name, rows in tables.items()}
    monkeypatch.setattr(causes, "points", lambda *_: [then, now])
    figure: Any = None
    return causes.sentence(rule, figure, now, replace(edition, tables=made))


def point(year: int, value: float, numerator: int | None = None, of: int | None = None) -> Point:
    day = date(year, 6, 30)
    return Point(f"FY{year}", value, None, day, numerator=numerator, denominator=of)


def test_sellers_joined_left_and_came_back(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, then = point(2022, 620), point(2021, 483)
    found = told("sellers", edition, now, then, monkeypatch, seller_flow=[FLOW])
    assert found == (
        "483 a year before; +203 joined for the first time; −74 left; "
        "+8 came back, less new ones that left again: 620."
    )
    for wrong in ({"churned_sellers": None}, {"opened_on": NOW}, {"new_sellers": 204}):
        flow = [{**FLOW, **wrong}]
        assert told("sellers", edition, now, then, monkeypatch, seller_flow=flow) == "", wrong
    older = [{k: v for k, v in FLOW.items() if k != "returned_sellers"}]
    assert told("sellers", edition, now, then, monkeypatch, seller_flow=older) == ""


def test_listings_need_months_without_a_gap(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, then = point(2022, 1_062), point(2021, 1_000)
    found = told("listings", edition, now, then, monkeypatch, listing_flow=MONTHS)
    assert "+100 were new; −40 were dropped; +2 returned: 1,062." in found
    for few in (MONTHS[:3], MONTHS[3:], [{**MONTHS[0], "listings": None}, *MONTHS[1:]]):
        assert told("listings", edition, now, then, monkeypatch, listing_flow=few) == ""


def test_inquiries_are_buyers_times_what_each_wrote(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, then = point(2022, 879), point(2021, 660)
    found = told("inquiries", edition, now, then, monkeypatch, inquiring_buyers=BUYERS)
    parts = [int(n.replace("−", "-")) for n in re.findall(r"([+−]\d+) from", found)]
    assert parts == [7, 210, 2] and 660 + sum(parts) == 879
    other = [{**BUYERS[0], "inquiries": 650}, BUYERS[1]]  # of other days than the headline
    assert told("inquiries", edition, now, then, monkeypatch, inquiring_buyers=other) == ""


@pytest.mark.parametrize(
    ("n", "of", "n_then", "of_then"), [(529, 607, 413, 471), (7, 9, 2, 3), (1, 1_000, 999, 1_000)]
)
def test_parts_of_a_share_add_up_as_they_are_written(
    n: int, of: int, n_then: int, of_then: int, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, then = point(2022, n / of, n, of), point(2021, n_then / of_then, n_then, of_then)
    found = told("share", edition, now, then, monkeypatch)
    before, after = re.findall(r"([\d.]+)%", found)
    moved = [float(p.replace("−", "-")) for p in re.findall(r"([+−][\d.]+) pp", found)]
    assert float(before) + sum(moved) == pytest.approx(float(after))


def test_years_that_cannot_be_compared_have_no_causes(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = replace(point(2021, 483), as_of=date(2021, 3, 31))
    assert told("sellers", edition, point(2022, 620), then, monkeypatch, seller_flow=[FLOW]) == ""


def test_each_tile_with_a_figure_names_its_rule() -> None:
    rules = [t.get("causes") for t in layout()["tile"]]
    assert rules[-1] is None and set(rules[:-1]) == set(causes.RULES)
