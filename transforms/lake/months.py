"""Months: what a build reads of all nights, in one file of each kind for a finished month.

A month is finished once a later one has begun. Its files are made of the folds and parts of its
nights, which stay, and are named by the last fold. A late night makes its month, and all after it,
again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path, PurePosixPath

from transforms.code import rules_of
from transforms.engine import listed, quoted
from transforms.lake import across_rows
from transforms.lake.account import OF_A_MONTH, account, file_of_fold
from transforms.lake.fold import Link
from transforms.lake.lake import Lake
from transforms.lease import scratch
from transforms.place import Unsound
from transforms.settings import Settings
from transforms.storage import sha256, sha256_of, write_json

log = logging.getLogger(__name__)

# What is read of all nights, by kind: from which of the folds' files, or from parts of that name.
# Of changed listings only those that come and go are read, and of all others only the category.
FOLDED = {
    "sellers": {"changes": ("changes", "*", "true")},
    "listings": {
        "changes": ("changes", "change, changed_on, product_id, seller_id", "change <> 'changed'"),
        "class": (
            "changes",
            "change, changed_on, product_id, top_category_id",
            "change <> 'gone'",
        ),
        "new": ("new", "*", "true"),
    },
    "inquiries": {},
}
PARTS = {"listings": ("day",)}
# What is made of the parts called day, each by the query of that name.
BY_DAY = {"listings": ("seller_day", "category_day")}


@dataclass(frozen=True)
class Month:
    """A finished month: its nights in the chain of folds."""

    lake: Lake
    dataset: str
    links: tuple[Link, ...]

    @property
    def folder(self) -> PurePosixPath:
        first = self.links[0].night
        return PurePosixPath("history", self.dataset, f"{first:%Y-%m}")

    @property
    def name(self) -> str:
        """Hash of all that its files are made from: the name of a fold covers those before it."""
        return sha256_of(f"{_rules()} {self.links[-1].name}")

    def is_whole(self) -> bool:
        """Whether its files are there and have not changed since they were written."""
        files = self.files()
        return files is not None and not any(
            self.lake.fault(self.folder / name, digest) for name, digest in files.items()
        )

    def files(self) -> dict[str, str] | None:
        """Hashes of its files by name; None if they must be made."""
        known = account(self.lake, self.folder, OF_A_MONTH)
        return known["files"] if known and known["name"] == self.name else None


def finished(lake: Lake, dataset: str, chain: Sequence[Link]) -> list[Month]:
    """The finished months of a chain of folds, oldest first."""
    months = [tuple(m) for _, m in groupby(chain, key=lambda k: (k.night.year, k.night.month))]
    return [Month(lake, dataset, links) for links in months[:-1]]


def make(month: Month, settings: Settings) -> None:
    """Makes the files of a month whose nights are folded; call with the dataset's lock held."""
    with scratch(settings.work, f"month-{month.dataset}") as folder:
        out = folder / "month"
        out.mkdir()
        with across_rows.connect(folder) as db:
            for kind, query in _queries(month).items():
                db.execute(
                    f"COPY ({query}) TO {quoted(out / f'{kind}.parquet')} "
                    "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
                )
        files = {path.name: sha256(path) for path in out.iterdir()}
        write_json(out / OF_A_MONTH, {"name": month.name, "files": files})
        month.lake.put(out, month.folder, month.dataset, folder)


def paths(lake: Lake, dataset: str, chain: Sequence[Link], kind: str) -> list[str]:
    """The files that hold one kind of all nights: of finished months, and of the nights since.

    Only what has not changed since it was written is taken of a month, else the files of its
    nights are. Raises Damaged.
    """
    found, others = _of_months(lake, dataset, chain, kind)
    return found + _of_nights(lake, dataset, others, kind)


def by_day(lake: Lake, chain: Sequence[Link], kind: str) -> str | None:
    """A query for the totals of all nights of listings, which takes those of finished months as
    they are; None if no night has any."""
    found, others = _of_months(lake, "listings", chain, kind)
    queries = [f"FROM read_parquet({listed(found)})"] if found else []
    if days := _of_nights(lake, "listings", others, "day"):
        queries.append(f"FROM ({totals(kind, f'read_parquet({listed(days)})')})")
    return " UNION ALL ".join(queries) or None


def totals(kind: str, days: str) -> str:
    """The query of one kind of totals over the parts called day, which it reads FROM `days`."""
    return f"WITH listing_day AS (FROM {days}) {across_rows.sql(kind)}"


def _of_months(
    lake: Lake, dataset: str, chain: Sequence[Link], kind: str
) -> tuple[list[str], list[Link]]:
    """The sound files of one kind of finished months, and the nights that no such file holds."""
    found: list[str] = []
    others: list[Link] = []
    months = finished(lake, dataset, chain)
    for month in months:
        digest = (month.files() or {}).get(f"{kind}.parquet")
        try:
            if digest:
                found.append(str(lake.place.verified(month.folder / f"{kind}.parquet", digest)))
                continue
        except Unsound as fault:
            log.warning(
                "%s. The files of its nights are read instead; `outlook build` makes it again.",
                fault,
            )
        others += month.links
    return found, [*others, *chain[sum(len(m.links) for m in months) :]]


def is_one(folder: PurePosixPath) -> bool:
    """Whether a folder of the history is a month's, and no night's."""
    return len(folder.name) == len("2022-06")


@cache
def _rules() -> str:
    queries = (across_rows.path(kind) for kinds in BY_DAY.values() for kind in kinds)
    return rules_of([(path.name, path) for path in (Path(__file__), *queries)])


def _queries(month: Month) -> dict[str, str]:
    """What each of its files holds."""
    lake, dataset = month.lake, month.dataset
    found = {
        kind: f"SELECT {columns} FROM read_parquet("
        f"{listed(_of_nights(lake, dataset, month.links, file))}) WHERE {where}"
        for kind, (file, columns, where) in FOLDED[dataset].items()
    }
    for part in PARTS.get(dataset, ()):
        if files := _of_nights(lake, dataset, month.links, part):
            rows = f"read_parquet({listed(files)})"
            found[part] = f"FROM {rows}"
            found |= {kind: totals(kind, rows) for kind in BY_DAY[dataset]}
    return found


def _of_nights(lake: Lake, dataset: str, links: Sequence[Link], kind: str) -> list[str]:
    if kind in PARTS.get(dataset, ()):
        return [p for link in links for p in lake.part_paths(link.receipt, kind)]
    file, *_ = FOLDED[dataset].get(kind, (kind,))
    return [str(file_of_fold(lake, dataset, link, f"{file}.parquet")) for link in links]
