"""A fast sample of the long batteries in this folder; `make faults` runs them whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import clocks
from tests.faults.injector import TOOLS, built

ROOT = Path(__file__).parents[2]


@pytest.fixture
def injector(tmp_path: Path) -> None:
    try:
        built(tmp_path)
    except FileNotFoundError as error:
        pytest.skip(f"NO FAULTS WERE INJECTED: {error} is absent")


def battery(name: str, *words: str) -> str:
    """Runs a battery in a process of its own, which it forks; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{name}", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.usefixtures("injector")
def test_fault_at_a_file_operation_is_healed_by_the_plain_retry() -> None:
    told = battery("every_operation", "sellers", "build", "--every", "80", "--kinds", "kill", "eio")
    assert told.count("violations 0") == 4, told


def test_stopped_run_that_wakes_after_its_successor_writes_nothing() -> None:
    assert "violations 0" in battery("zombies", "--rounds", "0", "--moments", "2")


def test_clock_and_zone_of_a_machine_change_nothing() -> None:
    try:
        clocks.library()
    except FileNotFoundError as error:
        pytest.skip(f"NO CLOCK WAS SET: libfaketime ({error}) is not installed")
    assert "violations 0" in battery("clocks", "--every", "15")


@pytest.mark.usefixtures("injector")
def test_night_that_was_struck_is_equal_to_its_twin() -> None:
    assert "violations 0" in battery("soak", "--nights", "1")


@pytest.mark.usefixtures("injector")
def test_every_rename_is_of_what_is_on_disk() -> None:
    """A power cut may lose or reorder whatever was not synced."""
    if not (TOOLS / "fsync_order.py").is_file():
        pytest.skip(f"THE ORDER OF SYNCS WAS NOT TESTED: {TOOLS / 'fsync_order.py'} is absent")
    assert "violations 0" in battery("power", "sellers")
