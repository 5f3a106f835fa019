"""Retention: what goes and what stays, under readers, after a kill; figures are never touched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from transforms import DATASETS, lease
from transforms import night as line
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from transforms.storage import sha256, write_json
from warehouse import publish, retention
from warehouse.build.build import build
from warehouse.questions import stored
from warehouse.retention.rules import RULES
from warehouse.versions import FILE, every, latest

OUTLOOK = Path(sys.executable).with_name("outlook")
KEY = "a key for tests of thirty-two ch"
NOW = datetime.now(UTC)
READER = """
import duckdb, sys
db = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.readline()
print(db.execute("SELECT count(*) FROM meta.night").fetchone()[0], flush=True)
"""


def settings_of(home: Path) -> Settings:
    return settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})


def tree(home: Path) -> set[str]:
    return {str(p.relative_to(home)) for p in home.rglob("*") if ".lock" not in p.name}


def rules(outcomes: list[retention.Outcome]) -> dict[str, int]:
    return {o.rule: o.items for o in outcomes if o.items}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one published version; nobody writes to it."""
    home = tmp_path_factory.mktemp("one")
    night = date(2022, 6, 30)
    write_sample(home / "exports", night, night, scale=0.003)
    for dataset in DATASETS:
        line.run(dataset, night, settings_of(home))
    build(settings_of(home))
    return home


@pytest.fixture
def many(one: Path, tmp_path: Path) -> Settings:
    """A home with a version of each of a hundred nights, three published again, all old."""
    home = tmp_path / "home"
    shutil.copytree(one / "published", home / "published", symlinks=True)
    published = home / "published"
    for back in range(100):
        name = f"{date(2022, 6, 30) - timedelta(back)}"
        for revision in ("", ".r2") if back in (3, 40, 91) else ("",):
            path = published / f"{name}{revision}"
            if not path.exists():
                shutil.copytree(published / "2022-06-30", path, copy_function=os.link)
            age(path, days=90 + back)
    return settings_of(home)


def age(path: Path, days: int) -> None:
    os.utime(path, (NOW.timestamp() - days * 86400,) * 2)


def test_versions_that_stay(many: Settings) -> None:
    outcomes = retention.clean(many, now=NOW)
    last = [f"{date(2022, 6, 30) - timedelta(back)}" for back in range(35)]
    last[3] += ".r2"  # a night's last revision is the one that counts
    ends = ["2022-03-31.r2", "2022-04-30"]
    assert sorted(p.name for p in every(many.published)) == sorted([*last, *ends])
    (told,) = [o for o in outcomes if o.rule == "versions"]
    assert told.items == 103 - 37
    assert told.bytes > told.items * 1_000_000
    assert latest(many.published) == (many.published / "2022-06-30").resolve()
    assert rules(retention.clean(many, now=NOW)) == {}


def test_a_dry_run_says_the_same_and_deletes_nothing(many: Settings) -> None:
    before = tree(many.home)
    told = retention.clean(many, dry_run=True, now=NOW)
    assert tree(many.home) == before
    assert retention.clean(many, now=NOW) == told


def test_young_versions_and_the_newest_stay(many: Settings) -> None:
    """Those made last are kept whatever their night: a history may have been loaded backwards."""
    young, newest = many.published / "2022-04-10", many.published / "2022-04-12"
    age(young, days=1)
    age(newest, days=30)
    retention.clean(many, now=NOW)
    assert young.is_dir() and newest.is_dir()
    assert not (many.published / "2022-04-11").exists()


