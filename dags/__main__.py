"""The nightly DAGs without a deployment: `python -m dags 2022-06-30` runs one night through each
DAG's own `.test()`, in the order in which assets would trigger them; `python -m dags --serve`
starts Airflow's servers on 127.0.0.1, on port 8080 or the one of `PORT`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
ORDER = ("lake_sellers", "lake_listings", "lake_inquiries", "warehouse")
SERVERS = (
    ("api-server", "--host", "127.0.0.1"),  # its port is a setting
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
    """Starts the servers and waits. They end together: at a signal, or when one of them ends."""
    port = os.environ.get("PORT", "8080")
    if (refused := _refused(port)) is not None:
        print(f"port {port}: {refused}; choose another: make airflow PORT=8081", file=sys.stderr)
        return 1
    url = f"http://127.0.0.1:{port}"
    os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "True"
    os.environ["AIRFLOW__CORE__PARALLELISM"] = "2"
    os.environ["AIRFLOW__API__PORT"] = port
    os.environ["AIRFLOW__API__BASE_URL"] = url
    os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"{url}/execution/"
    # A slow machine must not fail a task because an answer took five seconds.
    os.environ.setdefault("AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT", "60")
    os.environ.setdefault("OUTLOOK_POOL", "outlook_source")
    airflow = str(Path(sys.executable).with_name("airflow"))
    subprocess.run([airflow, "db", "migrate"], check=True)
    about = "tasks that read the source of the exports"
    subprocess.run([airflow, "pools", "set", os.environ["OUTLOOK_POOL"], "2", about], check=True)
    # The terminal sends these to this process alone: each server has a process group of its own.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, *options in SERVERS:
            running[name] = subprocess.Popen([airflow, name, *options], start_new_session=True)
            if name == "api-server":
                _wait_until_healthy(url, running)
        print(
            f"Airflow: {url}  (stop with Ctrl-C)\nIts own tables are in SQLite: one machine, two "
            "tasks at a time, and no backup while it runs. docs/production.md names what scales.",
            file=sys.stderr,
        )
        while True:
            _raise_if_ended(running)
            time.sleep(0.5)
    except ServerEnded as error:
        print(f"{error}; the other servers are ended too", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stopped:
        return 128 + int(stopped.args[0])
    finally:
        _end(running)


class ServerEnded(Exception):
    """A server has ended by itself."""


def _stop(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def _refused(port: str) -> str | None:
    """Why nothing can listen on a port, if so."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", int(port)))
        except (OSError, ValueError, OverflowError) as error:
            return str(error)
    return None


def _wait_until_healthy(url: str, running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Waits for the API: a task that starts before it answers fails for no reason of its own."""
    while True:
        _raise_if_ended(running)
        with suppress(OSError), urlopen(f"{url}/api/v2/monitor/health", timeout=5):
            return
        time.sleep(0.5)


def _raise_if_ended(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for name, server in running.items():
        if server.poll() is not None:
            raise ServerEnded(f"the {name} ended with code {server.returncode}")


def _end(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Ends every server with its children: asks first, then kills what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for patience, how in ((20.0, signal.SIGTERM), (5.0, signal.SIGKILL)):
        for server in running.values():
            with suppress(ProcessLookupError):
                os.killpg(server.pid, how)
        until = time.monotonic() + patience
        while time.monotonic() < until and any(map(_is_there, running.values())):
            time.sleep(0.1)


def _is_there(server: subprocess.Popen[bytes]) -> bool:
    """Whether any process of a server's group is left; its children may outlive it."""
    server.poll()
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    set_up()
    sys.exit(serve() if sys.argv[1] == "--serve" else run_night(sys.argv[1]))
