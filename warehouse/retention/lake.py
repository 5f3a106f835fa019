"""Which landed files, partitions, folds and scratch of the lake may go."""

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath

from transforms import DATASETS
from transforms.deliveries.landing import landed_path
from transforms.errors import Damaged
from transforms.lake import Lake, Receipt, history
from transforms.lake.account import OF_A_FOLD
from transforms.lease import final_step, scratch
from transforms.settings import Settings
from warehouse.retention.rules import RULES, Removed, bytes_of, is_older

A_NIGHT = "????-??-??"
A_DAY = timedelta(days=1)
# What a killed writer leaves next to what it was writing.
HALF_WRITTEN = (
    ".*.tmp",
    "*/.*.tmp",
    "*/*/*/.*.tmp",
)  # those of receipts and releases go when the lock is taken
HALF_LANDED = ("*/.*.part",)
FAULTY = "restore it from a backup; until then nothing of the lake is deleted"


@dataclass(frozen=True)
class Spare:
    """A name in the lake that may go, or a path outside it; `is_named` by a receipt, which a record
    beside it then explains."""

    rule: str
    path: PurePosixPath | Path
    is_named: bool = False


def sweep(settings: Settings, now: datetime, dry_run: bool) -> list[Removed]:
    """Deletes what the rules let go, with the locks of all datasets held.

    Raises Damaged if a receipt cannot be read.
    """
    lake = Lake(settings.place)
    if not lake.place.has(PurePosixPath("receipts")):
        return []
    dead = [p for p in sorted(settings.work.glob("*")) if _is_old(p, now)]
    if dry_run:
        found = _scratch(settings, dead)
        return found + [_removed(lake, settings, s) for s in _spares(lake, settings, now)]
    with ExitStack() as held:
        for dataset in DATASETS:
            held.enter_context(lake.lock(dataset))
        found = _scratch(settings, dead)
        with scratch(settings.work, "clean"):  # which removes that of dead runs
            found = [told for told, path in zip(found, dead, strict=True) if not path.exists()]
        for spare in list(_spares(lake, settings, now)):
            told = _removed(lake, settings, spare)
            # Copies are of this machine alone: no lock has to be renewed for each.
            with nullcontext() if spare.rule == "copies" else final_step(*lake.locks()):
                _remove(lake, spare, settings)
            found.append(told)
    return found


def _remove(lake: Lake, spare: Spare, settings: Settings) -> None:
    if isinstance(spare.path, Path):
        spare.path.unlink(missing_ok=True)
        return
    if spare.is_named:
        lake.let_go(spare.path, RULES[spare.rule].why)
    lake.place.delete(spare.path, settings.work)


def _spares(lake: Lake, settings: Settings, now: datetime) -> Iterator[Spare]:
    current = {d: {r.export_date: r for r in lake.receipts(d)} for d in DATASETS}
    for dataset in DATASETS:
        yield from _partitions(lake, current[dataset], dataset, now)
        yield from _rejected(lake, current[dataset], now)
        # A night that is loaded and not yet folded has no state: it must not push out one that is.
        folded = [n for n, r in current[dataset].items() if r.is_usable and _is_folded(lake, r)]
        for path in history.unneeded(lake, dataset, folded):
            yield Spare("folds", path)
    for folder in sorted(settings.landing.glob(A_NIGHT)):
        of_night = [r for d in DATASETS for n, r in current[d].items() if f"{n}" == folder.name]
        yield from _landed(lake, folder, of_night, now)
    if settings.bucket:
        yield from _copies(settings, now)
    for told in lake.place.children(PurePosixPath("incidents")):
        if now - told.changed > RULES["notes"].days() and not told.name.name.startswith("."):
            yield Spare("notes", told.name)
    for note in sorted((settings.lake / "looks").glob("[!.]*")):
        if is_older(note, RULES["notes"].days(), now):
            yield Spare("notes", note)
    for root, patterns in ((settings.lake, HALF_WRITTEN), (settings.landing, HALF_LANDED)):
        for pattern in patterns:
            for part in sorted(root.glob(pattern)):
                if part.is_file() and _is_old(part, now):
                    yield Spare("scratch", part)


