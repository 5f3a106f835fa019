"""Power loss: what is renamed to a name that counts has been synced before, and its folder after.

`python -m tests.faults.power [STEP…]` runs each step once and reads the log of its file operations
with `fsync_order.py`. Scratch may be lost: only renames to names that count are judged.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.every_operation import STEPS, ground, grounds, imported, prepared
from tests.faults.injector import TOOLS, preloaded

SCRATCH = ("/.work/", "/.building-")


def judged(operations: list[str], folder: Path) -> list[str]:
    """What the tool says of the operations outside of scratch."""
    log = folder / "judged.txt"
    log.write_text("".join(f"{line}\n" for line in operations if counts(line)), "utf-8")
    done = subprocess.run(
        [sys.executable, TOOLS / "fsync_order.py", log],
        env={k: v for k, v in os.environ.items() if k != "LD_PRELOAD"},
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def counts(line: str) -> bool:
    """Whether an operation is of a name that counts; a rename is of its target."""
    return not any(part in line.split("\t")[3].partition(" <- ")[0] for part in SCRATCH)


def main() -> int:
    if "LD_PRELOAD" not in os.environ:
        return preloaded("tests.faults.power")
    imported()
    bad = 0
    with grounds() as folder:
        start = prepared(folder)
        for step in sys.argv[1:] or STEPS:
            own = folder / step
            for line in judged(ground(step, own, start).operations, own):
                print(f"{step}: {line}")
                bad += line.startswith("op ")
    print(f"violations {bad}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
