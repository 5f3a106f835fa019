"""Where the function of a piece runs: in this process, or in a pool of processes.

The results are the same, in the same order, and so is the first error. Few jobs are begun before
their results are taken, so that the files of a night are opened one after the other.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Protocol, TypeVar

import pyarrow as pa

from transforms import engine as database
from transforms.errors import TransientError
from transforms.storage import disk_faults_told

Job = TypeVar("Job")
Result = TypeVar("Result")

is_worker = False  # whether this is a process of a pool
PRELOADED = "transforms.pieces.make"


class Engine(Protocol):
    """Runs functions of pieces."""

    def expect(self, pieces: int) -> None:
        """Says that a file of so many pieces comes next."""
        ...

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """The results, in the order of the jobs, which are taken one by one and a few ahead.

        Raises TransientError if memory runs out or a process is killed.
        """
        ...


class Local:
    """This process. `work` says for messages what the jobs are of."""

    def __init__(self, work: str) -> None:
        self._work = work

    def expect(self, pieces: int) -> None:
        pass

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        for job in jobs:
            yield self.run(function, job)

    def run(self, function: Callable[[Job], Result], job: Job) -> Result:
        try:
            return function(job)
        except MemoryError:
            raise lost(self._work, "ran out of memory") from None


class Pool:
    """Processes of this machine, which end with this one, however it ends. Until the pool is on,
    jobs run here: starting it takes longer than a small file."""

    def __init__(self, work: str, workers: int, is_on: bool) -> None:
        self._work, self._workers, self._is_on = work, workers, is_on
        self._local = Local(work)
        self._pool: ProcessPoolExecutor | None = None

    def expect(self, pieces: int) -> None:
        self._is_on = self._is_on or (pieces > 1 and self._workers > 1)

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        begun: deque[Future[tuple[Result, list[logging.LogRecord]]]] = deque()
        left, is_end = iter(jobs), False
        failure: Exception | None = None
        try:
            while begun or not is_end:
                if is_end or len(begun) > self._workers:
                    yield _told(begun.popleft().result())
                    continue
                try:
                    job = next(left)
                except StopIteration:
                    is_end = True
                except Exception as error:  # it comes after those of the jobs before it
                    failure, is_end = error, True
                else:
                    if self._is_on:
                        begun.append(self.submit(function, job))
                    else:
                        yield self._local.run(function, job)
        except BrokenProcessPool:
            raise lost(self._work, "was killed, perhaps for want of memory") from None
        except MemoryError:
            raise lost(self._work, "ran out of memory") from None
        if failure:
            raise failure

    def submit(
        self, function: Callable[[Job], Result], job: Job
    ) -> Future[tuple[Result, list[logging.LogRecord]]]:
        """Begins a job; its result comes with what it logged."""
        if self._pool is None:
            # Not by fork: this process has threads. What is preloaded is loaded once for all.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload([PRELOADED])
            self._pool = ProcessPoolExecutor(self._workers, context, initializer=_begin)
        return self._pool.submit(run_there, function, job)

    @property
    def is_begun(self) -> bool:
        return self._pool is not None

    @property
    def processes(self) -> list[int]:
        """The ids of its processes."""
        # Python 3.14 can kill them by a public name.
        return list((self._pool._processes or {}) if self._pool else {})

    def close(self, at_once: bool) -> None:
        """Ends the processes; at once, whatever they are doing, if nobody wants their results."""
        if self._pool:
            for process in self.processes if at_once else ():
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self._pool.shutdown(cancel_futures=True)


def lost(work: str, how: str) -> TransientError:
    """The error of a run whose process died or had no memory left."""
    return TransientError(
        f"{work}: a process that worked on a piece of it {how}. Nothing of it was loaded, and what "
        "was there stays. Run the same command again; if it happens again, give it more memory, or "
        "fewer processes at a time (OUTLOOK_WORKERS, or --engine local)."
    )


def _begin() -> None:
    """Makes a process of the pool take one core, leave Ctrl-C to its parent, and end with it."""
    global is_worker
    is_worker = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    database.THREADS = 1
    pa.set_cpu_count(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)


def run_there(
    function: Callable[[Job], Result], job: Job
) -> tuple[Result, list[logging.LogRecord]]:
    """The result of a job in another process, with what it logged."""
    records = _Records()
    logging.getLogger().addHandler(records)
    try:
        # Errors cross processes without their causes, which tell a full disk from a damaged file.
        with disk_faults_told():
            return function(job), records.kept
    finally:
        logging.getLogger().removeHandler(records)


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args = record.getMessage(), None
        self.kept.append(record)


def _told(found: tuple[Result, list[logging.LogRecord]]) -> Result:
    result, records = found
    for record in records:
        logging.getLogger(record.name).handle(record)
    return result
