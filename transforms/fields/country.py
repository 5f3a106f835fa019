"""Countries: any code or name the marketplace writes, as ISO 3166-1 alpha-2."""

import csv
import re
import tomllib
from functools import cache
from pathlib import Path

import pycountry

from transforms.fields import Unreadable

# Other countries' names end in theirs, so that what follows them may be the rest of a name: of
# `Congo, Dem. Rep.` or `Guinea, Bissau`.
_SHARED = frozenset({"CG", "GN", "SD", "WS"})


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
    """`Pakistan`, `PK`, `UK`, `Taiwan, China` or `Korea, South` as a code; `NA` is Namibia."""
    text = text.replace("’", "'").replace(" & ", " and ")
    if text.isdigit():
        raise Unreadable("unknown country")  # the tables know numbers, too, and nobody writes them
    last, comma, first = text.partition(", ")
    for form in (text, text.rstrip("."), f"{first} {last}" if comma else ""):
        if found := _known(form):
            return found
    raise Unreadable("unknown country")


def _known(text: str) -> str | None:
    names, codes = _aliases()
    if found := codes.get(text.upper()) or names.get(text.casefold()):
        return found
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        return None


def country_of_place(text: str) -> str:
    """`Guangdong, China`, `China, Hebei,China` or `CN;GUA`: the country that a place names.

    Three letters are the marketplace's code of a province: its SHN is not Saint Helena.
    """
    parts = [part.strip() for part in re.split("[,;]", text)]
    found = set()
    # `Taiwan, China` is written so and is one place, so that the whole comes before its parts.
    for at, part in enumerate((text, *parts)):
        try:
            if len(part) == 3 and part.casefold() not in _aliases()[0]:
                continue
            code = country(part)
        except Unreadable:
            continue
        if part == text:
            return code
        if at > 1 or code not in _SHARED:
            found.add(code)
    if len(found) != 1:
        raise Unreadable("two countries" if found else "unknown country")
    return found.pop()
