"""What a figure rests on: the nights of each export, and their receipts."""

from datetime import date

import duckdb

from transforms import engine
from transforms.lake import Lake
from warehouse.questions.figure import Row

# Datasets by the scopes that a model's TOML names its needs under.
DATASETS_OF = {
    "sellers": "sellers",
    "known_sellers": "sellers",
    "listings": "listings",
    "inquiries": "inquiries",
    "requests": "inquiries",
}
OF_A_RECEIPT = (
    "dataset",
    "export_date",
    "revision",
    "status",
    "layout",
    "extent",
    "exported_at",
    "code_version",
    "rows",
)


def nights(
    db: duckdb.DuckDBPyConnection, needs: dict[str, Row], measure: str, edition: Row, row: Row
) -> list[Row]:
    """Nights that the figure rests on: the as-of night of each export it needs, the comparison
    date of a rate, and for each export how many nights of the period count."""
    scopes = {scope: None for wanted in needs.values() for scope in wanted}
    # A rate compares two nights of the same export.
    start = row.get(f"{measure}_from")
    found: dict[tuple[str, date], Row] = {}
    for scope in scopes:
        dataset = DATASETS_OF[scope]
        as_of = row["as_of"] if scope == "requests" else edition[f"{dataset}_as_of"]
        if scope == "known_sellers":
            as_of = _last_census(db)
        for night in sorted({as_of, start if dataset == "sellers" else None} - {None}):
            # One census can be both the figure's own and the one that assigns listings to sellers.
            found.setdefault(
                (dataset, night),
                {
                    "dataset": dataset,
                    "export_date": night,
                    "is_as_of": night == as_of,
                    "nights_in_period": _counted(db, dataset, edition) if night == as_of else None,
                },
            )
    return list(found.values())


def behind(db: duckdb.DuckDBPyConnection, night: Row, edition: Row, earlier: dict[str, str]) -> Row:
    """The earlier nights that the figure also rests on, and those in between that do not count.

    Inquiries are a flow over the period; for a census, the model says so under earlier_nights. A
    figure that rests on one night has None for both.
    """
    reach = "period" if night["dataset"] == "inquiries" else earlier.get(night["dataset"])
    if not reach or not night["is_as_of"]:
        return {"earlier": None, "earlier_nights": None, "left_out": None}
    since = edition["period_from"] if reach == "period" else date.min
    found = engine.rows(
        db,
        "SELECT export_date, status, reason, status IN ('ok', 'late', 'partial') AS counts "
        "FROM meta.night WHERE dataset = ? AND export_date >= ? AND export_date < ? ORDER BY 1",
        [night["dataset"], since, night["export_date"]],
    )
    counted = [n["export_date"] for n in found if n.pop("counts")]
    left_out = [n for n in found if n["export_date"] not in counted]
    return {"earlier": len(counted), "earlier_nights": counted, "left_out": left_out}


def _last_census(db: duckdb.DuckDBPyConnection) -> date | None:
    """The newest good census of sellers, which assigns listings and inquiries to sellers."""
    found = db.execute(
        "SELECT max(export_date) FROM meta.night WHERE dataset = 'sellers' AND is_good"
    ).fetchone()
    return found[0] if found else None


def _counted(db: duckdb.DuckDBPyConnection, dataset: str, edition: Row) -> dict[str, int]:
    """Nights of the period by status."""
    return dict(
        db.execute(
            "SELECT status, count(*) FROM meta.night WHERE dataset = ? "
            "AND export_date BETWEEN ? AND ? GROUP BY status ORDER BY status",
            [dataset, edition["period_from"], edition["period_to"]],
        ).fetchall()
    )


def receipts(lake: Lake, nights: list[Row]) -> list[Row]:
    """The receipts of these nights and of the nights behind them, with every file that was read."""
    found = []
    dates = [
        (night["dataset"], on)
        for night in nights
        for on in (night["export_date"], *(night["earlier_nights"] or ()))
    ]
    for dataset, on in sorted(set(dates)):
        receipt = lake.receipt(dataset, on)
        if receipt:
            told = receipt.as_json()
            sources = [{n: s[n] for n in ("name", "rows", "sha256")} for s in told["sources"]]
            found.append({**{n: told[n] for n in OF_A_RECEIPT}, "sources": sources})
    return found
