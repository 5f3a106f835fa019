"""Backup and restore: a machine is lost, and what comes back is equal."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from transforms import DATASETS, engine
from transforms import night as line
from transforms.errors import Damaged, SettingsError
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from transforms.storage import sha256, write_json
from warehouse import versions
from warehouse.backup.make import make
from warehouse.backup.restore import restore
from warehouse.backup.store import KEPT, Entry, Store
from warehouse.build.build import build
from warehouse.editions import freeze
from warehouse.questions import stored

OUTLOOK = Path(sys.executable).with_name("outlook")
KEY = "a key for tests of thirty-two ch"
FIRST, LAST = date(2022, 6, 29), date(2022, 7, 2)


def settings_of(home: Path, key: str = KEY) -> Settings:
    return settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": key})


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha256(p) for p in folder.rglob("*") if p.is_file()}


def vintages_of(version: Path) -> list[dict[str, Any]]:
    with engine.read_only(version / versions.FILE) as db:
        return engine.rows(db, "FROM meta.vintage")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four nights over the end of a fiscal year, one edition frozen; nobody writes to it."""
    home = tmp_path_factory.mktemp("loaded")
    chosen = settings_of(home)
    # The calendar of what was due must come back too: else the nights of June would be missing.
    month = date(2022, 5, 31)
    write_sample(home / "exports", month, month, scale=0.003, every="month")
    write_sample(home / "exports", FIRST, LAST, scale=0.003)
    for night in (month, *(FIRST + timedelta(back) for back in range((LAST - FIRST).days + 1))):
        for dataset in DATASETS:
            line.load(dataset, night, chosen)
    build(chosen)
    freeze.freeze(chosen, "FY2022", by="an author", reason="a test")
    build(chosen)
    return home


@pytest.fixture
def at_home(loaded: Path, tmp_path: Path) -> Settings:
    return settings_of(Path(shutil.copytree(loaded, tmp_path / "home", symlinks=True)))


def test_the_machine_is_lost(at_home: Settings, tmp_path: Path) -> None:
    """By the two commands: every published table and the frozen edition are equal afterwards."""
    lost, target = at_home.home, tmp_path / "backup"
    built = build(at_home)
    tables, earlier = versions.manifest(built.folder)["tables"], vintages_of(built.folder)
    assert len({row["built_at"] for row in earlier}) > 1
    edition = tree(at_home.published / "editions")
    receipts = {d: Lake(at_home.lake).receipts(d) for d in DATASETS}
    environ = {**os.environ, "OUTLOOK_HOME": str(lost), "OUTLOOK_KEY": KEY}

    def outlook(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(OUTLOOK), *map(str, words)]
        return subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)

    done = outlook("backup", target)
    assert done.returncode == 0, done.stderr
    assert "The key is not in the backup" in done.stderr
    for path in target.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0 or path.name.endswith((".json", ".lock"))
    assert target.stat().st_mode & 0o077 == 0

    shutil.rmtree(lost)
    done = outlook("restore", target, "--json")
    assert done.returncode == 0, done.stderr
    back = settings_of(lost)
    told = json.loads(done.stdout)
    live = versions.live(back.published)
    assert live is not None and str(live) == told["published"]
    assert versions.manifest(live)["tables"] == tables
    assert vintages_of(live) == earlier
    assert tree(back.published / "editions") == edition
    assert {d: Lake(back.lake).receipts(d) for d in DATASETS} == receipts
    kinds = (stored.receipts, stored.parts, stored.folds, stored.published, stored.editions)
    assert [fault for kind in kinds for fault in kind(back)] == []
    for path in back.lake.rglob("rejected.parquet"):
        assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0
    # It refuses to write over what is there now.
    assert outlook("restore", target).returncode == 2


def test_a_second_backup_copies_what_is_new(at_home: Settings, tmp_path: Path) -> None:
    first = make(at_home, tmp_path / "b")
    assert first.new_files > 20
    later = datetime.now(UTC) + timedelta(hours=1)
    again = make(at_home, tmp_path / "b", now=later)
    assert (again.files, again.new_files) == (first.files, 0)
    assert len(Store(tmp_path / "b").snapshots()) == 2


