"""A report year as a scheduler releases it: nothing leaves without somebody's word."""

import logging
from datetime import date
from typing import Any

import duckdb

from transforms.errors import ExportMissing, SettingsError
from transforms.settings import settings
from warehouse import editions
from warehouse.build import build

log = logging.getLogger(__name__)


def due(edition: str | None, on: date) -> str:
    """The edition that a run is to release: the one asked for, else the fiscal year that ended.

    Raises ExportMissing where the newest census is not of that year's end, so that unpausing the
    DAG, or a night that never came, releases nothing.
    """
    chosen = settings()
    year = chosen.market.fiscal_year(on) - 1
    wanted = edition or f"FY{year}"
    found = _figures(wanted)
    if not found:
        raise ExportMissing(f"The lake makes no edition {wanted}: nothing was released.")
    behind = sorted({f"{f['metric']} {f['as_of']}" for f in found if f["is_partial"]})
    if behind and edition is None:
        raise ExportMissing(
            f"{wanted} is not whole: {', '.join(behind)}. Nothing was released. Load the last "
            "nights of the year, or trigger the run with this edition to release it as it stands."
        )
    return wanted


def changes(edition: str) -> str:
    """The headline figures beside those of the edition's last freezing, as a Markdown table."""
    old = editions.newest(settings().published, edition)
    before = _frozen_values(old) if old else {}
    lines = [
        f"**{edition}** would be released with these figures"
        + (f", in the place of {old.folder.name}." if old else ", for the first time."),
        "",
        "| figure | frozen | now | as of | |",
        "|---|---:|---:|---|---|",
    ]
    for figure in _figures(edition):
        lines.append(
            f"| {figure['metric']} | {_shown(before.get(figure['metric']))} | "
            f"{_shown(figure['value'])} | {figure['as_of'] or ''} | {figure['symbol'] or ''} |"
        )
    return "\n".join(lines)


def release(edition: str, by: str, reason: str | None) -> dict[str, Any]:
    """Freezes the edition and publishes a file that shows it so."""
    one = editions.freeze(settings(), edition, by, reason)
    built = build(settings())
    log.info("released %s: %s, live: %s", edition, one.folder.name, built.folder.name)
    return {"edition": edition, "folder": one.folder.name, "is_new": one.is_new,
            "live": built.folder.name}  # fmt: skip


def _figures(edition: str) -> list[dict[str, Any]]:
    """As the lake makes them today: what is published may be the frozen edition itself."""
    with editions.computed(settings()) as db:
        found = db.execute(
            "SELECT metric, value, as_of, is_partial, symbol FROM report.headline "
            "WHERE edition = ? AND metric <> 'goods_sold_value'", [edition]
        )  # fmt: skip
        names = [d[0] for d in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _frozen_values(old: editions.Frozen) -> dict[str, float | None]:
    path = old.folder / "headline.parquet"
    with duckdb.connect() as db:
        rows = db.execute("SELECT metric, value FROM read_parquet(?)", [str(path)]).fetchall()
    return dict(rows)


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def edition_of(params: dict[str, Any]) -> str | None:
    """The edition that a run by hand names, if it names one."""
    edition = params.get("edition")
    if edition and not edition[2:].isdigit():
        raise SettingsError(f"{edition!r} is no edition: FY2022 or CY2022, say")
    return edition
