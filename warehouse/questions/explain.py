"""Where a published figure comes from: definition, parts, SQL, nights and receipts, last year's."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from transforms import engine
from transforms.errors import SettingsError
from transforms.lake import Lake
from warehouse.models import Model, models
from warehouse.tables.make import code_version

Row = dict[str, Any]

SHARES = ("share_of_all", "share_of_known")  # beside the share of a table of classes
OF_THE_ROW = ("as_of", "period_from", "period_to", "is_partial", "days", "days_covered")
PARTS = ("numerator", "denominator", "coverage", "symbol")
# Numbers of a row that tell how long its span is; any other is a figure.
OF_A_SPAN = ("days", "days_covered", "nights")
NUMBERS = ("BIGINT", "INTEGER", "DOUBLE")
# Datasets by the scopes that a model's TOML names its needs under.
DATASETS_OF = {
    "sellers": "sellers",
    "known_sellers": "sellers",
    "listings": "listings",
    "inquiries": "inquiries",
    "requests": "inquiries",
}
KEYS_TOLD = 12
OF_A_RECEIPT = (
    "dataset",
    "export_date",
    "revision",
    "status",
    "layout",
    "extent",
    "exported_at",
    "code_version",
    "rows",
)


def explain(file: Path, lake: Lake, metric: str, edition: str | None) -> Row:
    """All that is known of one figure in the published `file`.

    `metric` is a headline metric, `table.measure`, or `table.cell` with the values of the table's
    key after its edition, `table.cell.measure` where a row has several; a leading `report.` is
    allowed. Without `edition` it is the newest fiscal one. Raises SettingsError where there is no
    such figure or edition.
    """
    with engine.read_only(file) as db:
        known = _editions(db)
        chosen = _edition(known, edition)
        model, keys, measure = _find(db, metric)
        row = _one(db, model, {**keys, "edition": chosen["edition"]})
        if row is None:
            keys_there = _keys(db, model, chosen["edition"])
            raise SettingsError(f"{metric} has no row in {chosen['edition']}.{keys_there}")
        before = next(
            (
                e
                for e in known
                if e["year_basis"] == chosen["year_basis"] and e["year"] == chosen["year"] - 1
            ),
            None,
        )
        last = before and _one(db, model, {**keys, "edition": before["edition"]})
        figure = keys.get("metric") or model.name
        about = _definition(model, figure, measure)
        needs = _needs(model, (figure, measure, *(f"sellers_by_{k}" for k in keys.values())))
        nights = _nights(db, needs, measure, chosen, row)
        earlier = model.about.get("figure", {}).get(figure, model.about).get("earlier_nights", {})
        for night in nights:
            night["earlier"] = _earlier(db, night, chosen, earlier)
        run = engine.rows(db, "FROM meta.run")[0]
        missing = _missing(db, list(needs), chosen["edition"])
        smallest = engine.rows(db, "SELECT smallest_cell FROM meta.release")[0]["smallest_cell"]
    value = _parts(row, measure)
    withheld = f"fewer than {smallest} sellers, or it would give such a cell away"
    return {
        "figure": metric,
        "table": model.table,
        "measure": measure,
        "key": keys,
        "edition": chosen["edition"],
        **{n: row.get(n) for n in OF_THE_ROW},
        **value,
        **about,
        "missing": missing if value["symbol"] == "x" else None,
        "withheld": withheld if value["symbol"] == "c" else None,
        "rests_on": _other_figure(row),
        "previous": _parts(last, measure) | {"edition": last["edition"], "as_of": last["as_of"]}
        if last
        else None,
        "nights": nights,
        "receipts": _receipts(lake, nights),
        "file": str(file),
        "run_id": run["run_id"],
        "code_version": run["code_version"],
        "is_sql_of_the_file": run["code_version"] == code_version(),
        "sql": model.sql,
    }


def editions(file: Path) -> list[str]:
    """Names of the editions that a published file has figures of, newest fiscal one first."""
    with engine.read_only(file) as db:
        return [row["edition"] for row in _editions(db)]


def as_lines(found: Row) -> list[str]:
    """The same for a person to read, the SQL last."""
    last = found["previous"]
    lines = [
        f"{found['figure']}, {found['edition']}: {_marked(found)}",
        f"  as of {found['as_of']}, of {found['period_from']} to {found['period_to']}"
        + _missing_days(found),
        f"  {found['definition']}",
        f"numerator    {_part(found, 'numerator')}",
        f"denominator  {_part(found, 'denominator')}",
        f"coverage     {_text(found['coverage'])}",
    ]
    if found["pitfalls"]:
        lines.append(f"beware       {found['pitfalls']}")
    if found["missing"]:
        lines.append(f"missing      {found['missing']}")
    if found["withheld"]:
        lines.append(f"withheld     {found['withheld']}")
    if found["rests_on"]:
        lines.append(f"rests on     another figure: `outlook explain {found['rests_on']}`")
    if last:
        lines.append(f"before       {last['edition']}: {_marked(last)}, as of {last['as_of']}")
    for night in found["nights"]:
        counted, earlier = night["nights_in_period"], night["earlier"]
        lines.append(
            f"night        {night['dataset']} {night['export_date']}"
            + (" (the rate starts from it)" if not night["is_as_of"] else "")
            + (f"; nights of the period: {_counts(counted)}" if counted else "")
            + (f"; and {_text(earlier)} earlier deliveries: `outlook nights`" if earlier else "")
        )
    for receipt in found["receipts"]:
        lines.append(
            f"receipt      {receipt['dataset']} {receipt['export_date']} revision "
            f"{receipt['revision']}, {receipt['status']}, layout {receipt['layout']}: "
            f"{_counts(receipt['rows'])}"
        )
        lines += [
            f"               {s['name']}, {_text(s['rows'])} rows, sha256 {s['sha256']}"
            for s in receipt["sources"]
        ]
    lines.append(f"made by      run {found['run_id']}, code {found['code_version']}")
    if not found["is_sql_of_the_file"]:
        lines.append("             by other code than this: the SQL may have been another")
    if re.search(r"\b(staging|lake)\.", found["sql"]):
        lines.append(
            "sql          staging.* and lake.* are made by the build and are not in the "
            "published file"
        )
    return [*lines, "", *found["sql"].strip().splitlines()]


def _marked(found: Row) -> str:
    return _text(found["value"]) + (f" [{found['symbol']}]" if found["symbol"] else "")


def _part(found: Row, part: str) -> str:
    texts = [None if found[part] is None else _text(found[part]), found[f"{part}_is"]]
    return ": ".join(t for t in texts if t) or "none"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6f}".rstrip("0").rstrip(".")


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{_text(n)} {name}" for name, n in counts.items())


def _editions(db: duckdb.DuckDBPyConnection) -> list[Row]:
    return engine.rows(db, "FROM marts.dim_edition ORDER BY year_basis DESC, year DESC")


def _edition(editions: list[Row], name: str | None) -> Row:
    if name is None:
        fiscal = [e for e in editions if e["year_basis"] == "fiscal"] or editions
        if fiscal:
            return fiscal[0]
    for found in editions:
        if name in (found["edition"], f"{found['year']}") and (
            name == found["edition"] or found["year_basis"] == "fiscal"
        ):
            return found
    known = ", ".join(e["edition"] for e in editions) or "none yet"
    raise SettingsError(f"{name!r} is no edition: {known}")


def _find(db: duckdb.DuckDBPyConnection, metric: str) -> tuple[Model, Row, str]:
    """Model, the key of the row beside its edition, and the column that holds the figure."""
    tables = {m.name: m for m in models() if m.schema == "report"}
    words = metric.removeprefix("report.").split(".")
    if words[0] not in tables:
        words.insert(0, "headline")
    model, words = tables[words[0]], words[1:]
    measures, with_parts = _measures(db, model)
    others = [k for k in model.key if k != "edition"]
    also = [c for c in SHARES if c in _columns(db, model)]
    is_measure = len(words) > len(others) and words[-1] in [*measures, *also]
    measure = words.pop() if is_measure else None
    # Measures with parts of their own are told apart; of others the first is meant.
    if len(words) == len(others) and (measure or not with_parts):
        keys = dict(zip(others, words, strict=True))
        if not others or _exists(db, model, keys):
            return model, keys, measure or measures[0]
    raise SettingsError(f"{metric!r} is no figure. {_choices(db, tables, model, measures)}")


def _measures(db: duckdb.DuckDBPyConnection, model: Model) -> tuple[list[str], bool]:
    """Columns that hold figures, the table's own first, and whether each has parts of its own."""
    types = _columns(db, model)
    named = [c for c in types if f"{c}_numerator" in types]
    if named:
        return named, True
    for own in ("value", "share"):
        if own in types:
            return [own], False
    left_out = {*model.key, *PARTS, *OF_A_SPAN}
    found = [c for c, kind in types.items() if kind in NUMBERS and c not in left_out]
    # The parts are those of the first; its quartiles share them, and their names begin like its.
    stem = found[0].partition("_")[0]
    return [c for c in found if c.partition("_")[0] == stem], False


