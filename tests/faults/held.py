"""What a home of the fault batteries holds, and what an interrupted run left in it."""

import json
from pathlib import Path
from typing import Any

from transforms import DATASETS
from transforms.errors import Damaged, PublishError
from transforms.lake import Lake, history
from transforms.lake.account import account
from transforms.settings import Settings, settings
from transforms.storage import sha256
from warehouse import versions
from warehouse.editions import frozen

KEY = "a key for tests, longer than thirty-two characters"


def environment(home: Path) -> dict[str, str]:
    return {
        "OUTLOOK_HOME": str(home),
        "OUTLOOK_EXPORTS": str(home.parent / "exports"),
        "OUTLOOK_KEY": KEY,
    }


def settings_of(home: Path) -> Settings:
    return settings(environment(home))


class Broken(Exception):
    """The invariant does not hold."""


def content(home: Path) -> dict[str, Any]:
    """What counts in a home, without the times at which it was made. Raises Broken."""
    chosen = settings_of(home)
    try:
        return {**_lake(chosen), **_published(chosen)}
    except (Damaged, PublishError, OSError, ValueError, KeyError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from error


def _lake(chosen: Settings) -> dict[str, Any]:
    lake = Lake(chosen.lake)
    found: dict[str, Any] = {}
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            if not lake.is_whole(receipt):
                raise Broken(f"{dataset} {receipt.export_date}: a part is not what was written")
            told = receipt.as_json() | dict.fromkeys(("started_at", "seconds"))
            found[f"{dataset} {receipt.export_date}"] = told
        for link in history.chain(lake, dataset):
            if known := account(lake, lake.history(dataset, link.night)):
                found[f"fold of {dataset} {link.night}"] = known["name"], known["changes"]
    return found


def _published(chosen: Settings) -> dict[str, Any]:
    if fault := versions.fault(chosen.published):
        raise Broken(fault)
    live = versions.latest(chosen.published)
    if live is None:
        raise Broken("nothing is live")
    named = json.loads((chosen.published / "latest.json").read_text("utf-8"))["folder"]
    if not (chosen.published / named / versions.FILE).is_file():
        raise Broken(f"latest.json names {named}, which is not there")
    found: dict[str, Any] = {"live": versions.verified(live)["tables"]}
    for one in frozen.every(chosen.published):
        frozen.verify(one)
        told = {k: one.manifest[k] for k in ("edition", "revision", "nights")}
        found[one.folder.name] = {**told, "rows": _rows(one.manifest["tables"])}
    for folder in (chosen.published / "report").glob("[!.]*"):
        files = versions.manifest(folder)["files"]
        for name, entry in files.items():
            if sha256(folder / name) != entry["sha256"]:
                raise Broken(f"{folder / name} is not what was written")
        found[f"report {folder.name}"] = sorted(files)
    for file in (chosen.published / "briefs").rglob("[!.]*.*"):
        if not file.read_bytes().rstrip().endswith((b"</html>", b"%%EOF")):
            raise Broken(f"{file} is not whole")
        found[f"brief {file.name}"] = sha256(file) if file.suffix == ".html" else "whole"
    return found


def _rows(tables: dict[str, Any]) -> dict[str, int]:
    return {name: entry["rows"] for name, entry in tables.items()}


def debris(home: Path) -> list[str]:
    """What an interrupted run leaves and the next one should have removed."""
    chosen = settings_of(home)
    found = list(chosen.work.glob("*"))
    for pattern in (".building-*", ".latest-*", "report/.*", "editions/.*"):
        found += chosen.published.glob(pattern)
    found += [p for p in home.rglob(".*") if p.suffix in (".tmp", ".part")]
    return sorted(str(p.relative_to(home)) for p in found)


def unsettled(home: Path) -> list[str]:
    lake = Lake(settings_of(home).lake)
    return [fault for dataset in DATASETS for fault in history.faults(lake, dataset)]
