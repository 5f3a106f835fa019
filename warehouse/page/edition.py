"""The page's data: one edition and the years before it, read from a published file."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from transforms import engine
from transforms.errors import SettingsError
from warehouse.page import vintages

Row = dict[str, Any]
NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL", "SMALLINT", "HUGEINT")
PREFIX = {"fiscal": "FY", "calendar": "CY"}
MARKET = (
    "SELECT market AS market_name, market_iso2 AS country_iso2, fiscal_year_starts_in_month, "
    "smallest_cell FROM meta.release"
)
MISSING = "SELECT figure, missing FROM meta.availability WHERE edition = '{}' AND symbol = 'x'"
IN_PERIOD = "export_date BETWEEN '{period_from}' AND '{period_to}'"
NIGHTS = f"FROM meta.night WHERE {IN_PERIOD}"
# The commonest reason of each dataset.
REASONS = (
    "SELECT dataset, reason, sum(rows_rejected)::BIGINT AS rows FROM meta.rejected "
    f"WHERE {IN_PERIOD} GROUP BY dataset, reason "
    "QUALIFY row_number() OVER (PARTITION BY dataset ORDER BY rows DESC, reason) = 1"
)
PLACES = "SELECT city_key, latitude, longitude FROM marts.dim_city"
REVISED = ("paid_sellers", "live_listings", "inquiries")
FIRST = "SELECT dataset, min(export_date) AS night FROM meta.night WHERE is_good GROUP BY dataset"
REVISIONS = (
    "FROM meta.revision WHERE edition = '{}' "
    "ORDER BY revision DESC, table_name, row_key, column_name"
)


@dataclass(frozen=True)
class Column:
    """One column, as described in the data dictionary."""

    name: str
    type: str
    unit: str | None
    doc: str

    @property
    def is_number(self) -> bool:
        return self.type.startswith(NUMBERS)


@dataclass(frozen=True)
class Table:
    """A report table: rows of this edition and of earlier ones on the same year basis."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = field(repr=False)

    def of(self, edition: str) -> list[Row]:
        """Its rows of one edition; all rows if the table has no editions."""
        return [r for r in self.rows if r.get("edition", edition) == edition]

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)

    def symbol_of(self, measure: str) -> str:
        """Column with the symbol of a measure: its own, else the table's."""
        for base in (measure, measure.rpartition("_")[0]):
            if self.column(f"{base}_symbol"):
                return f"{base}_symbol"
        return "symbol"


@dataclass(frozen=True)
class Edition:
    """One edition of the report and everything that the page says about it."""

    name: str
    basis: str
    status: str  # provisional, final, corrected: as meta.edition of the file has it
    period_from: date
    period_to: date
    market: Row
    run: Row
    tables: dict[str, Table]
    availability: dict[str, str]  # figure -> what is missing
    nights: tuple[Row, ...] = field(repr=False)
    reasons: dict[str, Row] = field(default_factory=dict)  # dataset -> commonest reject
    revisions: tuple[Row, ...] = ()
    frozen: Row = field(default_factory=dict)  # row of meta.edition; empty if provisional
    watched_since: dict[str, date] = field(default_factory=dict)  # dataset -> first good night
    open_years: tuple[str, ...] = ()  # shown here and not frozen
    places: dict[str, tuple[float, float]] = field(default_factory=dict)  # city -> north, east
    first_figures: dict[str, Row] = field(default_factory=dict)  # metric -> how they were revised
    is_sample: bool = False

    @property
    def year(self) -> int:
        return int(self.name[2:])

    @property
    def released_on(self) -> date:
        """Day on which it was frozen, else the day of the file: the page never reads the clock."""
        at: datetime = self.frozen.get("frozen_at") or self.run["built_at"]
        return at.date()

    @property
    def final_on(self) -> date:
        """When it is due to be final: three months after its year, once late nights are in."""
        after = self.period_to + timedelta(days=1)
        years, month = divmod(after.month - 1 + 3, 12)
        return date(after.year + years, month + 1, 1)

    @property
    def next_edition(self) -> str:
        return f"{self.name[:2]}{self.year + 1}"

    @property
    def next_on(self) -> date:
        """When the next edition is due to be final."""
        return self.final_on.replace(year=self.final_on.year + 1)

    @cached_property
    def editions(self) -> list[str]:
        """Every year from the first known one to this one, with or without figures."""
        known = [int(r["edition"][2:]) for r in self.tables["headline"].rows]
        return [f"{PREFIX[self.basis]}{y}" for y in range(min(known), self.year + 1)]

    def symbol(self, row: Row, name: str) -> str | None:
        """The symbol in that column. A figure that is provisional only because its earlier year was
        never frozen has none: the page says so once, at the top."""
        found: str | None = row.get(name)
        is_said = row.get("edition") in self.earlier_open_years and not row.get("is_partial")
        return None if found == "p" and is_said else found

    @property
    def earlier_open_years(self) -> list[str]:
        return [year for year in self.open_years if year != self.name]

    def headline(self, metric: str, edition: str | None = None) -> Row:
        rows = self.tables["headline"].of(edition or self.name)
        return next((r for r in rows if r["metric"] == metric), {})

    @property
    def data_to(self) -> date | None:
        """Latest as-of date of the headline figures."""
        days = [r["as_of"] for r in self.tables["headline"].of(self.name) if r["as_of"]]
        return max(days, default=None)

    @property
    def is_partial(self) -> bool:
        return any(r["is_partial"] for r in self.tables["headline"].of(self.name))

    @property
    def is_unfinished(self) -> bool:
        """Whether a headline figure is as of a date before the end of the year."""
        nights = [r["as_of"] for r in self.tables["headline"].of(self.name)]
        return any(night is None or night < self.period_to for night in nights)


