"""Revisions: differences between a frozen edition and today's tables, cell by cell."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from transforms import engine
from transforms.engine import quoted
from warehouse.models import Model, models

SAME = 1e-9  # figures are compared to nine decimals, as they are published
ALL_ROWS = "all rows"
WITHHELD = "c"
SHOWN = {None, "p", "r", "f"}  # symbols of a figure with a value

Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Change:
    """One cell that differs; `was` is None for a row that did not exist.

    For a row that is gone or a table that is new there is one change, without a column.
    """

    table: str
    row_key: str
    column: str
    was: str | None
    now: str | None


@dataclass(frozen=True)
class Comparison:
    """Number of figures compared, in how many tables, and the differences.

    `younger` are tables added after the edition was frozen.
    """

    figures: int
    tables: int
    changes: list[Change]
    younger: list[str]


def tables() -> list[Model]:
    """The tables that are frozen: those of schema report with editions, and why a figure is x."""
    return [m for m in models() if m.schema in ("report", "meta") and "edition" in m.key]


def compare(
    db: duckdb.DuckDBPyConnection, edition: str, folder: Path, frozen: set[str]
) -> Comparison:
    """Compares the frozen rows in `folder` with those of the tables in `db`."""
    figures = 0
    changes: list[Change] = []
    sources = {m.name: frozen_rows(db, m, folder, frozen) for m in tables()}
    compared = [(m, source) for m in tables() if (source := sources[m.name])]
    for model, source in compared:
        was = _rows(db, source, model, edition)
        now = _rows(db, model.table, model, edition)
        figures += sum(
            isinstance(value, int | float) and not isinstance(value, bool)
            for row in was.values()
            for column, value in row.items()
            if column not in (*model.key, "year")
        )
        # A table added since has its own rows on why figures are x: they change no frozen figure.
        keys = was.keys() if model.schema == "meta" else was.keys() | now.keys()
        for key in sorted(keys, key=str):
            changes += _of_row(model, key, was.get(key), now.get(key))
    younger = [name for name, source in sources.items() if not source]
    return Comparison(figures, len(compared), changes, younger)


def frozen_rows(
    db: duckdb.DuckDBPyConnection, model: Model, folder: Path, frozen: set[str]
) -> str | None:
    """The rows of one table in the `folder` of an edition with these `frozen` tables, as a source
    for a query; None if it has none.

    Older code froze years, months and weeks in one table, with a column `span`. The TOML of a model
    made of one span names it under `was`.
    """
    was = model.about.get("was", {})
    for name in dict.fromkeys((model.name, was.get("table", model.name))):
        if name not in frozen:
            continue
        source = f"read_parquet({quoted(folder / f'{name}.parquet')})"
        there = columns(db, source)
        if was and "span" in there:
            now = columns(db, model.table)
            gone = ", ".join(c for c in there if c.startswith("span") and c not in now)
            span = quoted(was["span"])
            return f"(SELECT * EXCLUDE ({gone}) FROM {source} WHERE span = {span})"
        if name == model.name:
            return source
    return None


def added(comparison: Comparison) -> list[Change]:
    """The entries of a revision for tables added after the edition was frozen."""
    return [Change(name, ALL_ROWS, "", None, "new table") for name in comparison.younger]


def newly_withheld(changes: list[Change]) -> list[str]:
    """Rows that the frozen edition shows and a revision would withhold."""
    gone = [c for c in changes if c.now == WITHHELD and c.column.endswith("symbol")]
    gone += [c for c in changes if not c.column and c.now is None]
    return sorted({f"{c.table} {c.row_key}" for c in gone})


def mark(db: duckdb.DuckDBPyConnection, model: Model, changes: list[Change], edition: str) -> None:
    """Marks the edition's revised figures `r`, except those without a number.

    A change of something that all figures of a row share, such as its date, revises all of them; a
    change of coverage alone revises none.
    """
    shown = (
        " || ', ' || ".join(f"{k}::VARCHAR" for k in model.key[1:]) or f"{model.key[0]}::VARCHAR"
    )
    names = symbols(db, model.table)
    for symbol in names:
        keys = {
            key
            for c in changes
            if not c.column.endswith("coverage")
            and _symbol_of(c.column, names) in (None, symbol)
            and (key := _row_key(c, model, edition)) is not None
        }
        if keys:
            db.execute(
                f"UPDATE {model.table} SET {symbol} = 'r' WHERE edition = {quoted(edition)} "
                f"AND ({symbol} IS NULL OR {symbol} = 'p') AND {shown} IN (SELECT unnest(?))",
                [sorted(keys)],
            )


def symbols(db: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Columns of a table that hold symbols."""
    return [c for c in columns(db, table) if c.endswith("symbol")]


def columns(db: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    return [d[0] for d in db.execute(f"FROM {source} LIMIT 0").description or []]


def told(change: Change) -> str:
    """A change as text for a message."""
    if not change.column:
        return f"{change.table} {change.row_key}: {change.now or 'no longer shown'}"
    return (
        f"{change.table} {change.row_key} {change.column} from {_shown(change.was)} "
        f"to {_shown(change.now)}"
    )


def _row_key(change: Change, model: Model, edition: str) -> str | None:
    """Which row of the table changed; None if the change is of another table."""
    was = model.about.get("was", {})
    span, _, rest = change.row_key.partition(", ")
    if (change.table, span) == (was.get("table"), was.get("span")):
        return rest if len(model.key) > 1 else edition
    return change.row_key if change.table == model.name else None


def _of_row(
    model: Model, key: tuple[Any, ...], was: dict[str, Any] | None, now: dict[str, Any] | None
) -> Iterator[Change]:
    shown = ", ".join(str(part) for part in key[1:]) or str(key[0])
    if was and not now:
        # Do not show what the row held: rows also go when small cells close a table.
        yield Change(model.name, shown, "", "shown", None)
        return
    names = [c for c in now or {} if c.endswith("symbol")]
    for column in {**(was or {}), **(now or {})}:
        before, after = (was or {}).get(column), (now or {}).get(column)
        # A change of mark alone (revised, provisional) is not a revision, nor is a new column; but
        # a figure that is now withheld or not available is one.
        is_mark = column.endswith("symbol") and {before, after} <= SHOWN
        if column in model.key or is_mark or (was is not None and column not in was):
            continue
        # Do not show the old value of a figure that is withheld from now on; its symbol tells.
        if after is None and (now or {}).get(_symbol_of(column, names) or "") == WITHHELD:
            continue
        if not _is_same(before, after):
            yield Change(model.name, shown, column, _text(before), _text(after))


def _symbol_of(column: str, symbols: list[str]) -> str | None:
    """Symbol column of one measure's columns; None for columns that the whole row shares."""
    if symbols == ["symbol"]:
        return "symbol"
    measures = [s.removesuffix("_symbol") for s in symbols if s != "symbol"]
    own = [m for m in measures if column == m or column.startswith(f"{m}_")]
    return f"{max(own, key=len)}_symbol" if own else None


def _rows(db: duckdb.DuckDBPyConnection, source: str, model: Model, edition: str) -> Rows:
    found = engine.rows(db, f"SELECT * FROM {source} WHERE edition = {quoted(edition)}")
    return {tuple(row[k] for k in model.key): row for row in found}


def _is_same(before: Any, after: Any) -> bool:
    if isinstance(before, float) and isinstance(after, float | int):
        return math.isclose(before, after, rel_tol=SAME, abs_tol=SAME)
    return bool(before == after)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _shown(value: str | None) -> str:
    return "nothing" if value is None else value
