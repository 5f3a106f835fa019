"""The lake as tables for the models, from receipts and the history, never from a glob."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from transforms import DATASETS
from transforms.contracts import Contract, contract
from transforms.engine import listed
from transforms.fields.country import countries
from transforms.fields.price import ASKED
from transforms.lake import Lake, Receipt, history, months
from transforms.lake.account import file_of_fold
from transforms.lake.fold import Link, state_of
from transforms.layouts import layouts
from transforms.markets import Claim, ExportShare, Market
from warehouse.models import models
from warehouse.tables.nights import Due, nights
from warehouse.tables.rows import arrow_schema, write

NIGHTS = arrow_schema(
    "dataset string, export_date date, status string, is_late bool, revision int, "
    "exported_at instant, layout string, extent string, rows_in long, rows_accepted long, "
    "rows_rejected long, rows_duplicate long, reason string"
)
NIGHT_FIELDS = arrow_schema("dataset string, export_date date, field string")
REJECTED = arrow_schema(
    "export_date date, dataset string, file string, reason string, rows_rejected long"
)
DAY = arrow_schema(
    "snapshot_date date, seller_id string, top_category_id string, listings long, "
    "live_listings long, impressions long, clicks long, visitors long, inquiries long, "
    "orders long"
)
OTHER_CLASS = {"seller_day": ["top_category_id"], "category_day": ["seller_id"]}
NEW = arrow_schema("changed_on date, seller_id string, top_category_id string, new_listings long")
# Columns that show when listings come and go; their terms stand in the parts of each night.
CHANGE = arrow_schema("change string, changed_on date, product_id string, seller_id string")
# The states in which a listing came or changed, for its category on a past day.
CLASS = arrow_schema("change string, changed_on date, product_id string, top_category_id string")
# A census can have millions of rows: read only the columns that the report needs.
AS_OF = (
    "snapshot_date",
    "seller_id",
    "category_id",
    "top_category_id",
    "status",
    "is_listed",
    "price_raw",
    "price_min",
    "price_min_usd",
    "price_unit",
    "moq",
    "moq_unit_dimension",
    "moq_base_qty",
    "is_rts",
)
EXPORT_SHARES = arrow_schema(
    "city_key string, fiscal_year int, share_of_exports double, source string, "
    "source_url string, published_on date"
)
CLAIMS = arrow_schema(
    "claim string, year int, statement string, figure string, figure_key string, "
    "comparison string, unit string, claimed_value double, tolerance double, needs_years int, "
    "source string, source_url string, published_on date"
)
FIGURES = arrow_schema(
    "figure string, dataset string, is_share bool, is_share_of_all bool, adds_up bool, "
    "is_fiscal_only bool"
)
LEDGER = arrow_schema("row_key string, first_seen_on date, last_seen_on date, is_present bool")


def attach(
    db: duckdb.DuckDBPyConnection,
    lake: Lake,
    market: Market,
    due: Due | None = None,
    is_sample: bool = False,
) -> None:
    """Makes the catalog `lake` with every table that models may read; empty ones are typed too.

    `due` gives the nights on which a delivery was due; those that never ran count as missing.
    `is_sample` says that the exports are generated.
    """
    db.execute("DETACH DATABASE IF EXISTS lake")
    db.execute("ATTACH ':memory:' AS lake")
    write(db, "lake.market", _market(market, is_sample))
    write(db, "lake.places", _places(market))
    write(db, "lake.categories", _categories(market))
    write(db, "lake.export_shares", _seed(market.export_shares, EXPORT_SHARES))
    write(db, "lake.claims", _seed(market.claims, CLAIMS))
    write(db, "lake.countries", _countries())
    write(db, "lake.nights", _nights(lake, due))
    write(db, "lake.rejected", _rejected(lake))
    write(db, "lake.night_fields", _night_fields(lake))
    write(db, "lake.needs", _needs())
    write(db, "lake.figures", _figures())
    write(db, "lake.asked_prices", pa.table({"asked_price": sorted(ASKED)}))

    chains = {dataset: history.chain(lake, dataset) for dataset in DATASETS}

    def of_all_nights(dataset: str, kind: str) -> list[str]:
        return months.paths(lake, dataset, chains[dataset], kind)

    _view(db, "sellers_changes", of_all_nights("sellers", "changes"), _changes("sellers"))
    _view(db, "listing_new", of_all_nights("listings", "new"), NEW)
    changes = of_all_nights("listings", "changes")
    _view(db, "listing_change", changes, CHANGE, "change <> 'changed'")
    _view(db, "listing_class", of_all_nights("listings", "class"), CLASS, "change <> 'gone'")
    rows = contract("listings").schema("rows")
    as_of = [p for r in _year_ends(lake, market) for p in lake.part_paths(r, "rows")]
    _view(db, "listing_as_of", as_of, pa.schema([rows.field(name) for name in AS_OF]))
    _view(db, "listings_ledger", _last_state(lake, "listings", chains), LEDGER)
    _view(db, "listing_day", of_all_nights("listings", "day"), DAY)
    for kind in months.BY_DAY["listings"]:
        query = months.by_day(lake, chains["listings"], kind)
        _view_of(db, kind, query, pa.schema([f for f in DAY if f.name not in OTHER_CLASS[kind]]))
    present = db.execute(
        "SELECT DISTINCT last_seen_on FROM lake.listings_ledger WHERE is_present ORDER BY 1"
    ).fetchall()
    shown = [lake.receipt("listings", night) for (night,) in present]
    _view(
        db,
        "listings_present",
        [p for r in shown if r for p in lake.part_paths(r, "rows")],
        rows,
    )

    _view(db, "inquiries_state", _last_state(lake, "inquiries", chains), _inquiries())


def size(db: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """How large the attached lake is: listings ever seen, and rows of daily facts."""
    ((listings, days),) = db.execute(
        "SELECT (SELECT count(*) FROM lake.listings_ledger), "
        "(SELECT count(*) FROM lake.listing_day)"
    ).fetchall()
    return int(listings), int(days)


def _last_state(lake: Lake, dataset: str, chains: Mapping[str, list[Link]]) -> list[str]:
    last = chains[dataset][-1:]
    return [
        str(file_of_fold(lake, dataset, k, state_of(lake, dataset, k.night).name)) for k in last
    ]


def _changes(dataset: str) -> pa.Schema:
    rows = contract(dataset).schema("rows")
    return pa.schema([("change", pa.string()), ("changed_on", pa.date32()), *rows])


def _inquiries() -> pa.Schema:
    terms: Contract = contract("inquiries")
    return pa.schema(
        [*terms.schema("rows"), ("first_seen_on", pa.date32()), ("last_seen_on", pa.date32())]
    )


def _year_ends(lake: Lake, market: Market) -> list[Receipt]:
    """The last good census of listings of each fiscal and calendar year."""
    last = {}
    for receipt in lake.receipts("listings"):
        if receipt.is_good:
            night = receipt.export_date
            for starts in {1, market.fiscal_year_starts_in_month}:
                last[starts, night.year + (night.month >= starts > 1)] = receipt
    return list({r.export_date: r for r in last.values()}.values())


def _view(
    db: duckdb.DuckDBPyConnection,
    name: str,
    paths: list[str],
    of: pa.Schema,
    where: str = "true",
) -> None:
    columns = ", ".join(of.names)
    query = f"SELECT {columns} FROM read_parquet({listed(paths)}) WHERE {where}"
    _view_of(db, name, query if paths else None, of)


def _view_of(db: duckdb.DuckDBPyConnection, name: str, query: str | None, of: pa.Schema) -> None:
    if query:
        db.execute(f"CREATE VIEW lake.{name} AS {query}")
    else:
        write(db, f"lake.{name}", of.empty_table())


def _market(market: Market, is_sample: bool) -> pa.Table:
    return pa.table(
        {
            "country": [market.country],
            "name": [market.name],
            "time_zone": [str(market.time_zone)],
            "fiscal_year_starts_in_month": pa.array(
                [market.fiscal_year_starts_in_month], pa.int32()
            ),
            "smallest_cell": pa.array([market.smallest_cell], pa.int32()),
            "is_sample": [is_sample],
        }
    )


def _places(market: Market) -> pa.Table:
    names = ("city_key", "city", "district", "province", "latitude", "longitude")
    return pa.table({n: [getattr(p, n) for p in market.places] for n in names})


def _seed(rows: Sequence[ExportShare | Claim], of: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=of)


def _categories(market: Market) -> pa.Table:
    return pa.table(
        {
            "category_id": list(market.categories),
            "category": [name for name, _ in market.categories.values()],
            "top_category_id": [top for _, top in market.categories.values()],
        }
    )


def _countries() -> pa.Table:
    return pa.Table.from_pylist(countries())


def _night_fields(lake: Lake) -> pa.Table:
    """The raw fields of the contract that each night's files held: those of its layouts, except
    those whose columns were missing from a file."""
    known = {layout.name: layout for layout in layouts()}

    @cache
    def stated(layout: str, absent: tuple[str, ...]) -> list[str]:
        names = (n for n in layout.split("+") if n in known)
        return sorted(set().union(*(known[n].stated_fields(set(absent)) for n in names)))

    # By column: there are thousands of nights with dozens of fields.
    of: list[tuple[str, date, list[str]]] = [
        (d, r.export_date, stated(r.layout or "", r.drift.missing_columns))
        for d in DATASETS
        for r in lake.receipts(d)
    ]
    columns = [
        [d for d, _, fields in of for _ in fields],
        [night for _, night, fields in of for _ in fields],
        [field for *_, fields in of for field in fields],
    ]
    return pa.Table.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, NIGHT_FIELDS, strict=True)],
        schema=NIGHT_FIELDS,
    )


def _needs() -> pa.Table:
    """The raw fields that each figure needs; of alternatives (`a | b`) one is enough."""
    rows = [
        {"figure": figure, "scope": scope, "place": place, "need": need, "field": field.strip()}
        for model in models()
        for figure, scopes in model.about.get("needs", {}).items()
        for scope, needs in scopes.items()
        for place, need in enumerate(needs)
        for field in need.split("|")
    ]
    return pa.Table.from_pylist(rows)


def _figures() -> pa.Table:
    """Every figure, the dataset that gives its date, and what disclosure control needs to know.

    The dataset is the first that the figure needs, unless its model names another.
    """
    known: dict[str, dict[str, Any]] = {}
    for about in (m.about for m in models() if m.schema == "report"):
        needs, dated = about.get("needs", {}), about.get("dated_by", {})
        for figure in (*needs, *about.get("contributors", {})):
            row = known.setdefault(figure, dict.fromkeys(FIGURES.names, False))
            dataset = dated.get(figure, next(iter(needs.get(figure, {})), None))
            row["figure"] = figure
            # Requests for quotation take their date from their own nights.
            row["dataset"] = row["dataset"] or (dataset if dataset in DATASETS else None)
            for flag in FIGURES.names[2:]:
                row[flag] = row[flag] or figure in about.get(flag, ())
    rows = [{**row, "dataset": row["dataset"] or None} for row in known.values()]
    return pa.Table.from_pylist(rows, schema=FIGURES)


def _nights(lake: Lake, due: Due | None) -> pa.Table:
    rows = [night for dataset in DATASETS for night in nights(lake, dataset, due)]
    return pa.Table.from_pylist(rows, schema=NIGHTS)


def _rejected(lake: Lake) -> pa.Table:
    rows = [
        {
            "export_date": receipt.export_date,
            "dataset": dataset,
            "file": file,
            "reason": reason,
            "rows_rejected": count,
        }
        for dataset in DATASETS
        for receipt in lake.receipts(dataset)
        for file, reasons in _reasons_by_file(receipt)
        for reason, count in reasons.items()
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED)


def _reasons_by_file(receipt: Receipt) -> list[tuple[str | None, dict[str, int]]]:
    of_files = [(s.name, s.reasons) for s in receipt.sources]
    return [*of_files, (None, receipt.unplaced_reasons())]
