"""Commands for people who look: nothing here changes anything but a file that was asked for."""

import re
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from transforms import DATASETS
from transforms import inspection as inspecting
from transforms.errors import Damaged, ExportError, ExportMissing, SettingsError
from transforms.lake import Lake
from transforms.layouts import leave_out_unusable
from transforms.settings import settings
from warehouse import nightly, publish
from warehouse.cli import terminal
from warehouse.cli.options import Dataset, Json, calendar, datasets, day
from warehouse.questions import inspection


def nights(dataset: Dataset = None, as_json: Json = False) -> None:
    """Show the calendar of nights: ok, late, partial, held, refused, missing, damaged."""
    found = [n for d in datasets(dataset) for n in calendar(settings(), d)]
    found.sort(key=lambda n: (n["export_date"], n["dataset"]))
    if as_json:
        terminal.print_json(found)
    else:
        terminal.print_calendar(found)
    _stop_if_damaged([n["reason"] for n in found if n["status"] == "damaged"])


def status(as_json: Json = False) -> None:
    """Say what is live, and the last night of each dataset."""
    chosen = settings()
    fault = publish.fault(chosen.published)
    live = None if fault else publish.latest(chosen.published)
    manifest = publish.manifest(live) if live else None
    last = [calendar(chosen, d)[-1:] for d in DATASETS]
    damaged = [fault] if fault else []
    damaged += [n["reason"] for found in last for n in found if n["status"] == "damaged"]
    if as_json:
        terminal.print_json(
            {
                "live": live and live.name,
                "manifest": manifest,
                "last_nights": [n for found in last for n in found],
            }
        )
        _stop_if_damaged(damaged)
        return
    if live and manifest:
        terminal.say(f"live: {live / publish.FILE}")
        terminal.say(f"made {manifest['built_at']} by code {manifest['code_version']}")
        terminal.print_rows(nightly.headline())
    elif not fault:
        terminal.say("nothing is published yet")
    shown = ("dataset", "export_date", "status", "rows_in", "rows_accepted", "rows_rejected")
    terminal.print_rows([{k: n[k] for k in shown} for found in last for n in found])
    _stop_if_damaged(damaged)


