"""Delivered text on its way to a person: no terminal interprets it, and no spreadsheet."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from transforms import night
from transforms.errors import ExportError
from transforms.sample import write_sample
from transforms.settings import settings
from transforms.visible import visible
from warehouse import spreadsheet

OUTLOOK = Path(sys.executable).with_name("outlook")
NIGHT = date(2022, 6, 30)
HOSTILE = (
    "[/b]",
    "[red]x[/]",
    "[link=https://evil.example]x[/link]",
    ":boom:",
    "\x1b[2J\x1b]0;owned\x07",
    "\x1b]8;;https://evil.example\x1b\\\\x",
    "a\x00b",
    "\u202ecod.exe",
    "\u2066x\u2069",
    "zero\u200bwidth",
    "\ufeffbom",
    "\x9b31m",
    "tag\U000e0041",
    "line\u2028end",
    "soft\u00adhyphen",
    "back\x08space",
)
FORMULAS = (
    '=HYPERLINK("https://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1+1",
    "\uff20x",
    " =1+1",
    '"=1+1',
    "'=1+1",
    "\u200b=1+1",
)


def outlook(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([OUTLOOK, *words], capture_output=True)


def steering(text: str) -> list[str]:
    """Characters that a terminal acts on or hides, but for the ends of lines."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return [repr(c) for c in text if c != "\n" and unicodedata.category(c) in kinds]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a night of listings whose cells are hostile, in rows kept and rejected."""
    home = tmp_path_factory.mktemp("hostile")
    environ = {"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": "a key for tests of thirty-two ch"}
    folder = home / "exports" / f"{NIGHT}"
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.005)
    for path in folder.iterdir():
        if path.name != "inquiries.json":
            path.unlink()
    inquiries = json.loads((folder / "inquiries.json").read_text("utf-8"))
    (folder / "inquiries.json").unlink()
    rows = []
    for n, text in enumerate((*HOSTILE, *FORMULAS)):
        model = inquiries[n % len(inquiries)]
        rows.append({**model, "inquiry_id": f"{9_000_000_000 + n}", "subject": f"{text} {n}"})
        rows.append({**model, "inquiry_id": text, "subject": text})
    (folder / "inquiries.json").write_text(json.dumps(rows), "utf-8")
    write_listings(folder / "listings.json")
    for dataset in ("inquiries", "listings"):
        night.run(dataset, NIGHT, settings(environ), gate="off")
    return home


def write_listings(path: Path) -> None:
    """Listings in the layout of the nightly export, hostile where they may hold any text."""
    from transforms.layouts import own_layout

    columns = own_layout("listings").columns
    header = {field: source.headers[0] for field, source in columns.items() if source.headers}
    known = sorted(own_layout("listings").known_headers)
    rows = []
    for n, text in enumerate((*HOSTILE, *FORMULAS)):
        row = dict.fromkeys(known, "")
        row[header["product_id"]] = f"{1_600_000_000_000 + n}"
        row[header["title"]] = row[header["price"]] = f"{text} {n}"
        rows += [row, {**row, header["product_id"]: text}]
    path.write_text(json.dumps(rows), "utf-8")


