"""Small made-up published files: a few rows put into tables of the true shape."""

import shutil
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb

from transforms import engine
from transforms.lake import Lake
from transforms.markets import market
from warehouse.build import release
from warehouse.build.build import describe
from warehouse.editions import put_in
from warehouse.models import models
from warehouse.page.edition import Edition, read
from warehouse.tables import lake_views
from warehouse.tables.make import make_tables

RUN: dict[str, Any] = {
    "run_id": "20220715T060000Z-0123abcd",
    "export_date": date(2022, 6, 30),
    "code_version": "0123456789ab",
    "lake_fingerprint": "0" * 64,
    "duckdb_version": "1.5.6",
    "built_at": datetime(2022, 7, 15, 6, 0),
}
Row = dict[str, Any]


@cache
def _empty(code: str) -> Path:
    """A file with every table and no row, made once for a market."""
    folder = Path(mkdtemp(prefix="outlook-page-"))
    path = folder / "outlook.duckdb"
    with engine.in_memory() as db:
        lake_views.attach(db, Lake(folder / "lake"), market(code))
        db.execute(f"ATTACH '{path}' AS outlook")
        db.execute("USE outlook")
        make_tables(db)
        put_in.put_in(db, folder)
        night = RUN["export_date"]
        told = release.describe(db, f"{night}", night, market(code), None, None)
        describe(db, [], RUN, told)
        db.execute("USE memory")
        db.execute("DETACH outlook")
    return path


def database(path: Path, tables: dict[str, list[Row]], code: str = "PK") -> Path:
    """A published file at `path` that holds these rows; columns not given are null."""
    shutil.copy(_empty(code), path)
    with duckdb.connect(str(path)) as db:
        db.begin()
        for table, rows in tables.items():
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
        closed = [r["edition"] for r in tables.get("meta.edition", ())]
        for model in models():
            if model.schema == "report":
                put_in.mark_provisional(db, model, closed)
        db.commit()
    return path


def frame(year: int, as_of: date | None = None) -> Row:
    """What every row of a fiscal year has; without `as_of` the year is whole."""
    last = date(year, 6, 30)
    day = as_of or last
    return {
        "edition": f"FY{year}",
        "year_basis": "fiscal",
        "year": year,
        "as_of": day,
        "period_from": date(year - 1, 7, 1),
        "period_to": last,
        "is_partial": day < last,
    }


def headline(year: int, as_of: date | None = None, **figures: float | None) -> list[Row]:
    """Rows of report.headline; a figure of None is not available."""
    known: dict[str, float | None] = {**figures, "goods_sold_value": None}
    rows = []
    for metric, value in known.items():
        base = frame(year, as_of)
        symbol = "x" if value is None else "p" if base["is_partial"] else None
        rows.append(
            {
                **base,
                "metric": metric,
                "value": value,
                "coverage": 1.0,
                "symbol": symbol,
                "numerator": None if value is None else int(value),
            }
        )
    return rows


def cities(year: int, counts: Iterable[tuple[str, str, int | None]]) -> list[Row]:
    """Rows of report.sellers_by_city; a count of None is withheld."""
    rows = list(counts)
    total = 200
    return [
        {
            **frame(year),
            "city_key": key,
            "city": city,
            "numerator": count,
            "denominator": total,
            "share": None if count is None else count / total,
            "coverage": 1.0,
            "symbol": "c" if count is None else None,
        }
        for key, city, count in rows
    ]


def growth(year: int, sellers: int, before: int | None, **more: Any) -> Row:
    """Row of report.seller_growth with the growth that the table itself has."""
    return {
        **frame(year),
        "paid_sellers": sellers,
        "paid_sellers_numerator": sellers,
        "yoy_growth": sellers / before - 1 if before else None,
        "yoy_growth_denominator": before,
        "yoy_growth_from": date(year - 1, 6, 30) if before else None,
        "yoy_growth_symbol": None if before else "x",
        **more,
    }


