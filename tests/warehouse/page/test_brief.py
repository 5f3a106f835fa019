"""Briefs: published figures only, on two sheets at most, and nothing of too few sellers."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.command import outlook
from tests.warehouse.page.test_browser import CUT, VIEWS, browser
from transforms.errors import SettingsError
from warehouse.page import brief, brief_plots, pdf
from warehouse.page.edition import Edition, read
from warehouse.page.series import Point
from warehouse.versions import FILE, latest

assert browser  # a fixture
CITY = (
    "SELECT numerator, denominator FROM report.{} WHERE edition = 'FY2022' AND city_key = 'sialkot'"
)


@pytest.fixture(scope="module")
def file(versions: Path) -> Path:
    folder = latest(versions / "published")
    assert folder
    return folder / FILE


@pytest.fixture(scope="module")
def edition(file: Path) -> Edition:
    return read(file, None, True)


@pytest.fixture
def db(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(file), read_only=True) as db:
        yield db


def told_of(place: str, edition: Edition) -> dict[str, Any]:
    return brief.contents(brief.find(place, edition), edition)


def row(told: dict[str, Any], name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [*told["counts"], *told["rates"]]
    return next(r for r in found if r["name"].startswith(name))


def test_counts_are_those_of_the_tables(edition: Edition, db: duckdb.DuckDBPyConnection) -> None:
    told = told_of("sialkot", edition)
    for name, table in (
        ("Paid sellers", "sellers_by_city"),
        ("Live listings", "listings_by_city"),
        ("Inquiries received", "inquiries_by_city"),
    ):
        number, of = db.execute(CITY.format(table)).fetchall()[0]
        assert row(told, name)["now"] == f"{number:,}"
        assert row(told, name)["share"] == f"{100 * number / of:.1f}%"
    assert told["e"].name == "FY2022"
    assert f"Sialkot had {row(told, 'Paid sellers')['now']} paid sellers" in told["finding"]


def test_the_rest_of_the_country_is_the_market_less_the_city() -> None:
    here, everywhere = rate(53, 76), rate(1_178, 1_657)
    found = brief.against(here, everywhere, "share 0-1")
    assert found["rest"] == f"{100 * (1_178 - 53) / (1_657 - 76):.1f}%"
    assert (found["all"], found["quotient"]) == ("71.1%", "0.98")
    assert found["pair"] == pytest.approx((53 / 76, (1_178 - 53) / (1_657 - 76)))
    almost_all = brief.against(rate(1_170, 1_648), everywhere, "share 0-1")
    assert (almost_all["rest"], almost_all["pair"]) == ("", None), "of nine nothing is said"
    withheld = brief.against(replace(here, value=None), everywhere, "share 0-1")
    assert withheld["all"] == "" and withheld["quotient"] is None


def rate(numerator: int, denominator: int) -> Point:
    share = numerator / denominator
    day = date(2022, 6, 30)
    return Point("FY2022", share, None, day, numerator=numerator, denominator=denominator)


def test_classes_are_the_largest_with_their_ratio_to_the_market(
    edition: Edition, db: duckdb.DuckDBPyConnection
) -> None:
    top = told_of("sialkot", edition)["top"]
    largest = db.execute(
        "SELECT here.category, here.numerator, here.share / everywhere.share "
        "FROM report.sellers_listing_in_category_by_city AS here "
        "JOIN report.sellers_listing_in_category AS everywhere USING (edition, top_category_id) "
        "WHERE here.edition = 'FY2022' AND here.city_key = 'sialkot' AND here.numerator > 0 "
        "ORDER BY here.numerator DESC, here.top_category_id LIMIT 5"
    ).fetchall()
    assert [(t["name"], t["number"]) for t in top] == [(name, f"{n}") for name, n, _ in largest]
    assert [float(t["quotient"]) for t in top] == [pytest.approx(q, abs=0.006) for *_, q in largest]


@pytest.mark.parametrize("place", ["sialkot", "3"])
def test_every_query_runs_on_the_file(
    place: str, edition: Edition, db: duckdb.DuckDBPyConnection
) -> None:
    queries = told_of(place, edition)["queries"]
    assert len(queries) >= 5
    for query in queries:
        db.execute(query).fetchall()


@pytest.mark.parametrize("place", ["sialkot", "Apparel & Accessories"])
def test_it_is_made_of_published_rows_alone(
    place: str, file: Path, edition: Edition, tmp_path: Path
) -> None:
    """Where the tables of single sellers are empty, it is the same, byte by byte."""
    blind = tmp_path / FILE
    shutil.copy(file, blind)
    blind.chmod(0o644)
    with duckdb.connect(str(blind)) as db:
        for table in ("dim_seller", "dim_listing", "fct_inquiry", "fct_seller_day"):
            db.execute(f"DELETE FROM marts.{table}")
    other = read(blind, None, True)
    assert brief.render(told_of(place, edition)) == brief.render(told_of(place, other))


def test_a_short_brief_has_no_ratio_no_chart_and_one_sheet(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = told_of("sialkot", edition)
    monkeypatch.setattr(brief, "FULL", 1 + full["counts"][0]["point"].value)
    short = told_of("sialkot", edition)
    assert full["is_full"] and all(t["quotient"] for t in full["top"])
    assert not short["is_full"] and not short["pairs"] and not short["years"]
    assert [t["quotient"] for t in short["top"]] == [None] * min(3, len(full["top"]))
    assert sheets(brief.render(full)) <= 2
    assert sheets(brief.render(short)) == 1


def test_pairs_are_drawn_where_they_are_and_told_in_words() -> None:
    top = [{"name": f"Class {n}", "pair": (n / 4, 0.5)} for n in range(4)]
    drawn = brief_plots.pairs(top, "The rest of the country")
    places = [float(x) for x in re.findall(r'<circle cx="([\d.]+)" cy="\d+" r="5" fill="#', drawn)]
    steps = {round(b - a, 1) for a, b in pairwise(places)}
    assert len(places) == 4 and len(steps) == 1
    assert "Class 3: 75.0%, the rest of the country 50.0%" in drawn
    assert brief_plots.pairs(top[:2], "The rest of the country") == ""


def test_too_few_sellers_have_no_brief(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = next(
        r["city"] for r in edition.tables["sellers_by_city"].of("FY2022") if r["symbol"] == "c"
    )
    with pytest.raises(SettingsError, match="number of its paid sellers is withheld"):
        told_of(hidden, edition)
    number = told_of("sialkot", edition)["counts"][0]["point"].value
    monkeypatch.setattr(brief, "SMALLEST", number + 1)
    with pytest.raises(SettingsError, match=rf"fewer than {number + 1} paid sellers"):
        told_of("sialkot", edition)


def test_a_table_that_is_withheld_as_a_whole_is_no_gap(edition: Edition) -> None:
    """In the small sample nobody may know how many came and went by city."""
    (row,) = edition.tables["seller_flow_by_city"].of("FY2022")
    assert row["city_key"] == "not_available"
    found = told_of("sialkot", edition)
    assert next(r for r in found["counts"] if r["name"] == "New sellers")["symbol"] == "c"
    assert "New sellers" in found["withheld"] and "New sellers" not in found["absent"]


def test_rates_of_few_are_left_out(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brief, "FEWEST", 10**6)
    told = told_of("sialkot", edition)
    assert not told["top"]
    assert not [r for r in told["rates"] if r["point"] and r["point"].value is not None]


def test_a_wrong_name_lists_the_near_ones(edition: Edition) -> None:
    with pytest.raises(SettingsError, match="no city or category 'Sialkott'.*Sialkot"):
        brief.find("Sialkott", edition)
    assert brief.find("SIALKOT", edition).key == "sialkot"
    assert brief.find("apparel-accessories", edition).key == "3"


def test_the_command_writes_page_and_pdf(
    versions: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(versions / "published", home / "published", symlinks=True)
    done = outlook("brief", "sialkot", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    page = home / "published" / "briefs" / "FY2022" / "sialkot.html"
    assert told["page"] == str(page) and page.is_file()
    assert told["rows"][0]["name"] == "Paid sellers"
    if pdf.can_write():
        assert page.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    # Without libpango no PDF of an earlier brief is left beside the new page.
    page.with_suffix(".pdf").write_bytes(b"earlier")
    monkeypatch.setattr(pdf, "can_write", lambda: False)
    assert json.loads(outlook("brief", "sialkot", "--json").stdout)["pdf"] is None
    assert [p.name for p in page.parent.iterdir()] == ["sialkot.html"]
    assert outlook("brief", "atlantis").returncode == 2


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_cut_in_a_browser(
    view: str, browser: Any, edition: Edition, tmp_path: Path
) -> None:
    path = tmp_path / "brief.html"
    path.write_text(brief.render(told_of("sialkot", edition)), "utf-8")
    context = browser.new_context(**VIEWS[view])
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda m: told.append(m.text))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CUT) == [] and told == []
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    assert not found, [v["id"] for v in found]
    context.close()


def sheets(html: str) -> int:
    if not pdf.can_write():
        pytest.skip("NO LIBPANGO: no PDF was made")
    import weasyprint

    return len(weasyprint.HTML(string=pdf.unfolded(html)).render().pages)
