"""A real scheduler, one night: triggered as an operator would, published, and told by `doctor`.

Its servers take a minute and a half of two cores, so `make deployment` runs it, before twelve
nights on one machine and with two Celery workers. In `make test` the DAGs run by `.test()`.
"""

import os
import shutil
from datetime import timedelta

import pytest

from tests.deployment.marketplace import Marketplace
from tests.deployment.nights import BEGIN, FIRST
from tests.deployment.servers import one_machine
from transforms import DATASETS
from transforms.settings import settings
from warehouse import versions
from warehouse.questions import deployment


@pytest.mark.skipif(
    not os.environ.get("OUTLOOK_TEST_SCHEDULER"),
    reason="NO REAL SCHEDULER WAS STARTED: `make deployment` starts it",
)
@pytest.mark.skipif(
    not (shutil.which("cc") or shutil.which("gcc")),
    reason="NO C COMPILER: the clock of a deployment cannot be set; no real scheduler was tested",
)
def test_a_night_through_a_real_scheduler() -> None:
    with one_machine(BEGIN) as airflow:
        market = Marketplace(airflow.home, airflow.clock, FIRST, 1, scale=0.01)
        market.deliver(FIRST)
        for dataset in DATASETS:
            airflow.trigger(f"lake_{dataset}", conf={"export_date": f"{FIRST}"})
        airflow.settle()
        live = versions.latest(airflow.home / "published")
        assert live and live.name == f"{FIRST}", airflow.processes.tail("scheduler")
        assert not airflow.pending()

        def told() -> dict[str, tuple[str, str]]:
            environ = airflow.environment("main")
            return dict(deployment.examine(settings(environ), environ))

        def verdicts() -> dict[str, str]:
            return {thing: verdict for thing, (verdict, _) in told().items()}

        assert verdicts() == {
            "Airflow executor": "warn",  # SQLite
            "Airflow secrets": "fine",
            "Airflow code": "fine",
            "Airflow servers": "fine",
            "Airflow DAGs": "fine",
            "Airflow workers": "fine",
            "Airflow lake": "fine",
            "Airflow cleaning": "fine",
            "Airflow connection": "fine",
            "Airflow pool": "fine",
            "Airflow messages": "fine",
        }
        assert "the workers' last nights are in" in told()["Airflow lake"][1]
        airflow.api("PATCH", "/dags/warehouse", json={"is_paused": True})
        airflow.processes.kill("triggerer")
        airflow.clock.forward(timedelta(minutes=5))
        found = verdicts()
        assert (found["Airflow servers"], found["Airflow DAGs"]) == ("wrong", "wrong")