@pytest.fixture
def at_home(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OUTLOOK_HOME", str(hostile))
    monkeypatch.setenv("OUTLOOK_KEY", "a key for tests of thirty-two ch")
    return hostile


@pytest.mark.parametrize(
    "words",
    [
        ("rejected",),
        ("rejected", "--json"),
        ("listings", "--as-of", f"{NIGHT}"),
        ("listings", "--as-of", f"{NIGHT}", "--json"),
        ("nights",),
        ("status",),
        ("status", "--json"),
        ("inspect", "exports/2022-06-30/inquiries.json"),
        ("inspect", "exports/2022-06-30/inquiries.json", "--json"),
    ],
    ids=" ".join,
)
def test_no_command_lets_a_terminal_interpret_what_was_delivered(
    words: tuple[str, ...], at_home: Path
) -> None:
    words = tuple(str(at_home / w) if w.startswith("exports/") else w for w in words)
    done = outlook(*words)
    assert done.returncode == 0, done.stderr
    told = done.stdout.decode() + done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert not steering(told)
    if words[0] == "rejected":
        assert "[/b]" in told
        assert "[link=https://evil.example]" in told.replace("\n", "") or "--json" not in words
    if words == ("rejected", "--json"):
        # JSON is escaped, not changed.
        data = json.loads(done.stdout)
        kept = {str(v) for r in data for v in json.loads(r["raw_row"]).values()}
        assert "\x1b[2J\x1b]0;owned\x07" in kept


def test_on_a_terminal_only_our_own_colours_are_escapes(at_home: Path) -> None:
    """Rich colours what it prints there; nothing else may begin with an escape."""
    leader, follower = pty.openpty()
    with subprocess.Popen([OUTLOOK, "rejected"], stdout=follower, stderr=follower) as running:
        os.close(follower)
        told = b""
        while chunk := _read(leader):
            told += chunk
        assert running.wait() == 0
    text = told.decode()
    assert "[/b]" in text
    assert "\x1b[2J" not in text
    assert "\x1b]" not in text, "a link or a title of the window"
    assert "\u202e" not in text


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # how a terminal says that its other end is closed
        return b""


def test_files_under_hostile_names_are_named_visibly(home: Path) -> None:
    name = "\x1b[2Jlist\u202eings[red].csv"
    path = home / name
    path.write_text("what,is,this\n1,2,3\n")
    done = outlook("inspect", path)
    assert done.returncode == 5
    assert not steering(done.stderr.decode() + done.stdout.decode())
    assert b"\\x1b[2Jlist\\u202eings[red].csv" in done.stderr
    undecodable = os.path.join(os.fsencode(home), b"listings-\xff.csv")
    with open(undecodable, "w") as file:
        file.write("what,is,this\n1,2,3\n")
    done = subprocess.run([OUTLOOK, "inspect", undecodable], capture_output=True)
    assert done.returncode == 5
    assert b"Traceback" not in done.stderr


def test_a_refusal_begins_no_line_of_a_log_and_names_nobody() -> None:
    error = ExportError("x", "a\n2026-01-01 ERROR forged \x1b[31m joe@firm.pk +92 300 1234567")
    assert str(error) == error.message == ("a\\x0a2026-01-01 ERROR forged \\x1b[31m [mail] [phone]")


@pytest.mark.parametrize("text", HOSTILE)
def test_visible_text_is_one_line_without_steering(text: str) -> None:
    assert not steering(visible(text))
    assert "\n" not in visible(f"{text}\n")
    assert (
        visible("Sialkot \u0633\u06cc\u0627\u0644 \u00e9 100\u00a0%")
        == "Sialkot \u0633\u06cc\u0627\u0644 \u00e9 100\u00a0%"
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_compute_stays_text(text: str) -> None:
    assert spreadsheet.cell(text) == f"'{text}".replace("\r", "\n")


@pytest.mark.parametrize(
    "text", ["-5", "+3.5", "1-2", "a=b", "-", "", "Soccer Ball", "1e5", "-1.5E-3"]
)
def test_numbers_and_other_text_stay_as_they_are(text: str) -> None:
    assert spreadsheet.cell(text) == (f"'{text}" if text == "-" else text)
    assert spreadsheet.cell(-5) == "-5"
    assert spreadsheet.cell(None) == ""


@pytest.mark.parametrize(
    "words", [("listings", "--as-of", f"{NIGHT}"), ("rejected",)], ids=" ".join
)
def test_csv_of_every_command_holds_no_formula(
    words: tuple[str, ...], at_home: Path, tmp_path: Path
) -> None:
    to = tmp_path / "x.csv"
    to.write_text("was there, and could be read by all")
    to.chmod(0o644)
    assert outlook(*words, "--to", to).returncode == 0
    assert to.stat().st_mode & 0o777 == 0o600
    files = [to.read_text("utf-8")]
    if words[0] == "listings":
        files.append(outlook(*words).stdout.decode())
    for text in files:
        cells = [c for row in csv.reader(io.StringIO(text, newline="")) for c in row]
        assert any("HYPERLINK" in c for c in cells)
        assert not [
            c for c in cells if c.strip(' \t\r\n"\u200b')[:1] in tuple("=@\uff1d\uff0b\uff0d\uff20")
        ]
    for other in ("x.parquet", "x.json"):
        if words[0] == "listings":
            assert outlook(*words, "--to", tmp_path / other).returncode == 0
            assert (tmp_path / other).stat().st_mode & 0o777 == 0o600
