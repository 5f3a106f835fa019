"""An upgrade folds history again only when its rules have changed, says so, and can be stopped."""

import logging
import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path, PurePosixPath
from shutil import copy, copytree, rmtree
from typing import Any

import pytest

from tests.bench.grown import grow
from tests.faults.injector import KILLED, forked
from transforms import night as line
from transforms import storage
from transforms.errors import Damaged
from transforms.lake import Lake, history, months
from transforms.lake.account import OF_A_FOLD, file_of_fold
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from transforms.storage import read_json, sha256, write_json

NIGHT = date(2022, 6, 10)
NIGHTS = 24  # over the end of a month
KILLED_AFTER = 10


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a folded history of sellers."""
    home = tmp_path_factory.mktemp("folded")
    chosen = of(home)
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.003)
    assert line.load("sellers", NIGHT, chosen).is_usable
    grow(Lake(chosen.lake), NIGHTS)
    settle(chosen)
    return home


def of(home: Path) -> Settings:
    return settings({"OUTLOOK_HOME": f"{home}", "OUTLOOK_KEY": "a key for tests of thirty-two ch"})


def settle(chosen: Settings) -> None:
    lake = Lake(chosen.lake)
    with lake.lock("sellers"):
        line.settle(lake, "sellers", chosen)


def counted(
    monkeypatch: pytest.MonkeyPatch, then: Callable[[int], object] = lambda made: None
) -> list[Any]:
    """The folders of the folds that are put in place from now on."""
    put: list[Any] = []
    own = storage.put_folder

    def put_folder(*arguments: Any) -> None:
        own(*arguments)
        if not months.is_one(PurePosixPath(arguments[1])):
            put.append(arguments[1])
            then(len(put))

    monkeypatch.setattr("transforms.place.folder.put_folder", put_folder)
    return put


def accounts(chosen: Settings) -> dict[str, Any]:
    folders = (chosen.lake / "history" / "sellers").glob("????-??-??")
    return {f.name: read_json(f / OF_A_FOLD, "") for f in folders}


def test_the_same_rules_fold_nothing_again(
    folded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = of(copytree(folded, tmp_path / "home"))
    put = counted(monkeypatch)
    settle(chosen)
    assert put == [] and len(accounts(chosen)) == NIGHTS


def test_other_rules_fold_all_again_and_a_kill_costs_one_fold(
    folded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = of(copytree(folded, tmp_path / "home"))
    before = accounts(chosen)
    monkeypatch.setattr(history, "rules", lambda dataset: f"other rules of {dataset}")
    caplog.set_level(logging.INFO)

    def until_killed() -> None:
        def kill(made: int) -> None:
            if made == KILLED_AFTER:
                os.kill(os.getpid(), signal.SIGKILL)

        with pytest.MonkeyPatch.context() as patch:
            counted(patch, kill)
            settle(chosen)

    assert forked(until_killed) == KILLED
    put = counted(monkeypatch)
    settle(chosen)
    # The state before the first fold that is left was kept: no fold is made twice.
    assert len(put) == NIGHTS - KILLED_AFTER
    first, *_, last = caplog.messages
    assert f"{NIGHTS - KILLED_AFTER} nights" in first and "rules" in first and "stopped" in first
    assert "3 of 14 nights are folded; about 0:00:" in last
    after = accounts(chosen)
    assert [a["files"] for a in after.values()] == [a["files"] for a in before.values()]
    assert not {a["name"] for a in after.values()} & {a["name"] for a in before.values()}
    states = {p.parent.name for p in (chosen.lake / "history").rglob("ledger.parquet")}
    assert len(states) == history.KEPT_STATES + 1, "and that of 31 May"
    put.clear()
    settle(chosen)
    assert put == []


def test_a_correction_after_a_roll_back_starts_from_no_state_of_other_rules(
    folded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other rules folded a few nights again, were stopped, and went; then a night was corrected."""
    chosen = of(copytree(folded, tmp_path / "home"))
    lake, folders = Lake(chosen.lake), sorted((chosen.lake / "history" / "sellers").glob("*-*-*"))
    before = accounts(chosen)
    ledger = folders[-4] / "ledger.parquet"
    copy(folders[-6] / "ledger.parquet", ledger)  # as other rules may make it
    told = before[folders[-4].name]
    files = {**told["files"], ledger.name: sha256(ledger)}
    write_json(folders[-4] / OF_A_FOLD, {**told, "name": "of other rules", "files": files})
    link = history.chain(lake, "sellers")[-4]
    with pytest.raises(Damaged, match="by other rules"):
        file_of_fold(lake, "sellers", link, ledger.name)
    rmtree(folders[-3])
    history.state_after(lake, "sellers", link.night, chosen)
    assert accounts(chosen)[folders[-4].name] == before[folders[-4].name]
    settle(chosen)
    assert accounts(chosen) == before


def test_while_it_is_made_again_a_history_takes_no_more_room(
    folded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = of(copytree(folded, tmp_path / "home"))
    monkeypatch.setattr(history, "rules", lambda dataset: "other rules")
    most: list[int] = []
    ledgers = (chosen.lake / "history").rglob
    counted(monkeypatch, lambda made: most.append(len(list(ledgers("ledger.parquet")))))
    settle(chosen)
    assert max(most) <= 2 * (history.KEPT_STATES + 1)


def test_a_history_of_older_code_is_made_again_once_and_says_why(
    folded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = of(copytree(folded, tmp_path / "home"))
    for name, account in accounts(chosen).items():
        old = {k: v for k, v in account.items() if k != "rules"} | {"name": f"old {name}"}
        write_json(chosen.lake / "history" / "sellers" / name / OF_A_FOLD, old)
    rmtree(chosen.lake / "history" / "sellers" / "2022-05")  # older code made none
    put = counted(monkeypatch)
    caplog.set_level(logging.INFO)
    settle(chosen)
    assert len(put) == NIGHTS
    assert "older code, which did not note its rules" in caplog.messages[0]
    caplog.clear()
    settle(chosen)
    assert len(put) == NIGHTS and caplog.messages == []
