"""Leases: who holds a lock, when it may be taken over, and what a sweep may remove."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from transforms import lease
from transforms.errors import SettingsError, TakenOver, TransientError
from transforms.lease import final_step, leased, scratch

SHORT = "0.6"  # seconds: long enough for a busy machine to give a sign of life every tenth
PATIENCE = 60
OWN_PIDS = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]

HOLD = """
import sys, time
from pathlib import Path
from transforms.lease import final_step, leased, scratch
work = Path(sys.argv[1])
def until(name):
    while not (work / name).exists():
        time.sleep(0.01)
"""
HOLD_LOCK = """
with leased(work / ".lock"):
    (work / "held").touch()
    until("go")
    with final_step(work / ".lock"):
        (work / "written").touch()
"""
HOLD_SCRATCH = """
with scratch(work / "lake" / ".work", "night") as folder:
    (work / "held").touch()
    until("go")
    (folder / "rows").write_text("kept")
    print((folder / "rows").read_text())
"""


def apart(prefix: list[str]) -> list[str]:
    """The prefix, if this machine lets us start a process like that."""
    if prefix and subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip(f"`{' '.join(prefix)}` is not allowed here: PID namespaces were not tested")
    return prefix


@contextmanager
def holder(work: Path, code: str, prefix: list[str] | None = None) -> Iterator[Any]:
    """A process that holds something until `work/go` is there."""
    process = subprocess.Popen(
        [*(prefix or []), sys.executable, "-c", HOLD + code, str(work)],
        env={**os.environ, lease.SETTING: SHORT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not (work / "held").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(lease.SETTING, SHORT)


def fence(path: Path) -> int:
    number: int = lease._body(path)["fence"]
    return number


def test_stopped_owner_is_taken_over_and_can_write_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lock = tmp_path / ".lock"
    with holder(tmp_path, HOLD_LOCK) as process:
        first = fence(lock)
        process.send_signal(signal.SIGSTOP)
        with leased(lock), final_step(lock):
            assert fence(lock) == first + 1
        assert f"pid {process.pid} on" in caplog.text
        (tmp_path / "go").touch()
        process.send_signal(signal.SIGCONT)
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert f"TakenOver: pid {os.getpid()} on" in told
    assert not (tmp_path / "written").exists()


def test_living_owner_keeps_its_lock_however_long_it_works(tmp_path: Path) -> None:
    with holder(tmp_path, HOLD_LOCK) as process:
        time.sleep(3 * float(SHORT))
        (tmp_path / "go").touch()
        with leased(tmp_path / ".lock"):
            assert (tmp_path / "written").exists()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("prefix", [[], OWN_PIDS], ids=["same PIDs", "own PIDs"])
def test_killed_owner_is_followed_at_once(
    prefix: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holder(tmp_path, HOLD_LOCK, apart(prefix)) as process:
        pids = [process.pid, *children(process.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        monkeypatch.setenv(lease.SETTING, f"{lease.DAY - 1}")
        began = time.monotonic()
        with leased(tmp_path / ".lock"):
            assert time.monotonic() - began < PATIENCE


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_owner_on_another_machine_is_followed_once_it_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is as here, but its kernel is not: nothing but silence says that it has ended."""
    lock = tmp_path / ".lock"
    with monkeypatch.context() as there:
        there.setattr(lease, "boot", lambda: "another machine")
        os.close(lease._claimed(lock, 7))
    began = time.monotonic()
    with leased(lock):
        assert time.monotonic() - began >= float(SHORT)
        assert fence(lock) == 8
    with monkeypatch.context() as there:
        there.setattr(lease, "boot", lambda: "another machine")
        began = time.monotonic()
        with leased(lock):  # it was released, which every machine can see
            assert time.monotonic() - began < PATIENCE
            assert fence(lock) == 9


