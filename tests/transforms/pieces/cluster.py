"""A Spark cluster on 127.0.0.1 from the pyspark package: a master and workers of one core each."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

KEY = "a key for tests of thirty-two ch"
PATIENCE = 600  # seconds: only what hangs takes so long, however busy the machine is


def lacking() -> str | None:
    """What a cluster needs and this machine does not have, if anything."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed (the extra spark)"
    return None if shutil.which("java") else "java is not installed (default-jre-headless)"


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Starts a cluster with its files in a folder; the URL of its master."""
    spec = find_spec("pyspark")
    assert spec and spec.origin
    home = Path(spec.origin).parent
    environ = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_DAEMON_MEMORY": "256m",
        "OUTLOOK_KEY": KEY,
    }
    port, page = _free_port(), _free_port()
    url, local = f"spark://127.0.0.1:{port}", ["--host", "127.0.0.1"]
    deploy = "org.apache.spark.deploy"
    master = ["--port", f"{port}", "--webui-port", f"{page}"]
    worker = ["--cores", "1", "--memory", "1g", "--webui-port", "0", "-d", str(folder), url]
    starts = [[f"{deploy}.master.Master", *local, *master]]
    starts += [[f"{deploy}.worker.Worker", *local, *worker]] * workers
    with ExitStack() as stack:
        for number, command in enumerate(starts):
            log = stack.enter_context((folder / f"{number}.log").open("wb"))
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *command], env=environ, stdout=log, stderr=log
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
        _wait_for_workers(page, workers)
        yield url


def _wait_for_workers(page: int, workers: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=60) as answer:
                if answer.read().count(b'"ALIVE"') > workers:  # the master is, too
                    return
        except OSError:
            pass
        assert time.monotonic() < deadline, "the Spark cluster did not start"
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