@contextmanager
def reader(file: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", READER, str(file)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "open\n"
        yield process


def test_a_reader_in_another_process_is_not_disturbed(many: Settings) -> None:
    """It has an old version open: that stays until it ends; were it deleted, it would read on."""
    open_, gone = many.published / "2022-05-05", many.published / "2022-05-06"
    with reader(open_ / FILE) as looking, reader(gone / FILE) as unseen:
        publish.remove(gone, many.published)  # as if nobody could have seen that reader
        retention.clean(many, now=NOW)
        assert open_.is_dir()
        told = [unseen.communicate("\n")[0], looking.communicate("\n")[0]]
        assert told == ["3\n", "3\n"]  # three datasets of one night
        assert unseen.returncode == looking.returncode == 0
    retention.clean(many, now=NOW)
    assert not open_.exists()


def test_without_a_live_version_none_is_deleted(many: Settings) -> None:
    (many.published / "latest").unlink()
    before = every(many.published)
    assert "versions" not in rules(retention.clean(many, now=NOW))
    assert every(many.published) == before


def test_a_version_that_shows_a_frozen_edition_stays(many: Settings) -> None:
    edition = many.published / "editions" / "FY2022.r1"
    edition.mkdir(parents=True)
    write_json(edition / "manifest.json", {"edition": "FY2022", "revision": 1, "tables": {}})
    digest = sha256(edition / "manifest.json")
    for name in ("2022-04-10", "2022-04-12", "2022-04-14"):
        path = many.published / name / "manifest.json"
        about = json.loads(path.read_text()) | {"editions": {"FY2022.r1": digest}}
        path.unlink()  # the copies share their files
        write_json(path, about)
        age(path.parent, days=200)
    retention.clean(many, now=NOW)
    assert (many.published / "2022-04-10").is_dir()
    assert not (many.published / "2022-04-12").exists()


@pytest.mark.parametrize("killed_in", ["rename", "rmtree"])
def test_killed_while_a_version_goes(
    killed_in: str, many: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No half-deleted version is ever found, and the next run finishes."""
    with monkeypatch.context() as patch:

        def killed(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(*((os, "rename") if killed_in == "rename" else (shutil, "rmtree")), killed)
        with pytest.raises(KeyboardInterrupt):
            retention.clean(many, now=NOW)
    for path in every(many.published):
        assert {p.name for p in path.iterdir()} >= {FILE, "manifest.json"}
    retention.clean(many, now=NOW)
    assert not list(many.published.glob(".building-*"))
    assert len(every(many.published)) == 37


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights, the last delivered again with other rows, and published."""
    home, first = tmp_path_factory.mktemp("loaded"), date(2022, 6, 28)
    chosen = settings_of(home)
    write_sample(home / "exports", first, first + timedelta(2), scale=0.003)
    for back in (2, 1, 0):
        for dataset in DATASETS:
            line.run(dataset, first + timedelta(2 - back), chosen)
    last = home / "exports" / "2022-06-30"
    again = home / "exports" / "2022-06-30.r2"
    shutil.copytree(last, again)
    about = json.loads((again / "manifest.json").read_text())
    about["exported_at"] = "2022-07-01T09:00:00+05:00"
    lines = (again / "sellers.csv").read_text("utf-8-sig").splitlines(keepends=True)
    (again / "sellers.csv").write_text("".join(lines[:-1]), "utf-8-sig")
    for entry in about["files"]:
        if entry["name"] == "sellers.csv":
            entry.update(bytes=None, sha256=None, rows=entry["rows"] - 1)
    about["files"] = [{k: v for k, v in f.items() if v is not None} for f in about["files"]]
    (again / "manifest.json").write_text(json.dumps(about))
    receipt = line.run("sellers", date(2022, 6, 30), chosen)
    assert len(receipt.replaced) == 1
    build(chosen)
    return home


@pytest.fixture
def lake_home(loaded: Path, home: Path) -> Settings:
    shutil.copytree(loaded, home, symlinks=True, dirs_exist_ok=True)
    return settings()


def faults(chosen: Settings) -> list[str]:
    kinds = (stored.receipts, stored.parts, stored.folds, stored.published, stored.landed)
    return [fault for kind in kinds for fault in kind(chosen)]


def test_what_goes_of_the_lake_and_when(lake_home: Settings) -> None:
    lake = Lake(lake_home.lake)
    receipts = {d: lake.receipts(d) for d in DATASETS}
    tables = build(lake_home).manifest["tables"]
    landed = list(lake_home.landing.glob("????-??-??/[0-9a-f]*"))
    assert len(landed) >= 10  # of three datasets of three nights, and one file more
    orphan = lake_home.lake / lake.partition("sellers", date(2022, 6, 28), "0123456789ab")
    orphan.mkdir()
    (orphan / "rows.parquet").write_bytes(b"half")
    half = lake_home.lake / ".key.json.0123abcd.tmp"
    half.write_text("{")
    day = timedelta(days=1)

    assert rules(retention.clean(lake_home)) == {}
    assert rules(retention.clean(lake_home, now=NOW + 3 * day)) == {"orphans": 1, "scratch": 1}
    assert not orphan.exists()
    assert rules(retention.clean(lake_home, now=NOW + 64 * day)) == {}
    kept = [r for d in DATASETS for r in receipts[d] if r.rows.rejected]
    texts = [p for r in kept for p in lake.part_paths(r, "rejected")]
    assert texts
    gone = {"landed": len(landed), "rejected": len(texts)}
    assert rules(retention.clean(lake_home, now=NOW + 66 * day)) == gone
    assert not any(Path(path).exists() for path in texts)
    assert all(lake.is_whole(r) and lake.part_paths(r, "rejected") == [] for r in kept)
    told = subprocess.run([OUTLOOK, "rejected"], capture_output=True, text=True)
    assert told.returncode == 0
    assert f"{len(kept)} exports have rejected rows that retention has deleted" in told.stderr
    for dataset in DATASETS:  # the same night again: nothing has changed
        line.run(dataset, date(2022, 6, 28), lake_home)
    (old,) = [r for r in lake.replaced("sellers", "") if not isinstance(r, Exception)]
    assert lake.is_whole(old) and lake.kept_parts(old) == list(old.parts)
    landed = list(lake_home.landing.glob("????-??-??/[0-9a-f]*"))
    gone = {"landed": len(landed), "replaced": 1}
    assert rules(retention.clean(lake_home, now=NOW + 91 * day)) == gone
    assert lake.kept_parts(old) == []

    assert faults(lake_home) == []
    assert {d: lake.receipts(d) for d in DATASETS} == receipts
    again = build(lake_home, full=True)
    assert again.manifest["tables"] == tables


def test_a_night_that_does_not_count_keeps_its_bytes_longer(lake_home: Settings) -> None:
    night = date(2022, 6, 29)
    lake = Lake(lake_home.lake)
    receipt = lake.receipt("listings", night)
    assert receipt
    lake.write_receipt(replace(receipt, status="held", reason="too few"))
    retention.clean(lake_home, now=NOW + timedelta(days=100))
    left = [p.name[17:] for p in (lake_home.landing / f"{night}").iterdir()]
    assert left == ["listings.csv.gz"]
    retention.clean(lake_home, now=NOW + timedelta(days=181))
    assert not list((lake_home.landing / f"{night}").iterdir())


def test_a_damaged_receipt_stops_the_cleaning_of_the_lake(lake_home: Settings) -> None:
    path = lake_home.lake / "receipts" / "sellers" / "2022-06-28.json"
    path.write_text("{}x")
    before = tree(lake_home.home)
    done = subprocess.run([OUTLOOK, "clean", "--quiet"], capture_output=True, text=True)
    assert done.returncode == 6
    assert "cannot be read" in done.stderr
    assert tree(lake_home.home) == before


def test_partitions_of_a_night_without_a_receipt_are_left(lake_home: Settings) -> None:
    """The receipt may have been lost; the doctor names the night."""
    (lake_home.lake / "receipts" / "sellers" / "2022-06-28.json").unlink()
    retention.clean(lake_home, now=NOW + timedelta(days=400))
    assert list((lake_home.lake / "sellers" / "2022-06-28").glob("*/rows.parquet"))
    assert any("no receipt" in fault for fault in stored.receipts(lake_home))


def test_scratch_of_a_run_that_lives_stays(lake_home: Settings) -> None:
    with lease.scratch(lake_home.work, "night") as alive:
        dead = lake_home.work / "night-999999999-0123abcd"
        dead.mkdir()
        for path in (alive, dead):
            age(path, days=5)
        outcomes = retention.clean(lake_home, now=NOW)
        assert rules(outcomes) == {"scratch": 1}
        assert alive.is_dir() and not dead.exists()


def test_the_command_says_what_it_would_do(lake_home: Settings) -> None:
    done = subprocess.run([OUTLOOK, "clean", "--dry-run"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "nothing was deleted" in done.stdout
    told = subprocess.run([OUTLOOK, "clean", "--json"], capture_output=True, text=True)
    found = json.loads(told.stdout)
    assert {r["rule"] for r in found["rules"]} == set(RULES) - {"airflow"}
    assert all({"items", "bytes", "why", "names"} <= set(r) for r in found["rules"])
