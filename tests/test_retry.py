"""Rejected rows come back: nights loaded by stricter rules end as today's rules would load them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests import command
from tests.conftest import ROOT
from transforms import DATASETS
from transforms import night as line
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse import versions
from warehouse.build.build import build

KEY = "a key for tests of thirty-two ch"
NIGHTS = (date(2022, 6, 29), date(2022, 6, 30))
STRICTER = (  # what the rules asked before: rows that miss it were rejected
    ("listings.toml", "", "max_rejected_share = 0.05", "max_rejected_share = 0.9"),
    ("sellers.toml", "", "max_rejected_share = 0.05", "max_rejected_share = 0.9"),
    ("listings.toml", 'name = "title"\n', "min_length = 3", "min_length = 22"),
    (
        "sellers.toml",
        'name = "company_name"\n',
        "min_length = 2",
        "min_length = 25\non_bad = 'row'",
    ),
)


def settings_of(home: Path) -> Settings:
    return settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})


def stricter_code(folder: Path) -> Path:
    """A copy of the code whose contracts reject more rows."""
    shutil.copytree(ROOT / "transforms", folder / "transforms")
    for name, after, old, new in STRICTER:
        path = folder / "transforms" / "contracts" / name
        text = path.read_text("utf-8")
        at = text.index(after)
        assert old in text[at:]
        path.write_text(text[:at] + text[at:].replace(old, new, 1), "utf-8")
    return folder


LOAD = """
import sys
from datetime import date
from transforms import DATASETS, night
from transforms.settings import settings

for day in sys.argv[1:]:
    for dataset in DATASETS:
        assert night.run(dataset, date.fromisoformat(day), settings()).status == "ok"
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two nights, loaded by the stricter code; nobody writes to it."""
    home, code = tmp_path_factory.mktemp("strict"), tmp_path_factory.mktemp("code")
    write_sample(home / "exports", *NIGHTS, scale=0.004)
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *map(str, NIGHTS)],
        cwd=stricter_code(code),
        env={**os.environ, "OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def at_home(strict: Path, home: Path) -> Settings:
    shutil.copytree(strict, home, symlinks=True, dirs_exist_ok=True)
    return settings()


def outlook(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return command.outlook("rejected", *words)


def rejects(lake: Lake) -> dict[str, int]:
    found = [r for d in DATASETS for r in lake.receipts(d)]
    return {f"{r.dataset} {r.export_date}": r.rows.rejected or 0 for r in found}


def test_rejected_rows_come_back(
    at_home: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    today = settings_of(tmp_path_factory.mktemp("today"))
    shutil.copytree(at_home.home / "exports", today.home / "exports")
    for night in NIGHTS:
        for dataset in DATASETS:
            line.run(dataset, night, today)
    lake, right = Lake(at_home.lake), Lake(today.lake)
    before = {d: lake.receipts(d) for d in DATASETS}
    more = sum(rejects(lake).values()) - sum(rejects(right).values())
    assert more > 20
    shutil.rmtree(at_home.home / "exports")  # the landed bytes are enough

    dry = json.loads(outlook("--retry", "--dry-run", "--json").stdout)
    assert sum(row["accepted"] for row in dry["tried"]) == more
    assert {(r["dataset"], r["reason"]) for r in dry["tried"] if r["accepted"]} == {
        ("listings", "title: too short"),
        ("sellers", "company_name: wrong length"),
    }
    partners = {r["partner"] for r in dry["tried"] if r["dataset"] == "sellers"}
    assert len(partners) > 1  # by who brought the sellers in
    assert {d: lake.receipts(d) for d in DATASETS} == before

    done = outlook("--retry", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {n["dataset"] for n in told["loaded"]} == {"listings", "sellers"}
    for one in told["loaded"]:
        rows = one["after"]
        assert rows["in"] == one["before"]["in"]
        assert rows["in"] == rows["accepted"] + rows["rejected"] + rows["duplicate"]
    # Equal to what today's rules load from the start: no row doubled, none lost.
    assert rejects(lake) == rejects(right)
    live = versions.live(at_home.published)
    assert live is not None and str(live) == told["published"]
    expected = build(today).manifest["tables"]
    found = versions.manifest(live)["tables"]
    # Without the deliveries nobody knows their calendar; those nights are the same all the same.
    assert {t for t in expected if expected[t] != found[t]} <= {"meta.night"}
    with duckdb.connect(str(live / versions.FILE), read_only=True) as db:
        ages = db.execute("SELECT DISTINCT export_date, days_old FROM meta.rejected ORDER BY 1")
        assert ages.fetchall() == [(NIGHTS[0], 1), (NIGHTS[1], 0)]
    for receipt in lake.receipts("listings"):
        (was,) = receipt.replaced
        assert was.content in {r.content for r in before["listings"]}
    again = outlook("--retry")
    assert again.returncode == 0
    assert "nothing to try again" in again.stderr


@pytest.mark.parametrize(
    ("is_there", "code", "told"),
    [
        (True, 3, f"listings {NIGHTS[0]}: the delivered bytes are gone"),
        (False, 1, "cannot be reached"),
    ],
)
def test_a_night_whose_bytes_are_gone_is_named_and_stays(
    is_there: bool, code: int, told: str, at_home: Settings
) -> None:
    """The other nights come back, whether the source answers or not."""
    shutil.rmtree(at_home.home / "exports")
    if is_there:
        (at_home.home / "exports").mkdir()
    shutil.rmtree(at_home.landing / f"{NIGHTS[0]}")
    lake = Lake(at_home.lake)
    before = lake.receipt("listings", NIGHTS[0])
    done = outlook("--retry")
    assert done.returncode == code
    assert told in " ".join(done.stderr.split())
    assert f"listings {NIGHTS[1]} ok: accepted" in done.stdout
    assert lake.receipt("listings", NIGHTS[0]) == before


def test_a_released_night_is_not_held_again(at_home: Settings) -> None:
    lake = Lake(at_home.lake)
    receipt = lake.receipt("listings", NIGHTS[1])
    assert receipt
    lake.write_release("listings", NIGHTS[1], {"content": receipt.content, "by": "me"})
    done = outlook("--retry", "--dataset", "listings", "--date", f"{NIGHTS[1]}")
    assert done.returncode == 1
    assert "was released for what it holds" in done.stderr
    assert lake.receipt("listings", NIGHTS[1]) == receipt


def test_the_file_for_the_sender_names_lines_and_nobody(at_home: Settings, tmp_path: Path) -> None:
    target = tmp_path / "for_sender.csv"
    done = outlook("--to", target, "--for-sender", "--date", f"{NIGHTS[1]}")
    assert done.returncode == 0, done.stderr
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = json.loads(outlook("--json", "--date", f"{NIGHTS[1]}").stdout)
    assert len(rows) == len(shown)
    names = ["dataset", "night", "file", "line", "column", "problem", "expected"]
    assert list(rows[0]) == names
    (short,) = {r["expected"] for r in rows if r["problem"] == "too short"}
    assert "at least 3 characters" in short
    assert {r["column"] for r in rows if r["dataset"] == "sellers"} >= {"Company Name"}  # theirs
    text = target.read_text("utf-8")
    for row in shown:
        value = row["raw_value"]
        if value and len(value) > 4:
            assert value not in text


@pytest.mark.parametrize("words", [("--for-sender",), ("--dry-run",), ("--retry", "--to", "x.csv")])
def test_what_does_not_go_together_is_exit_code_2(words: tuple[str, ...], home: Path) -> None:
    assert outlook(*words).returncode == 2
