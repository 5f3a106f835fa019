"""Two writers of one lake in a bucket: nothing is lost, whoever is killed, frozen or late."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from tests.bucket import writer
from tests.bucket.conftest import Lakes, told
from tests.sources import servers
from tests.sources.servers import ROOT
from transforms.lake import Lake
from transforms.lake.receipt import Receipt
from transforms.lease import leased
from transforms.place import read_json, write_json
from transforms.place.bucket import Bucket
from transforms.storage import sha256_of

ROUNDS = int(os.environ.get("OUTLOOK_TEST_WRITERS", "10"))
CASES = [
    ("parts", "nothing", "a night"),
    ("intent", "nothing", "no night"),
    ("intent", "nothing", "a night"),
    ("intent", "a later revision", "a night"),
    ("parts", "nothing", "no night"),
    ("parts", "a later revision", "no night"),
    ("parts", "a later revision", "a night"),
    ("intent", "a later revision", "no night"),
][: 4 if ROUNDS <= 10 else None]
FROZEN = 2.0  # seconds of a lease: long enough for a busy machine to give signs of life


class Raw(io.BytesIO):
    """The body of an answer, as boto3 reads it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


def writing(lakes: Lakes, machine: str, *words: object, lease: float = 60) -> subprocess.Popen[str]:
    environ = lakes.environ(machine, OUTLOOK_LEASE=str(lease))
    command = [sys.executable, "-m", "tests.bucket.writer", *map(str, words)]
    return subprocess.Popen(
        command,
        env={**os.environ, **environ},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def committed(lakes: Lakes, machine: str, revision: int) -> str:
    """What counts after a commit by this process."""
    return writer.committed(Lake(lakes.settings(machine).place), revision)


def outcome(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    return told(out)


@contextmanager
def frozen(process: subprocess.Popen[str]) -> Iterator[None]:
    """Waits until the process has stopped itself; wakes it afterwards."""
    until = time.monotonic() + 60
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    yield
    process.send_signal(signal.SIGCONT)


def receipt_of(lakes: Lakes) -> Receipt | None:
    """The night's receipt, of which every part must be whole; also of what it replaced."""
    lake = Lake(lakes.settings("reader").place)
    found = lake.receipt("sellers", writer.NIGHT)
    for one in (found, *lake.replaced("sellers", "")):
        assert one is None or (isinstance(one, Receipt) and lake.is_whole(one))
    return found


def test_two_writers_lose_nothing(lakes: Lakes) -> None:
    """Each commits every other revision; whichever comes late does not count, and says so."""
    both = [writing(lakes, name, "commit", n, 2 * ROUNDS, 2) for n, name in ((1, "a"), (2, "b"))]
    done = [outcome(process) for process in both]
    last = receipt_of(lakes)
    assert last is not None
    assert last.content == sha256_of(str(2 * ROUNDS)), "the latest revision counts"
    assert sum(len(one["counts"]) + one["taken_over"] for one in done) == 2 * ROUNDS
    replaced = [one.content for one in last.replaced]
    kept = {
        r.content
        for r in Lake(lakes.settings("reader").place).replaced("sellers", "")
        if isinstance(r, Receipt)
    }
    assert len(replaced) == len(set(replaced)), "no revision counted twice"
    assert set(replaced) == kept, "what was replaced is kept, and nothing else"
    seen = {content for one in done for content in one["counts"]}
    assert seen <= {*replaced, last.content}, "what a writer was told counts has counted"
    print(f"{2 * ROUNDS} commits by two writers: {len(replaced) + 1} counted, 0 lost")


def test_a_lock_admits_one_at_a_time(lakes: Lakes) -> None:
    both = [writing(lakes, name, "count", ROUNDS) for name in ("a", "b")]
    for process in both:
        outcome(process)
    found = read_json(lakes.settings("reader").place, writer.NUMBER, "")
    assert found == {"number": 2 * ROUNDS}


def test_answers_that_are_lost_change_nothing(lakes: Lakes) -> None:
    """A request that is sent again meets its own success, and knows it."""
    with servers.forgetful(lakes.server.port, every=5) as proxy:
        place = lakes.settings("a", port=proxy.server_address[1]).place
        for number in range(10):
            with leased(place.lock(".lock-sellers")):
                known = read_json(place, writer.NUMBER, "") or {"number": 0}
                assert known == {"number": number}
                write_json(place, writer.NUMBER, {"number": number + 1})
        for revision in (1, 2, 3):
            assert writer.committed(Lake(place), revision) == sha256_of(str(revision))
        assert proxy.lost >= 8, "no answer was lost"
    last = receipt_of(lakes)
    assert last is not None
    assert [r.content for r in last.replaced] == [sha256_of("1"), sha256_of("2")]


def test_what_a_takeover_left_for_a_document_is_no_document(lakes: Lakes) -> None:
    """Nothing was let go where a record that was about to be written was fenced off."""
    committed(lakes, "a", 1)
    place = lakes.settings("a").place
    assert isinstance(place, Bucket)
    receipt = receipt_of(lakes)
    assert receipt
    part = PurePosixPath(receipt.parts[0].path)
    place.fence(part.with_suffix(".deleted"))
    place.fence(PurePosixPath("receipts/sellers/2022-06-29.json"))
    for lake in (Lake(place), Lake(lakes.settings("b").place)):
        assert len(lake.part_paths(receipt, "rows")) == 1
        assert not lake.place.has(part.with_suffix(".deleted"))
        assert [r.export_date for r in lake.receipts("sellers")] == [writer.NIGHT]
        assert len(lake.named("receipts", "sellers")) == 1
        with lake.lock("sellers"):
            assert not lake.place.has(part.with_suffix(".deleted"))
            lake.let_go(part, "a test")
            assert lake.place.has(part.with_suffix(".deleted"))
        place.delete(part.with_suffix(".deleted"))
        place.fence(part.with_suffix(".deleted"))


def test_a_document_is_remembered_and_a_damaged_copy_is_not(lakes: Lakes) -> None:
    """Also where the ETag is no hash of the bytes, as of a store that encrypts them."""
    committed(lakes, "a", 1)
    place = lakes.settings("b").place
    assert isinstance(place, Bucket)
    (one,) = (replace(o, etag=f"{0:032x}") for o in place.objects.listed("receipts/sellers/"))
    given = place.objects.get(one.name)
    assert given
    asked: list[PurePosixPath] = []

    def get(name: PurePosixPath) -> tuple[bytes, str]:
        asked.append(name)
        return given[0], one.etag

    place.objects.get = get  # type: ignore[method-assign,assignment]
    first = place._document(one)
    assert first and place._document(one) == first and len(asked) == 1
    (copy,) = (place.room / "documents").glob("*/*")
    copy.write_bytes(copy.read_bytes().replace(b"sellers", b"buyers!"))
    assert place._document(one) == first and len(asked) == 2


def test_two_requests_that_meet_are_asked_again(lakes: Lakes) -> None:
    """The store may answer 409, which says of neither that it came too late."""
    place = lakes.settings("a").place
    assert isinstance(place, Bucket)
    text = "<Error><Code>ConditionalRequestConflict</Code><Message>x</Message></Error>"
    met: list[str] = []

    def conflict(request: Any, **_: Any) -> Any:
        if request.method == "PUT" and request.url not in met:
            met.append(request.url)
            return AWSResponse(request.url, 409, {}, Raw(text.encode()))
        return None

    place.objects.client.s3.meta.events.register("before-send.s3", conflict)
    assert writer.committed(Lake(place), 1) == sha256_of("1")
    assert len(met) >= 4


def test_a_sign_of_life_that_hangs_does_not_cost_the_lock(
    lakes: Lakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTLOOK_LEASE", "3")
    place = lakes.settings("a").place
    assert isinstance(place, Bucket)
    hung: list[str] = []
    over = threading.Event()

    def hang(request: Any, **_: Any) -> None:
        if request.method == "PUT" and ".lock-" in request.url and len(hung) < 1:
            hung.append(request.url)
            over.wait(30)

    with leased(place.lock(".lock-sellers")):
        place.objects.client.s3.meta.events.register("before-send.s3", hang)
        time.sleep(4)
        began = time.monotonic()
        write_json(place, writer.NUMBER, {"number": 1})
        took = time.monotonic() - began
    over.set()
    assert hung and took < 10, "it waited for the one that hung"
    waiting = lakes.settings("b").place.lock(".lock-sellers")
    with leased(waiting):
        assert read_json(place, writer.NUMBER, "") == {"number": 1}


@pytest.mark.parametrize("moment", writer.MOMENTS)
def test_a_writer_is_killed(lakes: Lakes, moment: str) -> None:
    """Before its receipt is written nothing of it counts, after that all of it does."""
    assert committed(lakes, "a", 1) == sha256_of("1")
    process = writing(lakes, "a", "commit", 2, 2, 1, moment, "SIGKILL")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    left = receipt_of(lakes)
    counted = "1" if moment in ("parts", "intent") else "2"
    assert left is not None and left.content == sha256_of(counted)
    began = time.monotonic()
    assert committed(lakes, "a", 2) == sha256_of("2")
    assert time.monotonic() - began < 30, "it did not wait for a lease of sixty seconds"
    healed = receipt_of(lakes)
    assert healed is not None and healed.content == sha256_of("2")


@pytest.mark.parametrize(("moment", "meanwhile", "before"), CASES)
def test_a_frozen_writer_wakes_up_too_late(
    lakes: Lakes, moment: str, meanwhile: str, before: str
) -> None:
    """Its lease ran out while it was stopped, and another process had the lock: it writes nothing,
    even where nobody else has written, and where it had only to send its receipt."""
    if before == "a night":
        committed(lakes, "a", 1)
    process = writing(lakes, "a", "commit", 2, 2, 1, moment, "SIGSTOP", lease=FROZEN)
    with frozen(process):
        if meanwhile == "nothing":
            with Lake(lakes.settings("b").place).lock("sellers"):
                pass
        else:
            committed(lakes, "b", 3)
        known = lakes.objects()
    done = outcome(process)
    assert done["taken_over"] == 1 and done["counts"] == []
    assert "took over" in done["said"] and "wrote nothing" in done["said"]
    assert lakes.objects() == known
    left = receipt_of(lakes)
    counts = "3" if meanwhile == "a later revision" else "1" if before == "a night" else None
    assert (left and left.content) == (counts and sha256_of(counts))
