"""Markets: gazetteers that keep their rules, fiscal years, and spellings that find their city."""

import csv
import random
import tomllib
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from docs import gazetteer
from tests.transforms.typed import frame
from transforms.clean import sellers
from transforms.clean.batch import Context
from transforms.fields import place, text
from transforms.markets import HERE, Market, market
from transforms.markets.spelling import key, words

MARKETS = ("PK", "IN")


@pytest.fixture(params=MARKETS)
def of(request: pytest.FixtureRequest) -> Market:
    return market(request.param)


def kept_by_hand(of: Market) -> dict[str, Any]:
    return tomllib.loads((HERE / f"{of.code}_districts.toml").read_text("utf-8"))


def rows(of: Market) -> list[dict[str, str]]:
    with (HERE / f"{of.code}_places.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# The shipped gazetteers


def test_keys_and_names_are_unique(of: Market) -> None:
    assert len(of.places) > 300
    assert len({p.city_key for p in of.places}) == len(of.places)
    assert len({key(p.city) for p in of.places}) == len(of.places)
    assert [p.city_key for p in of.places] == sorted(p.city_key for p in of.places)
    assert all(p.city_key.isascii() and p.city_key == p.city_key.lower() for p in of.places)


def test_no_alias_belongs_to_two_places(of: Market) -> None:
    names = {key(p.city): p.city_key for p in of.places}
    owners: dict[str, set[str]] = defaultdict(set)
    for p in of.places:
        assert len(set(p.aliases)) == len(p.aliases)
        for alias in p.aliases:
            owners[key(alias)].add(p.city_key)
            assert names.get(key(alias), p.city_key) == p.city_key, alias
    assert not {alias for alias, keys in owners.items() if len(keys) > 1}


def test_short_aliases_are_kept_by_hand(of: Market) -> None:
    by_hand = {a for said in kept_by_hand(of)["places"].values() for a in said.get("aliases", ())}
    shipped = {alias for p in of.places for alias in p.aliases}
    assert by_hand <= shipped
    short = {a for a in shipped if len(key(a)) < 3 or (a.isascii() and len(key(a)) < 4)}
    assert short and short <= by_hand


def test_no_alias_is_a_region(of: Market) -> None:
    regions = {of.country, of.name, *of.region_names, *(p.province for p in of.places)}
    aliases = {key(alias) for p in of.places for alias in p.aliases}
    assert not aliases & {key(region) for region in regions}


def test_districts_and_provinces_are_those_kept_by_hand(of: Market) -> None:
    kept = kept_by_hand(of)
    told = {k: name for name, keys in kept["districts"].items() for k in keys}
    names = {p.city_key: p.city for p in of.places}
    told |= {k: names[k] for k in kept["district_of_its_own_name"]}
    assert {p.city_key: p.district for p in of.places if p.district} == told
    assert {p.province for p in of.places} <= set(kept["provinces"].values())
    provinces = Counter(d for d, _ in {(p.district, p.province) for p in of.places if p.district})
    assert max(provinces.values()) == 1, "a district lies in one province"


def test_places_are_large_or_named(of: Market) -> None:
    kept = kept_by_hand(of)
    named = {*kept["smaller_towns"].values(), *(p["geonameid"] for p in kept["places"].values())}
    for row in rows(of):
        large = int(row["population"] or 0) >= kept["least_people"]
        assert large or int(row["geonameid"]) in named, row


def test_geonames_is_named_as_the_source() -> None:
    told = (HERE / "ATTRIBUTION.md").read_text("utf-8")
    assert "GeoNames" in told and "CC BY 4.0" in told
    assert all(path.name in told for path in HERE.glob("??_*.csv"))


def test_daska_lies_in_the_district_of_sialkot() -> None:
    districts = {p.city_key: p.district for p in market("PK").places}
    assert {districts[k] for k in ("daska", "sambrial", "pasrur", "sialkot")} == {"Sialkot"}


def test_towns_that_export_are_there() -> None:
    assert {
        "tiruppur",
        "moradabad",
        "bhadohi",
        "panipat",
        "karur",
        "khurja",
        "firozabad",
        "jalandhar",
        "ludhiana",
        "meerut",
        "agra",
        "kanpur",
        "surat",
        "rajkot",
        "morbi",
        "jamnagar",
        "aligarh",
        "ambala",
        "sivakasi",
    } <= {p.city_key for p in market("IN").places}


# How they are made


def a_place(number: int, name: str, people: int, *aliases: str, admin: str = "1") -> dict[str, Any]:
    return {
        "geonameid": number,
        "name": name,
        "population": people,
        "latitude": 30.0 + number,
        "longitude": 70.0,
        "admin1code": admin,
        "alternatenames": list(aliases),
    }


GEONAMES = [
    a_place(1, "Alpha", 900, "ALP", "Alfa", "alfa hua", "Alpha", "Альфа", "Shared", "Gamma City"),
    a_place(2, "Bēta", 800, "Beta", "Shared", "Tiny", "North", "آلفا"),
    a_place(3, "Gamma City", 700, "Gamma", "Elsewhere"),
    a_place(4, "Alpha", 100, admin="2"),
    a_place(5, "Tiny", 5),
    a_place(6, "Wanted", 6),
    a_place(7, "Noise", 600),
]
KEPT = """
least_people = 50
scripts = ["LATIN", "ARABIC"]
not_aliases = ["elsewhere"]
district_of_its_own_name = ["gamma"]
[provinces]
1 = "North"
2 = "South"
[smaller_towns]
Wanted = 6
[leave_out]
7 = "no place"
[places.gamma]
geonameid = 3
city = "Gamma"
aliases = ["gm"]
[districts]
Twins = ["alpha", "beta"]
"""


def test_the_gazetteer_is_made_by_its_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gazetteer, "MARKETS", tmp_path)
    (tmp_path / "XX_districts.toml").write_text(KEPT)
    (tmp_path / "XX.toml").write_text('country = "XX"\nname = "Xland"\nregion_names = []\n')
    for places in (GEONAMES, GEONAMES[::-1]):
        monkeypatch.setattr(gazetteer, "_geonames", lambda code, p=places: p)
        gazetteer.write("XX", *gazetteer.make("XX"))
        assert (tmp_path / "XX_places.csv").read_text("utf-8").splitlines() == [
            "city_key,city,district,province,aliases,geonameid,population,latitude,longitude",
            "alpha,Alpha,Twins,North,alfa,1,900,31.0,70.0",
            "beta,Beta,Twins,North,آلفا,2,800,32.0,70.0",
            "gamma,Gamma,Gamma,North,gm|gamma city,3,700,33.0,70.0",
            "wanted,Wanted,,North,,6,6,36.0,70.0",
        ]
        others = (tmp_path / "XX_other_names.csv").read_text("utf-8").split()
        assert others == ["name", "alpha", "south", "noise", "tiny"]


