"""How the page, charts and sentences write numbers, dates and symbols."""

from datetime import date, datetime
from functools import cache
from typing import Any

import pycountry

from transforms.fields.country import countries

MINUS = "\N{MINUS SIGN}"
UNSHOWN = ("c", "x")  # the others mark a figure that is shown
SYMBOLS = {
    "p": (
        "Provisional",
        "The edition is not frozen, or days of its year are missing.",
    ),
    "r": ("Revised", "Changed since it was first published; the revisions table says why."),
    "c": ("Withheld", "A small cell, or one that would disclose a small cell."),
    "x": ("Not available", "The exports do not hold it. It is not zero."),
}
UNKNOWN = ("unknown", "not_available")
NO_CLASS = "Not available"
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
    "yoy": "year-on-year",
    "usd": "US$",
    "top3": "top 3",
    "p90": "90th percentile",
    "rfqs": "requests",
    "iso2": "",
    "moq": "minimum order",
    "12m": "12 months",
}


def number(value: float) -> str:
    """Whole numbers with commas; others with at most two decimals, small ones with three digits."""
    if isinstance(value, int) or float(value).is_integer():
        return _signed(f"{value:,.0f}")
    if abs(value) < 1:
        return _signed(f"{value:.3g}")
    return _signed(f"{value:,.2f}".rstrip("0").rstrip("."))


def percent(value: float) -> str:
    """A share of 0.582 as 58.2%."""
    return _signed(f"{value * 100:,.1f}%")


def short(value: float) -> str:
    """A headline count: 3.2 m, or in full below a million."""
    return f"{value / 1e6:,.1f} m" if value >= 1e6 else number(value)


def is_share(unit: str | None) -> bool:
    """Whether values of that unit are written as per cent."""
    return bool(unit) and str(unit).startswith("share")


def measure(value: float, unit: str | None) -> str:
    if is_share(unit):
        return percent(value)
    return f"US${value:,.2f}" if str(unit).startswith("USD") else number(value)


def change(new: float, old: float, unit: str | None) -> str:
    """Difference of two figures: percentage points for shares, per cent for counts."""
    if is_share(unit):
        return _plus(f"{(new - old) * 100:+.1f} pp")
    return _plus(f"{(new / old - 1) * 100:+.1f}%") if old else "was 0"


def day(value: date | None) -> str:
    return f"{value.day} {value:%B %Y}" if value else "no night"


def cell(value: Any, unit: str | None, symbol: str | None = None) -> str:
    """A table cell; a figure that is not shown says why."""
    if value is None:
        return f"[{symbol}]" if symbol in UNSHOWN else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return measure(value, unit)
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


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(names: list[str]) -> str:
    """A, B and C; with semicolons if a name holds a comma."""
    if any("," in n for n in names):
        return "; ".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def possessive(name: str) -> str:
    return f"{name}\N{RIGHT SINGLE QUOTATION MARK}{'' if name.endswith('s') else 's'}"


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _plus(text: str) -> str:
    # A change that rounds to nothing has no direction.
    return _signed(text if any(d in text for d in "123456789") else text.lstrip("+-"))
