"""`outlook report`: which edition from which version, put in place whole, final ones kept."""

import getpass
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from html import escape
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.command import outlook
from tests.conftest import KEY
from tests.test_edition_dates import load
from tests.warehouse.page import made_up
from transforms.errors import ExportMissing, PublishError, SettingsError
from transforms.sample import write_sample
from transforms.settings import settings
from transforms.storage import sha256, write_json
from warehouse import publish as publish_room
from warehouse import versions
from warehouse.build.build import build
from warehouse.page import pdf, report
from warehouse.page.edition import name_of

LAST = date(2022, 6, 30)
OUTLOOK = str(Path(sys.executable).with_name("outlook"))


def put_file(folder: Path, tables: dict[str, list[made_up.Row]], run_id: str = "run 1") -> None:
    """Puts a made-up file into a version's folder, and its manifest beside it."""
    night, _, revision = folder.name.partition(".r")
    made_up.database(folder / "outlook.duckdb", tables)
    write_json(
        folder / "manifest.json",
        {
            "export_date": night,
            "revision": int(revision or 1),
            "run_id": run_id,
            "sha256": sha256(folder / "outlook.duckdb"),
        },
    )


def publish(home: Path, night: str, revision: int = 1, run_id: str = "run 1") -> Path:
    """A made-up version of a night; the newest one is live."""
    published = home / "published"
    folder = published / (night if revision == 1 else f"{night}.r{revision}")
    folder.mkdir(parents=True)
    put_file(folder, made_up.full(), run_id=run_id)
    (published / "latest").unlink(missing_ok=True)
    (published / "latest").symlink_to(folder.name)
    return folder


@pytest.mark.parametrize(
    ("edition", "basis", "name"),
    [
        ("2022", None, "FY2022"),
        ("2022", "calendar", "CY2022"),
        ("fy2022", None, "FY2022"),
        ("CY2022", "calendar", "CY2022"),
        ("FY2022", "fiscal", "FY2022"),
    ],
)
def test_name_of_an_edition(edition: str, basis: str | None, name: str) -> None:
    assert name_of(edition, basis) == name


@pytest.mark.parametrize(
    ("edition", "basis"), [("22", None), ("FY2022", "calendar"), ("2022", "lunar"), ("FY", None)]
)
def test_what_is_no_edition(edition: str, basis: str | None) -> None:
    with pytest.raises(SettingsError):
        name_of(edition, basis)


def test_as_of_takes_the_newest_version_that_knew_no_more(home: Path) -> None:
    publish(home, "2022-05-31")
    publish(home, "2022-05-31", 2)
    publish(home, "2022-06-30")
    published = home / "published"
    assert versions.known_on(published, None).name == "2022-06-30"
    assert versions.known_on(published, date(2022, 6, 29)).name == "2022-05-31.r2"
    with pytest.raises(ExportMissing):
        versions.known_on(published, date(2022, 5, 30))


def test_report_is_of_the_version_that_is_live_when_its_turn_comes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process publishes while this one waits: its report must not be put back."""
    publish(home, "2022-06-30")
    lock = publish_room.writer_lock

    @contextmanager
    def waited(published: Path) -> Iterator[None]:
        publish(home, "2022-06-30", 2, "run 2")
        with lock(published):
            yield

    monkeypatch.setattr(publish_room, "writer_lock", waited)
    made = report.make(settings(), "FY2022")
    told = json.loads((made.folder / "manifest.json").read_text("utf-8"))
    live = home / "published" / "latest" / "outlook.duckdb"
    assert told["database"]["sha256"] == sha256(live)


def test_command_makes_the_edition(home: Path) -> None:
    publish(home, "2022-06-30")
    done = subprocess.run(
        [OUTLOOK, "report", "2022", "--json"], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    folder = home / "published" / "report" / "FY2022"
    assert told["folder"] == str(folder) and told["status"] == "provisional"
    assert {p.name for p in folder.iterdir()} >= {
        "index.html",
        "outlook.xlsx",
        "csv",
        "parquet",
        "figures",
        "datapackage.json",
        "manifest.json",
    }
    assert not list((home / "published").glob(".building-*"))


def test_command_refuses_an_edition_that_is_not_there(home: Path) -> None:
    publish(home, "2022-06-30")
    done = subprocess.run([OUTLOOK, "report", "2035"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "FY2021, FY2022" in done.stderr


@pytest.fixture(autouse=True)
def no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, as on a machine without libpango: the PDF takes half the time of a report,
    and is looked at by the tests of the page."""
    monkeypatch.setattr(pdf, "can_write", lambda: False)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the last two nights of a fiscal year, published."""
    home = tmp_path_factory.mktemp("prepared")
    chosen = settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})
    write_sample(home / "exports", LAST - timedelta(1), LAST, scale=0.06)
    load(chosen, LAST - timedelta(1), LAST)
    build(chosen)
    return home


@pytest.fixture
def year(prepared: Path, home: Path) -> Path:
    """The test's own copy of that home."""
    return shutil.copytree(prepared, home, symlinks=True, dirs_exist_ok=True)