def flow(
    years: dict[int, float | None],
    covered: dict[int, int] | None = None,
    as_of: dict[int, date] | None = None,
) -> dict[str, list[Row]]:
    """Rows of report.inquiry_year and report.inquiry_month; None is not available."""

    def row(year: int, value: float | None, span: Row) -> Row:
        return {
            **frame(year, (as_of or {}).get(year)),
            **{k: v for k, v in span.items() if k != "month"},
            "inquiries": value,
            "numerator": value,
            "coverage": 1.0,
            "symbol": "x" if value is None else None,
        }

    days = covered or {}
    return {
        "report.inquiry_year": [
            row(year, total, {"days": 365, "days_covered": days.get(year, 365)})
            for year, total in years.items()
        ],
        "report.inquiry_month": [
            row(year, total if total is None else int(total) // 12, month)
            for year, total in years.items()
            for month in months(year)
        ],
    }


def edition(
    path: Path,
    tables: dict[str, list[Row]],
    year: int = 2022,
    status: str = "final",
    code: str = "PK",
) -> Edition:
    """One edition of a made-up file."""
    frozen = [] if status == "provisional" else [stands(year, status)]
    return read(database(path, {**tables, "meta.edition": frozen}, code), f"FY{year}")


def stands(year: int, status: str) -> Row:
    """Row of meta.edition of a frozen year."""
    return {
        "edition": f"FY{year}",
        "status": status,
        "revision": 1 if status == "final" else 2,
        "frozen_at": datetime(year, 10, 1, 6, 0),
        "frozen_by": "an author",
        "reason": None if status == "final" else "The last night came late.",
    }


def months(year: int) -> list[Row]:
    """The months of a fiscal year, as spans that deliveries cover."""
    found = []
    for place in range(12):
        first = date(year - (place < 6), (place + 6) % 12 + 1, 1)
        last = date(first.year + first.month // 12, first.month % 12 + 1, 1) - timedelta(days=1)
        found.append(
            {
                "span_from": first,
                "span_to": last,
                "days": last.day,
                "days_covered": last.day,
                "month": first,
            }
        )
    return found


@cache
def _columns() -> dict[str, dict[str, str]]:
    """The type of each column of each report table."""
    found: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(_empty("PK")), read_only=True) as db:
        for table, column, kind in db.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE schema_name = 'report' ORDER BY table_name, column_index"
        ).fetchall():
            found.setdefault(table, {})[column] = kind
    return found


def anything(table: str, year: int) -> list[Row]:
    """Rows of a report table that fit it, whatever it holds: each number is one of its own."""
    columns = _columns()[table]
    keys: list[Row] = [{}]
    if "span_from" in columns:
        keys = months(year)
    elif table == "listing_flow":
        keys = [
            {
                **m,
                "flow": f,
                "flow_from": m["span_from"] - timedelta(days=1),
                "flow_to": m["span_to"],
            }
            for m in months(year)
            for f in ("new", "dropped")
        ]
    elif "month" in columns:
        keys = months(year)
    elif set(columns) & CLASSES:
        keys = [dict.fromkeys(CLASSES, name) for name in ("count", "piece", "Third")]
    rows = []
    for place, key in enumerate(keys):
        row: Row = {**frame(year), **{k: v for k, v in key.items() if k in columns}}
        for number, (column, kind) in enumerate(columns.items()):
            if column in row or column.endswith("symbol"):
                continue
            value = 100 + (year - 2020) * 40 + place * 7 + number
            row[column] = (
                value
                if kind in ("BIGINT", "INTEGER", "SMALLINT")
                else value / 1000
                if kind == "DOUBLE"
                else date(year, 6, 30)
                if kind == "DATE"
                else f"{column} {place}"
            )
        rows.append(row)
    return rows


CLASSES = {
    "claim",
    "part",
    "dimension",
    "channel_partner",
    "city_key",
    "city",
    "category",
    "top_category_id",
    "price_unit",
    "moq_unit_dimension",
}


