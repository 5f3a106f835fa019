"""Places: a city in any spelling as one key of the market's gazetteer, with the way it matched."""

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from transforms.fields.text import even
from transforms.markets import Market, market
from transforms.markets.spelling import key, words

# Kinds of places, which people write before and after the name of one.
KINDS = frozenset(
    [
        "city",
        "cantt",
        "cantonment",
        "district",
        "distt",
        "dist",
        "tehsil",
        "tehseel",
        "tahsil",
        "taluka",
        "taluk",
        "division",
    ]
)
MOST_WORDS = 12  # a longer text is an address or a story
FEWEST_LETTERS = 6  # of a text in which letters may be wrong: most short ones are other places
LETTERS_FOR_TWO = 9  # with so many letters two of them may be

# 51310 and 600001, also written 600 001.
_POSTCODE = re.compile(r"(?<!\d)\d{3} ?\d{2,3}(?!\d)")


class City(NamedTuple):
    """`key` is null if `match` is none; the spelling itself is kept too."""

    key: str | None
    match: str


NOWHERE = City(None, "none")
ELSEWHERE = ""  # in place of the key of a place that the gazetteer leaves out


@dataclass(frozen=True)
class _Gazetteer:
    """`spelt` has every spelling of a place, names before aliases; `regions` what the country and
    its provinces are called, but for those that are cities too; `long_spellings` those in which
    letters may be wrong, with the names of smaller places as ELSEWHERE."""

    names: dict[str, str]
    spelt: dict[str, str]
    regions: frozenset[str]
    lies_in: dict[str, frozenset[str]]
    longest_region: int
    long_spellings: dict[str, str]


@cache
def _gazetteer(code: str) -> _Gazetteer:
    of = market(code)
    spelt = {key(alias): place.city_key for place in of.places for alias in place.aliases}
    spelt |= {key(place.city): place.city_key for place in of.places}
    long = {key(name): ELSEWHERE for name in of.other_names} | spelt
    called = [of.country, of.name, *of.region_names, *(place.province for place in of.places)]
    return _Gazetteer(
        names={place.city.casefold(): place.city_key for place in of.places},
        spelt=spelt,
        regions=frozenset(key(name) for name in called) - set(spelt),
        lies_in={
            place.city_key: frozenset({key(place.district or ""), key(place.province)})
            for place in of.places
        },
        longest_region=max(len(words(name)) for name in called),
        long_spellings={
            text: long[text] for text in sorted(long) if len(text) >= FEWEST_LETTERS - 1
        },
    )


def city(text: str, of: Market) -> City:
    """`Sialkot`, `SIALKOT-51310`, `Daska, Sialkot, Pakistan` or `Sialkoat`; a country or province
    alone is nowhere. Daska and Sambrial stay themselves, though the district is Sialkot's."""
    known = _gazetteer(of.code)
    if found := known.names.get(even(text).casefold().strip(" .,;")):
        return City(found, "exact")
    if found := known.spelt.get(key(text)):
        return City(found, "alias")
    rest = [word for word in words(_POSTCODE.sub(" ", text)) if word not in KINDS]
    if len(rest) > MOST_WORDS:
        return NOWHERE
    regions: list[str] = []
    while not (found := known.spelt.get("".join(rest)) or _in_its_district(rest, known)):
        if not (around := _region_at_an_end(rest, known)):
            break
        region, rest = around
        regions.append(region)
    name = "".join(rest)
    if any(known.long_spellings.get(name + region) == ELSEWHERE for region in regions):
        return NOWHERE  # a namesake in another province
    if found:
        return City(found, "alias")
    if found := _nearest(name, known):
        return City(found, "fuzzy")
    return NOWHERE


def _region_at_an_end(rest: list[str], known: _Gazetteer) -> tuple[str, list[str]] | None:
    """The longest name of a country or province at either end, and the remaining words."""
    for count in range(min(known.longest_region, len(rest)), 0, -1):
        for name, others in ((rest[-count:], rest[:-count]), (rest[:count], rest[count:])):
            if "".join(name) in known.regions:
                return "".join(name), others
    return None


def _in_its_district(rest: list[str], known: _Gazetteer) -> str | None:
    """The only place named together with its own district or province."""
    found = set()
    for at in range(1, len(rest)):
        one, other = "".join(rest[:at]), "".join(rest[at:])
        for name, around in ((one, other), (other, one)):
            place = known.spelt.get(name)
            if place and around in known.lies_in[place]:
                found.add(place)
    return found.pop() if len(found) == 1 else None


def _nearest(text: str, known: _Gazetteer) -> str | None:
    """The place that differs in spelling by a letter or two, if no other is as near."""
    if len(text) < FEWEST_LETTERS or not text.isalpha():
        return None
    most = 2 if len(text) >= LETTERS_FOR_TWO else 1
    nearest: dict[str, float] = {}
    for spelling, distance, _ in process.extract(
        text, known.long_spellings.keys(), scorer=OSA.distance, score_cutoff=most, limit=None
    ):
        place = known.long_spellings[spelling]
        nearest[place] = min(distance, nearest.get(place, distance))
    least = min(nearest.values(), default=0)
    places = [place for place, distance in nearest.items() if distance == least]
    return places[0] or None if len(places) == 1 else None
