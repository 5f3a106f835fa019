"""Every query on the page runs on the published file and gives what the page shows."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.page import made_up, telling
from warehouse.page import page, pdf
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, layout

ENTRIES = [Figure(**f) for s in layout()["section"] for f in s["figure"]]
Db = duckdb.DuckDBPyConnection


@pytest.mark.parametrize("is_sample", [True, False])
@pytest.mark.parametrize("figure", ENTRIES, ids=lambda f: f.id)
def test_a_query_gives_the_rows_of_its_data_table(
    figure: Figure, is_sample: bool, edition: Edition, db: Db
) -> None:
    shown = page._shown("1", figure, replace(edition, is_sample=is_sample), None)
    found = db.execute(shown.query)
    names = [d[0] for d in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    on_page = [
        {h["name"]: c["value"] for h, c in zip(shown.head, row, strict=True)} for row in shown.rows
    ]
    assert on_page
    assert [{n: r[n] for n in on_page[0]} for r in rows] == on_page


def test_each_query_stands_on_the_page_and_the_build_is_folded_behind_it(html: str, db: Db) -> None:
    for figure in ENTRIES:
        block = telling.block(html, figure)
        outer, _, inner = block.partition("<summary>How <code>report.")
        [query] = [unescape(q) for q in re.findall(r"<pre><code>(.*?)</code>", outer, re.S)]
        assert query.startswith("SELECT ") and db.execute(query).fetchall()
        [built] = re.findall(r"<pre><code>(.*?)</code>", inner, re.S)
        assert unescape(built).startswith("--")
        assert outer.count("<details") - outer.count("</details>") >= 1 + figure.is_drawn


def test_a_quote_in_a_condition_is_a_letter(tmp_path: Path) -> None:
    row = {
        **made_up.frame(2022),
        "top_category_id": "1",
        "price_unit": "dozen 'long'",
        "price_median_usd": 5.0,
    }
    made = made_up.edition(
        tmp_path / "outlook.duckdb",
        {"report.headline": made_up.headline(2022), "report.price_level": [row]},
    )
    figure = replace(
        next(f for f in ENTRIES if f.id == "prices"), where={"price_unit": "dozen 'long'"}
    )
    shown = page._shown("1", figure, made, None)
    with duckdb.connect(str(tmp_path / "outlook.duckdb"), read_only=True) as db:
        assert len(db.execute(shown.query).fetchall()) == len(shown.rows) == 1


def test_nothing_that_is_folded_is_printed(html: str) -> None:
    printed = pdf.unfolded(html)
    assert "<pre>" in html and "<pre>" not in printed and "details>" not in printed
    assert printed.count("<figure") == html.count("<figure")
    defined = "<em>Numerator:</em>"
    assert printed.count(defined) == html.count(defined) > 20
