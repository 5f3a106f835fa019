"""A soak: night after night with random faults, each morning equal to a twin that had none.

`python -m tests.faults.soak [--nights N] [--seed S]` loads and publishes N nights in two homes. In
one of them a random operation of every night fails in a random way, and the night is run again
until it ends as it did for the twin. Exit code 1 if a morning was not equal.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from tests.faults.every_operation import SCALE, grounds, imported, last_line, load
from tests.faults.every_operation import build as publish
from tests.faults.held import Broken, content, debris, environment
from tests.faults.injector import KILLED, KINDS, Fault, forked, preloaded
from transforms import DATASETS

FIRST = date(2022, 5, 20)  # the year ends among the nights
ATTEMPTS = 3
LARGEST = 1400  # file operations of a night, about: a later one falls into no work


@dataclass(frozen=True)
class Morning:
    """How a night went: the fault, how the run ended, how the night ended, and what differs."""

    night: date
    kind: str
    struck: int
    code: int
    differs: str | None


def whole_night(home: Path, night: date) -> None:
    """What Airflow runs for a night; raises what the first failing task raises, after all ran."""
    os.environ |= environment(home)
    failure: Exception | None = None
    steps: list[Callable[[Path, date], None]] = [partial(load, d) for d in DATASETS]
    for work in [*steps, publish]:
        try:
            work(home, night)
        except Exception as error:
            failure = failure or error
    if failure:
        raise failure


def soak(nights: int, seed: int) -> Iterator[Morning]:
    """Each night in both homes, as it is done."""
    from transforms.sample import write_sample

    imported()
    chance = random.Random(seed)
    with grounds() as folder:
        told = folder / "told.txt"

        def sample() -> None:
            write_sample(folder / "exports", FIRST, FIRST + timedelta(nights - 1), scale=SCALE)

        assert forked(sample, told=told) == 0, told.read_text("utf-8")
        home, twin = folder / "home", folder / "twin"
        for number in range(nights):
            night = FIRST + timedelta(number)
            right = forked(partial(whole_night, twin, night), told=told)
            kind, at = chance.choice(KINDS), chance.randint(1, LARGEST)
            struck = forked(
                partial(whole_night, home, night), Fault(home, kind, at), folder / "struck.txt"
            )
            code = struck
            for _ in range(ATTEMPTS):
                code = forked(partial(whole_night, home, night), told=told)
                if code == right:
                    break
            yield Morning(night, f"{kind}@{at}", struck, code, difference(home, twin, code, right))


def difference(home: Path, twin: Path, code: int, right: int) -> str | None:
    if code != right:
        return f"ended with {code}, the twin with {right}: {last_line(home.parent / 'told.txt')}"
    try:
        mine, other = content(home), content(twin)
    except Broken as error:
        # Before anything is published there is nothing to compare.
        return None if "nothing is live" in f"{error}" else f"{error}"
    differing = [k for k in mine.keys() | other.keys() if mine.get(k) != other.get(k)]
    left = debris(home)
    return f"differs in {differing}" if differing else f"debris {left}" if left else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if "LD_PRELOAD" not in os.environ:
        return preloaded("tests.faults.soak")
    began, ends, wrong = time.monotonic(), Counter[str](), 0
    for morning in soak(chosen.nights, chosen.seed):
        how = {KILLED: "killed", 6: "disk error"}.get(morning.struck, "went on")
        ends[how] += 1
        print(f"{morning.night} {morning.kind:12s} {how}, then {morning.code}", flush=True)
        if morning.differs:
            wrong += 1
            print(f"   {morning.differs}", flush=True)
    lasted = time.monotonic() - began
    print(f"nights {chosen.nights}  {dict(ends)}  violations {wrong}  {lasted:.0f} s")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
