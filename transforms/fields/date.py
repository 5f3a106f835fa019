"""Days and instants: absolute, or relative to when the export was taken.

Instants are UTC. A relative time is as exact as its word: `5 days ago` names a day, and its
instant is that day's noon where the market is.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from transforms.fields import Unreadable

_RELATIVE = re.compile(r"(\d{1,4}) (minute|hour|day)s? (?:ago|before)", re.IGNORECASE)
_DAY_MONTH_YEAR = re.compile(r"(\d{2})-(\d{2})-(\d{4})")


# Programs write their own null dates, such as the year 1 or 9999.
PLAUSIBLE_YEARS = range(1990, 2101)


class Posted(NamedTuple):
    """An instant in UTC and how exactly it is known: second, minute, hour or day."""

    at: datetime
    precision: str


def day(text: str) -> date:
    """`2021-03-05`, or `13-07-2025`, which the marketplace writes day first."""
    found = _DAY_MONTH_YEAR.fullmatch(text)
    try:
        if found:
            return date(int(found[3]), int(found[2]), int(found[1]))
        return date.fromisoformat(text) if len(text) == 10 else _no_date()
    except ValueError as error:
        raise Unreadable("not a date") from error


def _no_date() -> date:
    raise ValueError


def instant(text: str, zone: ZoneInfo) -> datetime:
    """ISO 8601 as UTC; a time without a zone is wall time in `zone`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable("not a time") from error
    if at.year not in PLAUSIBLE_YEARS:
        raise Unreadable("not a plausible time")
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def posted(text: str, scraped_on: date, zone: ZoneInfo) -> Posted:
    """An absolute time, or one relative to the day the export was taken.

    The hour at which it was taken is not known, so that minutes and hours before it name that
    day and no more.
    """
    if text.casefold() == "just now":
        return Posted(_noon(scraped_on, zone), "day")
    found = _RELATIVE.fullmatch(text)
    if found:
        days = int(found[1]) if found[2].casefold() == "day" else 0
        return Posted(_noon(scraped_on - timedelta(days=days), zone), "day")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{2}-\d{2}-\d{4}", text):
        return Posted(_noon(day(text), zone), "day")
    return Posted(instant(text, zone), "second")


def _noon(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(12), tzinfo=zone).astimezone(UTC)
