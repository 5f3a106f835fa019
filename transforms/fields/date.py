"""Days and instants: absolute, or relative to when the export was taken.

Instants are UTC. A relative time is as exact as its word and as what it counts back from: `5 days
ago` names a day, and its instant is that day's noon where the market is.
"""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from transforms.fields import Unreadable

# Programs write their own null dates, such as the year 1 or 9999.
PLAUSIBLE_YEARS = range(1990, 2101)

_RELATIVE = re.compile(r"(\d{1,4}) (minute|hour|day|week)s? (?:ago|before)", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{4})(\d{2})(\d{2})")
_NUMBERS = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})")
_WORDS = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
    r"(?:(\d{1,2})[ -]([a-z]{3,9})\.?|([a-z]{3,9})\.? (\d{1,2})),?[ -](\d{4})",
    re.IGNORECASE,
)
_EASTERN = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日号일]?")
_EASTERN_TIME = re.compile(
    r"^(.*[日号일]) ?(上午|下午|오전|오후)? ?(\d{1,2}) ?[:：时時点시] ?(\d{1,2}) ?"
    r"(?:[:：分분] ?(?:(\d{1,2}) ?[秒초]?)?)?"
)
_SECONDS = re.compile(r"[:：]\d{1,2}[:：]\d|[秒초]|\d{8}[Tt ]?\d{6}")
# What a spreadsheet keeps for a day: how many there were since the last but one of 1899, and the
# time as a fraction. Those of 1904 to 1998 and after 2060 are other numbers.
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_SERIAL_DAY_0 = date(1899, 12, 30)
_SERIAL_YEARS = range(1999, 2061)
# Nothing but the day is said by midnight, in a column of days.
_MIDNIGHT = re.compile(
    r"(.+?)(?:T|,? )(?:0?0:00(?::00(?:[.,]0+)?)?|12:00(?::00)? ?AM)"
    r"(?: ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))*",
    re.IGNORECASE,
)
_MONTHS = {
    form: number
    for number, name in enumerate(calendar.month_name)
    if name
    for form in (name.casefold(), name[:3].casefold(), *(("sept",) if number == 9 else ()))
}
_OFFSET = r"[+-]\d\d(?::?\d\d)?"
# Python reads more as ISO 8601: any letter, dash or digit in the place of the T.
_ISO_TIME = re.compile(
    rf"\d{{4}}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:[Zz]|{_OFFSET})?)?"
)
_COMPACT = re.compile(
    rf"(\d{{8}})[Tt ]?(?:(\d{{4}})|(\d{{6}})(?:[.,]?(\d{{3}})|[.,](\d+))?)(?: ?(Z|{_OFFSET}))?"
)
_TIME = re.compile(
    r"(.+?),? (\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)(?: ?([AP]M|[ap]m))?"
    r"(?: ?(Z|[A-Z]{2,4})|(?: | ?UTC| ?GMT)([+-]\d{4}))?\.?"
)
_ZONES = {"PDT": "-07:00", "PST": "-08:00", "UTC": "+00:00", "GMT": "+00:00", "Z": "+00:00"}
_EPOCH = re.compile(r"(\d{10}|\d{13})(?:\.0)?")  # with the point of a column of floats


class Posted(NamedTuple):
    """An instant in UTC and how exactly it is known: second, minute, hour or day."""

    at: datetime
    precision: str


def day(text: str, first: str | None = None) -> date:
    """`2021-03-05`, `Jul 1, 2026`, `2026年7月1日`, `46204` of a spreadsheet, or `13-07-2025`, which
    the marketplace writes day first; with its own midnight, in whatever zone, or without.

    With slashes the day or the month may come first: `first` says which, where the file shows it.
    """
    found = _MIDNIGHT.fullmatch(text)
    return _bare_day(found[1] if found else text, first)


def _bare_day(text: str, first: str | None) -> date:
    year, month, of_month = _parts(text, first)
    if not 0 < year < 10_000:
        raise Unreadable("not a date")
    try:
        found = date(year, month, of_month)
    except ValueError as error:
        raise Unreadable("not a date") from error
    if year not in PLAUSIBLE_YEARS:
        raise Unreadable("not a plausible date")
    return found


def _parts(text: str, first: str | None) -> tuple[int, int, int]:
    if found := _ISO.fullmatch(text):
        year, month, of_month = (found[i] or found[j] for i, j in ((1, 5), (3, 6), (4, 7)))
        return int(year), int(month), int(of_month)
    if found := _EASTERN.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if (found := _SERIAL.fullmatch(text)) and not float(found[2] or 0):
        on = _serial_day(found[1])
        return on.year, on.month, on.day
    if found := _WORDS.fullmatch(text):
        month = _MONTHS.get((found[2] or found[3]).casefold(), 0)
        return int(found[5]), month, int(found[1] or found[4])
    found = _NUMBERS.fullmatch(text)
    if not found:
        raise Unreadable("not a date")
    one, two, year = int(found[1]), int(found[3]), int(found[4])
    if first == "month":
        return year, one, two
    if first == "day" or (found[2] != "/" and first is None):
        return year, two, one
    if 0 < one <= 12 and 0 < two <= 12 and one != two:
        raise Unreadable("day or month first")
    return (year, two, one) if one > 12 else (year, one, two)


def _serial_day(text: str) -> date:
    on = _SERIAL_DAY_0 + timedelta(days=int(text))
    if on.year not in _SERIAL_YEARS:
        raise Unreadable("not a date")
    return on


