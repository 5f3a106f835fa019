"""Quantities with their unit: minimum orders and what buyers ask for."""

import re
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from transforms.fields import Unreadable
from transforms.fields.number import MAX_DIGITS, NUMBER, decimal

_LEAD = re.compile(r"min\. order: ?", re.IGNORECASE)
_QUANTITY = re.compile(rf"({NUMBER})(?: (.+))?")
_CENT = Decimal("0.0001")


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
def _units() -> dict[str, Unit]:
    raw = tomllib.loads(Path(__file__).with_name("units.toml").read_text("utf-8"))
    plurals = raw.pop("plural")
    known = {}
    for dimension, names in raw.items():
        for name, factor in names.items():
            unit = Unit(name, dimension, Decimal(str(factor)) or None)
            known[name] = known[plurals.get(name, f"{name}s")] = unit
    return known


def unit(text: str) -> Unit:
    """`Piece/Pieces`, `pieces` or `piece`: the same unit in the singular."""
    forms = [part.strip().casefold() for part in text.split("/")]
    found = {_units().get(form) for form in forms}
    if None in found or len(found) != 1:
        raise Unreadable("unknown unit")
    return found.pop()  # type: ignore[return-value]


def quantity(text: str) -> Quantity:
    """`Min. order: 10 pieces`, `100 Piece/Pieces`, or a bare number, whose unit is unknown."""
    found = _QUANTITY.fullmatch(_LEAD.sub("", text))
    if not found:
        raise Unreadable("not a quantity")
    amount = decimal(found[1])
    return in_unit(amount, unit(found[2])) if found[2] else Quantity(amount, None, None, None)


def in_unit(amount: Decimal, of: Unit) -> Quantity:
    """The amount in that unit, with its base quantity where the unit has a fixed one."""
    base = (amount * of.factor).quantize(_CENT) if of.factor else None
    fits = base is not None and base < 10**MAX_DIGITS
    return Quantity(amount, of.name, of.dimension, base if fits else None)