def load_all(first: date, last: date) -> None:
    load(settings(), first, last)
    build(settings())


def page_of(home: Path, edition: str = "FY2022") -> str:
    return (home / "published" / "report" / edition / "index.html").read_text("utf-8")


def figures(home: Path) -> dict[str, bytes]:
    """The edition's rows of every table, from its Parquet files."""
    found = {}
    for path in sorted((home / "published" / "report" / "FY2022" / "parquet").glob("*")):
        rows = pq.read_table(path).to_pylist()
        kept = [r for r in rows if r.get("edition", "FY2022") == "FY2022"]
        found[path.name] = repr(kept).encode()
    return found


def test_final_is_frozen_and_stays_as_it_is(year: Path) -> None:
    assert outlook("report", "2022").returncode == 0
    provisional = page_of(year)
    assert ">Provisional<" in provisional
    assert "is provisional: it has not been frozen" in provisional
    told = json.loads(outlook("report", "2022", "--status", "final", "--json").stdout)
    assert told["status"] == "final"
    (frozen,) = (year / "published" / "editions").iterdir()
    manifest = json.loads((frozen / "manifest.json").read_text("utf-8"))
    assert (frozen.name, manifest["by"]) == ("FY2022.r1", getpass.getuser())
    page, before = page_of(year), figures(year)
    assert ">Final<" in page and "Becomes final" not in page
    report_manifest = versions.manifest(year / "published" / "report" / "FY2022")
    assert report_manifest["frozen_manifest_sha256"] == sha256(frozen / "manifest.json")
    # What was announced before stays to be read.
    assert page_of(year, "FY2022.provisional") == provisional

    # The same command, and none: the same bytes.
    for words in ((), ("--status", "final")):
        assert outlook("report", "2022", *words).returncode == 0
        assert page_of(year) == page
    # A reason changes no figure, and is not lost.
    for reason in ("to be sure", "to be sure", "<asked> again."):
        assert outlook("report", "2022", "--status", "final", "--reason", reason).returncode == 0
        assert (figures(year), ">Final<" in page_of(year)) == (before, True)
    told = versions.manifest(year / "published" / "report" / "FY2022")["frozen_reason"]
    assert re.fullmatch(r"\S{10}: to be sure; \S{10}: <asked> again\.", told)
    assert f"Reason: {escape(told)}</p>" in page_of(year)
    assert page_of(year, "FY2022.provisional") == provisional
    assert [p.name for p in (year / "published" / "editions").iterdir()] == ["FY2022.r1"]
    refused = outlook("report", "2022", "--status", "provisional")
    assert refused.returncode == 2 and "cannot be provisional again" in refused.stderr
    # A night more, and a build from nothing: the same figures.
    write_sample(year / "exports", LAST + timedelta(1), LAST + timedelta(1), scale=0.06)
    load_all(LAST + timedelta(1), LAST + timedelta(1))
    build(settings(), full=True)
    assert outlook("report", "2022").returncode == 0
    assert figures(year) == before
    assert ">Final<" in page_of(year)


