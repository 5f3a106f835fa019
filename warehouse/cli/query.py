"""Commands for analysts: what a figure rests on, what changed, what was listed on a past night."""

import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from transforms.errors import ExportMissing
from transforms.settings import settings
from transforms.visible import visible
from warehouse import spreadsheet
from warehouse.cli import terminal
from warehouse.cli.options import Json, day


def explain(
    metric: Annotated[str, typer.Argument(help="Such as paid_sellers or seller_growth.cagr.")],
    edition: Annotated[
        str | None, typer.Option(help="FY2022 or CY2022. Default: the newest.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show where a published figure comes from: parts, definition, SQL, nights, receipts."""
    from transforms.lake import Lake
    from warehouse import versions
    from warehouse.questions import explain as figures
    from warehouse.questions.explained import as_lines

    chosen = settings()
    live = versions.live(chosen.published)
    if live is None:
        raise ExportMissing("Nothing is published yet: run `outlook build` first.")
    found = figures.explain(live / versions.FILE, Lake(chosen.place), metric, edition)
    if as_json:
        terminal.print_json(found)
    else:
        for told in as_lines(found):
            terminal.say(told)


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Folder's name, or a path.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Folder's name, or a path.")],
    as_json: Json = False,
) -> None:
    """Compare two published versions: headlines that moved; rows added, removed and changed."""
    from warehouse.build.moved import as_row
    from warehouse.questions.diff import compare, find

    published = settings().published
    found = compare(find(a, published), find(b, published))
    if as_json:
        terminal.print_json(found)
        return
    if found["headlines"]:
        terminal.print_rows([as_row(h) for h in found["headlines"]], f"{a} to {b}: headlines")
    else:
        terminal.say("no headline moved")
    tables = [_as_text(t) for t in found["tables"] if _has_moved(t)]
    if tables:
        terminal.print_rows(tables, f"{a} to {b}: rows by the key of each table")
    minor = _minor(found["tables"])
    if minor:
        terminal.say(minor)
    elif not tables:
        terminal.say("every row is the same")


def revisions(
    metric: Annotated[str, typer.Argument(help="A headline figure, such as paid_sellers.")],
    edition: Annotated[
        str | None, typer.Option(help="Every version of one edition: FY2022 or CY2022.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a headline as it was known on each published night: by months after the year's end."""
    from warehouse import versions
    from warehouse.page.vintages import as_sentence
    from warehouse.questions import vintages

    live = versions.live(settings().published)
    if live is None:
        raise ExportMissing("Nothing is published yet: run `outlook build` first.")
    found = vintages.of_metric(live / versions.FILE, metric, edition)
    if as_json:
        terminal.print_json(found)
    elif edition:
        terminal.print_rows([_vintage(row) for row in found["vintages"]], f"{edition} {metric}")
    else:
        rows = vintages.triangle(found["vintages"], versions.night_of(live))
        title = f"{metric}, so many months after the end of the year"
        for columns in terminal.folded(rows):
            terminal.print_rows(columns, title)
            title = ""
        for basis, told in found["first_figures"].items():
            terminal.say(f"{basis} years: {as_sentence(told)}")


def listings(
    as_of: Annotated[str, typer.Option("--as-of", help="Export date, YYYY-MM-DD.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write: .csv, .json or .parquet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the listings as they stood on a past night, as CSV to stdout."""
    from transforms.lake import Lake
    from warehouse.questions import listings as past

    lake = Lake(settings().place)
    if to:
        past.check_target(to)
    receipt = past.census(lake, day(as_of))
    rows = receipt.rows.accepted
    terminal.tell(f"{rows:,} listings as of {receipt.export_date}, the last good census")
    if to:
        past.write(lake, receipt, to)
        terminal.tell(f"written to {to}")
        return
    try:
        (_write_json if as_json else _write_csv)(
            past.columns(lake, receipt), past.rows(lake, receipt)
        )
        sys.stdout.flush()
    except BrokenPipeError:
        terminal.stop_writing()


def _vintage(row: dict[str, Any]) -> dict[str, Any]:
    again = f".r{row['revision']}" if row["revision"] > 1 else ""
    return {
        "published": f"{row['export_date']}{again}",
        "as_of": row["as_of"],
        "value": row["value"],
        "symbol": row["symbol"],
    }


def _has_moved(table: dict[str, Any]) -> bool:
    """Whether more than marks and dates changed."""
    told = ("added", "gone", "changed_values", "columns_new", "columns_gone")
    return any(table[k] for k in told)


def _as_text(table: dict[str, Any]) -> dict[str, Any]:
    """The comparison of one table as one line, without marks and dates."""
    times = table["changed_columns"].items()
    changes = [
        f"{c} ({n:,})" for c, n in sorted(times) if c not in (*table["marks"], *table["dates"])
    ]
    changes += [f"+{c}" for c in table["columns_new"]] + [f"-{c}" for c in table["columns_gone"]]
    counts = {n: table[n] for n in ("table", "added", "gone")}
    return {**counts, "changed": table["changed_values"], "columns": ", ".join(changes)}


def _minor(tables: list[dict[str, Any]]) -> str | None:
    """How often marks and dates changed, of all tables in one line; None if never."""
    told = []
    for kind in ("marks", "dates"):
        times = [sum(t["changed_columns"][c] for c in t[kind]) for t in tables]
        if any(times):
            told.append(f"{kind} in {sum(times):,} cells of {sum(map(bool, times))} tables")
    return f"also changed: {' and '.join(told)} (--json lists them)" if told else None


def _write_csv(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """CSV on a terminal: control and invisible characters are escaped."""
    shown = ({k: visible(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows)
    spreadsheet.write_rows(sys.stdout, columns, shown)


def _write_json(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """One JSON array, written row by row."""
    before = "["
    for row in rows:
        sys.stdout.write(before + terminal.as_json(row, default=_number))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[" else "]\n")


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
