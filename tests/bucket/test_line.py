"""The whole line with its lake in a bucket: the same tables, from any machine, and one message."""

import hashlib
import json
import random
import shutil
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest

from tests.bucket.conftest import KEY, Lakes
from tests.sources import servers
from tests.sources.servers import SECRET, Server
from transforms import DATASETS
from transforms import night as line
from transforms.errors import SettingsError, StoreUnreachable
from transforms.lake import Lake
from transforms.lake.known import BY_MONTH
from transforms.lake.receipt import new_receipt
from transforms.place import read_json
from transforms.place.bucket import Bucket
from transforms.place.objects import Objects
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from transforms.storage import sha256
from warehouse import cli, retention, versions
from warehouse.backup.make import make
from warehouse.backup.restore import restore
from warehouse.build.build import build
from warehouse.mirror import mirror
from warehouse.questions import doctor, stored
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


def loaded(chosen: Settings, sample: Path, *nights: date) -> Settings:
    shutil.copytree(sample, chosen.home / "exports")
    for night in nights:
        for dataset in DATASETS:
            line.run(dataset, night, chosen)
    return chosen


@pytest.fixture(scope="module")
def here(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two nights in a lake in a folder, and their version."""
    home = tmp_path_factory.mktemp("here")
    chosen = settings(
        {"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY, "OUTLOOK_SOURCE_UNCHANGED": "0"}
    )
    build(loaded(chosen, sample, FIRST, LAST))
    return chosen


def tables(version: Path | None) -> object:
    assert version
    return versions.manifest(version)["tables"]


def test_the_whole_line_is_that_of_a_folder(lakes: Lakes, here: Settings, sample: Path) -> None:
    away = loaded(lakes.settings("a"), sample, FIRST, LAST)
    made, local = build(away), tables(versions.latest(here.published))
    assert made.is_new and made.manifest["tables"] == local
    assert told(away) == told(here)
    assert not build(away).is_new
    assert build(lakes.settings("b")).manifest["tables"] == local, "from another machine"
    assert faults(away) == []
    assert doctor._bucket(away)[0] == "fine"
    assert sum(o.items for o in retention.clean(away)) == 0
    later = datetime.now(UTC) + timedelta(days=8)
    gone = {o.rule: o.items for o in retention.clean(away, now=later) if o.items}
    assert set(gone) == {"copies"} and not list((away.lake / "files").glob("??/*"))
    assert faults(away) == [], "what was let go here is read from the bucket again"


def test_a_backup_moves_a_lake(lakes: Lakes, here: Settings) -> None:
    """From a folder into a bucket and back: the same receipts, parts and calendar."""
    make(here, lakes.room / "first")
    away = lakes.settings("a")
    restore(away, lakes.room / "first")
    assert told(away)["receipts"] == told(here)["receipts"]
    assert [f for look in (stored.receipts, stored.parts) for f in look(away)] == []
    restore(away, lakes.room / "first")  # as after an interruption
    make(away, lakes.room / "second")
    back = settings({"OUTLOOK_HOME": str(lakes.room / "back"), "OUTLOOK_KEY": KEY})
    restore(back, lakes.room / "second")
    assert told(back) == told(here)


def test_a_damaged_part_is_made_again(lakes: Lakes, sample: Path) -> None:
    chosen = loaded(lakes.settings("a"), sample)
    line.run("sellers", FIRST, chosen)
    assert isinstance(chosen.place, Bucket)
    objects = chosen.place.objects
    (part,) = [o.name for o in objects.listed("sellers/") if "/rows" in str(o.name)]
    objects.delete(part)
    assert objects.put(part, b"not what was written", None)
    other = lakes.settings("b")
    assert [f for f in faults(other) if "is not what was written" in f and "s3://" in f]
    shutil.copytree(chosen.home / "landing", other.home / "landing")
    lake = Lake(other.place)
    with lake.lock("sellers"):
        receipt = lake.receipt("sellers", FIRST)
        assert receipt and line.mended(lambda: lake.part_paths(receipt, "rows"), lake, other)
    assert faults(lakes.settings("c")) == []


def test_a_copy_does_not_vouch_for_the_bucket(lakes: Lakes, sample: Path) -> None:
    """Rows that the bucket has lost are told by a machine that has copies, and sent again."""
    chosen = loaded(lakes.settings("a"), sample)
    line.run("sellers", FIRST, chosen)
    assert isinstance(chosen.place, Bucket)
    objects = chosen.place.objects
    before = lakes.objects()
    (part,) = [o.name for o in objects.listed("sellers/") if "/rows" in str(o.name)]
    (fold,) = [o.name for o in objects.listed("history/sellers/") if "/changes" in str(o.name)]
    for name, left in ((part, None), (fold, b"x" * len(before[str(fold)]))):
        objects.delete(name)
        if left:
            assert objects.put(name, left, None)
    assert [f.count("but for a copy here") for f in faults(chosen)] == [1, 1]
    line.run("sellers", FIRST, chosen)
    with Lake(chosen.place).lock("sellers"):
        line.settle(Lake(chosen.place), "sellers", chosen)
    after = lakes.objects()
    assert {n: after[n] for n in map(str, (part, fold))} == {
        n: before[n] for n in map(str, (part, fold))
    }
    assert faults(chosen) == faults(lakes.settings("b")) == []


def test_copies_of_rejected_rows_go_with_them(lakes: Lakes, sample: Path) -> None:
    """They hold personal data: another machine neither reads nor backs up what it has of them."""
    chosen = loaded(lakes.settings("a"), sample, FIRST)
    receipts = [Lake(chosen.place).receipt(d, FIRST) for d in DATASETS]
    found = [(r, p) for r in receipts if r for p in r.parts if p.part == "rejected"]
    assert found
    receipt, part = found[0]
    other = lakes.settings("b")
    assert Lake(other.place).part_paths(receipt, "rejected")
    lake = Lake(chosen.place)
    with lake.lock(receipt.dataset):
        lake.let_go(PurePosixPath(part.path), "a test")
        lake.place.delete(PurePosixPath(part.path))
    assert Lake(other.place).part_paths(receipt, "rejected") == []
    assert not list((other.lake / "files").glob(f"*/{part.sha256}"))


def test_the_mirror_names_only_what_is_whole(
    lakes: Lakes,
    here: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    target = f"{lakes.name}-mirror"
    environ = {
        "OUTLOOK_HOME": str(here.home),
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

        def half(self: Objects, path: Path, name: PurePosixPath, digest: str) -> None:
            send(self, path, name, digest)
            patch.setattr(Objects, "send", cut)

        patch.setattr(Objects, "send", half)
        with pytest.raises(KeyboardInterrupt):
            mirror(chosen)
    assert objects.get(PurePosixPath("latest.json")) is None, "half of it is named"
    made = mirror(chosen)
    live = versions.live(chosen.published)
    assert live and made.folder == live.name and made.sent == 1, "the rest was sent"
    found = objects.get(PurePosixPath("latest.json"))
    assert found
    pointer = json.loads(found[0])
    file = objects.get(PurePosixPath(pointer["file"]))
    assert file and hashlib.sha256(file[0]).hexdigest() == pointer["sha256"]
    assert mirror(chosen).sent == 0

    # Another machine has a version of the same name, then a later one.
    def at_another(**others: object) -> bytes:
        text = json.dumps({**pointer, **others}).encode()
        place = PurePosixPath("latest.json")
        now = objects.get(place)
        assert now and objects.put(place, text, now[1])
        return text

    at_another(sha256="other")
    assert mirror(chosen).sent == 0 and objects.get(PurePosixPath("latest.json")) == found
    later = at_another(export_date="2022-07-01", folder="2022-07-01")
    with caplog.at_level("WARNING"):
        assert mirror(chosen).folder == "2022-07-01"
    assert "another machine put there" in caplog.text
    left = objects.get(PurePosixPath("latest.json"))
    assert left and left[0] == later


def test_a_large_file_goes_in_several_requests(
    lakes: Lakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = lakes.settings("a").place
    assert isinstance(place, Bucket)
    monkeypatch.setattr("transforms.place.objects.SEVERAL", 6 << 20)
    made, name = tmp_path / "made.parquet", PurePosixPath("sellers/made.parquet")
    made.write_bytes(random.Random(1).randbytes(13 << 20))
    assert not place.objects.is_there(made, name, sha256(made))
    place.objects.send(made, name, sha256(made))
    assert place.objects.is_there(made, name, sha256(made))
    with monkeypatch.context() as patch:
        patch.setattr(type(place.objects.client.s3), "get_object", None)
        place.objects.send(made, name, sha256(made))  # known by its hash: nothing is read back
    target = tmp_path / "fetched"
    assert place.objects.fetch(name, target) and sha256(target) == sha256(made)
    other = tmp_path / "other.parquet"
    other.write_bytes(random.Random(2).randbytes(13 << 20))
    place.objects.send(other, name, sha256(other))
    assert place.objects.is_there(other, name, sha256(other)), (
        "what was cut off or damaged is replaced"
    )


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


@pytest.mark.parametrize("option", ["endpoint=http://127.0.0.1:1", "known_hosts=x", "x-secret"])
def test_an_option_that_nobody_knows_is_refused(tmp_path: Path, option: str) -> None:
    for name in ("LAKE", "MIRROR"):
        environ = {"OUTLOOK_HOME": f"{tmp_path}", f"OUTLOOK_{name}": f"s3://lake/x?{option}"}
        with pytest.raises(SettingsError, match="not known") as error:
            settings(environ)
        assert "secret" not in str(error.value)


def test_another_endpoint_is_asked_for_itself(lakes: Lakes) -> None:
    place = lakes.settings("a").place
    assert isinstance(place, Bucket)
    place.hold_to_conditions()
    other = lakes.settings("a", port=servers.free_port(), OUTLOOK_SOURCE_TRIES="1").place
    assert isinstance(other, Bucket)
    with pytest.raises(StoreUnreachable):
        other.hold_to_conditions()


def test_what_was_written_is_read_at_once_and_orphans_go(lakes: Lakes, tmp_path: Path) -> None:
    chosen = lakes.settings("a")
    place, note = chosen.place, PurePosixPath("beside/calendar.json")
    assert isinstance(place, Bucket)
    assert not (place.local(note.parent) / note.name).exists()
    place.write(note, b"{}")
    assert (place.local(note.parent) / note.name).read_bytes() == b"{}"
    lake, target = Lake(place), PurePosixPath("history/sellers/2022-06-30")
    orphan = target / "changes.0123456789ab.parquet"
    assert place.objects.put(orphan, b"of a killed writer", None)
    made = tmp_path / "made"
    made.mkdir()
    (made / "changes.parquet").write_bytes(b"changes")
    (made / "fold.json").write_text("{}")
    with lake.lock("sellers"):
        lake.put(made, target, "sellers", tmp_path)
    left = [str(o.name) for o in place.objects.listed("history/")]
    assert len(left) == 2 and str(orphan) not in left


def test_a_receipt_that_another_machine_wrote_again_is_read_again(lakes: Lakes) -> None:
    here, there = Lake(lakes.settings("a").place), Lake(lakes.settings("b").place)
    nights = [LAST - timedelta(days=days) for days in (40, 39, 0)]
    told = [new_receipt("sellers", night, "missing") for night in nights]
    for receipt in told:
        here.write_receipt(receipt)
    with here.lock("sellers"):
        here.note_months("sellers")
    assert not here.place.has(PurePosixPath(BY_MONTH)), "a bucket's documents are kept by ETag"
    assert here.receipts("sellers") == there.receipts("sellers") == told
    told[1] = replace(told[1], reason="late")
    there.write_receipt(told[1])
    assert here.receipts("sellers") == there.receipts("sellers") == told


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
        environ = lakes.environ("a", port=port, OUTLOOK_SOURCE_TRIES="2", OUTLOOK_LEASE="5")
        assert outlook(monkeypatch, environ, *words) == 1
    said = capfd.readouterr().err
    assert said.count("cannot be reached") == 1 and "Traceback" not in said and SECRET not in said
    assert not versions.latest(settings(environ).published)
    for dataset in DATASETS:
        assert line.run(dataset, FIRST, lakes.settings("a")).is_usable
    assert faults(lakes.settings("b")) == []
    assert read_json(lakes.settings("b").place, PurePosixPath("key.json"), "")