def instant(text: str, zone: ZoneInfo, first: str | None = None) -> datetime:
    """ISO 8601, `Mar. 31, 2026, 17:49:40 PDT.` or an epoch as UTC.

    A time without a zone is wall time in `zone`, and a day alone its midnight.
    """
    at = _stated(text, first)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def taken(text: str, first: str | None = None) -> date | datetime:
    """When an export was taken: the instant, if its zone is known; the clock of an unknown place
    tells the day at best, and midnight is that of a column of days."""
    try:
        at = _stated(text, first)
    except Unreadable:
        if found := _TIME.fullmatch(text):
            return _bare_day(found[1], first)
        raise
    return at if at.tzinfo and at.time() != time() else at.date()


def _stated(text: str, first: str | None) -> datetime:
    """A time as written, in the zone that it states if any."""
    if found := _EPOCH.fullmatch(text):
        at = _epoch(found[1])
    elif text.isdigit() and len(text) not in (5, 8, 12, 14, 17):
        raise Unreadable("not a time")
    else:
        at = _iso(text) or _written(text, first)
    if at.year not in PLAUSIBLE_YEARS:
        raise Unreadable("not a plausible time")
    return at


def _epoch(digits: str) -> datetime:
    """Seconds or milliseconds. From 2033 on seconds look like a day with its hour, `2022061620`,
    which is what exports of today mean."""
    if len(digits) == 10 and int(digits[:4]) in PLAUSIBLE_YEARS:
        raise Unreadable("not a time")
    return datetime.fromtimestamp(int(digits) / (1000 if len(digits) == 13 else 1), tz=UTC)


def _iso(text: str) -> datetime | None:
    """`2022-06-29T11:45:30Z`, or without marks `20220629114530`, to the minute or millisecond."""
    if found := _COMPACT.fullmatch(text):
        on, minutes, seconds, thousandths, fraction, zone = found.groups("")
        fraction = f".{thousandths or fraction}" if thousandths or fraction else ""
        text = f"{on}T{minutes or seconds}{fraction}{zone}"
    elif not _ISO_TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def _written(text: str, first: str | None) -> datetime:
    if found := _SERIAL.fullmatch(text):
        return _serial(found[1], found[2] or "0")
    text = _EASTERN_TIME.sub(_western_time, text)
    found = _TIME.fullmatch(text)
    try:
        on = _bare_day(found[1] if found else text, first)
        if not found:
            return datetime.combine(on, time())
        if found[4] and found[4] not in _ZONES:
            raise Unreadable("unknown time zone")
        zone = found[5] or _ZONES.get(found[4], "")
        return datetime.combine(on, _clock(found[2], found[3], zone))
    except Unreadable as error:
        is_told = str(error) in ("day or month first", "unknown time zone")
        raise Unreadable(str(error) if is_told else "not a time") from error
    except ValueError as error:
        raise Unreadable("not a time") from error


def _serial(days: str, fraction: str) -> datetime:
    try:
        midnight = datetime.combine(_serial_day(days), time())
    except Unreadable as error:
        raise Unreadable("not a time") from error
    return midnight + timedelta(seconds=round(float(fraction) * 86_400))


def _western_time(found: re.Match[str]) -> str:
    """`2019年3月5日 下午2点30分` with its time as `2:30 PM`."""
    half = {"上午": " AM", "오전": " AM", "下午": " PM", "오후": " PM"}.get(found[2] or "", "")
    seconds = f":{found[5].zfill(2)}" if found[5] else ""
    return f"{found[1]} {found[3]}:{found[4].zfill(2)}{seconds}{half}"


def _clock(text: str, half: str | None, zone: str) -> time:
    """`9:05` or `02:30:00`, of the morning or the afternoon where `half` says so."""
    hour, _, rest = text.partition(":")
    if half:
        if not 1 <= int(hour) <= 12:
            raise ValueError(text)
        hour = str(int(hour) % 12 + (12 if half in ("PM", "pm") else 0))
    return time.fromisoformat(f"{hour.zfill(2)}:{rest}{zone}")


def posted(
    text: str, taken: date | datetime | None, zone: ZoneInfo, first: str | None = None
) -> Posted:
    """An absolute time, or one relative to when the export was `taken`, None where that is unknown.

    Where only the day is known on which it was taken, minutes and hours before it name that day
    and no more.
    """
    low = text.casefold()
    found = _RELATIVE.fullmatch(text)
    if found or low in ("just now", "yesterday"):
        if taken is None:
            raise Unreadable("unknown day of the export")
        word = found[2].casefold() if found else {"just now": "minute"}.get(low, "day")
        return _back(int(found[1]) if found else int(low == "yesterday"), word, taken, zone)
    try:
        # Here midnight is a time like any other.
        return Posted(_noon(_bare_day(text, first), zone), "day")
    except Unreadable as error:
        if str(error) == "day or month first":
            raise
    at = instant(text, zone, first)
    has_seconds = _SECONDS.search(text) or _EPOCH.fullmatch(text) or _SERIAL.fullmatch(text)
    return Posted(at, "second" if has_seconds else "minute")


def _back(count: int, word: str, taken: date | datetime, zone: ZoneInfo) -> Posted:
    try:
        if word in ("minute", "hour") and isinstance(taken, datetime):
            ago = timedelta(minutes=count) if word == "minute" else timedelta(hours=count)
            return Posted((taken - ago).astimezone(UTC), word)
        on = taken.astimezone(zone).date() if isinstance(taken, datetime) else taken
        days = {"day": count, "week": 7 * count}.get(word, 0)
        return Posted(_noon(on - timedelta(days=days), zone), "day")
    except OverflowError as error:
        raise Unreadable("not a time") from error


def _noon(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(12), tzinfo=zone).astimezone(UTC)
