"""A folder of this machine, perhaps mounted: what it can say is absent, and what stays known."""

import errno
import io
import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import KEY, NEXT, NIGHT
from transforms import backfill
from transforms import night as line
from transforms.deliveries import exports, whole
from transforms.deliveries.landing import land
from transforms.errors import SettingsError, SourceUnreachable
from transforms.lake.seen import look
from transforms.settings import Settings, settings

UNREACHABLE = "Whether a night was delivered is not known"
BROKEN = pytest.mark.parametrize(
    "number", [errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EIO], ids=str
)


@pytest.fixture
def near(drop: Path, tmp_path: Path) -> Settings:
    environ = {"OUTLOOK_HOME": str(tmp_path / "home"), "OUTLOOK_EXPORTS": str(drop)}
    return settings({**environ, "OUTLOOK_KEY": KEY, "OUTLOOK_SOURCE_UNCHANGED": "0"})


def broken(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, of: str, number: int) -> None:
    """Makes a call of the system fail for whatever path ends with `of`, as a lost mount does."""
    real = getattr(owner, name)

    def call(path: object, *args: object, **more: object) -> object:
        if str(path).endswith(of):
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *args, **more)

    monkeypatch.setattr(owner, name, call)


@BROKEN
@pytest.mark.parametrize(
    ("owner", "name", "of"),
    [
        (os, "scandir", "drop"),
        (os, "listdir", f"{NIGHT}"),
        (Path, "stat", "sellers.csv"),
        (Path, "open", "sellers.csv"),
    ],
)
def test_a_mount_that_fails_is_unreachable_and_refuses_no_night(
    owner: object, name: str, of: str, number: int, near: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, owner, name, of, number)
    with pytest.raises(SourceUnreachable, match=UNREACHABLE):
        line.load("sellers", NIGHT, near)


