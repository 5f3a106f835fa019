"""Publication: readers see one whole version, old or new, whatever is published meanwhile.

Twelve publications under two readers; `OUTLOOK_TEST_PUBLICATIONS=200` makes more, under four.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import pytest

from tests.oracle import truth
from transforms import DATASETS, backfill
from transforms import night as line
from transforms.errors import PublishError
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse import cli, versions
from warehouse.build import build as builder
from warehouse.build.build import build, content_hashes
from warehouse.models import Check, Model, models

KEY = "a key for tests, longer than thirty-two characters"
FIRST = date(2022, 6, 18)
NIGHTS = 16  # over the end of a fiscal year; three of them cannot be published
PUBLICATIONS = int(os.environ.get("OUTLOOK_TEST_PUBLICATIONS", "12"))
READERS = 2 if PUBLICATIONS == 12 else 4
PATIENCE = 3600  # seconds: only what hangs takes so long, however busy the machine is
LEAST_READS = 24
LEAST_VERSIONS = 5
REPORT = (
    "headline",
    "sellers_by_city",
    "sellers_by_category",
    "listings_by_category",
    "inquiries_by_country",
    "seller_growth",
)
NEWEST_AS_OF = (
    "SELECT max(as_of) FROM ("
    + " UNION ALL ".join(f"SELECT as_of FROM report.{table}" for table in REPORT)
    + ")"
)

Read = dict[str, Any]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, FIRST, FIRST + timedelta(NIGHTS - 1), scale=0.003)
    return folder


# Readers beside a writer


def environment(home: Path, exports: Path) -> dict[str, str]:
    return {"OUTLOOK_HOME": str(home), "OUTLOOK_EXPORTS": str(exports), "OUTLOOK_KEY": KEY}


def load(nights: list[date], chosen: Settings) -> str | None:
    """Loads nights as `outlook run` does; the gravest status, None where all of them count."""
    return backfill.worst([line.run(d, night, chosen) for night in nights for d in DATASETS])


def publish_each(environ: dict[str, str], nights: list[date], made: Path) -> None:
    """Loads and publishes night after night, as a scheduler would, then the last one again and
    again; a process of its own."""
    chosen = settings(environ)
    published = [build(chosen).folder.name for night in nights if load([night], chosen) is None]
    while len(published) < PUBLICATIONS:
        published.append(build(chosen, full=True).folder.name)
    made.write_text(json.dumps(published), "utf-8")


def what_it_says(db: duckdb.DuckDBPyConnection, pause: float = 0.0) -> Read:
    """What one connection tells of the version it reads, from four corners of the file."""

    def one(query: str) -> tuple[Any, ...]:
        row = db.execute(query).fetchone()
        assert row is not None
        return row

    run_id, export_date = one("SELECT run_id, export_date FROM meta.run")
    time.sleep(pause)
    good = one("SELECT max(export_date) FROM meta.night WHERE is_good")[0]
    as_of = one(NEWEST_AS_OF)[0]
    return {
        "run_id": run_id,
        "export_date": f"{export_date}",
        "good": f"{good}",
        "as_of": f"{as_of}",
        "tables": content_hashes(db, "outlook"),
    }


def read_in_a_loop(file: Path, stop: Path, found: Path) -> None:
    """Opens, queries and closes until told to stop; every fifth time it is slow over it."""
    reads: list[Read] = []
    is_last = False
    while not is_last:
        is_last = stop.exists()
        pause = 0.25 if len(reads) % 5 == 4 else 0.0
        before = os.readlink(file.parent)
        try:
            with duckdb.connect(str(file), read_only=True) as db:
                said = what_it_says(db, pause)
        except Exception as error:  # any error at all is what the test is about
            said = {"error": repr(error)}
        reads.append(said | {"swapped": os.readlink(file.parent) != before})
        time.sleep(0.2)  # five processes share two cores
    found.write_text(json.dumps(reads), "utf-8")


def stay_connected(file: Path, stop: Path, found: Path) -> None:
    """Opens once and asks the same again and again over that one connection."""
    reads: list[Read] = []
    with duckdb.connect(str(file), read_only=True) as db:
        while not stop.exists():
            try:
                reads.append(what_it_says(db))
            except Exception as error:
                reads.append({"error": repr(error)})
            time.sleep(0.5)
    found.write_text(json.dumps(reads), "utf-8")


def look_in_a_loop(file: Path, stop: Path, found: Path) -> None:
    """Only looks whether the file is there, half of the time without a rest: a gap of microseconds
    in each of a dozen publications shows."""
    os.nice(5)  # what the others leave of two cores is plenty
    looks, gaps = 0, []
    while not stop.exists():
        began = time.monotonic()
        for _ in range(1000):
            looks += 1
            try:
                os.close(os.open(file, os.O_RDONLY))
            except OSError as error:
                gaps.append(repr(error))
        time.sleep(time.monotonic() - began)
    found.write_text(json.dumps([looks, gaps]), "utf-8")


@dataclass(frozen=True)
class Watched:
    """Publications, and what those saw who read meanwhile."""

    published: Path
    first: str
    made: list[str]
    readers: list[list[Read]]
    stayed: list[Read]
    looks: int
    gaps: list[str]
    newest: dict[str, str]

    def manifests(self) -> dict[str, dict[str, Any]]:
        found = [versions.manifest(self.published / name) for name in [self.first, *self.made]]
        return {manifest["run_id"]: manifest for manifest in found}


@pytest.fixture(scope="module")
def watched(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("watched")
    environ = environment(folder / "home", sample)
    chosen = settings(environ)
    nights = [FIRST + timedelta(n) for n in range(NIGHTS)]
    assert load(nights[:1], chosen) is None
    first = build(chosen).folder.name
    file = chosen.published / "latest" / versions.FILE

    context = get_context("spawn")
    stop = folder / "stop"
    loops = [folder / f"reader_{number}" for number in range(READERS)]
    asked = [
        *((read_in_a_loop, (file, stop, found)) for found in loops),
        (stay_connected, (file, stop, folder / "stayed")),
        (look_in_a_loop, (file, stop, folder / "looked")),
    ]
    readers: list[BaseProcess] = [context.Process(target=f, args=a) for f, a in asked]
    writer = context.Process(target=publish_each, args=(environ, nights[1:], folder / "made"))
    for process in [*readers, writer]:
        process.start()
    try:
        writer.join(PATIENCE)
    finally:
        stop.touch()
        for process in [*readers, writer]:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
    assert {p.exitcode for p in (*readers, writer)} == {0}

    def told(name: str) -> Any:
        return json.loads((folder / name).read_text("utf-8"))

    looks, gaps = told("looked")
    return Watched(
        published=chosen.published,
        first=first,
        made=told("made"),
        readers=[told(found.name) for found in loops],
        stayed=told("stayed"),
        looks=looks,
        gaps=gaps,
        newest=newest_good_nights(sample),
    )


def newest_good_nights(sample: Path) -> dict[str, str]:
    """By the sample's truth: the newest good night there is when a night is published."""
    nights = truth(sample)["nights"]
    answers, newest = {}, ""
    for night in sorted(nights):
        if any(n["status"] in ("ok", "late") for n in nights[night].values()):
            newest = night
        answers[night] = newest
    return answers


