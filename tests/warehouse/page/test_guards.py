"""What a sentence, tile or table may not say: each guard with figures that would make it do so."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.page import made_up
from tests.warehouse.page.telling import figure_of, inquiries, told
from warehouse.page import charts, measures, page, sentences, words
from warehouse.page.edition import Edition
from warehouse.page.series import figures, layout

MINUS = words.MINUS


def of_two_years(
    tmp_path: Path, table: str, old: dict[str, Any], new: dict[str, Any], code: str = "PK"
) -> Edition:
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        f"report.{table}": [{**made_up.frame(2021), **old}, {**made_up.frame(2022), **new}],
    }
    return made_up.edition(tmp_path / "outlook.duckdb", tables, code=code)


def compared(edition: Edition) -> dict[str, dict[str, str]]:
    """The rows of "This year and last" and of "All measures", under what they count."""
    shown = [f for s in layout()["section"] for f in figures(s, edition)]
    found = [
        *page._comparison(edition),
        *(measures.of(replace(f, row=""), edition) for f in shown if not f.month),
    ]
    return {m.title: vars(m) for m in found}


def tiles(edition: Edition) -> dict[str, dict[str, Any]]:
    return {t["title"]: t for t in (page._tile(t, edition) for t in layout()["tile"])}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (0.028, 0.019, "fell 0.9 pp in FY2022"),
        (0.630, 0.639, "hardly changed in FY2022"),
        (0.985, 0.994, "rose 0.9 pp in FY2022"),  # the rest is less than half of what it was
        (0.028, 0.028, "hardly changed in FY2022"),
    ],
)
def test_hardly_is_small_against_its_base(
    tmp_path: Path, old: float, new: float, said: str
) -> None:
    edition = of_two_years(
        tmp_path, "ready_to_ship", {"share": old, "denominator": 999}, {"share": new}
    )
    title = sentences.title(figure_of("ready-to-ship", edition), edition)
    assert title == f"The share of listings ready to ship {said}"


def test_a_leader_that_is_small_has_not_hardly_moved(tmp_path: Path) -> None:
    rows = [r for year in (2021, 2022) for r in made_up.cities(year, [("A", "Sialkot", 5)])]
    rows[0]["share"], rows[1]["share"] = 0.028, 0.019
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.sellers_by_city": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    title = sentences.title(figure_of("largest-city", edition), edition)
    assert title == "Sialkot: 1.9% of paid sellers whose city is known, down 0.9 pp on FY2021"


@pytest.mark.parametrize(
    ("year", "said"),
    [
        (6003, "Buyer inquiries by month"),
        (5000, "Buyer inquiries by month"),
        (7000, "Buyer inquiries ran above FY2021 in 11 of 12 months"),
    ],
)
def test_months_are_told_only_if_the_year_moved_with_them(
    tmp_path: Path, year: int, said: str
) -> None:
    flow = made_up.flow({2021: 6000, 2022: 6600})
    months = [r for r in flow["report.inquiry_month"] if r["edition"] == "FY2022"]
    months[3]["inquiries"] = 10
    flow["report.inquiry_year"][-1]["inquiries"] = year
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        **flow,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "inquiries-by-month")[0] == said


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([60] * 11 + [0], "New listings ran above FY2021 in 11 of 12 months"),
        ([51] * 11 + [39], "New listings by month"),  # together 600, as in the year before
    ],
)
def test_months_of_no_year_move_together(tmp_path: Path, counts: list[int], said: str) -> None:
    rows = [
        {
            **made_up.frame(year),
            "month": m["month"],
            "flow": "new",
            "listings": count,
            "flow_from": m["span_from"],
            "flow_to": m["span_to"],
        }
        for year, of in ((2021, [50] * 12), (2022, counts))
        for m, count in zip(made_up.months(year), of, strict=True)
    ]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022),
        "report.listing_flow": rows,
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    assert told(edition, "new-listings")[0] == said


@pytest.mark.parametrize(
    ("old", "new", "title", "said"),
    [
        (6, 13, "rose from 6 to 13", "up from 6 a year before"),
        (29, 12, "fell from 29 to 12", "down from 29 a year before"),
        (30, 60, "rose 100.0%", "100.0% more than a year before"),
    ],
)
def test_few_have_no_per_cent(tmp_path: Path, old: int, new: int, title: str, said: str) -> None:
    edition = inquiries(tmp_path, {2021: old, 2022: new})
    found, [point] = told(edition)
    assert found == f"Buyer inquiries {title} in FY2022"
    assert point == f"Buyer inquiries: {new} from 1 July 2021 to 30 June 2022, {said}."
    change = compared(edition)["Buyer inquiries"]["change"]
    assert change == (f"{old} to {new}" if old < 30 else "+100.0%")
    assert tiles(edition)["Buyer inquiries"]["change"] == (
        f"{old} to {new} since FY2021" if old < 30 else "+100.0% on FY2021"
    )
    spec = str(charts.picture(figure_of("inquiries", edition), edition))
    assert "%" not in re.sub(r"%\d|\d%'", "", spec) or old >= 30


def test_the_growth_of_the_table_from_few(tmp_path: Path) -> None:
    edition = of_two_years(
        tmp_path,
        "seller_growth",
        {"paid_sellers": 12},
        {
            "paid_sellers": 18,
            "yoy_growth": 0.5,
            "yoy_growth_numerator": 18,
            "yoy_growth_denominator": 12,
            "cagr": 0.5,
            "cagr_denominator": 8,
            "cagr_years": 2,
            "cagr_from": date(2020, 6, 30),
        },
    )
    title, [point] = told(edition, "paid-sellers")
    assert title == "Paid sellers rose from 12 to 18 in FY2022"
    assert point == "Paid sellers: 18 as of 30 June 2022, up from 12 a year before."


def test_a_share_of_few_is_no_per_cent(tmp_path: Path) -> None:
    """A tiny market: title, tile, comparison, chart and lead."""
    rows = [
        {**r, "denominator": 12, "share": n / 12}
        for year, n in ((2021, 6), (2022, 9))
        for r in made_up.cities(year, [("jalandhar", "Sialkot", n)])
    ]
    tables = {
        "report.headline": made_up.headline(2021) + made_up.headline(2022, paid_sellers=12),
        "report.sellers_by_city": rows,
        "report.seller_growth": [made_up.growth(2022, 12, None)],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables, code="IN")
    figure = figure_of("largest-city", edition)
    said = "Sialkot: 9 of 12 paid sellers whose city is known; 6 of 12 in FY2021"
    assert sentences.title(figure, edition) == said
    assert told(edition, "largest-city")[1] == [f"{said}."]
    tile = tiles(edition)["Sialkot share of sellers"]
    assert (tile["shown"], tile["change"]) == ("9 of 12", "6 of 12 to 9 of 12 since FY2021")
    row = compared(edition)["Sialkot share of sellers"]
    assert (row["old"], row["new"], row["change"]) == ("6 of 12", "9 of 12", "6 of 12 to 9 of 12")
    drawn = charts.picture(figure, edition)
    assert drawn and drawn.alternative.endswith("sized by paid sellers: Sialkot 9.")
    shown = [f for s in layout()["section"] for f in figures(s, edition)]
    [_, leaders] = sentences.lead(edition, shown)
    assert leaders == "9 of 12 paid sellers whose city is known are in Sialkot."


def answered(year: int, numerator: int, denominator: int) -> dict[str, Any]:
    return {
        "window_from": date(year, 5, 25),
        "window_to": date(year, 6, 23),
        "days": 30,
        "days_covered": 30,
        "pooled": numerator / denominator,
        "pooled_numerator": numerator,
        "pooled_denominator": denominator,
    }


@pytest.mark.parametrize(
    ("now", "title", "said", "change"),
    [
        # z = 1.24
        (
            (1152, 1800),
            "The response rate: 64.0% in the 30 days to 23 June 2022",
            "and 62.0% a year before: no change beyond its error",
            "+2.0 pp, within its error",
        ),
        (
            (1224, 1800),
            "The response rate rose 6.0 pp, to 68.0% in the 30 days to 23 June 2022",
            "6.0 pp higher than a year before",
            "+6.0 pp",
        ),
        (
            (1008, 1800),
            "The response rate fell 6.0 pp, to 56.0% in the 30 days to 23 June 2022",
            "6.0 pp lower than a year before",
            f"{MINUS}6.0 pp",
        ),
    ],
)
def test_the_rate_of_a_window_names_it_and_moves_beyond_its_error(
    tmp_path: Path, now: tuple[int, int], title: str, said: str, change: str
) -> None:
    edition = of_two_years(
        tmp_path, "response_rate", answered(2021, 1116, 1800), answered(2022, *now)
    )
    found, [point] = told(edition, "response-rate")
    assert found == title
    assert point.endswith(f" from 25 May 2022 to 23 June 2022, {said}.")
    assert compared(edition)["The response rate"]["change"] == change


def test_a_window_without_its_parts_has_not_moved(tmp_path: Path) -> None:
    old, new = answered(2021, 1116, 1800), answered(2022, 1224, 1800)
    del old["pooled_denominator"]
    edition = of_two_years(tmp_path, "response_rate", old, new)
    title = sentences.title(figure_of("response-rate", edition), edition)
    assert title == "The response rate: 68.0% in the 30 days to 23 June 2022"


@pytest.mark.parametrize(
    ("numerator", "denominator", "said"), [(3, 0, None), (3, 2, None), (3, 9, "Unknown: 3 of 9.")]
)
def test_unknown_of_none_is_not_told(
    tmp_path: Path, numerator: int, denominator: int, said: str | None
) -> None:
    rows = made_up.cities(2022, [("sialkot", "Sialkot", 100), ("unknown", "Unknown", numerator)])
    rows[1]["denominator"] = denominator
    tables = {"report.headline": made_up.headline(2022), "report.sellers_by_city": rows}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    drawn = charts.picture(figure_of("largest-city", edition), edition)
    assert drawn and ("Unknown" in drawn.note) is (said is not None)
    assert said is None or said in drawn.note


def test_shares_of_different_wholes_are_named_in_one_sentence(tmp_path: Path) -> None:
    edition = made_up.edition(tmp_path / "outlook.duckdb", made_up.full())
    shown = [f for s in layout()["section"] for f in figures(s, edition)]
    [_, leaders] = sentences.lead(edition, shown)
    wholes = re.findall(r"[\d.]+% of ([a-z ]+) are", leaders)
    assert wholes == ["paid sellers whose city is known", "paid sellers"]


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        (words.percent(0.0625), "6.3%"),
        (words.percent(0.285), "28.5%"),
        (words.percent(0.0005), "0.1%"),
        (words.number(2.675), "2.68"),
        (words.number(0.00012345), "0.000123"),
        (words.number(0.1125), "0.113"),
        (words.number(-2.675), f"{MINUS}2.68"),
        (words.short(1_250_000), "1.3 m"),
        (words.measure(1.005, "USD per price_unit"), "US$1.01"),
        (words.measure(0.00144, "inquiries a visitor"), "1.44"),
        (words.change(0.0625, 0, "share 0-1"), "+6.3 pp"),
        (words.change(0, 0.0625, "share 0-1"), f"{MINUS}6.3 pp"),
        (words.change(10_005, 10_000, "sellers"), "+0.1%"),
        (words.change(9_995, 10_000, "sellers"), f"{MINUS}0.1%"),
        (words.change(13, 6, "sellers"), "6 to 13"),
        (words.change(6, 6, "sellers"), "unchanged"),
    ],
)
def test_halves_are_rounded_up_and_digits_follow_the_unit(said: str, is_: str) -> None:
    assert said == is_


def test_a_growth_is_rounded_from_its_parts(tmp_path: Path) -> None:
    """10,105 / 10,000 - 1 is a little less than 0.0105 as a binary fraction."""
    title, _ = told(inquiries(tmp_path, {2021: 10_000, 2022: 10_105}))
    assert title == "Buyer inquiries rose 1.1% in FY2022"


@pytest.mark.parametrize("is_sample", [True, False])
def test_generated_exports_confirm_no_claim(tmp_path: Path, is_sample: bool) -> None:
    def claim(tables: dict[str, list[made_up.Row]]) -> None:
        for row, verdict in zip(
            [r for r in tables["report.context"] if r["edition"] == "FY2022"],
            ("confirmed", "differing", "not testable"),
            strict=True,
        ):
            row["verdict"] = verdict

    made = made_up.edition(tmp_path / "outlook.duckdb", made_up.full(claim))
    carried = dict.fromkeys(["outlook.xlsx", "csv.zip", *(f"{t}.csv" for t in made.tables)], b"")
    html = page.render(replace(made, is_sample=is_sample), {}, carried, {})
    section = html[html.index('<section id="claims">') : html.index('<section id="unknown">')]
    seen = re.sub(r"<pre>.*?</pre>", "", section, flags=re.S)
    verdicts = re.search(
        r"confirmed|differing|verdict", seen.replace("no verdict is given", ""), re.I
    )
    assert (verdicts is None) is is_sample


def test_figures_of_a_column_have_as_many_decimals(tmp_path: Path) -> None:
    rows = [
        {
            **made_up.frame(2022),
            "measure": "inquiries",
            "horizon": 12,
            "method": method,
            "mase": mase,
        }
        for method, mase in (("naive", 1.0), ("drift", 0.036), ("same_month", 0.5))
    ]
    tables = {"report.headline": made_up.headline(2022), "report.projection_contest": rows}
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    shown = page._shown("M1", figure_of("projection-contest", edition), edition, None)
    at = [h["text"] for h in shown.head].index("MASE")
    assert [r[at]["text"] for r in shown.rows] == ["1.000", "0.036", "0.500"]


def test_cities_beside_an_unknown_class_are_the_other_cities(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"city_key": "sialkot", "city": "Sialkot", "retention": 0.85, "retention_denominator": 413},
        {"city_key": "lahore", "city": "Lahore", "retention_symbol": "c"},
        {"city_key": "unknown", "city": "Unknown", "retention": 0.8, "retention_denominator": 40},
    ]
    tables = {
        "report.headline": made_up.headline(2022),
        "report.seller_flow_by_city": [{**made_up.frame(2022), **row} for row in rows],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    shown = page._shown("Figure 4", figure_of("retention-by-city", edition), edition, None)
    assert (shown.few, shown.others) == ([("Sialkot", "85.0% of 413")], "other cities")


def test_what_is_counted_since_the_first_night_names_it(tmp_path: Path) -> None:
    def held(tables: dict[str, list[made_up.Row]]) -> None:
        first = {**tables["meta.night"][0], "dataset": "listings", "is_good": False}
        tables["meta.night"].append({**first, "export_date": date(2018, 2, 3)})
        tables["meta.night"].append(
            {**first, "export_date": date(2019, 2, 3), "is_good": True, "status": "ok"}
        )

    edition = made_up.edition(tmp_path / "outlook.duckdb", made_up.full(held))
    said = "Listings ever made, watched since 3 February 2019"
    assert sentences.title(figure_of("listings-ever", edition), edition) == said
    assert said in compared(edition)
    answer = tiles(edition)["Live listings"]["card"].answers[1][1]
    assert answer.endswith(
        " listings have been seen since 3 February 2019; 20,000 of them are live."
    )
