"""What a deployment needs beside Airflow: a database, a broker, a mail server."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tests.deployment.clock import Clock
from tests.deployment.processes import Processes

POSTGRES = Path("/usr/lib/postgresql/15/bin")
PATIENCE = 60  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, processes: Processes) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        processes.check()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port} after {PATIENCE} s")


def lacking() -> list[str]:
    """What a deployment on several machines needs and this machine does not have."""
    found = []
    if not (POSTGRES / "initdb").exists():
        found.append("PostgreSQL 15 (apt-get install postgresql-15)")
    if shutil.which("redis-server") is None:
        found.append("Redis (apt-get install redis-server)")
    apart = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    try:
        if subprocess.run(apart, capture_output=True).returncode:
            found.append("the right to make a PID namespace (unshare --pid)")
    except FileNotFoundError:
        found.append("unshare (apt-get install util-linux)")
    return found


def start_postgres(folder: Path, processes: Processes, clock: Clock) -> str:
    """Starts PostgreSQL with an empty database `airflow`; returns where, without a scheme.

    It believes in the deployment's date: the scheduler asks it which runs are due.
    """
    data, port = folder / "postgres", free_port()
    data.mkdir(mode=0o700)
    env = {"PATH": f"{POSTGRES}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": str(data)}
    as_owner: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(data, owner.pw_uid, owner.pw_gid)
        as_owner = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}"]
        as_owner.append("--clear-groups")
    initdb = [*as_owner, "initdb", "-D", str(data), "-A", "trust", "-U", "airflow", "--no-sync"]
    subprocess.run(initdb, env=env, cwd="/", check=True, capture_output=True)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "fsync": "off",  # this database dies with the test
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    server = [*as_owner, "postgres", "-D", str(data), *flags]
    processes.start("postgres", server, env | clock.environment, Path("/"))
    wait_for_port(port, processes)
    made = ["createdb", "-h", "127.0.0.1", "-p", f"{port}", "-U", "airflow", "airflow"]
    deadline = time.monotonic() + PATIENCE
    while subprocess.run(made, env=env, cwd="/", capture_output=True).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL does not answer:\n{processes.tail('postgres')}")
        time.sleep(0.2)
    return f"airflow@127.0.0.1:{port}/airflow"


def start_redis(folder: Path, processes: Processes) -> str:
    """Starts Redis, which keeps nothing; returns its URL."""
    port = free_port()
    command = ["redis-server", "--port", f"{port}", "--bind", "127.0.0.1", "--save", ""]
    processes.start("redis", command, dict(os.environ), folder)
    wait_for_port(port, processes)
    return f"redis://127.0.0.1:{port}/0"


class Mailbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.port = free_port()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)
        self._server.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"

    def end(self) -> None:
        self._server.stop()
