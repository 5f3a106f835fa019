"""Clocks: whatever the time and the zone of a machine, a night has the same content.

`python -m tests.faults.clocks [--every N]` loads and publishes a night under libfaketime: around
midnight in Karachi, at the turn of the fiscal year, on a leap day, and with a clock that is set
back while the night runs; in three time zones each. Exit code 1 if anything differs.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.faults.every_operation import NIGHT, do, grounds, imported, last_line, prepared
from tests.faults.held import content, settings_of
from tests.faults.injector import forked
from transforms import DATASETS
from transforms.lake import Lake

KARACHI = ZoneInfo("Asia/Karachi")
ZONES = ("UTC", "Asia/Karachi", "America/Los_Angeles")
MOMENTS = tuple(
    datetime.fromisoformat(text).replace(tzinfo=KARACHI)
    for text in (
        "2022-06-30 23:59:55",  # the fiscal year turns while the night runs
        "2022-07-01 00:01:00",
        "2022-07-01 04:59:55",  # the last evening of June in UTC, until midnight there
        "2024-02-29 12:00:00",
        "2022-06-30 05:00:00",  # and set back by an hour between load and build
    )
)
SET_BACK = MOMENTS[-1]
LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def library() -> Path:
    """libfaketime. Raises FileNotFoundError where it is not installed."""
    found = sorted(Path("/").glob(LIBRARIES[1:]))
    if not found:
        raise FileNotFoundError(LIBRARIES)
    return found[0]


def set_clock(to: datetime) -> None:
    """Sets this machine's clock, as the processes of this battery see it."""
    real = float(subprocess.check_output(["date", "+%s"], env={"PATH": os.environ["PATH"]}))
    Path(os.environ["FAKETIME_TIMESTAMP_FILE"]).write_text(f"{to.timestamp() - real:+.0f}\n")


def whole_night(home: Path, moment: datetime, zone: str) -> None:
    os.environ["TZ"] = zone
    time.tzset()
    set_clock(moment)
    for dataset in DATASETS:
        do(dataset, home)
    if moment == SET_BACK:
        set_clock(moment - timedelta(hours=1))
    do("build", home)


def cases(every: int) -> list[tuple[datetime, str]]:
    return [(m, z) for m in MOMENTS for z in ZONES][::every]


def battery(every: int) -> Iterator[tuple[str, str | None]]:
    """Each case, and what is wrong with it."""
    with grounds() as folder:
        os.environ["FAKETIME_TIMESTAMP_FILE"] = str(folder / "clock")
        (folder / "clock").write_text("+0\n")
        imported()
        start, home, told = prepared(folder), folder / "home", folder / "told.txt"

        def night(work: Callable[[], None]) -> int:
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(start, home, symlinks=True)
            return forked(work, told=told)

        assert night(partial(whole_night, home, MOMENTS[1], "UTC")) == 0, last_line(told)
        expected = content(home)
        for moment, zone in cases(every):
            code = night(partial(whole_night, home, moment, zone))
            where = f"{moment:%Y-%m-%d %H:%M:%S} in Karachi, TZ={zone}"
            yield where, last_line(told) if code else wrong(home, moment, expected)


def wrong(home: Path, moment: datetime, expected: dict[str, object]) -> str | None:
    found = content(home)
    receipt = Lake(settings_of(home).lake).receipt(DATASETS[0], NIGHT)
    assert receipt is not None
    if abs(receipt.started_at - moment) > timedelta(minutes=30):
        return f"the clock was not {moment} but {receipt.started_at}: nothing was tried"
    differing = [k for k in found.keys() | expected.keys() if found.get(k) != expected.get(k)]
    return f"differs in {differing}" if differing else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    chosen = parser.parse_args()
    if "LD_PRELOAD" not in os.environ:
        # What is measured with a stopwatch goes on, and files keep their dates.
        os.environ |= {"LD_PRELOAD": str(library()), "FAKETIME_NO_CACHE": "1"}
        os.environ |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        os.environ.pop("FAKETIME", None)  # it would win over the file that sets the clock
        words = [sys.executable, "-m", "tests.faults.clocks", *sys.argv[1:]]
        return os.spawnv(os.P_WAIT, sys.executable, words)
    began, bad, count = time.monotonic(), 0, 0
    for where, fault in battery(chosen.every):
        count, bad = count + 1, bad + bool(fault)
        print(f"{where}: {fault or 'the same'}", flush=True)
    print(f"cases {count}  violations {bad}  {time.monotonic() - began:.0f} s")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
