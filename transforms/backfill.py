"""A range of nights: loaded in parallel, then judged and added to the history in order."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import get_context

from transforms import DATASETS, engine
from transforms import night as line
from transforms.deliveries import exports, whole
from transforms.errors import (
    OF_STATUS,
    OutlookError,
    SourceUnreachable,
    StillArriving,
    TransientError,
)
from transforms.lake import Lake, Receipt
from transforms.lake.receipt import new_receipt
from transforms.lake.seen import changed
from transforms.settings import Settings

log = logging.getLogger(__name__)

Job = tuple[str, date]  # a dataset and a night


def backfill(
    first: date,
    last: date,
    settings: Settings,
    missing_only: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Receipt]:
    """Loads every night of the range on which a delivery is due; returns their receipts.

    `missing_only` skips nights that are already in the lake. The order of loading does not matter,
    so nights load in parallel; a dataset's history is updated once all its nights are in.
    """
    settings = replace(settings, engine="local")  # the processes of the backfill take all cores
    lake = Lake(settings.place)
    settings.exports.folders([f"{first}"])  # only a source that lists says what is absent
    exports.keep_beside(settings.exports, settings.place)
    nights = exports.due_nights(settings.beside, first, last)
    jobs = [(d, n) for n in nights for d in DATASETS if not (missing_only and _has(lake, d, n))]
    late = whole.unfinished(settings.exports, sorted({night for _, night in jobs}))
    for why in late.values():
        log.warning("%s", whole.still(why))
    jobs = [job for job in jobs if job not in late]
    refused = {}
    with _workers(settings.workers) as pool:
        left = Counter(dataset for dataset, _ in jobs)
        folds = [pool.submit(_settle, d, settings) for d in DATASETS if not left[d]]
        failure: BaseException | None = None
        for done, ((dataset, night), load) in enumerate(_loads(pool, jobs, settings), start=1):
            error = load.exception()
            if isinstance(error, BrokenProcessPool):
                raise error
            if isinstance(error, SourceUnreachable) and not _answers(settings):
                # Every other night would wait for the same source.
                pool.shutdown(cancel_futures=True)
                raise error
            if isinstance(error, StillArriving):
                late[dataset, night] = str(error)
            failure = failure or (None if isinstance(error, StillArriving) else error)
            if error:
                told = error if isinstance(error, OutlookError | TransientError) else repr(error)
                log.error("%s %s was not loaded: %s", dataset, night, told)
            elif load.result().status == "refused":
                refused[dataset, night] = load.result()
            left[dataset] -= 1
            if not left[dataset]:
                folds.append(pool.submit(_settle, dataset, settings))
            if progress:
                progress(done, len(jobs))
        for fold in folds:
            fold.result()
    if failure:
        # The other nights are in; running the same command again loads the missing ones.
        raise failure
    return [
        refused.get((d, n)) or _receipt(lake, d, n, late.get((d, n)))
        for n in nights
        for d in DATASETS
    ]


def catch_up(settings: Settings, before: date, nights: int = 14) -> list[Receipt]:
    """Loads what has changed in the source since it was loaded, among the nights before one.

    Returns the receipts, also of nights that now do not count: they are logged, and stop nothing.
    """
    past = [before - timedelta(days=n) for n in range(1, nights + 1)]
    found = []
    for dataset, night in changed(settings, past):
        log.info("%s %s is not as it was when it was loaded: loading it again", dataset, night)
        try:
            found.append(line.run(dataset, night, settings))
        except TransientError as error:
            if not _answers(settings):
                raise
            log.warning("%s %s was not loaded: %s", dataset, night, error)
            continue
        if not found[-1].is_usable:
            log.warning("%s", line.summary(found[-1]))
    return found


@contextmanager
def _workers(workers: int) -> Iterator[Executor]:
    """The processes that load. Raises TransientError if one of them is killed."""
    context = get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
            yield pool
    except BrokenProcessPool:
        raise TransientError(
            "a process that loaded nights was killed, perhaps for want of memory. The nights that "
            "were finished are in; run the same command again."
        ) from None


def _loads(
    pool: Executor, jobs: list[Job], settings: Settings
) -> Iterator[tuple[Job, Future[Receipt]]]:
    """Loads the nights in parallel; yields each as it finishes.

    Listings take longest and load first: one core then updates their history while the others load
    the rest.
    """
    longest = [job for job in jobs if job[0] == "listings"]
    for wave in (longest, [job for job in jobs if job not in longest]):
        begun = {pool.submit(line.load, d, n, settings): (d, n) for d, n in wave}
        for load in as_completed(begun):
            yield begun[load], load


def _answers(settings: Settings) -> bool:
    """Whether the source lists its root: then what is wrong is one file or one night."""
    try:
        settings.exports.folders([])
    except SourceUnreachable:
        return False
    return True


def worst(receipts: Iterable[Receipt]) -> str | None:
    """The most serious status of nights that do not count: refused, held or missing."""
    found = {r.status for r in receipts}
    return next((s for s in OF_STATUS if s in found), None)


def _settle(dataset: str, settings: Settings) -> None:
    lake = Lake(settings.place)
    with lake.lock(dataset):
        line.settle(lake, dataset, settings)


def _has(lake: Lake, dataset: str, night: date) -> bool:
    receipt = lake.sound_receipt(dataset, night)
    return receipt is not None and receipt.is_usable


def _receipt(lake: Lake, dataset: str, night: date, late: str | None) -> Receipt:
    receipt = lake.receipt(dataset, night)
    if receipt is None:  # it is late, or still to come
        return replace(new_receipt(dataset, night, "missing"), reason=late)
    return receipt


def _begin() -> None:
    """Makes a worker say errors only, and take one core: the other workers have the rest."""
    engine.THREADS = 1
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
