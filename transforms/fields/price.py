"""Prices of one unit: a price, a range, a ladder by quantity, or the seller's wish to be asked."""

import ast
import re
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import pycountry

from transforms.fields import Unreadable
from transforms.fields.number import decimal, written
from transforms.fields.quantity import unit

Tier = tuple[Decimal | None, Decimal]


class Price(NamedTuple):
    """Bounds in `currency` (ISO 4217); all None where the price is to be asked for.

    `tiers` are the steps of a ladder, (least quantity or None, price), in the order delivered.
    """

    low: Decimal | None
    high: Decimal | None
    currency: str | None
    tiers: tuple[Tier, ...] = ()
    unit: str | None = None


ASK = Price(None, None, None)
# What a seller may write in place of a price, in lower case.
ASKED = frozenset(
    ["ask price", "negotiable", "contact supplier", "get latest price", "price on request"]
)
# `$` on this marketplace is the US dollar: its other dollars are written out.
_SIGNS = {
    "US $": "USD", "US$": "USD", "$US": "USD", "$": "USD", "CN¥": "CNY", "HK$": "HKD",
    "NT$": "TWD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "S$": "SGD", "₹": "INR",
    "€": "EUR", "£": "GBP", "KSh": "KES", "Ksh": "KES", "₺": "TRY", "₩": "KRW",
}  # fmt: skip
_RUPEES, _YUAN_OR_YEN = ("PKR", "INR"), ("CNY", "JPY")
_AMBIGUOUS = {
    "¥": _YUAN_OR_YEN, "￥": _YUAN_OR_YEN, "Rs.": _RUPEES, "Rs": _RUPEES, "₨": _RUPEES
}  # fmt: skip
# Who writes these before an amount parts decimals by a point; others may do so by a comma.
_POINT = frozenset(["USD", "CNY", "INR", "PKR", "GBP", "KES", "HKD", "JPY", "AUD", "CAD", "SGD"])

_SIGN = "|".join(re.escape(s) for s in sorted([*_SIGNS, *_AMBIGUOUS], key=len, reverse=True))
_BOUND = rf"({_SIGN}|[A-Z]{{3}})? ?(\d[\d., ]*\d|\d|\.\d+) ?({_SIGN}|[A-Z]{{3}})?"
_RANGE = re.compile(rf"{_BOUND}(?: ?[-–—] ?{_BOUND})?")
_UNIT = re.compile(r"(.*\S)(?: ?/ ?| per )([^\d/]+(?:/[^\d/]+)?)")
# A step says from how many on; `for 10 pieces` may be the price of ten together.
_STEP = re.compile(r"(.+?) for (?:(\d+) ?- ?\d+|(?:>=?|≥) ?(\d+)|(\d+)\+) ([^\d,]+)(?:, ?|$)")


def price(text: str, currency: str | None = None) -> Price:
    """`$0.10-1`, `USD 168.00-USD 188.00`, `8,10 $US`, `['$19.50', '$13.50']`, `Ask Price` …

    `currency` is one that only the header names.
    """
    if text.casefold() in ASKED:
        return ASK
    if text.startswith("["):
        return _ladder(text, currency)
    if " for " in text:
        return _sentence(text, currency)
    of_unit = _UNIT.fullmatch(text)
    if of_unit:
        return _range(of_unit[1], currency)._replace(unit=unit(of_unit[2]).name)
    return _range(text, currency)


def _range(text: str, currency: str | None) -> Price:
    found = _RANGE.fullmatch(text)
    if not found:
        raise Unreadable("not a price")
    before, low, after, before_high, high, after_high = found.groups()
    code = _currency([s for s in (before, after, before_high, after_high) if s], currency)
    stands_after = bool(after or after_high) and not before
    least = _amount(low, code, after or after_high, stands_after)
    most = _amount(high, code, after_high, stands_after) if high else least
    # Where a column of its own holds the upper bound, 0 says that there is none.
    return Price(least, most or least, code)


def _amount(text: str, currency: str, sign: str | None, stands_after: bool) -> Decimal:
    if stands_after and sign not in _codes():
        comma = True
    elif not stands_after and currency in _POINT:
        comma = False
    else:
        comma = None
    try:
        return decimal(written(text, comma))
    except Unreadable as error:
        if str(error) == "not a number":
            raise Unreadable("not a price") from error
        raise


def _currency(signs: list[str], header: str | None) -> str:
    codes = set()
    for sign in (s for s in signs if s != "XXX"):  # ISO 4217 for none
        if sign in _AMBIGUOUS:
            if header not in _AMBIGUOUS[sign]:
                raise Unreadable("two currencies" if header else "ambiguous currency")
            codes.add(header)
        elif sign in _SIGNS or sign in _codes():
            codes.add(_SIGNS.get(sign, sign))
        else:
            raise Unreadable("not a price")
    codes |= {header} if header else set()
    if not codes:
        raise Unreadable("no currency")
    if len(codes) > 1:
        raise Unreadable("two currencies")
    (code,) = codes
    return str(code)


def _ladder(text: str, currency: str | None) -> Price:
    try:
        steps = [s for s in ast.literal_eval(text) if s]
        prices = [_range(s, currency) for s in steps]
    except Unreadable:
        raise
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise Unreadable("not a price") from error
    return _of_steps([(None, p) for p in prices], None) if prices else ASK


def _sentence(text: str, currency: str | None) -> Price:
    steps: list[tuple[Decimal | None, Price]] = []
    names: set[str] = set()
    done = 0
    for found in _STEP.finditer(text):
        if found.start() != done:
            break
        done = found.end()
        names.add(unit(found[5].strip()).name)
        least = next(g for g in (found[2], found[3], found[4]) if g)
        steps.append((Decimal(least), _range(found[1], currency)))
    if not steps or done != len(text):
        raise Unreadable("not a price")
    if len(names) > 1:
        raise Unreadable("two units")
    return _of_steps(steps, names.pop())


def _of_steps(steps: list[tuple[Decimal | None, Price]], name: str | None) -> Price:
    if len({p.currency for _, p in steps}) > 1:
        raise Unreadable("two currencies")
    lows = [p.low for _, p in steps if p.low is not None]
    highs = [p.high for _, p in steps if p.high is not None]
    tiers = tuple((least, p.low) for least, p in steps if p.low is not None)
    return Price(min(lows), max(highs), steps[0][1].currency, tiers, name)


def falls(tiers: tuple[Tier, ...]) -> bool:
    """Whether no step of a ladder is dearer than the one before: else other prices are mixed in."""
    return all(b[1] <= a[1] for a, b in zip(tiers, tiers[1:], strict=False))


@cache
def _codes() -> frozenset[str]:
    return frozenset(c.alpha_3 for c in pycountry.currencies)