def name_of(edition: str, basis: str | None) -> str:
    """FY2022 for `2022`, `FY2022` and basis fiscal. Raises SettingsError for anything else."""
    text = edition.upper()
    prefix = text[:2] if text[:2] in PREFIX.values() else PREFIX.get(basis or "fiscal", "")
    year = text.removeprefix(prefix)
    if basis not in (None, *PREFIX) or not prefix:
        raise SettingsError(f"--basis must be fiscal or calendar, not {basis!r}")
    if len(year) != 4 or not year.isdecimal():
        raise SettingsError(f"{edition!r} is not an edition: write 2022, FY2022 or CY2022")
    if basis and PREFIX[basis] != prefix:
        raise SettingsError(f"{text} is not a {basis} year")
    return prefix + year


def read(file: Path, name: str | None, is_sample: bool = False) -> Edition:
    """Reads one edition, or the newest fiscal one; it is final if the file says that it is frozen.

    Raises SettingsError for an edition that the file does not have.
    """
    with engine.read_only(file) as db:
        found = engine.rows(
            db,
            "SELECT DISTINCT edition, year_basis, period_from, period_to "
            "FROM report.headline ORDER BY ALL",
        )
        name = name or max((r["edition"] for r in found if r["year_basis"] == "fiscal"), default="")
        this = next((r for r in found if r["edition"] == name), None)
        if this is None:
            has = ", ".join(r["edition"] for r in found) or "none"
            raise SettingsError(f"{name} is not in {file}: it has {has}")
        in_meta = _names(db, "meta")
        if "edition" not in in_meta:
            raise SettingsError(f"{file} was made by older code: run `outlook build --full`")
        frozen = engine.rows(db, f"FROM meta.edition WHERE edition = '{name}' AND revision > 0")
        closed = {r["edition"] for r in engine.rows(db, "FROM meta.edition WHERE revision > 0")}
        years = [
            r["edition"]
            for r in found
            if r["year_basis"] == this["year_basis"] and r["period_to"] <= this["period_to"]
        ]
        return Edition(
            name=name,
            basis=this["year_basis"],
            status=frozen[0]["status"] if frozen else "provisional",
            period_from=this["period_from"],
            period_to=this["period_to"],
            market=engine.rows(db, MARKET)[0],
            run=engine.rows(db, "FROM meta.run")[0],
            tables={t: _table(db, t, this) for t in _names(db, "report")},
            availability={r["figure"]: r["missing"] for r in engine.rows(db, MISSING.format(name))},
            nights=tuple(engine.rows(db, NIGHTS.format(**this))),
            reasons={r["dataset"]: r for r in engine.rows(db, REASONS.format(**this))},
            revisions=tuple(engine.rows(db, REVISIONS.format(name))),
            frozen=frozen[0] if frozen else {},
            watched_since={r["dataset"]: r["night"] for r in engine.rows(db, FIRST)},
            open_years=tuple(sorted(set(years) - closed)),
            places=_places(db),
            first_figures=_first_figures(db, this["year_basis"], in_meta),
            is_sample=is_sample,
        )


def _places(db: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, float]]:
    """Coordinates of the market's cities; none in a file of older code."""
    names = [name for name, *_ in db.execute("DESCRIBE marts.dim_city").fetchall()]
    found = db.execute(PLACES).fetchall() if "latitude" in names else []
    return {city: (north, east) for city, north, east in found}


def _first_figures(db: duckdb.DuckDBPyConnection, basis: str, in_meta: list[str]) -> dict[str, Row]:
    """How much first figures of past years were revised; none in a file of older code."""
    if "vintage" not in in_meta:
        return {}
    return {metric: vintages.first_figures(db, metric, basis) for metric in REVISED}


def _table(db: duckdb.DuckDBPyConnection, table: str, this: Row) -> Table:
    about = engine.rows(
        db,
        "SELECT column_name, data_type, unit, description FROM meta.data_dictionary "
        f"WHERE table_schema = 'report' AND table_name = '{table}'",
    )
    by_name = {r["column_name"]: r for r in about}
    described = db.execute(f"DESCRIBE report.{table}").fetchall()
    columns = tuple(
        Column(name, kind, by_name[name]["unit"], by_name[name]["description"])
        for name, kind, *_ in described
    )
    # Some tables, such as that of outside claims, may have no edition.
    has_editions = {"edition", "year_basis", "period_to"} <= {c.name for c in columns}
    where = (
        f"WHERE year_basis = '{this['year_basis']}' AND period_to <= '{this['period_to']}'"
        if has_editions
        else ""
    )
    rows = engine.rows(db, f"SELECT * FROM report.{table} {where}")
    return Table(table, by_name[None]["description"], columns, tuple(rows))


def _names(db: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    found = db.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? ORDER BY 1", [schema]
    )
    return [name for (name,) in found.fetchall()]
