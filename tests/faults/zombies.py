"""Runs that are stopped, outlive their successor and wake up: they must write nothing.

`python -m tests.faults.zombies [--rounds N]` stops each step at the moments where it matters most,
then N nights at random moments. It prints a line for each. Exit code 1 if anything was violated.
"""

import argparse
import importlib
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.every_operation import do, grounds, imported, last_line, prepared
from tests.faults.held import Broken, content, debris
from tests.faults.injector import ended, forked, started
from transforms import DATASETS, lease

SHORT = "1"  # seconds of a lease
SEED = 1
STUCK = "was stopped in the last step"


@dataclass(frozen=True)
class Moment:
    """Where a step is stopped: after a function has returned. `says` is what the zombie must say,
    nothing where it may find its work done."""

    step: str
    module: str
    function: str
    says: str | None = "taken_over"


MOMENTS = (
    Moment("listings", "transforms.night", "Attempt.read", None),
    Moment("sellers", "transforms.place.folder", "put_folder"),
    Moment("inquiries", "transforms.lake.fold", "Fold.made"),
    Moment("build", "warehouse.build.build", "_make"),
    Moment("build", "warehouse.publish", "free_name"),
    Moment("report", "warehouse.page.report", "write"),
    Moment("freeze", "warehouse.editions.freeze", "_made_of"),
)


def by_itself(work: Callable[[], object]) -> None:
    """Works in a session of its own: when a shell ends, the kernel wakes what it left stopped."""
    os.setsid()
    work()


def stopping(moment: Moment) -> None:
    """Makes this process stop itself, once, when the function has returned."""
    owner: Any = importlib.import_module(moment.module)
    *path, name = moment.function.split(".")
    for part in path:
        owner = getattr(owner, part)
    real, left = getattr(owner, name), [1]

    def call(*arguments: Any, **more: Any) -> Any:
        found = real(*arguments, **more)
        if left:
            left.pop()
            os.kill(os.getpid(), signal.SIGSTOP)
        return found

    setattr(owner, name, call)


def files_of(home: Path) -> dict[str, tuple[bytes | str, int]]:
    """Bytes and times of all that counts in lake and published."""
    found: dict[str, tuple[bytes | str, int]] = {}
    for folder in ("lake", "published"):
        for path in sorted((home / folder).rglob("*")):
            inside = path.relative_to(home)
            if any(part.startswith((".lock", ".work", ".building-")) for part in inside.parts):
                continue
            if path.is_symlink():
                found[str(inside)] = str(path.readlink()), path.lstat().st_mtime_ns
            elif path.is_file():
                found[str(inside)] = path.read_bytes(), path.stat().st_mtime_ns
    return found


def stopped(pid: int) -> bool:
    """Whether the process stops; false if it ends before."""
    while True:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state in "TZ":
            return state == "T"
        time.sleep(0.005)


def at_a_moment(moment: Moment, home: Path) -> str | None:
    """What is wrong after a step was stopped at that moment and woke after its successor."""
    told = home.parent / "zombie.txt"

    def work() -> None:
        stopping(moment)
        do(moment.step, home)

    zombie = started(lambda: by_itself(work), told=told)
    try:
        if not stopped(zombie):
            return f"it was not stopped: {last_line(told)}"
        if code := forked(lambda: do(moment.step, home), told=home.parent / "next.txt"):
            return f"its successor ended with {code}: {last_line(home.parent / 'next.txt')}"
        made, whole = files_of(home), content(home)
    finally:
        os.kill(zombie, signal.SIGCONT)
        code = ended(zombie)
    if files_of(home) != made:
        return f"the zombie changed {changed(made, files_of(home))}"
    if moment.says is None:
        return f"the zombie ended with {code}: {last_line(told)}" if code else None
    if code != 1 or not last_line(told).startswith(f"{moment.says}:"):
        return f"the zombie ended with {code}: {last_line(told)}"
    return None if content(home) == whole and not debris(home) else "debris is left"


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))[:5]


