"""Runs the attack over the tables that readers will have, and says what it found."""

import time
from collections.abc import Set
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import duckdb

from transforms import engine
from transforms.errors import PublishError
from warehouse.attack.contributors import contributors
from warehouse.attack.facts import Facts
from warehouse.attack.reading import UNKNOWN, Tables
from warehouse.attack.solver import Name
from warehouse.models import models

# What the other sellers of a city, or of a partner, did.
OTHER = {"kept": "gone", "gone": "kept", "stayed": "left", "left": "stayed"}
# Numbers that count sellers: as many stand behind them as they say.
SELLERS = {
    "paid", "named", "of country", "city", "category", "kept", "gone", "returned", "left again",
    "new", "joined", "stayed", "left", "reach", "few inquiries", "order", "busy", "without",
    "verified", "silent", "lists", "ten_countries_share", "four_continents_share",
}  # fmt: skip


@dataclass(frozen=True)
class Certificate:
    """How many numbers the tables tell, how many they give away, and of how few sellers."""

    tables: int
    equations: int
    told: int
    worked_out: int
    recovered: dict[Name, Fraction] = field(repr=False)
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """For the manifest of a frozen edition."""
        counts = {k: getattr(self, k) for k in ("tables", "equations", "told", "worked_out")}
        return {**counts, "recovered": len(self.recovered), "seconds": round(self.seconds, 1)}


def published(db: duckdb.DuckDBPyConnection) -> Tables:
    """Every row of every report table."""
    names = [m.name for m in models() if m.schema == "report"]
    return {name: engine.rows(db, f"SELECT * FROM report.{name}") for name in names}


def certify(db: duckdb.DuckDBPyConnection, tables: Tables) -> Certificate:
    """Attacks these rows; `db` holds the tables that tell who stands behind a number.

    Each build holds what is shown to its contributors (`tables/disclosure.py`): here it is asked
    who stands behind numbers that no table shows. Raises PublishError if those are too few.
    """
    started = time.monotonic()
    (smallest,) = db.execute("SELECT smallest_cell FROM lake.market").fetchone() or (0,)
    facts = Facts(tables)
    worked_out = facts.system.worked_out()
    hidden = worked_out.keys() - facts.system.told()
    found = _of_too_few(db, facts, worked_out, hidden, smallest)
    made = Certificate(
        len(tables),
        len(facts.system.equations),
        len(worked_out) - len(hidden),
        len(hidden),
        found,
        time.monotonic() - started,
    )
    if found:
        first = min(" ".join(map(str, name)) for name in found)  # type: ignore[call-overload]
        raise PublishError(
            f"{len(found):,} numbers of fewer than {smallest} sellers can be worked out from the "
            f"report's tables, such as {first}. Nothing was frozen: withhold more in "
            "warehouse/models/disclosure."
        )
    return made


def recovered(db: duckdb.DuckDBPyConnection, tables: Tables, smallest: int) -> dict[Name, Fraction]:
    """Numbers that have one possible value and too few contributors."""
    facts = Facts(tables)
    worked_out = facts.system.worked_out()
    return _of_too_few(db, facts, worked_out, worked_out.keys(), smallest)


def _of_too_few(
    db: duckdb.DuckDBPyConnection,
    facts: Facts,
    worked_out: dict[Name, Fraction],
    asked: Set[Name],
    smallest: int,
) -> dict[Name, Fraction]:
    """Those of too few contributors; and cities and partners of which it is known that all sellers
    stayed or all left, unless the whole market tells so."""
    found: dict[Name, Fraction] = {}
    for name in asked:
        value = worked_out[name]
        match name:
            case (str(kind), of_what, str(key)) if value == 0 and kind in OTHER and key != UNKNOWN:
                other: Name = (OTHER[kind], of_what, key)
                if worked_out.get((kind, of_what)) != 0 and contributors(db, facts, other):
                    found[name] = value
            case ("not", kind, *_) | (kind, *_) if kind in SELLERS and value >= smallest:
                continue
        of = contributors(db, facts, name) if value else None
        if of and of < smallest:
            found[name] = value
    return found
