"""History: what each night changed and the state it left, in steps called folds.

`settle` goes through the nights of a dataset in order of export date, judges each by the gates and
folds in those that count. A fold is made from the previous fold and its night, and is named by the
hash of both. A late or repeated night therefore takes its place, all later folds are made again,
and the result does not depend on the order of arrival.
"""

import logging
import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path, PurePosixPath

from transforms.deliveries import exports
from transforms.errors import Damaged
from transforms.lake import across_rows, gates, months
from transforms.lake.account import OF_A_FOLD, OF_A_MONTH, account, file_of_fold
from transforms.lake.fold import STATE, Fold, Link, rules, state_of
from transforms.lake.gates import GoodNight
from transforms.lake.lake import Lake
from transforms.lake.receipt import UNREAD, Receipt
from transforms.lease import scratch
from transforms.settings import Settings
from transforms.storage import sha256, sha256_of, write_json

log = logging.getLogger(__name__)

KEPT_STATES = 7  # besides the last of each month: how far back a late night is cheap
# Nights whose states a run looks for: making folds drops older ones, and `outlook clean` any other.
LOOKED_AT = 62
TOLD_FROM = 10  # folds; fewer take no time that anybody has to be told of
ESTIMATED_FROM = 3  # folds
TOLD_EVERY = 30  # seconds


def settle(lake: Lake, dataset: str, settings: Settings, thorough: bool = False) -> None:
    """Judges every night and updates the folds. Call with the dataset's lock held.

    Of a finished month neither folds nor unchanged receipts are read again, unless `thorough`: its
    own files were made of them.
    """
    chain = _judged_chain(lake, dataset, settings, thorough)
    last = len(chain) - 1
    finished = months.finished(lake, dataset, chain)
    done = {k.night for m in finished if not thorough and m.files() is not None for k in m.links}
    stale = next(
        (
            i
            for i, k in enumerate(chain)
            if k.night not in done and not _is_folded(lake, dataset, k, i == last)
        ),
        None,
    )
    if stale is not None:
        _fold_from(lake, dataset, chain, stale, settings)
    for month in finished:
        if not (month.is_whole() if thorough else month.files() is not None):
            months.make(month, settings)
    lake.note_months(dataset)
    _prune(lake, dataset, chain, settings)


def chain(lake: Lake, dataset: str) -> list[Link]:
    """The nights that count and the names of their folds, as their receipts stand."""
    return _linked(dataset, [r for r in lake.receipts(dataset) if r.is_usable])


def state_after(lake: Lake, dataset: str, night: date, settings: Settings) -> None:
    """Makes the state after that night again if it was pruned, for a version that shows no later
    night. Call after `settle`, with the dataset's lock held."""
    links = [k for k in chain(lake, dataset) if k.night <= night]
    if links and not _has_state(lake, dataset, links[-1]):
        _fold_from(lake, dataset, links, len(links) - 1, settings)


def faults(lake: Lake, dataset: str) -> list[str]:
    """Faults of the folds and months, for `outlook doctor`; the next build repairs them."""
    found = []
    with lake.place.at_once(PurePosixPath("history", dataset)):
        for folder in lake.named("history", dataset):
            name = OF_A_MONTH if months.is_one(folder) else OF_A_FOLD
            known, whole = account(lake, folder, name), lake.place.shown(folder / name)
            if known is None:
                found.append(f"{whole} is damaged or gone")
            else:
                found += [f"{x}, as {whole} has it" for x in _damage(lake, folder, known["files"])]
    return found


def _judged_chain(lake: Lake, dataset: str, settings: Settings, thorough: bool) -> list[Link]:
    usable: list[Receipt] = []
    good: list[GoodNight] = []
    brought: dict[str, date] = {}
    receipts = lake.receipts(dataset, thorough=thorough)
    released = {name.stem for name in lake.named("releases", dataset)}
    covered = exports.days_covered(settings.beside, [r.export_date for r in receipts])
    for receipt in receipts:
        night = receipt.export_date
        if receipt.status in UNREAD:
            continue
        days = covered[night]
        release = lake.release(dataset, night) if f"{night}" in released else None
        verdict = gates.judge(receipt, good, days, release, brought)
        receipt = _with_verdict(lake, receipt, verdict)
        if not receipt.is_usable:
            continue
        for content in gates.contents(receipt):
            brought.setdefault(content, night)
        if receipt.is_good:
            accepted = receipt.rows.kept
            good.append(GoodNight(night, accepted, accepted / max(days, 1)))
        usable.append(receipt)
    return _linked(dataset, usable)


