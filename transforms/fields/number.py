"""Numbers as the exports write them: counts, rates, years, bounds and bands."""

import re
from decimal import Decimal
from typing import NamedTuple

from transforms.fields import Unreadable

_NO_ZERO = "(?![0\u0660\u06f0\uff10])"  # which no group of thousands follows, in any script
NUMBER = (  # thousands in threes, or in lakhs and crores: `1,00,008.99`
    rf"{_NO_ZERO}(?:\d{{1,3}}(?:,\d{{3}})+|\d{{1,2}}(?:,\d{{2}})+,\d{{3}})(?:\.\d+)?"
    r"|\d+(?:\.\d+)?|\.\d+"
)
MAX_DIGITS = 14  # DECIMAL(18,4) keeps fourteen digits before the point
CENT = Decimal("0.0001")  # and four behind it
TOLERANCE = Decimal("0.005")  # of a value, lost where it has more than four

_NUMBER = re.compile(NUMBER)
_SPACED = re.compile(rf"{_NO_ZERO}\d{{1,3}}(?: \d{{3}})+(?:[.,]\d+)?")
_COUNT = re.compile(r"\(([^()]+)\)|([^()]+)")
_RATE = re.compile(r"([\d.,]+) ?(%|％|٪|percent|pct)", re.IGNORECASE)
_UNSIGNED = re.compile(r"\d{1,3}(?:[.,]\d+)?|\.\d+")
_OF_FIVE = r"\d(?:\.\d+|,\d{1,2})?"
_SCORE = re.compile(rf"({_OF_FIVE})(?: ?/ ?({_OF_FIVE}))?(?: ?\( ?(\d[\d,]*) ?\))?")
_YEARS = re.compile(r"(\d{1,3})(?:\.0)? ?(?:yrs?|years?|ans?|年)?", re.IGNORECASE)
_HOURS = re.compile(rf"(?:≤|<=|<) ?({NUMBER}) ?h(?:ours?)?(?: response time)?", re.IGNORECASE)
_SCALES = {
    "": 1,
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "mn": 10**6,
    "million": 10**6,
    "b": 10**9,
    "bn": 10**9,
    "billion": 10**9,
}
_SCALE = "|".join(sorted(filter(None, _SCALES), key=len, reverse=True))
_DOLLARS = r"(?:US ?\$|\$|USD)"
_DIGITS = r"(\d(?:[\d., ]*\d)?)"
_LOWER_BOUND = re.compile(rf"{_DOLLARS} ?{_DIGITS} ?\+?|{_DIGITS} ?\+? ?{_DOLLARS} ?\+?")
_REVENUE = re.compile(
    rf"(?:US\$|USD) ?{_DIGITS} ?({_SCALE})\b|{_DIGITS} ?({_SCALE}) ?(?:US\$|USD)", re.IGNORECASE
)
_BELOW = re.compile(r"(?:below|under|less than|up to|<) ?#", re.IGNORECASE)
_ABOVE = re.compile(r"(?:above|over|more than|>) ?#|# ?(?:\+|or more)", re.IGNORECASE)
_BETWEEN = re.compile(r"# ?(?:[-–—~]|to) ?#", re.IGNORECASE)
_ROUNDED = re.compile(rf"[\d.,]+ ?(?:{_SCALE})\+?", re.IGNORECASE)
_DAY = r"(?:days?|day\(s\)|jours?|天|日)"
_DAYS = re.compile(rf"(\d{{1,4}})(?:\.0)?(?: ?{_DAY})?", re.IGNORECASE)
_NEXT_LEAD = re.compile(
    rf" ?[,;|] ?(?=\d{{1,4}} ?{_DAY} for |to be negotiated for )", re.IGNORECASE
)
_LEAD = re.compile(
    rf"(?:(\d{{1,4}}) ?{_DAY}|to be negotiated) for [^\d,;|]*(\d[\d,]*)(?!\d)[^;|]*", re.IGNORECASE
)


class Band(NamedTuple):
    """Bounds in US dollars; None where the band is open."""

    low: Decimal | None
    high: Decimal | None


def decimal(text: str) -> Decimal:
    """`3,200.50` as Decimal; thousands in groups of three, or lakhs."""
    if not _NUMBER.fullmatch(text):
        raise Unreadable("not a number")
    plain = text.replace(",", "")
    whole, _, rest = plain.partition(".")
    if len(whole.lstrip("0")) > MAX_DIGITS:
        raise Unreadable("too many digits")
    value = Decimal(plain)
    return value.quantize(CENT) if len(rest) <= 4 else storable(value)


def storable(value: Decimal) -> Decimal:
    """The value to four decimals. Raises Unreadable where they would make another value of it."""
    stored = value.quantize(CENT)
    if abs(stored - value) > abs(value) * TOLERANCE:
        raise Unreadable("too small for four decimals")
    return stored


