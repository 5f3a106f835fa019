"""The command line: its exit codes tell the truth, data goes to stdout, messages to stderr."""

import json
import re
import signal
import subprocess
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from tests.command import outlook
from transforms.code import code_version
from transforms.sample import write_sample

OUTLOOK = str(Path(sys.executable).with_name("outlook"))
NIGHT = "2022-06-30"


def script(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OUTLOOK, *words], capture_output=True, text=True, timeout=120)


@pytest.fixture
def loaded(home: Path) -> Path:
    write_sample(home / "exports", date.fromisoformat(NIGHT), date.fromisoformat(NIGHT), scale=0.01)
    done = outlook("run", "--date", NIGHT, "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    assert {r["status"] for r in json.loads(done.stdout)["receipts"]} == {"ok"}
    return home


def test_a_night_from_sample_to_published(loaded: Path) -> None:
    again = script("run", "--date", NIGHT)
    assert again.returncode == 0
    assert f"published/{NIGHT}/outlook.duckdb" in again.stdout
    assert not (loaded / "published" / f"{NIGHT}.r2").exists()

    status = json.loads(outlook("status", "--json").stdout)
    assert status["live"] == NIGHT
    assert [n["status"] for n in status["last_nights"]] == ["ok"] * 3
    nights = json.loads(outlook("nights", "--dataset", "listings", "--json").stdout)
    assert [(n["export_date"], n["status"]) for n in nights] == [(NIGHT, "ok")]
    assert "●" in outlook("nights").stdout

    full = outlook("build", "--full", "--json", "--quiet")
    tables = json.loads(full.stdout)["manifest"]["tables"]
    first = json.loads((loaded / "published" / NIGHT / "manifest.json").read_text())["tables"]
    assert tables == first

    missing = outlook("run", "--date", "2022-07-01")
    assert missing.returncode == 3
    assert f"{NIGHT}.r2 stays live" in missing.stderr
    older = outlook("backfill", "2022-06-29", "2022-06-29")
    assert older.returncode == 3


def test_nights_of_one_market_are_never_built_as_those_of_another(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell without its settings falls back to Pakistan: nothing may change."""
    monkeypatch.setenv("OUTLOOK_MARKET", "IN")
    for words in (("build",), ("build", "--full"), ("run", "--date", NIGHT)):
        done = outlook(*words)
        assert done.returncode == 2
        assert "OUTLOOK_MARKET is IN, and the nights in" in done.stderr
    assert [p.name for p in (loaded / "published").glob("2022*")] == [NIGHT]
    said = json.loads(outlook("doctor", "--json").stdout)
    assert "OUTLOOK_MARKET is IN" in next(f["what"] for f in said if f["verdict"] == "wrong")


def test_night_that_is_still_to_come_leaves_nothing(loaded: Path) -> None:
    """A mistyped year would be the newest night for good."""
    for words in (("run", "--date", "2222-06-30"), ("backfill", "2222-06-29", "2222-06-30")):
        assert outlook(*words).returncode == 3
    nights = json.loads(outlook("nights", "--json").stdout)
    assert {n["export_date"] for n in nights} == {NIGHT}


def test_release_needs_a_reason(loaded: Path) -> None:
    done = outlook("release-night", NIGHT, "--reason", " ")
    assert done.returncode == 2
    assert "--reason says why" in done.stderr


def test_ctrl_c_is_told(loaded: Path) -> None:
    """Whoever takes it: Python, the parser, or DuckDB in a query."""
    run = subprocess.Popen(
        [OUTLOOK, "build", "--full"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while run.poll() is None and not list((loaded / "published").glob(".building-*/new/*")):
        time.sleep(0.005)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert told.splitlines()[-1].startswith("interrupted: the live version is unchanged")


def test_lake_without_nights_is_of_no_market(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first command in the wrong shell must not decide it."""
    monkeypatch.setenv("OUTLOOK_MARKET", "IN")
    assert outlook("build").returncode == 3
    outlook("doctor")
    assert not (home / "lake" / "market.json").exists()


def test_log_in_a_file_has_a_line_and_a_time_for_each_record(loaded: Path) -> None:
    told = script("build", "--full").stderr.splitlines()
    assert told
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ (INFO|WARNING) ", line) for line in told)


def test_a_night_that_nobody_ran_is_missing(home: Path) -> None:
    """An outage leaves no receipt; the calendar must show the hole all the same."""
    write_sample(home / "exports", date(2022, 6, 28), date(2022, 6, 30), scale=0.01)
    for night in ("2022-06-28", NIGHT):
        assert outlook("run", "--date", night, "--quiet").returncode == 0
    nights = json.loads(outlook("nights", "--dataset", "sellers", "--json").stdout)
    assert [(n["export_date"], n["status"], n["rows_in"] is None) for n in nights] == [
        ("2022-06-28", "ok", False),
        ("2022-06-29", "missing", True),
        (NIGHT, "ok", False),
    ]
    with duckdb.connect(str(home / "published/latest/outlook.duckdb"), read_only=True) as db:
        found = db.execute(
            "SELECT count(*), any_value(export_date) FROM meta.night WHERE status = 'missing'"
        ).fetchone()
    assert found == (3, date(2022, 6, 29))


def test_a_history_can_be_left_for_the_next_night_to_publish(home: Path) -> None:
    write_sample(home / "exports", date(2022, 6, 28), date(2022, 6, 30), scale=0.01)
    done = outlook("backfill", "2022-06-28", "2022-06-29", "--no-publish", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["published"] is None
    assert not (home / "published").exists()
    assert outlook("run", "--date", NIGHT, "--quiet").returncode == 0
    with duckdb.connect(str(home / "published/latest/outlook.duckdb"), read_only=True) as db:
        nights = db.execute("SELECT count(DISTINCT export_date) FROM meta.night").fetchone()
    assert nights == (3,)


def test_rejected_rows_can_be_asked_for(loaded: Path, tmp_path: Path) -> None:
    rows = json.loads(outlook("rejected", "--date", NIGHT, "--json").stdout)
    receipts = [
        json.loads(p.read_text()) for p in (loaded / "lake" / "receipts").rglob(f"{NIGHT}.json")
    ]
    assert len(rows) == sum(r["rows"]["rejected"] for r in receipts) > 0
    assert all(r["source_file"] and r["source_row"] and r["reason"] for r in rows)
    some = json.loads(outlook("rejected", "--dataset", "listings", "--json").stdout)
    assert {r["dataset"] for r in some} == {"listings"}
    to = tmp_path / "rejected.csv"
    assert outlook("rejected", "--to", to).returncode == 0
    assert to.stat().st_mode & 0o777 == 0o600


def test_a_dry_run_leaves_no_trace(home: Path) -> None:
    write_sample(home / "exports", date.fromisoformat(NIGHT), date.fromisoformat(NIGHT), scale=0.01)
    done = outlook("run", "--date", NIGHT, "--dry-run")
    assert done.returncode == 0
    assert "accepted" in done.stdout
    assert not (home / "lake" / "receipts").exists()
    assert not (home / "landing").exists()
    assert not (home / "published").exists()


def test_without_a_key_nothing_is_loaded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUTLOOK_KEY")
    done = outlook("run", "--date", NIGHT)
    assert done.returncode == 2
    assert "OUTLOOK_KEY" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("run", "--date", "yesterday"),
        ("run", "--date", NIGHT, "--dataset", "buyers"),
        ("run", "--date", NIGHT, "--gate", "wide-open"),
        ("run", "--date", NIGHT, "--gate", "warn"),
        ("backfill", "2022-07-01", "2022-06-01"),
        ("release-night", NIGHT, "--reason", "r"),
        ("inspect", "no such file"),
        ("frobnicate",),
    ],
)
def test_wrong_words_are_exit_code_2(words: tuple[str, ...], home: Path) -> None:
    done = outlook(*words)
    assert done.returncode == 2, done.stderr
    assert done.stderr


@pytest.mark.parametrize("words", [("nights", "--json"), ("--help",), ("frobnicate",)])
def test_the_module_is_the_command(words: tuple[str, ...], home: Path) -> None:
    module = [sys.executable, "-m", "warehouse.cli", *words]
    done = subprocess.run(module, capture_output=True, text=True, timeout=120)
    command = script(*words)
    assert (done.returncode, done.stdout) == (command.returncode, command.stdout)
    assert done.stderr == command.stderr
    assert done.stdout or done.stderr


def test_a_market_that_is_not_known(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLOOK_MARKET", "XX")
    done = outlook("status")
    assert done.returncode == 2
    assert "known markets: IN, PK" in done.stderr


def test_inspect_needs_no_key(
    home: Path, monkeypatch: pytest.MonkeyPatch, real_exports: Path
) -> None:
    monkeypatch.delenv("OUTLOOK_KEY")
    done = outlook("inspect", real_exports / "suppliers_en.csv", "--json")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["rows"] == {"in": 1805, "accepted": 1792, "rejected": 0, "duplicate": 13}
    assert (seen["dataset"], seen["layout"]) == ("sellers", "sellers_search_page")
    assert (seen["encoding"], seen["delimiter"], seen["header_row"]) == ("utf-8", ",", 1)
    assert not (home / "lake").exists()


def test_a_file_of_no_layout_is_refused(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "strange.csv"
    path.write_text("Member ID,Company Name,Country/Region,City,Membership\na,b,c,d,e\n")
    done = outlook("inspect", path, "--json")
    assert done.returncode == 5
    refused = json.loads(done.stdout)["refused"]
    assert refused["code"] == "unknown_layout"
    assert refused["nearest_layout"] == "sellers_export"
    assert refused["missing"] == ["Paid From", "Paid To"]


def test_a_refused_file_leaves_what_was_loaded(loaded: Path) -> None:
    folder = loaded / "exports" / f"{NIGHT}.r2"
    folder.mkdir()
    (folder / "listings.csv.gz").write_bytes(b"\x1f\x8bbroken")
    done = outlook("run", "--date", NIGHT)
    assert done.returncode == 5
    assert f"{NIGHT} stays live" in done.stderr
    nights = json.loads(outlook("nights", "--json").stdout)
    assert {n["status"] for n in nights} == {"ok"}


def test_the_doctor_finds_what_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    well = json.loads(outlook("doctor", "--json").stdout)
    assert {f["verdict"] for f in well} <= {"fine", "warn"}
    monkeypatch.delenv("OUTLOOK_KEY")
    ill = outlook("doctor", "--json")
    assert ill.returncode == 2
    assert [f["thing"] for f in json.loads(ill.stdout) if f["verdict"] == "wrong"] == ["key"]
    monkeypatch.setenv("OUTLOOK_EXPROTS", "/elsewhere")
    monkeypatch.setenv("OUTLOOK_HOME", str(home / "absent"))
    mistyped = {f["thing"]: f for f in json.loads(outlook("doctor", "--json").stdout)}
    assert mistyped["settings"]["verdict"] == mistyped["environment"]["verdict"] == "warn"
    assert mistyped["environment"]["what"].endswith("write OUTLOOK_EXPORTS")


def test_version_names_the_code_that_receipts_name() -> None:
    said = script("--version")
    assert said.returncode == 0
    assert said.stdout == f"outlook {version('digital-b2b-outlook')}, code {code_version()}\n"


def test_every_command_has_help() -> None:
    shown = script("--help").stdout
    for command in (
        "sample",
        "run",
        "backfill",
        "build",
        "nights",
        "status",
        "rejected",
        "inspect",
        "prove",
        "release-night",
        "doctor",
        "listings",
        "diff",
        "explain",
        "report",
    ):
        assert command in shown
        assert script(command, "--help").returncode == 0
