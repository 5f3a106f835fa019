"""Processes that end with the test, whatever becomes of it."""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
from pathlib import Path

PATIENCE = 30  # seconds that a server has to end by itself
LIBC = ctypes.CDLL(None)
# prctl: a server is told to end if this process dies; orphans of our servers become ours.
DEATH_SIGNAL, SUBREAPER = 1, 36


class Ended(Exception):
    """A server ended that should not have; says which, and the last lines that it wrote."""


class Processes:
    """What was started here, by name; each writes to `<name>.log` in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, subprocess.Popen[bytes]] = {}
        LIBC.prctl(SUBREAPER, 1, 0, 0, 0)

    def start(self, name: str, command: list[str], env: dict[str, str], cwd: Path) -> int:
        """Starts a server in a session of its own; returns its process id."""
        with open(self.folder / f"{name}.log", "ab") as file:
            # Through a pipe: under `limit`, what writes to a long file dies of it.
            log = subprocess.Popen(
                ["cat"], stdin=subprocess.PIPE, stdout=file, start_new_session=True
            )
        assert log.stdin
        with log.stdin as pipe:
            self._running[name] = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: LIBC.prctl(DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0),
            )
        self._logs[name] = log
        return self._running[name].pid

    def check(self) -> None:
        """Raises Ended if a server is no longer there."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Ended(f"{name} ended ({process.returncode}):\n{self.tail(name)}")

    def tail(self, name: str, lines: int = 25) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._logs[name].wait(1)  # the last lines, if nobody writes any more
        text = (self.folder / f"{name}.log").read_text("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    def signal(self, name: str, number: int) -> None:
        """Sends a signal to a server and everything that it started."""
        for pid in [self._running[name].pid, *descendants(self._running[name].pid)]:
            _send(pid, number)

    def limit(self, name: str, size: int | None) -> None:
        """Lets what a server has started, and will start, write no file of more than `size` bytes;
        None takes the limit away. To them it is a disk over quota."""
        number = resource.RLIM_INFINITY if size is None else size
        for pid in descendants(self._running[name].pid):
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (number, resource.RLIM_INFINITY))

    def kill(self, name: str) -> None:
        """Ends a server and all that it started at once, as a power cut would."""
        self.signal(name, signal.SIGKILL)
        self._running.pop(name).wait(PATIENCE)

    def stop(self, name: str) -> None:
        """Asks a server to end, as an administrator would; kills what has not ended in time."""
        process = self._running.pop(name)
        below = descendants(process.pid)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        for pid in [process.pid, *below]:
            _send(pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """Ends all at once, and whatever they left behind: nothing of it is needed any more."""
        for name in list(self._running):
            self.kill(name)
        self._reap()

    def _reap(self) -> None:
        """Orphans of our servers: only they have our folder in their environment."""
        ours = f"{self.folder}/".encode()
        for pid in descendants(os.getpid()):
            try:
                environ = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            if ours in environ:
                _send(pid, signal.SIGKILL)


def descendants(of: int) -> list[int]:
    """Processes below one, parents first. Other PID namespaces are seen from here."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = list(children.get(of, ()))
    for pid in found:
        found += children.get(pid, ())
    return found


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