def _linked(dataset: str, usable: list[Receipt]) -> list[Link]:
    name, links = sha256_of(rules(dataset)), []
    for receipt in usable:
        name = sha256_of(f"{name} {receipt.content} {receipt.extent} {receipt.status}")
        links.append(Link(receipt, receipt.export_date, name))
    return links


def _with_verdict(lake: Lake, receipt: Receipt, verdict: gates.Verdict) -> Receipt:
    own = [w for w in receipt.warnings if w.code not in gates.CODES]
    found = (verdict.status, verdict.reason, (*own, *verdict.warnings))
    if found == (receipt.status, receipt.reason, receipt.warnings):
        return receipt
    status, reason, warnings = found
    judged = replace(receipt, status=status, reason=reason, warnings=warnings)
    lake.write_receipt(judged)
    if status == "held":
        # Whoever ran the night says what to do.
        log.warning("%s %s held by a gate: %s", receipt.dataset, receipt.export_date, reason)
    return judged


def _is_folded(lake: Lake, dataset: str, link: Link, is_last: bool) -> bool:
    """Whether the night's fold exists, is made from the right input, and is undamaged.

    Only the next fold reads the state of an earlier night, and it checks that itself.
    """
    folder = lake.history(dataset, link.night)
    known = account(lake, folder)
    if known is None or known["name"] != link.name:
        return False
    state = state_of(lake, dataset, link.night).name
    read = {n: h for n, h in known["files"].items() if n != state or is_last}
    found = _damage(lake, folder, read, is_state_needed=is_last)
    for fault in found:
        log.warning("%s. The fold is made again.", fault)
    return not found


def _damage(
    lake: Lake, folder: PurePosixPath, files: dict[str, str], is_state_needed: bool = False
) -> list[str]:
    """Files of a fold that have changed since they were written; a state may have been pruned."""
    states = {f"{name}.parquet" for name in STATE.values()}
    return [
        fault
        for name, digest in files.items()
        if (is_state_needed or name not in states or lake.place.has(folder / name))
        and (fault := lake.fault(folder / name, digest))
    ]


def _has_state(lake: Lake, dataset: str, link: Link) -> bool:
    """Whether the state after a night is there, and is what this chain makes: other rules, of a
    version that was rolled back, may have left theirs."""
    name = state_of(lake, dataset, link.night)
    known = account(lake, name.parent)
    if known is None or known["name"] != link.name:
        return False
    return lake.fault(name, known["files"].get(name.name, "")) is None


def _fold_from(lake: Lake, dataset: str, chain: list[Link], stale: int, settings: Settings) -> None:
    """Makes folds from the first stale night on, starting at the last state that is still kept.

    Each counts as soon as it is put in place: an interrupted run is continued by the next.
    """
    start = stale
    while start and not _has_state(lake, dataset, chain[start - 1]):
        start -= 1
    told = _Progress(dataset, chain[start:], _why(lake, dataset, chain[stale]))
    kept = _with_state(lake, [link.night for link in chain])
    # To open a database takes as long as a small fold: each has a catalog of its own in one.
    with scratch(settings.work, f"folds-{dataset}") as room, across_rows.connect(room) as db:
        for index in range(start, len(chain)):
            before = _state_after(lake, dataset, chain[index - 1]) if index else None
            with scratch(settings.work, f"fold-{dataset}") as folder:
                out = folder / "fold"
                out.mkdir()
                db.execute("ATTACH ':memory:' AS fold_of_night")
                db.execute("USE fold_of_night")
                counts = Fold(db, lake, dataset, chain[index], before, out).made()
                db.execute("USE memory")
                db.execute("DETACH fold_of_night")
                files = {path.name: sha256(path) for path in out.iterdir()}
                told_of = {
                    "name": chain[index].name,
                    "rules": rules(dataset),
                    "changes": counts,
                    "files": files,
                }
                write_json(out / OF_A_FOLD, told_of)
                target = lake.history(dataset, chain[index].night)
                lake.put(out, target, dataset, folder)
            # Lest the states of a long history fill the disk while it is made again.
            if index >= KEPT_STATES and (old := chain[index - KEPT_STATES].night) not in kept:
                with lake.final_step(dataset):
                    lake.place.delete(state_of(lake, dataset, old))
            told.advance()


