"""Typed cells of workbooks and Parquet files as the text that a delimited export would hold."""

import json
import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

# A number of more digits was rounded when it was put into the cell, and cannot be mended.
MAX_DIGITS = 15
LONGEST = 40  # digits of a number that are written out
_MAY_BE_THOUSANDS = re.compile(r"-?\d{1,3}\.\d{3}")
DEEPEST = 4  # levels of objects in a row that become columns `outer.inner`


def text(value: Any) -> str | None:
    """Whole numbers without point or exponent, days and times in ISO 8601.

    A number of more than fifteen digits is written with an exponent, as a spreadsheet shows it, so
    that nothing takes it for an id.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_damaged(value):
        return f"{value:.14E}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else with_point(f"{Decimal(repr(value)):f}")
    if isinstance(value, Decimal):
        return with_point(f"{value:f}") if abs(value.adjusted()) < LONGEST else str(value)
    if isinstance(value, datetime):
        midnight = value.time() == time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=text)
    return str(value)


def with_point(number: str) -> str:
    """A typed number as no text can be taken for thousands: `1.125` is written `1.1250`."""
    return f"{number}0" if _MAY_BE_THOUSANDS.fullmatch(number) else number


def is_damaged(value: Any) -> bool:
    """Whether a number of a spreadsheet has lost digits."""
    return isinstance(value, float) and not abs(value) < 10**MAX_DIGITS
