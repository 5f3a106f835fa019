"""The whole line with its lake in a bucket: the same tables, from any machine, and one message."""

import hashlib
import json
import shutil
import sys
from datetime import date
from pathlib import Path, PurePosixPath

import pytest

from tests.bucket.conftest import KEY, Lakes
from tests.sources import servers
from tests.sources.servers import SECRET, Server
from transforms import DATASETS, backfill
from transforms.lake import Lake
from transforms.place import read_json
from transforms.place.bucket import Bucket
from transforms.place.objects import Objects
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse import cli, retention
from warehouse import versions as published_versions
from warehouse.backup.make import make
from warehouse.backup.restore import restore
from warehouse.build.build import build
from warehouse.mirror import mirror
from warehouse.questions import stored
from warehouse.tables.nights import due_nights, statuses

FIRST, LAST = date(2022, 6, 29), date(2022, 6, 30)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, FIRST, LAST, scale=0.01)
    return folder


def outlook(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], *words: str) -> int:
    """Exit code of the command on that machine, run in this process."""
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(sys, "argv", ["outlook", *words])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def told(chosen: Settings) -> dict[str, object]:
    """What `outlook status` and the receipts say."""
    lake = Lake(chosen.place)
    receipts = [r.as_json() for d in DATASETS for r in lake.receipts(d)]
    for receipt in receipts:
        del receipt["started_at"], receipt["seconds"]
    return {
        "receipts": receipts,
        "nights": [statuses(lake, d, due_nights(chosen)) for d in DATASETS],
    }


def faults(chosen: Settings) -> list[str]:
    return [f for look in (stored.receipts, stored.parts, stored.folds) for f in look(chosen)]


def test_the_whole_line_is_that_of_a_folder(lakes: Lakes, sample: Path) -> None:
    here = settings({"OUTLOOK_HOME": str(lakes.room / "local"), "OUTLOOK_KEY": KEY})
    away = lakes.settings("a")
    for chosen in (here, away):
        shutil.copytree(sample, chosen.home / "exports")
        backfill.backfill(FIRST, LAST, chosen)
    local, remote = build(here), build(away)
    assert remote.is_new and remote.manifest["tables"] == local.manifest["tables"]
    assert told(away) == told(here)

    assert not build(away).is_new
    other = lakes.settings("b")
    assert build(other).manifest["tables"] == local.manifest["tables"], "from another machine"
    assert build(other, full=True).manifest["tables"] == local.manifest["tables"]
    assert faults(away) == []

    kept = make(away, lakes.room / "backup")
    again = Lakes(lakes.server, lakes.room).settings("c")
    assert restore(again, lakes.room / "backup").name == kept.name
    assert told(again)["receipts"] == told(here)["receipts"]
    assert build(again).manifest["tables"] == local.manifest["tables"], "from a backup"
    folder = settings({"OUTLOOK_HOME": str(lakes.room / "d"), "OUTLOOK_KEY": KEY})
    restore(folder, lakes.room / "backup")
    assert build(folder).manifest["tables"] == local.manifest["tables"], "moved into a folder"
    assert sum(o.items for o in retention.clean(away)) == 0


def test_a_damaged_part_is_made_again(lakes: Lakes, sample: Path) -> None:
    chosen = lakes.settings("a")
    shutil.copytree(sample, chosen.home / "exports")
    backfill.backfill(FIRST, FIRST, chosen)
    assert isinstance(chosen.place, Bucket)
    objects = chosen.place.objects
    (part,) = [o.name for o in objects.listed("sellers/") if "/rows." in str(o.name)]
    objects.delete(part)
    assert objects.put(part, b"not what was written", None)
    whole = lakes.settings("b")
    assert [f for f in faults(whole) if "is not what was written" in f and "s3://" in f]
    shutil.copytree(chosen.home / "landing", whole.home / "landing")
    shutil.copytree(sample, whole.home / "exports")
    assert build(whole, full=True).is_new
    assert faults(lakes.settings("c")) == []


def test_the_mirror_names_only_what_is_whole(
    lakes: Lakes, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = f"{lakes.name}-mirror"
    environ = {
        "OUTLOOK_HOME": str(versions),
        "OUTLOOK_MIRROR": target,
        "OUTLOOK_MIRROR_ENDPOINT_URL": f"http://127.0.0.1:{lakes.server.port}",
    }
    chosen = settings(environ)
    assert chosen.mirror
    objects = Objects(chosen.mirror, chosen.exports.limits, "the mirror", "OUTLOOK_MIRROR")

    def cut(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        send = Objects.send

        def half(self: Objects, path: Path, name: PurePosixPath) -> None:
            send(self, path, name)
            patch.setattr(Objects, "send", cut)

        patch.setattr(Objects, "send", half)
        with pytest.raises(KeyboardInterrupt):
            mirror(chosen)
    assert objects.get(PurePosixPath("latest.json")) is None, "half of it is named"
    made = mirror(chosen)
    live = published_versions.live(chosen.published)
    assert live and made.folder == live.name and made.sent == 1, "the rest was sent"
    found = objects.get(PurePosixPath("latest.json"))
    assert found
    pointer = json.loads(found[0])
    file = objects.get(PurePosixPath(pointer["file"]))
    assert file and hashlib.sha256(file[0]).hexdigest() == pointer["sha256"]
    assert mirror(chosen).sent == 0


def test_a_store_that_ignores_conditions_is_refused(
    lakes: Lakes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    sample: Path,
) -> None:
    (tmp_path / "served" / "lake").mkdir(parents=True)
    with servers.rclone(tmp_path / "served") as careless:
        environ = lakes.environ("a", port=careless.port)
        shutil.copytree(sample, tmp_path / "a" / "exports")
        assert outlook(monkeypatch, environ, "run", "--date", f"{FIRST}", "--quiet") == 2
    said = capfd.readouterr().err
    assert said.count("ignores conditions") == 1
    assert [p for p in (tmp_path / "served").rglob("*") if p.is_file()] == []


def test_a_wrong_key_is_one_message(
    lakes: Lakes,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    sample: Path,
) -> None:
    environ = lakes.environ("a", AWS_SECRET_ACCESS_KEY="another-secret")
    shutil.copytree(sample, lakes.room / "a" / "exports")
    assert outlook(monkeypatch, environ, "run", "--date", f"{FIRST}", "--quiet") == 1
    said = capfd.readouterr().err
    assert said.count("it refused the access key") == 1
    assert "another-secret" not in said and "Traceback" not in said


def test_a_store_that_goes_down_in_mid_run(
    lakes: Lakes,
    weed_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    sample: Path,
) -> None:
    """It answers for a while, then no more: one message; the same command again heals."""
    shutil.copytree(sample, lakes.room / "a" / "exports")
    words = ("run", "--date", f"{FIRST}", "--quiet")
    with servers.failing(weed_server.port, after=25) as port:
        environ = lakes.environ("a", port=port, OUTLOOK_SOURCE_TRIES="2")
        assert outlook(monkeypatch, environ, *words) == 1
    said = capfd.readouterr().err
    assert said.count("cannot be reached") == 1 and "Traceback" not in said and SECRET not in said
    assert not published_versions.latest(settings(environ).published)
    assert outlook(monkeypatch, lakes.environ("a"), *words) == 0
    assert faults(lakes.settings("b")) == []
    assert read_json(lakes.settings("b").place, PurePosixPath("key.json"), "")