def rejected(
    night: Annotated[str | None, typer.Option("--date", help="Export date.")] = None,
    dataset: Dataset = None,
    reason: Annotated[str | None, typer.Option(help="Part of the reason.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="CSV file to write.")] = None,
    as_json: Json = False,
) -> None:
    """Show rejected rows with file, line, column, reason. They hold personal data."""
    from warehouse.questions import rejects

    chosen = settings()
    if to:
        rejects.check_target(to)
    found = rejects.rejected(
        Lake(chosen.lake), datasets(dataset), day(night) if night else None, reason
    )
    if to:
        rejects.write_csv(found, to)
        terminal.tell(f"{len(found):,} rows written to {to} (mode 0600)")
    elif as_json:
        terminal.print_json(found)
    else:
        terminal.print_rows([{k: v for k, v in row.items() if k != "raw_row"} for row in found])


def inspect(
    file: Path,
    dataset: Dataset = None,
    night: Annotated[
        str | None, typer.Option("--date", help="Day that relative dates count back from.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what the reader makes of one file; nothing is loaded."""
    if not file.is_file():
        raise SettingsError(f"{file} is no file")
    in_name = re.search(r"\d{4}-\d{2}-\d{2}", file.name)
    shown = night or (in_name[0] if in_name else f"{date.today()}")
    if dataset:
        datasets(dataset)
    for wrong in leave_out_unusable():
        terminal.tell(f"left out: {wrong}")
    try:
        seen = inspecting.inspect(file, dataset, day(shown), settings())
    except ExportError as error:
        is_new = error.code == "unknown_layout"
        draft = inspecting.draft(file, dataset, settings()) if is_new else None
        refused = inspection.refused_as_json(file, error, draft)
        if as_json:
            terminal.print_json(refused)
        else:
            terminal.tell(f"refused ({error.code}): {error.message}")
            if draft:
                for drafted in draft.split("\n"):
                    terminal.say(drafted)
        raise typer.Exit(error.exit_code) from None
    if as_json:
        terminal.print_json(inspection.as_json(file, seen))
    else:
        for told in inspection.as_lines(seen):
            terminal.say(told)


def doctor(as_json: Json = False) -> None:
    """Look at settings, key, disk, versions and every stored file: what is wrong, what mends it."""
    from warehouse.questions.doctor import examine

    found = examine()
    if as_json:
        terminal.print_json(found)
    else:
        terminal.print_rows(found)
    if any(f["verdict"] == "wrong" for f in found):
        raise typer.Exit(2)


def listings(
    as_of: Annotated[str, typer.Option("--as-of", help="Night, YYYY-MM-DD.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write: .csv, .json or .parquet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the listings as they stood on a past night; CSV on stdout."""
    from warehouse.questions import listings as past

    lake = Lake(settings().lake)
    if to:
        past.check_target(to)
    receipt = past.census(lake, day(as_of))
    rows = receipt.rows.accepted
    terminal.tell(f"{rows:,} listings as of {receipt.export_date}, the last good census")
    if to:
        past.write(lake, receipt, to)
        terminal.tell(f"written to {to}")
        return
    try:
        past.print_to(lake, receipt, sys.stdout, as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        terminal.stop_writing()


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Folder's name, or a path.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Folder's name, or a path.")],
    as_json: Json = False,
) -> None:
    """Compare two published versions: rows added, gone, changed; headlines that moved."""
    from warehouse.questions import diff as versions

    published = settings().published
    found = versions.compare(versions.find(a, published), versions.find(b, published))
    if as_json:
        terminal.print_json(found)
        return
    moved = [_as_text(t) for t in found["tables"] if _has_moved(t)]
    if moved:
        terminal.print_rows(moved, f"{a} to {b}: rows by the key of each table")
    else:
        terminal.say("every row is the same")
    for headline in found["headlines"]:
        terminal.say(versions.as_sentence(headline))
    if not found["headlines"]:
        terminal.say("no headline moved")


def explain(
    metric: Annotated[str, typer.Argument(help="paid_sellers, seller_growth.cagr, …")],
    edition: Annotated[str | None, typer.Option(help="FY2022, CY2022; else the newest.")] = None,
    as_json: Json = False,
) -> None:
    """Say where a published figure comes from: parts, definition, SQL, nights, receipts."""
    from warehouse.questions import explain as figures
    from warehouse.questions.explained import as_lines

    chosen = settings()
    live = publish.live(chosen.published)
    if live is None:
        raise ExportMissing("Nothing is published yet: `outlook build` first.")
    found = figures.explain(live / publish.FILE, Lake(chosen.lake), metric, edition)
    if as_json:
        terminal.print_json(found)
    else:
        for told in as_lines(found):
            terminal.say(told)


def prove(
    edition: Annotated[str, typer.Argument(help="2022, FY2022 or CY2022.")],
    as_json: Json = False,
) -> None:
    """Hold a frozen edition to what today's lake and code make; exit 1 where they differ."""
    from warehouse.editions import freeze, frozen
    from warehouse.page.edition import name_of
    from warehouse.questions import explain as figures

    chosen, name = settings(), name_of(edition, None)
    live = publish.live(chosen.published)
    if live and not frozen.newest(chosen.published, name):
        known = figures.editions(live / publish.FILE)
        if name not in known:
            raise SettingsError(f"{name} is no edition: {', '.join(known)}")
    one, found = freeze.prove(chosen, name)
    changes = [vars(c) for c in found.changes]
    if as_json:
        terminal.print_json(
            {
                "frozen": one.folder.name,
                "figures": found.figures,
                "tables": found.tables,
                "differences": changes,
                "younger_tables": found.younger,
            }
        )
    elif changes:
        terminal.print_rows(changes, f"{one.folder.name}: frozen, and as it would be made today")
        terminal.tell(
            f"{len(changes):,} cells differ. What is frozen stays as it is; `outlook report "
            f'{one.manifest["edition"]} --status final --reason "…"` would correct it.'
        )
    else:
        terminal.say(
            f"{one.folder.name}: the same {found.figures:,} figures in {found.tables} tables"
        )
    if found.younger and not as_json:
        terminal.tell(f"not part of it, being younger: {', '.join(found.younger)}")
    if changes:
        raise typer.Exit(1)


def _stop_if_damaged(found: list[str]) -> None:
    """Raises Damaged once what is whole has been shown."""
    if found:
        raise Damaged("\n".join(found))


def _has_moved(table: dict[str, Any]) -> bool:
    return any(v for k, v in table.items() if k != "table")


def _as_text(table: dict[str, Any]) -> dict[str, Any]:
    """A table of a comparison as one line for the terminal."""
    changes = [f"{c} ({n:,})" for c, n in sorted(table["changed_columns"].items())]
    changes += [f"+{c}" for c in table["columns_new"]] + [f"-{c}" for c in table["columns_gone"]]
    counts = {n: table[n] for n in ("table", "added", "gone", "changed")}
    return {**counts, "columns": ", ".join(changes)}
