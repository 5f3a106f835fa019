"""The line itself: one dataset, one night, from delivery to receipt. Only here the steps meet."""

import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from transforms import DATASETS, parts
from transforms import draft as drafting
from transforms.deliveries import exports
from transforms.deliveries.exports import Delivery, ExportFile, in_order
from transforms.deliveries.landing import land
from transforms.deliveries.unpack import unpack
from transforms.errors import ExportError
from transforms.lake import Lake, gates, history
from transforms.lake.partition import Partition
from transforms.lake.receipt import Receipt, Replaced, new_receipt
from transforms.read import Export, open_export
from transforms.settings import Settings
from transforms.storage import disk_fault, put_folder, scratch
from transforms.visible import visible

log = logging.getLogger(__name__)

FIRST_REJECTS, FIRST_ROWS = 5, 3
MOST_NAMED = 5
GATES = ("strict", "warn", "off")
Progress = Callable[[int], None]


def run(
    dataset: str,
    night: date,
    settings: Settings,
    gate: str = "strict",
    progress: Progress | None = None,
) -> Receipt:
    """Loads a night's export of one dataset and settles what it changes; returns its receipt.

    A night without a delivery, and one whose delivery cannot be read, have receipts too (status
    missing, refused). The same bytes again change nothing. `gate` other than strict lets a night
    pass that the gates would hold, and records that.
    """
    lake = Lake(settings.lake)
    attempt = load(dataset, night, settings, progress)
    with lake.lock(dataset):
        settle(lake, dataset, settings)
        receipt = lake.receipt(dataset, night)
        if gate != "strict" and receipt and _is_held(receipt, attempt):
            _release(lake, receipt, by="--gate", reason=f"--gate {gate}")
            settle(lake, dataset, settings)
            receipt = lake.receipt(dataset, night)
    # A delivery that could not be read says so, though an older one may still stand in the lake.
    outcome = attempt if attempt.status == "refused" or receipt is None else receipt
    log.info(summary(outcome))
    return outcome


def settle(lake: Lake, dataset: str, settings: Settings) -> None:
    """Judges and folds every night, and makes damaged parts that it meets again.

    Call with the dataset's lock held. Raises Damaged where a part cannot be made again.
    """
    parts.mended(lambda: history.settle(lake, dataset, settings), lake, settings)


