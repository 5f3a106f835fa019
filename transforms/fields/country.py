"""Countries: any code or name the marketplace writes, as ISO 3166-1 alpha-2."""

import tomllib
from functools import cache
from pathlib import Path

import pycountry

from transforms.fields import Unreadable


@cache
def _aliases() -> tuple[dict[str, str], dict[str, str]]:
    raw = tomllib.loads(Path(__file__).with_name("countries.toml").read_text("utf-8"))
    return raw["names"], raw["codes"]


@cache
def country(text: str) -> str:
    """`Pakistan`, `PK`, `UK` or `Taiwan, China` as a code; `NA` is Namibia."""
    names, codes = _aliases()
    if text.upper() in codes:
        return codes[text.upper()]
    if text.casefold() in names:
        return names[text.casefold()]
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError as error:
        raise Unreadable("unknown country") from error
