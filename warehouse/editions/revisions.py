"""Revisions: what differs between a frozen edition and the tables of today, cell by cell."""

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
SHOWN = {None, "p", "r"}  # symbols of a figure that is there

Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Change:
    """One cell that differs; `was` is None for a row that was not there.

    A row that is gone, or a table that is new, is told as a whole and has no column.
    """

    table: str
    row_key: str
    column: str
    was: str | None
    now: str | None


@dataclass(frozen=True)
class Comparison:
    """How many figures of a frozen edition were compared, in how many tables, and what differs.

    `younger` are tables that it was frozen without.
    """

    figures: int
    tables: int
    changes: list[Change]
    younger: list[str]


def tables() -> list[Model]:
    """What is frozen: every table of schema report that has editions, and why a figure is x."""
    return [m for m in models() if m.schema in ("report", "meta") and "edition" in m.key]


def compare(
    db: duckdb.DuckDBPyConnection, edition: str, folder: Path, frozen: set[str]
) -> Comparison:
    """Holds the frozen rows of `folder` to those of the tables in `db`."""
    figures = 0
    changes: list[Change] = []
    compared = [m for m in tables() if m.name in frozen]
    for model in compared:
        was = _rows(db, f"read_parquet({quoted(folder / f'{model.name}.parquet')})", model, edition)
        now = _rows(db, model.table, model, edition)
        figures += sum(
            isinstance(value, int | float) and not isinstance(value, bool)
            for row in was.values()
            for column, value in row.items()
            if column not in model.key
        )
        # A younger table brings rows on why its figures are x: they change none that is frozen.
        keys = was.keys() if model.schema == "meta" else was.keys() | now.keys()
        for key in sorted(keys, key=str):
            changes += _of_row(model, key, was.get(key), now.get(key))
    younger = [m.name for m in tables() if m.name not in frozen]
    return Comparison(figures, len(compared), changes, younger)


def added(comparison: Comparison) -> list[Change]:
    """What a revision says of the tables that the edition was frozen without."""
    return [Change(name, ALL_ROWS, "", None, "new table") for name in comparison.younger]


def newly_withheld(changes: list[Change]) -> list[str]:
    """Rows that the frozen edition shows and a revision would not."""
    gone = [c for c in changes if c.now == WITHHELD and c.column.endswith("symbol")]
    gone += [c for c in changes if not c.column and c.now is None]
    return sorted({f"{c.table} {c.row_key}" for c in gone})


def mark(db: duckdb.DuckDBPyConnection, model: Model, changes: list[Change], edition: str) -> None:
    """Marks the edition's revised figures `r`, but for those that show no number.

    A change of what several figures of a row share, its date say, is one of each of them; that of
    a coverage alone is none of the figure.
    """
    shown = (
        " || ', ' || ".join(f"{k}::VARCHAR" for k in model.key[1:]) or f"{model.key[0]}::VARCHAR"
    )
    names = symbols(db, model.table)
    for symbol in names:
        keys = {
            c.row_key
            for c in changes
            if c.table == model.name
            and not c.column.endswith("coverage")
            and _symbol_of(c.column, names) in (None, symbol)
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
    """A change in words, for a message."""
    if not change.column:
        return f"{change.table} {change.row_key}: {change.now or 'no longer shown'}"
    return (
        f"{change.table} {change.row_key} {change.column} from {_shown(change.was)} "
        f"to {_shown(change.now)}"
    )


def _of_row(
    model: Model, key: tuple[Any, ...], was: dict[str, Any] | None, now: dict[str, Any] | None
) -> Iterator[Change]:
    shown = ", ".join(str(part) for part in key[1:]) or str(key[0])
    if was and not now:
        # What the row held is not told: where small cells close a table, its rows go.
        yield Change(model.name, shown, "", "shown", None)
        return
    names = [c for c in now or {} if c.endswith("symbol")]
    for column in {**(was or {}), **(now or {})}:
        before, after = (was or {}).get(column), (now or {}).get(column)
        # Marks of what is shown (revised, provisional) are no change of their own, nor is a column
        # that is new; but they must not hide that it is withheld now, or not available.
        is_mark = column.endswith("symbol") and {before, after} <= SHOWN
        if column in model.key or is_mark or (was is not None and column not in was):
            continue
        # What is withheld from now on is not told as what it was; its symbol says so.
        if after is None and (now or {}).get(_symbol_of(column, names) or "") == WITHHELD:
            continue
        if not _is_same(before, after):
            yield Change(model.name, shown, column, _text(before), _text(after))


def _symbol_of(column: str, symbols: list[str]) -> str | None:
    """The symbol of one measure's columns; None for what the whole row shares."""
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
