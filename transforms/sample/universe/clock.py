"""Days and instants as whole numbers: days since 1970-01-01, seconds since 1970-01-01 UTC."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

EPOCH = date(1970, 1, 1)
DAY = 86_400
# Nights are asked for from 2013 on, and no market of ours has moved its clock since: the local
# day of the export begins at a fixed distance from the day in UTC.
_STEADY = datetime(2020, 1, 1, tzinfo=UTC)


def day_number(day: date) -> int:
    return (day - EPOCH).days


def as_date(day: int) -> date:
    return EPOCH + timedelta(days=int(day))


def offset_seconds(time_zone: str) -> int:
    """Distance of a zone without clock changes from UTC, in seconds (east is positive)."""
    offset = _STEADY.astimezone(ZoneInfo(time_zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def wall_seconds(instants: NDArray[np.int64], time_zone: str) -> NDArray[np.int64]:
    """What the clocks of a zone with clock changes showed at these instants."""
    changes, offsets = _changes(time_zone)
    return instants + offsets[np.searchsorted(changes, instants, side="right")]


@cache
def _changes(time_zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    zone = ZoneInfo(time_zone)

    def offset(second: int) -> int:
        moved = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
        return int(moved.total_seconds()) if moved else 0

    first, last = day_number(date(1998, 1, 1)) * DAY, day_number(date(2033, 1, 1)) * DAY
    changes: list[int] = []
    offsets = [offset(first)]
    for midnight in range(first, last, DAY):
        if offset(midnight + DAY) != offsets[-1]:
            hour = next(h for h in range(1, 25) if offset(midnight + h * 3600) != offsets[-1])
            changes.append(midnight + hour * 3600)
            offsets.append(offset(midnight + DAY))
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def months(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """(number of the month since 1970, its first day, first day of the next) over some days."""
    month = month_of(first)
    while (start := month_start(month)) <= last:
        yield month, start, month_start(month + 1)
        month += 1


def month_of(day: int) -> int:
    """Number of the month since January 1970 that holds the day."""
    return int(np.datetime64(int(day), "D").astype("datetime64[M]").astype(np.int64))


def month_start(month: int) -> int:
    return int(np.datetime64(month, "M").astype("datetime64[D]").astype(np.int64))
