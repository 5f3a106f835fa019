"""A report year as a scheduler releases it, once a person has approved it."""

import logging
from datetime import date
from typing import Any

import duckdb

from transforms import engine
from transforms.errors import ExportMissing, SettingsError
from transforms.settings import settings
from transforms.storage import disk_faults_told
from warehouse import versions
from warehouse.editions import freeze, frozen
from warehouse.page import report

log = logging.getLogger(__name__)


@disk_faults_told()
def due(edition: str | None, on: date, reason: str | None = None) -> str:
    """The edition to release: the one asked for, else the fiscal year that ended.

    Raises ExportMissing unless the newest census is of that year's end, so that neither unpausing
    the DAG nor a missing night releases anything. With an edition and a reason, the run releases
    the year as it stands.
    """
    chosen = settings()
    year = chosen.market.fiscal_year(on) - 1
    wanted = edition or f"FY{year}"
    with freeze.computed(chosen) as db:
        found = _figures(db, wanted)
    if not found:
        raise ExportMissing(f"The lake has no figures for {wanted}: nothing was released.")
    unfinished = sorted({f"{f['metric']} {f['as_of']}" for f in found if f["is_unfinished"]})
    if unfinished and not (edition and reason):
        raise ExportMissing(
            f"{wanted} is not complete: {', '.join(unfinished)}. Nothing was released. Load the "
            "last nights of the year. If they will never be delivered, trigger the run with this "
            "edition and a reason."
        )
    return wanted


@disk_faults_told()
def changes(edition: str, reason: str | None = None) -> str:
    """The headline figures next to those last frozen, as a Markdown table.

    Raises SettingsError for a revision without a reason, which the release would refuse anyway.
    """
    old = frozen.newest(settings().published, edition)
    before = _frozen_values(old) if old else {}
    with freeze.computed(settings()) as db:
        figures = _figures(db, edition)
        moved = freeze.against(db, old).changes if old else []
    if moved and not reason:
        raise SettingsError(
            f"{edition} is frozen ({old.folder.name if old else ''}) and {len(moved):,} cells "
            f"would change. Nothing was released: a revision needs a reason. Trigger the run with "
            f"one; `outlook prove {edition}` lists the changes."
        )
    lines = [
        f"**{edition}** would be released with these figures"
        + (f", in place of {old.folder.name}." if old else ", for the first time."),
        *([f"{len(moved):,} cells of its tables would change."] if moved else []),
        *([f"Reason: {reason}"] if reason else []),
        "",
        "| figure | frozen | now | as of | |",
        "|---|---:|---:|---|---|",
    ]
    for figure in figures:
        lines.append(
            f"| {figure['metric']} | {_shown(before.get(figure['metric']))} | "
            f"{_shown(figure['value'])} | {figure['as_of'] or ''} | {figure['symbol'] or ''} |"
        )
    return "\n".join(lines)


@disk_faults_told()
def release(edition: str, by: str, reason: str | None) -> dict[str, Any]:
    """Freezes the edition, publishes a file that shows it as final, and makes its report."""
    made = report.release(settings(), edition, by, reason)
    live = versions.latest(settings().published)
    log.info("released %s as %s: %s", edition, made.status, made.folder)
    return {
        "edition": edition,
        "status": made.status,
        "report": str(made.folder),
        "has_pdf": made.has_pdf,
        "live": live and live.name,
    }


def approver(answer: Any) -> str:
    """Who approved, from the approval task's answer; the DAG if it does not say."""
    user = (answer or {}).get("responded_by_user") or {}
    name = user.get("name") or user.get("id")
    return f"{name}, in the outlook DAG" if name else "the outlook DAG"


def _figures(db: duckdb.DuckDBPyConnection, edition: str) -> list[dict[str, Any]]:
    """Figures from today's lake: the published file may hold the frozen edition instead."""
    return engine.rows(
        db,
        f"SELECT metric, value, as_of, {freeze.UNFINISHED} AS is_unfinished, symbol "
        "FROM report.headline WHERE edition = ? AND metric <> 'goods_sold_value'",
        [edition],
    )


def _frozen_values(old: frozen.Frozen) -> dict[str, float | None]:
    path = old.folder / "headline.parquet"
    with engine.in_memory() as db:
        rows = db.execute("SELECT metric, value FROM read_parquet(?)", [str(path)]).fetchall()
    return dict(rows)


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def edition_of(params: dict[str, Any]) -> str | None:
    """The edition that a run by hand names, if any."""
    edition = params.get("edition")
    if edition and not edition[2:].isdigit():
        raise SettingsError(f"{edition!r} is not an edition: write FY2022 or CY2022")
    return edition
