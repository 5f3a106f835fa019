"""The lake as tables: what the models read, taken from receipts and folds, never from a glob."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from transforms import DATASETS
from transforms.contracts import Contract, contract
from transforms.engine import listed
from transforms.errors import Damaged
from transforms.fields.country import countries
from transforms.fields.price import ASKED
from transforms.lake import Lake, Receipt, history
from transforms.layouts import layouts
from transforms.markets import Claim, ExportShare, Market
from warehouse.models import models

Due = Callable[[date, date], list[date]]

NIGHTS = pa.schema(
    [
        ("dataset", pa.string()),
        ("export_date", pa.date32()),
        ("status", pa.string()),
        ("is_late", pa.bool_()),
        ("revision", pa.int32()),
        ("exported_at", pa.timestamp("us", tz="UTC")),
        ("layout", pa.string()),
        ("extent", pa.string()),
        ("rows_in", pa.int64()),
        ("rows_accepted", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("rows_duplicate", pa.int64()),
        ("reason", pa.string()),
    ]
)
NIGHT_FIELDS = pa.schema(
    [("dataset", pa.string()), ("export_date", pa.date32()), ("field", pa.string())]
)
REJECTED = pa.schema(
    [
        ("export_date", pa.date32()),
        ("dataset", pa.string()),
        ("file", pa.string()),
        ("reason", pa.string()),
        ("rows_rejected", pa.int64()),
    ]
)
DAY = pa.schema(
    [
        ("snapshot_date", pa.date32()),
        ("seller_id", pa.string()),
        ("top_category_id", pa.string()),
        *(
            (n, pa.int64())
            for n in (
                "listings",
                "live_listings",
                "impressions",
                "clicks",
                "visitors",
                "inquiries",
                "orders",
            )
        ),
    ]
)
NEW = pa.schema(
    [
        ("changed_on", pa.date32()),
        ("seller_id", pa.string()),
        ("top_category_id", pa.string()),
        ("new_listings", pa.int64()),
    ]
)
# Listings come and go by these; a change of their terms is in the lake.
CHANGE = pa.schema(
    [
        ("change", pa.string()),
        ("changed_on", pa.date32()),
        ("product_id", pa.string()),
        ("seller_id", pa.string()),
    ]
)
# A census can have millions of rows: only what the report asks of a listing is read.
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
EXPORT_SHARES = pa.schema(
    [
        ("city_key", pa.string()),
        ("fiscal_year", pa.int32()),
        ("share_of_exports", pa.float64()),
        ("source", pa.string()),
        ("source_url", pa.string()),
        ("published_on", pa.date32()),
    ]
)
CLAIMS = pa.schema(
    [
        ("claim", pa.string()),
        ("year", pa.int32()),
        ("statement", pa.string()),
        ("figure", pa.string()),
        ("figure_key", pa.string()),
        ("comparison", pa.string()),
        ("unit", pa.string()),
        ("claimed_value", pa.float64()),
        ("tolerance", pa.float64()),
        ("needs_years", pa.int32()),
        ("source", pa.string()),
        ("source_url", pa.string()),
        ("published_on", pa.date32()),
    ]
)
FIGURES = pa.schema(
    [
        ("figure", pa.string()),
        ("dataset", pa.string()),
        ("is_share", pa.bool_()),
        ("is_share_of_all", pa.bool_()),
        ("adds_up", pa.bool_()),
        ("is_fiscal_only", pa.bool_()),
    ]
)
LEDGER = pa.schema(
    [
        ("row_key", pa.string()),
        ("first_seen_on", pa.date32()),
        ("last_seen_on", pa.date32()),
        ("is_present", pa.bool_()),
    ]
)


def attach(
    db: duckdb.DuckDBPyConnection, lake: Lake, market: Market, due: Due | None = None
) -> None:
    """Makes the catalog `lake` with every table the models may read; empty ones are typed too.

    `due` tells on which nights a delivery was due, so that those nobody ran are missing too.
    """
    db.execute("DETACH DATABASE IF EXISTS lake")
    db.execute("ATTACH ':memory:' AS lake")
    _table(db, "market", _market(market))
    _table(db, "places", _places(market))
    _table(db, "categories", _categories(market))
    _table(db, "export_shares", _seed(market.export_shares, EXPORT_SHARES))
    _table(db, "claims", _seed(market.claims, CLAIMS))
    _table(db, "countries", _countries())
    _table(db, "nights", _nights(lake, due))
    _table(db, "rejected", _rejected(lake))
    _table(db, "night_fields", _night_fields(lake))
    _table(db, "needs", _needs())
    _table(db, "figures", _figures())
    _table(db, "asked_prices", pa.table({"asked_price": sorted(ASKED)}))

    sellers = [folder for _, folder, _ in history.folded_nights(lake, "sellers")]
    _view(db, "sellers_changes", [f / "changes.parquet" for f in sellers], _changes("sellers"))

    folds = history.folded_nights(lake, "listings")
    _view(db, "listing_new", [f / "new.parquet" for _, f, _ in folds], NEW)
    changes = [f / "changes.parquet" for _, f, _ in folds]
    _view(db, "listing_change", changes, CHANGE, "change <> 'changed'")
    rows = contract("listings").schema("rows")
    as_of = [p for r in _year_ends(lake, market) for p in lake.part_paths(r, "rows")]
    _view(db, "listing_as_of", as_of, pa.schema([rows.field(name) for name in AS_OF]))
    last = folds[-1:]
    _view(db, "listings_ledger", [f / "ledger.parquet" for _, f, _ in last], LEDGER)
    days = [lake.receipt("listings", night) for night, _, _ in folds]
    _view(db, "listing_day", [p for r in days if r for p in lake.part_paths(r, "day")], DAY)
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

    events = history.folded_nights(lake, "inquiries")[-1:]
    _view(db, "inquiries_state", [f / "state.parquet" for _, f, _ in events], _inquiries())


def night_statuses(lake: Lake, dataset: str, due: Due) -> list[dict[str, Any]]:
    """The nights of one dataset as the calendar shows them, oldest first.

    A night whose receipt is damaged has the status damaged, and why as its reason.
    """
    shown = []
    damaged: dict[date, Damaged] = {}
    for night in _of_dataset(lake, dataset, due, damaged):
        late = night.pop("is_late") and night["status"] == "ok"
        shown.append({**night, "status": "late" if late else night["status"]})
    return shown


def _changes(dataset: str) -> pa.Schema:
    rows = contract(dataset).schema("rows")
    return pa.schema([("change", pa.string()), ("changed_on", pa.date32()), *rows])


def _inquiries() -> pa.Schema:
    terms: Contract = contract("inquiries")
    return pa.schema(
        [*terms.schema("rows"), ("first_seen_on", pa.date32()), ("last_seen_on", pa.date32())]
    )


def _year_ends(lake: Lake, market: Market) -> list[Receipt]:
    """The last census of listings that counts in full, of each fiscal and calendar year."""
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
    paths: list[Path] | list[str],
    schema: pa.Schema,
    where: str = "true",
) -> None:
    if paths:
        columns = ", ".join(schema.names)
        source = f"read_parquet({listed([str(p) for p in paths])})"
        db.execute(f"CREATE VIEW lake.{name} AS SELECT {columns} FROM {source} WHERE {where}")
    else:
        _table(db, name, schema.empty_table())


def _table(db: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    db.register("rows_to_copy", rows)
    db.execute(f"CREATE TABLE lake.{name} AS FROM rows_to_copy")
    db.unregister("rows_to_copy")


def _market(market: Market) -> pa.Table:
    return pa.table(
        {
            "country": [market.country],
            "name": [market.name],
            "time_zone": [str(market.time_zone)],
            "fiscal_year_starts_in_month": pa.array(
                [market.fiscal_year_starts_in_month], pa.int32()
            ),
            "smallest_cell": pa.array([market.smallest_cell], pa.int32()),
        }
    )


def _places(market: Market) -> pa.Table:
    names = ("city_key", "city", "district", "province")
    return pa.table({n: [getattr(p, n) for p in market.places] for n in names})


def _seed(rows: Sequence[ExportShare | Claim], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=schema)


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
    """Which raw fields of the contract each night's files stated: those of its layouts, less those
    whose columns a file did not have."""
    known = {layout.name: layout for layout in layouts()}
    rows = []
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            absent = set(receipt.drift.missing_columns)
            names = (receipt.layout or "").split("+")
            found = [known[n].stated_fields(absent) for n in names if n in known]
            rows += [
                {"dataset": dataset, "export_date": receipt.export_date, "field": field}
                for field in sorted(set().union(*found))
            ]
    return pa.Table.from_pylist(rows, schema=NIGHT_FIELDS)


def _needs() -> pa.Table:
    """Which raw fields each figure rests on; of alternatives (`a | b`) one is enough."""
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
    """Every figure, the dataset whose date it bears, and what disclosure control must know of it.

    The dataset is the first that the figure needs, unless its model names another.
    """
    known: dict[str, dict[str, Any]] = {}
    for about in (m.about for m in models() if m.schema == "report"):
        needs, dated = about.get("needs", {}), about.get("dated_by", {})
        for figure in (*needs, *about.get("contributors", {})):
            row = known.setdefault(figure, dict.fromkeys(FIGURES.names, False))
            dataset = dated.get(figure, next(iter(needs.get(figure, {})), None))
            row["figure"] = figure
            # Requests for quotation are dated by their own nights.
            row["dataset"] = row["dataset"] or (dataset if dataset in DATASETS else None)
            for flag in FIGURES.names[2:]:
                row[flag] = row[flag] or figure in about.get(flag, ())
    rows = [{**row, "dataset": row["dataset"] or None} for row in known.values()]
    return pa.Table.from_pylist(rows, schema=FIGURES)


def _nights(lake: Lake, due: Due | None) -> pa.Table:
    rows = [night for dataset in DATASETS for night in _of_dataset(lake, dataset, due)]
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


def _of_dataset(
    lake: Lake, dataset: str, due: Due | None, damaged: dict[date, Damaged] | None = None
) -> list[dict[str, Any]]:
    """Every night that has a receipt, and every due one between them that nobody ever ran."""
    nights = {n["export_date"]: n for n in map(_night, lake.receipts(dataset, damaged))}
    for night, error in (damaged or {}).items():
        nights[night] = _unknown(dataset, night, "damaged", str(error))
    for night in due(min(nights), max(nights)) if due and nights else []:
        if night not in nights:
            nights[night] = _unknown(dataset, night, "missing")
    return [nights[n] for n in sorted(nights)]


def _unknown(dataset: str, night: date, status: str, reason: str | None = None) -> dict[str, Any]:
    return {
        **dict.fromkeys(NIGHTS.names),
        "dataset": dataset,
        "export_date": night,
        "status": status,
        "is_late": False,
        "revision": 0,
        "reason": reason,
    }


def _night(receipt: Receipt) -> dict[str, Any]:
    own = ("dataset", "export_date", "status", "is_late", "revision", "exported_at")
    rows = receipt.rows
    return {
        **{n: getattr(receipt, n) for n in (*own, "layout", "extent", "reason")},
        "rows_in": rows.in_,
        "rows_accepted": rows.accepted,
        "rows_rejected": rows.rejected,
        "rows_duplicate": rows.duplicate,
    }
