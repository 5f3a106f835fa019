"""Credentials from an Airflow connection: for a task and for a command, and shown by neither."""

import getpass
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import KEY, NEXT, QUICK
from tests.sources.servers import KEY_ID, SECRET, Server
from tests.sources.web import PASSWORD, USER, Web
from transforms.deliveries import exports
from transforms.errors import SettingsError
from transforms.settings import settings
from warehouse.connection import find_connection

OUTLOOK = str(Path(sys.executable).with_name("outlook"))


def described(server: Server, room: Path) -> tuple[str, dict[str, Any]]:
    """A URL without any credentials, and the connection that has them."""
    at = {"host": "127.0.0.1", "port": server.port}
    if server.scheme == "sftp":
        extra = {
            "private_key": (room / "id").read_text(),
            "host_key": server.environ["OUTLOOK_SOURCE_HOST_KEY"],
            "no_host_key_check": "true",
        }
        path = server.url.split("{port}")[1]
        login = {"conn_type": "sftp", **at, "login": getpass.getuser(), "extra": extra}
        return f"sftp://{path}", login
    if server.scheme == "s3":
        endpoint = {"endpoint_url": f"http://127.0.0.1:{server.port}", "region_name": "us-east-1"}
        login = {"conn_type": "aws", "login": KEY_ID, "password": SECRET, "extra": endpoint}
        return server.url, login
    trust = {"ca_file": server.environ["OUTLOOK_SOURCE_CA_FILE"]}
    login = {"conn_type": "http", **at, "login": USER, "password": PASSWORD, "extra": trust}
    return "https:///drop", login


@pytest.mark.parametrize("server", ["sftp", "s3", "https"], indirect=True)
def test_a_connection_gives_what_the_url_lacks(
    server: Server, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, login = described(server, room)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AIRFLOW_CONN_PARTNER_DROP", json.dumps(login))
    environ = {**QUICK, "OUTLOOK_HOME": str(tmp_path), "OUTLOOK_EXPORTS": url}
    away = settings({**environ, "OUTLOOK_EXPORTS_CONNECTION": "partner_drop"})
    assert exports.newest(away.exports, 1) == [f"{NEXT}"]
    assert not any(secret in f"{away!r}" for secret in (PASSWORD, SECRET, "PRIVATE KEY"))


def test_a_connection_in_the_database_of_airflow_is_found() -> None:
    from airflow.models.connection import Connection
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    with create_session() as session:
        session.add(Connection("stored_drop", "sftp", host="exports.example", login="bob"))
    assert find_connection("stored_drop")["host"] == "exports.example"


def test_the_password_goes_to_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"conn_type": "sftp", "host": "partner.example", "password": PASSWORD}
    monkeypatch.setenv("AIRFLOW_CONN_PARTNER_ELSEWHERE", json.dumps(login))
    environ = {"OUTLOOK_EXPORTS": "sftp://127.0.0.1:1/drop"}
    away = settings({**environ, "OUTLOOK_EXPORTS_CONNECTION": "partner_elsewhere"})
    with pytest.raises(SettingsError, match="its password was not sent"):
        exports.newest(away.exports, 1)


def test_a_connection_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(SettingsError, match=r"no such connection \(AirflowNotFoundException\)"):
        find_connection("no_such_drop")


def test_the_command_line_asks_airflow_as_well(
    behaved: Web,
    web_server: tuple[Web, Server],
    drop: Path,
    room: Path,
    tmp_path: Path,
) -> None:
    url, login = described(web_server[1], room)
    environ = {**os.environ, **QUICK, "OUTLOOK_HOME": str(tmp_path), "OUTLOOK_KEY": KEY}
    environ |= {"OUTLOOK_EXPORTS": url, "OUTLOOK_EXPORTS_CONNECTION": "partner_drop"}
    environ["AIRFLOW_CONN_PARTNER_DROP"] = json.dumps(login)
    command = ["run", "--date", f"{NEXT}", "--dataset", "sellers", "--dry-run", "--json"]
    done = subprocess.run(
        [OUTLOOK, *command], env=environ, capture_output=True, text=True, timeout=120
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert PASSWORD not in said and "Traceback" not in said
    assert done.returncode == 0, said
    assert json.loads(done.stdout)["receipts"][0]["status"] == "ok"


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("OUTLOOK_EXPORTS", "s3://drop/in?endpoint=http://127.0.0.1:1&token=hush"),
        ("OUTLOOK_EXPORTS", "sftp://127.0.0.1/in?known_host=/etc/hosts&token=hush"),
        ("OUTLOOK_LAKE", "s3://lake/in?endpoint=http://127.0.0.1:1&token=hush"),
    ],
)
def test_a_mistyped_option_is_refused(setting: str, url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{setting} is .* option that is not known") as error:
        settings({"OUTLOOK_HOME": str(tmp_path), setting: url})
    assert "hush" not in f"{error.value}"


def test_a_signature_goes_along_to_an_https_source(tmp_path: Path) -> None:
    url = "https://127.0.0.1/in?signature=hush"
    away = settings({"OUTLOOK_HOME": str(tmp_path), "OUTLOOK_EXPORTS": url})
    assert "hush" not in f"{away.exports}"
