"""What the benchmark says of its runs."""

import json
import subprocess
import sys
from pathlib import Path

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
    assert set(found) == {"machine", "rows", "bytes", "history_nights", "runs"}
    assert set(found["machine"]) == {"cpus", "memory_mib", "python"}
    assert found["rows"] == 6400
    assert [r["name"] for r in found["runs"]] == ["floor", "clean", "night"]
    assert all(r["wall_s"] > 0 and r["peak_mib"] > 0 for r in found["runs"])
