"""What a made-up universe rests on: its own TOML files, the market's places and categories."""

import csv
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_PACKAGE = HERE.parents[1]
MARKETS = _PACKAGE / "markets"
CONTINENTS = _PACKAGE / "fields" / "continents.csv"


@dataclass(frozen=True)
class Place:
    city_key: str
    city: str
    province: str
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Parameters:
    """One market's universe. `top_categories` and `leaves` are sorted by number."""

    market: str
    time_zone: str
    platform_time_zone: str
    fiscal_year_starts_in_month: int
    numbers: dict[str, Any]
    words: dict[str, Any]
    places: tuple[Place, ...]
    top_categories: tuple[str, ...]
    leaves: tuple[tuple[str, int], ...]  # (category id, position of its top category)
    category_names: dict[str, str]
    export_shares: tuple[dict[str, str], ...]  # of cities, as published
    claims: tuple[dict[str, str], ...]  # what others have published
    continents: dict[str, str]  # by country, ISO 3166-1 alpha-2

    def buyer_names(self) -> list[str]:
        people = self.words["people"]
        return [f"{g} {f}" for g in people["buyer_given"] for f in people["buyer_family"]]


def load(market: str) -> Parameters:
    """Parameters of a market. Raises ValueError for a market that has none."""
    if not (HERE / f"{market}.toml").is_file():
        known = ", ".join(sorted(p.stem for p in HERE.glob("??.toml")))
        raise ValueError(f"no sample universe for market {market!r}; there is one for: {known}")
    settings = _toml(MARKETS / f"{market}.toml")
    names: dict[str, str] = {}
    parents: dict[str, str] = {}
    with open(MARKETS / str(settings["categories"]), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names[row["category_id"]] = row["category"]
            parents[row["category_id"]] = row["top_category_id"]
    tops = sorted((c for c in parents if parents[c] == c), key=int)
    leaves = sorted(
        ((c, tops.index(parents[c])) for c in parents if parents[c] != c),
        key=lambda leaf: (leaf[1], int(leaf[0])),
    )
    return Parameters(
        market=market,
        time_zone=settings["time_zone"],
        platform_time_zone=settings["platform_time_zone"],
        fiscal_year_starts_in_month=settings["fiscal_year_starts_in_month"],
        numbers=_toml(HERE / f"{market}.toml"),
        words=_toml(HERE / f"{market}_words.toml"),
        places=_places(MARKETS / str(settings["gazetteer"])),
        top_categories=tuple(tops),
        leaves=tuple(leaves),
        category_names=names,
        export_shares=_published(settings.get("export_shares")),
        claims=_published(settings.get("claims")),
        continents=_continents(),
    )


def _published(name: str | None) -> tuple[dict[str, str], ...]:
    """Rows of a file that a market may do without, as text."""
    if name is None:
        return ()
    with open(MARKETS / name, encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def _continents() -> dict[str, str]:
    with open(CONTINENTS, encoding="utf-8", newline="") as file:
        return {row["country_iso2"]: row["continent"] for row in csv.DictReader(file)}


def _places(path: Path) -> tuple[Place, ...]:
    with open(path, encoding="utf-8", newline="") as file:
        return tuple(
            Place(
                row["city_key"],
                row["city"],
                row["province"],
                tuple(alias for alias in row["aliases"].split("|") if alias),
            )
            for row in csv.DictReader(file)
        )


def _toml(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        return tomllib.load(file)
