"""Two runs of one night at once, as a backfill and a scheduler start them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from transforms import night as line
from transforms.errors import TakenOver
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import Settings, settings

NIGHT = date(2022, 6, 30)


@pytest.fixture
def chosen(home: Path) -> Settings:
    """A night delivered without a manifest: nothing says when it was exported."""
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.003)
    (home / "exports" / f"{NIGHT}" / "manifest.json").unlink()
    return settings()


def while_at_work(monkeypatch: pytest.MonkeyPatch, then: Any) -> None:
    """Lets something happen once, after the next run has read the night and before its commit."""
    read = line.Attempt.read

    def and_then(*arguments: Any) -> Any:
        monkeypatch.setattr(line.Attempt, "read", read)
        receipt = read(*arguments)
        then()
        return receipt

    monkeypatch.setattr(line.Attempt, "read", and_then)


def test_older_bytes_do_not_replace_what_another_run_loaded_meanwhile(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    [path] = (chosen.home / "exports" / f"{NIGHT}").glob("sellers*")
    whole, lake = path.read_bytes(), Lake(chosen.lake)

    def corrected() -> None:
        path.write_bytes(whole + whole.splitlines(keepends=True)[-1])
        line.load("sellers", NIGHT, chosen)

    while_at_work(monkeypatch, corrected)
    with pytest.raises(TakenOver, match="another run loaded other bytes of this night"):
        line.load("sellers", NIGHT, chosen)
    loaded = lake.receipt("sellers", NIGHT)
    assert loaded is not None and (loaded.rows.duplicate or 0) >= 1
    # Run again, it loads what is there.
    assert line.load("sellers", NIGHT, chosen).content == loaded.content


def test_same_bytes_are_written_once(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = chosen.lake / "receipts" / "sellers" / f"{NIGHT}.json"
    written: list[bytes] = []

    def first() -> None:
        line.load("sellers", NIGHT, chosen)
        written.append(path.read_bytes())

    while_at_work(monkeypatch, first)
    assert line.load("sellers", NIGHT, chosen).status == "ok"
    assert [path.read_bytes()] == written
