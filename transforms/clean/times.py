"""Times in the forms that exports usually write, read by the column at once."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields.date import PLAUSIBLE_YEARS

# As `instant` reads them, too; where a form ends in Z it is UTC.
USUAL = "%Y-%m-%d %H:%M:%S"  # which Arrow writes without being told how, five times as fast
_ALWAYS = (USUAL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d")
_CLOCKS = ("", " %H:%M:%S", " %H:%M")
FORMS = {
    None: _ALWAYS,
    "both": _ALWAYS,
    "day": (*_ALWAYS, *(f"%d/%m/%Y{clock}" for clock in _CLOCKS)),
    "month": (*_ALWAYS, *(f"%m/%d/%Y{clock}" for clock in _CLOCKS)),
}


def wall_times(texts: pa.Array, zone: ZoneInfo, first: str | None) -> pa.Array:
    """Instants in UTC; null for any text that is not in a usual form, or not plausible in it.

    Of an hour that comes twice it is the first. One that summer time skips is left to `instant`,
    which says what it stands for.
    """
    return _in_forms(texts, FORMS[first], zone)


def _in_forms(texts: pa.Array, forms: Sequence[str], zone: ZoneInfo) -> pa.Array:
    """Those in the first form, and in the others those that are left: mostly few."""
    form, *others = forms
    found = _read(texts, form, "UTC" if form.endswith("Z") else str(zone))
    left = pc.and_(pc.is_null(found), pc.is_valid(texts))
    if not others or not pc.any(left).as_py():
        return found
    return pc.replace_with_mask(found, left, _in_forms(texts.filter(left), others, zone))


def _read(texts: pa.Array, form: str, zone: str) -> pa.Array:
    wall = pc.strptime(texts, format=form, unit="s", error_is_null=True)
    # Arrow would read 30 February as a day of March, and a day without its zero.
    again = wall.cast(pa.string()) if form == USUAL else pc.strftime(wall, format=form)
    as_written = pc.equal(again, texts)
    years = pc.year(wall)
    plausible = pc.and_(
        pc.greater_equal(years, PLAUSIBLE_YEARS.start), pc.less(years, PLAUSIBLE_YEARS.stop)
    )
    wall = pc.if_else(pc.and_(as_written, plausible), wall, None)
    try:
        at = pc.assume_timezone(wall, zone, ambiguous="earliest", nonexistent="raise")
    except ValueError:  # one of them is in an hour that summer time skips
        at = pc.assume_timezone(wall, zone, ambiguous="earliest", nonexistent="earliest")
        at = pc.if_else(pc.equal(pc.local_timestamp(at), wall), at, None)
    return at.cast(pa.timestamp("us", tz="UTC"))
