"""A finished year says the same whatever comes to be known later, to the last digit, in all tables.

Each universe is published when its fiscal year has ended, and again some months later: sellers have
come, lapsed and moved in between, and the two that were asked most are made to leave, one for
another country and one for another city.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.test_order import published, settings_of
from transforms import DATASETS
from transforms import night as line
from transforms.deliveries import exports
from transforms.markets import market
from transforms.sample import write_sample
from transforms.settings import Settings
from warehouse import versions
from warehouse.build.build import Built, build
from warehouse.models import models

OTHER_CITIES = {"PK": "Multan", "IN": "Chennai"}
TABLES = sorted(m.table for m in models() if m.schema == "report")


@dataclass(frozen=True)
class Year:
    """A fiscal year of one universe, and the month ends around it."""

    market: str
    seed: int
    scale: float
    edition: str
    first: date
    closes: date
    last: date

    def __str__(self) -> str:
        return f"{self.market}-{self.seed}"


YEARS = [
    Year("PK", 1, 0.03, "FY2021", date(2020, 6, 1), date(2021, 6, 30), date(2021, 8, 31)),
    Year("IN", 2, 0.06, "FY2021", date(2020, 3, 1), date(2021, 3, 31), date(2021, 5, 31)),
]


@pytest.mark.parametrize("of", YEARS, ids=str)
def test_what_comes_later_changes_nothing_of_a_finished_year(of: Year, tmp_path: Path) -> None:
    delivered = tmp_path / "exports"
    write_sample(
        delivered, of.first, of.last, scale=of.scale, seed=of.seed, every="month", market=of.market
    )
    chosen = settings_of(tmp_path, delivered, of.market)
    load(chosen, of.first, of.closes)
    then = build(chosen)
    before = rows_of(then, of.edition)

    abroad, elsewhere = asked_most(then, of)
    moves = {
        abroad: {"Country/Region": "China", "City": "Shenzhen"},
        elsewhere: {"City": OTHER_CITIES[of.market]},
    }
    for file in delivered.glob("*/sellers.csv"):
        if file.parent.name > f"{of.closes}":
            move(file, moves)
    load(chosen, of.closes, of.last)
    now = build(chosen)
    after = rows_of(now, of.edition)

    # It is not that nobody knew.
    assert whereabouts(now, abroad)[0] == "CN" != whereabouts(then, abroad)[0]
    assert whereabouts(now, elsewhere)[1] != whereabouts(then, elsewhere)[1]
    for table in TABLES:
        assert after[table] == before[table], f"{table} of {of.edition} has changed"


def load(chosen: Settings, first: date, last: date) -> None:
    for night in exports.due_nights(chosen.exports, first, last):
        for dataset in DATASETS:
            line.load(dataset, night, chosen)


def rows_of(built: Built, edition: str) -> dict[str, Counter[str]]:
    """The edition's rows of every report table."""
    found = {}
    for table, rows in published(built, TABLES).items():
        found[table] = Counter(repr(row) for row in rows if row["edition"] == edition)
        # A year without requests has a row in the table of the year, and none by week.
        assert found[table] or table.endswith("_by_week"), f"{table} has no row of {edition}"
    return found


def asked_most(built: Built, of: Year) -> list[str]:
    """Two of the market's sellers, of those whose inquiries the year counts."""
    return [
        seller
        for (seller,) in _ask(
            built,
            "SELECT seller_id FROM marts.fct_inquiry JOIN marts.dim_seller USING (seller_id) "
            "WHERE is_current AND country_iso2 = ? AND channel = 'inquiry' "
            "AND posted_on_local <= ? AND dim_seller.city_key IS NOT NULL "
            "GROUP BY seller_id ORDER BY count(*) DESC, seller_id LIMIT 2",
            [market(of.market).country, of.closes],
        )
    ]


def whereabouts(built: Built, seller: str) -> tuple[Any, ...]:
    """Country and city of a seller as it stands now."""
    (found,) = _ask(
        built,
        "SELECT country_iso2, city_key FROM marts.dim_seller WHERE is_current AND seller_id = ?",
        [seller],
    )
    return found


def _ask(built: Built, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(built.folder / versions.FILE), read_only=True) as db:
        return db.execute(query, values).fetchall()


def move(file: Path, moves: dict[str, dict[str, str]]) -> None:
    """Writes some cells of some sellers anew; the manifest, which knows the old bytes, goes."""
    with open(file, encoding="utf-8-sig", newline="") as lines:
        header, *rows = csv.reader(lines)
    for row in rows:
        for column, text in moves.get(row[header.index("Member ID")], {}).items():
            row[header.index(column)] = text
    with open(file, "w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out, lineterminator="\r\n").writerows([header, *rows])
    (file.parent / "manifest.json").unlink(missing_ok=True)
