"""The systemd units and the settings of docs/production: systemd and Airflow know what they say."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.cli import cli_parser
from airflow.configuration import conf

from transforms import DATASETS
from transforms.settings import NAMES

ROOT = Path(__file__).parents[2]
ROOMS = ("dags", "transforms", "warehouse")
FOLDER = ROOT / "docs" / "production"
PAGE = ROOT / "docs" / "production.md"
UNITS = sorted(FOLDER.glob("*.service"))
BINARY = "/opt/outlook/.venv/bin/airflow"


def service(unit: Path) -> dict[str, str]:
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(unit.read_text("utf-8"))
    return dict(parsed["Service"])


def test_there_is_a_unit_for_each_server() -> None:
    names = {u.stem for u in UNITS}
    servers = ("api-server", "scheduler", "dag-processor", "triggerer", "worker@")
    assert names == {f"outlook-{name}" for name in servers}


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="SYSTEMD-ANALYZE IS ABSENT: no unit was checked by systemd",
)
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for path in (*UNITS, FOLDER / "outlook.target"):
        # It wants every program to be there; nothing is started.
        text = path.read_text("utf-8").replace(BINARY, sys.executable)
        text = text.replace("/usr/bin/curl", sys.executable)
        (tmp_path / path.name).write_text(text, "utf-8")
    checked = ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.iterdir())]
    done = subprocess.run(checked, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda p: p.stem)
def test_airflow_accepts_the_command(unit: Path) -> None:
    command = service(unit)["ExecStart"].split()
    assert command[0] == BINARY
    # A command or an option that Airflow does not know ends the parser.
    parsed = cli_parser.get_parser().parse_args(command[1:])
    assert parsed.subcommand


def read_by_the_pipeline() -> set[str]:
    """Names of settings in the code, without OUTLOOK_."""
    code = "".join(p.read_text("utf-8") for room in ROOMS for p in (ROOT / room).rglob("*.py"))
    named = set(re.findall(r"\bOUTLOOK_([A-Z_]+[A-Z])\b", code))
    return {*NAMES, *named, *(f"LATE_{d.upper()}" for d in DATASETS)}


def test_every_setting_is_one_that_airflow_or_the_pipeline_reads() -> None:
    text = PAGE.read_text("utf-8") + "".join(p.read_text("utf-8") for p in FOLDER.iterdir())
    named = set(re.findall(r"\bAIRFLOW__[A-Z_]+[A-Z]\b", text))
    assert len(named) > 12
    known = {
        f"AIRFLOW__{section.upper()}__{option.upper()}"
        for section, about in conf.configuration_description.items()
        for option in about["options"]
    }
    known |= {name + way for name in known for way in ("_CMD", "_SECRET")}
    assert named <= known
    ours = set(re.findall(r"\bOUTLOOK_([A-Z_]+[A-Z])\b", text))
    assert ours <= read_by_the_pipeline()
    assert {"HOME", "EXPORTS", "LAKE", "PUBLISHED", "KEY"} <= ours


def test_the_example_holds_no_secret() -> None:
    lines = (FOLDER / "outlook.env.example").read_text("utf-8").splitlines()
    settings = dict(x.split("=", 1) for x in lines if x and not x.startswith("#"))
    for name, value in settings.items():
        if re.search(r"KEY$|SECRET$", name):
            assert re.fullmatch("<.*>", value), name
        assert not re.search(r":[^<@/]+@", value), f"{name} holds a password"
