"""Quantities with their unit: minimum orders and what buyers ask for."""

import re
import tomllib
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from transforms.fields import Unreadable
from transforms.fields.number import MAX_DIGITS, decimal, storable, written

_LEAD = re.compile(r"(?:min\. order|quantité min\.|moq) ?: ?", re.IGNORECASE)
_TAIL = re.compile(r" ?\(moq\)", re.IGNORECASE)
_QUANTITY = re.compile(r"(\d{1,3}(?: \d{3})+|\d(?:[\d.,]*\d)?|\.\d+)(?: ?,)?(?: ?([^\d\W].*))?")
_EXPONENT = re.compile(r"[\d.]+e[+-]?\d", re.IGNORECASE)
_ONE_OR_MORE = re.compile(r"\(e?s\)")
_WHOLE = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
# A step of a ladder, `1-4 sets` or `2 or more units`, as it stands behind its price, or before it.
STEP = rf"[^\d,;|]*{_WHOLE}(?: ?[-–~] ?{_WHOLE})?[^\d,;|]*"
STEP_OF = rf"(?:>=|≥)? ?{_WHOLE}(?: ?[-–~] ?{_WHOLE})? ?\+? ?[^\W\d][^\d,;|]*?"
_FROM = re.compile(
    rf"(?:(?P<range>{_WHOLE}) ?[-–~] ?{_WHOLE}|(?:>=|≥|from|at least) ?(?P<least>{_WHOLE})"
    rf"|(?P<more>{_WHOLE}) ?(?:\+|or more|and (?:more|above|up|over))|(?P<one>1))"
    r" ?(?P<unit>[^\d\W].*?)(?P<behind> ?\+| or more| and (?:more|above|up|over))?"
    rf"|(?P<some>{_WHOLE}) ?(?P<of>[^\d\W].*?)(?: ?\+| or more| and (?:more|above|up|over))",
    re.IGNORECASE,
)


class Unit(NamedTuple):
    """A unit by its singular name; `factor` base units each, None where that is not fixed."""

    name: str
    dimension: str
    factor: Decimal | None


class Quantity(NamedTuple):
    """An amount, its unit and dimension, and the amount in the dimension's base unit."""

    amount: Decimal
    unit: str | None
    dimension: str | None
    base: Decimal | None


@cache
def _units() -> tuple[dict[str, Unit], frozenset[str]]:
    """Units by every name, in lower case, and the names that are of another language."""
    raw = tomllib.loads(Path(__file__).with_name("units.toml").read_text("utf-8"))
    plurals, short, foreign = (raw.pop(n) for n in ("plural", "short_forms", "other_languages"))
    known = {}
    for dimension, names in raw.items():
        for name, factor in names.items():
            unit = Unit(name, dimension, Decimal(factor) or None)
            known[name] = known[plurals.get(name, f"{name}s")] = unit
    others = {other: known[name] for of in (short, foreign) for name in of for other in of[name]}
    return others | known, frozenset(n for names in foreign.values() for n in names) - set(known)


@lru_cache(1 << 12)  # most units are those of the row before
def unit(text: str) -> Unit:
    """`Piece/Pieces`, `pieces` or `piece`: the same unit in the singular."""
    found = {_units()[0].get(form) for form in _forms(text)}
    if len(found) == 1 and None not in found:
        return found.pop()  # type: ignore[return-value]
    one, _, other = text.partition(" ")
    both = [_units()[0].get(form) for form in (*_forms(one), *_forms(other))]
    raise Unreadable("two units" if None not in found or None not in both else "unknown unit")


def _forms(text: str) -> list[str]:
    whole = text.strip().casefold()
    whole = whole if whole in _units()[0] else _ONE_OR_MORE.sub("", whole)
    return [whole] if whole in _units()[0] else [part.strip() for part in whole.split("/")]


def quantity(text: str) -> Quantity:
    """`Min. order: 10 pieces`, `100 Piece/Pieces`, or a bare number, whose unit is unknown."""
    found = _QUANTITY.fullmatch(_TAIL.sub("", _LEAD.sub("", text)))
    if not found or _EXPONENT.match(text):
        raise Unreadable("not a quantity")
    of = unit(found[2]) if found[2] else None
    is_foreign = bool(found[2]) and bool(_units()[1] & set(_forms(found[2])))
    try:
        amount = decimal(written(found[1], None if is_foreign else False, point_is_certain=False))
    except Unreadable as error:
        raise Unreadable(str(error).replace("not a number", "not a quantity")) from error
    return in_unit(amount, of) if of else Quantity(amount, None, None, None)


def from_on(text: str) -> tuple[Decimal, str]:
    """`1-4 sets`, `>= 5 sets`, `5+ sets`, `2 or more units`: from how many on, and the unit.

    `10 pieces` may be ten together, so that of bare numbers only 1 is a step.
    """
    found = _FROM.fullmatch(text.strip())
    if not found:
        raise Unreadable("not a price")
    least = next(found[g] for g in ("range", "least", "more", "one", "some") if found[g])
    return decimal(least), unit(found["unit"] or found["of"]).name


def in_unit(amount: Decimal, of: Unit) -> Quantity:
    """The amount in that unit, with its base quantity where the unit has a fixed one.

    What is too much or too little for the column is unknown, never 0.
    """
    base = amount * of.factor if of.factor else None
    try:
        base = storable(base) if base is not None and base < 10**MAX_DIGITS else None
        return Quantity(amount, of.name, of.dimension, base)
    except Unreadable:
        return Quantity(amount, of.name, of.dimension, None)