@pytest.mark.parametrize("shift", [-86_400, 86_400])
def test_wrong_clock_of_an_owner_changes_nothing(
    shift: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is dated by a clock that is a day off, and goes on being dated."""
    dated = os.utime
    lock = tmp_path / ".lock"
    with leased(lock):
        owner = lease.held(lock)
        assert isinstance(owner, lease.Lease)
        owner._done.set()  # the beats below are in its place
        taken = []
        monkeypatch.setattr(lease, "LONGEST_POLL", 0.02)

        def beat_until(seconds: float) -> None:
            number, end = 0, time.monotonic() + seconds
            while time.monotonic() < end:
                number += 1
                at = time.time() + shift + number / 100
                dated(lock, (at, at))
                time.sleep(0.05)

        other = subprocess.Popen(
            [sys.executable, "-c", HOLD + HOLD_LOCK, str(tmp_path)],
            env={**os.environ, lease.SETTING: SHORT},
        )
        try:
            beat_until(4 * float(SHORT))
            taken.append((tmp_path / "held").exists())
        finally:
            other.kill()
            other.wait()
    assert taken == [False]


def test_work_that_fails_after_a_take_over_says_so(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"

    def work() -> None:
        with leased(lock):
            os.close(lease._claimed(lock, 99))
            raise FileNotFoundError("what the successor removed")

    with pytest.raises(TakenOver, match="wrote nothing after that"):
        work()


def test_process_that_was_stopped_in_its_last_step_is_named(tmp_path: Path) -> None:
    code = 'with leased(work / ".lock"), final_step(work / ".lock"):\n'
    code += '    (work / "held").touch()\n    until("go")\n'
    with holder(tmp_path, code) as process:
        process.send_signal(signal.SIGSTOP)
        with (
            pytest.raises(TransientError, match=f"pid {process.pid} on"),
            leased(tmp_path / ".lock"),
        ):
            pass
        assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("prefix", [[], OWN_PIDS], ids=["same PIDs", "own PIDs"])
def test_sweep_leaves_the_scratch_of_a_living_worker(prefix: list[str], tmp_path: Path) -> None:
    """Also of one whose PID nobody here can see."""
    work = tmp_path / "lake" / ".work"
    with holder(tmp_path, HOLD_SCRATCH, apart(prefix)) as process:
        for _ in range(3):
            with scratch(work, "night") as own:
                assert len(list(work.iterdir())) == 2
            assert not own.exists()
        (tmp_path / "go").touch()
        assert process.communicate(timeout=PATIENCE)[0] == "kept\n"
    assert not list(work.iterdir())


@pytest.mark.parametrize("prefix", [[], OWN_PIDS], ids=["same PIDs", "own PIDs"])
def test_sweep_removes_the_scratch_of_a_killed_worker(prefix: list[str], tmp_path: Path) -> None:
    work = tmp_path / "lake" / ".work"
    with holder(tmp_path, HOLD_SCRATCH, apart(prefix)) as process:
        for pid in [process.pid, *children(process.pid)]:
            os.kill(pid, signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + PATIENCE
    while list(work.iterdir()) and time.monotonic() < deadline:
        with scratch(work, "night"):
            pass
    assert not list(work.iterdir())


def test_scratch_of_another_machine_is_left_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / ".work"
    with monkeypatch.context() as there:
        there.setattr(lease, "boot", lambda: "another machine")
        (work / "night-1").mkdir(parents=True)
        os.close(lease._claimed(work / "night-1" / lease.LEASE, 0))
    with scratch(work, "night"):
        assert (work / "night-1").exists()
    old = time.time() - lease.DAY - 60
    os.utime(work / "night-1" / lease.LEASE, (old, old))
    with scratch(work, "night"):
        assert not (work / "night-1").exists()


@pytest.mark.parametrize("text", ["soon", "0", "-1", "86400", "nan"])
def test_lease_that_is_no_time_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(lease.SETTING, text)
    with pytest.raises(SettingsError, match=lease.SETTING), leased(tmp_path / ".lock"):
        pass
