"""Each kind of source gives the same bytes as a local folder, and knows absent from broken."""

import json
import os
import pickle
import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.sources.conftest import KEY, NEXT, NIGHT, chosen
from tests.sources.servers import Server
from tests.sources.web import PASSWORD, Web
from transforms import DATASETS, backfill
from transforms import night as line
from transforms.deliveries import exports, whole
from transforms.errors import SourceUnreachable
from transforms.lake import Lake
from transforms.settings import Settings, settings
from warehouse.questions import doctor

KINDS = pytest.mark.parametrize("server", ["sftp", "s3", "https"], indirect=True)
NEVER = date(2022, 7, 1)


@pytest.fixture
def local(tmp_path: Path, drop: Path) -> Settings:
    """A home that reads the same folder itself."""
    environ = {"OUTLOOK_HOME": str(tmp_path / "local"), "OUTLOOK_EXPORTS": str(drop)}
    return settings({**environ, "OUTLOOK_KEY": KEY, "OUTLOOK_SOURCE_UNCHANGED": "0"})


def told(lake: Path, night: date) -> list[object]:
    """What the receipts of a night say of bytes and rows."""
    found = [Lake(lake).receipt(d, night) for d in DATASETS]
    assert all(found)
    return [(r.status, r.content, r.rows_hash, r.sources, r.rows) for r in found if r]


