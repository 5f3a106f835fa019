"""Places: a city in any spelling as one key of the market's gazetteer, with the way it matched."""

from functools import cache
from typing import NamedTuple

from transforms.fields.text import even
from transforms.markets import Market, market


class City(NamedTuple):
    """`key` is null where `match` is none; the spelling itself is kept beside it."""

    key: str | None
    match: str


@cache
def _spellings(code: str) -> dict[str, City]:
    known: dict[str, City] = {}
    for place in market(code).places:
        for alias in place.aliases:
            known[_plain(alias)] = City(place.city_key, "alias")
    for place in market(code).places:
        known[_plain(place.city)] = City(place.city_key, "exact")
    return known


def _plain(text: str) -> str:
    return even(text).casefold().rstrip(".,")


def city(text: str, of: Market) -> City:
    """Daska and Sambrial stay themselves, though they lie in the district of Sialkot."""
    return _spellings(of.code).get(_plain(text), City(None, "none"))
