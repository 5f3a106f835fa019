"""Leases: locks and scratch folders that hold across processes, PID namespaces and machines.

A lock is a file that its owner keeps open, locked (flock) and, by a thread of its own, freshly
dated. Whoever wants it replaces the file, with the next fencing number: at once if the owner has
released it or has died on this machine, else once its date has stood still for `seconds`. Nobody
compares two clocks: the one who waits measures by its own how long the date stands still.

So an owner that was stopped, suspended or cut off may wake up beside its successor. What it wants
to make count it does in a `final_step`: a short stretch in which nobody can take the lock over, and
which raises TakenOver if somebody has.
"""

import fcntl
import json
import logging
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from transforms.errors import SettingsError, TakenOver, TransientError
from transforms.storage import move, private_folder

log = logging.getLogger(__name__)

SETTING, SECONDS = "OUTLOOK_LEASE", 60.0
BEATS = 6  # signs of life within those seconds
POLL, LONGEST_POLL = 0.01, 0.5  # seconds between two looks
PATIENCE = 5  # seconds of waiting until the log tells whom for
DAY = 86_400  # seconds after which scratch of another machine is left behind
LEASE = ".lease"
NO_LOCKS = (37, 38, 95)  # ENOLCK, ENOSYS, EOPNOTSUPP


class Held(Protocol):
    """A lock that this process holds."""

    def is_taken_over(self) -> bool:
        """Whether another owner has the lock now."""
        ...

    def taken_over(self) -> TakenOver:
        """The error that says so."""
        ...

    def alone(self) -> AbstractContextManager[object]:
        """A stretch in which nobody can take the lock over."""
        ...

    def release(self) -> None: ...


class NoFile(Protocol):
    """A lock that is no file, such as an object in a bucket."""

    def acquired(self) -> Held:
        """Waits until nobody else holds it."""
        ...


Lock = Path | NoFile
_held: dict[Lock, Held] = {}


def seconds() -> float:
    """How long a silent owner keeps its lock. Raises SettingsError."""
    text = os.environ.get(SETTING) or str(SECONDS)
    with suppress(ValueError):
        if 0 < float(text) < DAY:
            return float(text)
    raise SettingsError(f"{SETTING} is {text!r}: it must be a number of seconds, less than a day")


@dataclass
class Lease:
    """A file that is locked and kept dated while its owner lives."""

    path: Path
    handle: int
    seconds: float
    _done: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._beat = threading.Thread(target=self._keep, daemon=True)
        self._beat.start()

    def is_taken_over(self) -> bool:
        """Whether another owner's file has replaced this one."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self.handle))
        except FileNotFoundError:
            return True

    def release(self) -> None:
        """Dates the file back to 1970, for other machines, and unlocks it, for this one."""
        self._done.set()
        self._beat.join()
        with suppress(OSError):
            os.utime(self.handle, (0, 0))
        os.close(self.handle)

    def taken_over(self) -> TakenOver:
        return told_taken_over(_told(_body(self.path)), str(self.path), self.seconds)

    def alone(self) -> AbstractContextManager[object]:
        return _alone(self.path)

    def _keep(self) -> None:
        while not self._done.wait(self.seconds / BEATS):
            with suppress(OSError):
                os.utime(self.handle)


def told_taken_over(who: str, lock: str, silent: float) -> TakenOver:
    """The error of an owner that has lost its lock."""
    return TakenOver(
        f"{who} took over {lock}, because this process (pid {os.getpid()}) gave no sign of life "
        f"for {silent:g} seconds: it was stopped or suspended, or its disk did not answer. This "
        "process wrote nothing after that. If the other run failed, run the same command again."
    )


@contextmanager
def leased(lock: Lock) -> Iterator[None]:
    """Holds a lock until the block ends or the process does; waits for it first.

    Raises TakenOver if the block fails after somebody has taken over.
    """
    lease = _of_file(lock) if isinstance(lock, Path) else lock.acquired()
    _held[lock] = lease
    try:
        yield
    except Exception as error:
        if lease.is_taken_over() and not isinstance(error, TakenOver):
            raise lease.taken_over() from error
        raise
    finally:
        del _held[lock]
        lease.release()


def held(lock: Lock) -> Held | None:
    """What this process holds of a lock, if it does."""
    return _held.get(lock)


@contextmanager
def final_step(*locks: Lock) -> Iterator[None]:
    """Makes results count: keep it short. Raises TakenOver if one of the locks was lost.

    A lock that this process does not hold is taken for the step alone.
    """
    with ExitStack() as stack:
        for lock in locks:
            lease = _held.get(lock)
            if lease is None:
                stack.enter_context(leased(lock))
                continue
            stack.enter_context(lease.alone())
            if lease.is_taken_over():
                raise lease.taken_over()
        yield


@contextmanager
def scratch(work: Path, name: str) -> Iterator[Path]:
    """A private folder for this attempt alone, removed when it ends."""
    with allowed(work):
        private_folder(work)
    lock = work.with_name(".lock-scratch")
    sweep(work.iterdir(), lock)
    with own_folder(work / f"{name}-{uuid.uuid4().hex[:8]}", lock) as folder:
        yield folder


@contextmanager
def own_folder(folder: Path, lock: Path) -> Iterator[Path]:
    """Makes a private folder that no sweep removes while this process lives; removed at the end."""
    with _alone(lock):
        folder.mkdir(mode=0o700)
        handle = _claimed(folder / LEASE, 0)
    lease = Lease(folder / LEASE, handle, seconds())
    try:
        yield folder
    finally:
        lease.release()
        shutil.rmtree(folder, ignore_errors=True)


def sweep(folders: Iterable[Path], lock: Path) -> None:
    """Removes the folders whose owners have died: on this machine, or silent for a day."""
    with _alone(lock) as handle:
        os.utime(handle)
        now = os.fstat(handle).st_mtime  # by the clock that dates the leases
        dead = [folder for folder in folders if _is_dead(folder, now)]
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)


def _of_file(path: Path) -> Lease:
    with allowed(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    return Lease(path, _acquired(path), seconds())


def _acquired(path: Path) -> int:
    """Handle of the lock's file, once this process owns it."""
    began, pause, was, since, told = time.monotonic(), POLL, None, time.monotonic(), False
    while True:
        with _alone(path):
            now, body = _dated(path), _body(path)
            if now != was:
                was, since = now, time.monotonic()
            silent = time.monotonic() - since
            is_expired = silent >= body.get("seconds", seconds())
            if now is None or now[1] == 0 or is_expired or _has_died(path, body):
                if is_expired:
                    what = "%s was silent for %.0f seconds and lost %s: it can write nothing more"
                    log.warning(what, _told(body), silent, path)
                return _claimed(path, body.get("fence", 0) + 1)
        if not told and time.monotonic() - began > PATIENCE:
            log.info("waiting for %s, which holds %s", _told(body), path)
            told = True
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL)


