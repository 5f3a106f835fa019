"""Disclosure control: every measure of a report table says what withholds it, and is held to it.

`models/disclosure` decides what is withheld, from the sellers that report models declare under
`[contributors]`. Under `[disclosure]` they say for each symbol which rows of
`disclosure.suppressed` withhold the measure: a condition in SQL over that table and the row of the
report. A measure that no seller stands behind says so instead (`none: …`), and one that is made of
published rows alone names them (`shown: …`).
"""

import duckdb

from transforms.errors import PublishError
from warehouse.models import Model, constants, models

EXEMPT = ("none: ", "shown: ")


def verify(db: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Raises PublishError where a measure is not declared, or shows what is withheld."""
    columns = [name for name, *_ in db.execute(f"DESCRIBE {model.table}").fetchall()]
    symbols = {name for name in columns if name.endswith("symbol")}
    declared = model.about.get("disclosure", {})
    if undeclared := symbols ^ set(declared):
        raise PublishError(
            f"{model.table}: {', '.join(sorted(undeclared))} and [disclosure] of "
            f"{model.name}.toml do not agree. Say there for each symbol what withholds it. "
            "Nothing was published."
        )
    for symbol, condition in declared.items():
        if condition.startswith(EXEMPT):
            continue
        named = constants(f"SELECT {condition}") - {"", " "}
        if named and not named & _figures():
            raise PublishError(
                f"{model.table}: {symbol} rests on {', '.join(sorted(named))}, of which "
                "models/disclosure says nothing. Nothing was published."
            )
        found = db.execute(
            f"SELECT count(*), min(edition) FROM {model.table} "
            f"JOIN disclosure.suppressed AS hidden USING (edition) WHERE ({condition}) "
            f"AND ({symbol} IS NULL OR {symbol} NOT IN ('c', 'x'))"
        ).fetchone()
        if found and found[0]:
            raise PublishError(
                f"{model.table}: {symbol} is not `c` in {found[0]} rows that are withheld, first "
                f"in {found[1]}. Join disclosure.suppressed in its SQL. Nothing was published."
            )


def _figures() -> set[str]:
    return {c for m in models() if m.schema == "disclosure" for c in constants(m.sql)}
