"""What a source listed of a night when it was loaded, and which nights it lists differently now."""

import logging
from collections.abc import Iterable
from datetime import date

from transforms import DATASETS
from transforms.deliveries import whole
from transforms.deliveries.exports import Delivery, deliveries, deliveries_of, keep_beside
from transforms.errors import Damaged
from transforms.lake.lake import Lake
from transforms.lake.receipt import UNREAD, Listed, Receipt
from transforms.settings import Settings
from transforms.sources.source import Entry
from transforms.visible import visible

log = logging.getLogger(__name__)


def look(
    settings: Settings, dataset: str, night: date, keep: bool
) -> tuple[list[Delivery], tuple[Listed, ...]]:
    """A night's deliveries, and what they list of a dataset. Kept is what lies beside the nights.

    Raises SourceUnreachable unless the source answers and lists.
    """
    found = deliveries(settings.exports, night)
    if keep:
        keep_beside(settings.exports, settings.place)
    return found, listed(found, dataset)


def listed(found: Iterable[Delivery], dataset: str) -> tuple[Listed, ...]:
    """The files of a night's deliveries that may hold a dataset, with their manifests."""
    seen = []
    for delivery in found:
        entries = [f.entry for f in delivery.files if f.dataset in (dataset, None)]
        entries += [delivery.manifest] if delivery.manifest else []
        seen += [
            Listed(delivery.folder, visible(e.name), e.size, e.modified, e.etag) for e in entries
        ]
    return tuple(seen)


def changed(settings: Settings, nights: Iterable[date]) -> list[tuple[str, date]]:
    """The nights whose delivery is no longer what their receipt saw, oldest first, by dataset.

    A file that is new, has grown or was sent again counts, and so does a new folder; what has been
    taken away does not. Nothing is downloaded. A night that never ran has no receipt and is left
    to whoever runs it, and one that is still being written is left for later.
    """
    lake = Lake(settings.place)
    known = {(d, n): r for n in nights for d in DATASETS if (r := _receipt(lake, d, n))}
    found = deliveries_of(settings.exports, sorted({n for _, n in known}))
    looks = settings.lake / "looks"
    return [
        (dataset, night)
        for (dataset, night), receipt in sorted(known.items(), key=lambda k: (k[0][1], k[0][0]))
        if any(_is_news(x, receipt) for x in listed(found[night], dataset))
        and whole.is_landed(found[night], dataset, night, settings.exports.limits.unchanged, looks)
    ]


def _receipt(lake: Lake, dataset: str, night: date) -> Receipt | None:
    try:
        return lake.receipt(dataset, night)
    except Damaged as error:
        log.error("%s %s was not looked at again: %s", dataset, night, error)
        return None


def _is_news(now: Listed, receipt: Receipt) -> bool:
    if receipt.listed is None:
        return _may_be_news(now, receipt)
    return not any(_is_as(old, now) for old in receipt.listed)


def _is_as(old: Listed, now: Listed) -> bool:
    """Whether nothing has happened to a file. What was no file had no size: now it may be one."""
    is_same = (old.folder, old.name) == (now.folder, now.name)
    has_size_as_before = (old.bytes is None) == (now.bytes is None)
    return is_same and has_size_as_before and _entry(old).is_like(_entry(now))


def _may_be_news(now: Listed, receipt: Receipt) -> bool:
    """For receipts of older code, which tell only what was read: by folder, name and size."""
    if receipt.status in UNREAD:
        return True
    read = f"{receipt.export_date}" + (f".r{receipt.revision}" if receipt.revision > 1 else "")
    if now.folder != read:
        return now.folder > read
    names = {source.name: source.bytes for source in receipt.sources}
    return now.name in names and names[now.name] != now.bytes


def _entry(of: Listed) -> Entry:
    return Entry(of.name, of.bytes, of.modified, of.etag)
