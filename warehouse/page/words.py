"""How the page, charts and sentences write numbers, dates and symbols."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import pycountry

from transforms.fields.country import countries

MINUS = "\N{MINUS SIGN}"
# A per cent of fewer than this says more than the figures do.
SMALL_BASE = 30
# Rates so small that readers are given them for a thousand.
PER_THOUSAND = ("inquiries a visitor",)
UNSHOWN = ("c", "x")  # the others mark a figure that is shown
SYMBOLS = {
    "p": (
        "Provisional",
        "The edition is not frozen, or days of its year are missing.",
    ),
    "r": ("Revised", "Changed since it was first published; the revisions table says why."),
    "f": ("Projected", "Not counted: what would be if growth went on."),
    "c": ("Withheld", "A small cell, or one that would disclose a small cell."),
    "x": ("Not available", "The exports do not hold it. It is not zero."),
}
UNKNOWN = ("unknown", "not_available")
NO_CLASS = "Not available"
CLASSES = {"city": "cities", "category": "categories", "buyer_country_iso2": "countries"}
ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
]
# Parts of column names that are not written as they are spelt.
SPELLED = {
    "hhi": "HHI",
    "cagr": "CAGR",
    "mase": "MASE",
    "yoy": "year-on-year",
    "usd": "US$",
    "top3": "top 3",
    "p90": "90th percentile",
    "rfq": "request",
    "rfqs": "requests",
    "iso2": "",
    "moq": "minimum order",
    "12m": "12 months",
}


def number(value: float | Decimal) -> str:
    """Whole numbers with commas; others with at most two decimals, small ones with three digits."""
    exact = _exact(value)
    if exact == exact.to_integral_value():
        return _signed(f"{_half_up(exact, 0):,f}")
    digits = 2 if abs(exact) >= 1 else 2 - exact.adjusted()
    return _signed(f"{_half_up(exact, digits):,f}".rstrip("0").rstrip("."))


def decimals(values: Iterable[float | None], unit: str | None) -> int:
    """Decimals of figures that stand together: those of the one with most, and no more than four
    unless the largest needs them."""
    scale = 3 if unit in PER_THOUSAND else 0
    scaled = sorted(abs(_exact(v).scaleb(scale)) for v in values if v is not None)
    needed = [len(number(v).partition(".")[2]) for v in scaled]
    return min(max(needed), max(4, needed[-1])) if needed else 0


def decimal(value: float) -> str:
    """A mean or ratio with one decimal: 8.7."""
    return f"{_half_up(_exact(value), 1):,f}"


def percent(value: float) -> str:
    """A share of 0.582 as 58.2%."""
    return _signed(f"{_half_up(_exact(value).scaleb(2), 1):,f}%")


def short(value: float) -> str:
    """A headline count: 3.2 m, or in full below a million."""
    return f"{_half_up(_exact(value).scaleb(-6), 1):,f} m" if value >= 1e6 else number(value)


def is_share(unit: str | None) -> bool:
    """Whether values of that unit are written as per cent."""
    return bool(unit) and str(unit).startswith("share")


def measure(value: float, unit: str | None, digits: int | None = None) -> str:
    """A figure as readers see it; with `digits`, a plain number has just so many decimals."""
    if is_share(unit):
        return percent(value)
    if str(unit).startswith("USD"):
        return f"US${_half_up(_exact(value), 2):,f}"
    exact = _exact(value).scaleb(3 if unit in PER_THOUSAND else 0)
    return number(exact) if digits is None else _signed(f"{_half_up(exact, digits):,f}")


def change(new: float, old: float, unit: str | None) -> str:
    """Difference of two figures: percentage points for shares, per cent for the rest.

    Where the earlier figure is too small a base, both figures.
    """
    if is_share(unit):
        return points(float(_exact(new) - _exact(old)))
    if abs(old) < SMALL_BASE:
        digits = decimals((old, new), unit)
        return from_to(measure(old, unit, digits), measure(new, unit, digits))
    return _plus(f"{_half_up((_exact(new) / _exact(old) - 1).scaleb(2), 1):+,f}%")


def gain(value: float) -> str:
    """A count that is added or taken away: +174."""
    return _plus(f"{value:+,.0f}")


def points(share: float) -> str:
    """A difference of shares in percentage points: +1.9 pp."""
    return _plus(f"{_half_up(_exact(share).scaleb(2), 1):+,f} pp")


def tenth(share: float) -> float:
    """The share as `percent` writes it: 0.871."""
    return float(_half_up(_exact(share).scaleb(2), 1).scaleb(-2))


def from_to(was: str, now: str) -> str:
    return "unchanged" if was == now else f"{was} to {now}"


def day(value: date | None) -> str:
    return f"{value.day} {value:%B %Y}" if value else "no night"


def cell(value: Any, unit: str | None, symbol: str | None = None, digits: int | None = None) -> str:
    """A table cell; a figure that is not shown says why."""
    if value is None:
        return f"[{symbol}]" if symbol in UNSHOWN else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return measure(value, unit, digits)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    # The only row of a table without classes: they are too small, or there is nothing to count.
    return "All withheld" if symbol == "c" and value == NO_CLASS else str(value)


def class_name(column: str, value: str) -> str:
    """Name of a class for readers, with a country's name in place of its code."""
    if value == "unknown":
        return "Unknown"
    return country(value) if column.endswith("country_iso2") else value


@cache
def country(code: str) -> str:
    """Name of a country without the part after a comma, unless two names would then be alike."""
    own = _short_names().get(code, code)
    if list(_short_names().values()).count(own) == 1:
        return own
    return next((c["country"] for c in countries() if c["country_iso2"] == code), code)


@cache
def _short_names() -> dict[str, str]:
    return {
        c.alpha_2: str(getattr(c, "common_name", c.name)).split(",")[0] for c in pycountry.countries
    }


def heading(column: str) -> str:
    """Heading of a table column."""
    return capital(" ".join(SPELLED.get(w, w) for w in column.split("_")).strip())


def ordinal(number: int) -> str:
    """`the fourth`, in words as far as the number of years can reach."""
    return f"the {ORDINALS[number - 1]}" if number <= len(ORDINALS) else f"number {number}"


def lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(names: list[str]) -> str:
    """A, B and C; with semicolons if a name holds a comma."""
    if any("," in n for n in names):
        return "; ".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def possessive(name: str) -> str:
    return f"{name}\N{RIGHT SINGLE QUOTATION MARK}{'' if name.endswith('s') else 's'}"


def _exact(value: float | Decimal) -> Decimal:
    """The number as it is written, not its nearest binary fraction."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _half_up(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _plus(text: str) -> str:
    # A change that rounds to nothing has no direction.
    return _signed(text if any(d in text for d in "123456789") else text.lstrip("+-"))
