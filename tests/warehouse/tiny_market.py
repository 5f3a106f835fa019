"""A market of a handful of sellers, put into the lake's tables: nearly all its cells are small."""

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from transforms import engine
from transforms.lake import Lake, months
from transforms.layouts import layouts
from transforms.markets import market
from warehouse.tables import lake_views
from warehouse.tables.make import make_tables

LAYOUTS = {
    "sellers": ("sellers_export", "census"),
    "listings": ("listings_export", "census"),
    "inquiries": ("inquiries_export", "window"),
}
FIELDS = {layout.name: layout.stated_fields(set()) for layout in layouts()}
FOR_EVER = date(2035, 1, 1)
PARTNERS = ("direct", "Alpha", "Beta")
BUYERS = ("US", "DE", "GB", None)

Rows = list[dict[str, Any]]


@dataclass
class Tiny:
    """Rows of the lake's tables, by table."""

    rows: dict[str, Rows] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)


def month_ends(first: date, count: int) -> list[date]:
    """The last days of so many months, from that of `first` on."""
    found, day = [], first.replace(day=1)
    for _ in range(count):
        day = (day + timedelta(32)).replace(day=1)
        found.append(day - timedelta(1))
    return found


def tiny(seed: int) -> Tiny:
    """One market, made of one seed: its history has 2 to 32 month ends and 3 to 250 sellers."""
    draw = random.Random(seed)
    nights = month_ends(date(2020, 6, 1), draw.choice((19, 25, 31, 32)))
    if draw.random() < 0.5:
        nights = month_ends(date(2020, draw.randint(1, 12), 1), draw.randint(2, 26))
    faults = draw.choice((0, 0, 0.05))
    made = Tiny()
    for dataset, (layout, extent) in LAYOUTS.items():
        for night in nights:
            status = "held" if draw.random() < faults else "ok"
            made.add(
                "nights",
                dataset=dataset,
                export_date=night,
                status=status,
                is_late=False,
                revision=1,
                layout=layout,
                extent=extent,
            )
            for stated in sorted(FIELDS[layout]):
                made.add("night_fields", dataset=dataset, export_date=night, field=stated)
    held = {(n["dataset"], n["export_date"]) for n in made.rows["nights"] if n["status"] != "ok"}
    good = {d: [n for n in nights if (d, n) not in held] for d in LAYOUTS}
    cities, tops = _words(draw)
    last = nights[-1]
    for number in range(draw.choice((3, 6, 12, 30, 60, 120, 250))):
        seller = f"seller-{number}"
        joined = (
            _some_day(draw, nights[0] - timedelta(500), last)
            if draw.random() < 0.6
            else (nights[0] - timedelta(400))
        )
        left = _some_day(draw, joined, last) if draw.random() < 0.3 else FOR_EVER
        _seller(made, draw, seller, joined, left, good["sellers"], cities)
        _listings(made, draw, seller, joined, left, good["listings"], tops)
        _inquiries(
            made,
            draw,
            seller,
            max(joined, nights[0] - timedelta(20)),
            min(left, last),
            good["inquiries"],
        )
    return made


