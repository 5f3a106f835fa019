"""Numbers as the exports write them: counts, rates, years, bounds and bands."""

import re
from decimal import Decimal
from typing import NamedTuple

from transforms.fields import Unreadable

NUMBER = (  # thousands in threes, or in lakhs and crores: `1,00,008.99`
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
)
MAX_DIGITS = 14  # DECIMAL(18,4) keeps fourteen digits before the point

_NUMBER = re.compile(NUMBER)
_RATE = re.compile(rf"({NUMBER}) ?%")
_YEARS = re.compile(r"(\d{1,3}) ?(?:yrs?|years?)?", re.IGNORECASE)
_HOURS = re.compile(rf"(?:≤|<=|<) ?({NUMBER}) ?h(?:ours?)?(?: response time)?", re.IGNORECASE)
_LOWER_BOUND = re.compile(rf"(?:US)?\$ ?({NUMBER})\+?")
_REVENUE = re.compile(rf"US\$ ?({NUMBER}) (Million|Thousand)")
_SCALE = {"Million": Decimal(1_000_000), "Thousand": Decimal(1_000)}


class Band(NamedTuple):
    """Bounds in US dollars; None where the band is open."""

    low: Decimal | None
    high: Decimal | None


def decimal(text: str) -> Decimal:
    """`3,200.50` as Decimal; thousands in groups of three, or lakhs."""
    if not _NUMBER.fullmatch(text):
        raise Unreadable("not a number")
    plain = text.replace(",", "")
    if len(plain.split(".")[0].lstrip("0")) > MAX_DIGITS:
        raise Unreadable("too many digits")
    return Decimal(plain).quantize(Decimal("0.0001"))


def count(text: str) -> int:
    """A whole number: `1,439`, `(114)` or `12.0`."""
    value = decimal(text.removeprefix("(").removesuffix(")"))
    if value != int(value):
        raise Unreadable("not a whole number")
    return int(value)


def fraction(text: str) -> float:
    """A plain decimal number, such as a rating."""
    return float(decimal(text))


def rate(text: str) -> float:
    """`86.1%` as 0.861."""
    found = _RATE.fullmatch(text)
    if not found:
        raise Unreadable("not a percentage")
    return float(decimal(found[1]) / 100)


def years(text: str) -> int:
    """`5 yrs`, `1 YR` or `5`."""
    found = _YEARS.fullmatch(text)
    if not found:
        raise Unreadable("not a number of years")
    return int(found[1])


def hours(text: str) -> float:
    """`≤2h`: the upper bound of a response time in hours."""
    found = _HOURS.fullmatch(text)
    if not found:
        raise Unreadable("not a response time")
    return float(decimal(found[1]))


def lower_bound_usd(text: str) -> Decimal:
    """`$10,000+`: the lower bound of a band of US dollars."""
    found = _LOWER_BOUND.fullmatch(text)
    if not found:
        raise Unreadable("not a lower bound in US dollars")
    return decimal(found[1])


def revenue_band(text: str) -> Band:
    """`US$1 Million - US$2.5 Million`, `Below US$1 Million`, `Above US$100 Million`."""
    amounts = [decimal(m[1]) * _SCALE[m[2]] for m in _REVENUE.finditer(text)]
    frame = _REVENUE.sub("#", text)
    if frame == "# - #":
        return Band(amounts[0], amounts[1])
    if frame == "Below #":
        return Band(None, amounts[0])
    if frame == "Above #":
        return Band(amounts[0], None)
    raise Unreadable("not a revenue band")


def days(text: str) -> int:
    """`15 days` or `15`: a lead time in days."""
    found = re.fullmatch(r"(\d{1,4})(?: days?)?", text)
    if not found:
        raise Unreadable("not a number of days")
    return int(found[1])
