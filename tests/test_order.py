"""Order: the same content in the end, whatever order nights and deliveries arrive in.

Two orders of each universe are tried by default, for each takes some eight seconds;
`OUTLOOK_TEST_ORDERS=50` tries fifty.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests import oracle
from transforms import DATASETS, engine
from transforms import night as line
from transforms.errors import ExportMissing
from transforms.lake import Lake, Receipt, fold, history
from transforms.lake.account import account
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse import versions
from warehouse.build.build import Built, build

KEY = "a key for tests, longer than thirty-two characters"
FIRST = {"PK": date(2022, 6, 25), "IN": date(2022, 3, 26)}  # nine nights end a fiscal year
NIGHTS = 9
QUIET = [date(2022, 5, 2) + timedelta(n) for n in range(5)]
SCALE = {"PK": 0.006, "IN": 0.012}  # two inquiries a night at least, so that no night has none
ORDERS = int(os.environ.get("OUTLOOK_TEST_ORDERS", "2"))


@dataclass(frozen=True)
class Universe:
    """One market's deliveries, made of one seed."""

    market: str
    seed: int

    def __str__(self) -> str:
        return f"{self.market}-{self.seed}"


UNIVERSES = (Universe("PK", 1), Universe("IN", 1), *([Universe("PK", 2)] if ORDERS > 2 else []))

Rows = Counter[tuple[tuple[str, Any], ...]]
Step = tuple[str, str]


@cache
def _room() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="outlook-order-")


@cache
def sample(of: Universe) -> Path:
    """Deliveries of nine nights: each kind of incident is among them."""
    folder = Path(_room().name) / f"sample-{of}"
    first, *_, last = nights(of)
    write_sample(folder, first, last, scale=SCALE[of.market], seed=of.seed, market=of.market)
    return folder


@cache
def quiet_sample() -> Path:
    """Deliveries of a week in which nothing happens: too short for incidents."""
    folder = Path(_room().name) / "quiet"
    write_sample(folder, QUIET[0], QUIET[-1], scale=SCALE["PK"] / 2)
    told = oracle.truth(folder)["nights"]
    assert {counts["status"] for night in told.values() for counts in night.values()} == {"ok"}
    return folder


@cache
def truth(of: Universe) -> dict[str, Any]:
    return oracle.truth(sample(of))


def nights(of: Universe) -> list[date]:
    return [FIRST[of.market] + timedelta(n) for n in range(NIGHTS)]


def settings_of(home: Path, exports: Path, market: str = "PK") -> Settings:
    environ = {
        "OUTLOOK_HOME": home,
        "OUTLOOK_EXPORTS": exports,
        "OUTLOOK_KEY": KEY,
        "OUTLOOK_MARKET": market,
    }
    return settings({name: str(value) for name, value in environ.items()})


def run(night: date, chosen: Settings) -> dict[str, Receipt]:
    return {dataset: line.run(dataset, night, chosen) for dataset in DATASETS}


def incidents(of: Universe) -> Counter[str]:
    """Statuses of the sample's nights, and how many deliveries were sent again."""
    found = Counter(
        counts["status"] for night in truth(of)["nights"].values() for counts in night.values()
    )
    found["revised"] = len(list(sample(of).glob("*.r2")))
    return found


# What is compared


def in_nine_places(value: Any) -> Any:
    """A value as the truth has it."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return f"{value}"
    return round(float(value), 9)


def as_rows(rows: list[dict[str, Any]]) -> Rows:
    return Counter(
        tuple(sorted((name, in_nine_places(value)) for name, value in row.items())) for row in rows
    )


def published_rows(built: Built, table: str) -> list[dict[str, Any]]:
    return published(built, [table])[table]


def published(built: Built, tables: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of several tables: to open the file takes longer than to read most of them."""
    rows = {}
    with duckdb.connect(str(built.folder / versions.FILE), read_only=True) as db:
        for table in tables:
            rows[table] = engine.rows(db, f"FROM {table}")
    return rows