def _partitions(
    lake: Lake, current: dict[date, Receipt], dataset: str, now: datetime
) -> Iterator[Spare]:
    replaced = set()
    for old in lake.replaced(dataset, FAULTY):
        if isinstance(old, Damaged):
            raise old
        if old.content:
            replaced.add(lake.partition(dataset, old.export_date, old.content))
    for night, receipt in current.items():
        # Of a night without a receipt nothing is deleted: the receipt may have been lost.
        for told in lake.place.children(PurePosixPath(dataset, f"{night}")):
            if not told.is_folder or _is_named(told.name, receipt):
                continue
            if told.name not in replaced:
                if now - told.changed > RULES["orphans"].days():
                    yield Spare("orphans", told.name)
            elif now - receipt.started_at > RULES["replaced"].days() and receipt.is_usable:
                yield Spare("replaced", told.name, is_named=True)


def _rejected(lake: Lake, current: dict[date, Receipt], now: datetime) -> Iterator[Spare]:
    """Rejected rows as they came: they go like the landed files that they came from."""
    rule = RULES["rejected"]
    for receipt in current.values():
        days = rule.days("days" if receipt.is_usable else "waiting_days")
        if now - _counts_since(lake, receipt) > days:
            for part in lake.kept_parts(receipt, "rejected"):
                yield Spare("rejected", PurePosixPath(part.path), is_named=True)


def _copies(settings: Settings, now: datetime) -> Iterator[Spare]:
    """What was read from the bucket long ago; of more than there is room for, the oldest first."""
    rule, found = RULES["copies"], []
    half = settings.lake.glob("files/.*.part")
    for path in (*settings.lake.glob("*/[0-9a-f][0-9a-f]/*"), *half):
        with suppress(FileNotFoundError):
            about = path.stat()
            found.append((about.st_mtime, about.st_size, path))
    room = rule.numbers["gib"] << 30
    for _, size, path in sorted(found, reverse=True):
        room -= size
        if is_older(path, rule.days(), now) or (room < 0 and is_older(path, A_DAY, now)):
            yield Spare("copies", path)


def _is_folded(lake: Lake, receipt: Receipt) -> bool:
    return lake.place.has(lake.history(receipt.dataset, receipt.export_date) / OF_A_FOLD)


def _is_named(folder: PurePosixPath, receipt: Receipt) -> bool:
    """Whether the receipt's parts are in that folder."""
    return any(PurePosixPath(part.path).parent == folder for part in receipt.parts)


def _landed(lake: Lake, folder: Path, receipts: list[Receipt], now: datetime) -> Iterator[Spare]:
    """Landed files of one night, each kept for some days after its dataset's night counts."""
    rule = RULES["landed"]
    owners = {
        landed_path(folder, source.name, source.sha256): receipt
        for receipt in receipts
        for source in receipt.sources
    }
    for path in sorted(folder.glob("[0-9a-f]*-*")):
        # A file of no receipt was replaced, refused or of no dataset: the whole night must count.
        of = [owners[path]] if path in owners else receipts
        counts = bool(of) and all(r.is_usable for r in of)
        days = rule.days("days" if counts else "waiting_days")
        since = [now - _counts_since(lake, r) for r in of]
        if is_older(path, days, now) and all(age > days for age in since):
            yield Spare("landed", path)


def _counts_since(lake: Lake, receipt: Receipt) -> datetime:
    """When the night was loaded, or released later."""
    release = lake.release(receipt.dataset, receipt.export_date)
    if release and release.get("content") == receipt.content:
        return max(receipt.started_at, datetime.fromisoformat(release["at"]))
    return receipt.started_at


def _scratch(settings: Settings, dead: list[Path]) -> list[Removed]:
    return [_removed(Lake(settings.place), settings, Spare("scratch", path)) for path in dead]


def _removed(lake: Lake, settings: Settings, spare: Spare) -> Removed:
    if not isinstance(spare.path, Path):
        return Removed(spare.rule, f"lake/{spare.path}", lake.place.size(spare.path))
    for name, root in (("lake", settings.lake), ("landing", settings.landing)):
        if spare.path.is_relative_to(root):
            return Removed(
                spare.rule, f"{name}/{spare.path.relative_to(root)}", bytes_of(spare.path)
            )
    return Removed(spare.rule, str(spare.path), bytes_of(spare.path))


def _is_old(path: Path, now: datetime) -> bool:
    return is_older(path, RULES["scratch"].days(), now)