def test_readers_see_no_error_while_nights_are_published(watched: Watched) -> None:
    assert len(watched.made) == PUBLICATIONS == len(set(watched.made))
    for reads in watched.readers:
        assert [r["error"] for r in reads if "error" in r] == []
        versions = {r["run_id"] for r in reads}
        during = sum(r["swapped"] for r in reads)
        print(f"{len(reads)} reads of {len(versions)} versions, {during} with a swap meanwhile")
        assert len(reads) >= LEAST_READS
        assert len(versions) >= LEAST_VERSIONS
        assert during > 0, "no publication fell into a read: nothing was tried"


def test_every_read_is_of_one_whole_version(watched: Watched) -> None:
    manifests = watched.manifests()
    for read in (r for reads in watched.readers for r in reads):
        manifest = manifests[read["run_id"]]
        assert read["export_date"] == manifest["export_date"]
        assert read["good"] == read["as_of"] == watched.newest[read["export_date"]]
        assert read["tables"] == manifest["tables"]


def test_file_is_there_at_every_moment(watched: Watched) -> None:
    print(f"looked {watched.looks:,} times")
    assert watched.looks > 100_000
    assert watched.gaps == []


def test_versions_never_go_back(watched: Watched) -> None:
    order = {run_id: place for place, run_id in enumerate(watched.manifests())}
    for reads in watched.readers:
        seen = [order[r["run_id"]] for r in reads]
        assert seen == sorted(seen)
        assert seen[-1] == len(watched.made), "the last version was not seen"


def test_reader_that_stays_connected_keeps_its_rows(watched: Watched) -> None:
    manifest = versions.manifest(watched.published / watched.first)
    print(f"{len(watched.stayed)} queries over one connection")
    assert len(watched.stayed) >= PUBLICATIONS
    for read in watched.stayed:
        assert "error" not in read
        assert read["run_id"] == manifest["run_id"]
        assert read["tables"] == manifest["tables"]


def test_published_versions_are_whole_and_read_only(watched: Watched) -> None:
    for name in [watched.first, *watched.made]:
        assert_is_whole(watched.published / name)
    assert not list(watched.published.rglob("*.wal"))
    assert debris(watched.published) == []