def test_a_night_loaded_meanwhile_is_whole_or_absent(
    at_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its receipt comes after the receipts were read, and its parts while parts are copied."""
    lake = Lake(at_home.lake)
    write_sample(at_home.home / "more", LAST + timedelta(1), LAST + timedelta(1), scale=0.003)
    shutil.copytree(at_home.home / "more", at_home.home / "exports", dirs_exist_ok=True)
    put = Store.put
    nights: list[object] = []

    def put_slowly(self: Store, *of: object) -> bool:
        if not nights:
            nights.append(line.load("sellers", LAST + timedelta(1), at_home))
        return put(self, *of)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "put", put_slowly)
    make(at_home, tmp_path / "b")
    assert lake.receipt("sellers", LAST + timedelta(1))
    fresh = settings_of(tmp_path / "fresh")
    restore(fresh, tmp_path / "b")
    assert Lake(fresh.lake).receipt("sellers", LAST + timedelta(1)) is None
    assert list(stored.parts(fresh)) == []


def test_what_retention_deletes_meanwhile_is_no_fault(
    at_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part goes after the receipts were read, and before it is copied."""
    lake, put = Lake(at_home.lake), Store.put
    receipts = (r for d in DATASETS for r in lake.receipts(d))
    parts = (p for r in receipts for p in r.parts if p.part != "rows")
    gone = [at_home.lake / next(parts).path]

    def put_late(self: Store, source: Path, entry: Entry) -> bool:
        for path in gone:
            write_json(path.with_suffix(".deleted"), {"why": "a test"})
            path.unlink(missing_ok=True)
        return put(self, source, entry)

    monkeypatch.setattr(Store, "put", put_late)
    assert make(at_home, tmp_path / "b").faults == []
    fresh = settings_of(tmp_path / "fresh")
    restore(fresh, tmp_path / "b")
    assert list(stored.parts(fresh)) == []


def test_an_interrupted_restore_is_run_again(
    at_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(at_home, tmp_path / "b")
    fresh = settings_of(tmp_path / "fresh")
    done: list[object] = []
    replace_, limit = os.replace, 15

    def killed(*of: object) -> None:
        if len(done) == limit:
            raise KeyboardInterrupt
        done.append(of)
        replace_(*of)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            restore(fresh, tmp_path / "b")
    assert not list((fresh.lake / "receipts").rglob("*.json"))  # no night counts yet
    restore(fresh, tmp_path / "b")
    before = tree(at_home.lake / "receipts")
    assert tree(fresh.lake / "receipts") == before


def test_the_calendar_goes_where_it_is_read(at_home: Settings, tmp_path: Path) -> None:
    """Of a source that is elsewhere the lake has a copy; another one that is there stays."""
    make(at_home, tmp_path / "b")
    calendar = (at_home.home / "exports" / "calendar.json").read_bytes()
    environ = {"OUTLOOK_HOME": str(tmp_path / "away"), "OUTLOOK_KEY": KEY}
    away = settings({**environ, "OUTLOOK_EXPORTS": "https://exports.example/outlook"})
    restore(away, tmp_path / "b")
    assert (away.lake / "beside" / "calendar.json").read_bytes() == calendar

    fresh = settings_of(tmp_path / "fresh")
    (fresh.home / "exports").mkdir(parents=True)
    (fresh.home / "exports" / "calendar.json").write_text("[]")
    restored = restore(fresh, tmp_path / "b")
    assert restored.left == (str(fresh.home / "calendar.json.restored"),)
    assert (fresh.home / "calendar.json.restored").read_bytes() == calendar
    assert (fresh.home / "exports" / "calendar.json").read_text() == "[]"


def test_a_damaged_backup_is_found(at_home: Settings, tmp_path: Path) -> None:
    make(at_home, tmp_path / "b")
    part = Lake(at_home.lake).receipts("listings")[0].parts[0]
    kept = Store(tmp_path / "b").path(part.sha256)
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match="is not what was backed up"):
        restore(settings_of(tmp_path / "fresh"), tmp_path / "b")
    assert not list((tmp_path / "fresh" / "lake" / "receipts").rglob("*.json"))


def test_a_damaged_part_does_not_replace_the_good_copy(at_home: Settings, tmp_path: Path) -> None:
    make(at_home, tmp_path / "b")
    lake = Lake(at_home.lake)
    part = lake.receipts("listings")[0].parts[0]
    path = at_home.lake / part.path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    make(at_home, tmp_path / "b", now=datetime.now(UTC) + timedelta(hours=1))
    restore(settings_of(tmp_path / "fresh"), tmp_path / "b")
    with pytest.raises(Damaged, match="1 files are damaged"):
        make(at_home, tmp_path / "other")
    assert len(Store(tmp_path / "other").snapshots()) == 1


def test_what_is_refused(at_home: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is inside"):
        make(at_home, at_home.home / "backup")
    with pytest.raises(SettingsError, match="holds no night"):
        make(settings_of(tmp_path / "none"), tmp_path / "b")
    with pytest.raises(SettingsError, match="holds no backup"):
        restore(settings_of(tmp_path / "fresh"), tmp_path / "b")
    make(at_home, tmp_path / "b")
    with pytest.raises(SettingsError, match="OUTLOOK_KEY is not the key"):
        restore(settings_of(tmp_path / "fresh", "another key of thirty-two chars."), tmp_path / "b")
    with pytest.raises(SettingsError, match="OUTLOOK_KEY is not set"):
        restore(replace(settings_of(tmp_path / "fresh"), key=None), tmp_path / "b")
    with pytest.raises(SettingsError, match="has no snapshot"):
        restore(settings_of(tmp_path / "fresh"), tmp_path / "b", "yesterday")
    assert not (tmp_path / "fresh").exists()


def test_old_snapshots_go_and_what_only_they_list(at_home: Settings, tmp_path: Path) -> None:
    store, now = Store(tmp_path / "b"), datetime(2022, 7, 3, tzinfo=UTC)
    make(at_home, store.root, now)
    release = at_home.lake / "releases" / "sellers" / "2022-06-29.json"
    Lake(at_home.lake).write_release("sellers", FIRST, {"content": "x", "by": "me"})
    make(at_home, store.root, now + timedelta(days=1))
    gone = store.path(sha256(release))
    assert gone.is_file()
    release.unlink()
    for later in range(2, KEPT + 2):
        make(at_home, store.root, now + timedelta(days=later))
    assert len(store.snapshots()) == KEPT
    assert not gone.exists()
    restore(settings_of(tmp_path / "fresh"), store.root)
