"""What `outlook doctor` says of a running Airflow, by its settings, its API and its broker.

Airflow is not imported: its settings are read from the environment and from airflow.cfg, what runs
is asked over HTTP, and Celery's workers are asked through the broker. Asks nothing if no Airflow is
configured here.
"""

import configparser
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from transforms import DATASETS
from transforms.code import code_version
from transforms.errors import OutlookError, TransientError
from transforms.lake import Lake
from transforms.settings import Settings

ROOT = Path(__file__).parents[2]
NIGHTLY = (*(f"lake_{d}" for d in DATASETS), "warehouse", "catch_up")
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
TOKEN = "AIRFLOW_CLI_TOKEN"  # the variable that airflowctl reads
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SECONDS = 3.0  # for one answer: doctor is run when things are slow

Found = tuple[str, str]  # verdict (fine, warn, wrong), what was found or what to do


class _Silent(Exception):
    """The API did not answer, or refused; says which."""


def examine(chosen: Settings, environ: dict[str, str] | None = None) -> Iterator[tuple[str, Found]]:
    """Checks of the Airflow that is configured here: thing and verdict. One line if there is
    none."""
    try:
        asked = _Configured(dict(os.environ) if environ is None else environ)
    except (configparser.Error, OSError, ValueError) as error:
        yield "Airflow", ("wrong", f"airflow.cfg cannot be read: {str(error).splitlines()[0]}")
        return
    if not asked.is_there:
        yield (
            "Airflow",
            ("fine", "no Airflow is configured here: AIRFLOW__API__BASE_URL is not set"),
        )
        return
    yield "Airflow executor", _executor(asked)
    yield "Airflow secrets", _secrets(asked)
    yield "Airflow code", _code(asked)
    api = _Api(asked)
    try:
        yield "Airflow servers", _servers(api)
    except _Silent as error:
        yield "Airflow servers", ("wrong", f"{error}: start the API server, then the others")
        return
    for thing, look in _LOOKS.items():
        try:
            found = look(api, chosen)
        except _Silent as error:
            found = "warn", f"not looked at: {error}"
        except (OutlookError, TransientError, OSError) as error:
            found = "wrong", str(error)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            found = "warn", f"not looked at: the API answered something else ({error!r})"
        yield thing, found


class _Absent(_Silent):
    """The API answers and does not know what was asked for."""