def _choices(
    db: duckdb.DuckDBPyConnection, tables: dict[str, Model], model: Model, measures: list[str]
) -> str:
    others = [k for k in model.key if k != "edition"]
    if model.name == "headline":
        metrics = db.execute("SELECT DISTINCT metric FROM report.headline ORDER BY 1").fetchall()
        rest = ", ".join(sorted(set(tables) - {"headline"}))
        return f"Headline figures: {', '.join(m for (m,) in metrics)}. Tables: {rest}"
    path = ".".join([model.name, *(f"<{k}>" for k in others)])
    several = f".<one of {', '.join(measures)}>" if len(measures) > 1 else ""
    return f"Write {path}{several}{'.' if others else ''}{_keys(db, model)}"


def _keys(db: duckdb.DuckDBPyConnection, model: Model, edition: str | None = None) -> str:
    """The first keys of a table, as a person writes them; empty where it has none."""
    others = [f'"{k}"' for k in model.key if k != "edition"]
    if not others:
        return ""
    found = engine.rows(
        db,
        f"SELECT DISTINCT concat_ws('.', {', '.join(others)}) AS key FROM {model.table} "
        f"WHERE coalesce(edition = ?, true) AND {' AND '.join(f'{k} IS NOT NULL' for k in others)} "
        "ORDER BY key",
        [edition],
    )
    keys = [row["key"] for row in found]
    more = f" and {len(keys) - KEYS_TOLD:,} more" if len(keys) > KEYS_TOLD else ""
    return f" Keys: {', '.join(keys[:KEYS_TOLD])}{more}" if keys else ""