def _claimed(path: Path, fence: int) -> int:
    """Puts a locked file of this process at `path`; call it with `path` kept alone."""
    part = path.with_name(f"{path.name}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        locked_now(handle, path)
        owner = {"host": socket.gethostname(), "boot": boot(), "pid": os.getpid()}
        at = datetime.now(UTC).isoformat(timespec="seconds")
        body = {"owner": owner, "fence": fence, "nonce": uuid.uuid4().hex, "at": at}
        os.write(handle, json.dumps({**body, "seconds": seconds()}).encode())
        os.fsync(handle)
        move(part, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _is_dead(folder: Path, now: float) -> bool:
    path = folder / LEASE
    if not folder.is_dir() or not (body := _body(path)):
        return folder.is_dir()  # it died before it could write its lease
    with suppress(FileNotFoundError):
        return _has_died(path, body) or now - path.stat().st_mtime > DAY
    return False  # its owner ended meanwhile, and removed it


def _has_died(path: Path, body: dict[str, Any]) -> bool:
    """Whether an owner on this machine has ended, in whatever PID namespace: nobody has it locked.

    Of an owner on another machine nothing is known: not every disk passes flock on.
    """
    if body and body["owner"]["boot"] != boot():
        return False
    try:
        with path.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        pass
    return True


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """A short critical section. The file that is locked for it stays for ever."""
    with allowed(path.parent), ExitStack() as stack:
        handle = os.open(path.with_name(f"{path.name}.step"), os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, handle)
        deadline = time.monotonic() + 2 * seconds()
        while not locked_now(handle, path):
            if time.monotonic() > deadline:
                raise TransientError(
                    f"a process was stopped in the last step of its work on {path} and does not go "
                    f"on. Nothing was written. It may be {_told(_body(path))}: end or resume it, "
                    "then run the same command again."
                )
            time.sleep(POLL)
        yield handle


@contextmanager
def allowed(folder: Path) -> Iterator[None]:
    """Raises SettingsError if this user may not write in the folder: every writer comes here."""
    try:
        yield
    except PermissionError as error:
        raise SettingsError(
            f"this user may not write {error.filename or folder} ({error.strerror}). Nothing "
            "that was begun counts: run the command as the user who owns the folder, or correct "
            "the setting that names it."
        ) from None


def locked_now(handle: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise SettingsError(
                f"the file system of {path.parent} does not lock files (flock): {error}. Nothing "
                "was done: use a local disk or NFS version 4."
            ) from None
        raise
    return True


def _dated(path: Path) -> tuple[int, int] | None:
    try:
        # Opened, not only asked for: NFS keeps a file's date for a minute otherwise.
        with path.open("rb") as file:
            now = os.fstat(file.fileno())
            return now.st_ino, now.st_mtime_ns
    except FileNotFoundError:
        return None


def _body(path: Path) -> dict[str, Any]:
    """What the owner wrote; empty if nothing can be read."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict) and isinstance(found.get("owner"), dict):
            return found
    return {}


def _told(body: dict[str, Any]) -> str:
    owner = body.get("owner")
    return f"pid {owner['pid']} on {owner['host']}" if owner else "another process"


@cache
def boot() -> str:
    """What tells this machine, as booted, from any other: its kernel's id, else its name."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return socket.gethostname()