def _state_after(lake: Lake, dataset: str, link: Link) -> Path:
    """The state that the next fold starts from; `_has_state` or its own fold has verified it."""
    return file_of_fold(lake, dataset, link, state_of(lake, dataset, link.night).name)


def _why(lake: Lake, dataset: str, stale: Link) -> str:
    """Why a night's fold does not count."""
    known = account(lake, lake.history(dataset, stale.night))
    if known is None:
        return "the first of them has no fold yet"
    if "rules" not in known:
        return "they were made by older code, which did not note its rules"
    if known["rules"] != rules(dataset):
        return "the rules by which nights are folded have changed"
    return f"{stale.night} or an earlier night has changed"


class _Progress:
    """Tells of a long row of folds: why, how many, how long, and how far it is."""

    def __init__(self, dataset: str, folds: list[Link], why: str) -> None:
        self.dataset, self.folds, self.made = dataset, len(folds), 0
        self.began = self.told = time.monotonic()
        if self.folds >= TOLD_FROM:
            log.info(
                "%s: %s nights are to be folded into the history, from %s to %s: %s. This may be "
                "stopped at any time; the next run goes on where it stopped.",
                dataset,
                f"{self.folds:,}",
                folds[0].night,
                folds[-1].night,
                why,
            )

    def advance(self) -> None:
        self.made += 1
        now = time.monotonic()
        is_first = self.made == ESTIMATED_FROM
        if self.folds < TOLD_FROM or not (is_first or now - self.told >= TOLD_EVERY):
            return
        self.told = now
        to_go = (now - self.began) / self.made * (self.folds - self.made)
        log.info(
            "%s: %s of %s nights are folded; about %s to go",
            self.dataset,
            f"{self.made:,}",
            f"{self.folds:,}",
            timedelta(seconds=round(to_go)),
        )


def unneeded(
    lake: Lake, dataset: str, nights: list[date], looked_at: int | None = None
) -> list[PurePosixPath]:
    """Folds of nights other than these, months that are not finished, and states that are not kept:
    changes are kept for ever, so states can be made again. With `looked_at`, only so many of the
    last nights are looked at for states."""
    kept = _with_state(lake, nights)
    looked = nights[-looked_at:] if looked_at else nights
    states = [state_of(lake, dataset, night) for night in looked if night not in kept]
    named = {f"{n}" for n in nights} | {f"{n:%Y-%m}" for n in nights}
    named -= {f"{n:%Y-%m}" for n in nights[-1:]}
    folders = lake.named("history", dataset)
    return [s for s in states if lake.place.has(s)] + [f for f in folders if f.name not in named]


def _with_state(lake: Lake, nights: list[date]) -> set[date]:
    """The nights whose state is kept: the recent ones, the last of each month, and the one that a
    build shows."""
    last_of_month = {(n.year, n.month): n for n in nights}
    shown = (n for n in reversed(nights) if _is_complete(lake, n))
    return {*nights[-KEPT_STATES:], *last_of_month.values(), *islice(shown, 1)}


def _prune(lake: Lake, dataset: str, chain: list[Link], settings: Settings) -> None:
    gone = unneeded(lake, dataset, [link.night for link in chain], LOOKED_AT)
    with lake.final_step(dataset):
        for name in gone:
            lake.place.delete(name, settings.work)


def _is_complete(lake: Lake, night: date) -> bool:
    try:
        return lake.is_complete(night)
    except Damaged:  # a receipt of another dataset: its own run tells
        return False
