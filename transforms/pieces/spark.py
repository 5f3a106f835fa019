"""The function of a piece on a Spark cluster: one task for a piece, by `mapInArrow`.

Jobs, deliveries and parts reach the workers by their paths, so the lake's scratch folder must be
shared and the workers must have this code. A task that is lost is tried again and makes the same
bytes. The hashing key never travels: a worker takes it from its own settings.
"""

import hmac
import io
import logging
import os
import pickle
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

import transforms
from transforms import engine as database
from transforms.errors import SettingsError, TransientError
from transforms.pieces import engines
from transforms.settings import settings

Job = TypeVar("Job")
Result = TypeVar("Result")

KEY = "key"
CONFIGURATION = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.executorEnv.PYTHONPATH": str(Path(transforms.__file__).parents[1]),
}


@dataclass(frozen=True)
class Cluster:
    """Where the master is, what the jobs may not carry, and a folder that all machines share."""

    master: str
    key: bytes
    scratch: Path


class Spark(engines.Pool):
    """A Spark cluster: so many pieces at a time, each a Spark job of one task.

    A job for each piece, so that files are opened and results taken as in a pool: a piece is some
    seconds of work, beside which a job costs little.
    """

    def __init__(self, work: str, workers: int, cluster: Cluster) -> None:
        super().__init__(work, workers, is_on=True)
        self._cluster = cluster
        self._threads = ThreadPoolExecutor(workers)
        self._session: Any = None
        self._starting = threading.Lock()

    def get_ready(self) -> None:
        pass

    def submit(
        self, function: Callable[[Job], Result], job: Job
    ) -> "Future[tuple[Result, list[logging.LogRecord]]]":
        return self._threads.submit(self._run, function, job)

    def close(self, at_once: bool) -> None:
        """Ends what is still running. The session stays until this process ends, for the next
        night: starting its executors takes longer than a small one."""
        if at_once and self._session:
            self._session.sparkContext.cancelAllJobs()
        self._threads.shutdown(cancel_futures=True)

    def _run(
        self, function: Callable[[Job], Result], job: Job
    ) -> tuple[Result, list[logging.LogRecord]]:
        path = self._cluster.scratch / f"job-{uuid.uuid4().hex[:8]}"
        path.write_bytes(pickled((function, job), self._cluster.key))
        work = partial(_on_worker, str(path), fingerprint(self._cluster.key))
        try:
            one = self._begun().range(0, 1, 1, 1).mapInArrow(work, "answer binary").collect()
        except Exception as error:
            # Its text may hold a row; the logs of the executors have it.
            how = f"failed on Spark ({type(error).__name__})"
            raise engines.lost(self._work, how, "the executors more memory") from None
        finally:
            path.unlink()
        answer = pickle.loads(one[0][0])
        if isinstance(answer, Exception):
            raise answer
        found: tuple[Result, list[logging.LogRecord]] = answer
        return found

    def _begun(self) -> Any:
        with self._starting:
            if self._session is None:
                self._session = session(self._cluster.master, self._work)
        return self._session


def fingerprint(key: bytes) -> str:
    """What tells one key from another and nothing about it."""
    return hmac.new(key, b"spark", "sha256").hexdigest()


def session(master: str, work: str) -> Any:
    """The Spark session of this process, which it starts if there is none."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise SettingsError(
            f"the engine is spark, and pyspark is not installed. Nothing of {work} was loaded: "
            "install the extra (pip install '.[spark]'), or use another engine."
        ) from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # at the same path on all machines
    builder = SparkSession.builder.appName("outlook").master(master)
    for name, value in CONFIGURATION.items():
        builder = builder.config(name, value)
    try:
        found = builder.getOrCreate()
    except Exception as error:
        raise TransientError(
            f"{work}: Spark did not start on {master} ({type(error).__name__}). Nothing of it was "
            "loaded. See whether Java is installed here and the master answers, then run the same "
            "command again."
        ) from None
    found.sparkContext.setLogLevel("ERROR")
    return found


def _on_worker(
    path: str, key_is: str, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Does the job at a path, and answers with its result or its error, pickled."""
    database.THREADS = 1
    pa.set_cpu_count(1)
    engines.is_worker = True
    for _ in batches:
        try:
            answer: object = engines.run_there(*unpickled(Path(path).read_bytes(), key_is))
        except Exception as error:
            answer = error
        yield pa.RecordBatch.from_arrays([pa.array([pickle.dumps(answer)])], ["answer"])


class _Pickler(pickle.Pickler):
    def __init__(self, to: io.BytesIO, key: bytes) -> None:
        super().__init__(to)
        self._key = key

    def persistent_id(self, value: Any) -> str | None:
        return KEY if type(value) is bytes and value == self._key else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, source: io.BytesIO, key_is: str) -> None:
        super().__init__(source)
        self._key_is = key_is

    def persistent_load(self, _: Any) -> bytes:
        key = settings().hashing_key()
        if fingerprint(key) != self._key_is:
            raise SettingsError(
                "a Spark worker has another OUTLOOK_KEY than this run, so nothing was loaded: set "
                "the same key in the environment of all workers."
            )
        return key


def pickled(value: object, key: bytes) -> bytes:
    """A value without the key."""
    found = io.BytesIO()
    _Pickler(found, key).dump(value)
    return found.getvalue()


def unpickled(value: bytes, key_is: str) -> Any:
    """The value, with this machine's key. Raises SettingsError if that is another one."""
    return _Unpickler(io.BytesIO(value), key_is).load()