def test_an_alias_of_two_places_cannot_be_kept_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gazetteer, "MARKETS", tmp_path)
    monkeypatch.setattr(gazetteer, "_geonames", lambda code: GEONAMES)
    (tmp_path / "XX.toml").write_text('country = "XX"\nname = "Xland"\nregion_names = []\n')
    (tmp_path / "XX_districts.toml").write_text(KEPT.replace('["gm"]', '["alpha"]'))
    with pytest.raises(ValueError, match="alpha"):
        gazetteer.make("XX")
    (tmp_path / "XX_districts.toml").write_text(KEPT.replace('"beta"]', '"delta"]'))
    with pytest.raises(ValueError, match="delta"):
        gazetteer.make("XX")


# Spellings


def test_every_spelling_finds_its_place(of: Market) -> None:
    for p in of.places:
        for name in (p.city, p.city.upper(), f" {p.city.lower()}. "):
            assert place.city(name, of) == (p.city_key, "exact")
        for alias in p.aliases:
            assert {place.city(a, of) for a in (alias, alias.upper(), alias.title())} <= {
                (p.city_key, "alias"),
                (p.city_key, "exact"),
            }, alias


def test_a_name_with_its_surroundings_is_another_spelling(of: Market) -> None:
    for p in of.places:
        for around in (
            f"{p.city}, {p.province}, {of.name}",
            f"{p.city.upper()}-51310",
            f"{p.city} 600 001",
            f"{of.name}, {p.province}, {p.city}",
            f"District {p.city} ({p.province})",
            f"{p.city}, {p.district or p.province}, {of.country}",
        ):
            assert place.city(around, of) == (p.city_key, "alias"), around


