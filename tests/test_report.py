"""`outlook report`: which edition from which version, put in place whole, final ones kept."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.warehouse.page import made_up
from transforms.errors import ExportMissing, PublishError, SettingsError
from transforms.lake import write_json
from transforms.settings import settings
from warehouse.page import report
from warehouse.page.edition import name_of, version

OUTLOOK = str(Path(sys.executable).with_name("outlook"))


def publish(home: Path, night: str, revision: int = 1, run_id: str = "run 1") -> Path:
    """A made-up version of a night; the newest one is live."""
    published = home / "published"
    folder = published / (night if revision == 1 else f"{night}.r{revision}")
    folder.mkdir(parents=True)
    made_up.database(folder / "outlook.duckdb", made_up.full())
    write_json(folder / "manifest.json", {"export_date": night, "revision": revision,
                                          "sha256": run_id, "run_id": run_id})  # fmt: skip
    (published / "latest").unlink(missing_ok=True)
    (published / "latest").symlink_to(folder.name)
    return folder


@pytest.mark.parametrize(
    ("edition", "basis", "name"),
    [("2022", None, "FY2022"), ("2022", "calendar", "CY2022"), ("fy2022", None, "FY2022"),
     ("CY2022", "calendar", "CY2022"), ("FY2022", "fiscal", "FY2022")],
)  # fmt: skip
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
    assert version(published, None).name == "2022-06-30"
    assert version(published, date(2022, 6, 29)).name == "2022-05-31.r2"
    with pytest.raises(ExportMissing):
        version(published, date(2022, 5, 30))


def test_command_makes_the_edition(home: Path) -> None:
    publish(home, "2022-06-30")
    done = subprocess.run(
        [OUTLOOK, "report", "2022", "--json"], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    folder = home / "published" / "report" / "FY2022"
    assert told["folder"] == str(folder) and told["status"] == "provisional"
    assert {p.name for p in folder.iterdir()} >= {
        "index.html", "outlook.xlsx", "csv", "parquet", "figures", "datapackage.json",
        "manifest.json",
    }  # fmt: skip
    assert not list((home / "published").glob(".building-*"))


def test_command_refuses_an_edition_that_is_not_there(home: Path) -> None:
    publish(home, "2022-06-30")
    done = subprocess.run([OUTLOOK, "report", "2035"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "FY2021, FY2022" in done.stderr


def test_a_final_edition_stays_as_it_is(home: Path) -> None:
    publish(home, "2022-06-30")
    made = report.make(settings(), "FY2022", "final")
    before = (made.folder / "index.html").read_bytes()
    report.make(settings(), "FY2022", "final")
    assert (made.folder / "index.html").read_bytes() == before
    with pytest.raises(PublishError, match="is final"):
        report.make(settings(), "FY2022")
    assert (made.folder / "index.html").read_bytes() == before


def test_an_unfinished_year_cannot_be_final(home: Path) -> None:
    folder = home / "published" / "2022-06-30"
    folder.mkdir(parents=True)
    rows = made_up.headline(2022, date(2022, 1, 31), paid_sellers=5)
    made_up.database(folder / "outlook.duckdb", {"report.headline": rows})
    write_json(folder / "manifest.json", {"export_date": "2022-06-30", "revision": 1})
    (home / "published" / "latest").symlink_to("2022-06-30")
    with pytest.raises(SettingsError, match="not finished"):
        report.make(settings(), "FY2022", "final")
    made = report.make(settings(), "FY2022")
    html = (made.folder / "index.html").read_text("utf-8")
    assert "FY2022 is not finished" in html


def test_generated_exports_are_named_as_such(home: Path) -> None:
    publish(home, "2022-06-30")
    made = report.make(settings(), "FY2022")
    assert "generated sample" not in (made.folder / "index.html").read_text("utf-8")
    (home / "exports" / "truth.json").write_text("{}")
    made = report.make(settings(), "FY2022")
    assert "generated sample" in (made.folder / "index.html").read_text("utf-8")
