"""What the DAGs share: time limits, retries, the pool, and the settings that only Airflow has.

They are read from the environment of the DAG processor and of the workers, not from `outlook.toml`:
nobody knows the folder that Airflow runs a task in.
"""

import os
from datetime import timedelta
from typing import Any

from transforms import DATASETS

WAIT = timedelta(minutes=int(os.environ.get("OUTLOOK_WAIT_MINUTES", "360")))
POKE_SECONDS = int(os.environ.get("OUTLOOK_POKE_SECONDS", "300"))
# Tasks that read the source. A pool that does not exist would keep them waiting in silence, so the
# pool is the one that every Airflow has unless somebody has made another.
POOL = os.environ.get("OUTLOOK_POOL", "default_pool")
RETRY_DELAY = timedelta(seconds=int(os.environ.get("OUTLOOK_RETRY_SECONDS", "300")))

# The local hour of the next day from which the export of a night is late.
LATE = {d: os.environ.get(f"OUTLOOK_LATE_{d.upper()}", "07:00") for d in DATASETS}

POKE_TIMEOUT = timedelta(minutes=10)
TASK_TIMEOUT = timedelta(hours=3)
RUN_TIMEOUT = timedelta(hours=12)
LAKE_TIMEOUT = max(RUN_TIMEOUT, WAIT + timedelta(hours=6))  # of a run that waits first

# What a list of task instances shows in its column Map Index.
SHOWS_NIGHT = "{{ dag_run.partition_key or params.get('export_date') or '' }}"


def default_args(retries: int = 3) -> dict[str, Any]:
    """Arguments of every task."""
    from dags.telling import tell_failure

    return {
        "owner": "data-engineering",
        "retries": retries,
        "retry_delay": RETRY_DELAY,
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": TASK_TIMEOUT,
        "on_failure_callback": tell_failure,
    }
