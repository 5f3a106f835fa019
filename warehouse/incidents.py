"""What a person was told and has not ended yet, so that each event is told once, and surely.

One file per subject, `lake/incidents/<night>.<dataset>.json`, for tasks that run on different
machines share nothing but the lake. A message is noted before it is sent, with the ways that it has
still to go; what a mail server did not take is sent by the next `catch_up`.
"""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from transforms.lake import Lake
from transforms.lease import leased
from transforms.place import read_json, write_json
from warehouse.messages import REFUSED, Message

FOLDER = "incidents"  # in the lake
# DAGs whose runs are not of one night.
WITHOUT_NIGHT = ("catch_up", "maintenance", "outlook")
REMEDY = "delete it: its messages may then come a second time"
OF_THE_NOTE = ("at", "left", "is_past")  # what is kept of a message besides itself
ON_ITS_WAY = timedelta(minutes=10)  # how long a message may take to be sent


class Incident(NamedTuple):
    """A subject that is not as it should be, and the kinds of message that went out.

    `refused` is when a delivery was last told as refused, null if none was or a load after it was
    good: until then an older delivery that counts recovers nothing.
    """

    subject: str
    night: date | None
    told: tuple[str, ...]
    refused: datetime | None


def begin(lake: Lake, message: Message, ways: Sequence[str]) -> bool:
    """Notes that a message goes out; false if it went out before, or ends no incident."""
    with _locked(lake):
        told = _told(lake, message)
        now = _since_recovery(told)
        is_known = any(_is(message, one) for one in now)
        if is_known or (message.kind == "recovered" and not now):
            return False
        at = datetime.now(UTC).isoformat(timespec="seconds")
        _write(lake, message, [*told, {**asdict(message), "at": at, "left": list(ways)}])
    return True


def sent(lake: Lake, message: Message, left: Sequence[str]) -> None:
    """Notes which ways a message could not go. `recovered` ends the incident once all of it went
    out: whatever happens to its subject next is told again."""
    with _locked(lake):
        told = _told(lake, message)
        now = [{**one, "left": list(left)} if _is(message, one) else one for one in told]
        is_over = not _since_recovery(now) or _is_of_no_subject(message)
        if is_over and not any(one["left"] for one in now):
            lake.place.delete(_name(message.subject, message.night))
        else:
            _write(lake, message, now)


def loaded(lake: Lake, dataset: str, night: date) -> None:
    """Notes that a load of the night was good, after whatever was told of it."""
    if not lake.place.has(_name(dataset, night)):
        return
    with _locked(lake):
        known = read_json(lake.place, _name(dataset, night), REMEDY)
        for one in known["told"] if known else []:
            one["is_past"] = True
        if known:
            write_json(lake.place, _name(dataset, night), known)


def pending(lake: Lake) -> list[Incident]:
    """The incidents that have not ended, oldest night first."""
    found = []
    for subject, night, told in _every(lake):
        now = _since_recovery(told)
        refused = [
            datetime.fromisoformat(one["at"])
            for one in now
            if one["what"].startswith(REFUSED) and not one.get("is_past")
        ]
        if now:
            kinds = tuple(dict.fromkeys(one["kind"] for one in now))
            found.append(Incident(subject, night, kinds, max(refused, default=None)))
    return found


def unsent(lake: Lake, now: datetime) -> list[tuple[Message, list[str]]]:
    """The messages that have not gone out, with the ways that they have still to go."""
    found = []
    for _, night, told in _every(lake):
        for one in told:
            if one["left"] and datetime.fromisoformat(one["at"]) < now - ON_ITS_WAY:
                parts = {k: v for k, v in one.items() if k not in OF_THE_NOTE}
                found.append((Message(**{**parts, "night": night}), one["left"]))
    return found


def _every(lake: Lake) -> list[tuple[str, date | None, list[dict[str, Any]]]]:
    found = []
    with lake.place.at_once(PurePosixPath(FOLDER)):
        for name in (n for n in lake.named(FOLDER) if n.suffix == ".json"):
            if known := read_json(lake.place, name, REMEDY):
                night = date.fromisoformat(known["night"]) if known["night"] else None
                found.append((known["subject"], night, known["told"]))
    return found


def _told(lake: Lake, message: Message) -> list[dict[str, Any]]:
    known = read_json(lake.place, _name(message.subject, message.night), REMEDY)
    return known["told"] if known else []


def _write(lake: Lake, message: Message, told: list[dict[str, Any]]) -> None:
    night = f"{message.night}" if message.night else None
    what = {"subject": message.subject, "night": night, "told": told}
    write_json(lake.place, _name(message.subject, message.night), what)


def _locked(lake: Lake) -> AbstractContextManager[None]:
    return leased(lake.place.lock(f".lock-{FOLDER}"))


def _name(subject: str, night: date | None) -> PurePosixPath:
    return PurePosixPath(FOLDER, f"{night}.{subject}.json" if night else f"{subject}.json")


def _since_recovery(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was told since the subject recovered last. What went before is kept until it is sent."""
    ends = [n for n, one in enumerate(told, 1) if one["kind"] == "recovered"]
    return told[max(ends, default=0) :]


def _is_of_no_subject(message: Message) -> bool:
    """Whether it is of a run that was started by mistake, without a night: nothing ends it."""
    return message.night is None and message.subject not in WITHOUT_NIGHT


def _is(message: Message, one: dict[str, Any]) -> bool:
    # A night is late once, and recovers once, however the words differ. Where a file broke off, or
    # how long it took, is another number each time.
    of_kind = message.kind in ("late", "recovered")
    is_same = of_kind or _without_numbers(one["what"]) == _without_numbers(message.what)
    return bool(one["kind"] == message.kind and is_same)


def _without_numbers(text: str) -> str:
    return re.sub(r"\S*\d\S*", "…", text)
