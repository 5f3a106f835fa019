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
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?")
_COUNT = re.compile(r"\(([^()]+)\)|([^()]+)")
_RATE = re.compile(r"([\d.,]+) ?%")
_FRACTION = re.compile(r"[01](?:\.\d+)?|\.\d+")
_SCORE = re.compile(r"(\d(?:\.\d+)?)(?: ?/ ?(\d(?:\.\d+)?))?(?: ?\( ?(\d[\d,]*) ?\))?")
_YEARS = re.compile(r"(\d{1,3}) ?(?:yrs?|years?|ans?|年)?", re.IGNORECASE)
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


def written(text: str, comma: bool | None) -> str:
    """A number of any locale as one with a decimal point.

    `comma` says whether a comma parts the decimals; None is not known, and what may then be
    thousands or decimals is refused, for one of the two would be wrong a thousandfold.
    """
    if " " in text:
        if not _SPACED.fullmatch(text):
            raise Unreadable("not a number")
        text, comma = text.replace(" ", ""), comma or "," in text
        return text.replace(",", ".")
    last = max(text.rfind(","), text.rfind("."))
    if "," in text and "." in text:
        # Whichever comes last parts the decimals.
        by, other = text[last], "," if text[last] == "." else "."
        whole, _, rest = text.rpartition(by)
        return f"{whole.replace(other, ',')}.{rest}" if by not in whole else "not a number"
    if text.count(",") == 1 and comma is not False:
        if comma or not _NUMBER.fullmatch(text) or text.startswith("0"):
            return text.replace(",", ".")
        raise Unreadable("ambiguous separator")
    if text.count(".") == 1 and comma is not False and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        raise Unreadable("ambiguous separator")
    if text.count(".") > 1 and comma is not False:
        return text.replace(".", ",")
    return text


def count(text: str) -> int:
    """A whole number: `1,439`, `1 439`, `(114)` or `12.0`."""
    found = _COUNT.fullmatch(text)
    digits = found[1] or found[2] if found else text
    if re.fullmatch(r"\d{1,3}\.\d{3}", digits):
        raise Unreadable("not a whole number")  # thousands elsewhere, and a fraction here
    value = decimal(digits.replace(" ", "") if _SPACED.fullmatch(digits) else digits)
    if value != int(value):
        raise Unreadable("not a whole number")
    return int(value)


def score(text: str) -> tuple[float, int | None]:
    """`4.8`, `4.8/5` or `4.7 /5.0 ( 24 )`: a score of five, and by how many."""
    found = _SCORE.fullmatch(text)
    if not found or float(found[1]) > float(found[2] or 5):
        raise Unreadable("not a score")
    if found[2] and float(found[2]) != 5:
        raise Unreadable("not a score")
    return float(found[1]), count(found[3]) if found[3] else None


def rate(text: str) -> float:
    """`86.1%` or `86,1 %` as 0.861; without a sign it is a fraction, `0.9927`, as an API has it."""
    found = _RATE.fullmatch(text)
    if found:
        try:
            return float(decimal(written(found[1], None if "," in found[1] else False)) / 100)
        except Unreadable as error:
            raise Unreadable("not a percentage") from error
    if _FRACTION.fullmatch(text) and float(text) <= 1:
        return float(text)
    raise Unreadable("not a percentage")


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
