"""Every file operation of a step fails once, in five ways, and the plain retry heals each.

`python -m tests.faults.every_operation STEP… [--every N]` starts itself again with the injector
loaded, and prints a line for every step and kind. Exit code 1 if anything was violated.
"""

import argparse
import contextlib
import importlib
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from tests.faults.held import Broken, content, debris, environment, settings_of, unsettled
from tests.faults.injector import KILLED, KINDS, Fault, forked, preloaded
from transforms import DATASETS

FIRST = date(2022, 6, 28)
NIGHT = date(2022, 6, 30)  # the last of a fiscal year
EDITION = "FY2022"
CITY = "sialkot"
SCALE = 0.003
# All of these are imported before anything is forked.
MODULES = (
    "transforms.backfill",
    "transforms.sample",
    "warehouse.nightly",
    "warehouse.build.build",
    "warehouse.editions.freeze",
    "warehouse.retention",
    "warehouse.page.brief",
    "warehouse.page.report",
    "warehouse.page.pdf",
    "pandas",
    "duckdb",
    "pyarrow.parquet",
    "weasyprint",
    "vl_convert",
)


# The steps


def load(dataset: str, home: Path, night: date = NIGHT) -> None:
    """Fetches, reads and commits an export of the night, and updates the history."""
    from warehouse import nightly

    nightly.load(dataset, f"{night}")


def build(home: Path, night: date = NIGHT) -> None:
    """Builds and publishes."""
    from warehouse import nightly

    nightly.publish_night(f"{night}")


def freeze(home: Path) -> None:
    from transforms.storage import disk_faults_told
    from warehouse.editions import freeze

    with disk_faults_told():
        freeze.freeze(settings_of(home), EDITION, "a test", "a test")


def report(home: Path) -> None:
    from transforms.storage import disk_faults_told
    from warehouse.page import report

    with disk_faults_told():
        report.make(settings_of(home), EDITION)


def brief(home: Path) -> None:
    from transforms.storage import disk_faults_told
    from warehouse.page import brief

    with disk_faults_told():
        brief.make(settings_of(home), CITY, EDITION)


def clean(home: Path) -> None:
    """Deletes what retention lets go, ten years on."""
    from transforms.storage import disk_faults_told
    from warehouse import retention

    with disk_faults_told():
        retention.clean(settings_of(home), now=datetime(NIGHT.year + 10, 1, 1, tzinfo=UTC))


STEPS: dict[str, Callable[[Path], None]] = {
    **{dataset: partial(load, dataset) for dataset in DATASETS},
    "build": build,
    "report": report,
    "brief": brief,
    "freeze": freeze,
    "clean": clean,
}


def do(step: str, home: Path) -> None:
    os.environ |= environment(home)
    STEPS[step](home)


# The battery


@dataclass
class Tally:
    """What one kind of fault did to one step."""

    step: str
    kind: str
    operations: int
    points: int = 0
    violations: list[str] = field(default_factory=list)
    false_successes: list[str] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)
    unhealed: list[str] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    def findings(self) -> list[str]:
        return self.violations + self.false_successes + self.undeclared + self.unhealed

    def line(self) -> str:
        return (
            f"{self.step:8s} {self.kind:10s} operations {self.operations:4d}  points "
            f"{self.points:4d}  violations {len(self.violations)}  false successes "
            f"{len(self.false_successes)}  undeclared {len(self.undeclared)}  not healed "
            f"{len(self.unhealed)}  exit codes {dict(self.codes)}  {self.seconds:.0f} s"
        )


@dataclass
class Ground:
    """A home as it is before a step, and what the step makes of it."""

    step: str
    prepared: Path
    before: dict[str, Any]
    after: dict[str, Any]
    operations: list[str]

    def strike(self, kind: str, at: int, tally: Tally) -> None:
        """One fault, and the retry after it."""
        folder = self.prepared.parent
        home, told = folder / "home", folder / "told.txt"
        operation = self.operations[at - 1].split("\t", 2)[2].replace(str(home), "")
        point = f"{self.step} {kind}@{at} {operation}"
        fresh(self.prepared, home)
        code = forked(lambda: do(self.step, home), Fault(home, kind, at), told)
        tally.points += 1
        tally.codes[code] += 1
        if code not in (0, 6, KILLED):
            tally.undeclared.append(f"{point}: exit {code}: {last_line(told)}")
        try:
            seen = content(home)
            mixed = [k for k in seen if what_counts(seen, k) not in self.whole(k)]
            if mixed or not self.before.keys() <= seen.keys() | self.gone(home):
                tally.violations.append(f"{point}: neither old nor new: {mixed or 'gone'}")
            if code == 0 and seen != self.after:
                tally.false_successes.append(point)
        except Broken as error:
            tally.violations.append(f"{point}: {error}")
        again = forked(lambda: do(self.step, home), None, told)
        try:
            left = debris(home) + unsettled(home)
            if again or content(home) != self.after or left:
                why = last_line(told) if again else left or "other content"
                tally.unhealed.append(f"{point}: retry exit {again}: {why}")
        except Broken as error:
            tally.unhealed.append(f"{point}: {error}")

    def whole(self, key: str) -> list[Any]:
        return [what_counts(of, key) for of in (self.before, self.after)]

    def points(self, kind: str) -> list[int]:
        """Numbers of the operations to fail: of the writes to one file that follow each other, the
        first, one in the middle and the last."""
        told = [tuple(line.split("\t")[2:4]) for line in self.operations]  # what, and to what
        found: list[int] = []
        for _, same in groupby(enumerate(told, start=1), key=lambda o: o[1]):
            numbers = [number for number, _ in same]
            found += sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1]})
        if kind == "torn":  # other operations have no halves
            return [n for n in found if "write" in told[n - 1][0]]
        return found

    def gone(self, home: Path) -> set[str]:
        """What may be away for a moment: a report between its two renames."""
        aside = (settings_of(home).published / "report").glob(".*.before")
        return {f"report {p.name[1:].removesuffix('.before')}" for p in aside}


