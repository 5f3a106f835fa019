"""All measures: whose row it is, and what its line says and leaves unsaid."""

from pathlib import Path

import pytest

from tests.warehouse.page import made_up
from tests.warehouse.page.telling import figure_of, inquiries
from warehouse.page import bridge, measures
from warehouse.page.edition import Edition


def line_of(edition: Edition) -> str:
    found = str(measures.of(figure_of("inquiries", edition), edition).spark)
    return found.split('aria-label="')[1].split('"')[0] if found else ""


@pytest.mark.parametrize(
    ("years", "covered", "said"),
    [
        ({2020: 40, 2021: 50, 2022: 60}, {}, "rose every year, from 40 in FY2020 to 60 in FY2022"),
        ({2020: 60, 2021: 50, 2022: 40}, {}, "fell every year, from 60 in FY2020 to 40 in FY2022"),
        ({2020: 40, 2021: 60, 2022: 50}, {}, "from 40 in FY2020 to 50 in FY2022"),
        ({2020: 40, 2021: None, 2022: 60}, {}, "from 40 in FY2020 to 60 in FY2022"),
        ({2020: 40, 2021: 50, 2022: 60}, {2021: 300}, "from 40 in FY2020 to 60 in FY2022"),
        ({2022: 60}, {}, ""),
    ],
    ids=["rises", "falls", "neither", "a gap year", "fewer days", "one year"],
)
def test_a_line_claims_only_what_can_be_compared(
    tmp_path: Path, years: dict[int, float | None], covered: dict[int, int], said: str
) -> None:
    assert line_of(inquiries(tmp_path, years, covered)) == said


def test_a_gap_year_breaks_the_line(tmp_path: Path) -> None:
    whole = inquiries(tmp_path, {2020: 40, 2021: 50, 2022: 60})
    (tmp_path / "more").mkdir()
    broken = inquiries(tmp_path / "more", {2019: 30, 2020: 40, 2021: None, 2022: 60})
    figure = figure_of("inquiries", whole)
    paths = [
        str(measures.of(figure, e).spark).split('d="')[1].split('"')[0] for e in (whole, broken)
    ]
    assert [p.count("M") for p in paths] == [1, 2]


def test_last_year_and_this_one_have_as_many_decimals(tmp_path: Path) -> None:
    rows = [
        {**made_up.frame(year), "mean_countries": mean}
        for year, mean in ((2021, 12.5), (2022, 13.03))
    ]
    tables = {"report.headline": made_up.headline(2022), "report.destination_reach": rows}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    row = measures.of(figure_of("reach", edition), edition)
    assert (row.old, row.new) == ("12.50", "13.03")
    assert 'from 12.50 in FY2021 to 13.03 in FY2022"' in row.spark


def classes_of(table: str, figure: str, rows: list[made_up.Row], folder: Path) -> str:
    """The title of the row of a figure with classes."""
    tables = {
        "report.headline": made_up.headline(2022),
        f"report.{table}": [{**made_up.frame(2022), **row} for row in rows],
    }
    edition = made_up.edition(folder / "outlook.duckdb", tables)
    return measures.of(figure_of(figure, edition), edition).title


def test_the_largest_category_is_that_with_most_listings(tmp_path: Path) -> None:
    """Not the one with the highest median, and not the first of equal ones."""
    rows = [
        {
            "top_category_id": key,
            "category": f"Category {key}",
            "moq_unit_dimension": "count",
            "moq_median": median,
            "numerator": listings // 2,
            "denominator": listings,
        }
        for key, median, listings in (("1", 100, 900), ("2", 100, 31_000), ("3", 500, 1_300))
    ]
    title = classes_of("moq_level", "minimum-orders", rows, tmp_path)
    assert title == "Median minimum order, Category 2"


def test_the_largest_partner_is_that_with_most_new_sellers(tmp_path: Path) -> None:
    rows = [
        {"channel_partner": name, "new_sellers": joined, "retention_12m": kept}
        for name, joined, kept in (("Bridge", 20, 0.95), ("direct", 60, 0.8))
    ]
    title = classes_of("partner_cohorts", "partners", rows, tmp_path)
    assert title == "New sellers kept, no partner named"


def test_the_largest_city_is_that_with_most_sellers(tmp_path: Path) -> None:
    rows = [
        {"city_key": key, "city": key, "numerator": n, "denominator": d, "participation_gap": n / d}
        for key, n, d in (("Wazirabad", 0.04, 0.001), ("Sialkot", 0.87, 0.08))
    ]
    title = classes_of("participation_gap", "participation-gap", rows, tmp_path)
    assert title == "Sialkot: share of sellers ÷ share of exports"


@pytest.mark.parametrize(
    ("returned", "said"),
    [(8, " and a net 8 came back"), (-2, ", a net 2 left again"), (0, "")],
)
def test_the_bridge_adds_up_and_names_its_day(tmp_path: Path, returned: int, said: str) -> None:
    row = {
        **made_up.frame(2022),
        "sellers_at_start": 480,
        "churned_sellers": 70,
        "new_sellers": 200,
        "returned_sellers": returned,
    }
    tables = {"report.headline": made_up.headline(2022), "report.seller_flow": [row]}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    figure = figure_of("sellers-bridge", edition)
    assert bridge.title(figure, edition) == (
        f"Of 480 paid sellers 70 left; 200 joined{said}: {610 + returned} on 30 June 2022"
    )
    drawn = bridge.drawn(figure, edition, 430)
    assert drawn and f"FY2022 {610 + returned}" in drawn[1]


def test_a_withheld_step_leaves_no_bridge(tmp_path: Path) -> None:
    row = {**made_up.frame(2022), "sellers_at_start": 480, "new_sellers": 200}
    tables = {"report.headline": made_up.headline(2022), "report.seller_flow": [row]}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    figure = figure_of("sellers-bridge", edition)
    assert bridge.drawn(figure, edition, 430) is None
    assert bridge.title(figure, edition) == "Paid sellers from year to year"
