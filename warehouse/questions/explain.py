"""Where a published figure comes from: definition, parts, SQL, nights and receipts, last year's."""

from pathlib import Path

import duckdb

from transforms import engine
from transforms.code import code_version
from transforms.errors import SettingsError
from transforms.lake import Lake
from warehouse.questions import figure as figures
from warehouse.questions import queries, sources
from warehouse.questions.figure import PARTS, Figure, Row
from warehouse.tables.make import MADE_BY

# The measure to compare a claim with, if not the table's own: press claims mean all listings.
HELD_TO = {"listings_by_category": ".share_of_all", "sellers_by_country": ".rank"}
OF_THE_ROW = ("as_of", "period_from", "period_to", "is_partial", "days", "days_covered")


def explain(file: Path, lake: Lake, metric: str, edition: str | None) -> Row:
    """Everything the published `file` says about one figure.

    `metric` is a headline metric, `table.measure`, or `table.cell` with the values of the table's
    key after its edition, `table.cell.measure` if a row has several; a leading `report.` is
    allowed. The default edition is the newest fiscal one. Raises SettingsError if there is no such
    figure or edition.
    """
    with engine.read_only(file) as db:
        known = figures.editions(db)
        chosen = figures.edition(known, edition)
        figure = figures.find(db, metric)
        row = figure.row(db, chosen["edition"])
        if row is None:
            keys_there = figures.keys_told(db, figure.model, chosen["edition"])
            raise SettingsError(f"{metric} has no row in {chosen['edition']}.{keys_there}")
        needs = _needs(figure)
        nights = sources.nights(db, needs, figure.measure, chosen, row)
        for night in nights:
            night |= sources.behind(db, night, chosen, _earlier_nights(figure))
        run = engine.rows(db, "FROM meta.run")[0]
        parts = _parts(row, figure.measure)
        return {
            "figure": metric,
            "table": figure.model.table,
            "measure": figure.measure,
            "key": figure.keys,
            "edition": chosen["edition"],
            **{n: row.get(n) for n in OF_THE_ROW},
            **parts,
            **_definition(figure),
            "missing": _missing(db, list(needs), chosen["edition"])
            if parts["symbol"] == "x"
            else None,
            "withheld": _why_withheld(db) if parts["symbol"] == "c" else None,
            "rests_on": _other_figure(row),
            "previous": _previous(db, figure, known, chosen),
            "nights": nights,
            "receipts": sources.receipts(lake, nights),
            "file": str(file),
            "run_id": run["run_id"],
            "code_version": run["code_version"],
            "is_sql_of_the_file": run["code_version"] == code_version(*MADE_BY),
            "sql": queries.of_figure(figure, chosen["edition"], row),
            "build_sql": queries.of_build(figure, figures.measures(db, figure.model)[0]),
        }


def editions(file: Path) -> list[str]:
    """Editions with figures in the published file, newest fiscal one first."""
    with engine.read_only(file) as db:
        return [row["edition"] for row in figures.editions(db)]


def _previous(
    db: duckdb.DuckDBPyConnection, figure: Figure, known: list[Row], chosen: Row
) -> Row | None:
    """The same figure of the year before, if that edition has it."""
    for before in known:
        if (before["year_basis"], before["year"]) == (chosen["year_basis"], chosen["year"] - 1):
            row = figure.row(db, before["edition"])
            about = {"edition": before["edition"], "as_of": row["as_of"]} if row else {}
            return {**_parts(row, figure.measure), **about} if row else None
    return None


def _definition(figure: Figure) -> Row:
    """Numerator and denominator: from the figure's own entry, else from its table's."""
    model = figure.model
    name = figure.name if figure.measure in ("value", "share") else figure.measure
    own = model.about.get("figure", {}).get(name, {})
    column = model.column_doc(name)
    return {
        "definition": own.get("definition") or column.get("doc") or model.doc,
        "numerator_is": own.get("numerator") or model.about.get("numerator"),
        "denominator_is": own.get("denominator") or model.about.get("denominator"),
        "pitfalls": own.get("pitfalls") or model.about.get("pitfalls"),
        "aggregate": model.about.get("aggregate", []),
    }


def _parts(row: Row, measure: str) -> Row:
    """Value, numerator, denominator, coverage and symbol of a row."""
    found = {"value": row[measure], **{p: row.get(f"{measure}_{p}", row.get(p)) for p in PARTS}}
    if measure.startswith("share_of_") and found["value"]:
        # The row's denominator belongs to the row's own share only.
        found["denominator"] = round(found["numerator"] / found["value"])
    return found


def _needs(figure: Figure) -> dict[str, Row]:
    """Which fields of each export the figure needs: its own entry, else all of its table's."""
    names = (figure.name, figure.measure, *(f"sellers_by_{k}" for k in figure.keys.values()))
    needs: dict[str, Row] = figure.model.about.get("needs", {})
    own = {n: needs[n] for n in names if n in needs and n != figure.model.name}
    return own or needs


def _earlier_nights(figure: Figure) -> dict[str, str]:
    """How far back the figure reaches, by dataset, as the model says."""
    about = figure.model.about
    found: dict[str, str] = (
        about.get("figure", {}).get(figure.name, about).get("earlier_nights", {})
    )
    return found


def _why_withheld(db: duckdb.DuckDBPyConnection) -> str:
    smallest = engine.rows(db, "SELECT smallest_cell FROM meta.release")[0]["smallest_cell"]
    return f"fewer than {smallest} sellers, or it would disclose such a cell"


def _other_figure(row: Row) -> str | None:
    """The figure to explain next, if the row compares a claim with a figure of another table."""
    if not row.get("figure"):
        return None
    path = "seller_growth.cagr" if row["figure"] == "cagr" else row["figure"]
    if not row["figure_key"]:
        return path
    return f"{path}.{row['figure_key']}{HELD_TO.get(row['figure'], '')}"


def _missing(db: duckdb.DuckDBPyConnection, figures: list[str], edition: str) -> str | None:
    found = db.execute(
        "SELECT string_agg(DISTINCT missing, '; ' ORDER BY missing) FROM meta.availability "
        "WHERE list_contains(?, figure) AND edition = ?",
        [figures, edition],
    ).fetchone()
    return found[0] if found else None