def published_nights(built: Built) -> dict[str, dict[str, Any]]:
    """`meta.night` in the shape of the truth."""
    found: dict[str, dict[str, Any]] = {}
    for row in published_rows(built, "meta.night"):
        counts = {name: row[f"rows_{name}"] for name in ("in", "accepted", "rejected", "duplicate")}
        found.setdefault(f"{row['export_date']}", {})[row["dataset"]] = {
            **counts,
            "status": row["status"],
        }
    return found


def lake_content(chosen: Settings) -> dict[str, Any]:
    """Receipts that count with their parts, and folds, without what tells of the way there."""
    lake = Lake(chosen.lake)
    told = (
        "status",
        "reason",
        "content",
        "revision",
        "exported_at",
        "is_late",
        "rows",
        "parts",
        "reasons",
        "value_rejects",
        "warnings",
        "drift",
        "extent",
        "layout",
        "sources",
    )
    found: dict[str, Any] = {}
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            found[f"{dataset} {receipt.export_date}"] = {n: receipt.as_json()[n] for n in told}
        for link in history.chain(lake, dataset):
            within = lake.history(dataset, link.night)
            folder, known = chosen.lake / within, account(lake, within)
            assert known
            # States of older nights are kept to save work; they can be folded again.
            kept = [p for p in folder.glob("*.parquet") if p.stem in ("changes", "new")]
            rows = {p.stem: rows_in(p) for p in kept}
            found[f"fold of {dataset} {link.night}"] = (link.name, known["changes"], rows)
        state = folder / f"{fold.STATE[dataset]}.parquet"
        found[f"last state of {dataset}"] = rows_in(state)
    return found


def rows_in(path: Path) -> Any:
    """Hash of the rows of a fold, free of their order: that is not promised."""
    query = "SELECT count(*), sum(hash(t)::HUGEINT) FROM read_parquet(?) AS t"
    return duckdb.execute(query, [str(path)]).fetchone()


def assert_the_last_vintage_is_the_headline(built: Built) -> None:
    """meta.vintage tells of the way there, and so is not compared; where it ends, is."""
    names = "edition, metric, as_of, value, numerator, denominator, coverage, symbol"
    last = "QUALIFY built_at = max(built_at) OVER (PARTITION BY edition, metric)"
    with duckdb.connect(str(built.folder / versions.FILE), read_only=True) as db:
        found = engine.rows(db, f"SELECT {names} FROM meta.vintage {last}")
        expected = engine.rows(db, f"SELECT {names} FROM report.headline")
    assert as_rows(found) == as_rows(expected)


def assert_is_the_truth(built: Built, of: Universe) -> None:
    right = truth(of)
    assert right["report"], "the truth has no tables: nothing would be compared"
    tables = published(built, [f"report.{table}" for table in right["report"]])
    for table, rows in right["report"].items():
        found, expected = as_rows(tables[f"report.{table}"]), as_rows(rows)
        assert found == expected, (
            f"report.{table} has {found - expected} and lacks {expected - found}"
        )
    assert published_nights(built) == right["nights"]


@dataclass(frozen=True)
class Outcome:
    """What a home holds in the end."""

    tables: dict[str, str]
    lake: dict[str, Any]


@cache
def in_order(of: Universe) -> Outcome:
    """Every delivery there from the start, every night loaded once, in order, and built in full."""
    home = Path(_room().name) / f"in-order-{of}"
    chosen = settings_of(home, sample(of), of.market)
    follow([("load", f"{night}") for night in nights(of)], of, chosen)
    built = build(chosen, full=True)
    assert_is_the_truth(built, of)
    return Outcome(built.manifest["tables"], lake_content(chosen))


# Any order


