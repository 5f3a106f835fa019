"""Checks every stored file against its hash, including files that a build does not read."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from transforms import DATASETS
from transforms.errors import Damaged, OutlookError
from transforms.lake import LOAD_AGAIN, Lake, Receipt, history
from transforms.settings import Settings
from transforms.storage import damage, read_json, sha256
from warehouse import versions
from warehouse.editions import frozen

THREADS = 2  # hashing releases the GIL
MOST_NAMED = 10
A_NIGHT = "????-??-??"
NOT_READ = "no build reads it: restore it from a backup, or delete it"
REPORT_AGAIN = "run `outlook report {name}` to make it again"


def receipts(chosen: Settings) -> Iterator[str]:
    """Receipts, replaced receipts, releases, and the hash of the key."""
    lake = Lake(chosen.place)
    for dataset in DATASETS:
        damaged: dict[date, Damaged] = {}
        lake.receipts(dataset, damaged, thorough=True)
        yield from (str(error) for error in damaged.values())
        yield from _without_receipt(lake, dataset)
        replaced = lake.replaced(dataset, NOT_READ)
        yield from (str(error) for error in replaced if isinstance(error, Damaged))
        for name in lake.named("releases", dataset):
            if fnmatch(name.name, f"{A_NIGHT}.json"):
                yield from _found(lake.release, dataset, date.fromisoformat(name.stem))
    if chosen.key:
        yield from _found(lake.hold_to_key, chosen.key)
    if lake.place.has(PurePosixPath("market.json")):  # a look must not be the first to say it
        yield from _found(lake.hold_to_market, chosen.market.code)


def _without_receipt(lake: Lake, dataset: str) -> Iterator[str]:
    """Nights with parts but no receipt: figures would silently lack them."""
    known = {name.name for name in lake.named("receipts", dataset)}
    for folder in lake.named(dataset):
        if fnmatch(folder.name, A_NIGHT) and f"{folder.name}.json" not in known:
            at = lake.place.shown(folder)
            what = f"{at} has parts but no receipt: it was deleted, or a run was interrupted"
            yield damage(what, LOAD_AGAIN.format(night=folder.name))


def parts(chosen: Settings) -> Iterator[str]:
    """The parts of every night, including those of replaced receipts."""
    lake = Lake(chosen.place)

    def named(dataset: str) -> Iterator[tuple[PurePosixPath, str, str]]:
        for receipt in lake.receipts(dataset, {}):
            yield from _named(lake, receipt, LOAD_AGAIN.format(night=receipt.export_date))
        for old in lake.replaced(dataset, NOT_READ):
            if isinstance(old, Receipt):  # damaged ones are reported with the receipts
                yield from _named(lake, old, NOT_READ)

    def fault(entry: tuple[PurePosixPath, str, str]) -> str | None:
        name, digest, remedy = entry
        what = lake.fault(name, digest)
        return damage(what, remedy) if what else None

    for dataset in DATASETS:
        with lake.place.at_once(PurePosixPath(dataset)), ThreadPoolExecutor(THREADS) as pool:
            yield from (told for told in pool.map(fault, named(dataset)) if told)


def folds(chosen: Settings) -> Iterator[str]:
    """The history; the next build makes damaged parts of it again."""
    lake = Lake(chosen.place)
    for dataset in DATASETS:
        for what in history.faults(lake, dataset):
            yield damage(what, "run `outlook build` to make it again")


def published(chosen: Settings) -> Iterator[str]:
    """Every published version, and the targets of `latest` and `latest.json`."""
    live = versions.latest(chosen.published)
    if fault := versions.fault(chosen.published):
        yield fault
    for folder in versions.every(chosen.published):
        if folder != live:
            yield from _found(versions.verified, folder)
    yield from _unreadable([chosen.published / "latest.json"], versions.BUILD_AGAIN)


def editions(chosen: Settings) -> Iterator[str]:
    """The frozen editions, and whether any edition that a version shows is missing."""
    shown = versions.editions_shown(chosen.published)
    yield from _found(frozen.missed, chosen.published, shown)
    for one in frozen.every(chosen.published):
        yield from frozen.faults(one)


def reports(chosen: Settings) -> Iterator[str]:
    """All report files."""
    for folder in sorted((chosen.published / "report").glob("[FC]Y*")):
        remedy = REPORT_AGAIN.format(name=folder.name.partition(".")[0])
        try:
            files = versions.manifest(folder, remedy).get("files", {})
        except Damaged as error:
            yield str(error)
            continue
        lake = Lake(folder)
        for name, entry in files.items():
            if what := lake.fault(PurePosixPath(name), entry["sha256"]):
                yield damage(what, remedy)


def landed(chosen: Settings) -> Iterator[str]:
    """Landed files; their names begin with their hashes."""
    for path in sorted(chosen.landing.glob(f"{A_NIGHT}/[0-9a-f]*-*")):
        if not sha256(path).startswith(path.name.partition("-")[0]):
            night = path.parent.name
            yield damage(f"{path} has changed since it was landed", LOAD_AGAIN.format(night=night))


def verdict(faults: Callable[[Settings], Iterator[str]], chosen: Settings) -> tuple[str, str]:
    """The verdict on one kind of stored file."""
    found = list(faults(chosen))
    if not found:
        return "fine", "every file that is there matches its hash"
    more = len(found) - MOST_NAMED
    return "wrong", " ".join(found[:MOST_NAMED]) + (f" And {more:,} more." if more > 0 else "")


def _found(look: Callable[..., object], *of: object) -> Iterator[str]:
    try:
        look(*of)
    except OutlookError as error:
        yield str(error)


def _unreadable(paths: list[Path], remedy: str) -> Iterator[str]:
    for path in paths:
        yield from _found(read_json, path, remedy)


def _named(lake: Lake, receipt: Receipt, remedy: str) -> list[tuple[PurePosixPath, str, str]]:
    return [(PurePosixPath(p.path), p.sha256, remedy) for p in lake.kept_parts(receipt)]
