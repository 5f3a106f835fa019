"""The calendar of nights: every night with a receipt, and every due night that never ran."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from transforms.deliveries import exports
from transforms.errors import Damaged
from transforms.lake import Lake, Receipt
from transforms.settings import Settings

Due = Callable[[date, date], list[date]]
OF_A_RECEIPT = (
    "dataset",
    "export_date",
    "status",
    "is_late",
    "revision",
    "exported_at",
    "layout",
    "extent",
    "reason",
)
ROWS = ("rows_in", "rows_accepted", "rows_rejected", "rows_duplicate")


def due_nights(settings: Settings) -> Due:
    """The nights on which a delivery was due; those that never ran count as missing."""
    return partial(exports.due_nights, settings.beside)


def are_generated(settings: Settings) -> bool:
    """Whether the exports are a sample: then sample.json beside them says how they were made."""
    return settings.beside.look(exports.SAMPLE) is not None


def statuses(lake: Lake, dataset: str, due: Due) -> list[dict[str, Any]]:
    """The nights of one dataset as the calendar shows them, oldest first.

    A night with a damaged receipt has the status damaged, with the cause as its reason.
    """
    shown = []
    damaged: dict[date, Damaged] = {}
    for night in nights(lake, dataset, due, damaged):
        late = night.pop("is_late") and night["status"] == "ok"
        shown.append({**night, "status": "late" if late else night["status"]})
    return shown


def nights(
    lake: Lake, dataset: str, due: Due | None, damaged: dict[date, Damaged] | None = None
) -> list[dict[str, Any]]:
    """Every night with a receipt, and every due night between them that never ran."""
    known = {n["export_date"]: n for n in map(_night, lake.receipts(dataset, damaged))}
    for night, error in (damaged or {}).items():
        known[night] = _unknown(dataset, night, "damaged", str(error))
    for night in due(min(known), max(known)) if due and known else []:
        if night not in known:
            known[night] = _unknown(dataset, night, "missing")
    return [known[n] for n in sorted(known)]


def _unknown(dataset: str, night: date, status: str, reason: str | None = None) -> dict[str, Any]:
    return {
        **dict.fromkeys((*OF_A_RECEIPT, *ROWS)),
        "dataset": dataset,
        "export_date": night,
        "status": status,
        "is_late": False,
        "revision": 0,
        "reason": reason,
    }


def _night(receipt: Receipt) -> dict[str, Any]:
    rows = receipt.rows
    return {
        **{n: getattr(receipt, n) for n in OF_A_RECEIPT},
        "rows_in": rows.in_,
        "rows_accepted": rows.accepted,
        "rows_rejected": rows.rejected,
        "rows_duplicate": rows.duplicate,
    }
