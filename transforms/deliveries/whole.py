"""Whether a delivery is whole: by its manifest, by a done-marker, or because it changes no more.

A delivery that is still being written can pass every other check, so it is not read until then.
"""

import logging
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from transforms import DATASETS
from transforms.deliveries.exports import (
    DONE,
    DONE_ENDING,
    Delivery,
    ExportFile,
    absent_of,
    deliveries_of,
    in_order,
)
from transforms.errors import Damaged, StillArriving
from transforms.sources import Source
from transforms.sources.source import Entry
from transforms.storage import read_json, write_json

log = logging.getLogger(__name__)

Looks = dict[str, list[str]]


class Memory:
    """What the files that were not whole looked like, and since when: one look is not enough.

    A sensor looks once and ends, so it keeps this in a file; within one run it stays in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.looks: Looks = {}
        if path:
            try:
                self.looks = (read_json(path, f"delete {path}") or {}).get("looks", {})
            except Damaged:
                log.warning("%s was damaged: the delivery is looked at twice again", path)

    def age(self, path: str, entry: Entry, at: datetime) -> float:
        """Seconds since the file was first seen as it is now."""
        state = f"{entry.size} {entry.modified} {entry.etag}"
        if self.looks.get(path, [""])[0] != state:
            self.looks[path] = [state, at.isoformat()]
        return (at - datetime.fromisoformat(self.looks[path][1])).total_seconds()

    def keep(self) -> None:
        if self.path and self.looks:
            write_json(self.path, {"looks": self.looks})
        elif self.path:
            self.path.unlink(missing_ok=True)


def arriving(found: list[Delivery], dataset: str, unchanged: float, memory: Memory) -> str | None:
    """Why a night's export of a dataset cannot be read yet; None if it can, or if none is there.

    Given all deliveries of the night. A file that has not changed for `unchanged` seconds is
    whole, and so is what a manifest or a done-marker covers.
    """
    for delivery in found:
        files = [f for f in delivery.files if f.dataset in (dataset, None)]
        told = [_unfinished(f, delivery, unchanged, memory) for f in files]
        if delivery.problem:
            # Half a manifest: the rest may be on its way.
            told.append(_changing(delivery.folder, delivery.manifest, delivery, unchanged, memory))
        if why := next((t for t in told if t), None):
            return why
    return None


def landed(exports: Source, dataset: str, night: date, looks: Path | None = None) -> bool:
    """Whether the night's export of this dataset has been delivered, and is whole."""
    found = deliveries_of(exports, [night])[night]
    return is_landed(found, dataset, night, exports.limits.unchanged, looks)


def is_landed(
    found: list[Delivery], dataset: str, night: date, unchanged: float, looks: Path | None
) -> bool:
    """The same for deliveries that are at hand. One call leaves word for the next in `looks`."""
    memory = Memory(looks / f"{night}-{dataset}.json" if looks else None)
    of = [d for d in found if d.of(dataset) or d.problems_of(dataset) or absent_of(d, dataset)]
    why = arriving(of, dataset, unchanged, memory)
    memory.keep()
    # The one that would count: an earlier one that lacks a file may never get it.
    return bool(of) and not why and not absent_of(in_order(of)[0], dataset)


def wait(exports: Source, night: date, datasets: tuple[str, ...] = DATASETS) -> None:
    """Returns once a night's delivery changes no more, or raises StillArriving."""
    for why in unfinished(exports, [night], datasets).values():
        raise StillArriving(still(why))


def unfinished(
    exports: Source, nights: list[date], datasets: tuple[str, ...] = DATASETS
) -> dict[tuple[str, date], str]:
    """Why deliveries of these nights cannot be read yet, by dataset and night.

    It looks twice at those that may still be written, as far apart as `unchanged` says.
    """
    limits, memory = exports.limits, Memory()
    if not limits.unchanged:
        return {}
    first = _look(exports, nights, datasets, memory)
    if not first:
        return {}
    log.info("%s: looking again in %.0f s", next(iter(first.values())), limits.unchanged)
    time.sleep(limits.unchanged)
    return _look(exports, sorted({night for _, night in first}), datasets, memory)


def still(why: str) -> str:
    """The message about a delivery that may still be written."""
    return (
        f"{why}. It was not loaded, and what is published stays. Run the same command again when "
        "the upload has ended."
    )


def _look(
    exports: Source, nights: list[date], datasets: tuple[str, ...], memory: Memory
) -> dict[tuple[str, date], str]:
    found = deliveries_of(exports, nights)
    told = {
        (dataset, night): arriving(of, dataset, exports.limits.unchanged, memory)
        for night, of in found.items()
        for dataset in datasets
    }
    return {job: why for job, why in told.items() if why}


def _unfinished(
    file: ExportFile, delivery: Delivery, unchanged: float, memory: Memory
) -> str | None:
    if file.problem or file.source.puts_whole:
        return None
    name, promised = file.entry.name, (file.promised or {}).get("bytes")
    if promised is not None and file.entry.size in (promised, None):
        return None
    if set(DONE) & delivery.done or f"{name}{DONE_ENDING}" in delivery.done:
        return None
    if delivery.done - set(DONE):
        return f"{file.path} has no {DONE_ENDING} beside it yet, as other files there do"
    return _changing(file.path, file.entry, delivery, unchanged, memory)


def _changing(
    path: str, entry: Entry | None, delivery: Delivery, unchanged: float, memory: Memory
) -> str | None:
    """Why a file may still be written: it has not been unchanged for long enough."""
    if entry is None:
        return None
    at = datetime.now(UTC)
    age = memory.age(path, entry, at)
    if entry.modified and delivery.now:
        # The source's own clock and its own time of the file: a second look tells no more.
        age = max(age, (delivery.now - entry.modified).total_seconds())
    elif entry.modified and at - entry.modified > timedelta(days=1):
        return None  # no clock is off by that much
    if age >= unchanged:
        memory.looks.pop(path, None)
        return None
    return (
        f"{path} may still be being written: it changed {max(age, 0):,.0f} s ago, and neither a "
        "manifest nor a done-marker says that it is whole"
    )
