"""Damage: nothing that was changed on the disk since it was written reaches a published file.

Twelve damages by default; `OUTLOOK_TEST_DAMAGES=100` tries a hundred, over every kind of file.
"""

import itertools
import json
import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from transforms import DATASETS
from transforms import night as line
from transforms.errors import Damaged, OutlookError, PublishError
from transforms.lake import Lake, history
from transforms.lake.receipt import Receipt
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from transforms.storage import write_json
from warehouse import cli, versions
from warehouse.build.build import build
from warehouse.editions import freeze
from warehouse.page import report
from warehouse.questions.doctor import examine

KEY = "a key for tests, longer than thirty-two characters"
FIRST = date(2022, 6, 27)
NIGHTS = [FIRST + timedelta(n) for n in range(4)]
NEXT = NIGHTS[-1]  # loaded, and not yet published
SEED = 9
DAMAGES = int(os.environ.get("OUTLOOK_TEST_DAMAGES", "12"))

# Every kind of stored file by where it lies. What a build reads is made again by it, or stops it.
KINDS = {
    "rows": "lake/*/*/*/rows.parquet",
    "day": "lake/listings/*/*/day.parquet",
    "metrics": "lake/listings/*/*/metrics.parquet",
    "rejected": "lake/*/*/*/rejected.parquet",
    "receipt": "lake/receipts/*/????-??-??.json",
    "replaced receipt": "lake/receipts/*/????-??-??.*.json",
    "release": "lake/releases/*/*.json",
    "key mark": "lake/key.json",
    "changes": "lake/history/*/*/changes.parquet",
    "ledger": "lake/history/*/*/ledger.parquet",
    "new": "lake/history/*/*/new.parquet",
    "state": "lake/history/*/*/state.parquet",
    "fold.json": "lake/history/*/*/fold.json",
    "landing": "landing/*/*",
    "database": "published/????-??-??*/outlook.duckdb",
    "manifest": "published/????-??-??*/manifest.json",
    "latest.json": "published/latest.json",
    "frozen rows": "published/editions/*/*.parquet",
    "frozen manifest": "published/editions/*/manifest.json",
    "report": "published/report/*/**/*.*",
    "key": "key",
}


@dataclass
class Ground:
    """A home to copy and to damage, and what a build makes of it undamaged."""

    prepared: Path
    exports: Path
    expected: dict[str, Any]
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)


def settings_of(home: Path, exports: Path) -> Settings:
    return settings({"OUTLOOK_HOME": str(home), "OUTLOOK_EXPORTS": str(exports)})


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("ground")
    exports, prepared = folder / "exports", folder / "prepared"
    write_sample(exports, FIRST, NEXT, scale=0.003)
    prepared.mkdir()
    (prepared / "key").write_text(KEY, "ascii")
    (prepared / "key").chmod(0o600)
    chosen = settings_of(prepared, exports)
    for night in NIGHTS[:2]:
        for dataset in DATASETS:
            assert line.run(dataset, night, chosen).status == "ok"
    build(chosen)
    # Sellers without their last row: another delivery, held until it is released.
    delivered = Path(str(exports)) / f"{NIGHTS[0]}" / "sellers.csv"
    delivered.write_bytes(delivered.read_bytes() + b"\n")
    (delivered.parent / "manifest.json").unlink(missing_ok=True)
    line.run("sellers", NIGHTS[0], chosen)
    lake = Lake(chosen.lake)
    for dataset in ("sellers", "listings"):
        receipt = lake.receipt(dataset, NIGHTS[0])
        assert receipt is not None
        said = {"content": receipt.content, "by": "a test", "reason": dataset, "at": "now"}
        lake.write_release(dataset, NIGHTS[0], said)
    for dataset in DATASETS:
        assert line.run(dataset, NIGHTS[2], chosen).status == "ok"
    freeze.freeze(chosen, "FY2022", "a test", "for damage")
    build(chosen)
    report.make(chosen, "FY2022")
    for dataset in DATASETS:
        assert line.load(dataset, NEXT, chosen).status == "ok"
    whole = copytree(prepared, folder / "whole", symlinks=True)
    found = Ground(prepared, exports, build(settings_of(whole, exports)).manifest["tables"])
    yield found
    for (kind, outcome), count in sorted(found.outcomes.items()):
        print(f"  {kind:18} {outcome:42} {count:3}")


