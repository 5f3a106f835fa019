"""What every kind of source answers, how patient its readers are, and what an error says."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from transforms.errors import SourceUnreachable

CHUNK = 1 << 20

T = TypeVar("T")
Told = Callable[[str, str], Exception]  # makes an error, of why and what to do


@dataclass(frozen=True)
class Limits:
    """Patience with a source, in seconds; `tries` counts the attempts of one question or file.

    `whole` limits one file with all its attempts. A file without manifest or marker must be
    `unchanged` for so long before it counts as whole.
    """

    connect: float = 15
    read: float = 60
    whole: float = 3600
    tries: int = 4
    pause: float = 1
    unchanged: float = 30


@dataclass(frozen=True)
class Entry:
    """A file as the source describes it; null is what the source does not tell.

    `problem` says why it cannot be read as a file of its folder.
    """

    name: str
    size: int | None = None
    modified: datetime | None = None
    etag: str | None = None
    problem: str | None = None

    def is_like(self, other: "Entry") -> bool:
        """Whether nothing shows that the bytes have changed. An etag tells more than a time."""
        if self.size != other.size and None not in (self.size, other.size):
            return False
        if self.etag and other.etag:
            return self.etag == other.etag
        return self.modified == other.modified or None in (self.modified, other.modified)


def unusable(name: str, why: str) -> Entry:
    """A name in a folder under which no file of that folder can be read."""
    return Entry(name, problem=why)


def outside(name: str) -> Entry:
    """A link out of the delivery: its target was not delivered."""
    return unusable(name, "it is a link to a file outside its folder")


def no_file(name: str) -> Entry:
    """Whatever else is no file."""
    return unusable(name, "it is not a file but a folder, a pipe or a broken link")


@dataclass(frozen=True)
class Listing:
    """The files of a folder; `now` is the source's own clock, null if it shows none."""

    entries: tuple[Entry, ...]
    now: datetime | None = None


@dataclass(frozen=True)
class Stream:
    """An open file: what its source announced, and its bytes from `start` on.

    `marks_end`: an end that is missing shows even where no size was announced.
    """

    entry: Entry
    start: int
    chunks: Iterator[bytes]
    marks_end: bool = False


class Source(Protocol):
    """A folder of deliveries. Paths are relative to it, with slashes.

    Every method raises SourceUnreachable if the source does not answer as it should.
    """

    limits: Limits
    # Whether a file appears only once all its bytes are there.
    puts_whole: bool

    def __str__(self) -> str:
        """Path or URL without anything secret."""
        ...

    def folders(self, nights: list[str]) -> list[str]:
        """Names of folders in the root that begin with one of these nights; all if none is given.

        Raises if the root cannot be listed.
        """
        ...

    def files(self, folder: str) -> Listing | None:
        """What lies in a folder; None if the source answers that it is not there."""
        ...

    def look(self, path: str) -> Entry | None:
        """One file as it is now; None if the source answers that it is not there."""
        ...

    def open(
        self, path: str, start: int, seen: Entry | None, seconds: float
    ) -> AbstractContextManager[Stream]:
        """The file from `start` on if it is still as `seen`, else from its beginning.

        Raises Interrupted if the connection breaks, or if it takes longer than so many seconds:
        the reader decides whether to go on.
        """
        ...


class Interrupted(Exception):
    """The source is there but broke off, or asks to wait: worth another try at once.

    `after` is the pause that it asks for, in seconds.
    """

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


def unreachable(source: object, why: object, remedy: str) -> SourceUnreachable:
    """The error for a source that does not answer as it should: why, what holds, what to do."""
    return SourceUnreachable(
        f"the exports at {source} cannot be reached: {why}. Whether a night was delivered is not "
        f"known; nothing was loaded and what is published stays. {remedy}"
    )


def patiently(source: Source, attempt: Callable[[], T]) -> T:
    """The result of `attempt`, tried again with growing pauses while it is interrupted."""
    return tried(source.limits, attempt, partial(unreachable, source))


def tried(
    limits: Limits, attempt: Callable[[], T], out_of_reach: Callable[[str, str], Exception]
) -> T:
    """The same for whatever has limits; `out_of_reach` makes the error, of why and what to do."""
    for count in range(1, limits.tries + 1):
        try:
            return attempt()
        except Interrupted as broken:
            if count == limits.tries:
                raise out_of_reach(
                    f"{broken} ({count} tries)" if count > 1 else f"{broken}",
                    "Check the server and the network, then run the same command again.",
                ) from None
            asked = min(broken.after, limits.read) if broken.after is not None else 0
            time.sleep(max(asked, limits.pause * 2 ** (count - 1)))
    raise AssertionError("at least one try is made")


@contextmanager
def watched(seconds: float, cut: Callable[[], None]) -> Iterator[threading.Event]:
    """Calls `cut` if the block takes longer; the event then is set. For libraries whose own time
    limits start again with every byte."""
    rang = threading.Event()

    def ring() -> None:
        rang.set()
        cut()

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield rang
    finally:
        timer.cancel()


def in_time(seconds: float, question: Callable[[], T]) -> T:
    """The answer; Interrupted if it takes longer. For libraries that nobody can cut off while they
    wait for an answer: the question is then left to itself in its thread."""
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(question())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    wait([answer], max(seconds, 0))
    if not answer.done():
        raise Interrupted("it did not answer in time")
    return answer.result()


def read_small(source: Source, path: str, largest: int) -> bytes:
    """The bytes of a small file, such as a manifest; one byte more than `largest` if it is not."""

    def attempt() -> bytes:
        with source.open(path, 0, None, source.limits.whole) as stream:
            data = b""
            for chunk in stream.chunks:
                data += chunk
                if len(data) > largest:
                    return data[: largest + 1]
        hold_to_size(path, len(data), stream.entry.size)
        return data

    return patiently(source, attempt)


def hold_to_size(name: str, got: int, announced: int | None) -> None:
    """Raises Interrupted if fewer bytes came than were announced."""
    if announced is not None and got < announced:
        raise Interrupted(f"{name} broke off after {got:,} of {announced:,} bytes")
