"""Where the function of a piece runs: in this process, or in a pool of processes.

The results are the same, in the same order, and so is the first error. Few jobs are begun before
their results are taken, so that the files of a night are opened one after the other.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.process import AuthenticationString  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any, Protocol, TypeVar

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

    def get_ready(self) -> None:
        """Says that a file will come that is likely to be cut."""
        ...

    def expect(self, pieces: int) -> None:
        """Says that a file of so many pieces comes next."""
        ...

    def map(
        self, function: Callable[[Job], Result], jobs: Iterable[Job | None]
    ) -> Iterator[Result]:
        """The results, in the order of the jobs, which are taken one by one and a few ahead. None
        in place of a job says that there is none until another result is taken.

        Raises TransientError if memory runs out or a process is killed.
        """
        ...


class Local:
    """This process. `work` says for messages what the jobs are of."""

    def __init__(self, work: str) -> None:
        self._work = work

    def get_ready(self) -> None:
        pass

    def expect(self, pieces: int) -> None:
        pass

    def map(
        self, function: Callable[[Job], Result], jobs: Iterable[Job | None]
    ) -> Iterator[Result]:
        for job in jobs:
            if job is not None:
                yield self.run(function, job)

    def run(self, function: Callable[[Job], Result], job: Job) -> Result:
        try:
            return function(job)
        except MemoryError:
            raise lost(self._work, "ran out of memory", "this machine more memory") from None


class Pool:
    """Processes of this machine, which end with this one, however it ends. Until the pool is on,
    jobs run here: starting it takes longer than a small file."""

    def __init__(self, work: str, workers: int, is_on: bool) -> None:
        self._work, self._workers, self._is_on = work, workers, is_on
        self._local = Local(work)
        self._pool: ProcessPoolExecutor | None = None
        self._has_begun: Any = None  # whether a process of the pool came up

    def get_ready(self) -> None:
        """Begins to load what its processes need, while this one unpacks the file."""
        if self._workers > 1:
            multiprocessing.set_forkserver_preload([PRELOADED])
            with _interrupted_afterwards(), _able_to_start():
                forkserver.ensure_running()

    def expect(self, pieces: int) -> None:
        self._is_on = self._is_on or (pieces > 1 and self._workers > 1)

    def map(
        self, function: Callable[[Job], Result], jobs: Iterable[Job | None]
    ) -> Iterator[Result]:
        begun: deque[Future[tuple[Result, list[logging.LogRecord]]]] = deque()
        left, is_end = iter(jobs), False
        failure: Exception | None = None
        try:
            while begun or not is_end:
                if is_end or len(begun) > self._workers:
                    yield _taken(begun.popleft())
                    continue
                try:
                    job = next(left)
                except StopIteration:
                    is_end = True
                except Exception as error:  # it comes after those of the jobs before it
                    failure, is_end = error, True
                else:
                    if job is None:
                        yield _taken(begun.popleft())
                    elif self._is_on:
                        begun.append(self.submit(function, job))
                    else:
                        yield self._local.run(function, job)
        except BrokenProcessPool:
            if self._has_begun is not None and not self._has_begun.value:
                raise TransientError(
                    f"{self._work}: the processes for its pieces could not start. Nothing of it "
                    "was loaded, and what was there stays. What they wrote to stderr says why. Run "
                    "it again with OUTLOOK_ENGINE=local, which needs none."
                ) from None
            raise lost(self._work, "was killed, perhaps for want of memory", FEWER) from None
        except MemoryError:
            raise lost(self._work, "ran out of memory", FEWER) from None
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
            self._has_begun = context.RawValue("b", 0)
            self._pool = ProcessPoolExecutor(
                self._workers, context, initializer=_begin, initargs=(self._has_begun,)
            )
        with _interrupted_afterwards(), _able_to_start():
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


FEWER = (
    "it more memory, or fewer processes at a time (OUTLOOK_WORKERS; with OUTLOOK_ENGINE=local it "
    "is one)"
)


def lost(work: str, how: str, more: str) -> TransientError:
    """The error of a run whose process died or had no memory left; `more` is what to give it."""
    return TransientError(
        f"{work}: a process that worked on a piece of it {how}. Nothing of it was loaded, and what "
        f"was there stays. Run the same command again; if it happens again, give {more}."
    )


@contextmanager
def _able_to_start() -> Iterator[None]:
    """Lets processes start that know nothing of this one but its jobs.

    They would run the main module again, which in a task of Airflow sets up a database that tasks
    may not use. A worker of Celery may have no children, which might outlive it (ours do not), and
    its key is of another class, that only its own kind may get.
    """
    main, current = sys.modules["__main__"], multiprocessing.current_process()
    own: dict[str, Any] = current._config  # type: ignore[attr-defined]
    key = AuthenticationString(current.authkey)
    sys.modules["__main__"] = ModuleType("__main__")
    current._config = own | {"daemon": False, "authkey": key}  # type: ignore[attr-defined]
    try:
        yield
    finally:
        current._config = own  # type: ignore[attr-defined]
        sys.modules["__main__"] = main


@contextmanager
def _interrupted_afterwards() -> Iterator[None]:
    """Makes Ctrl-C wait, and keeps it from processes that start meanwhile, for good: it is for this
    process, and theirs would end with errors of their own."""
    seen: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    # Another thread may take the signal, and Python hands it to the main one.
    handler = signal.signal(signal.SIGINT, lambda one, _: seen.append(one)) if is_main else None
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if is_main:
            signal.signal(signal.SIGINT, handler)
        if seen:
            signal.raise_signal(signal.SIGINT)


def _begin(has_begun: Any) -> None:
    """Makes a process of the pool take one core, leave Ctrl-C to its parent, and end with it."""
    global is_worker
    is_worker = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    database.THREADS = 1
    pa.set_cpu_count(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    has_begun.value = 1


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)


def run_there(
    function: Callable[[Job], Result], job: Job
) -> tuple[Result, list[logging.LogRecord]]:
    """The result of a job in another process, with what it logged; an error has that with it."""
    records = _Records()
    logging.getLogger().addHandler(records)
    try:
        # Errors cross processes without their causes, which tell a full disk from a damaged file.
        with disk_faults_told():
            return function(job), records.kept
    except Exception as error:
        vars(error)["told"] = records.kept
        raise
    finally:
        logging.getLogger().removeHandler(records)


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        # No traceback crosses processes but as text.
        record.msg, record.args = self.format(record), None
        record.exc_info = record.exc_text = record.stack_info = None
        self.kept.append(record)


def _taken(job: Future[tuple[Result, list[logging.LogRecord]]]) -> Result:
    """The result of a job, or its error, once what it logged is logged here."""
    try:
        result, records = job.result()
    except Exception as error:
        _log(vars(error).pop("told", []))
        raise
    _log(records)
    return result


def _log(records: list[logging.LogRecord]) -> None:
    for record in records:
        logging.getLogger(record.name).handle(record)
