"""Commands for whoever asks what a figure rests on, what changed, and what was there."""

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
    metric: Annotated[str, typer.Argument(help="paid_sellers, seller_growth.cagr, …")],
    edition: Annotated[str | None, typer.Option(help="FY2022, CY2022; else the newest.")] = None,
    as_json: Json = False,
) -> None:
    """Say where a published figure comes from: parts, definition, SQL, nights, receipts."""
    from transforms.lake import Lake
    from warehouse import versions
    from warehouse.questions import explain as figures
    from warehouse.questions.explained import as_lines

    chosen = settings()
    live = versions.live(chosen.published)
    if live is None:
        raise ExportMissing("Nothing is published yet: `outlook build` first.")
    found = figures.explain(live / versions.FILE, Lake(chosen.lake), metric, edition)
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
    """Compare two published versions: rows added, gone, changed; headlines that moved."""
    from warehouse.build.moved import as_sentence
    from warehouse.questions.diff import compare, find

    published = settings().published
    found = compare(find(a, published), find(b, published))
    if as_json:
        terminal.print_json(found)
        return
    moved = [_as_text(t) for t in found["tables"] if _has_moved(t)]
    if moved:
        terminal.print_rows(moved, f"{a} to {b}: rows by the key of each table")
    else:
        terminal.say("every row is the same")
    for headline in found["headlines"]:
        terminal.say(as_sentence(headline))
    if not found["headlines"]:
        terminal.say("no headline moved")


def listings(
    as_of: Annotated[str, typer.Option("--as-of", help="Night, YYYY-MM-DD.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write: .csv, .json or .parquet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the listings as they stood on a past night; CSV on stdout."""
    from transforms.lake import Lake
    from warehouse.questions import listings as past

    lake = Lake(settings().lake)
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


def _has_moved(table: dict[str, Any]) -> bool:
    return any(v for k, v in table.items() if k != "table")


def _as_text(table: dict[str, Any]) -> dict[str, Any]:
    """A table of a comparison as one line for the terminal."""
    changes = [f"{c} ({n:,})" for c, n in sorted(table["changed_columns"].items())]
    changes += [f"+{c}" for c in table["columns_new"]] + [f"-{c}" for c in table["columns_gone"]]
    counts = {n: table[n] for n in ("table", "added", "gone", "changed")}
    return {**counts, "columns": ", ".join(changes)}


def _write_csv(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """For a terminal too: what nobody sees in a text is shown."""
    shown = ({k: visible(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows)
    spreadsheet.write_rows(sys.stdout, columns, shown)


def _write_json(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """One array, a row at a time."""
    before = "["
    for row in rows:
        sys.stdout.write(before + terminal.as_json(row, default=_number))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[" else "]\n")


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
