"""Commands for operators: nights, the live version, rejected rows, faults."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from transforms import DATASETS
from transforms.errors import Damaged, ExportError, SettingsError
from transforms.settings import Settings, settings
from warehouse.cli import terminal
from warehouse.cli.options import Dataset, Engine, Json, datasets, day, settings_with


def nights(dataset: Dataset = None, as_json: Json = False) -> None:
    """Show the status of every night: ok, late, partial, held, refused, missing or damaged."""
    found = [n for d in datasets(dataset) for n in _calendar(settings(), d)]
    found.sort(key=lambda n: (n["export_date"], n["dataset"]))
    if as_json:
        terminal.print_json(found)
    else:
        terminal.print_calendar(found)
    _stop_if_damaged([n["reason"] for n in found if n["status"] == "damaged"])


def status(as_json: Json = False) -> None:
    """Show the live version and the last night of each dataset."""
    from warehouse import versions

    chosen = settings()
    live, fault = versions.live_or_fault(chosen.published)
    manifest = versions.manifest(live) if live else None
    last = [_calendar(chosen, d)[-1:] for d in DATASETS]
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
        terminal.say(f"live: {live / versions.FILE}")
        terminal.say(f"made {manifest['built_at']} by code {manifest['code_version']}")
        terminal.print_rows(versions.headline(live))
    elif not fault:
        terminal.say("nothing is published yet")
    shown = ("dataset", "export_date", "status", "rows_in", "rows_accepted", "rows_rejected")
    terminal.print_rows([{k: n[k] for k in shown} for found in last for n in found])
    _stop_if_damaged(damaged)


def inspect(
    file: Path,
    dataset: Dataset = None,
    night: Annotated[
        str | None, typer.Option("--date", help="Day that relative dates are counted from.")
    ] = None,
    engine: Engine = None,
    as_json: Json = False,
) -> None:
    """Show how one file would be read, without loading it."""
    from transforms import inspection as inspecting
    from transforms.layouts import leave_out_unusable
    from warehouse.questions import inspection

    if not file.is_file():
        raise SettingsError(f"{file} is not a file")
    in_name = re.search(r"\d{4}-\d{2}-\d{2}", file.name)
    shown = night or (in_name[0] if in_name else f"{date.today()}")
    if dataset:
        datasets(dataset)
    for wrong in leave_out_unusable():
        terminal.tell(f"left out: {wrong}")
    try:
        seen = inspecting.inspect(file, dataset, day(shown), settings_with(engine))
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
    """Check settings, key, disk, versions and every stored file, and say how to repair them."""
    from warehouse.questions.doctor import examine

    found = examine()
    if as_json:
        terminal.print_json(found)
    else:
        terminal.print_rows(found)
    if any(f["verdict"] == "wrong" for f in found):
        raise typer.Exit(SettingsError.exit_code)


def _calendar(chosen: Settings, dataset: str) -> list[dict[str, Any]]:
    """The nights of one dataset, oldest first, with those that were due and never ran."""
    from transforms.lake import Lake
    from warehouse.tables.nights import due_nights, statuses

    return statuses(Lake(chosen.place), dataset, due_nights(chosen))


def _stop_if_damaged(found: list[str]) -> None:
    """Raises Damaged if anything is; call it after the intact part has been shown."""
    if found:
        raise Damaged("\n".join(found))
