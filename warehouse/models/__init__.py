"""Models: plain SQL with a TOML each, in the order that their SQL requires."""

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from transforms import DATASETS, engine
from transforms.contracts import contract
from transforms.engine import quoted

ROOM = Path(__file__).parent
MACROS = ROOM / "macros.sql"
SCHEMAS = ("staging", "disclosure", "marts", "report", "meta")
PUBLISHED = ("marts", "report", "meta")
PRIVATE = ("staging", "disclosure")
ITSELF = "{table}"  # in a check: the model's table, or one that is like it


@dataclass(frozen=True)
class Check:
    """A SELECT of bad rows; `fail` stops publication, `warn` goes to the log."""

    name: str
    severity: str
    sql: str


@dataclass(frozen=True)
class Model:
    """One table: the SQL that makes it, and its TOML."""

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
        """Description of the column: from this model, else columns.toml, else a contract."""
        own = self.about.get("column", {}).get(column)
        return own or _columns().get(column) or _of_contracts().get(column) or {}


@cache
def models() -> tuple[Model, ...]:
    """Every model, each after those it reads. A cycle raises CycleError."""
    found = {m.table: m for schema in SCHEMAS for m in _load_schema(schema)}
    graph = {table: reads(model) & set(found) for table, model in found.items()}
    return tuple(found[table] for table in TopologicalSorter(graph).static_order())


def with_all_they_read(wanted: Iterable[Model]) -> list[Model]:
    """These models and those that they read, and those by which disclosure control is verified."""
    known = {m.table: m for m in models()}
    todo = [*wanted, *(m for m in models() if m.schema == "disclosure")]
    found: set[str] = set()
    while todo:
        model = todo.pop()
        if model.table not in found:
            found.add(model.table)
            todo += [known[t] for t in reads(model) & set(known)]
    return [m for m in models() if m.table in found]


def reads(model: Model) -> set[str]:
    """Tables that a model reads, including lake views."""
    of_macros = (_named(_macros()[name]).tables for name in uses(model) & set(_macros()))
    return set(_named(model.sql).tables.union(*of_macros))


def uses(model: Model) -> set[str]:
    """Names of the functions and macros that a model calls."""
    return set(_named(model.sql).functions)


@cache
def compared_with(sql: str, column: str) -> frozenset[str]:
    """The texts that a query compares a column with, by `=` or `IN`."""
    found: set[str] = set()
    for node in _nodes(sql):
        sides = [node["left"], node["right"]] if node.get("type") == "COMPARE_EQUAL" else []
        sides = node["children"] if node.get("type") == "COMPARE_IN" else sides
        if any(side.get("column_names") == [column] for side in sides):
            texts = (s["value"]["value"] for s in sides if s.get("type") == "VALUE_CONSTANT")
            found |= set(texts)
    return frozenset(found)


def create_macros(db: duckdb.DuckDBPyConnection) -> None:
    """Makes the macros that models share, in the connection only, not in the file."""
    for statement in duckdb.extract_statements(MACROS.read_text("utf-8")):
        db.execute(statement)


@cache
def _macros() -> dict[str, str]:
    """The body of each macro of the models, as a query."""
    statements = [s.query for s in duckdb.extract_statements(MACROS.read_text("utf-8"))]
    found = [re.search(r"MACRO (\w+)\(.*?\) AS\s+(.*)", s, re.S) for s in statements]
    return {m[1]: f"SELECT {m[2]}" for m in found if m}


@dataclass(frozen=True)
class _Named:
    """The tables of a schema, and the functions, that a query names."""

    tables: frozenset[str]
    functions: frozenset[str]


@cache
def _named(sql: str) -> _Named:
    nodes = _nodes(sql)
    tables = (n for n in nodes if n.get("type") == "BASE_TABLE" and n["schema_name"])
    return _Named(
        frozenset(f"{n['schema_name']}.{n['table_name']}" for n in tables),
        frozenset(n["function_name"] for n in nodes if n.get("type") == "FUNCTION"),
    )


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return engine.in_memory()


def _nodes(sql: str) -> list[dict[str, Any]]:
    """Every node of the query's syntax tree. It is parsed, not bound: binding needs existing
    tables, macros and columns of USING."""
    # As text in the query: DuckDB imports pandas before it takes a value from Python.
    query = f"SELECT json_serialize_sql({quoted(sql)})"
    found = _parser().execute(query).fetchone()
    nodes: list[dict[str, Any]] = []

    def collect(node: dict[str, Any]) -> dict[str, Any]:
        nodes.append(node)
        return node

    root = json.loads(found[0] if found else "{}", object_hook=collect)
    if root.get("error", True):
        raise ValueError(f"not a SELECT that DuckDB can parse: {root.get('error_message')}")
    return nodes


def _load_schema(schema: str) -> list[Model]:
    # A model whose TOML or whose SQL was forgotten must not be left out in silence.
    files = (p for p in (ROOM / schema).iterdir() if p.suffix in (".sql", ".toml"))
    paths = {path.with_suffix(".toml") for path in files}
    return [_load(schema, path) for path in sorted(paths)]


def _load(schema: str, path: Path) -> Model:
    about = _with_what_it_is_like(path)
    key = tuple(about["key"])
    table = f"{schema}.{path.stem}"
    # A null in a key (the unknown class) is a value like others.
    grain = Check(
        f"one row per {', '.join(key)}",
        "fail",
        f"SELECT {', '.join(key)}, count(*) AS times FROM {table} GROUP BY ALL HAVING count(*) > 1",
    )
    own = tuple(
        Check(c["name"], c["severity"], c["sql"].strip().replace(ITSELF, table))
        for c in about.get("check", ())
    )
    return Model(
        schema=schema,
        name=path.stem,
        sql=_contributors() if about.get("is_declared") else _sql(path),
        doc=about["doc"],
        key=key,
        checks=(grain, *own),
        about=about,
    )


def _with_what_it_is_like(path: Path) -> dict[str, Any]:
    """A model's TOML; with `like`, what it does not say itself is said by that other one."""
    about = _about(path)
    if "like" not in about:
        return about
    other = _about(path.with_name(f"{about['like']}.toml"))
    shared = {k: v for k, v in other.items() if k != "contributors"}
    checks = [c for c in other.get("check", ()) if ITSELF in c["sql"]]
    return {**shared, **about, "check": [*checks, *about.get("check", ())]}


def _sql(path: Path) -> str:
    return path.with_suffix(".sql").read_text("utf-8")


@cache
def _about(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _contributors() -> str:
    """The contributors to every figure, as the report's models declare them."""
    declared = {
        figure: sql.strip()
        for path in sorted((ROOM / "report").glob("*.toml"))
        for figure, sql in _about(path).get("contributors", {}).items()
    }
    union = "\nUNION ALL BY NAME\n".join(
        f"SELECT '{figure}' AS figure, * FROM (\n{sql}\n)" for figure, sql in declared.items()
    )
    # One row per seller: a figure may be made of millions of inquiries or listings.
    return (
        "SELECT figure, edition, within, cell, class, part, seller_id,\n"
        f"    sum(coalesce(amount, 1))::BIGINT AS amount\nFROM (\n{union}\n)\nGROUP BY ALL"
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
