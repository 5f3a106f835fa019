"""Kill: a night killed at any moment leaves a whole version live, and a plain retry heals it.

Three moments by default; `OUTLOOK_TEST_KILLS=20` tries twenty, in about two minutes.
"""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import pytest

from transforms import DATASETS, storage
from transforms import night as line
from transforms.lake import Lake, history
from transforms.place import folder as of_folder
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from transforms.storage import sha256
from warehouse import versions
from warehouse.build.build import build, content_hashes

KEY = "a key for tests, longer than thirty-two characters"
FIRST = date(2022, 6, 27)
NIGHT = FIRST + timedelta(4)  # the first of a new fiscal year
SEED = 1
KILLS = int(os.environ.get("OUTLOOK_TEST_KILLS", "3"))
OUTLOOK = Path(sys.executable).with_name("outlook")
PATIENCE = 3600  # seconds: only what hangs takes so long, however busy the machine is


@dataclass
class Ground:
    """Where kills happen: a home to copy, what an unkilled run makes of it, how long that takes."""

    prepared: Path
    exports: Path
    expected: dict[str, Any]
    seconds: float
    killed: list[str] = field(default_factory=list)

    def moments(self) -> list[float]:
        """Seconds after its work has begun, one at random in each of so many equal stretches."""
        chance = random.Random(SEED)
        stretch = self.seconds / KILLS
        return [(i + chance.random()) * stretch for i in range(KILLS)]


def environment(home: Path, exports: Path) -> dict[str, str]:
    return {"OUTLOOK_HOME": str(home), "OUTLOOK_EXPORTS": str(exports), "OUTLOOK_KEY": KEY}


def settings_of(home: Path, exports: Path) -> Settings:
    return settings(environment(home, exports))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("ground")
    exports, prepared = folder / "exports", folder / "prepared"
    write_sample(exports, FIRST, NIGHT, scale=0.003)
    chosen = settings_of(prepared, exports)
    for night in (FIRST + timedelta(n) for n in range((NIGHT - FIRST).days)):
        for dataset in DATASETS:
            assert line.run(dataset, night, chosen).status == "ok"
    build(chosen)
    # A run begins by making it anew: that is how its first moment is seen.
    shutil.rmtree(chosen.work)
    unkilled = [copytree(prepared, folder / name, symlinks=True) for name in ("first", "second")]
    runs = [run(home, exports, None) for home in unkilled]
    assert [code for code, _ in runs] == [0, 0]
    first, second = (content(settings_of(home, exports)) for home in unkilled)
    assert first == second, "two runs that nobody disturbed differ"
    # The first run on a machine is slow: it reads everything from disk.
    found = Ground(prepared, exports, first, min(seconds for _, seconds in runs))
    yield found
    print(f"{len(found.killed)} of {KILLS} killed within {found.seconds:.2f} s of work:")
    print("\n".join(found.killed))