@KINDS
def test_bytes_and_content_are_those_of_a_local_load(
    server: Server, local: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = chosen(tmp_path / "away", server, monkeypatch)
    for dataset in DATASETS:
        assert whole.landed(away.exports, dataset, NEXT)
        for one in (local, away):
            assert line.load(dataset, NEXT, one).status == "ok"
    assert told(away.lake, NEXT) == told(local.lake, NEXT)
    ours, theirs = (
        {p.name: p.read_bytes() for p in (s.landing / f"{NEXT}").iterdir()} for s in (local, away)
    )
    assert ours == theirs and len(ours) >= 3
    assert exports.newest(away.exports, 2) == [f"{NEXT}", f"{NIGHT}"]


@KINDS
def test_only_a_source_that_lists_says_that_a_night_is_missing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = chosen(tmp_path, server, monkeypatch)
    assert line.run("sellers", NEVER, away).status == "missing"
    assert not whole.landed(away.exports, "sellers", NEVER)
    typo = chosen(tmp_path, server.at("-typo"), monkeypatch)
    for ask in (
        lambda: line.run("sellers", NEVER, typo),
        lambda: whole.landed(typo.exports, "sellers", NIGHT),
        lambda: exports.newest(typo.exports, 3),
    ):
        with pytest.raises(SourceUnreachable, match="Whether a night was delivered is not known"):
            ask()


@KINDS
def test_what_lies_beside_the_nights_is_kept_in_the_lake(
    server: Server, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build needs the calendar, and must not need the source."""
    calendar = [{"from": f"{NIGHT}", "to": f"{NEXT}", "every": "month"}]
    (drop / "calendar.json").write_text(json.dumps(calendar))
    away = chosen(tmp_path, server, monkeypatch)
    assert exports.due_nights(away.exports, NIGHT, NEXT) == [NEXT]
    line.run("sellers", NEXT, away)
    assert exports.due_nights(away.beside, NIGHT, NEXT) == [NEXT]
    (drop / "calendar.json").unlink()
    line.run("sellers", NEXT, away)
    assert exports.due_nights(away.beside, NIGHT, NEXT) == [NIGHT, NEXT]


@KINDS
def test_workers_reach_it_as_well(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = chosen(tmp_path, server, monkeypatch)
    line.run("sellers", NIGHT, away)  # a connection is open, and stays here
    again = pickle.loads(pickle.dumps(away))
    assert exports.newest(again.exports, 1) == [f"{NEXT}"]


@KINDS
def test_what_grew_or_was_sent_again_is_seen(
    server: Server, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a download: the source lists it otherwise than the receipt."""
    away = chosen(tmp_path, server, monkeypatch)
    for night in (NIGHT, NEVER):
        for dataset in DATASETS:
            line.load(dataset, night, away)
    asked = [NIGHT, NEXT, NEVER]
    assert line.changed(away, asked) == []

    grown = drop / f"{NIGHT}" / "sellers.csv"
    text = grown.read_bytes()
    grown.write_bytes(text + text.splitlines(keepends=True)[-1])
    (grown.parent / "manifest.json").unlink(missing_ok=True)
    assert ("sellers", NIGHT) in line.changed(away, asked)
    shutil.copytree(drop / f"{NEXT}", drop / f"{NEVER}")  # came late
    shutil.copytree(drop / f"{NIGHT}", drop / f"{NIGHT}.r2")  # sent again
    found = line.changed(away, asked)
    assert {n for _, n in found} == {NIGHT, NEVER}
    assert {d for d, n in found if n == NIGHT} == set(DATASETS)

    again = backfill.catch_up(away, date(2022, 7, 2))
    assert {(r.dataset, r.export_date) for r in again} == set(found)
    assert line.changed(away, asked) == []


@KINDS
def test_names_of_unfinished_uploads_are_nobodys(
    server: Server, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = chosen(tmp_path, server, monkeypatch)
    folder = drop / f"{NIGHT}"
    (folder / "manifest.json").unlink(missing_ok=True)
    for name in ("sellers.csv.part", "sellers.csv.tmp", "sellers2.csv.filepart", ".sellers.csv"):
        (folder / name).write_bytes(b"half of a header,")
    [delivery] = exports.deliveries(away.exports, NIGHT)
    assert [f.name for f in delivery.of("sellers")] == ["sellers.csv"]


@KINDS
def test_the_doctor_lists_the_source(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = chosen(tmp_path, server, monkeypatch)
    verdict, what = doctor._exports(away)
    assert verdict == "fine" and f"newest nights: {NEXT}, {NIGHT}" in what
    assert PASSWORD not in what and "@" not in what


@pytest.mark.parametrize("server", ["sftp", "https"], indirect=True)
def test_odd_names_come_through_or_are_refused(
    server: Server, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = chosen(tmp_path, server, monkeypatch)
    folder = drop / f"{NIGHT}"
    (folder / "manifest.json").unlink(missing_ok=True)
    os.rename(folder / "sellers.csv", folder / "sellers 100% #1 & ünï?.csv")
    assert line.run("sellers", NIGHT, away).is_usable
    (folder / "sellers-link.csv").symlink_to("/etc/hostname")
    [delivery] = exports.deliveries(away.exports, NIGHT)
    wrong = [f for f in delivery.of("sellers") if f.problem]
    if server.scheme == "sftp":
        assert [f.name for f in wrong] == ["sellers-link.csv"]


def test_a_server_that_lists_nothing_is_read_by_its_manifests(
    behaved: Web,
    web_server: tuple[Web, Server],
    drop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    behaved.lists = False
    (drop / "calendar.json").unlink(missing_ok=True)
    away = chosen(tmp_path, web_server[1], monkeypatch)
    with pytest.raises(SourceUnreachable, match="calendar.json"):
        line.run("sellers", NIGHT, away)
    (drop / "calendar.json").write_text("[]")
    assert line.run("sellers", NEVER, away).status == "missing"
    files = [{"name": p.name} for p in (drop / f"{NIGHT}").iterdir() if p.name != "manifest.json"]
    (drop / f"{NIGHT}" / "manifest.json").write_text(json.dumps({"files": files}))
    assert line.run("sellers", NIGHT, away).is_usable
    (drop / f"{NIGHT}.r3").mkdir()
    (drop / f"{NIGHT}.r3" / "manifest.json").write_text('{"files": []}')
    assert [d.revision for d in exports.deliveries(away.exports, NIGHT)] == [1, 3]
