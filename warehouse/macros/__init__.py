"""Macros of the published file: a SQL body each, and a TOML with its meaning and examples.

Bodies name tables by catalog, schema and table, so that they also work when the file is attached.
The catalog is named after the file, which is therefore always `outlook`.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Macro:
    """One macro of schema main; parameters in `of_the_market` get their default from the market."""

    name: str
    sql: str
    parameters: tuple[str, ...]
    of_the_market: dict[str, str]
    is_table: bool
    reads_tables: bool
    doc: str
    unit: str | None
    pitfalls: str | None
    try_this: str
    examples: tuple[tuple[str, str], ...]  # a query, and the text of its answer ('' is null)

    @property
    def call(self) -> str:
        """Its call, such as cagr(first, last, years)."""
        return f"{self.name}({', '.join(self.parameters)})"

    @property
    def about(self) -> dict[str, Any]:
        """Its entry in the data dictionary, with an example."""
        doc = f"{self.doc} Example: {self.try_this}"
        return {"doc": doc, "unit": self.unit, "pitfalls": self.pitfalls}


@cache
def macros() -> tuple[Macro, ...]:
    """Every macro, by name."""
    return tuple(_load(path) for path in sorted(ROOM.glob("*.sql")))


def create(db: duckdb.DuckDBPyConnection, of_tables: bool) -> None:
    """Makes the macros that read tables, or the others; `lake.market` must exist."""
    for macro in (m for m in macros() if m.reads_tables == of_tables):
        given = [f"{name} := {_of_the_market(db, c)}" for name, c in macro.of_the_market.items()]
        kind, body = ("TABLE ", macro.sql) if macro.is_table else ("", f"({macro.sql})")
        parameters = ", ".join([*macro.parameters, *given])
        db.execute(f"CREATE MACRO main.{macro.name}({parameters}) AS {kind}{body}")


def _of_the_market(db: duckdb.DuckDBPyConnection, column: str) -> int:
    found = db.execute(f"SELECT {column} FROM lake.market").fetchone()
    assert found is not None
    return int(found[0])


def _load(path: Path) -> Macro:
    about = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
    query, answer = about["example"][0].values()
    return Macro(
        name=path.stem,
        sql=path.read_text("utf-8"),
        parameters=tuple(about["parameters"]),
        of_the_market=about.get("of_the_market", {}),
        is_table=about.get("is_table", False),
        reads_tables=about.get("is_table", False) or about.get("reads_tables", False),
        doc=about["doc"],
        unit=about.get("unit"),
        pitfalls=about.get("pitfalls"),
        try_this=about.get("try_this", f"{query}; -- {answer}"),
        examples=tuple((e["sql"], e["gives"]) for e in about["example"]),
    )
