"""Commits a night: puts its parts in place, then the receipt that makes them count."""

import logging
from dataclasses import replace
from pathlib import Path

from transforms.deliveries.exports import in_order
from transforms.errors import TakenOver
from transforms.lake.lake import Lake
from transforms.lake.receipt import Receipt, Replaced

log = logging.getLogger(__name__)


def commit(
    lake: Lake, receipt: Receipt, parts: Path, scratch: Path, before: Receipt | None
) -> Receipt:
    """Commits parts and receipt unless a later delivery is in the lake; returns what counts.

    `before` is the night's receipt as it was when the attempt began. Raises TakenOver if another
    attempt has committed other bytes since, and nothing says which are the later ones.
    """
    night, dataset = receipt.export_date, receipt.dataset
    with lake.lock(dataset):
        old = lake.sound_receipt(dataset, night)
        if old and old.content and in_order([receipt, old])[0] is old:
            log.warning(
                "%s %s: a later delivery is in the lake, so this one does not count", dataset, night
            )
            return _seen(lake, old, receipt)
        if old and _committed_since(before, old) and in_order([old, receipt])[0] is old:
            return _of_another(old, receipt)
        if old and old.content and old.content != receipt.content:
            was = Replaced(old.revision, old.content, old.exported_at)
            receipt = replace(receipt, replaced=(*old.replaced, was))
        if old and old.content == receipt.content and lake.is_whole(old):
            # Another run put them there; replacing them would remove them for a moment.
            receipt = replace(receipt, parts=old.parts)
        elif receipt.content:
            target = lake.partition(dataset, night, receipt.content)
            named = (replace(part, path=str(target / part.path)) for part in receipt.parts)
            receipt = replace(receipt, parts=tuple(named))
            lake.put(parts, target, dataset, scratch)
        if old is None or (receipt, receipt.listed) != (old, old.listed):
            lake.write_receipt(receipt)
        return receipt


def _committed_since(before: Receipt | None, old: Receipt) -> bool:
    seen = before and (before.content, before.started_at)
    return bool(old.content) and (old.content, old.started_at) != seen


def _of_another(old: Receipt, receipt: Receipt) -> Receipt:
    """What another attempt committed while this one was at work; TakenOver if it is not the same.

    A run that was stopped and woke up may have read what has been replaced since.
    """
    night = f"{receipt.dataset} {receipt.export_date}"
    if old.content == receipt.content:
        log.info("%s: another run has loaded the same bytes, so this one wrote nothing", night)
        return old
    raise TakenOver(
        f"{night}: another run loaded other bytes of this night while this one was at work, and "
        "neither has a later export time. This one wrote nothing. If the delivery has changed "
        f"since, run `outlook run --date {receipt.export_date}`."
    )


def commit_absence(lake: Lake, receipt: Receipt) -> None:
    """Records a missing or unreadable delivery, unless an earlier one was read."""
    dataset, night = receipt.dataset, receipt.export_date
    with lake.lock(dataset):
        old = lake.receipt(dataset, night)
        if old is None or not old.content:
            said = (receipt.status, receipt.reason, receipt.listed)
            if old is None or (old.status, old.reason, old.listed) != said:
                lake.write_receipt(receipt)
            return
        if receipt.status == "refused":
            log.error("%s %s: the version loaded before stays", dataset, night)
            _seen(lake, old, receipt)


def _seen(lake: Lake, counts: Receipt, attempt: Receipt) -> Receipt:
    """The receipt that counts, with what the attempt saw: it need not be looked at again."""
    if counts.listed != attempt.listed:
        counts = replace(counts, listed=attempt.listed)
        lake.write_receipt(counts)
    return counts
