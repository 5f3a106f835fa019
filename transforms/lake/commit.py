"""Commits a night: puts its parts in place, then the receipt that makes them count."""

import logging
from dataclasses import replace
from pathlib import Path

from transforms.deliveries.exports import in_order
from transforms.lake.lake import Lake
from transforms.lake.receipt import Receipt, Replaced
from transforms.storage import put_folder

log = logging.getLogger(__name__)


def commit(lake: Lake, receipt: Receipt, parts: Path, scratch: Path) -> Receipt:
    """Commits parts and receipt unless a later delivery is in the lake; returns what counts."""
    night, dataset = receipt.export_date, receipt.dataset
    with lake.lock(dataset):
        old = lake.sound_receipt(dataset, night)
        if old and old.content and in_order([receipt, old])[0] is old:
            log.warning(
                "%s %s: a later delivery is in the lake, so this one does not count", dataset, night
            )
            return old
        if old and old.content and old.content != receipt.content:
            was = Replaced(old.revision, old.content, old.exported_at)
            receipt = replace(receipt, replaced=(*old.replaced, was))
        if old and old.content == receipt.content and lake.is_whole(old):
            # Another run put them there; replacing them would remove them for a moment.
            receipt = replace(receipt, parts=old.parts)
        elif receipt.content:
            target = lake.partition(dataset, night, receipt.content)
            within = target.relative_to(lake.root)
            named = (replace(part, path=str(within / part.path)) for part in receipt.parts)
            receipt = replace(receipt, parts=tuple(named))
            put_folder(parts, target, scratch)
        if receipt != old:
            lake.write_receipt(receipt)
        return receipt


def commit_absence(lake: Lake, receipt: Receipt) -> None:
    """Records a missing or unreadable delivery, unless an earlier one was read."""
    dataset, night = receipt.dataset, receipt.export_date
    with lake.lock(dataset):
        old = lake.receipt(dataset, night)
        if old is None or not old.content:
            if old is None or (old.status, old.reason) != (receipt.status, receipt.reason):
                lake.write_receipt(receipt)
        elif receipt.status == "refused":
            log.error("%s %s: the version loaded before stays", dataset, night)