def arrivals(of: Universe, chance: random.Random) -> list[Step]:
    """Deliveries and loads in some order, builds among them; in the end every delivery is loaded.

    Nights are loaded before their delivery is there, between two of them, twice, and out of order;
    some are only loaded and wait to be judged by whatever comes next.
    """
    delivered = sorted(folder.name for folder in sample(of).iterdir() if folder.is_dir())
    # Deliveries sent again would seldom be parted by a load if it were left to chance.
    again = {name.partition(".")[0] for name in delivered if "." in name}
    steps: list[Step] = [("deliver", name) for name in delivered]
    steps += [("load", f"{night}") for night in chance.sample(nights(of), 3)]
    chance.shuffle(steps)
    found: list[Step] = []
    waiting = {f"{night}" for night in nights(of)}
    for what, name in steps:
        found.append((what, name))
        night = name.partition(".")[0]
        waiting.discard(night)
        if what == "deliver":
            if night in again or chance.random() < 0.5:
                found.append((chance.choice(["load", "run"]), night))
            else:
                waiting.add(night)
    late = chance.sample(sorted(waiting), len(waiting))
    found += [(chance.choice(["load", "run"]), night) for night in late]
    found.append(("run", f"{chance.choice(nights(of))}"))
    for place in sorted(chance.sample(range(len(found)), 2), reverse=True):
        found.insert(place, ("build", ""))
    return found


def follow(steps: list[Step], of: Universe, chosen: Settings) -> None:
    for what, name in steps:
        if what == "deliver":
            copytree(sample(of) / name, Path(str(chosen.exports)) / name)
        elif what == "run":
            run(date.fromisoformat(name), chosen)
        elif what == "load":
            for dataset in DATASETS:
                line.load(dataset, date.fromisoformat(name), chosen)
        else:
            try:
                build(chosen)
            except ExportMissing:
                lake = Lake(chosen.lake)
                known = {r.export_date for d in DATASETS for r in lake.receipts(d)}
                assert not any(lake.is_complete(night) for night in known)


@pytest.mark.parametrize("of", UNIVERSES, ids=str)
def test_every_incident_is_in_the_sample(of: Universe) -> None:
    """Else the properties below would hold of quiet weeks only."""
    found = incidents(of)
    assert {"ok", "late", "held", "missing", "revised"} == {s for s, n in found.items() if n}


@pytest.mark.parametrize("of", UNIVERSES, ids=str)
def test_the_nights_lie_in_two_fiscal_years(of: Universe) -> None:
    editions = {row["edition"]: row for row in truth(of)["report"]["headline"]}
    assert {"FY2022", "FY2023", "CY2022"} == set(editions)
    closes = date.fromisoformat(editions["FY2022"]["period_to"])
    assert closes in nights(of)
    assert (
        f"{closes}"
        == editions["FY2022"]["as_of"]
        == {"PK": "2022-06-30", "IN": "2022-03-31"}[of.market]
    )


@pytest.mark.parametrize("of", UNIVERSES, ids=str)
@examples(
    max_examples=ORDERS,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # an order that fails is short enough to be read as it is
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True))
def test_any_order_of_arrival_ends_in_the_same_content(of: Universe, chance: random.Random) -> None:
    """The truth, the content of an orderly load, and that of a build from nothing."""
    steps = arrivals(of, chance)
    note("\n".join(" ".join(step) for step in steps))
    with TemporaryDirectory(dir=_room().name) as home:
        exports = Path(home) / "exports"
        exports.mkdir()
        shutil.copy(sample(of) / "sample.json", exports)  # what says that they are generated
        chosen = settings_of(Path(home), exports, of.market)
        follow(steps, of, chosen)
        built = build(chosen)
        assert_is_the_truth(built, of)
        assert_the_last_vintage_is_the_headline(built)
        expected = in_order(of)
        assert built.manifest["tables"] == expected.tables
        assert lake_content(chosen) == expected.lake
        full = build(chosen, full=True)
        assert full.is_new
        assert full.manifest["tables"] == built.manifest["tables"]
        assert published_rows(full, "meta.vintage") == published_rows(built, "meta.vintage")
        assert lake_content(chosen) == expected.lake
