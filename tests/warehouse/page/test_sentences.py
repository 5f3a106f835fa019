"""Titles and sentences say only what the figures bear out."""

from datetime import date
from pathlib import Path

import pytest

from tests.warehouse.page import made_up
from tests.warehouse.page.telling import figure_of, inquiries, told
from transforms.fields.country import countries
from warehouse.page import sentences, words
from warehouse.page.series import figures, layout


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
    assert point.endswith("; the fall of 20 is the largest of the 3 yearly changes since FY2019.")


def test_three_years_make_no_largest_step(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2020: 20, 2021: 30, 2022: 60}))
    assert title == "Buyer inquiries rose 100.0% in FY2022"
    assert "largest" not in point


def test_a_step_as_large_as_another_is_not_the_largest(tmp_path: Path) -> None:
    _, [point] = told(inquiries(tmp_path, {2019: 10, 2020: 40, 2021: 30, 2022: 60}))
    assert "largest" not in point


def test_a_year_after_nothing_has_no_rate(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2021: 0, 2022: 60}))
    assert title == "Buyer inquiries"
    assert point.startswith(
        "Buyer inquiries: 60 from 1 July 2021 to 30 June 2022; there is no comparable"
    )


def test_steps_of_a_share_are_not_ranked(tmp_path: Path) -> None:
    shares = {2019: 0.1, 2020: 0.2, 2021: 0.3, 2022: 0.6}
    tables = {
        "report.headline": [r for y in shares for r in made_up.headline(y)],
        "report.response_rate": [{**made_up.frame(y), "pooled": n} for y, n in shares.items()],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "response-rate")[1] == [
        "The response rate: 60.0% as of 30 June 2022, 30.0 pp higher than a year before."
    ]


def test_one_year_has_no_average(tmp_path: Path) -> None:
    cagr = {"cagr": 0.1, "cagr_from": date(2021, 6, 30), "cagr_years": 1}
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.seller_growth": [
            made_up.growth(2021, 110, None),
            made_up.growth(2022, 121, 110, **cagr),
        ],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert "average" not in told(edition, "paid-sellers")[1][0]


def test_the_lead_names_leaders_among_sellers_only(tmp_path: Path) -> None:
    edition = made_up.edition(tmp_path / "outlook.duckdb", made_up.full())
    shown = [f for s in layout()["section"] for f in figures(s, edition)]
    assert sentences.lead(edition, shown) == [
        "Pakistan had 200 paid sellers on the marketplace on 30 June 2022, 33.3% more than a year "
        "before.",
        "85.0% of paid sellers whose city is known are in Sialkot and 63.0% of paid sellers are in "
        "Apparel.",
    ]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ((150, 10, 5), ", and each shown here has more than in FY2021"),
        ((150, 10, 20), ""),
        ((150, 10, None), ""),
    ],
)
def test_each_is_growing(tmp_path: Path, before: tuple[int | None, ...], said: str) -> None:
    rows = [
        r
        for year, counts in ((2021, before), (2022, (150, 20, 10)))
        for r in made_up.cities(
            year, zip("ABC", ("Sialkot", "Lahore", "Karachi"), counts, strict=True)
        )
    ]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.sellers_by_city": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    title = sentences.followers(figure_of("largest-city", edition), edition)
    assert title == f"Outside Sialkot, Lahore has most paid sellers{said}"


def test_one_class_alone_is_not_each(tmp_path: Path) -> None:
    rows = [
        r
        for year, n in ((2021, 10), (2022, 20))
        for r in made_up.cities(year, [("A", "Sialkot", 150), ("B", "Lahore", n)])
    ]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.sellers_by_city": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    title = sentences.followers(figure_of("largest-city", edition), edition)
    assert title == "Outside Sialkot, Lahore has most paid sellers"


def test_two_years_make_no_every_year(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2021: 30, 2022: 60}))
    assert title == "Buyer inquiries rose 100.0% in FY2022"
    assert "largest" not in point


def test_a_smaller_rise_is_not_the_largest(tmp_path: Path) -> None:
    _, [point] = told(inquiries(tmp_path, {2019: 10, 2020: 20, 2021: 60, 2022: 70}))
    assert "largest" not in point


def test_nothing_changed(tmp_path: Path) -> None:
    title, [point] = told(inquiries(tmp_path, {2021: 60, 2022: 60}))
    assert title == "Buyer inquiries hardly changed in FY2022"
    assert "as many as a year before" in point


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (100_040, "hardly more than a year before"),
        (99_960, "hardly fewer than a year before"),
        (100_000, "as many as a year before"),
    ],
)
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
                {**made_up.frame(2021), "pooled": before},
                {**made_up.frame(2022), "pooled": 0.4001},
            ],
        }
        edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
        [point] = told(edition, "response-rate")[1]
        assert point.endswith(f" 40.0% as of 30 June 2022, {said} a year before.")


def test_the_growth_of_the_table_and_the_run_of_years_may_differ(tmp_path: Path) -> None:
    # Last nights a few days apart: the table compares with the same date, the run with the years.
    sellers = (100, 110, 121, 122)
    growths = [made_up.growth(y, n, None) for y, n in zip(range(2019, 2023), sellers, strict=True)]
    growths[-1] |= {"yoy_growth": -0.02, "yoy_growth_symbol": None}
    tables = {
        "report.headline": [r for y in range(2019, 2023) for r in made_up.headline(y)],
        "report.seller_growth": growths,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "paid-sellers")[0] == "Paid sellers fell 2.0% in FY2022"
    growths[-1] |= {"paid_sellers": 150}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert "largest" not in told(edition, "paid-sellers")[1][0]