def run(home: Path, exports: Path, kill_after: float | None) -> tuple[int, float]:
    """Runs the night; exit code, and seconds from the first file of its work to its end.

    `kill_after` so many of those seconds it is killed by a signal that it cannot catch.
    """
    process = subprocess.Popen(
        [OUTLOOK, "run", "--date", f"{NIGHT}", "--quiet"],
        env={**os.environ, **environment(home, exports)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        work = settings_of(home, exports).work
        while not work.exists() and process.poll() is None:
            assert time.monotonic() < deadline, "the run did not begin"
            time.sleep(0.001)
        begun = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        code = process.wait(PATIENCE)
        return code, time.monotonic() - begun
    finally:
        process.kill()
        process.wait()


# What a home holds


@cache
def hashes_of(file: Path, modified_ns: int) -> dict[str, str]:
    with duckdb.connect(str(file), read_only=True) as db:
        return content_hashes(db, "outlook")


def hashes(folder: Path) -> dict[str, str]:
    """Content of a published version, as a reader finds it."""
    file = folder / versions.FILE
    return hashes_of(file, file.stat().st_mtime_ns)


def rows_in(path: Path) -> Any:
    """Hash of the rows of a fold, free of their order: that is not promised."""
    query = "SELECT count(*), sum(hash(t)::HUGEINT) FROM read_parquet(?) AS t"
    return duckdb.execute(query, [str(path)]).fetchone()


def content(chosen: Settings) -> dict[str, Any]:
    """What is published and what is in the lake, without the times at which it was made.

    A receipt names its parts with their hashes, which `assert_whole` compares with their bytes.
    """
    live = versions.latest(chosen.published)
    assert live is not None
    found: dict[str, Any] = {
        "export_date": versions.manifest(live)["export_date"],
        "tables": versions.manifest(live)["tables"],
    }
    lake = Lake(chosen.lake)
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            made = ("started_at", "seconds")
            found[f"{dataset} {receipt.export_date}"] = {
                name: value for name, value in receipt.as_json().items() if name not in made
            }
        for link in history.chain(lake, dataset):
            folder = chosen.lake / lake.history(dataset, link.night)
            rows = {path.stem: rows_in(path) for path in folder.glob("*.parquet")}
            found[f"fold of {dataset} {link.night}"] = (link.name, rows)
    return found


def assert_whole(chosen: Settings) -> None:
    """What is live is one whole version, and every receipt names parts that are there."""
    live = versions.latest(chosen.published)
    assert live is not None
    assert versions.manifest(live)["export_date"] in (f"{NIGHT - timedelta(1)}", f"{NIGHT}")
    named = json.loads((chosen.published / "latest.json").read_text("utf-8"))["folder"]
    visible = [p for p in chosen.published.iterdir() if p.is_dir() and not p.name.startswith(".")]
    assert {live.name, named} <= {p.name for p in visible}
    for folder in visible:
        assert hashes(folder) == versions.manifest(folder)["tables"], folder
        assert not (folder / f"{versions.FILE}.wal").exists()
    lake = Lake(chosen.lake)
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            for part in receipt.parts:
                assert sha256(chosen.lake / part.path) == part.sha256, part.path


def debris(chosen: Settings) -> list[str]:
    """Unfinished things: scratch, half a version, a name that was to be renamed."""
    found = list(chosen.work.iterdir()) if chosen.work.is_dir() else []
    found += [
        p for p in chosen.published.iterdir() if p.name.startswith((".building-", ".latest-"))
    ]
    return sorted(str(p.relative_to(chosen.home)) for p in found)


def unfinished_files(chosen: Settings) -> list[str]:
    """Files that were being written and have not got their names."""
    return sorted(
        str(p.relative_to(chosen.home))
        for p in chosen.home.rglob(".*")
        if p.is_file() and p.suffix in (".tmp", ".part")
    )


def standing(chosen: Settings) -> str:
    """How far the night had come when it was killed."""
    lake = Lake(chosen.lake)
    loaded = [d for d in DATASETS if lake.receipt(d, NIGHT)]
    folded = [d for d in DATASETS if lake.place.has(lake.history(d, NIGHT) / "fold.json")]
    live = versions.latest(chosen.published)
    assert live is not None
    return (
        f"{len(loaded)} loaded, {len(folded)} folded, debris {debris(chosen) or 'none'}, "
        f"unfinished {unfinished_files(chosen) or 'none'}, live {live.name}"
    )


# The kills


def killed_at(moment: float, ground: Ground, folder: Path) -> tuple[Path, int]:
    """A home in which a night was killed at that moment of its work, and the exit code."""
    home = folder / f"{moment:.6f}"
    copytree(ground.prepared, home, symlinks=True)
    return home, run(home, ground.exports, moment)[0]


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_night_leaves_a_whole_version_and_is_healed_by_running_it_again(
    number: int, ground: Ground, tmp_path: Path
) -> None:
    moment = ground.moments()[number]
    home, code = killed_at(moment, ground, tmp_path)
    while code == 0:  # done before it could be killed: the machine is faster than it was
        moment /= 2
        home, code = killed_at(moment, ground, tmp_path)
    assert code == -9, "it was not we who ended it"
    chosen = settings_of(home, ground.exports)
    ground.killed.append(f"  after {moment:.3f} s: {standing(chosen)}")
    assert_whole(chosen)

    assert run(home, ground.exports, None)[0] == 0
    assert_whole(chosen)
    assert content(chosen) == ground.expected
    assert debris(chosen) == []


def test_kills_fell_into_the_work(ground: Ground) -> None:
    """Else nothing was tried above. Runs after the kills."""
    assert len(ground.killed) == KILLS


def test_night_after_a_full_build_that_was_killed_is_published(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it clears the history, it leaves folds of which only some files are there."""
    home = copytree(ground.prepared, tmp_path / "home", symlinks=True)
    chosen = settings_of(home, ground.exports)

    def killed_after_one_file(folder: Path, ignore_errors: bool = False) -> None:
        (sorted(folder.iterdir())[0] / "changes.parquet").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed_after_one_file)
        with pytest.raises(KeyboardInterrupt):
            build(chosen, full=True)
    assert_whole(chosen)

    for dataset in DATASETS:
        line.run(dataset, NIGHT, chosen)
    build(chosen)
    assert_whole(chosen)
    assert content(chosen) == ground.expected


def test_second_run_of_a_night_killed_beside_the_first_takes_nothing_away(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs of one night at once, as a backfill and a scheduler start them; one is killed.

    The receipt of the first names the parts that the second is about to put in place again.
    """
    home = copytree(ground.prepared, tmp_path / "home", symlinks=True)
    chosen = settings_of(home, ground.exports)
    read_it, put_it = line.Attempt.read, storage.put_folder

    def read_while_another_run_finishes(*arguments: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(line.Attempt, "read", read_it)
            patch.setattr(of_folder, "put_folder", put_it)
            line.load("sellers", NIGHT, chosen)
        return read_it(*arguments)

    def killed_before_the_rename(made: Path, target: Path, *_: Any) -> None:
        if target.exists():
            shutil.rmtree(target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(line.Attempt, "read", read_while_another_run_finishes)
        patch.setattr(of_folder, "put_folder", killed_before_the_rename)
        line.load("sellers", NIGHT, chosen)

    for dataset in DATASETS:
        line.run(dataset, NIGHT, chosen)
    build(chosen)
    assert_whole(chosen)
    assert content(chosen) == ground.expected
