"""What a build reads of all nights is the same from month to month as from the nights anew."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from shutil import copytree, rmtree

import pytest
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as hypothesis_settings

from tests.bench.grown import repeat
from transforms import engine, storage
from transforms import night as line
from transforms import place as place_module
from transforms.lake import Lake, history, months
from transforms.lake import account as account_module
from transforms.lake import known as known_module
from transforms.lake import lake as lake_module
from transforms.lake.account import OF_A_FOLD
from transforms.place import Place
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse.tables import lake_views

EXAMPLES = int(os.environ.get("OUTLOOK_TEST_HISTORIES", "2"))
LOADED = date(2022, 6, 30)  # the night that others are made of
DAYS = 100  # before it, over four months
DATASETS = ("sellers", "listings")  # those that are read of all nights
TABLES = (
    "sellers_changes",
    "listing_new",
    "listing_change",
    "listing_class",
    "listing_day",
    "seller_day",
    "category_day",
    "listings_ledger",
    "listings_present",
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written a moment ago counts as known, as it does seconds later."""
    monkeypatch.setattr("transforms.place.folder.FRESH", 0)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("prepared")
    chosen = of(home)
    write_sample(home / "exports", LOADED, LOADED, scale=0.003)
    for dataset in DATASETS:
        line.load(dataset, LOADED, chosen)
    settle(chosen)
    return home


def of(home: Path) -> Settings:
    return settings({"OUTLOOK_HOME": f"{home}", "OUTLOOK_KEY": "a key for tests of thirty-two ch"})


def settle(chosen: Settings, thorough: bool = False) -> None:
    lake = Lake(chosen.lake)
    for dataset in DATASETS:
        with lake.lock(dataset):
            line.settle(lake, dataset, chosen, thorough)


def read(chosen: Settings, until: date | None = None) -> dict[str, tuple[int, int]]:
    """Count and hash of the rows of each table that is made of many nights."""
    with engine.in_memory() as db:
        lake_views.attach(db, Lake(chosen.lake).as_of(until), chosen.market)
        found = {}
        for name in TABLES:
            row = db.execute(
                f"SELECT count(*), sum(hash(t)::HUGEINT) FROM lake.{name} AS t"
            ).fetchone()
            assert row
            found[name] = (row[0], row[1])
        return found


def put(chosen: Settings, steps: Sequence[tuple[int, int, bool]]) -> None:
    """Nights by days before the loaded one, which of five sets of sellers, and whether the rows are
    those of another night: such a night is held."""
    lake = Lake(chosen.lake)
    with engine.in_memory() as db:
        for days, which, is_stale in steps:
            for dataset in DATASETS:
                loaded = lake.receipt(dataset, LOADED)
                if loaded and loaded.content:
                    night = LOADED - timedelta(days=days)
                    some = f"hash(seller_id) % 5 <> {which}"
                    made = repeat(db, lake, loaded, night, some)
                    if is_stale:
                        lake.write_receipt(replace(made, rows_hash=loaded.rows_hash))


STEP = strategies.tuples(
    strategies.integers(1, DAYS),
    strategies.integers(0, 5),
    strategies.sampled_from([False] * 9 + [True]),
)
RUN = strategies.lists(STEP, min_size=1, max_size=3)


