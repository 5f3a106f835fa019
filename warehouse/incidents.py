"""What a person was told and has not ended yet, so that each event is told once, and surely.

One file per subject, `lake/incidents/<night>.<dataset>.json`, for tasks that run on different
machines share nothing but the lake. A message is noted before it is sent, with the ways that it has
still to go; what a mail server did not take is sent by the next `catch_up`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from transforms.lake import Lake
from transforms.lease import leased
from transforms.storage import read_json, write_json
from warehouse.messages import Message

# DAGs whose runs are not of one night.
WITHOUT_NIGHT = ("catch_up", "maintenance", "outlook")
REMEDY = "delete it: its messages may then come a second time"
ON_ITS_WAY = timedelta(minutes=10)  # how long a message may take to be sent


class Incident(NamedTuple):
    """A subject that is not as it should be, and the kinds of message that went out."""

    subject: str
    night: date | None
    told: tuple[str, ...]


def begin(lake: Lake, message: Message, ways: Sequence[str]) -> bool:
    """Notes that a message goes out; false if it went out before, or ends no incident."""
    if message.night is None and message.subject not in WITHOUT_NIGHT:
        return True  # of a run that was started by mistake; nothing ends it
    with _locked(lake):
        told = _told(lake, message)
        is_known = any(_is(message, one) for one in told)
        if is_known or (message.kind == "recovered" and not told):
            return False
        at = datetime.now(UTC).isoformat(timespec="seconds")
        _write(lake, message, [*told, {**asdict(message), "at": at, "left": list(ways)}])
    return True


def sent(lake: Lake, message: Message, left: Sequence[str]) -> None:
    """Notes which ways a message could not go. `recovered` ends the incident once it went all:
    whatever happens to its subject next is told again."""
    with _locked(lake):
        told = _told(lake, message)
        if message.kind == "recovered" and not left:
            _path(lake, message.subject, message.night).unlink(missing_ok=True)
        elif told:
            now = [{**one, "left": list(left)} if _is(message, one) else one for one in told]
            _write(lake, message, now)


def pending(lake: Lake) -> list[Incident]:
    """The incidents that have not ended, oldest night first."""
    found = []
    for subject, night, told in _every(lake):
        kinds = tuple(dict.fromkeys(one["kind"] for one in told))
        if "recovered" not in kinds:
            found.append(Incident(subject, night, kinds))
    return found


def unsent(lake: Lake, now: datetime) -> list[tuple[Message, list[str]]]:
    """The messages that have not gone out, with the ways that they have still to go."""
    found = []
    for _, night, told in _every(lake):
        for one in told:
            if one["left"] and datetime.fromisoformat(one["at"]) < now - ON_ITS_WAY:
                parts = {k: v for k, v in one.items() if k not in ("at", "left")}
                found.append((Message(**{**parts, "night": night}), one["left"]))
    return found


def _every(lake: Lake) -> list[tuple[str, date | None, list[dict[str, Any]]]]:
    found = []
    for path in sorted((lake.root / "incidents").glob("*.json")):
        if known := read_json(path, REMEDY):
            night = date.fromisoformat(known["night"]) if known["night"] else None
            found.append((known["subject"], night, known["told"]))
    return found


def _told(lake: Lake, message: Message) -> list[dict[str, Any]]:
    known = read_json(_path(lake, message.subject, message.night), REMEDY)
    return known["told"] if known else []


def _write(lake: Lake, message: Message, told: list[dict[str, Any]]) -> None:
    night = f"{message.night}" if message.night else None
    what = {"subject": message.subject, "night": night, "told": told}
    write_json(_path(lake, message.subject, message.night), what)


def _locked(lake: Lake) -> AbstractContextManager[None]:
    return leased(lake.root / ".lock-incidents")


def _path(lake: Lake, subject: str, night: date | None) -> Path:
    name = f"{night}.{subject}" if night else subject
    return lake.root / "incidents" / f"{name}.json"


def _is(message: Message, one: dict[str, Any]) -> bool:
    # A night is late once, and recovers once, however the words differ.
    of_kind = message.kind in ("late", "recovered")
    return bool(one["kind"] == message.kind and (of_kind or one["what"] == message.what))