def written(text: str, comma: bool | None, point_is_certain: bool = True) -> str:
    """A number of any locale as one with a decimal point.

    `comma` says whether a comma parts the decimals; None is not known, and what may then be
    thousands or decimals is refused, for one of the two would be wrong a thousandfold. Where commas
    part thousands, a point may do so too unless it `is_certain` to part decimals.
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
        if comma or not _NUMBER.fullmatch(text):
            return text.replace(",", ".")
        raise Unreadable("ambiguous separator")
    is_open = comma is not False or not point_is_certain
    if is_open and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        raise Unreadable("ambiguous separator")
    if text.count(".") > 1 and is_open:
        return text.replace(".", ",")
    return text


def amount(text: str) -> Decimal:
    """An amount with a decimal point. `1.500` is refused: it is a thousand times as much where the
    point parts thousands, and nobody writes three decimals of money or of pieces."""
    return decimal(written(text, False, point_is_certain=False))


def count(text: str) -> int:
    """A whole number: `1,439`, `1 439`, `(114)` or `12.0`."""
    found = _COUNT.fullmatch(text)
    digits = found[1] or found[2] if found else text
    if _ROUNDED.fullmatch(digits):
        raise Unreadable("rounded")  # `1.2K` are 1,150 to 1,249, or 1,200 and more
    if re.fullmatch(r"\d{1,3}\.\d{3}", digits):
        raise Unreadable("not a whole number")  # thousands elsewhere, and a fraction here
    value = decimal(digits.replace(" ", "") if _SPACED.fullmatch(digits) else digits)
    if value != int(value):
        raise Unreadable("not a whole number")
    return int(value)


def score(text: str) -> tuple[float, int | None]:
    """`4.8`, `4,8/5` or `4.7 /5.0 ( 24 )`: a score of five, and by how many."""
    found = _SCORE.fullmatch(text)
    if not found:
        raise Unreadable("not a score")
    of_five, most = (float((found[n] or "5").replace(",", ".")) for n in (1, 2))
    if of_five > most or most != 5:
        raise Unreadable("not a score")
    return of_five, count(found[3]) if found[3] else None


def rate(text: str, unsigned: str | None = None) -> float:
    """`86.1%` or `86,1 %` as 0.861. Without a sign it is a fraction, `0.9927`, as an API has it, or
    a "percent" where its file shows that; where the file shows "both" it is unknown."""
    found = _RATE.fullmatch(text)
    if found:
        try:
            return float(decimal(written(found[1], None if "," in found[1] else False)) / 100)
        except Unreadable as error:
            raise Unreadable("not a percentage") from error
    value = unsigned_rate(text)
    if value is None or (not unsigned and value > 1):
        raise Unreadable("not a percentage")
    if unsigned == "both" and value:
        raise Unreadable("percent or fraction")
    return float(value / 100 if unsigned == "percent" else value)


def unsigned_rate(text: str) -> Decimal | None:
    """The number of a rate without a sign; None for any other text."""
    return Decimal(text.replace(",", ".")) if _UNSIGNED.fullmatch(text) else None


def years(text: str) -> int:
    """`5 yrs`, `1 YR` or `5`, also from a column of floats: `5.0`."""
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
    return _scaled(found[1] or found[2], None, "not a lower bound in US dollars")


def revenue_band(text: str) -> Band:
    """`US$1 Million - US$2.5 Million`, `Below US$1 Million`, `Above US$100 Million`."""
    what = "not a revenue band"
    amounts = [_scaled(m[1] or m[3], m[2] or m[4], what) for m in _REVENUE.finditer(text)]
    frame = _REVENUE.sub("#", text)
    if _BETWEEN.fullmatch(frame):
        return Band(amounts[0], amounts[1])
    if _BELOW.fullmatch(frame):
        return Band(None, amounts[0])
    if _ABOVE.fullmatch(frame):
        return Band(amounts[0], None)
    raise Unreadable(what)


def _scaled(text: str, scale: str | None, otherwise: str) -> Decimal:
    """`1.5` and `Million`; for other text, the error names what was expected."""
    try:
        return decimal(str(amount(text) * _SCALES[(scale or "").casefold()]))
    except Unreadable as error:
        raise Unreadable(str(error).replace("not a number", otherwise)) from error


def days(text: str) -> int:
    """`15 days` or `15`: a lead time in days. Of `14 days for 1 set, 15 days for 2-5 sets` it is
    that of the smallest order."""
    steps = [_LEAD.fullmatch(step) for step in _NEXT_LEAD.split(text)]
    ladder = [(int(s[2].replace(",", "")), s[1]) for s in steps if s]
    smallest = min(ladder, key=lambda s: s[0])[1] if len(ladder) == len(steps) else text
    found = _DAYS.fullmatch(smallest or "")
    if not found:
        raise Unreadable("not a number of days")
    return int(found[1])