def full(change: Callable[[dict[str, list[Row]]], None] | None = None) -> dict[str, list[Row]]:
    """Two years with every table that the page shows, withheld cells and odd text among them."""
    tables: dict[str, list[Row]] = {
        t: []
        for t in (
            "report.headline",
            "report.seller_growth",
            "report.sellers_by_city",
            "meta.night",
            "report.sellers_by_category",
            "report.listings_by_category",
            "report.inquiries_by_country",
            "meta.availability",
        )
    }
    for year, sellers in ((2021, 150), (2022, 200)):
        tables["report.headline"] += headline(
            year, paid_sellers=sellers, live_listings=sellers * 100, inquiries=sellers * 40
        )
        tables["report.seller_growth"].append(growth(year, sellers, 150 if year == 2022 else None))
        tables["report.sellers_by_city"] += cities(
            year,
            [
                ("sialkot", "Sialkot", sellers - 30),
                ("gujranwala", "=1+1", 12),
                ("lahore", "<b>Lahore</b>", 10),
                ("karachi", "Karachi", None),
                ("multan", "Multan", None),
                ("unknown", "Unknown", 8),
            ],
        )
        for table in ("sellers_by_category", "listings_by_category"):
            tables[f"report.{table}"] += [
                {
                    **frame(year),
                    "top_category_id": key,
                    "category": name,
                    "share": share,
                    "share_of_all": share,
                    "numerator": round(share * 200),
                    "denominator": 200,
                    "coverage": 1.0,
                }
                for key, name, share in (
                    ("3", "Apparel", 0.63),
                    ("5", "-Sports", 0.3),
                    ("7", "Tools", 0.05),
                )
            ]
        tables["report.inquiries_by_country"] += [
            {
                **frame(year),
                "buyer_country_iso2": key,
                "share": share,
                "numerator": n,
                "denominator": 1000,
                "coverage": 1.0,
            }
            for key, share, n in (("US", 0.4, 400), ("GB", 0.123456789, 123))
        ]
        tables["meta.availability"].append(
            {
                "edition": f"FY{year}",
                "figure": "goods_sold_value",
                "symbol": "x",
                "missing": "inquiries: value of the goods sold",
            }
        )
    for month, status in ((3, "ok"), (4, "late"), (5, "held"), (6, "ok")):
        for dataset in ("sellers", "listings", "inquiries"):
            tables["meta.night"].append(
                {
                    "export_date": date(2022, month, 28),
                    "dataset": dataset,
                    "status": status,
                    "is_good": status != "held",
                    "rows_in": 10,
                    "rows_accepted": 8,
                    "rows_rejected": 1,
                    "rows_duplicate": 1,
                    "reason": "<i>few</i> rows" if status == "held" else None,
                }
            )
    for model in models():
        if model.schema == "report" and model.table not in tables:
            tables[model.table] = [r for y in (2021, 2022) for r in anything(model.name, y)]
    tables |= flow({2021: 6000, 2022: 8000})
    tables["report.listing_stock"] = [
        {
            **frame(y),
            "live_listings": n,
            "live_listings_numerator": n,
            "live_listings_coverage": 1.0,
            "listings_ever": n * 9,
            "listings_ever_numerator": n * 9,
            "listings_ever_coverage": 1.0,
        }
        for y, n in ((2021, 15_000), (2022, 20_000))
    ]
    tables["report.price_level"] = [
        {
            **frame(y),
            "top_category_id": key,
            "category": f"Category {key}",
            "price_unit": "piece",
            "price_lower_quartile_usd": 2.5 * n,
            "price_median_usd": 5.0 * n,
            "price_upper_quartile_usd": 9.25 * n,
            "numerator": 40 + n,
            "denominator": 90 + n,
            "coverage": 1.0,
        }
        for y in (2021, 2022)
        for n, key in enumerate(("3", "5", "7"), y - 2020)
    ]
    if change:
        change(tables)
    return tables
