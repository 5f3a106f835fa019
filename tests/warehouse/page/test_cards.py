"""The card behind each tile: what it says stands in the file, and its query gives the figure."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.page import made_up
from warehouse.page import cards, page
from warehouse.page.edition import Edition
from warehouse.page.series import layout

Db = duckdb.DuckDBPyConnection
TILES = layout()["tile"]


@pytest.mark.parametrize("tile", TILES, ids=lambda t: t["title"])
def test_the_query_of_a_card_gives_its_figure(
    tile: dict[str, Any], edition: Edition, db: Db
) -> None:
    made = page._tile(tile, edition)
    found = db.execute(made["card"].query)
    names = [d[0] for d in found.description]
    [row] = found.fetchall()
    held = dict(zip(names, row, strict=True))
    assert held[tile["measure"]] == made["value"]
    assert held["edition"] == "FY2022" and held["as_of"] == made.get("as_of", held["as_of"])
    if made["value"] is None:
        assert made["card"].terms[0] == ("Value", "not shown")
    else:
        terms = dict(made["card"].terms)
        whole = next((v for n, v in held.items() if n.endswith("denominator")), None)
        assert terms["Denominator"].startswith("None" if whole is None else f"{whole:,}: ")
        assert list(terms) == [
            "Value",
            "Numerator",
            "Denominator",
            "Coverage",
            "Nights behind it",
            "As of",
            "What changed",
        ]


def test_each_tile_has_three_questions_with_answers(edition: Edition) -> None:
    for tile in TILES:
        answers = page._tile(tile, edition)["card"].answers
        assert len(answers) == 3
        assert not [a for _, a in answers if re.search(r"[{}]|None|nan", a)]


def test_every_figure_of_an_answer_is_a_column_of_one_row(edition: Edition) -> None:
    for tile in TILES:
        for asked in tile["ask"]:
            for name, column, by, _ in cards.COMPUTED.findall(asked["answer"]):
                if name == "watched":
                    assert column in edition.watched_since
                    continue
                table = edition.tables[tile["table"] if name == "row" else name]
                assert table.column(column) and (not by or table.column(by)), asked
                key = {"edition"} | ({by} if by else set())
                is_one_row = name == "row" or len(
                    {tuple(str(r[k]) for k in key) for r in table.of("FY2022")}
                ) == len(table.of("FY2022"))
                assert is_one_row, asked


def answered(tmp_path: Path, row: dict[str, Any]) -> list[str]:
    tables = {
        "report.headline": made_up.headline(2022),
        "report.seller_growth": [made_up.growth(2022, 620, None)],
        "report.listings_per_seller": [{**made_up.frame(2022), **row}],
    }
    edition = made_up.edition(tmp_path / "outlook.duckdb", tables)
    return [a for _, a in page._tile(TILES[0], edition)["card"].answers]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"no_listings_share": 0.0625, "no_listings_share_denominator": 640},
            "All of them pay. 6.3% of them have no live listing.",
        ),
        (
            {
                "no_listings_share": 0.25,
                "no_listings_share_numerator": 3,
                "no_listings_share_denominator": 12,
            },
            "All of them pay. 3 of 12 of them have no live listing.",
        ),
        ({"no_listings_share": None}, cards.NOT_HELD),
    ],
)
def test_an_answer_is_computed_or_says_that_it_is_not(
    tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    companies, _, listings = answered(tmp_path, row)
    assert companies == cards.NOT_HELD
    assert listings == said


def test_cards_stand_on_the_page_and_their_queries_run(html: str, db: Db) -> None:
    tiles = html[html.index('<section class="tiles"') : html.index('<section id="points">')]
    found = [unescape(q) for q in re.findall(r"<pre><code>(.*?)</code>", tiles, re.S)]
    assert len(found) == len(TILES)
    assert all(len(db.execute(q).fetchall()) == 1 for q in found)