def test_a_country_or_province_alone_is_nowhere(of: Market) -> None:
    cities = {key(s) for p in of.places for s in (p.city, *p.aliases)}
    regions = {of.country, of.name, *of.region_names, *(p.province for p in of.places)}
    for region in {r for r in regions if key(r) not in cities}:
        assert place.city(region, of) == place.NOWHERE
        assert place.city(f"{region}, {of.name}", of) == place.NOWHERE


def test_a_smaller_place_is_no_misspelt_city(of: Market) -> None:
    # The cantonment of a city is the city.
    for name in [n for n in of.other_names if not place.KINDS & set(words(n))][::7]:
        assert place.city(name, of) == place.NOWHERE


def test_a_namesake_in_another_state_is_another_place() -> None:
    assert place.city("Aurangabad, Maharashtra", market("IN")).key == "aurangabad"
    assert place.city("Aurangabad, Bihar, India", market("IN")) == place.NOWHERE


def test_spellings_do_not_depend_on_what_came_before(of: Market) -> None:
    texts = [f"{p.city[:3]}{p.city[4:]}" for p in of.places] + list(of.other_names[::50])
    found = []
    for seed in (1, 2):
        place._gazetteer.cache_clear()
        order = random.Random(seed).sample(texts, len(texts))
        found.append({t: place.city(t, of) for t in order})
    assert found[0] == found[1]
    assert Counter(c.match for c in found[0].values())["fuzzy"] > 100


def test_long_texts_end() -> None:
    for long in ("Pakistan " * 2000, "Sialkot " * 500, "x" * 100_000):
        assert place.city(text.even(long), market("PK")) == place.NOWHERE


# Two markets, two Hyderabads, two fiscal years


@pytest.mark.parametrize(("code", "theirs"), [("PK", "India"), ("IN", "Pakistan")])
def test_each_hyderabad_is_that_of_its_country(code: str, theirs: str) -> None:
    ours = market(code).name
    raw = pd.DataFrame(
        {
            "seller_id": ["a1", "a2", "a3"],
            "country": [ours, theirs, ""],
            "city": ["Hyderabad", "Hyderabad", "Hyderabad"],
        },
        dtype="str",
    )
    cleaned = sellers.clean(raw, Context(date(2022, 6, 30), market(code), b"key"))
    found = frame(cleaned.rows)[["city_key", "city_match"]].astype(object)
    assert found.where(found.notna(), None).to_numpy().tolist() == [
        ["hyderabad", "exact"],
        [None, "none"],
        [None, "none"],
    ]


@pytest.mark.parametrize(("code", "last"), [("PK", date(2022, 6, 30)), ("IN", date(2022, 3, 31))])
def test_a_fiscal_year_is_named_by_the_year_it_ends_in(code: str, last: date) -> None:
    next_day = date.fromordinal(last.toordinal() + 1)
    assert market(code).fiscal_year(last) == 2022
    assert market(code).fiscal_year(next_day) == 2023


def test_midnight_in_kolkata_is_the_evening_before_in_utc() -> None:
    assert market("IN").local_day(datetime(2022, 3, 31, 18, 29, tzinfo=UTC)) == date(2022, 3, 31)
    assert market("IN").local_day(datetime(2022, 3, 31, 18, 30, tzinfo=UTC)) == date(2022, 4, 1)
