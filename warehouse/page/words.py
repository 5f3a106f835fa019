"""How numbers, dates and symbols are written: the same on the page, in charts and in sentences."""

from datetime import date, datetime
from functools import cache
from typing import Any

import pycountry

from transforms.fields.country import countries

MINUS = "\N{MINUS SIGN}"
SYMBOLS = {
    "p": (
        "Provisional",
        "Its edition is not frozen, or days of its year are missing.",
    ),
    "r": ("Revised", "Changed since an earlier edition; the revisions table says why."),
    "c": ("Withheld", "A small cell, or one that would give a small cell away."),
    "x": ("Not available", "The exports do not hold it. It is not 0."),
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
# Words of column names that are not written as a name is.
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
    """Whole numbers with commas; others with two decimals at most, small ones with three digits."""
    if isinstance(value, int) or float(value).is_integer():
        return _signed(f"{value:,.0f}")
    if abs(value) < 1:
        return _signed(f"{value:.3g}")
    return _signed(f"{value:,.2f}".rstrip("0").rstrip("."))


def percent(value: float) -> str:
    """A share of 0.582 as 58.2%."""
    return _signed(f"{value * 100:,.1f}%")


def short(value: float) -> str:
    """A large count for a headline: 3.2 m; below a million as it is."""
    return f"{value / 1e6:,.1f} m" if value >= 1e6 else number(value)


def is_share(unit: str | None) -> bool:
    """Whether values of that unit are read as per cent."""
    return bool(unit) and str(unit).startswith("share")


def measure(value: float, unit: str | None) -> str:
    if is_share(unit):
        return percent(value)
    return f"US${value:,.2f}" if str(unit).startswith("USD") else number(value)


def change(new: float, old: float, unit: str | None) -> str:
    """Difference of two figures: percentage points for shares, per cent for what is counted."""
    if is_share(unit):
        return _plus(f"{(new - old) * 100:+.1f} pp")
    return _plus(f"{(new / old - 1) * 100:+.1f}%") if old else "was 0"


def day(value: date | None) -> str:
    return f"{value.day} {value:%B %Y}" if value else "no night"


def cell(value: Any, unit: str | None, symbol: str | None = None) -> str:
    """A table's cell; a figure that is not shown says why."""
    if value is None:
        return f"[{symbol}]" if symbol else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return measure(value, unit)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    # The one row of a table that shows no class: too small, or nothing to count.
    return "All withheld" if symbol == "c" and value == NO_CLASS else str(value)


def class_name(column: str, value: str) -> str:
    """Name of a class for a reader: a country's for its code."""
    if value == "unknown":
        return "Unknown"
    return country(value) if column.endswith("country_iso2") else value


@cache
def country(code: str) -> str:
    """Name of a country without what stands behind a comma, unless two would be alike."""
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
    """Name of a column above a table for readers."""
    return capital(" ".join(SPELLED.get(w, w) for w in column.split("_")).strip())


def ordinal(number: int) -> str:
    """As in "the fourth rise": in words, as far as years reach."""
    return f"the {ORDINALS[number - 1]}" if number <= len(ORDINALS) else f"number {number}"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(names: list[str]) -> str:
    """A, B and C; names that hold commas themselves are parted by semicolons."""
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
