"""What the doctor says of Airflow's settings; tests/deployment asks a running one."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.deployment.services import free_port
from transforms import DATASETS
from transforms.sample import write_sample
from transforms.settings import settings
from warehouse import nightly
from warehouse.questions import deployment, doctor

Look = Callable[[dict[str, str]], dict[str, tuple[str, str]]]

# Port 1 of this machine: nobody answers there.
ONE = {
    "AIRFLOW__API__BASE_URL": "http://127.0.0.1:1",
    "AIRFLOW__CORE__DAGS_FOLDER": str(deployment.ROOT),
}
KEYS = {
    "AIRFLOW__CORE__FERNET_KEY": "f",
    "AIRFLOW__API_AUTH__JWT_SECRET": "j",
    "AIRFLOW__API__SECRET_KEY_CMD": "cat secret",
}
MANY = {
    **ONE,
    **KEYS,
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://airflow@db/airflow",
    "AIRFLOW__CELERY__BROKER_URL": "redis://redis:6379/0",
    "AIRFLOW__CELERY__RESULT_BACKEND": "db+postgresql+psycopg2://airflow@db/airflow",
}


@pytest.fixture
def look(home: Path, tmp_path: Path) -> Look:
    def verdicts(environ: dict[str, str]) -> dict[str, tuple[str, str]]:
        return dict(deployment.examine(settings(), {"AIRFLOW_HOME": str(tmp_path), **environ}))

    return verdicts


def test_where_no_airflow_is_configured_it_is_one_line(look: Look) -> None:
    assert look({}) == {
        "Airflow": ("fine", "no Airflow is configured here: AIRFLOW__API__BASE_URL is not set")
    }


@pytest.mark.parametrize(
    ("changed", "thing", "verdict", "says"),
    [
        ({}, "Airflow executor", "fine", "CeleryExecutor, postgresql"),
        ({}, "Airflow secrets", "fine", "the same on every machine"),
        ({}, "Airflow code", "fine", "DAGs and commands are of"),
        ({}, "Airflow servers", "wrong", "nothing answers at http://127.0.0.1:1"),
        (
            {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////a.db"},
            "Airflow executor",
            "wrong",
            "need PostgreSQL",
        ),
        ({"AIRFLOW__CORE__EXECUTOR": ""}, "Airflow executor", "fine", "LocalExecutor, postgresql"),
        ({"AIRFLOW__CELERY__BROKER_URL": ""}, "Airflow executor", "wrong", "[celery] broker_url"),
        ({"AIRFLOW__API_AUTH__JWT_SECRET": ""}, "Airflow secrets", "wrong", "jwt_secret"),
        (
            {"AIRFLOW__API__BASE_URL": "https://airflow.example.com"},
            "Airflow secrets",
            "warn",
            "SimpleAuthManager",
        ),
        (
            {
                "AIRFLOW__API__BASE_URL": "https://airflow.example.com",
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            },
            "Airflow secrets",
            "wrong",
            "everybody",
        ),
        ({"AIRFLOW__CORE__DAGS_FOLDER": "/elsewhere"}, "Airflow code", "wrong", "/elsewhere"),
        (
            {
                "AIRFLOW__API__HOST": "127.0.0.1",
                "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://airflow.invalid:1/execution/",
            },
            "Airflow executor",
            "wrong",
            "the API listens on 127.0.0.1 alone, and workers ask airflow.invalid",
        ),
    ],
)
def test_settings_of_several_machines(
    look: Look, changed: dict[str, str], thing: str, verdict: str, says: str
) -> None:
    # What is asked over HTTP is asked of this machine, whatever the address of the UI is.
    here = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://127.0.0.1:1/execution/"}
    found, what = look({**MANY, **here, **changed})[thing]
    assert found == verdict
    assert says in what


def test_airflow_cfg_is_read_too(look: Look, tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text(
        "[core]\nexecutor = CeleryExecutor\n[api]\nbase_url = http://127.0.0.1:1\n"
        "[database]\nsql_alchemy_conn = postgresql+psycopg2://u:100%@db/airflow\n"
    )
    found = look({})
    assert found["Airflow executor"][0] == "wrong"
    assert "[celery] broker_url and result_backend not set" in found["Airflow executor"][1]
    # A password stands in no message.
    assert "100%" not in str(found)
    assert look({"AIRFLOW__CORE__EXECUTOR": "LocalExecutor"})["Airflow executor"][0] == "fine"


LOADED, NOT_DUE = "2022-06-29", "2022-06-30"


class Answers:
    """Answers on a port of this machine as Airflow 3.3 does; what is asked with other words is a
    404."""

    def __init__(self) -> None:
        self.health: Any = {"scheduler": {"status": "healthy"}}
        self.tasks: dict[str, Any] = {
            "task_instances": [
                {"task_id": "load_partition", "state": "success", "rendered_map_index": LOADED}
            ]
        }

    def of(self, path: str, asked: dict[str, list[str]]) -> Any:
        if path == "/api/v2/monitor/health":
            return self.health
        if path == "/auth/token":
            return {"access_token": "a token"}
        if path.endswith("/dagRuns/~/taskInstances"):
            wanted = {"task_id": ["load_partition"], "state": ["success"]}
            return self.tasks if wanted.items() <= asked.items() else None
        if path.endswith("/dagRuns"):  # the newest run that succeeded loaded nothing
            return {"dag_runs": [{"partition_key": NOT_DUE, "state": "success"}]}
        return None


@pytest.fixture
def airflow() -> Iterator[tuple[Answers, dict[str, str]]]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            found = answers.of(url.path, parse_qs(url.query))
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield answers, {**ONE, "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    server.server_close()


def test_a_night_on_which_nothing_was_due_is_no_lost_receipt(
    look: Look, home: Path, airflow: tuple[Answers, dict[str, str]]
) -> None:
    answers, environ = airflow
    night = date.fromisoformat(LOADED)
    write_sample(home / "exports", night, night, scale=0.003)
    for dataset in DATASETS:
        nightly.load(dataset, LOADED)
    assert look(environ)["Airflow lake"] == (
        "fine",
        f"the workers' last nights are in {home / 'lake'}",
    )
    answers.tasks["task_instances"][0]["rendered_map_index"] = NOT_DUE
    assert look(environ)["Airflow lake"][0] == "wrong"
    answers.tasks["task_instances"].clear()
    assert look(environ)["Airflow lake"] == ("fine", "no night ran yet")


def test_the_other_checks_are_told_whatever_is_damaged(
    look: Look,
    home: Path,
    airflow: tuple[Answers, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, environ = airflow
    receipt = home / "lake" / "receipts" / "sellers" / f"{LOADED}.json"
    receipt.parent.mkdir(parents=True)
    receipt.write_text("{")
    found = look(environ)
    assert found["Airflow lake"][0] == "wrong"
    assert f"{receipt}" in found["Airflow lake"][1]
    assert list(found)[-1] == "Airflow messages"
    # The whole table, too, and not one error.
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert {"PDF", "receipts", "Airflow lake"} <= {row["thing"] for row in doctor.examine()}
    receipt.unlink()
    for odd in ({}, {"task_instances": 1}, {"task_instances": [{"rendered_map_index": "soon"}]}):
        answers.tasks = odd
        verdict, what = look(environ)["Airflow lake"]
        assert (verdict, what.split(" (")[0]) == (
            "warn",
            "not looked at: the API answered something else",
        )
    for text in ("[]", '{"status": "ok"}'):
        answers.health = json.loads(text)
        assert "is not Airflow" in look(environ)["Airflow servers"][1]
    (home / "airflow.cfg").write_text("executor = LocalExecutor")
    verdict, what = look({})["Airflow"]
    assert (verdict, what.split(":")[0]) == ("wrong", "airflow.cfg cannot be read")


def test_maintenance_has_to_find_the_database(
    look: Look, airflow: tuple[Answers, dict[str, str]]
) -> None:
    _, environ = airflow
    assert look(environ)["Airflow cleaning"][0] == "fine"
    environ[deployment.DATABASE] = "postgresql+psycopg2://airflow:secret@db/airflow"
    verdict, what = look(environ)["Airflow cleaning"]
    assert verdict == "wrong"
    assert "there is no connection airflow_db" in what
    assert "secret" not in what
    environ["AIRFLOW_CONN_AIRFLOW_DB"] = "postgresql://airflow:secret@db/airflow"
    verdict, what = look(environ)["Airflow cleaning"]
    assert verdict == "fine"
    assert "secret" not in what


@pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="REDIS IS ABSENT: no Celery worker was asked whether it lives",
)
def test_celery_workers_are_asked_through_the_broker(
    look: Look,
    airflow: tuple[Answers, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("celery")
    monkeypatch.setattr(deployment, "SECONDS", 0.5)
    _, environ = airflow
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    environ |= {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "AIRFLOW__CELERY__BROKER_URL": url}

    def said(of: str) -> tuple[str, str]:
        deadline = time.monotonic() + 60
        found = look(environ)["Airflow workers"]
        while of not in found[1] and time.monotonic() < deadline:
            found = look(environ)["Airflow workers"]
        return found

    assert said("the broker does not answer")[0] == "wrong"
    redis = ["redis-server", "--port", f"{port}", "--bind", "127.0.0.1", "--save", ""]
    celery = [sys.executable, "-m", "celery", "--broker", url, "worker", "--pool", "solo"]
    running = [subprocess.Popen(redis, cwd=tmp_path, stdout=subprocess.DEVNULL)]
    try:
        assert said("no worker answers")[0] == "wrong"
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running.append(subprocess.Popen([*celery, "-n", "w1@here"], cwd=tmp_path, **quiet))
        assert said("w1@here") == (
            "fine",
            "w1@here answer; a worker that is not named is down or frozen",
        )
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()
    environ.pop("AIRFLOW__CELERY__BROKER_URL")
    environ["AIRFLOW__CELERY__BROKER_URL_CMD"] = "cat broker"
    assert look(environ)["Airflow workers"][0] == "warn"
