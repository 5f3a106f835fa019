"""Disclosure control: checks that every measure of a report table declares and applies suppression.

`models/disclosure` decides what is withheld, from the contributors that report models declare under
`[contributors]`. Under `[disclosure]` each model says, for each symbol, which rows of
`disclosure.suppressed` withhold the measure: a SQL condition over that table and the report's row.
A measure without contributors says so (`none: …`), and one made only from published rows names
them (`shown: …`).
"""

import duckdb

from transforms.errors import PublishError
from warehouse.models import Model, compared_with, models
from warehouse.tables.rows import each

# Figures whose contributors are counted and not listed: they would be millions.
COUNTED = {
    "inquiry_rate",
    "projection",
    "sellers_listing_in_category",
    "sellers_listing_in_category_by_city",
}
EXEMPT = ("none: ", "shown: ")


def verify(db: duckdb.DuckDBPyConnection, *of: Model) -> None:
    """Raises PublishError if a measure of these models is not declared, or if it shows a cell that
    is withheld."""
    found = db.execute(
        "SELECT schema_name || '.' || table_name, list(column_name) FROM duckdb_columns() "
        "WHERE database_name = current_database() AND column_name LIKE '%symbol' GROUP BY ALL"
    ).fetchall()
    symbols = {table: set(names) for table, names in found}
    measures = [(m, *measure) for m in of for measure in _measures(m, symbols.get(m.table, set()))]
    queries = [
        f"SELECT count(*), min(edition) FROM {model.table} "
        f"JOIN disclosure.suppressed AS hidden USING (edition) WHERE ({condition}) "
        f"AND ({symbol} IS NULL OR {symbol} NOT IN ('c', 'x') "
        f"OR {symbol.removesuffix('symbol')}numerator IS NOT NULL)"
        for model, symbol, condition in measures
    ]
    shown = each(db, queries)
    for (model, symbol, _), (count, edition) in zip(measures, shown, strict=True):
        if count:
            raise PublishError(
                f"{model.table}: {symbol} is not `c` in {count} withheld rows, or its numerator "
                f"is shown, the first in "
                f"{edition}. Join disclosure.suppressed in its SQL. Nothing was published."
            )


def _measures(model: Model, symbols: set[str]) -> list[tuple[str, str]]:
    """The symbol of each measure that may be withheld, and which rows withhold it. `symbols` are
    those that the table has."""
    declared = model.about.get("disclosure", {})
    if undeclared := symbols ^ set(declared):
        raise PublishError(
            f"{model.table}: {', '.join(sorted(undeclared))} and [disclosure] in "
            f"{model.name}.toml do not agree. Declare there what withholds each symbol. "
            "Nothing was published."
        )
    found = [(s, c) for s, c in declared.items() if not c.startswith(EXEMPT)]
    for symbol, condition in found:
        if unknown := compared_with(f"SELECT {condition}", "figure") - _figures():
            raise PublishError(
                f"{model.table}: {symbol} rests on {', '.join(sorted(unknown))}, for which no "
                "report model declares [contributors]. Nothing was published."
            )
    return found


def _figures() -> set[str]:
    declared = {figure for m in models() for figure in m.about.get("contributors", {})}
    return declared | COUNTED
