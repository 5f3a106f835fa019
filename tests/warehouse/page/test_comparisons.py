"""Years and months are compared only where both were counted alike."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.warehouse.page import made_up
from tests.warehouse.page.telling import figure_of, inquiries, told
from warehouse.page import charts
from warehouse.page.series import a_year_before, points, unbroken

SHOWN = ("mean_countries", "inquiry_rate", "rfqs")


def test_a_year_of_fewer_days_ends_the_run_of_years(tmp_path: Path) -> None:
    edition = inquiries(tmp_path, {2019: 10, 2020: 20, 2021: 30, 2022: 60}, {2019: 200})
    title, [point] = told(edition)
    assert title == "Buyer inquiries rose 100.0% in FY2022"
    assert "largest" not in point


def test_two_months_are_no_finding(tmp_path: Path) -> None:
    tables = made_up.flow({2021: 120, 2022: 240})
    months = [r for r in tables["report.inquiry_month"] if r["edition"] == "FY2022"]
    for row in months[2:]:
        row["days_covered"] -= 3
    edition = made_up.edition(
        tmp_path / "outlook.duckdb",
        {
            "report.headline": made_up.headline(2021) + made_up.headline(2022),
            **tables,
        },
    )
    assert told(edition, "inquiries-by-month")[0] == "Buyer inquiries by month"


def test_a_gap_ends_the_run_of_years(tmp_path: Path) -> None:
    edition = inquiries(tmp_path, {2018: 5, 2019: 10, 2021: 30, 2022: 60})
    title, [point] = told(edition)
    assert title == "Buyer inquiries rose 100.0% in FY2022"
    assert "largest" not in point
    known = [p for p in points(figure_of("inquiries", edition), edition) if p.value is not None]
    assert [p.edition for p in unbroken(known)] == ["FY2021", "FY2022"]


def test_a_year_that_is_not_available_is_a_gap(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2019: 10, 2020: 20, 2021: None, 2022: 60}))
    assert title == "Buyer inquiries"
    assert point == (
        "Buyer inquiries: 60 from 1 July 2021 to 30 June 2022; there is no comparable "
        "figure a year before."
    )


def test_an_unfinished_year_is_not_compared_with_a_whole_one(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2021: 30, 2022: 60}, FY2022=date(2022, 1, 31)))
    assert title == "Buyer inquiries"
    assert "60 from 1 July 2021 to 31 January 2022; there is no comparable figure" in point


def test_a_last_night_a_few_days_early_is_the_same_date(tmp_path: Path) -> None:
    title, _ = told(inquiries(tmp_path, {2021: 30, 2022: 60}, FY2022=date(2022, 6, 25)))
    assert title == "Buyer inquiries rose 100.0% in FY2022"


def test_years_of_fewer_days_are_not_compared(tmp_path: Path) -> None:
    edition = inquiries(tmp_path, {2019: 10, 2020: 20, 2021: 30, 2022: 60}, {2021: 300})
    title, [point] = told(edition)
    assert title == "Buyer inquiries"
    assert point == (
        "Buyer inquiries: 60 from 1 July 2021 to 30 June 2022; FY2021 cannot be compared: "
        "deliveries cover 300 days of that year and 365 of FY2022."
    )
    figure = replace(figure_of("inquiries", edition), kind="years")
    drawn = charts.picture(figure, edition)
    assert drawn and "FY2021: deliveries cover 300 of 365 days." in drawn.note


@pytest.mark.parametrize(("days", "gain"), [(360, ", up 10.0 pp on FY2021"), (300, "")])
def test_shares_of_inquiries_of_fewer_days_are_not_compared(
    tmp_path: Path, days: int, gain: str
) -> None:
    countries_ = [
        {**made_up.frame(year), "buyer_country_iso2": "US", "share": share, "coverage": 1.0}
        for year, share in ((2021, 0.3), (2022, 0.4))
    ]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        **made_up.flow({2021: 30, 2022: 60}, {2021: days}),
        "report.inquiries_by_country": countries_,
        "report.inquiries_by_city": made_up.cities(2021, [("A", "Sialkot", 60)])
        + made_up.cities(2022, [("A", "Sialkot", 80)]),
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    for name, of in (
        (
            "inquiries-by-country",
            "United States: 40.0% of inquiries whose buyer’s country is known",
        ),
        ("inquiries-by-city", "Sialkot: 40.0% of inquiries whose seller’s city is known"),
    ):
        assert told(edition, name)[0] == of + gain


@pytest.mark.parametrize(
    ("figure", "table", "row"),
    [
        ("reach", "destination_reach", {"mean_countries": 4.0}),
        ("inquiry-rate", "inquiry_rate", {"inquiry_rate": 0.1, "days": 365}),
        ("requests", "rfq_demand", {"rfqs": 40}),
    ],
)
def test_what_rests_on_other_nights_is_not_compared(
    tmp_path: Path, figure: str, table: str, row: dict[str, object]
) -> None:
    rows = [{**made_up.frame(y), **row} for y in (2021, 2022)]
    if table == "inquiry_rate":
        rows = [{**r, "nights": n} for r, n in zip(rows, (52, 365), strict=True)]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        **made_up.flow({2021: 30, 2022: 60}, {2021: 300}),
        f"report.{table}": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    found = points(figure_of(figure, edition), edition)
    assert [p.value for p in found] == [next(v for k, v in row.items() if k in SHOWN)] * 2
    assert a_year_before(found[1], found) is None


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (240, "Buyer inquiries ran above FY2021 in every month"),
        (60, "Buyer inquiries ran below FY2021 in every month"),
        (120, "Buyer inquiries by month"),
    ],
)
def test_months_beside_those_of_last_year(tmp_path: Path, now: int, said: str) -> None:
    edition = inquiries(tmp_path, {2021: 120, 2022: now})
    assert told(edition, "inquiries-by-month") == (said, [])


def test_a_month_that_is_covered_in_part_is_a_gap(tmp_path: Path) -> None:
    tables = made_up.flow({2021: 120, 2022: 240})
    for row in tables["report.inquiry_month"]:
        if f"{row['span_from']}" in ("2021-09-01", "2022-01-01"):
            row["days_covered"] -= 3
    edition = made_up.edition(
        tmp_path / "outlook.duckdb",
        {
            "report.headline": made_up.headline(2021) + made_up.headline(2022),
            **tables,
        },
    )
    title, _ = told(edition, "inquiries-by-month")
    assert title == "Buyer inquiries ran above FY2021 in all 10 months that can be compared"
    drawn = charts.picture(figure_of("inquiries-by-month", edition), edition)
    assert drawn and "Sep" not in drawn.alternative.partition("FY2021")[0]
    assert "it is not zero" in drawn.note


def flows(year: int, count: int, **last: date) -> list[made_up.Row]:
    """New listings of each month, from the last day of one to that of the next."""
    rows = [
        {
            **made_up.frame(year),
            "month": m["month"],
            "flow": "new",
            "listings": count,
            "numerator": count,
            "flow_from": m["span_from"] - timedelta(days=1),
            "flow_to": m["span_to"],
        }
        for m in made_up.months(year)
    ]
    rows[-1] |= last
    return rows


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ({}, "New listings ran above FY2021 in every month"),
        ({"flow_to": date(2022, 6, 26)}, "New listings ran above FY2021 in every month"),
        (
            {"flow_to": date(2022, 6, 5)},
            "New listings ran above FY2021 in all 11 months that can be compared",
        ),
        (
            {"flow_from": date(2022, 5, 3)},
            "New listings ran above FY2021 in all 11 months that can be compared",
        ),
    ],
)
def test_a_flow_of_more_or_less_than_a_month_is_a_gap(
    tmp_path: Path, last: dict[str, date], said: str
) -> None:
    edition = made_up.edition(
        tmp_path / "outlook.duckdb",
        {
            "report.headline": made_up.headline(2021) + made_up.headline(2022),
            "report.listing_flow": flows(2021, 50) + flows(2022, 60, **last),
        },
    )
    assert told(edition, "new-listings")[0] == said


def test_stocks_of_a_month_are_compared_on_the_same_date(tmp_path: Path) -> None:
    rows = [
        {
            **made_up.frame(year),
            "month": m["month"],
            "live_listings": count,
            "numerator": count,
            "census_on": m["span_to"],
        }
        for year, count in ((2021, 50), (2022, 60))
        for m in made_up.months(year)
    ]
    rows[-1]["census_on"] = date(2022, 6, 5)
    edition = made_up.edition(
        tmp_path / "outlook.duckdb",
        {
            "report.headline": made_up.headline(2021) + made_up.headline(2022),
            "report.listing_stock_by_month": rows,
        },
    )
    title, _ = told(edition, "live-listings-by-month")
    assert title == "Live listings ran above FY2021 in all 11 months that can be compared"
    drawn = charts.picture(figure_of("live-listings-by-month", edition), edition)
    assert drawn and "Jun 60" in drawn.alternative


def test_an_unfinished_year_is_not_the_year_of_its_growth(tmp_path: Path) -> None:
    row = made_up.growth(2022, 121, 110) | made_up.frame(2022, date(2021, 10, 31))
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022, date(2021, 10, 31)),
        "report.seller_growth": [made_up.growth(2021, 115, 100), row],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables, status="provisional")
    assert (
        told(edition, "paid-sellers")[0] == "Paid sellers rose 10.0% in the year to 31 October 2021"
    )


def test_a_window_that_is_covered_is_no_year(tmp_path: Path) -> None:
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.response_rate": [
            {**made_up.frame(y), "pooled": 0.5, "days_covered": d}
            for y, d in ((2021, 30), (2022, 9))
        ],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "response-rate")[1] == [
        "The response rate: 50.0% as of 30 June 2022; there is no comparable figure a year before."
    ]
