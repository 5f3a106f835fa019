"""What the benchmark says of its runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import measure, sums

ROOT = Path(__file__).parents[2]


def test_the_benchmark_names_what_it_measures() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--scale", "0.002", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    parts = {"machine", "rows", "bytes", "dirty", "history_nights", "runs", "medians"}
    assert set(found) == parts
    assert set(found["machine"]) == {"cpus", "memory_mib", "python"}
    assert found["rows"] == 6400
    assert [r["name"] for r in found["runs"]] == ["floor", "clean", "night"]
    assert all(r["wall_s"] > 0 and r["peak_mib"] > 0 for r in found["runs"])
    assert [r["name"] for r in found["medians"]] == ["floor", "clean", "night"]


def test_the_others_come_to_the_same_figures_on_dirty_rows() -> None:
    names = ("load", "polars", "duckdb_sql", "pandas")
    found = measure.measure(0.003, 1, names, is_dirty=True)
    assert [run["name"] for run in found["runs"]] == list(names)


def test_other_figures_stop_the_benchmark() -> None:
    ours = {"rows": 3, "score": 4.5, "rejected: title: missing": 1}
    measure._hold_equal({"load": ours, "polars": {**ours, "score": 4.5 + 1e-10}})
    for other in ({**ours, "rows": 4}, {**ours, "score": None}, {"rows": 3, "score": 4.5}):
        assert sums.differences(ours, other)
        with pytest.raises(AssertionError, match="polars made other figures"):
            measure._hold_equal({"load": ours, "polars": other})