def test_final_is_not_made_of_an_older_version(year: Path) -> None:
    write_sample(year / "exports", LAST + timedelta(1), LAST + timedelta(1), scale=0.06)
    load_all(LAST + timedelta(1), LAST + timedelta(1))
    refused = outlook("report", "2022", "--as-of", f"{LAST}", "--status", "final")
    assert refused.returncode == 2 and "leave out --as-of" in refused.stderr
    assert not (year / "published" / "editions").exists()
    made = outlook("report", "2022", "--status", "final", "--as-of", f"{LAST + timedelta(1)}")
    assert made.returncode == 0, made.stderr
    page = page_of(year)
    older = outlook("report", "2022", "--as-of", f"{LAST}")
    assert older.returncode == 2 and "its report was left as it is" in older.stderr
    assert page_of(year) == page


def test_a_correction_says_what_was_what_is_and_why(home: Path) -> None:
    write_sample(home / "exports", LAST - timedelta(1), LAST, scale=0.06)
    (home / "exports" / f"{LAST}").rename(home / "later")
    load_all(LAST - timedelta(1), LAST)
    refused = outlook("report", "2022", "--status", "final")
    assert refused.returncode == 2 and "FY2022 is not finished" in refused.stderr
    made = outlook("report", "2022", "--status", "final", "--reason", "The night is lost.")
    assert made.returncode == 0, made.stderr
    assert ">Final<" in page_of(home) and "Reason: The night is lost." in page_of(home)
    assert "No figure of FY2022 has been revised" in page_of(home)
    first = page_of(home)

    (home / "later").rename(home / "exports" / f"{LAST}")
    load_all(LAST, LAST)
    refused = outlook("report", "2022", "--status", "final")
    assert refused.returncode == 2 and "a revision needs a reason" in refused.stderr
    proved = outlook("prove", "2022", "--json")
    assert proved.returncode == 1
    moved = {
        (d["table"], d["row_key"], d["column"]) for d in json.loads(proved.stdout)["differences"]
    }
    assert ("headline", "inquiries", "as_of") in moved
    made = outlook("report", "2022", "--status", "final", "--reason", "It came after <all>.")
    assert made.returncode == 0, made.stderr
    page = page_of(home)
    assert ">Corrected<" in page
    assert re.search(r'aria-label="Correction">Corrected on .*: It came after &lt;all&gt;', page)
    table = page[page.index('id="revisions"') :]
    heads = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', table)[:6]
    assert heads == ["Figure", "Of", "Was", "Now", "Why", "When"]
    assert "Headline: value" in table and "It came after &lt;all&gt;." in table
    # What was announced before stays to be read.
    assert page_of(home, "FY2022.r1") == first
    proved = outlook("prove", "FY2022")
    assert proved.returncode == 0 and "FY2022.r2: the same" in proved.stdout


def test_what_a_final_report_withholds_and_the_kept_one_shows_is_known(home: Path) -> None:
    publish(home, "2022-06-30")
    made = report.make(settings(), "FY2022")
    assert report._newly_withheld(home / "published", made.folder) == []
    kept = made.folder.with_name("FY2022.provisional")
    shutil.copytree(made.folder, kept)
    path = kept / "parquet" / "sellers_by_city.parquet"
    table = pq.read_table(path)
    assert {r["symbol"] for r in table.to_pylist() if r["city_key"] == "karachi"} == {"c"}
    shown = {"share": 0.02, "numerator": 4, "symbol": None}
    rows = [{**r, **shown} if r["city_key"] == "karachi" else r for r in table.to_pylist()]
    pq.write_table(table.from_pylist(rows, schema=table.schema), path)
    assert report._newly_withheld(home / "published", made.folder) == ["sellers_by_city karachi"]


def test_nothing_frozen_is_nothing_proved(year: Path) -> None:
    refused = outlook("prove", "2022")
    assert refused.returncode == 2
    assert "outlook report FY2022 --status final" in refused.stderr


