"""Finds the figure that a user names: an edition, and a path such as `sellers_by_city.Lahore`."""

from dataclasses import dataclass
from typing import Any

import duckdb

from transforms import engine
from transforms.errors import SettingsError
from warehouse.models import Model, models

Row = dict[str, Any]


# Beside the figure that a table is about.
BESIDE = ("share_of_all", "share_of_known", "rank")
PARTS = ("numerator", "denominator", "coverage", "symbol")
# Numbers of a row that name its period or give its length; any other number is a figure.
OF_A_SPAN = ("year", "days", "days_covered", "nights")
NUMBERS = ("BIGINT", "INTEGER", "DOUBLE")
KEYS_TOLD = 12


@dataclass(frozen=True)
class Figure:
    """One column of one row of each edition; `keys` identify the row within its edition."""

    model: Model
    keys: Row
    measure: str

    @property
    def name(self) -> str:
        """Its name in the model's TOML: the metric of a headline, else the table."""
        return self.keys.get("metric") or self.model.name

    def row(self, db: duckdb.DuckDBPyConnection, edition: str) -> Row | None:
        """Its row in one edition, if there is one."""
        return _one(db, self.model, {**self.keys, "edition": edition})


def editions(db: duckdb.DuckDBPyConnection) -> list[Row]:
    """Every edition of the file, newest fiscal one first."""
    return engine.rows(db, "FROM marts.dim_edition ORDER BY year_basis DESC, year DESC")


def edition(editions: list[Row], name: str | None) -> Row:
    """The edition of that name; without a name, the newest fiscal one. Else SettingsError."""
    if name is None:
        fiscal = [e for e in editions if e["year_basis"] == "fiscal"] or editions
        if fiscal:
            return fiscal[0]
    for found in editions:
        if name in (found["edition"], f"{found['year']}") and (
            name == found["edition"] or found["year_basis"] == "fiscal"
        ):
            return found
    known = ", ".join(e["edition"] for e in editions) or "none yet"
    raise SettingsError(f"{name!r} is not an edition of the published file: {known}")


def find(db: duckdb.DuckDBPyConnection, metric: str) -> Figure:
    """The figure that `metric` names. Raises SettingsError, with a list of figures, if none."""
    tables = {m.name: m for m in models() if m.schema == "report"}
    words = metric.removeprefix("report.").split(".")
    if words[0] not in tables:
        words.insert(0, "headline")
    model, words = tables[words[0]], words[1:]
    known, with_parts = measures(db, model)
    others = [k for k in model.key if k != "edition"]
    also = [c for c in BESIDE if c in _columns(db, model)]
    is_measure = len(words) > len(others) and words[-1] in [*known, *also]
    measure = words.pop() if is_measure else None
    # Only measures with their own parts must be named; without a name, the first is meant.
    if len(words) == len(others) and (measure or not with_parts):
        keys = dict(zip(others, words, strict=True))
        if not others or _exists(db, model, keys):
            return Figure(model, keys, measure or known[0])
    raise SettingsError(f"{metric!r} is not a figure. {_choices(db, tables, model, known)}")


def measures(db: duckdb.DuckDBPyConnection, model: Model) -> tuple[list[str], bool]:
    """Columns that hold figures, the table's main one first; whether each has its own parts."""
    types = _columns(db, model)
    named = [c for c in types if f"{c}_numerator" in types]
    if named:
        return named, True
    for own in ("value", "share"):
        if own in types:
            return [own], False
    left_out = {*model.key, *PARTS, *OF_A_SPAN}
    found = [c for c, kind in types.items() if kind in NUMBERS and c not in left_out]
    # Numerator and denominator belong to the first; its quartiles, named alike, share them.
    stem = found[0].partition("_")[0]
    return [c for c in found if c.partition("_")[0] == stem], False


def _choices(
    db: duckdb.DuckDBPyConnection, tables: dict[str, Model], model: Model, measures: list[str]
) -> str:
    others = [k for k in model.key if k != "edition"]
    if model.name == "headline":
        metrics = db.execute("SELECT DISTINCT metric FROM report.headline ORDER BY 1").fetchall()
        rest = ", ".join(sorted(set(tables) - {"headline"}))
        return f"Headline figures: {', '.join(m for (m,) in metrics)}. Tables: {rest}"
    path = ".".join([model.name, *(f"<{k}>" for k in others)])
    several = f".<one of {', '.join(measures)}>" if len(measures) > 1 else ""
    return f"Write {path}{several}{'.' if others else ''}{keys_told(db, model)}"


def keys_told(db: duckdb.DuckDBPyConnection, model: Model, edition: str | None = None) -> str:
    """The first keys of a table, as a user writes them; empty if it has none."""
    others = [f'"{k}"' for k in model.key if k != "edition"]
    if not others:
        return ""
    found = engine.rows(
        db,
        f"SELECT DISTINCT concat_ws('.', {', '.join(others)}) AS key FROM {model.table} "
        f"WHERE coalesce(edition = ?, true) AND {' AND '.join(f'{k} IS NOT NULL' for k in others)} "
        "ORDER BY key",
        [edition],
    )
    keys = [row["key"] for row in found]
    more = f" and {len(keys) - KEYS_TOLD:,} more" if len(keys) > KEYS_TOLD else ""
    return f" Keys: {', '.join(keys[:KEYS_TOLD])}{more}" if keys else ""


def _columns(db: duckdb.DuckDBPyConnection, model: Model) -> dict[str, str]:
    """Columns of the table with their types."""
    found = engine.rows(db, f"DESCRIBE {model.table}")
    return {row["column_name"]: row["column_type"] for row in found}


def _exists(db: duckdb.DuckDBPyConnection, model: Model, keys: Row) -> bool:
    return _one(db, model, keys) is not None


def _one(db: duckdb.DuckDBPyConnection, model: Model, keys: Row) -> Row | None:
    where = " AND ".join(f'"{k}"::VARCHAR = ?' for k in keys)
    found = engine.rows(db, f"FROM {model.table} WHERE {where} LIMIT 1", list(keys.values()))
    return found[0] if found else None
