"""What the doctor says of Airflow's settings; tests/deployment asks a running one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from transforms.settings import settings
from warehouse.questions import deployment

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