@hypothesis_settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(runs=strategies.lists(RUN, min_size=2, max_size=3))
def test_any_history_by_months_is_the_one_made_anew(
    prepared: Path, tmp_path: Path, runs: list[list[tuple[int, int, bool]]]
) -> None:
    """Late nights, nights again, holes and held nights, some in a run of their own."""
    chosen = of(copytree(prepared, tmp_path / "home"))
    try:
        for steps in runs:
            put(chosen, steps)
            settle(chosen)
        found = read(chosen)
        nights = sorted({n for d in DATASETS for n in known(chosen, d)})
        until = nights[len(nights) // 2]
        for dataset in DATASETS:
            history.state_after(Lake(chosen.lake), dataset, until, chosen)
        earlier = read(chosen, until)
        rmtree(chosen.lake / "history")
        settle(chosen)
        for folder in (chosen.lake / "history").glob("*/????-??"):
            rmtree(folder)  # so that all is read from the nights
        assert found == read(chosen)
        for dataset in DATASETS:
            history.state_after(Lake(chosen.lake), dataset, until, chosen)
        assert earlier == read(chosen, until)
    finally:
        rmtree(tmp_path / "home")


def known(chosen: Settings, dataset: str) -> list[date]:
    return [link.night for link in history.chain(Lake(chosen.lake), dataset)]


def test_a_finished_month_is_read_and_not_its_nights(prepared: Path, tmp_path: Path) -> None:
    chosen = of(copytree(prepared, tmp_path / "home"))
    put(chosen, [(days, days % 5, False) for days in range(70, 0, -7)])
    settle(chosen)
    lake = Lake(chosen.lake)
    chain = history.chain(lake, "listings")
    finished = months.finished(lake, "listings", chain)
    assert [m.folder.name for m in finished] == ["2022-04", "2022-05"]
    for kind in ("changes", "class", "new", "day"):
        paths = [Path(p) for p in months.paths(lake, "listings", chain, kind)]
        in_june = [k for k in chain if k.night.month == 6]
        assert paths[:2] == [chosen.lake / m.folder / f"{kind}.parquet" for m in finished]
        assert len(paths) == 2 + len(in_june)
    before = read(chosen)
    # Damaged, its nights are read instead; a thorough build makes it again.
    for kind in ("day", "seller_day"):
        damaged = chosen.lake / finished[0].folder / f"{kind}.parquet"
        damaged.write_bytes(b"no parquet")
        assert read(chosen) == before
        found = history.faults(Lake(chosen.lake), "listings")
        assert any(str(damaged) in fault for fault in found)
        settle(chosen)
        assert damaged.read_bytes() == b"no parquet"
        settle(chosen, thorough=True)
        assert not history.faults(Lake(chosen.lake), "listings") and read(chosen) == before
    # Damage of a night that is not read any more is found by a thorough build.
    night = finished[0].links[0].night
    changes = chosen.lake / lake.history("listings", night) / "changes.parquet"
    changes.write_bytes(b"no parquet")
    settle(chosen)
    assert changes.read_bytes() == b"no parquet" and read(chosen) == before
    settle(chosen, thorough=True)
    assert not history.faults(Lake(chosen.lake), "listings") and read(chosen) == before


def test_a_month_that_is_not_finished_any_more_goes(prepared: Path, tmp_path: Path) -> None:
    chosen = of(copytree(prepared, tmp_path / "home"))
    put(chosen, [(40, 5, False)])
    settle(chosen)
    folder = chosen.lake / "history" / "sellers" / "2022-05"
    assert folder.is_dir()
    lake = Lake(chosen.lake)
    loaded = lake.receipt("sellers", LOADED)
    assert loaded
    lake.write_receipt(replace(loaded, status="missing", content=None))
    settle(chosen)
    assert not folder.exists()


def test_a_night_neither_reads_nor_writes_what_is_finished(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample of `make flat`: files are counted, not seconds."""
    chosen = of(copytree(prepared, tmp_path / "home"))
    put(chosen, [(days, days % 5, False) for days in range(90, 1, -8)])
    settle(chosen)
    finished = {"2022-04", "2022-05"}
    old = [
        path
        for path in chosen.lake.rglob("*")
        if path.is_file() and {path.parent.name[:7], path.name[:7]} & finished
    ]
    before = {path: (path.stat().st_ino, path.stat().st_ctime_ns) for path in old}
    known_module._MEMORY.clear()
    monkeypatch.setattr("transforms.lake.lake._UNDERSTOOD", {})
    read_of: Counter[Path] = Counter()

    def unsealed(text: bytes, path: str, remedy: str) -> object:
        read_of[Path(path)] += 1
        return storage.unsealed(text, path, remedy)

    def read_json(place: Place, name: PurePosixPath, remedy: str) -> object:
        read_of[Path(place.shown(name))] += 1
        return place_module.read_json(place, name, remedy)

    monkeypatch.setattr(lake_module, "unsealed", unsealed)
    monkeypatch.setattr(account_module, "read_json", read_json)
    hashed: list[Path] = []

    def sha256(path: Path) -> str:
        hashed.append(path)
        return storage.sha256(path)

    monkeypatch.setattr("transforms.place.folder.sha256", sha256)
    put(chosen, [(1, 5, False)])
    settle(chosen)
    read(chosen)
    receipts = {p: n for p, n in read_of.items() if "receipts" in p.parts and p in before}
    # No night is complete, which is looked for from the last on.
    assert len(receipts) > 10 and set(receipts.values()) == {1}, "one was understood twice"
    folds = {p for p in read_of if p.name == OF_A_FOLD}
    assert folds and not {p for p in folds if p.parent.name[:7] in finished}
    assert not {p for p in hashed if p.parent.name[:7] in finished and len(p.parent.name) > 7}
    # A part of an old night is read if it shows rows that are there still, or ends a year.
    assert {p.parent.name for p in hashed if p.parent.name in finished} == finished
    # Of the last seven states one goes; nothing else is written, replaced or deleted.
    left = [path for path in old if path.exists()]
    assert {path.name for path in set(old) - set(left)} <= {"ledger.parquet"}
    after = {path: (path.stat().st_ino, path.stat().st_ctime_ns) for path in left}
    assert after == {path: before[path] for path in left}
