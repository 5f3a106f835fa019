"""What the benchmark says of its runs."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench import measure, sums
from transforms.pieces.engines import Pool

ROOT = Path(__file__).parents[2]


def test_the_benchmark_names_what_it_measures_and_all_come_to_the_same_figures() -> None:
    names = ["floor", "clean", "load", "polars", "duckdb_sql", "pandas_naive"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--scale", "0.002", "--json"] + ["--only", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    parts = {"machine", "rows", "bytes", "dirty", "history_nights", "runs", "medians"}
    assert set(found) == parts
    assert set(found["machine"]) == {"cpus", "memory_mib", "python"}
    assert found["rows"] == 6400 and found["dirty"]
    for told in ("runs", "medians"):
        assert [r["name"] for r in found[told]] == names
    assert all(r["wall_s"] > 0 and r["peak_mib"] > 0 for r in found["runs"])


def test_a_peer_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(measure.MODULES, "dlt", "no_such_package")
    with pytest.raises(LookupError, match="dlt is not installed"):
        measure.measure(0.001, 1, ["floor", "dlt"])


def test_other_figures_stop_the_benchmark() -> None:
    ours = {"rows": 3, "score": 4.5, "rejected: title: missing": 1}
    measure._hold_equal({"load": ours, "polars": {**ours, "score": 4.5 + 1e-10}})
    for other in ({**ours, "rows": 4}, {**ours, "score": None}, {"rows": 3, "score": 4.5}):
        assert sums.differences(ours, other)
        with pytest.raises(AssertionError, match="polars made other figures"):
            measure._hold_equal({"load": ours, "polars": other})


def test_the_seconds_of_a_pool_are_counted() -> None:
    before = measure.cpu()
    pool = Pool("a test", 2, is_on=True)
    assert list(pool.map(busy_for, [0.4, 0.4])) == [0.4, 0.4]
    pool.close(at_once=False)
    assert measure.cpu() - before >= 0.8


def busy_for(seconds: float) -> float:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return seconds