@contextmanager
def warehouse_of(made: Tiny, smallest_cell: int = 5) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table that the models make of it, in memory."""
    with tempfile.TemporaryDirectory() as room, engine.in_memory() as db:
        lake_views.attach(db, Lake(Path(room)), market("PK"))
        db.execute("UPDATE lake.market SET smallest_cell = ?", [smallest_cell])
        for table, rows in made.rows.items():
            found = db.execute(f"DESCRIBE lake.{table}").fetchall()
            columns = {name: kind for name, kind, *_ in found}
            names = list(rows[0])
            db.register("rows_to_copy", pa.table({n: [r.get(n) for r in rows] for n in names}))
            cast = ", ".join(f'CAST("{n}" AS {columns[n]}) AS "{n}"' for n in names)
            db.execute(f"INSERT INTO lake.{table} BY NAME SELECT {cast} FROM rows_to_copy")
            db.unregister("rows_to_copy")
        for kind in months.BY_DAY["listings"]:
            totals = months.totals(kind, "lake.listing_day")
            db.execute(f"INSERT INTO lake.{kind} BY NAME {totals}")
        db.execute("ATTACH ':memory:' AS outlook")
        db.execute("USE outlook")
        make_tables(db)
        yield db


def _words(draw: random.Random) -> tuple[list[str | None], list[tuple[str, str]]]:
    """City keys, the last of them unknown, and leaf categories with their top."""
    pk = market("PK")
    cities: list[str | None] = [p.city_key for p in pk.places[: draw.choice((1, 2, 3, 5))]]
    if draw.random() < 0.5:
        cities.append(None)
    leaves = sorted((top, key) for key, (_, top) in pk.categories.items() if top and top != key)
    tops = sorted({top for top, _ in leaves})[: draw.choice((1, 2, 4))]
    return cities, [next((key, t) for t, key in leaves if t == top) for top in tops]


def _some_day(draw: random.Random, first: date, last: date) -> date:
    return first + timedelta(draw.randrange(max((last - first).days, 1)))


def _seller(
    made: Tiny,
    draw: random.Random,
    seller: str,
    joined: date,
    left: date,
    nights: list[date],
    cities: list[str | None],
) -> None:
    shown = [n for n in nights if joined <= n < left]
    if not shown:
        return
    state = {
        "change": "new",
        "changed_on": shown[0],
        "seller_id": seller,
        "country_iso2": "PK",
        "city_key": draw.choices(cities, [2**-i for i in range(len(cities))])[0],
        "membership": "global_gold",
        "paid_from": joined,
        "paid_to": FOR_EVER,
        "company_key": f"company-{draw.randrange(20)}",
        "is_verified": draw.random() < 0.4,
        "channel_partner": draw.choice(PARTNERS),
        "orders_6m": int(draw.random() < 0.4),
    }
    made.add("sellers_changes", **state)
    gone = [n for n in nights if n >= left]
    if gone:
        made.add("sellers_changes", **state | {"change": "gone", "changed_on": gone[0]})


def _listings(
    made: Tiny,
    draw: random.Random,
    seller: str,
    joined: date,
    left: date,
    nights: list[date],
    tops: list[tuple[str, str]],
) -> None:
    live: Counter[tuple[date, str]] = Counter()
    for number in range(draw.choice((0, 1, 1, 2, 5))):
        start = _some_day(draw, joined, nights[-1]) if nights else joined
        end = _some_day(draw, start, left) if draw.random() < 0.3 else left
        shown = [n for n in nights if start <= n < end]
        if not shown:
            continue
        leaf, top = draw.choice(tops)
        product = f"{seller}-{number}"
        is_new = {"product_id": product, "seller_id": seller}
        made.add("listing_change", change="new", changed_on=shown[0], **is_new)
        made.add(
            "listing_new",
            changed_on=shown[0],
            seller_id=seller,
            top_category_id=top,
            new_listings=1,
        )
        gone = [n for n in nights if n >= end]
        if gone:
            made.add("listing_change", change="gone", changed_on=gone[0], **is_new)
        price = draw.choice((None, 1, 5, 9))
        for night in shown:
            live[night, top] += 1
            made.add(
                "listing_as_of",
                snapshot_date=night,
                seller_id=seller,
                category_id=leaf,
                top_category_id=top,
                status="approved",
                is_listed=True,
                price_min=price,
                price_min_usd=price,
                price_unit=draw.choice(("piece", "set")) if price else None,
                moq=1,
                moq_unit_dimension="count",
                moq_base_qty=1,
                is_rts=number % 2 == 0,
            )
    for (night, top), count in live.items():
        made.add(
            "listing_day",
            snapshot_date=night,
            seller_id=seller,
            top_category_id=top,
            listings=count,
            live_listings=count,
            visitors=draw.randrange(9),
            inquiries=draw.randrange(3),
        )


def _inquiries(
    made: Tiny, draw: random.Random, seller: str, first: date, last: date, nights: list[date]
) -> None:
    for number in range(draw.choice((0, 1, 3, 8, 20))):
        day = _some_day(draw, first, last)
        seen = [n for n in nights if day <= n <= day + timedelta(40)]
        if not seen:
            continue
        received = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        reply = received + timedelta(hours=3) if draw.random() < 0.6 else None
        made.add(
            "inquiries_state",
            inquiry_id=f"{seller}-{number}",
            id_is_surrogate=False,
            channel="inquiry",
            seller_id=seller,
            posted_date_local=day,
            posted_date_platform=day,
            received_at=received,
            first_reply_at=reply,
            buyer_key=f"buyer-{draw.randrange(9)}",
            buyer_country_iso2=draw.choice(BUYERS),
            is_spam=False,
            is_auto_reply=False,
            first_seen_on=seen[0],
            last_seen_on=seen[0],
        )