@BROKEN
def test_a_mount_that_fails_while_it_is_read_is_unreachable(
    number: int, near: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [delivery] = exports.deliveries(near.exports, NIGHT)
    [file] = delivery.of("sellers")
    real: Any = Path.open

    class Lost(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(number, os.strerror(number))

    def opened(path: Path, mode: str = "r", *args: int) -> object:
        return Lost(path) if path.name == "sellers.csv" else real(path, mode, *args)

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(SourceUnreachable, match=UNREACHABLE):
        land(file, NIGHT, tmp_path / "landing")


def test_a_link_that_leads_nowhere_is_no_file(near: Settings, drop: Path) -> None:
    folder = drop / f"{NIGHT}"
    (folder / "sellers-nowhere.csv").symlink_to(folder / "gone.csv")
    (folder / "sellers-loop.csv").symlink_to(folder / "sellers-loop.csv")
    listing = near.exports.files(f"{NIGHT}")
    assert listing
    assert {e.name for e in listing.entries if e.problem} == {
        "sellers-nowhere.csv",
        "sellers-loop.csv",
    }


def test_only_a_folder_that_is_there_says_that_a_file_is_not(near: Settings, drop: Path) -> None:
    assert near.exports.look("nothing.json") is None
    drop.rename(drop.with_name("unmounted"))
    try:
        for ask in (near.exports.look, near.exports.files):
            with pytest.raises(SourceUnreachable, match="there is no such folder"):
                ask(f"{NIGHT}")
    finally:
        drop.with_name("unmounted").rename(drop)


@pytest.mark.parametrize("state", ["gone", "empty"])
def test_the_calendar_stays_known_while_the_source_is_away(
    state: str, near: Settings, drop: Path
) -> None:
    """A disk that is not mounted is an empty folder, or none."""
    monthly = [{"from": f"{NIGHT}", "to": f"{NEXT}", "every": "month"}]
    (drop / "calendar.json").write_text(json.dumps(monthly))
    line.load("sellers", NIGHT, near)
    away = drop.with_name("unmounted")
    drop.rename(away)
    try:
        if state == "empty":
            drop.mkdir()
            assert line.load("sellers", date(2022, 7, 1), near).status == "missing"
        else:
            with pytest.raises(SourceUnreachable):
                line.load("sellers", NIGHT, near)
            with pytest.raises(SourceUnreachable):
                backfill.backfill(NIGHT, NEXT, near)
        assert exports.due_nights(near.beside, NIGHT, NEXT) == [NEXT]
    finally:
        if drop.is_dir():
            drop.rmdir()
        away.rename(drop)
    (drop / "calendar.json").unlink()
    line.load("sellers", NIGHT, near)
    assert exports.due_nights(near.beside, NIGHT, NEXT) == [NIGHT, NEXT]
    assert not (near.lake / "beside" / "calendar.json").exists()


def test_a_lake_without_a_copy_has_no_calendar(near: Settings, drop: Path) -> None:
    drop.rename(drop.with_name("unmounted"))
    try:
        assert near.beside.look("calendar.json") is None
        assert str(near.beside) == str(drop), "where a restore puts it, and the next load looks"
    finally:
        drop.with_name("unmounted").rename(drop)


@pytest.mark.parametrize("name", ["calendar.json", "sample.json"])
def test_what_lies_beside_and_is_no_file_is_one_sentence(
    name: str, near: Settings, drop: Path
) -> None:
    (drop / name).unlink(missing_ok=True)
    (drop / name).mkdir()
    with pytest.raises(SettingsError, match=f"{name} cannot be read: it is not a file"):
        look(near, "sellers", NIGHT, keep=True)


def test_a_name_longer_than_the_disk_takes_is_cut_by_bytes(
    near: Settings, drop: Path, tmp_path: Path
) -> None:
    name = "sellers-" + "ف" * 118 + ".csv"  # 248 bytes
    (drop / f"{NIGHT}" / "manifest.json").unlink(missing_ok=True)
    (drop / f"{NIGHT}" / "sellers.csv").rename(drop / f"{NIGHT}" / name)
    [delivery] = exports.deliveries(near.exports, NIGHT)
    [file] = delivery.of("sellers")
    landed = land(file, NIGHT, tmp_path / "landing")
    assert landed.name == name and landed.path.name.endswith("ف.csv")
    assert len(landed.path.name.encode()) < 180


def test_a_whole_delivery_is_seen_beside_one_that_lacks_a_file(near: Settings, drop: Path) -> None:
    """The first may never be completed; while the second lacks a file, it is waited for."""
    first, second = drop / f"{NIGHT}", drop / f"{NIGHT}.r2"
    (first / "manifest.json").unlink(missing_ok=True)
    shutil.copytree(first, second)
    lacking = json.dumps({"files": [{"name": "sellers.csv"}, {"name": "sellers_2.csv"}]})
    (second / "manifest.json").write_text(lacking)
    assert not whole.landed(near.exports, "sellers", NIGHT)

    (second / "manifest.json").rename(first / "manifest.json")
    shutil.move(second, drop / "aside")
    assert not whole.landed(near.exports, "sellers", NIGHT)
    assert line.load("sellers", NIGHT, near).status == "refused"
    shutil.move(drop / "aside", second)
    assert whole.landed(near.exports, "sellers", NIGHT)
    assert line.changed(near, [NIGHT]) == [("sellers", NIGHT)]
    assert line.load("sellers", NIGHT, near).revision == 2
    assert line.changed(near, [NIGHT]) == []


def test_a_file_in_place_of_what_was_none_is_news(near: Settings, drop: Path) -> None:
    (drop / f"{NIGHT}" / "manifest.json").unlink(missing_ok=True)
    sellers = drop / f"{NIGHT}" / "sellers.csv"
    text = sellers.read_bytes()
    sellers.unlink()
    sellers.symlink_to("/etc/hostname")
    assert line.load("sellers", NIGHT, near).status == "refused"
    assert line.changed(near, [NIGHT]) == []
    sellers.unlink()
    sellers.write_bytes(text)
    assert line.changed(near, [NIGHT]) == [("sellers", NIGHT)]
    assert line.load("sellers", NIGHT, near).status == "ok"
    assert line.changed(near, [NIGHT]) == []
