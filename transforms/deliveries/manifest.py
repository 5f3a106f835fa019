"""The manifest of each delivery, and the calendar next to the deliveries.

Whatever they hold, reading them gives a checked value or a ValueError that says what is wrong.
"""

import json
import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

LARGEST = 4 << 20  # bytes; a night's manifest has a few hundred
CADENCES = ("night", "week", "month")
YEARS = range(1999, 2200)  # years in which a delivery can have been made
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
# Categories of characters that a name may not have: controls, lone surrogates, line ends.
UNFIT = ("Cc", "Cs", "Zl", "Zp")
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # make a name look like another

Stretch = tuple[date, date, str]


class Manifest(NamedTuple):
    """When a delivery was exported, and the entry of each file by its name."""

    exported_at: datetime | None
    files: dict[str, dict[str, Any]]


def read_manifest(text: bytes) -> Manifest:
    """A delivery's manifest. Raises ValueError if it is invalid."""
    told = _json(text)
    if not isinstance(told, dict):
        raise ValueError("it is not an object")
    entries = told.get("files", [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ValueError("files must be a list of objects with a name")
    files: dict[str, dict[str, Any]] = {}
    for entry in entries:
        name = _name(entry.get("name"))
        if name in files:
            raise ValueError(f"it names {name} twice")
        for key in ("bytes", "rows"):
            if not _is_count(entry.get(key)):
                raise ValueError(f"{key} of {name} must be a whole number")
        digest = entry.get("sha256")
        if digest is not None and not (isinstance(digest, str) and SHA256.fullmatch(digest)):
            raise ValueError(f"sha256 of {name} must be 64 hexadecimal digits")
        if not isinstance(entry.get("dataset"), str | None):
            raise ValueError(f"dataset of {name} must be a word")
        files[name] = entry
    return Manifest(_instant(told.get("exported_at")), files)


def read_calendar(text: bytes) -> tuple[Stretch, ...]:
    """The periods of a calendar: first day, last day, how often. Raises ValueError."""
    rows = _json(text)
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise ValueError("it must be a list of objects with from, to and every")
    return tuple(sorted(map(_stretch, rows)))


def is_plain(name: str) -> bool:
    """Whether a file name is printable and cannot be mistaken for another."""
    return not any(unicodedata.category(c) in UNFIT or c in TURNING for c in name)


def _json(text: bytes) -> Any:
    if len(text) > LARGEST:
        raise ValueError(f"it has more than {LARGEST >> 20} MiB")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has a key twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not a number")


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise ValueError("files must be a list of objects with a name")
    if not is_plain(name):
        raise ValueError(f"{short(name)} is not a file name")
    if "/" in name or "\\" in name or name in (".", ".."):
        raise ValueError(f"{short(name)} is a path: a manifest names files in its own folder")
    return name


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and value is not True and value >= 0)


def _instant(stamp: Any) -> datetime | None:
    """An instant of a manifest; without a zone it is UTC, whatever the zone of this machine."""
    if stamp is None:
        return None
    try:
        at = datetime.fromisoformat(stamp)
        if at.year in YEARS:
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError):
        pass
    raise ValueError(f"exported_at is not a time: {short(stamp)}")


def _stretch(row: dict[str, Any]) -> Stretch:
    days = []
    for key in ("from", "to"):
        try:
            day = date.fromisoformat(row.get(key))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ValueError(f"{key} is not a day: {short(row.get(key))}") from None
        if day.year not in YEARS:
            raise ValueError(f"{key} is not a plausible day: {day}")
        days.append(day)
    if days[0] > days[1]:
        raise ValueError(f"{days[0]} is after {days[1]}")
    if row.get("every") not in CADENCES:
        raise ValueError(f"every is {short(row.get('every'))}, not one of {', '.join(CADENCES)}")
    return days[0], days[1], row["every"]


def short(value: Any) -> str:
    """Any value, shortened for a message."""
    text = ascii(value)
    return text if len(text) < 60 else text[:56] + " …"