class _Configured:
    """Airflow's settings as its servers read them: environment first, then airflow.cfg."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self._file = configparser.ConfigParser(interpolation=None, strict=False)
        self._file.read(Path(environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "airflow.cfg")

    def get(self, section: str, name: str, default: str = "") -> str:
        """A setting; `…_CMD` and `…_SECRET` count as set, their value stays unknown."""
        variable = f"AIRFLOW__{section.upper()}__{name.upper()}"
        for way in ("_CMD", "_SECRET"):
            if self.environ.get(variable + way):
                return f"({variable}{way})"
        found = self.environ.get(variable)
        return found or self._file.get(section, name, fallback="") or default

    @property
    def is_there(self) -> bool:
        """Whether servers are configured: a home alone is what `python -m dags` makes."""
        return bool(self.get("api", "base_url") or self.get("core", "execution_api_server_url"))

    @property
    def url(self) -> str:
        """Where the API is, without a slash at the end."""
        inner = self.get("core", "execution_api_server_url").removesuffix("/")
        outer = self.get("api", "base_url", "http://localhost:8080")
        return inner.removesuffix("/execution") or outer.removesuffix("/")

    @property
    def is_public(self) -> bool:
        host = urllib.parse.urlsplit(self.get("api", "base_url", "http://localhost")).hostname
        return host not in LOOPBACK


class _Api:
    """Airflow's API. Raises _Silent with what to do if it does not answer."""

    def __init__(self, asked: _Configured) -> None:
        self.asked = asked
        self._token: str | None = asked.environ.get(TOKEN)

    def health(self) -> dict[str, Any]:
        return self._get("/api/v2/monitor/health", {})

    def get(self, path: str) -> dict[str, Any]:
        if self._token is None:
            try:
                self._token = str(self._get("/auth/token", {})["access_token"])
            except (_Silent, KeyError):
                raise _Silent(
                    f"the API wants a token: set {TOKEN} to one (docs/production.md says how)"
                ) from None
        return self._get(f"/api/v2{path}", {"Authorization": f"Bearer {self._token}"})

    def _get(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        url = f"{self.asked.url}{path}"
        try:
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            kind = _Absent if error.code == 404 else _Silent
            raise kind(f"{path} answered {error.code} at {self.asked.url}") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", error)
            raise _Silent(f"nothing answers at {self.asked.url} ({why})") from None
        if not isinstance(found, dict):
            raise _Silent(f"what answers at {self.asked.url} is not Airflow")
        return found


def _executor(asked: _Configured) -> Found:
    executor = asked.get("core", "executor", "LocalExecutor")
    database = asked.get("database", "sql_alchemy_conn", "sqlite:///").split(":", 1)[0]
    told = f"{executor}, {database}"
    if "Celery" in executor and database.startswith("sqlite"):
        return "wrong", f"{told}: workers on other machines need PostgreSQL, see docs/production.md"
    absent = [n for n in ("broker_url", "result_backend") if not asked.get("celery", n)]
    if "Celery" in executor and absent:
        return "wrong", f"{told}: [celery] {' and '.join(absent)} not set"
    listens, named = asked.get("api", "host"), urllib.parse.urlsplit(asked.url).hostname
    if "Celery" in executor and listens in LOOPBACK and named not in LOOPBACK:
        return "wrong", f"{told}: the API listens on {listens} alone, and workers ask {named}"
    if database.startswith("sqlite"):
        return "warn", f"{told}: good for a trial; a deployment needs PostgreSQL"
    return "fine", told


def _secrets(asked: _Configured) -> Found:
    if asked.is_public and asked.get("core", "simple_auth_manager_all_admins") == "True":
        return "wrong", "everybody who reaches the UI is an administrator: see docs/production.md"
    if "Celery" not in asked.get("core", "executor"):
        return "fine", "one machine: nothing has to be the same elsewhere"
    needed = (("core", "fernet_key"), ("api_auth", "jwt_secret"), ("api", "secret_key"))
    absent = [f"[{s}] {n}" for s, n in needed if not asked.get(s, n)]
    if absent:
        return "wrong", f"{', '.join(absent)}: must be set, and the same on every machine"
    if asked.is_public and "Simple" in asked.get("core", "auth_manager", "SimpleAuthManager"):
        return "warn", "SimpleAuthManager keeps passwords in a file: it is for development"
    return "fine", "keys are set here; they must be the same on every machine"


def _code(asked: _Configured) -> Found:
    folder = asked.get("core", "dags_folder")
    if folder and Path(folder).expanduser().resolve() != ROOT:
        return "wrong", f"Airflow takes its DAGs from {folder}, this command its code from {ROOT}"
    return "fine", f"DAGs and commands are of {ROOT}, version {code_version()}"


def _servers(api: _Api) -> Found:
    parts = api.health()
    if not all(isinstance(part, dict) for part in parts.values()):
        raise _Silent(f"what answers at {api.asked.url} is not Airflow")
    ill = [name for name, part in parts.items() if part.get("status") != "healthy"]
    if ill:
        seen = {n: parts[n].get(f"latest_{n}_heartbeat") or "never" for n in ill}
        told = ", ".join(f"{n} (last seen {at})" for n, at in seen.items())
        return "wrong", f"not running: {told}"
    return "fine", f"{', '.join(sorted(parts))} answer at {api.asked.url}"


def _dags(api: _Api, chosen: Settings) -> Found:
    broken = api.get("/importErrors")["import_errors"]
    if broken:
        last = str(broken[0]["stack_trace"]).strip().splitlines()[-1]
        return "wrong", f"{broken[0]['filename']} cannot be imported: {last}"
    paused = {d["dag_id"]: d["is_paused"] for d in api.get("/dags?limit=500")["dags"]}
    absent = [name for name in NIGHTLY if name not in paused]
    if absent:
        return "wrong", f"Airflow does not know {', '.join(absent)}: is [core] dags_folder right?"
    waiting = sorted(name for name in NIGHTLY if paused[name])
    if waiting:
        return "wrong", f"paused, so no night is loaded: `airflow dags unpause {waiting[0]}`" + (
            f", and {', '.join(waiting[1:])}" if waiting[1:] else ""
        )
    if paused.get("maintenance"):
        return "warn", "maintenance is paused, so the disk fills up: `outlook clean`, or unpause it"
    return "fine", f"{len(paused)} DAGs, no import errors; paused: " + (
        ", ".join(sorted(n for n, is_paused in paused.items() if is_paused)) or "none"
    )


def _same_lake(api: _Api, chosen: Settings) -> Found:
    """Whether the workers' lake and code are those of this machine, by the last night loaded.

    Tasks are asked, not runs: where nothing is due, the run succeeds and loads nothing.
    """
    lake = Lake(chosen.place)
    seen = 0
    last = "task_id=load_partition&state=success&order_by=-end_date&limit=1"
    for dataset in DATASETS:
        for load in api.get(f"/dags/lake_{dataset}/dagRuns/~/taskInstances?{last}")[
            "task_instances"
        ]:
            night = load["rendered_map_index"]
            if not night:
                continue
            seen += 1
            receipt = lake.receipt(dataset, date.fromisoformat(night))
            if receipt is None:
                return "wrong", (
                    f"a worker loaded {dataset} {night}, and {lake} has no receipt of it: "
                    "OUTLOOK_LAKE is not the workers'"
                )
            if receipt.code_version != code_version():
                return "warn", (
                    f"{dataset} {night} was loaded by code {receipt.code_version}, this machine "
                    f"has {code_version()}: deploy the same version everywhere"
                )
    return "fine", f"the workers' last nights are in {lake}" if seen else "no night ran yet"


def _workers(api: _Api, chosen: Settings) -> Found:
    """Which Celery workers answer; Airflow's API knows none of them."""
    if "Celery" not in api.asked.get("core", "executor"):
        return "fine", "no Celery: the scheduler runs the tasks"
    broker = api.asked.get("celery", "broker_url")
    if broker.startswith("("):
        raise _Silent(f"only a server knows [celery] broker_url {broker}")
    try:
        from celery import Celery
    except ImportError:
        raise _Silent("Celery is not installed here: `make production`") from None
    limits = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS, "max_retries": 0}
    app = Celery(broker=broker)
    app.conf.update(broker_transport_options=limits, broker_connection_retry=False)
    try:
        answers = app.control.ping(timeout=SECONDS)
    except Exception as error:  # each broker has errors of its own, and their texts may name it
        return "wrong", f"the broker does not answer ({type(error).__name__}): workers get no tasks"
    finally:
        app.close()
    names = sorted(name for answer in answers for name in answer)
    if not names:
        return "wrong", (
            f"no worker answers in {SECONDS:.0f} s, so no task runs: "
            "`systemctl start outlook-worker@w1` on a worker"
        )
    return "fine", f"{', '.join(names)} answer; a worker that is not named is down or frozen"


