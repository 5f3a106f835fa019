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

# Figures whose contributors are counted and not listed: they would be millions.
COUNTED = {
    "inquiry_rate",
    "projection",
    "sellers_listing_in_category",
    "sellers_listing_in_category_by_city",
}
EXEMPT = ("none: ", "shown: ")


def verify(db: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Raises PublishError if a measure is not declared, or shows a cell that is withheld."""
    columns = [name for name, *_ in db.execute(f"DESCRIBE {model.table}").fetchall()]
    symbols = {name for name in columns if name.endswith("symbol")}
    declared = model.about.get("disclosure", {})
    if undeclared := symbols ^ set(declared):
        raise PublishError(
            f"{model.table}: {', '.join(sorted(undeclared))} and [disclosure] in "
            f"{model.name}.toml do not agree. Declare there what withholds each symbol. "
            "Nothing was published."
        )
    for symbol, condition in declared.items():
        if condition.startswith(EXEMPT):
            continue
        if unknown := compared_with(f"SELECT {condition}", "figure") - _figures():
            raise PublishError(
                f"{model.table}: {symbol} rests on {', '.join(sorted(unknown))}, for which no "
                "report model declares [contributors]. Nothing was published."
            )
        counted = f"{symbol.removesuffix('symbol')}numerator"
        found = db.execute(
            f"SELECT count(*), min(edition) FROM {model.table} "
            f"JOIN disclosure.suppressed AS hidden USING (edition) WHERE ({condition}) "
            f"AND ({symbol} IS NULL OR {symbol} NOT IN ('c', 'x') OR {counted} IS NOT NULL)"
        ).fetchone()
        if found and found[0]:
            raise PublishError(
                f"{model.table}: {symbol} is not `c` in {found[0]} withheld rows, or its numerator "
                f"is shown, the first in "
                f"{found[1]}. Join disclosure.suppressed in its SQL. Nothing was published."
            )


def _figures() -> set[str]:
    declared = {figure for m in models() for figure in m.about.get("contributors", {})}
    return declared | COUNTED
