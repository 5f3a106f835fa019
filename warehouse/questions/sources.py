"""What a figure rests on: nights of each export, and their receipts."""

from datetime import date

import duckdb

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
    """Nights that the figure rests on: the as-of night of each export it needs, the night that a
    rate starts from, and for each export how many nights of the period count."""
    scopes = {scope: None for wanted in needs.values() for scope in wanted}
    # The night that a rate starts from is of the same export as its as-of night.
    start = row.get(f"{measure}_from")
    found: dict[tuple[str, date], Row] = {}
    for scope in scopes:
        dataset = DATASETS_OF[scope]
        as_of = row["as_of"] if scope == "requests" else edition[f"{dataset}_as_of"]
        if scope == "known_sellers":
            as_of = _last_census(db)
        for night in sorted({as_of, start if dataset == "sellers" else None} - {None}):
            # A census can be both that of the figure and the one that says whose things they are.
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


def earlier_deliveries(
    db: duckdb.DuckDBPyConnection, night: Row, edition: Row, earlier: dict[str, str]
) -> int | None:
    """Deliveries before the night that the figure rests on too; None where it is of that night.

    Inquiries are a flow of the period; of censuses the model says so, in its earlier_nights.
    """
    reach = "period" if night["dataset"] == "inquiries" else earlier.get(night["dataset"])
    if not reach or not night["is_as_of"]:
        return None
    since = edition["period_from"] if reach == "period" else date.min
    found = db.execute(
        "SELECT count(*) FROM meta.night WHERE dataset = ? AND export_date >= ? "
        "AND export_date < ? AND status IN ('ok', 'late', 'partial')",
        [night["dataset"], since, night["export_date"]],
    ).fetchone()
    return found[0] if found else None


def _last_census(db: duckdb.DuckDBPyConnection) -> date | None:
    """Whose listings and inquiries they are is known by the newest census with the seller."""
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
    """What the receipts of the nights say, with every file that they were read from."""
    found = []
    for night in nights:
        receipt = lake.receipt(night["dataset"], date.fromisoformat(f"{night['export_date']}"))
        if receipt:
            told = receipt.as_json()
            sources = [{n: s[n] for n in ("name", "rows", "sha256")} for s in told["sources"]]
            found.append({**{n: told[n] for n in OF_A_RECEIPT}, "sources": sources})
    return found