def load(
    dataset: str,
    night: date,
    settings: Settings,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Receipt:
    """Brings a night's export into the lake without judging it; `history.settle` does that.

    Returns the receipt of this attempt. A dry run reads, cleans and checks, and leaves no trace.
    """
    lake = Lake(settings.lake)
    refused: Receipt | None = None
    with scratch(settings.work, f"{dataset}-{night}") as folder:
        for delivery in _deliveries(dataset, night, settings, folder):
            own = folder / f"r{delivery.revision}"
            own.mkdir()
            receipt = _read_delivery(dataset, delivery, settings, own, lake, progress, dry_run)
            if receipt.status != "refused":
                # A broken delivery never takes the place of one that can be read.
                if not dry_run:
                    receipt = _commit(lake, receipt, own)
                return refused or receipt
            refused = refused or receipt
        outcome = refused or new_receipt(dataset, night, "missing")
        if not dry_run:
            _commit_absence(lake, outcome)
        return outcome


def summary(receipt: Receipt) -> str:
    """One line on what became of a night, for a log or a terminal."""
    rows = receipt.rows
    head = f"{receipt.dataset} {receipt.export_date} {receipt.status}"
    if rows.in_ is None:
        return f"{head}: {receipt.reason or 'nothing was delivered'}"
    why = f" ({receipt.reason})" if receipt.reason else ""
    return (
        f"{head}{why}: {rows.in_:,} rows in, {rows.accepted:,} accepted, "
        f"{rows.rejected:,} rejected, {rows.duplicate:,} duplicate"
    )


def release(night: date, settings: Settings, by: str, reason: str) -> list[str]:
    """Lets the held datasets of a night pass, for the content they have now; returns which."""
    lake = Lake(settings.lake)
    released = []
    for dataset in DATASETS:
        with lake.lock(dataset):
            receipt = lake.receipt(dataset, night)
            if receipt and receipt.status == "held":
                _release(lake, receipt, by, reason)
                settle(lake, dataset, settings)
                released.append(dataset)
    return released


@dataclass(frozen=True)
class Inspection:
    """What the line makes of one file that is not loaded."""

    export: Export
    receipt: Receipt
    first_rejects: list[dict[str, Any]]
    first_rows: list[dict[str, Any]]
    held: str | None


def inspect(path: Path, dataset: str | None, night: date, settings: Settings) -> Inspection:
    """Reads, cleans and checks one file and throws the result away. Raises ExportError.

    `night` is what relative dates count back from. The first rejected rows are kept.
    """
    file = ExportFile(exports.UPath(path), visible(path.name), dataset, None)
    with tempfile.TemporaryDirectory(prefix="outlook-") as name:
        folder = Path(name)
        landed = land(file, night, folder)
        plain = unpack(landed, folder)
        export = open_export(plain.path, plain.name, dataset, settings.market.encoding)
        key = settings.key or b"inspect"  # the hashes are thrown away
        partition = Partition(export.layout.dataset, night, folder, settings.market, key)
        partition.add(export, landed)
        receipt = partition.finish()
        rejected, rows = (partition.parts / f"{p}.parquet" for p in ("rejected", "rows"))
        rejects = (
            pq.read_table(rejected).slice(0, FIRST_REJECTS).to_pylist() if rejected.exists() else []
        )
        shown = pq.read_table(rows).slice(0, FIRST_ROWS).to_pylist()
        held = gates.judge(receipt, (), 1, None, {}).reason
        return Inspection(export, receipt, rejects, shown, held)


def draft(path: Path, dataset: str | None, settings: Settings) -> str | None:
    """A layout to start from, for a file that fits none; None where it holds no table."""
    file = ExportFile(exports.UPath(path), path.name, dataset, None)
    with tempfile.TemporaryDirectory(prefix="outlook-") as name:
        folder = Path(name)
        plain = unpack(land(file, date.today(), folder), folder)
        return drafting.draft(plain.path, plain.name, dataset, settings.market)


def _read_delivery(
    dataset: str,
    delivery: Delivery,
    settings: Settings,
    folder: Path,
    lake: Lake,
    progress: Progress | None,
    dry_run: bool,
) -> Receipt:
    """The receipt of one delivery, its parts in `folder/parts`; status refused if it is broken.

    Content that is in the lake already is not read again.
    """
    began = time.monotonic()
    night = delivery.export_date
    receipt = _of_delivery(new_receipt(dataset, night), delivery, settings)
    try:
        for problem in delivery.problems_of(dataset):
            raise ExportError("manifest", problem)
        if absent := exports.absent_of(delivery, dataset):
            raise ExportError(
                "incomplete", f"the manifest promises {_some(absent)}, which is not there"
            )
        landing = folder if dry_run else settings.landing
        landed = [land(file, night, landing) for file in delivery.of(dataset)]
        if not dry_run:
            lake.hold_to_key(settings.hashing_key())
        content = parts.content(landed, settings)
        old = lake.sound_receipt(dataset, night)
        if old and old.content == content and lake.is_whole(old) and not dry_run:
            return _of_delivery(old, delivery, settings)
        made = parts.make(dataset, night, landed, folder, settings, progress)
        made = replace(made, content=content, started_at=receipt.started_at)
        receipt = _of_delivery(made, delivery, settings)
    except ExportError as error:
        if disk_fault(error):
            raise  # what came may be whole
        receipt = replace(receipt, status="refused", reason=f"{error.code}: {error}")
        log.error("%s %s refused: %s What was there before stays.", dataset, night, error)
    return replace(receipt, seconds=round(time.monotonic() - began, 3))


def _commit(lake: Lake, receipt: Receipt, folder: Path) -> Receipt:
    """Puts parts and receipt in place unless a later delivery is there; returns what counts."""
    night, dataset = receipt.export_date, receipt.dataset
    with lake.lock(dataset):
        old = lake.sound_receipt(dataset, night)
        if old and old.content and _is_later(old, receipt):
            log.warning(
                "%s %s: a later delivery is in the lake; this one does not count", dataset, night
            )
            return old
        if old and old.content and old.content != receipt.content:
            was = Replaced(old.revision, old.content, old.exported_at)
            receipt = replace(receipt, replaced=(*old.replaced, was))
        if old and old.content == receipt.content and lake.is_whole(old):
            # Another run put them there; to replace them would be to take them away for a moment.
            receipt = replace(receipt, parts=old.parts)
        elif receipt.content:
            target = lake.partition(dataset, night, receipt.content)
            within = target.relative_to(lake.root)
            parts = (replace(part, path=str(within / part.path)) for part in receipt.parts)
            receipt = replace(receipt, parts=tuple(parts))
            put_folder(folder / "parts", target, folder)
        if receipt != old:
            lake.write_receipt(receipt)
        return receipt


def _commit_absence(lake: Lake, receipt: Receipt) -> None:
    """Notes that nothing came, or nothing that can be read, where nothing was read before."""
    dataset, night = receipt.dataset, receipt.export_date
    with lake.lock(dataset):
        old = lake.receipt(dataset, night)
        if old is None or not old.content:
            if old is None or (old.status, old.reason) != (receipt.status, receipt.reason):
                lake.write_receipt(receipt)
        elif receipt.status == "refused":
            log.error("%s %s: the version loaded before stays", dataset, night)


def _some(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _is_held(receipt: Receipt, attempt: Receipt) -> bool:
    """Held, and for what this very run has brought."""
    return receipt.status == "held" and receipt.content == attempt.content


def _is_later(old: Receipt, new: Receipt) -> bool:
    """By when they were exported, where both say; else by the revision of their folders."""
    return in_order([new, old])[0] is old


def _deliveries(dataset: str, night: date, settings: Settings, folder: Path) -> list[Delivery]:
    """The night's deliveries that hold the dataset, the one that counts first."""
    found = exports.deliveries(settings.exports, night)
    of = [_classified(d, folder, night, settings.market.encoding) for d in found]
    return exports.in_order([d for d in of if d.of(dataset) or d.problems_of(dataset)])


def _classified(delivery: Delivery, folder: Path, night: date, encoding: str | None) -> Delivery:
    """A file that neither manifest nor name places belongs to the dataset whose layout it fits."""
    files = []
    for file in delivery.files:
        if file.dataset is None and not file.problem:
            try:
                landed = land(file, night, folder)
                plain = unpack(landed, folder)
                opened = open_export(plain.path, plain.name, None, encoding)
                file = replace(file, dataset=opened.layout.dataset)
            except ExportError as error:
                log.info(
                    "%s is of no known dataset and was left alone: %s", visible(file.name), error
                )
        files.append(file)
    return replace(delivery, files=tuple(files))


def _of_delivery(receipt: Receipt, delivery: Delivery, settings: Settings) -> Receipt:
    """The receipt with what the delivery says of itself."""
    # On time is before the night after the next begins: a whole day to deliver in.
    due = datetime.combine(
        delivery.export_date + timedelta(days=2), clock(0), tzinfo=settings.market.time_zone
    )
    return replace(
        receipt,
        revision=delivery.revision,
        exported_at=delivery.exported_at,
        is_late=bool(delivery.exported_at and delivery.exported_at >= due),
    )


def _release(lake: Lake, receipt: Receipt, by: str, reason: str) -> None:
    lake.write_release(
        receipt.dataset,
        receipt.export_date,
        {
            "content": receipt.content,
            "by": by,
            "reason": reason,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
