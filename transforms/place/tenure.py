"""Locks that are objects of a bucket: each says who holds it, and changes while its owner lives.

Whoever wants a lock writes its object on the condition that it is as it was read (If-Match): at
once if it was released or its owner has died on this machine, else once it has stood still for the
owner's `seconds`. Nobody compares two clocks.

An owner that was stopped may wake up beside its successor, and nobody can hold it back between its
last look at the lock and its write. So before it writes a document, it reads it, and then says in
the lock which one it writes. Whoever takes over writes that document again, as it is: the
condition of the write that was begun before no longer holds, and the store refuses it.
"""

import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from transforms.errors import StoreUnreachable, TakenOver
from transforms.lease import BEATS, LONGEST_POLL, PATIENCE, boot, seconds, told_taken_over
from transforms.place.objects import Object, Objects

log = logging.getLogger(__name__)

FIRST_POLL = 0.05


class Fenced(Protocol):
    """What a lock guards."""

    objects: Objects

    def hold_to_conditions(self) -> None:
        """Raises SettingsError unless the store keeps to conditions."""
        ...

    def fence(self, name: PurePosixPath) -> None:
        """Makes every write of a document that was begun before now fail."""
        ...


@dataclass(frozen=True)
class ObjectLock:
    """A lock in a bucket; two of the same name in the same bucket are one."""

    at: str
    name: PurePosixPath
    guarded: Fenced = field(compare=False)

    def acquired(self) -> "Tenure":
        """Waits until nobody holds it, and holds it."""
        self.guarded.hold_to_conditions()
        began, pause, was, since, told = time.monotonic(), FIRST_POLL, None, time.monotonic(), False
        while True:
            found = self.guarded.objects.get(self.name)
            body, etag = (_read(found[0]), found[1]) if found else ({}, None)
            if etag != was:
                was, since = etag, time.monotonic()
            silent = time.monotonic() - since
            is_expired = silent >= body.get("seconds", seconds())
            if etag is None or body.get("is_released") or is_expired or _has_died(body):
                tenure = Tenure(self, _mine(body), body.get("writing"))
                if tenure.begin(etag):
                    if is_expired and not body.get("is_released"):
                        what = "%s was silent for %.0f seconds and lost %s: it can write nothing"
                        log.warning(f"{what} more", _told(body), silent, self)
                    return tenure
                continue  # another was faster
            if not told and time.monotonic() - began > PATIENCE:
                log.info("waiting for %s, which holds %s", _told(body), self)
                told = True
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)

    def __str__(self) -> str:
        return f"{self.at}/{self.name}"


@dataclass
class Tenure:
    """A lock while this process holds it; `memory` is what it knows of what only it may change."""

    lock: ObjectLock
    body: dict[str, Any]
    writing: str | None
    memory: dict[PurePosixPath, dict[PurePosixPath, Object]] = field(default_factory=dict)
    _etag: str | None = None
    _is_lost: bool = False
    _mutex: threading.RLock = field(default_factory=threading.RLock)
    _done: threading.Event = field(default_factory=threading.Event)

    def begin(self, etag: str | None) -> bool:
        """Takes the lock if it is still as it was; then finishes what its last owner began."""
        self._etag = etag
        if not self._renewed():
            return False
        self._beat = threading.Thread(target=self._keep, daemon=True)
        self._beat.start()
        if self.writing:
            try:
                self.lock.guarded.fence(PurePosixPath(self.writing))
            except BaseException:
                self.release()  # which still names the document
                raise
            self.writing = None
        return True

    def intend(self, name: PurePosixPath) -> None:
        """Says which document is written next. Raises TakenOver."""
        self.writing = str(name)
        if not self._renewed():
            raise self.taken_over()

    def done(self) -> None:
        """The store has answered: no write is under way."""
        self.writing = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Renews the lock; what is written then is written on a condition (see `intend`)."""
        self._renewed()
        yield

    def is_taken_over(self) -> bool:
        return self._is_lost

    def taken_over(self) -> TakenOver:
        with suppress(StoreUnreachable):
            found = self.lock.guarded.objects.get(self.lock.name)
            who = _told(_read(found[0]) if found else {})
            return told_taken_over(who, str(self.lock), self.body["seconds"])
        return told_taken_over("another process", str(self.lock), self.body["seconds"])

    def release(self) -> None:
        """Lets the next one have it at once."""
        self._done.set()
        self._beat.join()
        with suppress(StoreUnreachable):
            self._renewed(is_released=True)

    def _renewed(self, is_released: bool = False) -> bool:
        """Writes the lock again, as a sign of life; false if it is somebody else's."""
        with self._mutex:
            while not self._is_lost:
                more = {"nonce": uuid.uuid4().hex, "is_released": is_released}
                body = json.dumps({**self.body, **more, "writing": self.writing}).encode()
                # One that hangs must not cost the lock: another is sent before it is lost.
                objects, limit = self.lock.guarded.objects, self.body["seconds"] / BEATS
                etag = objects.put(self.lock.name, body, self._etag, limit)
                if etag:
                    self._etag = etag
                    return True
                # The answer to an earlier write was lost: then the lock is as this one made it.
                found = objects.get(self.lock.name, limit)
                if found and _read(found[0]).get("tenure") == self.body["tenure"]:
                    self._etag = found[1]
                else:
                    self._is_lost = True
            return False

    def _keep(self) -> None:
        while not self._done.wait(self.body["seconds"] / BEATS):
            with suppress(StoreUnreachable):
                if not self._renewed():
                    return


def _mine(before: dict[str, Any]) -> dict[str, Any]:
    owner = {"host": socket.gethostname(), "boot": boot(), "pid": os.getpid()}
    owner |= {"namespace": _namespace(), "started": _started(os.getpid())}
    return {
        "owner": owner,
        "fence": before.get("fence", 0) + 1,
        "tenure": uuid.uuid4().hex,
        "seconds": seconds(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(text: bytes) -> dict[str, Any]:
    """What the owner wrote; empty if it cannot be read."""
    with suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(found.get("owner"), dict):
            return found
    return {}


def _has_died(body: dict[str, Any]) -> bool:
    """Whether an owner among the processes that this one sees has ended."""
    owner = body.get("owner")
    if not owner or owner["boot"] != boot() or owner.get("namespace") != _namespace():
        return False
    return bool(_started(owner["pid"]) != owner.get("started"))


def _namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _started(pid: int) -> str | None:
    """When a process began, by its kernel: a later one may have the same number."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return None
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else rest[18]


def _told(body: dict[str, Any]) -> str:
    owner = body.get("owner")
    return f"pid {owner['pid']} on {owner['host']}" if owner else "another process"
