"""What a person was told and has not ended yet, so that each event is told once.

One file per subject, `lake/incidents/<night>.<dataset>.json`, for tasks that run on different
machines share nothing but the lake.
"""

from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from transforms.lake import Lake
from transforms.lease import leased
from transforms.storage import read_json, write_json
from warehouse.messages import Message

# DAGs whose runs are not of one night.
WITHOUT_NIGHT = ("catch_up", "maintenance", "outlook")
REMEDY = "delete it: its messages may then come a second time"


class Incident(NamedTuple):
    """A subject that is not as it should be, and the kinds of message that went out."""

    subject: str
    night: date | None
    told: tuple[str, ...]


def begin(lake: Lake, message: Message) -> bool:
    """Notes that a message goes out; false if it went out before. `recovered` ends the incident:
    whatever happens to its subject next is told again."""
    if message.night is None and message.subject not in WITHOUT_NIGHT:
        return True  # of a run that was started by mistake; nothing ends it
    path = _path(lake, message.subject, message.night)
    with _locked(lake):
        if message.kind == "recovered":
            was_told = path.exists()
            path.unlink(missing_ok=True)
            return was_told
        told = (read_json(path, REMEDY) or {}).get("told", [])
        if any(_is(message, one) for one in told):
            return False
        _write(path, message, [*told, _entry(message)])
    return True


def withdraw(lake: Lake, message: Message) -> None:
    """Undoes `begin` for a message that could not be sent, so that the next attempt sends it."""
    path = _path(lake, message.subject, message.night)
    with _locked(lake):
        told = (read_json(path, REMEDY) or {}).get("told", [])
        if message.kind == "recovered":
            _write(path, message, [*told, {**_entry(message), "kind": "failed"}])
        elif left := [one for one in told if not _is(message, one)]:
            _write(path, message, left)
        else:
            path.unlink(missing_ok=True)


def pending(lake: Lake) -> list[Incident]:
    """The incidents that have not ended, oldest night first."""
    found = []
    for path in sorted((lake.root / "incidents").glob("*.json")):
        known = read_json(path, REMEDY)
        if known:
            night = date.fromisoformat(known["night"]) if known["night"] else None
            kinds = tuple(dict.fromkeys(one["kind"] for one in known["told"]))
            found.append(Incident(known["subject"], night, kinds))
    return found


def _locked(lake: Lake) -> AbstractContextManager[None]:
    return leased(lake.root / ".lock-incidents")


def _path(lake: Lake, subject: str, night: date | None) -> Path:
    name = f"{night}.{subject}" if night else subject
    return lake.root / "incidents" / f"{name}.json"


def _is(message: Message, one: dict[str, str]) -> bool:
    # A night is late once, however long it stays so.
    return one["kind"] == message.kind and (message.kind == "late" or one["what"] == message.what)


def _entry(message: Message) -> dict[str, str]:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"kind": message.kind, "what": message.what, "at": at}


def _write(path: Path, message: Message, told: list[dict[str, str]]) -> None:
    night = f"{message.night}" if message.night else None
    write_json(path, {"subject": message.subject, "night": night, "told": told})
