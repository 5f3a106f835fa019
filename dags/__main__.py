"""The nightly DAGs without a deployment: `python -m dags 2022-06-30` runs one night through each
DAG's own `.test()`, in the order in which assets would trigger them; `python -m dags --serve`
starts Airflow's scheduler and UI on 127.0.0.1.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ORDER = ("lake_sellers", "lake_listings", "lake_inquiries", "warehouse")
PORT = "8080"
SERVERS = (
    ("api-server", "--host", "127.0.0.1", "--port", PORT),
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),
)


def set_up() -> None:
    """A private Airflow home if none is set. Airflow reads it when first imported."""
    os.environ.setdefault("AIRFLOW_HOME", str(ROOT / ".airflow"))
    os.environ.setdefault("AIRFLOW__CORE__DAGS_FOLDER", str(ROOT))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")


def run_night(export_date: str) -> int:
    """Runs every nightly DAG; 0 if all succeeded, 3 if the night has not been delivered yet."""
    from warehouse import nightly

    absent = [d for d in ORDER[:3] if not nightly.landed(d.removeprefix("lake_"), export_date)]
    if absent:
        # The sensor would wait for hours, as it should in a deployment.
        print(f"{export_date}: nothing delivered yet for {', '.join(absent)}", file=sys.stderr)
        return 3
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag(ROOT / "dags", bundle_path=ROOT, bundle_name="dags-folder")
    for problem in bag.import_errors.values():
        print(problem, file=sys.stderr)
    for dag_id in ORDER:
        run = bag.dags[dag_id].test(run_conf={"export_date": export_date})
        print(f"     {dag_id} {export_date}: {run.state}", file=sys.stderr)
        if run.state != "success":
            return 1
    return 0


def serve() -> int:
    """Starts the servers and waits; they end together."""
    os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "True"
    os.environ["AIRFLOW__CORE__PARALLELISM"] = "2"
    os.environ["AIRFLOW__API__PORT"] = PORT
    os.environ["AIRFLOW__API__BASE_URL"] = f"http://127.0.0.1:{PORT}"
    os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"http://127.0.0.1:{PORT}/execution/"
    airflow = str(Path(sys.executable).with_name("airflow"))
    subprocess.run([airflow, "db", "migrate"], check=True)
    running = [subprocess.Popen([airflow, *command]) for command in SERVERS]
    print(f"Airflow: http://127.0.0.1:{PORT}  (stop with Ctrl-C)", file=sys.stderr)
    try:
        return running[0].wait()
    except KeyboardInterrupt:
        return 130
    finally:
        for server in running:
            server.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    set_up()
    sys.exit(serve() if sys.argv[1] == "--serve" else run_night(sys.argv[1]))
