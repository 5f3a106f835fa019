"""Models: plain SQL with a TOML beside each, put in order by what their texts read."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from transforms import DATASETS
from transforms.contracts import contract

ROOM = Path(__file__).parent
SCHEMAS = ("staging", "marts", "report", "meta")
PUBLISHED = ("marts", "report", "meta")


@dataclass(frozen=True)
class Check:
    """A SELECT of bad rows; `fail` stops publication, `warn` is noted."""

    name: str
    severity: str
    sql: str


@dataclass(frozen=True)
class Model:
    """One table: the SQL that makes it and what its TOML says of it."""

    schema: str
    name: str
    sql: str
    doc: str
    key: tuple[str, ...]
    checks: tuple[Check, ...]
    about: dict[str, Any] = field(repr=False)

    @property
    def table(self) -> str:
        return f"{self.schema}.{self.name}"

    def column_doc(self, column: str) -> dict[str, Any]:
        """What the column means: by this model, else by columns.toml, else by a contract."""
        own = self.about.get("column", {}).get(column)
        return own or _columns().get(column) or _of_contracts().get(column) or {}


@cache
def models() -> tuple[Model, ...]:
    """Every model in the order in which they can be made. A cycle raises CycleError."""
    found = {m.table: m for schema in SCHEMAS for m in _load_schema(schema)}
    reads = {table: {t for t in _reads(model.sql) if t in found} for table, model in found.items()}
    return tuple(found[table] for table in TopologicalSorter(reads).static_order())


def _reads(sql: str) -> set[str]:
    # DuckDB names an aliased table with its alias.
    names = duckdb.get_table_names(sql, qualified=True)
    return {name.partition(" AS ")[0] for name in names}


def reads(model: Model) -> set[str]:
    """Tables that a model reads, lake views among them."""
    return _reads(model.sql)


def _load_schema(schema: str) -> list[Model]:
    return [_load(schema, path) for path in sorted((ROOM / schema).glob("*.sql"))]


def _load(schema: str, path: Path) -> Model:
    about = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
    key = tuple(about["key"])
    table = f"{schema}.{path.stem}"
    # The grain is checked everywhere; a null in a key (the unknown class) is a value like others.
    grain = Check(
        f"one row per {', '.join(key)}",
        "fail",
        f"SELECT {', '.join(key)}, count(*) AS times FROM {table} GROUP BY ALL HAVING count(*) > 1",
    )
    own = tuple(Check(c["name"], c["severity"], c["sql"].strip()) for c in about.get("check", ()))
    return Model(
        schema=schema,
        name=path.stem,
        sql=path.read_text("utf-8"),
        doc=about["doc"],
        key=key,
        checks=(grain, *own),
        about=about,
    )


@cache
def _columns() -> dict[str, dict[str, Any]]:
    return tomllib.loads((ROOM / "columns.toml").read_text("utf-8"))


@cache
def _of_contracts() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for dataset in DATASETS:
        for column in contract(dataset).columns:
            entry = {"doc": column.doc, "source": f"{dataset}.{column.name}"}
            if column.unit:
                entry["unit"] = column.unit
            found.setdefault(column.name, entry)
    return found
