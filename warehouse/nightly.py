"""One night as a scheduler runs it: by export date, with settings from the environment.

OutlookError means that a retry cannot help; its message says what stays and what to do. After any
other exception, such as a TransientError, the scheduler may retry.
"""

import logging
from datetime import date
from typing import Any

from transforms import DATASETS
from transforms import night as line
from transforms.deliveries import whole
from transforms.errors import NEXT_STEP, OF_STATUS, ExportError, NightHeld, SettingsError
from transforms.lake import Lake, Receipt
from transforms.settings import settings
from transforms.storage import disk_faults_told
from warehouse import versions
from warehouse.build.build import build

log = logging.getLogger(__name__)


# Keys of a receipt that an Airflow message may carry.
OF_A_RECEIPT = (
    "dataset",
    "export_date",
    "revision",
    "status",
    "rows",
    "reasons",
    "layout",
    "extent",
    "sources",
    "warnings",
    "content",
    "code_version",
    "seconds",
)


@disk_faults_told()
def landed(dataset: str, export_date: str | None) -> bool:
    """Whether the night's export has been delivered, and is whole as far as anybody can tell."""
    chosen = settings()
    looks = chosen.lake / "looks"
    return whole.landed(chosen.exports, dataset, _night(export_date), looks)


@disk_faults_told()
def load(dataset: str, export_date: str | None) -> dict[str, Any]:
    """Loads one export into the lake; returns the part of its receipt that a message may carry.

    Raises ExportMissing, ExportError or NightHeld if the night does not count.
    """
    chosen = settings()
    whole.wait(chosen.exports, _night(export_date), (dataset,))
    receipt = line.run(dataset, _night(export_date), chosen)
    told = line.summary(receipt)
    if not receipt.is_usable:
        step = NEXT_STEP[receipt.status].format(night=export_date, exports=chosen.exports)
        said = f"{told}. The published version stays. {step}"
        if receipt.status == "refused":
            raise ExportError("refused", said)
        raise OF_STATUS[receipt.status](said)
    in_full = receipt.as_json()
    return {k: in_full[k] for k in OF_A_RECEIPT}


@disk_faults_told()
def publish_night(export_date: str | None) -> dict[str, Any]:
    """Builds, checks and publishes the lake if all three exports of the night count.

    Raises NightHeld if one of them does not, or if a check fails.
    """
    chosen, night = settings(), _night(export_date)
    if waiting := Lake(chosen.lake).waiting(night):
        raise NightHeld(f"{night} is not complete: {waiting}. Nothing was published.")
    built = build(chosen, night=night)
    return {
        "folder": built.folder.name,
        "is_new": built.is_new,
        "sha256": built.manifest["sha256"],
        "seconds": built.manifest["seconds"],
    }


@disk_faults_told()
def summary(export_date: str | None) -> str:
    """A night on one screen: rows, live version, headline figures. Logged as one record."""
    chosen = settings()
    lake = Lake(chosen.lake)
    lines = [f"Night {export_date}"]
    for dataset in DATASETS:
        receipt = lake.receipt(dataset, _night(export_date))
        lines.append("  " + (line.summary(receipt) if receipt else f"{dataset}: not loaded"))
        lines += [f"    {reason}: {count:,}" for reason, count in _commonest(receipt)]
    live, fault = versions.live_or_fault(chosen.published)
    lines.append(f"Live: {fault or (live / versions.FILE if live else 'nothing yet')}")
    for figure in versions.headline(live) if live else []:
        shown = "not available" if figure["value"] is None else f"{figure['value']:,.0f}"
        lines.append(
            f"  {figure['edition']} {figure['metric']:<18} {shown:>14}  as of "
            f"{figure['as_of']} {figure['symbol'] or ''}"
        )
    text = "\n".join(lines)
    log.info(text)
    return text


def _night(export_date: str | None) -> date:
    """The export date; a run by hand has no partition key and must give it."""
    if not export_date:
        raise SettingsError("this run has no partition key: trigger it with export_date")
    return date.fromisoformat(export_date)


def _commonest(receipt: Receipt | None) -> list[tuple[str, int]]:
    reasons = receipt.reasons if receipt else {}
    return sorted(reasons.items(), key=lambda r: -r[1])[:3]