def _definition(model: Model, figure: str, measure: str) -> Row:
    """What is counted and divided: by the figure's own entry, else by its table's."""
    name = figure if measure in ("value", "share") else measure
    own = model.about.get("figure", {}).get(name, {})
    column = model.column_doc(name)
    return {
        "definition": own.get("definition") or column.get("doc") or model.doc,
        "numerator_is": own.get("numerator") or model.about.get("numerator"),
        "denominator_is": own.get("denominator") or model.about.get("denominator"),
        "pitfalls": own.get("pitfalls") or model.about.get("pitfalls"),
        "aggregate": model.about.get("aggregate", []),
    }


def _missing_days(found: Row) -> str:
    if not found["is_partial"]:
        return ""
    if found["days"] is None:
        return ", which is not finished"
    return f", of which deliveries cover {found['days_covered']} of {found['days']} days"


def _parts(row: Row, measure: str) -> Row:
    """Value, numerator, denominator, coverage and symbol of a row."""
    found = {"value": row[measure], **{p: row.get(f"{measure}_{p}", row.get(p)) for p in PARTS}}
    if measure in SHARES and found["value"]:
        # The row names the denominator of its own share only.
        found["denominator"] = round(found["numerator"] / found["value"])
    return found


def _needs(model: Model, names: tuple[str, ...]) -> dict[str, Row]:
    """What the figure needs of which export: by an entry of its own, else by all of its table's."""
    needs: dict[str, Row] = model.about.get("needs", {})
    own = {n: needs[n] for n in names if n in needs and n != model.name}
    return own or needs


