"""What a layout TOML may say, what of it is a mistake, and what inspect makes of a stranger."""

import dataclasses
import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from typer.testing import CliRunner

from transforms import layouts
from transforms.draft import of_table
from transforms.draft.table import Table
from transforms.errors import SettingsError
from transforms.inspection import inspect
from transforms.layouts.source import source
from transforms.markets import market
from transforms.settings import settings
from warehouse.cli import app

TABLE = pd.DataFrame(
    {
        "Type": ["W", " B ", "X"],
        "Link": ["/a-b_12.html?x=1", "none", None],
        "Label": ["Revenue:", "Markets:", ""],
        "Value": ["US$5", "Asia 5%", "7"],
        "Title": ["Services", "Ball", ""],
        "Gaps": ["Soft  for   kids", "Soft  ball", "plain"],
        "Word": ["ball", "tennis", "red"],
        "Word 2": ["two", "", ""],
        "Word 3": ["sizes", "", ""],
    },
    dtype="str",
)


@pytest.mark.parametrize(
    ("spec", "means"),
    [
        ("Type", ["W", " B ", "X"]),
        ({"header": "Type", "map": {"W": "inquiry", "B": "rfq"}}, ["inquiry", "rfq", "X"]),
        ({"header": "Link", "match": r"_(\d+)\.html"}, ["12", None, None]),
        ({"header": "Link", "match": r"/(.+)_\d", "blank": "-"}, ["a b", None, None]),
        (
            {"header": "Value", "when": {"header": "Label", "equals": "Revenue:"}},
            ["US$5", None, None],
        ),
        ({"header": "Title", "unless": ["Services"]}, [None, "Ball", ""]),
        ({"header": "Title", "present": ["Yes", "No"]}, ["Yes", "Yes", "No"]),
        ({"header": "Value", "strip": "US$"}, ["5", "Asia 5%", "7"]),
        ({"join": ["Title", "Type"], "by": "/"}, ["Services/W", "Ball/ B ", "X"]),
        ({"first": ["Title", "Word"]}, ["Services", "Ball", "red"]),
        (
            {"fill": ["Gaps", "Word", "Word 2", "Word 3"]},
            ["Soft ball for two sizes kids", "Soft tennis ball", "plain red"],
        ),
    ],
)
def test_a_source_takes_what_the_table_of_the_docs_says(spec: Any, means: list[Any]) -> None:
    read = source(spec).read(TABLE)
    assert [None if pd.isna(v) else v for v in read] == means


RIGHT = """
dataset = "sellers"
extent = "sample"
required = ["Nummer", "Firma"]
[columns]
seller_id = "Nummer"
company_name = "Firma"
"""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("", "has no 'dataset'"),
        ("dataset = ", "Invalid value"),
        (RIGHT.replace('"sellers"', '"seller"'), "one of sellers, listings, inquiries"),
        (RIGHT.replace('"sample"', '"full"'), "census, window, sample"),
        (RIGHT.replace("company_name", "firm"), "firm: not a raw field"),
        (RIGHT.replace("extent", "extend"), "unknown key extend"),
        (RIGHT + 'city = { header = "Ort", mtach = "(x)" }', "unknown key mtach"),
        (RIGHT + 'city = { header = "Ort", match = "x" }', "has no group"),
        (RIGHT + 'city = { header = "Ort", match = "(x" }', "missing )"),
        (RIGHT.replace("[columns]", 'zone = "Asia/Nowhere"\n[columns]'), "Asia/Nowhere"),
    ],
)
def test_a_layout_that_cannot_be_used_is_named_in_one_line(
    wrong: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "sellers_x.toml"
    path.write_text(wrong)
    with pytest.raises(SettingsError) as error:
        layouts._load(path)
    assert said in str(error.value)
    assert "sellers_x.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_draft_is_a_layout_once_its_columns_are_filled() -> None:
    headers = ["Member ID", "Firma", "Stadt", "Paid From", "Phone"]
    text = of_table(Table(headers, pd.DataFrame(), ""), "sellers_x.csv", None, market("PK"))
    made = layouts._layout("sellers_x", tomllib.loads(text))
    assert made.dataset == "sellers"
    assert {"seller_id", "paid_from", "phone", "company_name"} <= set(made.columns)
    assert made.ignore == {"Stadt"}
    assert "# city" in text


def test_wall_times_are_of_the_zone_that_the_layout_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = layouts.own_layout("inquiries")
    path = tmp_path / "inquiries.csv"
    path.write_text(
        "inquiry_id,channel,member_id,subject,received_at\n"
        "12345678,inquiry,pk1,Balls,2022-06-28 13:44:00\n"
    )
    said = {}
    for zone in (None, "Asia/Kolkata"):
        changed = dataclasses.replace(own, zone=ZoneInfo(zone) if zone else None)
        monkeypatch.setattr("transforms.read.fitting", lambda *_, c=changed: c)
        found = inspect(path, "inquiries", date(2022, 6, 28), settings({}))
        said[zone] = f"{found.first_rows[0]['posted_at']:%H:%M}"
    assert said == {None: "08:44", "Asia/Kolkata": "08:14"}


def test_inspect_shows_rows_rejects_and_that_a_night_would_be_held(tmp_path: Path) -> None:
    path = tmp_path / "sellers.csv"
    path.write_text(
        "Member ID,Company Name,Country/Region,City,Membership,Paid From,Paid To\n"
        "pk1,Ball Co,Pakistan,Sialkot,Gold Supplier,2021-01-01,2022-12-31\n"
        "??,Bat Co,Pakistan,Sialkot,Gold Supplier,2021-01-01,2022-12-31\n"
    )
    said = CliRunner().invoke(app, ["inspect", str(path), "--date", "2022-06-30"])
    assert said.exit_code == 0
    assert "such a night would not count: 1 of 2 rows rejected" in said.output
    assert "seller_id: malformed: '??'" in said.output
    assert "company_name Ball Co" in said.output
    assert "missing     " in said.output
    as_json = CliRunner().invoke(app, ["inspect", str(path), "--json"]).stdout
    assert json.loads(as_json)["held"].startswith("1 of 2 rows")


def test_inspect_drafts_a_layout_for_a_stranger(tmp_path: Path) -> None:
    path = tmp_path / "strange.csv"
    path.write_text("Kürzel;Ort;Notiz\nA;Ulm;5\nB;Bonn;6\n")
    said = CliRunner().invoke(app, ["inspect", str(path), "--json"])
    assert said.exit_code == 5
    refused = json.loads(said.stdout)["refused"]
    assert refused["code"] == "unknown_layout"
    assert refused["nearest_layout"] and refused["missing"]
    assert tomllib.loads(refused["draft_layout"])["ignore"] == ["Kürzel", "Ort", "Notiz"]
    assert "Ulm" not in said.stdout
