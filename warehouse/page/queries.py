"""The query behind each figure: a SELECT on schema report that runs on the published file."""

from collections.abc import Iterable
from typing import Any

from warehouse.page.edition import Edition, Row, Table
from warehouse.page.series import Figure

WIDTH = 72


def rows(figure: Figure, edition: Edition) -> list[Row]:
    """Rows of the figure's data table: of all years up to this one, or of this one."""
    table = edition.tables[figure.table]
    wanted = table.rows if _is_of_years(figure) else table.of(edition.name)
    return [r for r in wanted if all(r.get(k) == v for k, v in figure.where.items())]


def query(figure: Figure, edition: Edition, columns: Iterable[str]) -> str:
    """The same rows, and why a figure is not shown."""
    table = edition.tables[figure.table]
    symbol = table.symbol_of(figure.measure)
    names = [c for c in dict.fromkeys([*columns, symbol]) if table.column(c)]
    is_dated = table.column("edition") is not None
    where = []
    if is_dated and _is_of_years(figure):
        where = [f"year_basis = {_literal(edition.basis)}"]
        where.append(f"period_to <= DATE '{edition.period_to}'")
    elif is_dated:
        where = [f"edition = {_literal(edition.name)}"]
    where += [f"{column} = {_literal(value)}" for column, value in figure.where.items()]
    return select(names, figure.table, where)


def values(figure: Figure, what: str, editions: list[str], key: str = "") -> str:
    """One value of the figure, or those of two years, of one class if it has classes."""
    names = ", ".join(_literal(e) for e in editions)
    is_one = len(editions) == 1
    where = [f"edition = {names}" if is_one else f"edition IN ({names})"]
    where += [f"{column} = {_literal(value)}" for column, value in figure.where.items()]
    where += [f"{figure.key} = {_literal(key)}"] if key else []
    text = select(["edition", *what.split(", ")], figure.table, where)
    return text if is_one else f"{text.removesuffix(';')}\nORDER BY edition;"


def select(names: list[str], table: str, where: list[str]) -> str:
    """A SELECT whose columns are broken into short lines."""
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) > WIDTH:
            lines.append("")
        lines[-1] += f"{name}, "
    columns = "\n       ".join(line.strip() for line in lines).rstrip(",")
    condition = f"\nWHERE {' AND '.join(where)}" if where else ""
    return f"SELECT {columns}\nFROM report.{table}{condition};"


def parts(figure: Figure, table: Table) -> list[str]:
    """Columns with the parts of the measure: numerator, denominator, coverage."""
    names = ("numerator", "denominator", "coverage")
    own = [f"{figure.measure}_{n}" if table.column(f"{figure.measure}_{n}") else n for n in names]
    return [] if figure.is_bare else [n for n in own if table.column(n)]


def _is_of_years(figure: Figure) -> bool:
    return bool(figure.columns) and figure.columns[0] == "edition"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return str(value)