def _cleaning(api: _Api, chosen: Settings) -> Found:
    """Whether the task that cleans Airflow's tables can find them."""
    if DATABASE not in api.asked.environ:
        return "fine", "the DAG maintenance finds Airflow's database as the servers do"
    verdict, told = _known(api, "airflow_db")
    if verdict == "wrong":
        return "wrong", (
            f"{told}; tasks cannot see {DATABASE}, so the DAG maintenance fails every day"
        )
    return verdict, told


def _connection(api: _Api, chosen: Settings) -> Found:
    name = api.asked.environ.get("OUTLOOK_EXPORTS_CONNECTION")
    if not name:
        return "fine", "OUTLOOK_EXPORTS needs no connection"
    return _known(api, name)


def _pool(api: _Api, chosen: Settings) -> Found:
    name = api.asked.environ.get("OUTLOOK_POOL", "default_pool")
    try:
        slots = api.get(f"/pools/{urllib.parse.quote(name)}")["slots"]
    except _Absent:
        return "wrong", (
            f"there is no pool {name}, so tasks wait for ever: `airflow pools set {name} 3 source`"
        )
    return "fine", f"{name} has {slots} slots"


def _messages(api: _Api, chosen: Settings) -> Found:
    """Whether somebody is told, and whether the connections for it are there."""
    environ = api.asked.environ
    named = [w.strip() for w in environ.get("OUTLOOK_NOTIFY", "log").split(",") if w.strip()]
    if unknown := sorted(set(named) - {"log", *_WAYS}):
        return "wrong", f"OUTLOOK_NOTIFY names {', '.join(unknown)}: choose from log, {_WAYS_TOLD}"
    if "mail" in named and not environ.get("OUTLOOK_NOTIFY_MAIL_TO"):
        return "wrong", "OUTLOOK_NOTIFY names mail, and OUTLOOK_NOTIFY_MAIL_TO names nobody"
    for way, (setting, usual) in _WAYS.items():
        if way in named:
            found = _known(api, environ.get(setting) or usual)
            if found[0] != "fine":
                return found
    if not set(named) & set(_WAYS):
        return "warn", f"nobody is told: OUTLOOK_NOTIFY can name {_WAYS_TOLD}"
    return "fine", f"late, failed, held and recovered go to {', '.join(named)}"


def _known(api: _Api, name: str) -> Found:
    """Whether Airflow has a connection of that name."""
    if f"AIRFLOW_CONN_{name.upper()}" in api.asked.environ:
        return "fine", f"the connection {name} is in the environment"
    try:
        kind = api.get(f"/connections/{urllib.parse.quote(name)}")["conn_type"]
        return "fine", f"the connection {name} is of type {kind}"
    except _Absent:
        if backend := api.asked.get("secrets", "backend"):
            where = backend.split(".")[-1]
            return (
                "warn",
                f"the connection {name} is not in Airflow's database: does {where} hold it?",
            )
        return "wrong", f"there is no connection {name}: `airflow connections add {name} …`"


# How people are told, the setting that names the connection of it, and which that is by default.
_WAYS = {
    "mail": ("OUTLOOK_NOTIFY_MAIL_CONNECTION", "smtp_default"),
    "webhook": ("OUTLOOK_NOTIFY_WEBHOOK_CONNECTION", "outlook_webhook"),
    "slack": ("OUTLOOK_NOTIFY_SLACK_CONNECTION", "slack_default"),
}
_WAYS_TOLD = ", ".join(_WAYS)
_LOOKS: dict[str, Callable[[_Api, Settings], Found]] = {
    "Airflow DAGs": _dags,
    "Airflow workers": _workers,
    "Airflow lake": _same_lake,
    "Airflow cleaning": _cleaning,
    "Airflow connection": _connection,
    "Airflow pool": _pool,
    "Airflow messages": _messages,
}
