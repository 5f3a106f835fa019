"""Every day at 15:30 in Karachi, when no night is loading: deletes what retention lets go.

`clean` deletes old versions, landed bytes, replaced partitions and scratch by the rules in
`warehouse/retention/rules.toml`, and logs what and why as one record; `outlook clean --dry-run`
says the same without deleting. The other tasks delete Airflow's own old rows and log files. Nothing
that counts is touched: a run that fails leaves more files, no wrong figure.

Tasks may not use Airflow's database, so `clean_tables` runs `airflow db clean` as a command. It
finds the database in `airflow.cfg`. If you name it by an environment variable instead, tasks cannot
see it: make an Airflow connection `airflow_db` that names it, or set `AIRFLOW_CONN_AIRFLOW_DB`.
"""

import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from dags.defaults import default_args
from dags.telling import tell_overtime, tell_recovered, verdict

log = logging.getLogger(__name__)

DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
BARRED = "airflow-db-not-allowed"  # what Airflow puts there, so that tasks keep off its database
CONNECTION = "airflow_db"
RUNS = "Checking table dag_run"  # in what the command says, unless its database is an empty one


@dag(
    dag_id="maintenance",
    description="Delete what retention lets go, daily at 15:30 in Karachi",
    schedule="30 10 * * *",
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    default_args=default_args(retries=2) | {"execution_timeout": timedelta(hours=1)},
    on_failure_callback=tell_overtime,
    tags=["maintenance"],
    doc_md=__doc__,
)
def maintenance() -> None:
    @task(doc_md="Deletes old versions, landed bytes, replaced partitions, scratch.")
    def clean() -> dict[str, dict[str, int]]:
        from warehouse import retention

        with verdict("maintenance"):
            return retention.maintain()

    @task(doc_md="Deletes old rows of Airflow's own database.")
    def clean_tables() -> None:
        from warehouse.retention.rules import RULES

        before = datetime.now(UTC) - RULES["airflow"].days()
        command = ["db", "clean", "--clean-before-timestamp", before.isoformat(), "--yes"]
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *command, "--skip-archive"],
            env=_with_database(),
            capture_output=True,
            text=True,
        )
        log.info("airflow %s\n%s", " ".join(command), done.stdout)
        if done.returncode or RUNS not in done.stdout:
            raise AirflowFailException(
                f"Airflow's tables were not cleaned: {_last_line(done.stderr)}. Tasks cannot see a "
                "database that the environment names: make an Airflow connection "
                f"{CONNECTION} that names it, or set AIRFLOW_CONN_{CONNECTION.upper()}. No figure "
                "is affected."
            )

    @task(doc_md="Deletes old files in Airflow's log folder on this machine.")
    def clean_logs() -> int:
        from airflow.configuration import conf

        from warehouse.retention.rules import RULES, is_older

        folder, now = Path(conf.get("logging", "base_log_folder")), datetime.now(UTC)
        days = RULES["airflow"].days("log_days")
        old = [p for p in folder.rglob("*") if p.is_file() and is_older(p, days, now)]
        for path in old:
            path.unlink(missing_ok=True)
        for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
            if is_older(path, days, now) and not any(path.iterdir()):
                path.rmdir()
        log.info("%s log files older than %s days deleted in %s", len(old), days.days, folder)
        return len(old)

    @task(doc_md="Ends what was told of a run that failed, for now all of it has worked.")
    def works_again() -> None:
        from warehouse import nightly

        tell_recovered(lambda: nightly.works_again("maintenance"))

    [clean(), clean_tables(), clean_logs()] >> works_again()


def _with_database() -> dict[str, str]:
    """The environment for a command of Airflow's that uses its database."""
    environ = {k: v for k, v in os.environ.items() if not v.startswith(BARRED)}
    if DATABASE not in environ and (url := _connection()):
        environ[DATABASE] = url
    return environ


def _connection() -> str | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        url = Connection.get(CONNECTION).get_uri()
    except AirflowNotFoundException:
        return None
    # SQLAlchemy knows PostgreSQL by another name than Airflow's connections.
    return f"postgresql+psycopg2://{url.partition('://')[2]}" if url.startswith("postgres") else url


def _last_line(text: str) -> str:
    return next(
        (line for line in reversed(text.splitlines()) if line.strip()), "it did not say why"
    )


maintenance()
