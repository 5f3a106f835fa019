"""Prices of one unit: a price, a range, a ladder by quantity, or the seller's wish to be asked."""

import re
import tomllib
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pycountry

from transforms.fields import Unreadable
from transforms.fields.members import members
from transforms.fields.number import decimal, written
from transforms.fields.quantity import STEP, STEP_OF, from_on, unit
from transforms.fields.text import known

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
_MONEY: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("currencies.toml").read_text("utf-8")
)
_SIGNS, _AMBIGUOUS = _MONEY["signs"], _MONEY["ambiguous"]
_POINT, _COMMA_SIGNS, _EVERYWHERE = (
    frozenset(_MONEY["decimals"][name]) for name in ("point", "comma_signs", "everywhere")
)

_SIGN = "|".join(re.escape(s) for s in sorted([*_SIGNS, *_AMBIGUOUS], key=len, reverse=True))
_BOUND = rf"({_SIGN}|[A-Z]{{3}})? ?(\d[\d., ]*\d|\d|\.\d+) ?({_SIGN}|[A-Z]{{3}})?"
_RANGE = re.compile(rf"{_BOUND}(?: ?[-–—] ?{_BOUND})?")
_ONLY = re.compile(r"(\d) ?/[-=](?!\d)")  # `Rs. 1,500/-`: and no paisas
_ROUNDED = re.compile(rf"(?:{_SIGN}|[A-Z]{{3}})? ?[\d.,]+ ?[KkMm]\+?(?: ?(?:{_SIGN}|[A-Z]{{3}}))?")
_OF_UNIT = r"[^\d/]+(?:/[^\d/]+)?"  # `Piece/Pieces`
_UNIT = re.compile(rf"(.*?\S)(?: ?/ ?| per )({_OF_UNIT})")
# How most prices are written. Dollars without thousands leave nothing to be weighed.
_DOLLARS = r"\d{1,14}(?:\.\d{1,4})?"
_PLAIN = re.compile(
    rf"(?:US ?)?\$({_DOLLARS})(?: ?- ?(?:(?:US ?)?\$)?({_DOLLARS}))?"
    rf"(?: ?/ ?((?=[^\W\d]){_OF_UNIT}))?"
)
_NEXT = r"(?: ?[,;|] ?|$)"
_STEP = re.compile(rf"(.+?) for ({STEP}){_NEXT}")
_STEP_FIRST = re.compile(rf"({STEP_OF}) ?:? ?((?:{_SIGN}) ?\d(?:[\d.,]*\d)?)(?: |{_NEXT})")
# What an API calls the quantity from which on a price holds.
_LEAST = ("start_quantity", "startQuantity", "min_qty", "min_quantity", "minQuantity", "quantity")


@lru_cache(1 << 15)  # most prices are those of the night before
def price(text: str, currency: str | None = None) -> Price:
    """`$0.10-1`, `USD 168.00-USD 188.00`, `8,10 $US`, `['$19.50', '$13.50']`, `Ask Price` …

    `currency` is one that only the header names.
    """
    if currency in (None, "USD") and (plain := _PLAIN.fullmatch(text)):
        low, high, of = plain.groups()
        return _between(Decimal(low), Decimal(high or low), "USD", unit(of).name if of else None)
    if found := _RANGE.fullmatch(text):
        return _range(found, currency)
    if text.casefold() in ASKED:
        return ASK
    if text.startswith("["):
        return _ladder(text, currency)
    if _ONLY.search(text):
        return price(_ONLY.sub(r"\1", text), currency)
    if " for " in text:
        return _sentence(_STEP, text, currency)
    if _STEP_FIRST.match(text):
        return _sentence(_STEP_FIRST, text, currency)
    of_unit = _UNIT.fullmatch(text)
    if of_unit:
        return _simple(of_unit[1], currency)._replace(unit=unit(of_unit[2]).name)
    raise Unreadable("rounded" if _ROUNDED.fullmatch(text) else "not a price")


def _simple(text: str, currency: str | None) -> Price:
    """A price or a range, and nothing else."""
    found = _RANGE.fullmatch(text)
    if not found:
        raise Unreadable("not a price")
    return _range(found, currency)


def _range(found: re.Match[str], currency: str | None) -> Price:
    before, low, after, before_high, high, after_high = found.groups()
    code = _currency((before, after, before_high, after_high), currency)
    stands_after = bool(after or after_high) and not before
    least = _amount(low, code, after or after_high, stands_after)
    most = _amount(high, code, after_high, stands_after) if high else least
    return _between(least, most, code)


def _between(low: Decimal, high: Decimal, currency: str, of: str | None = None) -> Price:
    """Where a column of its own holds the upper bound, 0 says that there is none."""
    return Price(low, high or low, currency, unit=of)


def _amount(text: str, currency: str, sign: str | None, stands_after: bool) -> Decimal:
    """Before an amount a sign tells how its country writes it. Behind one a comma before three
    digits parts thousands where that country's does, and a point before three tells nothing."""
    is_point = currency in _POINT
    if stands_after:
        comma = True if sign in _COMMA_SIGNS else None
        is_point &= sign not in _EVERYWHERE
    else:
        comma = False if is_point else None
    try:
        return decimal(written(text, comma))
    except Unreadable as error:
        if str(error) == "ambiguous separator" and is_point and "," in text:
            return decimal(text)
        raise Unreadable(str(error).replace("not a number", "not a price")) from error


@lru_cache(1000)
def _currency(signs: tuple[str | None, ...], header: str | None) -> str:
    header = _named(header) if header else None
    codes = set()
    for sign in (s for s in signs if s and s != "XXX"):  # ISO 4217 for none
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


def _named(header: str) -> str | None:
    """The code of the currency that a header or a column of its own names."""
    code = _SIGNS.get(header) or _SIGNS.get(header.upper(), header.upper())
    if code not in _codes():
        raise Unreadable("no currency")
    return code if code != "XXX" else None


def _ladder(text: str, currency: str | None) -> Price:
    try:
        found = members(text)
        if found is None:
            raise Unreadable("not a price")
        steps = [_step(of, currency) for of in found if of]
    except Unreadable as error:
        raise Unreadable(str(error).replace("not a list", "not a price")) from error
    return _of_steps(steps, None) if steps else ASK


def _step(of: Any, currency: str | None) -> tuple[Decimal | None, Price]:
    """A step of a list: its price, or an API's object of a price and the quantity it holds from."""
    least = None
    if isinstance(of, dict) and "price" in of:
        least = next((decimal(str(of[name])) for name in _LEAST if of.get(name)), None)
        of = of["price"]
    if not isinstance(of, str):
        raise Unreadable("not a price")
    return least, _simple(known(of) or "", currency)


def _sentence(step: re.Pattern[str], text: str, currency: str | None) -> Price:
    steps: list[tuple[Decimal | None, Price]] = []
    names: set[str] = set()
    done = 0
    for found in step.finditer(text):
        if found.start() != done:
            break
        done = found.end()
        of, money = found.groups() if step is _STEP_FIRST else found.groups()[::-1]
        least, name = from_on(of)
        names.add(name)
        steps.append((least, _simple(money, currency)))
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