def loads(home: Path) -> None:
    for dataset in DATASETS:
        do(dataset, home)


def night(home: Path) -> None:
    """The whole night, as `outlook run` does it."""
    loads(home)
    do("build", home)


def at_random(home: Path, after: float, expected: dict[str, Any]) -> tuple[str, str | None]:
    """Stops a night after so many seconds of work; how it ended, and what is wrong."""
    told, following = home.parent / "zombie.txt", home.parent / "next.txt"
    zombie = started(lambda: by_itself(lambda: night(home)), told=told)
    try:
        time.sleep(after)
        os.kill(zombie, signal.SIGSTOP)
        code = forked(lambda: night(home), told=following)
        made = None if code else files_of(home)
    finally:
        os.kill(zombie, signal.SIGCONT)
        woken = ended(zombie)
    if code:
        if STUCK not in following.read_text("utf-8"):
            return "", f"its successor ended with {code}: {last_line(following)}"
        if code := forked(lambda: night(home), told=following):
            return "", f"the retry ended with {code}: {last_line(following)}"
        how = "stopped in its last step, and named"
    elif files_of(home) != made:
        return "", f"the zombie changed {changed(made or {}, files_of(home))}"
    else:
        how = "taken over, and said so" if woken else "found its work done"
    if woken not in (0, 1) or (woken == 1 and "taken_over" not in last_line(told)):
        return how, f"the zombie ended with {woken}: {last_line(told)}"
    try:
        if content(home) != expected:
            return how, "other content than that of one undisturbed run"
    except Broken as error:
        return how, str(error)
    return how, f"debris is left: {debris(home)}" if debris(home) else None


def battery(rounds: int, moments: tuple[Moment, ...] = MOMENTS) -> Iterator[tuple[str, str | None]]:
    """A line for each zombie, and what is wrong with it."""
    imported()
    os.environ[lease.SETTING] = SHORT
    with grounds() as folder:
        start = prepared(folder)
        home = folder / "home"
        loaded = folder / "loaded"
        built = folder / "built"
        before = {"build": loaded, "report": built, "freeze": built}
        if rounds or any(m.step in before for m in moments):
            shutil.copytree(start, home, symlinks=True)
            run(lambda: loads(home), folder)
            shutil.copytree(home, loaded, symlinks=True)
            run(lambda: do("build", home), folder)
            home.rename(built)
        for moment in moments:
            shutil.copytree(before.get(moment.step, start), home, symlinks=True)
            where = f"{moment.step} stopped after {moment.function}"
            yield where, at_a_moment(moment, home)
            shutil.rmtree(home)
        if not rounds:
            return
        expected = content(built)
        shutil.copytree(start, home, symlinks=True)
        began = time.monotonic()
        run(lambda: night(home), folder)
        lasts, chance = time.monotonic() - began, random.Random(SEED)
        for number in range(rounds):
            shutil.rmtree(home)
            shutil.copytree(start, home, symlinks=True)
            how, wrong = at_random(home, (number + chance.random()) * lasts / rounds, expected)
            yield f"round {number + 1}: {how}", wrong


def run(work: Callable[[], object], folder: Path) -> None:
    if forked(work, told=folder / "told.txt"):
        raise RuntimeError((folder / "told.txt").read_text("utf-8"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--moments", type=int, default=len(MOMENTS))
    chosen = parser.parse_args()
    began, seen, wrong = time.monotonic(), Counter[str](), 0
    for told, fault in battery(chosen.rounds, MOMENTS[: chosen.moments]):
        seen[told.partition(": ")[2] or told] += 1
        if fault:
            wrong += 1
            print(f"{told}: {fault}", flush=True)
    for told, count in seen.items():
        print(f"{count:4d}  {told}")
    lasted = time.monotonic() - began
    print(f"zombies {sum(seen.values())}  violations {wrong}  {lasted:.0f} s")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
