"""What a piece may take of the machine: processes, memory, and a place of its own to spill."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from transforms.clean.batch import Batch
from transforms.clean.memory import MOST_BYTES, Memory, Parsed
from transforms.contracts import contract
from transforms.lake import across_rows
from transforms.settings import settings


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


def test_pairs_that_nearly_all_differ_are_not_remembered() -> None:
    terms = contract("listings")
    columns = [c.name for c in terms.columns if pa.types.is_string(c.arrow)][:1]
    for differ in (True, False):
        memory = Memory()
        beside = [f"{n if differ else n % 3}" for n in range(3_000)]
        raw = pd.DataFrame({"one": ["text"] * 3_000, "other": beside})
        batch = Batch(raw, terms, memory)
        batch.parse_with("one", "other", columns, lambda text, by: (f"{text} {by}",))
        assert batch.column(columns[0]).to_pylist() == [f"text {by}" for by in beside]
        assert bool(memory._known) is not differ


def test_two_databases_spill_into_folders_of_their_own(tmp_path: Path) -> None:
    def spill() -> Any:
        with across_rows.connect(tmp_path) as db:
            return db.execute("SELECT current_setting('temp_directory')").fetchone()

    assert spill() != spill()
