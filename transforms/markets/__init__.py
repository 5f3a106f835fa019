"""Markets as data: country, time zone, fiscal year, places and categories."""

import codecs
import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from transforms.errors import SettingsError

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Place:
    """A city or tehsil of the gazetteer; one row per `city_key`. Degrees are of WGS 84, north and
    east."""

    city_key: str
    city: str
    district: str | None  # where it is known
    province: str
    aliases: tuple[str, ...]
    latitude: float
    longitude: float


@dataclass(frozen=True)
class ExportShare:
    """Share of a city in the country's exports of one fiscal year, as somebody published it.

    `fiscal_year` is the year it ends in, the share a fraction; `published_on` is None where the
    source has no day.
    """

    city_key: str
    fiscal_year: int
    share_of_exports: float
    source: str
    source_url: str
    published_on: date | None


@dataclass(frozen=True)
class Claim:
    """A published claim about the market, and our figure to compare it with.

    `year` is the report year it is about. Without a `figure` it cannot be tested. `comparison` is
    "about" (within `tolerance`) or "more than", `unit` that of the value; `needs_years` is the
    number of intervals that the claim speaks of, for growth.
    """

    claim: str
    year: int
    statement: str
    figure: str | None
    figure_key: str | None
    comparison: str | None
    unit: str | None
    claimed_value: float | None
    tolerance: float | None
    needs_years: int | None
    source: str
    source_url: str
    published_on: date | None


@dataclass(frozen=True)
class Market:
    """One market, read with `market(code)`."""

    code: str
    country: str
    name: str
    time_zone: ZoneInfo
    platform_time_zone: ZoneInfo
    fiscal_year_starts_in_month: int
    phone_region: str
    smallest_cell: int
    places: tuple[Place, ...]
    other_names: tuple[str, ...]  # of places too small for the gazetteer
    region_names: tuple[str, ...]  # of the country and its provinces, in addition to places
    categories: Mapping[str, tuple[str, str]]  # id -> (name, top category id)
    export_shares: tuple[ExportShare, ...] = ()
    claims: tuple[Claim, ...] = ()
    encoding: str | None = None  # of its exports that are not UTF-8

    @property
    def final_month(self) -> int:
        """Month on whose first day a fiscal year is due to be final, three months after it ended:
        10 in Pakistan, 7 in India."""
        return (self.fiscal_year_starts_in_month + 2) % 12 + 1

    def local_day(self, instant: datetime) -> date:
        """Day of an aware instant in the market's own hours: 19:30 UTC is tomorrow in Karachi."""
        return instant.astimezone(self.time_zone).date()

    def fiscal_year(self, day: date) -> int:
        """Fiscal year, named by the year it ends in: 2022-06-30 is 2022, 2022-07-01 is 2023."""
        starts = self.fiscal_year_starts_in_month
        return day.year + (1 if starts > 1 and day.month >= starts else 0)


@cache
def market(code: str) -> Market:
    """The market of `OUTLOOK_MARKET`; raises SettingsError for one that has no TOML file."""
    path = HERE / f"{code}.toml"
    if not code.isalpha() or not path.is_file():
        known = ", ".join(sorted(p.stem for p in HERE.glob("??.toml")))
        raise SettingsError(f"OUTLOOK_MARKET is {code!r}; known markets: {known}")
    raw = tomllib.loads(path.read_text("utf-8"))
    with (HERE / raw["gazetteer"]).open(encoding="utf-8", newline="") as file:
        places = tuple(
            Place(
                r["city_key"],
                r["city"],
                r["district"] or None,
                r["province"],
                tuple(a for a in r["aliases"].split("|") if a),
                float(r["latitude"]),
                float(r["longitude"]),
            )
            for r in csv.DictReader(file)
        )
    with (HERE / raw["other_names"]).open(encoding="utf-8", newline="") as file:
        other_names = tuple(row["name"] for row in csv.DictReader(file))
    with (HERE / raw["categories"]).open(encoding="utf-8", newline="") as file:
        categories = {
            r["category_id"]: (r["category"], r["top_category_id"]) for r in csv.DictReader(file)
        }
    return Market(
        code=code,
        country=raw["country"],
        name=raw["name"],
        time_zone=ZoneInfo(raw["time_zone"]),
        platform_time_zone=ZoneInfo(raw["platform_time_zone"]),
        fiscal_year_starts_in_month=raw["fiscal_year_starts_in_month"],
        phone_region=raw["phone_region"],
        smallest_cell=raw["smallest_cell"],
        places=places,
        other_names=other_names,
        region_names=tuple(raw["region_names"]),
        categories=categories,
        export_shares=tuple(_export_share(r) for r in _rows(raw.get("export_shares"))),
        claims=tuple(_claim(r) for r in _rows(raw.get("claims"))),
        encoding=_encoding(raw.get("encoding"), path),
    )


def _encoding(name: str | None, path: Path) -> str | None:
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        raise SettingsError(f"{path} declares the unknown encoding {name!r}") from None


def _rows(name: str | None) -> list[dict[str, str]]:
    """Rows of an optional CSV of a market."""
    if name is None:
        return []
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _export_share(row: dict[str, str]) -> ExportShare:
    return ExportShare(
        city_key=row["city_key"],
        fiscal_year=int(row["fiscal_year"]),
        share_of_exports=float(row["share_of_exports"]),
        source=row["source"],
        source_url=row["source_url"],
        published_on=_day(row["published_on"]),
    )


def _claim(row: dict[str, str]) -> Claim:
    return Claim(
        claim=row["claim"],
        year=int(row["year"]),
        statement=row["statement"],
        figure=row["figure"] or None,
        figure_key=row["figure_key"] or None,
        comparison=row["comparison"] or None,
        unit=row["unit"] or None,
        claimed_value=_number(row["claimed_value"]),
        tolerance=_number(row["tolerance"]),
        needs_years=int(row["needs_years"]) if row["needs_years"] else None,
        source=row["source"],
        source_url=row["source_url"],
        published_on=_day(row["published_on"]),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
