"""Countries: any code or name the marketplace writes, as ISO 3166-1 alpha-2."""

import csv
import re
import tomllib
from functools import cache
from pathlib import Path

import pycountry

from transforms.fields import Unreadable


@cache
def _aliases() -> tuple[dict[str, str], dict[str, str]]:
    raw = tomllib.loads(Path(__file__).with_name("countries.toml").read_text("utf-8"))
    return raw["names"], raw["codes"]


def countries() -> list[dict[str, str]]:
    """Every country of ISO 3166-1: `country_iso2`, `country` (its name) and `continent`."""
    path = Path(__file__).with_name("continents.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def country(text: str) -> str:
    """`Pakistan`, `PK`, `UK` or `Taiwan, China` as a code; `NA` is Namibia."""
    names, codes = _aliases()
    text = text.replace("’", "'")
    if text.isdigit():
        raise Unreadable("unknown country")  # the tables know numbers, too, and nobody writes them
    if text.upper() in codes:
        return codes[text.upper()]
    if text.casefold() in names:
        return names[text.casefold()]
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError as error:
        raise Unreadable("unknown country") from error


def country_of_place(text: str) -> str:
    """`Guangdong, China`, `China, Hebei,China` or `CN;GUA`: the country that a place names.

    Three letters are the marketplace's code of a province: its SHN is not Saint Helena.
    """
    found = set()
    # `Taiwan, China` is written so and is one place, so that the whole comes before its parts.
    for part in (text, *(p.strip() for p in re.split("[,;]", text))):
        try:
            if len(part) != 3 or part.casefold() in _aliases()[0]:
                found.add(country(part))
            if part == text and found:
                break
        except Unreadable:
            continue
    if len(found) != 1:
        raise Unreadable("two countries" if found else "unknown country")
    return found.pop()
