"""What a piece may take of the machine: processes, memory, and a place of its own to spill."""

import gzip
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.transforms.pieces.test_pieces import as_csv, chosen, listings
from transforms import engine
from transforms.clean.batch import Batch, Context
from transforms.clean.memory import MOST_BYTES, Memory, Parsed
from transforms.contracts import contract
from transforms.deliveries.landing import Landed
from transforms.lake import across_rows
from transforms.lake.partition import Partition
from transforms.lake.receipt import Source
from transforms.markets import market
from transforms.pieces.make import Made
from transforms.read import open_export
from transforms.settings import settings
from transforms.shift import Misfits
from transforms.staging import InHand, in_hand, stage


def test_few_processes_unless_more_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for allowed, workers in ((1, 1), (3, 3), (96, 4)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=allowed: set(range(n)))
        assert settings({}).workers == workers
    assert settings({"OUTLOOK_WORKERS": "16"}).workers == 16


def test_a_memory_of_long_texts_is_bounded_by_their_bytes() -> None:
    memory, parsed = Memory(), []

    def parse(texts: pa.Array) -> Parsed:
        parsed.append(len(texts))
        return Parsed((texts,), pa.nulls(len(texts), pa.string()))

    for texts in (["a" * 1_000], ["b" * MOST_BYTES], ["a" * 1_000]):
        found = memory.parsed("field", pa.array(texts), parse)
        assert found.columns[0].to_pylist() == texts
    assert [n for n in parsed if n] == [1, 1, 1]  # the first was forgotten with the long one


@pytest.mark.parametrize("distinct", [3_000, 3])
def test_each_pair_of_texts_is_read_once(distinct: int) -> None:
    terms = contract("listings")
    columns = [c.name for c in terms.columns if pa.types.is_string(c.arrow)][:1]
    memory, read = Memory(), Counter[tuple[str, str | None]]()

    def parser(text: str, by: str | None) -> tuple[str]:
        read[text, by] += 1
        return (f"{text} {by}",)

    beside = [f"{n % distinct}" for n in range(3_000)]
    for _ in range(2):
        batch = Batch(pd.DataFrame({"one": ["text"] * 3_000, "other": beside}), terms, memory)
        batch.parse_with("one", "other", columns, parser)
        assert batch.column(columns[0]).to_pylist() == [f"text {by}" for by in beside]
    assert read == {("text", f"{n}"): 1 for n in range(distinct)}


def test_two_databases_spill_into_folders_of_their_own(tmp_path: Path) -> None:
    def spill() -> Any:
        with across_rows.connect(tmp_path) as db:
            return db.execute("SELECT current_setting('temp_directory')").fetchone()

    assert spill() != spill()


@pytest.mark.parametrize("name", ["local", "pool"])
def test_few_files_of_a_night_are_unpacked_at_a_time(name: str, tmp_path: Path) -> None:
    paths = []
    for n in range(6):
        paths.append(tmp_path / f"{n}.csv.gz")
        paths[-1].write_bytes(gzip.compress(as_csv(listings()[n * 20 : n * 20 + 20]).encode()))
    folder = tmp_path / "night"
    folder.mkdir()
    most = 0

    def files() -> Iterator[InHand]:
        nonlocal most
        for path in paths:
            yield in_hand(Landed(path.name, path, 1, path.name, None), folder, "listings", None)
            most = max(most, len([p for p in folder.glob("*") if p.suffix == ".csv"]))

    with chosen(name, 4, "a night") as processes:
        partition = Partition("listings", date(2022, 6, 30), folder, processes)
        stage(partition, files(), Context(date(2022, 6, 30), market("PK"), b"key"))
        assert partition.finish().rows.in_ == 120
    assert most <= 2


@pytest.mark.parametrize("files", [200, 1_600])
def test_what_a_night_of_many_small_files_decides_takes_one_look_at_each(
    files: int, tmp_path: Path
) -> None:
    """Counted, not timed: how often the count of a piece's accepted rows is read."""
    looks = Counter[str]()

    class Counted(Made):
        def __getattribute__(self, name: str) -> Any:
            looks[name] += 1
            return super().__getattribute__(name)

    path = tmp_path / "listings.csv"
    path.write_text(as_csv(listings()), "utf-8")
    export = open_export(path, path.name, "listings")
    partition = Partition("listings", date(2022, 6, 30), tmp_path)
    none: Counter[Any] = Counter()
    flags = {"is_listed": {True}}
    for n in range(files):
        file = f"{n}.csv"
        misfits = Misfits("listings", Context(date(2022, 6, 30), market("PK"), b"key"))
        made = Counted(n, file, 2, 2, none, none, none, misfits, flags, 0)
        partition.add(export, Source(file, 1, "sha", "sha", 2, {}), [made], [])
    assert sum(w.count for w in partition._warnings(partition._constant_flags())) == 2 * files
    assert looks["accepted"] == files


def test_pieces_of_a_process_share_a_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: Counter[str] = Counter()
    own = engine.in_memory

    def counted(*of: Any, **by: Any) -> Any:
        opened["in memory"] += 1
        return own(*of, **by)

    monkeypatch.setattr(engine, "in_memory", counted)
    landed = []
    for n in range(3):
        path = tmp_path / f"{n}.csv"
        path.write_text(as_csv(listings()[n * 20 : n * 20 + 20]), "utf-8")
        landed.append(Landed(path.name, path, 1, path.name, None))
    partition = Partition("listings", date(2022, 6, 30), tmp_path)
    files = (in_hand(one, tmp_path, "listings", None) for one in landed)
    stage(partition, files, Context(date(2022, 6, 30), market("PK"), b"key"))
    assert partition.finish().rows.in_ == 60
    assert opened.total() <= 2  # for all pieces, and for the night