def what_counts(content: dict[str, Any], key: str) -> Any:
    """Of a receipt, its bytes: between its commit and its judgement, its status is not final."""
    found = content.get(key)
    return found["content"] if isinstance(found, dict) and "content" in found else found


def last_line(told: Path) -> str:
    lines = told.read_text("utf-8", "replace").strip().splitlines() or [""]
    return lines[-1][:300]


def fresh(prepared: Path, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(prepared, home, symlinks=True)


@contextlib.contextmanager
def grounds() -> Iterator[Path]:
    """A folder where syncing costs nothing, if there is one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def prepared(folder: Path) -> Path:
    """A home with all nights but the last published; its exports hold the last one too."""
    from transforms import night as line
    from transforms.sample import write_sample
    from warehouse.build.build import build as built_anew

    home = folder / "prepared"

    def make() -> None:
        write_sample(folder / "exports", FIRST, NIGHT, scale=SCALE)
        chosen = settings_of(home)
        for number in range((NIGHT - FIRST).days):
            for dataset in DATASETS:
                line.run(dataset, FIRST + timedelta(number), chosen)
        built_anew(chosen)

    if forked(make, told=folder / "told.txt"):
        raise RuntimeError((folder / "told.txt").read_text("utf-8"))
    return home


def imported() -> None:
    """Imports all that the steps need, so that a fork need not."""
    for name in MODULES:
        importlib.import_module(name)


def ground(step: str, folder: Path, start: Path) -> Ground:
    """Runs the step without a fault in `folder`, counting its operations."""
    folder.mkdir()
    (folder / "exports").symlink_to(start.parent / "exports")
    home = Path(shutil.copytree(start, folder / "prepared", symlinks=True))
    for earlier in takewhile(lambda name: name != step, STEPS):
        if earlier in ("report", "brief"):  # which no other step reads
            continue
        if forked(lambda: do(earlier, home), None, folder / "told.txt"):  # noqa: B023
            raise RuntimeError((folder / "told.txt").read_text("utf-8"))
    before, log = content(home), folder / "operations.txt"
    log.unlink(missing_ok=True)
    fresh(home, folder / "home")
    code = forked(
        lambda: do(step, folder / "home"),
        Fault(folder / "home", "count", log=log),
        folder / "told.txt",
    )
    if code:
        raise RuntimeError(f"{step}: {(folder / 'told.txt').read_text('utf-8')}")
    operations = log.read_text("utf-8", "replace").splitlines()
    return Ground(step, home, before, content(folder / "home"), operations)


def battery(steps: list[str], kinds: list[str], every: int) -> Iterator[Tally]:
    """All faults of the steps, one in `every`; a step's tallies as they are done."""
    imported()
    with grounds() as folder:
        start = prepared(folder)
        for step in steps:
            own = folder / step
            here = ground(step, own, start)
            for number, kind in enumerate(kinds):
                tally = Tally(step, kind, len(here.operations))
                began = time.monotonic()
                first = number * every // len(kinds)  # another one for every kind
                for at in here.points(kind)[first::every]:
                    here.strike(kind, at, tally)
                tally.seconds = time.monotonic() - began
                yield tally
            shutil.rmtree(own)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", choices=[[], *STEPS], default=list(STEPS))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--every", type=int, default=1)
    chosen = parser.parse_args()
    if "LD_PRELOAD" not in os.environ:
        return preloaded("tests.faults.every_operation")
    found = []
    for tally in battery(chosen.steps, chosen.kinds, chosen.every):
        findings = tally.findings()
        print("\n   ".join([tally.line(), *findings]), flush=True)
        found += findings
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