def test_a_cagr_names_its_years(tmp_path: Path) -> None:
    cagr = {"cagr": 0.294, "cagr_from": date(2018, 6, 30), "cagr_years": 4}
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.seller_growth": [
            made_up.growth(2021, 242, None),
            made_up.growth(2022, 311, 242, **cagr),
        ],
    }
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
            made_up.growth(2021, 242, None),
            made_up.growth(2022, 311, 242, **cagr),
        ],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "paid-sellers")[1] == [
        "Paid sellers: 311 as of 30 June 2022, 28.5% more than a year before."
    ]


@pytest.mark.parametrize(
    ("counts", "title"),
    [
        ((150, 170), "Sialkot: 85.0% of paid sellers whose city is known, up 10.0 pp on FY2021"),
        ((170, 150), "Sialkot: 75.0% of paid sellers whose city is known, down 10.0 pp on FY2021"),
        ((150, 150), "Sialkot: 75.0% of paid sellers whose city is known, as in FY2021"),
        ((None, 150), "Sialkot: 75.0% of paid sellers whose city is known"),
    ],
)
def test_the_leader(tmp_path: Path, counts: tuple[int | None, int], title: str) -> None:
    rows = [
        r
        for year, n in zip((2021, 2022), counts, strict=True)
        for r in made_up.cities(year, [("A", "Sialkot", n), ("B", "Lahore", 20)])
    ]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.sellers_by_city": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert sentences.title(figure_of("largest-city", edition), edition) == title


def test_the_unknown_class_leads_nothing(tmp_path: Path) -> None:
    counts = [("unknown", "Unknown", 150), ("B", "Lahore", 20), ("C", "Karachi", 10)]
    tables = {
        "report.headline": made_up.headline(2022),
        "report.sellers_by_city": made_up.cities(2022, counts),
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert sentences.title(figure_of("largest-city", edition), edition).startswith("Lahore: 10")
    followers = sentences.followers(figure_of("largest-city", edition), edition)
    assert followers == "Outside Lahore, Karachi has most paid sellers"


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((20, 10), "Outside Sialkot, Lahore has most paid sellers"),
        ((20, 20), ""),
        ((20, None), "Of what is shown outside Sialkot, Lahore has most paid sellers"),
    ],
)
def test_most_of_what_is_left(tmp_path: Path, counts: tuple[int, int | None], said: str) -> None:
    rows = made_up.cities(
        2022, zip("ABC", ("Sialkot", "Lahore", "Karachi"), (150, *counts), strict=True)
    )
    tables = {"report.headline": made_up.headline(2022), "report.sellers_by_city": rows}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert sentences.followers(figure_of("largest-city", edition), edition) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (0.75, "as in FY2021"),
        (0.75052, "much as in FY2021"),
        (0.7, "up 5.0 pp on FY2021"),
    ],
)
def test_a_share_that_hardly_moved(tmp_path: Path, before: float, said: str) -> None:
    rows = [r for year in (2021, 2022) for r in made_up.cities(year, [("A", "Sialkot", 150)])]
    rows[0]["share"], rows[1]["share"] = before, 0.7503
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.sellers_by_city": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    title = sentences.title(figure_of("largest-city", edition), edition)
    assert title == f"Sialkot: 75.0% of paid sellers whose city is known, {said}"


def test_places_are_not_counted_where_a_class_is_withheld(tmp_path: Path) -> None:
    counts = [("A", "Sialkot", 150), ("B", "Lahore", 20), ("C", "Karachi", None)]
    tables = {
        "report.headline": made_up.headline(2022),
        "report.sellers_by_city": made_up.cities(2022, counts),
    }
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
    assert words.change(5, 0, "sellers") == "0 to 5"
    assert words.cell(None, None, "c") == "[c]"
    assert words.cell(None, None) == ""


@pytest.mark.parametrize(
    ("values", "unit", "written"),
    [
        ((35.7, 36.63), None, ["35.70", "36.63"]),
        ((1, 0.5, 0.036), None, ["1.000", "0.500", "0.036"]),
        ((83, 80), "listings", ["83", "80"]),
        ((80, 83.5), "listings", ["80.0", "83.5"]),
        ((0.0007, 0.00143), "inquiries a visitor", ["0.70", "1.43"]),
        ((0.000012, 0.5), None, ["0.0000", "0.5000"]),
        ((0.000012,), None, ["0.000012"]),
        ((0.5, 0.25), "share 0-1", ["50.0%", "25.0%"]),
        ((None, 2.5), None, [None, "2.5"]),
    ],
)
def test_figures_that_stand_together_have_as_many_decimals(
    values: tuple[float | None, ...], unit: str | None, written: list[str | None]
) -> None:
    digits = words.decimals(values, unit)
    told = [None if v is None else words.measure(v, unit, digits) for v in values]
    assert told == written


def test_old_and_new_have_as_many_decimals() -> None:
    assert words.change(3.01, 2.9, "hours") == "2.90 to 3.01"


def test_every_country_has_a_name_of_its_own() -> None:
    names = [words.country(c["country_iso2"]) for c in countries()]
    assert len(set(names)) == len(names)
    assert words.country("CD") == "Congo - Kinshasa"
    assert words.country("US") == "United States"
    assert words.country("XZ") == "XZ"


def test_definitions_of_the_tiles_are_short() -> None:
    for tile in layout()["tile"]:
        assert len(tile["doc"].replace("{market}", "Pakistan").split()) <= 15, tile["title"]


@pytest.mark.parametrize(("symbol", "shown"), [("c", "[c]"), ("x", "[x]"), ("p", ""), (None, "")])
def test_only_what_is_not_shown_says_why(symbol: str | None, shown: str) -> None:
    """A row can be provisional and one of its columns empty, as the rank of China is."""
    assert words.cell(None, "sellers", symbol) == shown
