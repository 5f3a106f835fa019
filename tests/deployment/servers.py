"""A real Airflow: its servers, its API and its command line.

`one_machine` is SQLite with the LocalExecutor; `two_workers` is PostgreSQL, Redis and two Celery
workers, each in a PID namespace of its own with its own home, temporary folder and Airflow home.
They share the lake, the published folder and the deliveries, and nothing else. A scenario does not
know which of the two it drives.
"""

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.deployment.clock import Clock
from tests.deployment.processes import Processes
from tests.deployment.services import Mailbox, free_port, start_postgres, start_redis

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KEY = "a key for tests of a deployment, forty characters"
LEASE = 8  # seconds of silence after which a frozen worker has lost its locks
WORKERS = ("w1", "w2")
PATIENCE = 900  # seconds: only what hangs takes so long, however busy the machine is
BUSY = ("queued", "scheduled", "running", "restarting")
NIGHTLY = ("lake_sellers", "lake_listings", "lake_inquiries", "warehouse", "catch_up")
DAGS = {*NIGHTLY, "maintenance", "outlook"}


class Airflow:
    """A running deployment, on a date of its own."""

    def __init__(self, folder: Path, begin: datetime, workers: tuple[str, ...] = ()) -> None:
        self.folder, self.home, self.workers = folder, folder / "data", workers
        self.home.mkdir()
        (folder / "logs").mkdir()
        self.processes = Processes(folder / "logs")
        self.clock = Clock(folder, begin)
        self.mailbox = Mailbox()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = self._same_everywhere()
        self._client: httpx.Client | None = None

    # What runs

    def start(self) -> None:
        """Starts everything; the scheduler only when the API answers, else its first tasks fail."""
        if self.workers:
            self._settings |= self._start_services()
        self.airflow("db", "migrate")
        self.start_api()
        for name in ("scheduler", "dag-processor", "triggerer"):
            self.start_server(name)
        for name in self.workers:
            self.start_worker(name)
        self.wait_until(self._all_healthy, "every server is healthy")
        self.wait_until(lambda: set(self.dags()) >= DAGS, "the DAGs are parsed")
        for dag in DAGS:
            if dag != "outlook":  # releases a year
                self.api("PATCH", f"/dags/{dag}", json={"is_paused": False})

    def start_api(self) -> None:
        command = [f"{BIN}/airflow", "api-server", "--host", "127.0.0.1", "--port", f"{self.port}"]
        self.processes.start("api-server", command, self.environment("main"), self.folder)
        self.wait_until(self._api_answers, "the API answers")

    def start_server(self, name: str) -> None:
        quietly = () if name == "dag-processor" else ("--skip-serve-logs",)
        command = [f"{BIN}/airflow", name, *quietly]
        self.processes.start(name, command, self.environment("main"), self.folder)

    def start_worker(self, name: str) -> None:
        """A worker sees no process but its own."""
        env = self.environment(name) | {
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": f"{free_port()}"
        }
        apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        worker = [f"{BIN}/airflow", "celery", "worker", "--celery-hostname", f"{name}@%h"]
        worker += ["--concurrency", "2", "--skip-serve-logs"]
        self.processes.start(name, [*apart, *worker], env, self.folder / name)

    def restart(self) -> None:
        """The servers end as in an upgrade, and come again."""
        for name in ("scheduler", "dag-processor", "triggerer", "api-server"):
            self.processes.stop(name)
        self.start_api()
        for name in ("scheduler", "dag-processor", "triggerer"):
            self.start_server(name)
        self.wait_until(self._all_healthy, "every server is healthy")

    def end(self) -> None:
        self.processes.end()
        self.mailbox.end()
        if self._client:
            self._client.close()

    def environment(self, machine: str) -> dict[str, str]:
        """What one machine has: the settings of all, and folders of its own."""
        own = self.folder / machine
        (own / "tmp").mkdir(parents=True, exist_ok=True)
        return self._settings | {
            "HOME": str(own),
            "TMPDIR": str(own / "tmp"),
            "AIRFLOW_HOME": str(own / "airflow"),
        }

    def _same_everywhere(self) -> dict[str, str]:
        return {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OUTLOOK_HOME": str(self.home),
            "OUTLOOK_KEY": KEY,
            "OUTLOOK_LEASE": f"{LEASE}",
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__PARALLELISM": "3",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
            # By time, a file newer than the clock of the test would be parsed again and again.
            "AIRFLOW__DAG_PROCESSOR__FILE_PARSING_SORT_MODE": "alphabetical",
            "AIRFLOW__API__PORT": f"{self.port}",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            "OUTLOOK_NOTIFY": "log,mail",
            "OUTLOOK_NOTIFY_MAIL_TO": "engineer@example.com",
            "OUTLOOK_NOTIFY_MAIL_FROM": "outlook@example.com",
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(
                {
                    "conn_type": "smtp",
                    "host": "127.0.0.1",
                    "port": self.mailbox.port,
                    "extra": {
                        "disable_ssl": True,
                        "disable_tls": True,
                        "from_email": "outlook@example.com",
                    },
                }
            ),
            **self.clock.environment,
        }

    def _start_services(self) -> dict[str, str]:
        where = start_postgres(self.folder, self.processes, self.clock)
        return {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{where}",
            "AIRFLOW_CONN_AIRFLOW_DB": f"postgresql://{where}",
            "AIRFLOW__CELERY__BROKER_URL": start_redis(self.folder, self.processes),
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{where}",
        }

    # What one asks it

    def api(self, method: str, path: str, **asked: Any) -> Any:
        """The API's answer. Raises httpx.HTTPStatusError with what the API says."""
        answer = self._ask(method, f"/api/v2{path}", **asked)
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, **asked: Any) -> httpx.Response:
        if self._client is None:
            token = httpx.get(f"{self.url}/auth/token", timeout=60).json()["access_token"]
            bearer = {"Authorization": f"Bearer {token}"}
            self._client = httpx.Client(base_url=self.url, headers=bearer, timeout=60)
        answer = self._client.request(method, path, **asked)
        if answer.status_code == 401:  # the token is of another day
            self._client.close()
            self._client = None
            return self._ask(method, path, **asked)
        if answer.is_error:
            raise httpx.HTTPStatusError(answer.text, request=answer.request, response=answer)
        return answer

    def airflow(self, *command: str, check: bool = True) -> str:
        """Runs `airflow …`; its output."""
        return self._command(f"{BIN}/airflow", *command, check=check)

    def outlook(self, *command: str, check: bool = True) -> str:
        """Runs `outlook …` as an operator would, with the deployment's settings and date."""
        return self._command(f"{BIN}/outlook", *command, check=check)

    def _command(self, *command: str, check: bool) -> str:
        done = subprocess.run(
            command,
            env=self.environment("main"),
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if check and done.returncode:
            raise RuntimeError(f"{command[1:]} ended {done.returncode}:\n{done.stdout[-4000:]}")
        return done.stdout

    def dags(self) -> list[str]:
        return [d["dag_id"] for d in self.api("GET", "/dags", params={"limit": 100})["dags"]]

    def runs(self, dag: str = "~", **wanted: Any) -> list[dict[str, Any]]:
        """Runs, oldest first; `wanted` are query parameters of the API."""
        asked = {"limit": 1000, "order_by": "id", **wanted}
        found: list[dict[str, Any]] = self.api("GET", f"/dags/{dag}/dagRuns", params=asked)[
            "dag_runs"
        ]
        return found

    def tasks(self, dag: str = "~", run: str = "~", **wanted: Any) -> list[dict[str, Any]]:
        asked = {"limit": 1000, **wanted}
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances"
        found: list[dict[str, Any]] = self.api("GET", path, params=asked)["task_instances"]
        return found

    def log(self, task: dict[str, Any]) -> str:
        """What a task's screen shows: its log."""
        path = (
            f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
            f"/logs/{max(task['try_number'], 1)}"
        )
        content = self.api("GET", path, params={"full_content": True})["content"]
        return "\n".join(c.get("event", "") if isinstance(c, dict) else str(c) for c in content)

    def pending(self) -> list[dict[str, Any]]:
        """Partitioned runs of the warehouse that wait for more events."""
        asked = {"dag_id": "warehouse", "has_created_dag_run_id": "false"}
        found: list[dict[str, Any]] = self._ask(
            "GET", "/ui/partitioned_dag_runs", params=asked
        ).json()["partitioned_dag_runs"]
        return found

    def trigger(self, dag: str, **asked: Any) -> str:
        """Starts a run through the API; its id."""
        body = {"logical_date": None, **asked}
        return str(self.api("POST", f"/dags/{dag}/dagRuns", json=body)["dag_run_id"])

    # Workers that are lost

    def stop_one_in_the_middle(self) -> str:
        """Waits until a load has written something, and stops (SIGSTOP) the worker that is at it;
        returns which."""
        found: list[str] = []

        def is_at_work() -> bool:
            if not self._begun():
                return False
            for name in self.workers:
                self.processes.signal(name, signal.SIGSTOP)
            # Now it cannot end while one looks whose it is.
            begun = self._begun()
            running = self.tasks(state="running", task_id="load_partition") if begun else []
            found.extend(
                name
                for name in self.workers
                for task in running
                if task["dag_id"].removeprefix("lake_") in begun and self._has(name, task)
            )
            for name in self.workers:
                if name not in found[:1]:
                    self.processes.signal(name, signal.SIGCONT)
            return bool(found)

        self.wait_until(is_at_work, "a worker is in the middle of a load", pause=0.02)
        return found[0]

    def wait_for_a_load(self) -> None:
        self.wait_until(self._begun, "a load is under way", pause=0.02)

    def _begun(self) -> set[str]:
        """Datasets of which something is being written."""
        work = self.home / "lake" / ".work"
        return {p.name.split("-")[0] for p in work.glob("*") if len(list(p.glob("*"))) > 1}

    def pass_over(self, worker: str) -> None:
        """Lets the scheduler see that a worker is lost, and try its tasks again."""
        at_work = ["running", "queued", "scheduled"]
        self.wait_until(
            lambda: all(self._has(worker, t) for t in self.tasks(state=at_work)),
            f"nothing but {worker} is at work",
            pause=2.5,
        )
        # No sign of life for five minutes; then a task waits for its retry.
        self.clock.forward(timedelta(minutes=6))
        self.wait_until(
            lambda: not any(self._has(worker, t) for t in self.tasks(state="running")),
            f"the scheduler gave up what {worker} had",
            pause=2.5,
        )
        for _ in range(3):
            self.clock.forward(timedelta(minutes=11))
            self.settle()

    def _has(self, worker: str, task: dict[str, Any]) -> bool:
        """Whether that worker runs, or ran, this attempt: its log is there."""
        folder = self.folder / worker / "airflow" / "logs" / f"dag_id={task['dag_id']}"
        run = folder / f"run_id={task['dag_run_id']}" / f"task_id={task['task_id']}"
        return (run / f"attempt={task['try_number']}.log").exists()

    # Waiting

    def wait_until(self, holds: Any, what: str, pause: float = 0.5) -> None:
        """Raises TimeoutError, or Ended if a server dies meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.processes.check()
            try:
                if holds():
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {PATIENCE} s it is not so that {what}")
            time.sleep(pause)

    def settle(self) -> None:
        """Waits until nothing runs and nothing is about to: what is left waits for the clock."""
        quiet_since: float | None = None

        def is_quiet() -> bool:
            nonlocal quiet_since
            if self.tasks(state=BUSY) or self.runs(state="queued") or self._unscheduled():
                quiet_since = None
                return False
            quiet_since = quiet_since or time.monotonic()
            # A few turns of the scheduler's loop: an event becomes a run, a task is queued.
            return time.monotonic() - quiet_since > 5

        self.wait_until(is_quiet, "nothing is running", pause=2.5)

    def _unscheduled(self) -> bool:
        """Whether a run has a task that the scheduler has not looked at yet."""
        for run in self.runs(state="running"):
            states = {t["state"] for t in self.tasks(run["dag_id"], run["dag_run_id"])}
            if not states & {"up_for_reschedule", "up_for_retry", "deferred", *BUSY}:
                return True
        return False

    def pass_time(self, until: datetime, step: timedelta | None = None) -> None:
        """Lets everything come to rest, then moves the clock, in steps if one is given."""
        self.settle()
        while step and self.clock.now() + step < until:
            self.clock.forward(step)
            self.settle()
        self.clock.set(until)
        self.settle()

    def _api_answers(self) -> bool:
        return httpx.get(f"{self.url}/api/v2/monitor/health", timeout=30).status_code == 200

    def _all_healthy(self) -> bool:
        health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=30).json()
        return all(part["status"] == "healthy" for part in health.values())


@contextmanager
def _deployment(
    workers: tuple[str, ...], begin: datetime, keep: Path | None = None
) -> Iterator[Airflow]:
    """Logs and data go to `keep`, or vanish in the end."""
    folder = keep or Path(tempfile.mkdtemp(prefix="outlook-deployment-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # PostgreSQL runs as another user
    airflow = Airflow(folder, begin, workers)
    stops = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, signal.default_int_handler) for number in stops]
    try:
        airflow.start()
        yield airflow
    finally:
        for number in stops:  # a second Ctrl-C must not leave servers behind
            signal.signal(number, signal.SIG_IGN)
        airflow.end()
        for number, handler in zip(stops, before, strict=True):
            signal.signal(number, handler)
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


one_machine = partial(_deployment, ())
two_workers = partial(_deployment, WORKERS)