def _nights(
    db: duckdb.DuckDBPyConnection, needs: dict[str, Row], measure: str, edition: Row, row: Row
) -> list[Row]:
    """Nights that the figure rests on: the as-of night of each export it needs, the night that a
    rate starts from, and for each export how many nights of the period count."""
    scopes = {scope: None for wanted in needs.values() for scope in wanted}
    # The night that a rate starts from is of the same export as its as-of night.
    start = row.get(f"{measure}_from")
    found: dict[tuple[str, date], Row] = {}
    for scope in scopes:
        dataset = DATASETS_OF[scope]
        as_of = row["as_of"] if scope == "requests" else edition[f"{dataset}_as_of"]
        if scope == "known_sellers":
            as_of = _last_census(db)
        for night in sorted({as_of, start if dataset == "sellers" else None} - {None}):
            # A census can be both that of the figure and the one that says whose things they are.
            found.setdefault(
                (dataset, night),
                {
                    "dataset": dataset,
                    "export_date": night,
                    "is_as_of": night == as_of,
                    "nights_in_period": _counted(db, dataset, edition) if night == as_of else None,
                },
            )
    return list(found.values())


def _earlier(
    db: duckdb.DuckDBPyConnection, night: Row, edition: Row, earlier: dict[str, str]
) -> int | None:
    """Deliveries before the night that the figure rests on too; None where it is of that night.

    Inquiries are a flow of the period; of censuses the model says so, in its earlier_nights.
    """
    reach = "period" if night["dataset"] == "inquiries" else earlier.get(night["dataset"])
    if not reach or not night["is_as_of"]:
        return None
    since = edition["period_from"] if reach == "period" else date.min
    found = db.execute(
        "SELECT count(*) FROM meta.night WHERE dataset = ? AND export_date >= ? "
        "AND export_date < ? AND status IN ('ok', 'late', 'partial')",
        [night["dataset"], since, night["export_date"]],
    ).fetchone()
    return found[0] if found else None


def _other_figure(row: Row) -> str | None:
    """What to explain next where a row holds a claim to a figure of another table."""
    if not row.get("figure"):
        return None
    path = "seller_growth.cagr" if row["figure"] == "cagr" else row["figure"]
    if not row["figure_key"]:
        return path
    # The press means all listings.
    of = ".share_of_all" if row["figure"] == "listings_by_category" else ""
    return f"{path}.{row['figure_key']}{of}"


def _last_census(db: duckdb.DuckDBPyConnection) -> date | None:
    """Whose listings and inquiries they are is known by the newest census with the seller."""
    found = db.execute(
        "SELECT max(export_date) FROM meta.night WHERE dataset = 'sellers' AND is_good"
    ).fetchone()
    return found[0] if found else None


def _counted(db: duckdb.DuckDBPyConnection, dataset: str, edition: Row) -> dict[str, int]:
    """Nights of the period by status."""
    return dict(
        db.execute(
            "SELECT status, count(*) FROM meta.night WHERE dataset = ? "
            "AND export_date BETWEEN ? AND ? GROUP BY status ORDER BY status",
            [dataset, edition["period_from"], edition["period_to"]],
        ).fetchall()
    )


def _receipts(lake: Lake, nights: list[Row]) -> list[Row]:
    found = []
    for night in nights:
        receipt = lake.receipt(night["dataset"], date.fromisoformat(f"{night['export_date']}"))
        if receipt:
            told = receipt.as_json()
            sources = [{n: s[n] for n in ("name", "rows", "sha256")} for s in told["sources"]]
            found.append({**{n: told[n] for n in OF_A_RECEIPT}, "sources": sources})
    return found


def _missing(db: duckdb.DuckDBPyConnection, figures: list[str], edition: str) -> str | None:
    found = db.execute(
        "SELECT string_agg(DISTINCT missing, '; ' ORDER BY missing) FROM meta.availability "
        "WHERE list_contains(?, figure) AND edition = ?",
        [figures, edition],
    ).fetchone()
    return found[0] if found else None


def _columns(db: duckdb.DuckDBPyConnection, model: Model) -> dict[str, str]:
    """Columns of the table with their types."""
    found = engine.rows(db, f"DESCRIBE {model.table}")
    return {row["column_name"]: row["column_type"] for row in found}


def _exists(db: duckdb.DuckDBPyConnection, model: Model, keys: Row) -> bool:
    return _one(db, model, keys) is not None


def _one(db: duckdb.DuckDBPyConnection, model: Model, keys: Row) -> Row | None:
    where = " AND ".join(f'"{k}"::VARCHAR = ?' for k in keys)
    found = engine.rows(db, f"FROM {model.table} WHERE {where} LIMIT 1", list(keys.values()))
    return found[0] if found else None
