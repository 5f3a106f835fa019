"""Titles and sentences say only what the figures bear out."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.warehouse.page import made_up
from transforms.fields.country import countries
from warehouse.page import charts, sentences, words
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, a_year_before, figures, layout, points, unbroken

SHOWN = ("mean_countries", "inquiry_rate", "rfqs")


def figure_of(name: str, edition: Edition) -> Figure:
    return next(f for s in layout()["section"] for f in figures(s, edition) if f.id == name)


def inquiries(
    tmp_path: Path, years: dict[int, float | None], covered: dict[int, int] | None = None,
    **as_of: date,
) -> Edition:  # fmt: skip
    days = {int(name[2:]): day for name, day in as_of.items()}
    tables = {
        "report.headline": [
            r for y, n in years.items() for r in made_up.headline(y, days.get(y), inquiries=n)
        ],
        "report.inquiry_flow": made_up.flow(years, covered, days),
    }
    return made_up.edition(tmp_path / "outlook.duckdb", tables, max(years), "provisional")


def told(edition: Edition, name: str = "inquiries") -> tuple[str, list[str]]:
    figure = figure_of(name, edition)
    return sentences.title(figure, edition), sentences.main_points([figure], edition)


def test_a_rise_in_every_year_is_called_that(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2019: 10, 2020: 20, 2021: 30, 2022: 60}))
    assert title == "Buyer inquiries rose 100.0% in FY2022, the third rise in a row"
    assert point == (
        "Buyer inquiries: 60 from 1 July 2021 to 30 June 2022, 100.0% more than a year before; "
        "the rise of 30 is the largest of the 3 yearly changes since FY2019."
    )


def test_a_falling_year(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2019: 10, 2020: 20, 2021: 30, 2022: 24}))
    assert title == "Buyer inquiries fell 20.0% in FY2022"
    assert (
        point
        == "Buyer inquiries: 24 from 1 July 2021 to 30 June 2022, 20.0% fewer than a year before."
    )


def test_a_fall_in_every_year_is_called_that(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2019: 60, 2020: 50, 2021: 40, 2022: 20}))
    assert title == "Buyer inquiries fell 50.0% in FY2022, the third fall in a row"
    assert point.endswith("; the fall of 20 is the largest since FY2019.")


def test_three_years_make_no_largest_step(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2020: 20, 2021: 30, 2022: 60}))
    assert title == "Buyer inquiries rose 100.0% in FY2022"
    assert "largest" not in point


def test_a_step_as_large_as_another_is_not_the_largest(tmp_path: Path) -> None:
    _, [point] = told(inquiries(tmp_path, {2019: 10, 2020: 40, 2021: 30, 2022: 60}))
    assert "largest" not in point


def test_two_years_make_no_every_year(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2021: 30, 2022: 60}))
    assert title == "Buyer inquiries rose 100.0% in FY2022"
    assert "largest" not in point


def test_a_smaller_rise_is_not_the_largest(tmp_path: Path) -> None:
    _, [point] = told(inquiries(tmp_path, {2019: 10, 2020: 20, 2021: 60, 2022: 70}))
    assert "largest" not in point


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
        "Buyer inquiries: 60 from 1 July 2021 to 30 June 2022; FY2021 is no measure for it: "
        "deliveries cover 300 days of that year, and 365 of this one."
    )
    figure = figure_of("inquiries", edition)
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
        "report.inquiry_flow": made_up.flow({2021: 30, 2022: 60}, {2021: days}),
        "report.inquiries_by_country": countries_,
        "report.inquiries_by_city": made_up.cities(2021, [("A", "Sialkot", 60)])
        + made_up.cities(2022, [("A", "Sialkot", 80)]),
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    for name, of in (("inquiries-by-country", "United States: 40.0% of inquiries whose buyer’s"
                      " country is known"),
                     ("inquiries-by-city", "Sialkot: 40.0% of inquiries whose seller’s city is"
                      " known")):  # fmt: skip
        assert told(edition, name)[0] == of + gain


@pytest.mark.parametrize(("figure", "table", "row"), [
    ("reach", "destination_reach", {"mean_countries": 4.0}),
    ("inquiry-rate", "inquiry_rate", {"span": "year", "inquiry_rate": 0.1, "days": 365}),
    ("requests", "rfq_demand", {"span": "year", "rfqs": 40}),
])  # fmt: skip
def test_what_rests_on_other_nights_is_not_compared(
    tmp_path: Path, figure: str, table: str, row: dict[str, object]
) -> None:
    rows = [{**made_up.frame(y), **row} for y in (2021, 2022)]
    if table == "inquiry_rate":
        rows = [{**r, "nights": n} for r, n in zip(rows, (52, 365), strict=True)]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.inquiry_flow": made_up.flow({2021: 30, 2022: 60}, {2021: 300}),
        f"report.{table}": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    found = points(figure_of(figure, edition), edition)
    assert [p.value for p in found] == [next(v for k, v in row.items() if k in SHOWN)] * 2
    assert a_year_before(found[1], found) is None


@pytest.mark.parametrize(("now", "said"), [
    (240, "Buyer inquiries ran above FY2021 in every month"),
    (60, "Buyer inquiries ran below FY2021 in every month"),
    (120, "Buyer inquiries by month"),
])  # fmt: skip
def test_months_beside_those_of_last_year(tmp_path: Path, now: int, said: str) -> None:
    edition = inquiries(tmp_path, {2021: 120, 2022: now})
    assert told(edition, "inquiries-by-month") == (said, [])


def test_a_month_that_is_covered_in_part_is_a_gap(tmp_path: Path) -> None:
    rows = made_up.flow({2021: 120, 2022: 240})
    for row in rows:
        if row["span"] == "month" and f"{row['span_from']}" in ("2021-09-01", "2022-01-01"):
            row["days_covered"] -= 3
    edition = made_up.edition(
        tmp_path / "outlook.duckdb",
        {"report.headline": made_up.headline(2021) + made_up.headline(2022),
         "report.inquiry_flow": rows},
    )  # fmt: skip
    title, _ = told(edition, "inquiries-by-month")
    assert title == "Buyer inquiries ran above FY2021 in all 10 months that can be compared"
    drawn = charts.picture(figure_of("inquiries-by-month", edition), edition)
    assert drawn and "Sep" not in drawn.alternative.partition("FY2021")[0]
    assert "it is not 0" in drawn.note


def flows(year: int, count: int, **last: date) -> list[made_up.Row]:
    """New listings of each month, from the last day of one to that of the next."""
    rows = [
        {**made_up.frame(year), "month": m["month"], "flow": "new", "listings": count,
         "numerator": count, "flow_from": m["span_from"] - timedelta(days=1),
         "flow_to": m["span_to"]}
        for m in made_up.months(year)
    ]  # fmt: skip
    rows[-1] |= last
    return rows


@pytest.mark.parametrize(("last", "said"), [
    ({}, "New listings ran above FY2021 in every month"),
    ({"flow_to": date(2022, 6, 26)}, "New listings ran above FY2021 in every month"),
    ({"flow_to": date(2022, 6, 5)},
     "New listings ran above FY2021 in all 11 months that can be compared"),
    ({"flow_from": date(2022, 5, 3)},
     "New listings ran above FY2021 in all 11 months that can be compared"),
])  # fmt: skip
def test_a_flow_of_more_or_less_than_a_month_is_a_gap(
    tmp_path: Path, last: dict[str, date], said: str
) -> None:
    edition = made_up.edition(
        tmp_path / "outlook.duckdb",
        {"report.headline": made_up.headline(2021) + made_up.headline(2022),
         "report.listing_flow": flows(2021, 50) + flows(2022, 60, **last)},
    )  # fmt: skip
    assert told(edition, "new-listings")[0] == said


def test_stocks_of_a_month_are_compared_on_the_same_date(tmp_path: Path) -> None:
    rows = [
        {**made_up.frame(year), "month": m["month"], "live_listings": count, "numerator": count,
         "census_on": m["span_to"]}
        for year, count in ((2021, 50), (2022, 60)) for m in made_up.months(year)
    ]  # fmt: skip
    rows[-1]["census_on"] = date(2022, 6, 5)
    edition = made_up.edition(
        tmp_path / "outlook.duckdb",
        {"report.headline": made_up.headline(2021) + made_up.headline(2022),
         "report.listing_stock_by_month": rows},
    )  # fmt: skip
    title, _ = told(edition, "live-listings-by-month")
    assert title == "Live listings ran above FY2021 in all 11 months that can be compared"
    drawn = charts.picture(figure_of("live-listings-by-month", edition), edition)
    assert drawn and "Jun 60" in drawn.alternative


def test_nothing_changed(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2021: 60, 2022: 60}))
    assert title == "Buyer inquiries hardly changed in FY2022"
    assert "as many as a year before" in point


@pytest.mark.parametrize(("now", "said"), [
    (100_040, "hardly more than a year before"),
    (99_960, "hardly fewer than a year before"),
    (100_000, "as many as a year before"),
])  # fmt: skip
def test_as_many_are_as_many(tmp_path: Path, now: int, said: str) -> None:
    _, [point] = told(inquiries(tmp_path, {2021: 100_000, 2022: now}))
    assert (
        point == f"Buyer inquiries: {words.number(now)} from 1 July 2021 to 30 June 2022, {said}."
    )


def test_a_share_as_it_is_shown_is_the_same(tmp_path: Path) -> None:
    for before, said in ((0.40002, "the same as"), (0.40052, "hardly lower than")):
        tables = {
            "report.headline": made_up.headline(2021) + made_up.headline(2022),
            "report.response_rate": [
                {**made_up.frame(2021), "pooled": before}, {**made_up.frame(2022), "pooled": 0.4001}
            ],
        }  # fmt: skip
        edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
        [point] = told(edition, "response-rate")[1]
        assert point.endswith(f" 40.0% as of 30 June 2022, {said} a year before.")


def test_the_growth_of_the_table_and_the_run_of_years_may_differ(tmp_path: Path) -> None:
    # Last nights a few days apart: the table compares with the same date, the run with the years.
    sellers = (100, 110, 121, 122)
    growths = [made_up.growth(y, n, None) for y, n in zip(range(2019, 2023), sellers, strict=True)]
    growths[-1] |= {"yoy_growth": -0.02, "yoy_growth_symbol": None}
    tables = {"report.headline": [r for y in range(2019, 2023) for r in made_up.headline(y)],
              "report.seller_growth": growths}  # fmt: skip
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "paid-sellers")[0] == "Paid sellers fell 2.0% in FY2022"
    growths[-1] |= {"paid_sellers": 150}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert "largest" not in told(edition, "paid-sellers")[1][0]


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


def test_a_cagr_names_its_years(tmp_path: Path) -> None:
    cagr = {"cagr": 0.294, "cagr_from": date(2018, 6, 30), "cagr_years": 4}
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.seller_growth": [
            made_up.growth(2021, 242, None), made_up.growth(2022, 311, 242, **cagr)
        ],
    }  # fmt: skip
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    title, [point] = told(edition, "paid-sellers")
    assert title == "Paid sellers rose 28.5% in FY2022"
    assert point.endswith(
        ". From 30 June 2018 to 30 June 2022, 4 years, the average was 29.4% a year."
    )


def test_a_first_year_that_is_withheld_makes_no_cagr(tmp_path: Path) -> None:
    cagr = {"cagr": None, "cagr_from": date(2018, 6, 30), "cagr_years": 4, "cagr_symbol": "c"}
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.seller_growth": [
            made_up.growth(2021, 242, None), made_up.growth(2022, 311, 242, **cagr)
        ],
    }  # fmt: skip
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "paid-sellers")[1] == [
        "Paid sellers: 311 as of 30 June 2022, 28.5% more than a year before."
    ]


@pytest.mark.parametrize(
    ("counts", "title"),
    [
        ((150, 170), "Sialkot: 85.0% of paid sellers whose city is known, up 10.0 pp on FY2021"),
        ((170, 150), "Sialkot: 75.0% of paid sellers whose city is known, down 10.0 pp on "
                     "FY2021"),
        ((150, 150), "Sialkot: 75.0% of paid sellers whose city is known, as in FY2021"),
        ((None, 150), "Sialkot: 75.0% of paid sellers whose city is known"),
    ],
)  # fmt: skip
def test_the_leader(tmp_path: Path, counts: tuple[int | None, int], title: str) -> None:
    rows = [
        r for year, n in zip((2021, 2022), counts, strict=True)
        for r in made_up.cities(year, [("A", "Sialkot", n), ("B", "Lahore", 20)])
    ]  # fmt: skip
    tables = {"report.headline": made_up.headline(2021) + made_up.headline(2022),
              "report.sellers_by_city": rows}  # fmt: skip
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert sentences.title(figure_of("largest-city", edition), edition) == title


def test_the_unknown_class_leads_nothing(tmp_path: Path) -> None:
    counts = [("unknown", "Unknown", 150), ("B", "Lahore", 20), ("C", "Karachi", 10)]
    tables = {"report.headline": made_up.headline(2022),
              "report.sellers_by_city": made_up.cities(2022, counts)}  # fmt: skip
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert sentences.title(figure_of("largest-city", edition), edition).startswith("Lahore: 10")
    followers = sentences.title(figure_of("other-cities", edition), edition)
    assert followers == "Outside Lahore, Karachi has most paid sellers"


@pytest.mark.parametrize(("counts", "said"), [
    ((20, 10), "Outside Sialkot, Lahore has most paid sellers"),
    ((20, 20), "Paid sellers outside Sialkot"),
    ((20, None), "Of what is shown outside Sialkot, Lahore has most paid sellers"),
])  # fmt: skip
def test_most_of_what_is_left(tmp_path: Path, counts: tuple[int, int | None], said: str) -> None:
    rows = made_up.cities(2022, zip("ABC", ("Sialkot", "Lahore", "Karachi"), (150, *counts),
                                    strict=True))  # fmt: skip
    tables = {"report.headline": made_up.headline(2022), "report.sellers_by_city": rows}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert sentences.title(figure_of("other-cities", edition), edition) == said


@pytest.mark.parametrize(("before", "said"), [
    (0.75, "as in FY2021"), (0.75052, "much as in FY2021"), (0.7, "up 5.0 pp on FY2021"),
])  # fmt: skip
def test_a_share_that_hardly_moved(tmp_path: Path, before: float, said: str) -> None:
    rows = [r for year in (2021, 2022) for r in made_up.cities(year, [("A", "Sialkot", 150)])]
    rows[0]["share"], rows[1]["share"] = before, 0.7503
    tables = {"report.headline": made_up.headline(2021) + made_up.headline(2022),
              "report.sellers_by_city": rows}  # fmt: skip
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    title = sentences.title(figure_of("largest-city", edition), edition)
    assert title == f"Sialkot: 75.0% of paid sellers whose city is known, {said}"


def test_places_are_not_counted_where_a_class_is_withheld(tmp_path: Path) -> None:
    counts = [("A", "Sialkot", 150), ("B", "Lahore", 20), ("C", "Karachi", None)]
    tables = {"report.headline": made_up.headline(2022),
              "report.sellers_by_city": made_up.cities(2022, counts)}  # fmt: skip
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    [point] = told(edition, "largest-city")[1]
    assert point == "Sialkot: 75.0% of paid sellers whose city is known."


def test_numbers_as_they_are_written() -> None:
    assert words.number(1234567) == "1,234,567"
    assert words.number(-3.5) == "\N{MINUS SIGN}3.5"
    assert words.percent(0.6304) == "63.0%"
    assert words.short(3_204_000) == "3.2 m"
    assert words.change(0.62, 0.63, "share 0-1") == "\N{MINUS SIGN}1.0 pp"
    assert words.change(0.62, 0.61999, "share 0-1") == "0.0 pp"
    assert words.change(129, 100, "sellers") == "+29.0%"
    assert words.change(5, 0, "sellers") == "was 0"
    assert words.cell(None, None, "c") == "[c]"
    assert words.cell(None, None) == ""


def test_every_country_has_a_name_of_its_own() -> None:
    names = [words.country(c["country_iso2"]) for c in countries()]
    assert len(set(names)) == len(names)
    assert words.country("CD") == "Congo - Kinshasa"
    assert words.country("US") == "United States"
    assert words.country("XZ") == "XZ"


def test_definitions_of_the_tiles_are_short() -> None:
    for tile in layout()["tile"]:
        assert len(tile["doc"].replace("{market}", "Pakistan").split()) <= 15, tile["title"]