@pytest.mark.parametrize(
    "words", [("--status", "done"), ("--reason", "why"), ("--status", "final", "--reason", " ")]
)
def test_a_status_that_there_is_not(home: Path, words: tuple[str, ...]) -> None:
    publish(home, "2022-06-30")
    assert outlook("report", "2022", *words).returncode == 2


def test_an_unfinished_year_says_so(home: Path) -> None:
    folder = home / "published" / "2022-06-30"
    folder.mkdir(parents=True)
    rows = made_up.headline(2022, date(2022, 1, 31), paid_sellers=5)
    put_file(folder, {"report.headline": rows})
    (home / "published" / "latest").symlink_to("2022-06-30")
    made = report.make(settings(), "FY2022")
    html = (made.folder / "index.html").read_text("utf-8")
    assert "FY2022 is not complete" in html


def test_a_file_that_shows_a_lost_edition_makes_no_report(home: Path) -> None:
    """And one that does not show a frozen one yet."""
    folder = publish(home, "2022-06-30")
    stands = {"meta.edition": [made_up.stands(2022, "final")]}
    put_file(folder, {**made_up.full(), **stands})
    with pytest.raises(PublishError, match="no longer has it"):
        report.make(settings(), "FY2022")
    put_file(folder, made_up.full())
    write_json(
        home / "published" / "editions" / "FY2022.r1" / "manifest.json",
        {"edition": "FY2022", "revision": 1},
    )
    with pytest.raises(SettingsError, match="run `outlook build` first"):
        report.make(settings(), "FY2022")
    assert not (home / "published" / "report").exists()


# Put in place


def marked(home: Path, name: str, text: str, revision: int | None = None) -> Path:
    """A report folder that says which it is."""
    folder = home / "published" / name
    write_json(folder / "manifest.json", {"frozen_revision": revision})
    (folder / "index.html").write_text(text)
    return folder


KILL = """
import os, sys
from pathlib import Path
from warehouse import publish, versions

left = int(sys.argv[2])

def counted(real):
    def call(*arguments, **more):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
        return real(*arguments, **more)
    return call

published = Path(sys.argv[1])
made = published / ".building-new"
for name in ("rename", "replace", "unlink", "rmdir", "open", "mkdir"):
    setattr(os, name, counted(getattr(os, name)))
with publish.writer_lock(published):
    pass
"""


@pytest.mark.parametrize("was", [None, 1])
def test_a_report_killed_at_any_step_is_old_or_new_or_healed(home: Path, was: int | None) -> None:
    code = KILL.replace("    pass", "    publish.put_report(made, published, 'FY2022')")
    code = code.replace(".building-new", "made")
    published, states = home / "published", set()
    target = published / "report" / "FY2022"
    for step in range(1, 100):
        shutil.rmtree(published, ignore_errors=True)
        marked(home, "report/FY2022", "old", was)
        marked(home, "made", "new", 2)
        done = subprocess.run([sys.executable, "-c", code, str(published), str(step)])
        seen = (target / "index.html").read_text() if target.exists() else "none"
        states.add(seen)
        whole = {"manifest.json", "index.html"}
        assert seen == "none" or {p.name for p in target.iterdir()} == whole
        if done.returncode == 0:
            break
        assert done.returncode == -9
        with publish_room.writer_lock(published):
            pass
        healed = (target / "index.html").read_text()
        assert healed == ("old" if seen == "none" else seen)
        left = {p.name for p in target.parent.iterdir()} - {"FY2022"}
        kept = "FY2022.r1" if was else "FY2022.provisional"
        assert left == ({kept} if healed == "new" else set())
    assert seen == "new" and states == {"old", "none", "new"}


def test_generated_exports_are_named_as_such(home: Path) -> None:
    publish(home, "2022-06-30")
    made = report.make(settings(), "FY2022")
    assert "generated sample" not in (made.folder / "index.html").read_text("utf-8")
    (home / "exports" / "sample.json").write_text("{}")
    made = report.make(settings(), "FY2022")
    assert "generated sample" in (made.folder / "index.html").read_text("utf-8")
