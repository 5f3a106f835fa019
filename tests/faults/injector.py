"""Faults at file operations: a process that is forked once for every fault, with all imports done.

`faultlib.c` counts every file operation that changes something in a folder, and fails one of them.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transforms.errors import OutlookError, TransientError

ROOT = Path(__file__).parents[2]
TOOLS = ROOT.parent / "shared" / "tools"
SOURCE = Path(__file__).with_name("again.c")
KINDS = ("kill", "torn", "enospc+", "eio")  # killed after an operation is killed before the next
KILLED, UNDECLARED = -signal.SIGKILL, 70
PATIENCE = 600  # seconds: only what hangs takes so long


def built(folder: Path) -> Path:
    """The injector, compiled. Raises FileNotFoundError if tool or compiler is absent."""
    tool, library = TOOLS / "faultlib.c", folder / "again.so"
    if not tool.is_file():
        raise FileNotFoundError(tool)
    define = f'-DFAULTLIB="{tool}"'
    subprocess.run(
        ["gcc", "-O2", "-w", "-shared", "-fPIC", define, "-o", library, SOURCE, "-ldl"], check=True
    )
    return library


def preloaded(module: str) -> int:
    """Runs the module with these arguments and the injector loaded; returns its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LD_PRELOAD"] = str(built(Path(folder)))
        words = [sys.executable, "-m", module, *sys.argv[1:]]
        return os.spawnv(os.P_WAIT, sys.executable, words)


@dataclass(frozen=True)
class Fault:
    """What happens at which file operation below `folder`; kind `count` is no fault."""

    folder: Path
    kind: str
    at: int = -1
    log: Path | None = None


def forked(work: Callable[[], object], fault: Fault | None = None, told: Path | None = None) -> int:
    """Runs `work` in a process of its own, with a fault; returns its exit code.

    The code is that of the command line; KILLED if it was killed, UNDECLARED if it raised what no
    command expects. `told` is where its messages go.
    """
    return ended(started(work, fault, told))


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def started(
    work: Callable[[], object], fault: Fault | None = None, told: Path | None = None
) -> int:
    """PID of a process that does what `forked` does."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = UNDECLARED
    try:
        signal.alarm(PATIENCE)
        out = os.open(told or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 2)
        if fault:
            _inject(fault)
        try:
            work()
            code = 0
        except (OutlookError, TransientError) as error:
            print(f"{error.code}: {error}", file=sys.stderr)
            code = error.exit_code
        except BaseException:
            import traceback

            traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _inject(fault: Fault) -> None:
    shared = fault.folder.with_name("operations.count")
    shared.unlink(missing_ok=True)
    os.environ |= {
        "FAULT_PREFIX": str(fault.folder),
        "FAULT_KIND": fault.kind,
        "FAULT_AT": str(fault.at),
        "FAULT_SHM": str(shared),  # with the processes that it starts
    }
    if fault.log:
        os.environ["FAULT_LOG"] = str(fault.log)
    ctypes.CDLL(os.environ["LD_PRELOAD"]).fault_again()