@pytest.fixture
def home(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the prepared home, which the command line finds too."""
    path = copytree(ground.prepared, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("OUTLOOK_HOME", str(path))
    monkeypatch.setenv("OUTLOOK_EXPORTS", str(ground.exports))
    return path


def files_of(home: Path, kind: str) -> list[Path]:
    found = [p for p in home.glob(KINDS[kind]) if p.is_file() and not p.parent.is_symlink()]
    return sorted(p for p in found if home / "published" / "latest" not in p.parents)


def flip(path: Path, chance: random.Random, others: list[Path]) -> list[Path]:
    data = bytearray(path.read_bytes())
    for place in chance.sample(range(len(data)), min(5, len(data))):
        data[place] ^= 1 << chance.randrange(8)
    overwrite(path, bytes(data))
    return [path]


def cut(path: Path, chance: random.Random, others: list[Path]) -> list[Path]:
    data = path.read_bytes()
    overwrite(path, data[: chance.choice([0, len(data) // 2, len(data) - 1])])
    return [path]


def swap(path: Path, chance: random.Random, others: list[Path]) -> list[Path]:
    mine = path.read_bytes()
    unlike = [p for p in others if p.read_bytes() != mine]
    if not unlike:
        return []
    other = chance.choice(unlike)
    theirs = other.read_bytes()
    overwrite(path, theirs)
    overwrite(other, mine)
    return [path, other]


def overwrite(path: Path, data: bytes) -> None:
    mode = path.stat().st_mode & 0o777
    path.chmod(0o600)
    path.write_bytes(data)
    path.chmod(mode)


HARMS: dict[str, Callable[[Path, random.Random, list[Path]], list[Path]]] = {
    "flip": flip,
    "cut": cut,
    "swap": swap,
}


@pytest.mark.parametrize("number", range(DAMAGES))
def test_damage_is_found_and_not_published(number: int, ground: Ground, home: Path) -> None:
    chance = random.Random(SEED * 1000 + number)
    # A few tries pass over other kinds, a hundred over each kind with each harm.
    kind = list(KINDS)[(number * (1 if len(KINDS) <= DAMAGES else 2)) % len(KINDS)]
    harm = list(HARMS)[(number // len(KINDS) + number) % len(HARMS)]
    files = files_of(home, kind)
    path = chance.choice(files)
    harmed = HARMS[harm](path, chance, files)
    if not harmed:  # there is no other of its kind
        harm = "flip"
        harmed = flip(path, chance, files)
    names = [name_of(p, kind) for p in harmed]
    before = versions.latest(home / "published")

    told = [row for row in examine() if row["verdict"] == "wrong"]
    assert told, f"the doctor sees nothing wrong: {harm} of {path}"
    said = " ".join(row["what"] for row in told)
    assert all(name in said for name in names), f"{said} does not name {names}"

    built, stop = None, ""
    try:
        chosen = settings_of(home, ground.exports)
        if kind == "key":  # no build needs it
            line.load("sellers", NEXT, chosen)
        built = build(chosen)
    except OutlookError as error:
        stop = str(error)
    if built is None:
        assert any(name in stop for name in names), f"{stop} does not name {names}"
        assert versions.latest(home / "published") == before
        outcome = "refused: nothing published"
    else:
        assert kind != "key", "a night was loaded with another key"
        assert built.is_new
        assert built.manifest["tables"] == ground.expected, f"published after {harm} of {path}"
        still = [row for row in examine() if row["verdict"] == "wrong"]
        outcome = "found by the doctor; read by no build" if still else "healed, and published"
    ground.outcomes[kind, f"{harm}: {outcome}"] += 1


def name_of(path: Path, kind: str) -> str:
    return "key" if kind in ("key", "key mark") else str(path)


# A damaged part


def part(home: Path, name: str = "rows", dataset: str = "listings", night: date = NEXT) -> Path:
    (path,) = home.glob(f"lake/{dataset}/{night}/*/{name}.parquet")
    return path


@pytest.mark.parametrize("source", ["landing", "exports", "nowhere"])
def test_a_damaged_part_is_made_again_from_the_bytes_it_came_from(
    source: str, ground: Ground, home: Path
) -> None:
    chosen = settings_of(home, ground.exports)
    path = part(home)
    good = path.read_bytes()
    flip(path, random.Random(SEED), [])
    if source != "landing":
        shutil.rmtree(chosen.landing)
    if source == "nowhere":
        chosen = settings_of(home, home / "no exports")
        with pytest.raises(PublishError) as stop:
            build(chosen)
        for word in (
            "listings",
            f"{NEXT}",
            str(path),
            f"outlook run --date {NEXT}",
            "the live version stays",
        ):
            assert word in str(stop.value)
        assert versions.latest(chosen.published) == home / "published" / f"{NIGHTS[2]}"
        return
    assert build(chosen).manifest["tables"] == ground.expected
    assert path.read_bytes() == good


def test_a_build_with_nothing_new_mends_what_it_would_read(ground: Ground, home: Path) -> None:
    chosen = settings_of(home, ground.exports)
    build(chosen)
    path = part(home)
    good = path.read_bytes()
    flip(path, random.Random(SEED), [])
    assert not build(chosen).is_new
    assert path.read_bytes() == good


def test_two_parts_that_were_swapped_are_both_made_again(ground: Ground, home: Path) -> None:
    one, two = part(home, night=NIGHTS[1]), part(home)
    swap(one, random.Random(SEED), [two])
    built = build(settings_of(home, ground.exports), full=True)
    assert built.manifest["tables"] == ground.expected
    assert all(row["verdict"] != "wrong" for row in examine())


def test_a_night_that_is_run_again_has_whole_parts(ground: Ground, home: Path) -> None:
    """Parts that no build reads are made again with the rest."""
    chosen = settings_of(home, ground.exports)
    path = part(home, "metrics")
    good = path.read_bytes()
    path.write_bytes(b"")
    line.run("listings", NEXT, chosen)
    assert path.read_bytes() == good


def test_a_part_that_the_code_would_make_otherwise_is_not_made_again(
    ground: Ground, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip(part(home), random.Random(SEED), [])
    monkeypatch.setattr("transforms.night.code_version", lambda: "another")
    with pytest.raises(Damaged, match="has changed since it was made"):
        build(settings_of(home, ground.exports))


def test_the_doctor_names_a_night_whose_receipt_is_gone(ground: Ground, home: Path) -> None:
    (home / "lake" / "receipts" / "listings" / f"{NIGHTS[1]}.json").unlink()
    said = " ".join(row["what"] for row in examine() if row["verdict"] == "wrong")
    assert f"listings/{NIGHTS[1]} has parts but no receipt" in said


def test_a_damaged_receipt_stops_the_build_and_is_healed_by_its_night(
    ground: Ground, home: Path
) -> None:
    """A night left out for its receipt would change figures in silence."""
    chosen = settings_of(home, ground.exports)
    (home / f"lake/receipts/sellers/{NIGHTS[1]}.json").write_text("")
    with pytest.raises(PublishError, match=rf"sellers/{NIGHTS[1]}.json is empty.*--date"):
        build(chosen)
    line.run("sellers", NIGHTS[1], chosen)
    assert build(chosen).manifest["tables"] == ground.expected


def test_a_damaged_receipt_of_a_night_that_is_no_longer_delivered_is_not_called_missing(
    ground: Ground, home: Path
) -> None:
    path = home / f"lake/receipts/sellers/{NIGHTS[1]}.json"
    path.write_text("{")
    (home / "no exports").mkdir()
    with pytest.raises(Damaged, match=str(path)):
        line.run("sellers", NIGHTS[1], settings_of(home, home / "no exports"))
    assert path.read_text() == "{"


@pytest.mark.parametrize(
    "changed",
    [
        {"rows": {}},
        {"parts": [1]},
        {"parts": []},
        {"parts": [{"part": "rows"}]},
        {"status": "fine"},
        {"sources": ["x"]},
        {"extent": None},
        {"rows": dict.fromkeys(("in", "accepted", "rejected", "duplicate"))},
    ],
)
def test_what_only_looks_like_a_receipt_is_named(
    changed: dict[str, Any], ground: Ground, home: Path
) -> None:
    """Without a seal, as older versions wrote them, a receipt is held to what all have."""
    path = home / f"lake/receipts/listings/{NIGHTS[1]}.json"
    receipt = {k: v for k, v in json.loads(path.read_text("utf-8")).items() if k != "seal"}
    path.write_text(json.dumps(receipt), "utf-8")
    lake = Lake(home / "lake")
    read = lake.receipt("listings", NIGHTS[1])
    assert read is not None
    assert read.as_json() == receipt
    path.write_text(json.dumps(receipt | changed), "utf-8")
    with pytest.raises(Damaged, match=f"{path} is not a receipt.*outlook run --date {NIGHTS[1]}"):
        lake.receipts("listings")


def test_a_file_among_the_receipts_whose_name_is_no_date_stops_nothing(home: Path) -> None:
    lake = Lake(home / "lake")
    before = lake.receipts("sellers")
    (home / "lake/receipts/sellers/2022-99-29.json").write_text("{}")
    assert lake.receipts("sellers") == before


@pytest.mark.parametrize("changed", [{"files": {}}, {"files": []}, {"name": 3}, {"changes": "x"}])
def test_what_only_looks_like_an_account_of_a_fold_is_made_again(
    changed: dict[str, Any], home: Path
) -> None:
    path = home / f"lake/history/listings/{NIGHTS[1]}/fold.json"
    account = {k: v for k, v in json.loads(path.read_text("utf-8")).items() if k != "seal"}
    path.write_text(json.dumps(account | changed), "utf-8")
    assert [f for f in history.faults(Lake(home / "lake"), "listings") if str(path) in f]


def test_a_file_in_place_of_the_link_to_what_is_live_is_replaced(
    ground: Ground, home: Path
) -> None:
    chosen = settings_of(home, ground.exports)
    link = home / "published" / "latest"
    link.unlink()
    link.write_text("x")
    assert "is not a link to a version" in (versions.fault(chosen.published) or "")
    assert build(chosen).manifest["tables"] == ground.expected
    assert versions.fault(chosen.published) is None


# What commands say


COMMANDS = {
    "status": ["status"],
    "nights": ["nights"],
    "explain": ["explain", "paid_sellers"],
    "report": ["report", "FY2022", "--quiet"],
    "diff": ["diff", f"{NIGHTS[1]}", f"{NIGHTS[2]}"],
    "listings": ["listings", "--as-of", f"{NIGHTS[1]}"],
    "rejected": ["rejected"],
    "prove": ["prove", "FY2022"],
    "build": ["build", "--quiet"],
    "doctor": ["doctor"],
}
# Which commands read what: each must name it. Others do their work.
CORRUPT = {
    f"lake/receipts/listings/{NIGHTS[1]}.json": {
        "nights",
        "listings",
        "rejected",
        "prove",
        "build",
        "doctor",
    },
    f"lake/history/listings/{NIGHTS[1]}/fold.json": {"doctor"},
    f"published/{NIGHTS[2]}/manifest.json": {
        "status",
        "explain",
        "report",
        "diff",
        "prove",
        "doctor",
    },
    f"published/{NIGHTS[2]}/outlook.duckdb": {
        "status",
        "explain",
        "report",
        "diff",
        "prove",
        "doctor",
    },
    f"published/{NIGHTS[1]}/manifest.json": {"diff", "doctor"},
    "published/latest.json": {"doctor"},
    "published/editions/FY2022.r1/manifest.json": {"report", "prove", "build", "doctor"},
    "lake/releases/listings/2022-06-27.json": {"prove", "build", "doctor"},
    "key": {"status", "nights", "explain", "listings", "rejected", "build", "doctor"},
}
CONTENTS = {
    "empty": b"",
    "an empty object": b"{}",
    "a list": b"[1]",
    "cut": b'{"dataset": "sell',
    "binary": bytes(range(256)),
    "deep": b'{"a":' * 20_000,
    "no UTF-8": b'{"a": "\xff"}',
}


# The quick ones are tried where they need not notice, too.
QUICK = {"status", "nights", "listings", "rejected"}


@pytest.mark.parametrize(
    ("file", "content"),
    # Any JSON could be a key; not any bytes.
    [
        (f, "binary" if f == "key" else c)
        for f, c in zip(CORRUPT, itertools.cycle(CONTENTS), strict=False)
    ],
)
def test_a_corrupt_file_is_named_by_every_command_that_reads_it(
    file: str,
    content: str,
    ground: Ground,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    overwrite(home / file, CONTENTS[content])
    for name in sorted(QUICK | CORRUPT[file]):
        words = COMMANDS[name]
        code = outlook(monkeypatch, *words)
        told = "".join(capsys.readouterr())
        named = Path(file).name in told.replace("\n", "").replace("│", "").replace(" ", "")
        if name in CORRUPT[file]:
            assert code in (1, 2, 6), f"{name}: {told}"
            assert named, f"{name} does not name {file}: {told}"
        else:
            assert code == 0, f"{name}: {told}"


@pytest.mark.parametrize("content", CONTENTS)
def test_a_receipt_of_any_content_is_named(
    content: str, ground: Ground, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / f"lake/receipts/sellers/{NIGHTS[0]}.json"
    path.write_bytes(CONTENTS[content])
    with pytest.raises(Damaged, match=str(path)):
        Lake(home / "lake").receipt("sellers", NIGHTS[0])


def test_a_receipt_without_a_seal_is_of_an_older_version(home: Path) -> None:
    path = home / f"lake/receipts/sellers/{NIGHTS[0]}.json"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(x for x in lines if not x.startswith(' "seal"')), "utf-8")
    receipt = Lake(home / "lake").receipt("sellers", NIGHTS[0])
    assert receipt is not None and receipt.status == "ok"


@pytest.mark.parametrize("lost", ["link", "target"])
def test_a_build_makes_anew_what_is_live_and_damaged(
    lost: str,
    ground: Ground,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Though nothing in the lake has changed."""
    chosen = settings_of(home, ground.exports)
    live = build(chosen).folder
    if lost == "link":
        (chosen.published / "latest").unlink()
    else:
        overwrite(live / versions.FILE, b"no database")
    assert outlook(monkeypatch, "status") == 6
    assert "live:" not in capsys.readouterr().out
    built = build(chosen)
    assert built.is_new
    assert built.folder != live
    assert versions.live(chosen.published) == built.folder
    assert built.manifest["tables"] == ground.expected


def test_a_corrupt_manifest_does_not_hide_that_an_edition_is_gone(
    ground: Ground, home: Path
) -> None:
    """Which editions there were is told by that manifest, and by those of other versions."""
    chosen = settings_of(home, ground.exports)
    build(chosen)
    live = versions.live(chosen.published)
    assert live is not None
    (live / "manifest.json").write_text("")
    shutil.rmtree(chosen.published / "editions" / "FY2022.r1")
    with pytest.raises(PublishError, match=r"FY2022.r1 is gone.*backup"):
        build(chosen)


# The key


@pytest.mark.parametrize("text", [b"", b"\n", b"\xff\xfe" * 20, b"a\x00b" * 20])
def test_a_key_file_that_holds_no_key(
    text: bytes, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "key").write_bytes(text)
    assert outlook(monkeypatch, "run", "--date", f"{NEXT}", "--quiet") == 2
    assert "key holds no key" in capsys.readouterr().err.replace("\n", "")


def test_another_key_than_that_of_the_nights_before_loads_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One buyer would be two from that night on."""
    (home / "key").write_text(KEY[:-1] + "!")
    assert outlook(monkeypatch, "run", "--date", f"{NEXT}", "--quiet") == 2
    assert "is not the key" in capsys.readouterr().err


# Written in order


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_receipt_is_written_when_its_parts_are_there(
    dataset: str, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two, the receipt would name parts that are not there."""
    (tmp_path / "key").write_text(KEY)
    chosen = settings_of(tmp_path, ground.exports)
    whole = []
    write = Lake.write_receipt

    def look(lake: Lake, receipt: Receipt) -> None:
        whole.append(bool(receipt.parts) and Lake(lake.place).is_whole(receipt))
        write(lake, receipt)

    monkeypatch.setattr(Lake, "write_receipt", look)
    line.load(dataset, NEXT, chosen)
    assert whole == [True]


def test_a_lake_with_older_nights_only_does_not_move_latest_back(
    ground: Ground, home: Path
) -> None:
    """As another lake would, or one of which nights were lost."""
    chosen = settings_of(home, ground.exports)
    live = versions.latest(chosen.published)
    for dataset in DATASETS:
        for night in NIGHTS[2:]:
            (home / f"lake/receipts/{dataset}/{night}.json").unlink()
    built = build(chosen)
    assert built.manifest["export_date"] == f"{NIGHTS[1]}"
    assert built.folder.name == f"{NIGHTS[1]}.r2"
    assert versions.latest(chosen.published) == live
    assert (chosen.published / "latest.json").read_text("utf-8").count(f"{NIGHTS[1]}") == 0


def test_sealed_json_holds_what_was_given(tmp_path: Path) -> None:
    from transforms.storage import read_json

    value = {"ü": [1, 0.1, None, True], "seal": "old", "day": date(2022, 1, 1), "x\ud800": "\udcff"}
    write_json(tmp_path / "a.json", value)
    read = {"ü": [1, 0.1, None, True], "day": "2022-01-01", "x\ud800": "\udcff"}
    assert read_json(tmp_path / "a.json", "") == read


def outlook(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit code of the `outlook` command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["outlook", *arguments])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
