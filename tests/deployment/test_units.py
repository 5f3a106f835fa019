"""The systemd units and the settings of docs/production: systemd and Airflow know what they say."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from airflow.cli import cli_parser
from airflow.configuration import conf

from dags import maintenance
from dags.defaults import TASK_TIMEOUT
from transforms import DATASETS
from transforms.settings import NAMES
from warehouse.questions.deployment import LOOPBACK

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


def command(unit: str) -> list[str]:
    return service(FOLDER / f"{unit}.service")["ExecStart"].split()


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
    binary, *words = command(unit.stem)
    assert binary == BINARY
    # A command or an option that Airflow does not know ends the parser.
    assert cli_parser.get_parser().parse_args(words).subcommand


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


def example() -> dict[str, str]:
    lines = (FOLDER / "outlook.env.example").read_text("utf-8").splitlines()
    return dict(x.split("=", 1) for x in lines if x and not x.startswith("#"))


def test_the_example_holds_no_secret() -> None:
    for name, value in example().items():
        if re.search(r"KEY$|SECRET$", name):
            assert re.fullmatch("<.*>", value), name
        assert not re.search(r":[^<@/]+@", value), f"{name} holds a password"


def test_the_api_listens_where_the_others_ask_it(tmp_path: Path) -> None:
    """With the settings of the example, on the address that every machine is told."""
    apart = "AIRFLOW__CORE__AUTH_MANAGER"  # the command line loads it, and the lock has it not
    environ = {k: v for k, v in example().items() if k != apart}
    code = (
        "from airflow.cli import cli_parser\n"
        f"asked = cli_parser.get_parser().parse_args({command('outlook-api-server')[1:]!r})\n"
        "print(asked.host, asked.port)"
    )
    environ |= {"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path)}
    # A key that is no Fernet key, and a database that is not there: neither is asked.
    environ["AIRFLOW__CORE__FERNET_KEY"] = ""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    asked = urlsplit(environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])
    assert done.stdout.split()[-2:] == [asked.hostname, f"{asked.port}"]
    assert asked.path == "/execution/"
    assert asked.hostname not in LOOPBACK
    for unit in UNITS:
        for waits in re.findall(r"\$\{(AIRFLOW__\w+)\}", unit.read_text("utf-8")):
            assert waits in environ, unit.name


def test_the_example_names_one_database() -> None:
    found = example()
    url = found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert found["AIRFLOW__CELERY__RESULT_BACKEND"] == f"db+{url}"
    assert found["AIRFLOW_CONN_AIRFLOW_DB"] == url.replace("+psycopg2", "")
    # What the DAG `maintenance` makes of it, where Airflow hides the variable.
    barred = {maintenance.DATABASE: f"{maintenance.BARRED}:///"}
    with pytest.MonkeyPatch.context() as environ:
        for name, value in {**found, **barred}.items():
            environ.setenv(name, value.replace("<password>", "a-password"))
        assert maintenance._with_database()[maintenance.DATABASE] == url.replace(
            "<password>", "a-password"
        )


def installing() -> list[str]:
    """The commands of the page, in their order."""
    text = PAGE.read_text("utf-8").split("\n## Install\n")[1].split("\n## ")[0]
    return [line for block in text.split("```")[1::2] for line in block.strip().splitlines()]


def test_the_folders_are_made_for_the_user_who_writes_them() -> None:
    made: list[str] = []
    for line in installing():
        if line.startswith("install -d "):
            assert "-o outlook -g outlook" in line
            made += re.findall(r"(?<= )/\S+", line)
    found = example()
    needed = [found[f"OUTLOOK_{name}"] for name in ("HOME", "LAKE", "PUBLISHED")]
    assert set(made) == set(needed)
    # What `install -d` makes on the way belongs to root, so a parent is named before its children.
    assert made.index(found["OUTLOOK_HOME"]) == 0
    for unit in UNITS:
        writable = service(unit)["ReadWritePaths"].split()
        for folder in (*needed, found["AIRFLOW_HOME"]):
            assert any(Path(folder).is_relative_to(w) for w in writable), (unit.name, folder)


def test_what_is_enabled_starts_after_a_reboot() -> None:
    """The units are wanted by the target alone, so each line that enables one enables it too."""
    enabling = [x for x in installing() if x.startswith("systemctl enable ")]
    enabled = [word for line in enabling for word in line.split("#")[0].split()[3:]]
    assert {name.partition("@")[0] for name in enabled} == {
        "outlook.target",
        *(unit.stem.rstrip("@") for unit in UNITS),
    }
    assert all("outlook.target" in line.split() for line in enabling)
    for unit in UNITS:
        assert "WantedBy=outlook.target" in unit.read_text("utf-8")
    assert "WantedBy=multi-user.target" in (FOLDER / "outlook.target").read_text("utf-8")


def test_a_worker_may_finish_the_longest_task() -> None:
    worker = service(FOLDER / "outlook-worker@.service")
    assert int(worker["TimeoutStopSec"]) > TASK_TIMEOUT.total_seconds()
    assert worker["KillMode"] == "mixed"  # the signal to end goes to the worker, not to its tasks


def test_the_auth_manager_of_the_example_is_installed() -> None:
    provider = example()["AIRFLOW__CORE__AUTH_MANAGER"].split(".")[2]
    package = f"apache-airflow-providers-{provider}"
    lock = (ROOT / "requirements-production.txt").read_text("utf-8")
    assert f"\n{package}==" in lock or any(package in line for line in installing())
