"""`python -m tests.oracle DIR`, as a person would run it."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

from transforms.sample import write_sample

ROOT = Path(__file__).parents[2]


def oracle(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.oracle", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_the_truth_lies_beside_the_exports_it_is_about(tmp_path: Path) -> None:
    write_sample(tmp_path, date(2022, 6, 29), date(2022, 6, 30), scale=0.01)
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {"calendar.json", "sample.json"}
    done = oracle(tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'truth.json'}\n"), done.stderr
    told = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert set(told) == {"report", "nights"}
    assert set(told["nights"]) == {"2022-06-29", "2022-06-30"}
    counts = told["nights"]["2022-06-30"]["listings"]
    assert set(counts) == {"in", "accepted", "rejected", "duplicate", "status"}
    assert {row["edition"] for row in told["report"]["headline"]} == {"FY2022", "CY2022"}


def test_a_folder_without_a_sample_is_refused(tmp_path: Path) -> None:
    done = oracle(tmp_path)
    assert done.returncode == 2 and "sample.json" in done.stderr
    assert not list(tmp_path.iterdir())
