"""How much a night costs more after years: `make flat`, or `python -m tests.bench.years`.

One delivery is loaded and published after histories of different length. All else is the same, so
what grows with the number of nights shows: seconds of CPU and bytes written, by step. Below the
night stand a report of the live year and the example queries of the file, each by itself: of these
the wall time that nineteen in twenty stay within.
"""

import argparse
import functools
import importlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.bench.measure import cpu

NIGHT = date(2022, 6, 30)
REAL = 7  # nights before it that are read from exports; those before them repeat their rows
QUERIES = "a query (p95)"
# Step, module and function; none of them is called by another.
STEPS = (
    ("load", "transforms.night", "load"),
    ("judge and fold", "transforms.night", "settle"),
    ("open the lake", "warehouse.build.build", "attach_lake"),
    ("models", "warehouse.build.build", "make_tables"),
    ("checks", "warehouse.build.checks", "run"),
    ("what is new", "warehouse.build.release", "describe"),
    ("describe", "warehouse.build.build", "describe"),
    ("hash the tables", "warehouse.build.build", "content_hashes"),
    ("check the live version", "warehouse.versions", "fault"),
)


def measure(
    nights: list[int], scale: float, folder: Path, progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    """CPU seconds and megabytes written by step, one row per step and a column per history."""
    base = folder / "base"
    _in_a_child("base", base, scale)
    found = []
    for count in nights:
        home = folder / f"{count}"
        shutil.copytree(base, home)
        progress(f"a history of {count:,} nights")
        _in_a_child("grow", home, count)
        progress(f"the night after {count:,}")
        found.append(_in_a_child("night", home, 0))
        shutil.rmtree(home)
    rows = []
    for step in (*(name for name, *_ in STEPS), "rest", "night", "report", QUERIES):
        row: dict[str, Any] = {"step": step}
        for count, one in zip(nights, found, strict=True):
            row[f"{count} nights: s"] = round(one["cpu_s"][step], 2)
            row["MB" if count == nights[0] else f"{count}: MB"] = round(one["mb"][step], 2)
        rows.append(row)
    return rows


def _in_a_child(what: str, home: Path, number: float) -> dict[str, Any]:
    environment = {**os.environ, "OUTLOOK_HOME": str(home), "OUTLOOK_KEY": "k" * 32}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.years", what, f"{number}"],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return dict(json.loads(done.stdout or "{}"))


def _base(home: Path, scale: float) -> None:
    from transforms import backfill
    from transforms.sample import write_sample
    from transforms.settings import settings

    first = NIGHT - timedelta(days=REAL)
    write_sample(home / "exports", first, NIGHT, scale=scale)
    backfill.backfill(first, NIGHT - timedelta(days=1), settings(), False)


def _grown(nights: int) -> None:
    from tests.bench.grown import grow
    from transforms.lake import Lake
    from transforms.settings import settings
    from warehouse.build.build import build

    grow(Lake(settings().lake), nights)
    build(settings())


def _night() -> dict[str, Any]:
    from transforms import DATASETS
    from transforms import night as line
    from transforms.settings import settings
    from warehouse.build.build import build
    from warehouse.page import report
    from warehouse.versions import FILE

    taken, written = defaultdict[str, float](float), defaultdict[str, float](float)
    for step, module, function in STEPS:
        owner = importlib.import_module(module)
        setattr(owner, function, _timed(getattr(owner, function), step, taken, written))
    began, bytes_ = cpu(), _written()
    for dataset in DATASETS:
        line.run(dataset, NIGHT, settings())
    build(settings(), night=NIGHT)
    taken["night"], written["night"] = cpu() - began, _written() - bytes_
    for of in (taken, written):
        of["rest"] = 2 * of["night"] - sum(of.values())
    began, bytes_ = cpu(), _written()
    report.make(settings(), "FY2022")
    taken["report"], written["report"] = cpu() - began, _written() - bytes_
    taken[QUERIES], written[QUERIES] = _query(settings().published / "latest" / FILE), 0.0
    return {"cpu_s": taken, "mb": {step: n / 1e6 for step, n in written.items()}}


def _query(file: Path) -> float:
    """Seconds of wall that nineteen in twenty of the file's example queries stay within."""
    from transforms import engine
    from warehouse.build.examples import examples

    taken = []
    for example in examples():
        with engine.read_only(file) as db:  # as an analyst who has just opened it
            began = time.perf_counter()
            db.execute(example.sql).fetchall()
            taken.append(time.perf_counter() - began)
    return statistics.quantiles(taken, n=20, method="inclusive")[-1]


def _timed(
    call: Callable[..., Any], step: str, taken: dict[str, float], written: dict[str, float]
) -> Callable[..., Any]:
    @functools.wraps(call)
    def timed(*arguments: Any, **more: Any) -> Any:
        began, bytes_ = cpu(), _written()
        try:
            return call(*arguments, **more)
        finally:
            taken[step] += cpu() - began
            written[step] += _written() - bytes_

    return timed


def _written() -> int:
    """Bytes that this process has handed to the system to write."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["wchar"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.years", description=__doc__)
    parser.add_argument("--nights", default="5,30,120,365", help="histories (5,30,120,365)")
    parser.add_argument("--scale", type=float, default=0.05, help="of the sample (0.05)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    from warehouse.cli import terminal

    began = time.monotonic()

    def tell(what: str) -> None:
        terminal.tell(f"{time.monotonic() - began:6.0f} s  {what}")

    with tempfile.TemporaryDirectory(prefix="outlook-years-") as folder:
        nights = [int(n) for n in asked.nights.split(",")]
        rows = measure(nights, asked.scale, Path(folder), tell)
    if asked.json:
        terminal.print_json(rows)
    else:
        terminal.print_rows(rows, f"one night after so many, at {asked.scale}")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in ("base", "grow", "night"):
        _what, _number = sys.argv[1], float(sys.argv[2])
        if _what == "base":
            _base(Path(os.environ["OUTLOOK_HOME"]), _number)
        elif _what == "grow":
            _grown(int(_number))
        else:
            sys.stdout.write(json.dumps(_night()))
    else:
        main()