# What lies about in the published folder, and what does not become live


@pytest.fixture(scope="module")
def prepared(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with nights 2 to 4 in it and published; night 1 and 5 are still to come."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    chosen = settings(environment(home, sample))
    assert load([FIRST + timedelta(n) for n in (1, 2, 3)], chosen) is None
    build(chosen)
    return home


@pytest.fixture
def chosen(prepared: Path, sample: Path, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a copy of the prepared home, given to the command line too."""
    home = copytree(prepared, tmp_path / "home", symlinks=True)
    environ = environment(home, sample)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        yield settings(environ)


FIRST_NIGHT, LAST_NIGHT, NEXT_NIGHT = FIRST, FIRST + timedelta(3), FIRST + timedelta(4)


def outlook(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit code of the `outlook` command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["outlook", *arguments])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def live(chosen: Settings) -> Path:
    folder = versions.latest(chosen.published)
    assert folder is not None
    return folder


def debris(published: Path) -> list[str]:
    return [p.name for p in published.iterdir() if p.name.startswith((".building-", ".latest-"))]


def assert_is_whole(folder: Path) -> None:
    """The file is read-only, has no log beside it, and holds what its manifest says."""
    file, manifest = folder / versions.FILE, versions.manifest(folder)
    assert file.stat().st_mode & 0o777 == 0o444
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest["sha256"]
    with duckdb.connect(str(file), read_only=True) as db:
        assert content_hashes(db, "outlook") == manifest["tables"]
    assert not file.with_name(f"{versions.FILE}.wal").exists()


def foreign_log(chosen: Settings, tmp_path: Path) -> bytes:
    """The write-ahead log of another copy of the live file: whoever reads it in has no headline.

    DuckDB 1.5 reads such a log in without a word when it lies beside a file of the same name.
    """
    other = tmp_path / versions.FILE
    other.write_bytes((live(chosen) / versions.FILE).read_bytes())
    with duckdb.connect(str(other)) as db:
        db.execute("SET checkpoint_threshold = '1TB'")
        db.execute("DELETE FROM report.headline")
        return other.with_name(f"{versions.FILE}.wal").read_bytes()


def leave_debris(published: Path) -> None:
    """What a killed build leaves behind."""
    (published / ".latest-99999").symlink_to("2001-01-01")
    dead = published / ".building-99999-deadbeef"
    (dead / "spill").mkdir(parents=True)
    (dead / versions.FILE).write_bytes(b"half a file")
    (dead / f"{versions.FILE}.wal").write_bytes(b"half a log")


def test_debris_of_killed_builds_is_swept_and_not_published(chosen: Settings) -> None:
    leave_debris(chosen.published)
    assert load([NEXT_NIGHT], chosen) is None
    built = build(chosen)
    assert live(chosen) == built.folder
    assert built.folder.name == f"{NEXT_NIGHT}"
    assert_is_whole(built.folder)
    assert debris(chosen.published) == []
    assert not list(chosen.published.rglob("*.wal"))


def test_a_folder_in_the_place_of_latest_is_named(chosen: Settings) -> None:
    """As a copy that follows links leaves it; a link to something else is simply replaced."""
    link = chosen.published / "latest"
    (chosen.published / "other").mkdir()
    link.unlink()
    link.symlink_to("other")
    assert "is not a link to a version" in str(versions.fault(chosen.published))
    build(chosen)
    assert versions.fault(chosen.published) is None
    link.unlink()
    link.mkdir()
    assert "move it away" in str(versions.fault(chosen.published))


def test_debris_is_swept_even_where_nothing_is_new(chosen: Settings) -> None:
    leave_debris(chosen.published)
    assert not build(chosen).is_new
    assert debris(chosen.published) == []


def test_foreign_log_where_the_night_would_go_is_not_published_into(
    chosen: Settings, tmp_path: Path
) -> None:
    """A folder of the night's name that we did not make keeps its log; the night goes elsewhere."""
    foreign = chosen.published / f"{NEXT_NIGHT}"
    foreign.mkdir()
    (foreign / f"{versions.FILE}.wal").write_bytes(foreign_log(chosen, tmp_path))
    assert load([NEXT_NIGHT], chosen) is None
    built = build(chosen)
    assert live(chosen) == built.folder == chosen.published / f"{NEXT_NIGHT}.r2"
    assert_is_whole(built.folder)


def build_unless_refused(chosen: Settings) -> bool:
    """Builds; false where the build refuses to go on beside a log, and says so."""
    try:
        build(chosen)
    except PublishError as error:
        if ".wal" not in str(error):
            raise
        return False
    return True


def test_foreign_log_beside_the_live_file_does_not_outlive_a_publication(
    chosen: Settings, tmp_path: Path
) -> None:
    old = live(chosen)
    (old / f"{versions.FILE}.wal").write_bytes(foreign_log(chosen, tmp_path))
    assert load([NEXT_NIGHT], chosen) is None
    if build_unless_refused(chosen):
        assert live(chosen) != old
        assert_is_whole(live(chosen))
        # The old version is still there for whoever pinned it, and the log is read into it.
        assert_is_whole(old)


def test_foreign_log_beside_the_live_file_does_not_outlive_a_build_without_news(
    chosen: Settings, tmp_path: Path
) -> None:
    """`outlook build` must not call a version live and well that readers see otherwise."""
    (live(chosen) / f"{versions.FILE}.wal").write_bytes(foreign_log(chosen, tmp_path))
    if build_unless_refused(chosen):
        assert_is_whole(live(chosen))


def test_older_night_does_not_take_the_place_of_a_newer_one(chosen: Settings) -> None:
    before = live(chosen)
    assert before.name == f"{LAST_NIGHT}"
    assert load([FIRST_NIGHT], chosen) is None
    built = build(chosen)
    assert built.manifest["export_date"] == f"{LAST_NIGHT}"
    assert live(chosen) == built.folder == chosen.published / f"{LAST_NIGHT}.r2"
    assert not (chosen.published / f"{FIRST_NIGHT}").exists()
    with duckdb.connect(str(built.folder / versions.FILE), read_only=True) as db:
        nights = db.execute("SELECT min(export_date), max(export_date) FROM meta.night").fetchone()
    assert nights == (FIRST_NIGHT, LAST_NIGHT)
    assert_is_whole(before)


def test_night_published_again_is_a_revision_beside_the_first(chosen: Settings) -> None:
    first = live(chosen)
    bytes_before = (first / versions.FILE).read_bytes()
    for revision in (2, 3):
        built = build(chosen, full=True)
        assert built.is_new
        assert live(chosen) == built.folder == chosen.published / f"{LAST_NIGHT}.r{revision}"
        assert built.manifest["revision"] == revision
        assert built.manifest["tables"] == versions.manifest(first)["tables"]
        assert_is_whole(built.folder)
        told = json.loads((chosen.published / "latest.json").read_text("utf-8"))
        assert told["folder"] == built.folder.name
        assert chosen.published / told["file"] == built.folder / versions.FILE
    assert (first / versions.FILE).read_bytes() == bytes_before
    assert_is_whole(first)


def test_killed_before_the_version_went_live_the_retry_makes_it_live(chosen: Settings) -> None:
    """A kill between the rename of the version and that of `latest` leaves the old one live."""
    before = live(chosen)
    assert load([NEXT_NIGHT], chosen) is None
    cut_short = build(chosen)
    (chosen.published / "latest").unlink()
    (chosen.published / "latest").symlink_to(before.name)
    retried = build(chosen)
    assert live(chosen) == retried.folder != before
    assert retried.manifest["export_date"] == f"{NEXT_NIGHT}"
    assert retried.manifest["tables"] == cut_short.manifest["tables"]
    assert_is_whole(retried.folder)


def test_command_line_says_on_one_line_where_the_file_lies(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script takes the path from there, however long it is."""
    assert outlook(monkeypatch, "build", "--quiet") == 0
    assert capsys.readouterr().out == f"{live(chosen) / versions.FILE}\n"


def test_nothing_new_is_not_published_again(chosen: Settings) -> None:
    before = live(chosen)
    assert load([LAST_NIGHT], chosen) is None
    built = build(chosen)
    assert not built.is_new
    assert live(chosen) == built.folder == before


def failing(model: Model) -> Model:
    bad = Check("no row at all", "fail", f"SELECT * FROM {model.table}")
    return replace(model, checks=(*model.checks, bad))


@pytest.mark.parametrize("table", ["report.headline", "meta.night", "marts.dim_seller"])
def test_failing_check_leaves_the_old_version_live_and_exits_4(
    table: str,
    chosen: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, names = live(chosen), sorted(p.name for p in chosen.published.iterdir())
    broken = tuple(failing(m) if m.table == table else m for m in models())
    with monkeypatch.context() as patch:
        patch.setattr(builder, "models", lambda: broken)
        assert outlook(patch, "run", "--date", f"{NEXT_NIGHT}", "--quiet") == 4
        assert outlook(patch, "build", "--quiet") == 4
    told = capsys.readouterr().err
    assert f"{table}: no row at all" in told, "the operator is not told which check failed"
    assert live(chosen) == before
    assert sorted(p.name for p in chosen.published.iterdir()) == names
    assert_is_whole(before)
    # The check mended, the plain retry publishes.
    assert outlook(monkeypatch, "build", "--quiet") == 0
    assert live(chosen).name == f"{NEXT_NIGHT}"
    assert_is_whole(live(chosen))
