"""The workbook: a summary, then a sheet per table in the page's order, with native charts."""

import io
from pathlib import Path
from typing import Any

import xlsxwriter

from warehouse.page import plots, sheet, words
from warehouse.page.edition import Edition, Row, Table
from warehouse.page.series import Figure, figures, layout

NAME_LIMIT = 31  # of a sheet's name
Entry = tuple[str, Table, list[Figure]]
SUMMARY, CONTENTS, NOTES = "Summary", "Contents", "Notes"
HEADS = {"Value": "number_head", "Symbol": "symbol_head"}
OTHER = "Not on the page"
SAMPLE = "Sample data: every number comes from generated exports, not from real sellers."


def write(path: Path, edition: Edition, title: str, tiles: list[Row]) -> None:
    """Writes every report table of the edition, after its headline figures (`tiles` of the page);
    [c] is withheld, [x] is not available."""
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
        "in_memory": True,
    }
    # Made in memory: a zip file cut short by a full disk raises again when it is collected.
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, options) as book:
        built = edition.run["built_at"].replace(microsecond=0)
        book.set_properties({"title": title, "subject": edition.name, "created": built})
        formats = sheet.formats(book)
        _summary(book, edition, title, tiles, formats)
        _contents(book, edition, formats)
        for _, table, own in tables(edition):
            written = sheet.write(book, names(edition)[table.name], table, own, formats)
            plots.add(book, written, table, own, edition)
        _notes(book, edition, formats)
        for each in book.worksheets():
            sheet.set_up_print(each, edition)
    path.write_bytes(made.getvalue())


def tables(edition: Edition) -> list[Entry]:
    """Every table with its first section on the page and its figures there, in the page's order."""
    found: dict[str, Entry] = {}
    for section in layout()["section"]:
        for figure in figures(section, edition):
            entry: Entry = (section["title"], edition.tables[figure.table], [])
            found.setdefault(figure.table, entry)[2].append(figure)
    rest: list[Entry] = [(OTHER, t, []) for t in edition.tables.values() if t.name not in found]
    return [*found.values(), *rest]


def names(edition: Edition) -> dict[str, str]:
    """The sheet of each table: its name for readers, short enough, and unlike the others."""
    found: dict[str, str] = {}
    taken = {SUMMARY.lower(), CONTENTS.lower(), NOTES.lower(), "history"}
    for _, table, _ in tables(edition):
        name, number = words.heading(table.name)[:NAME_LIMIT].strip(), 1
        while name.lower() in taken:
            number += 1
            name = f"{words.heading(table.name)[: NAME_LIMIT - 3].strip()} {number}"
        taken.add(name.lower())
        found[table.name] = name
    return found


def _summary(
    book: Any, edition: Edition, title: str, tiles: list[Row], formats: dict[str, Any]
) -> None:
    """The page's tiles, how the edition stands, and what the symbols mean."""
    page = book.add_worksheet(SUMMARY)
    widths = (34, 16, 9, 34, 13, 70)
    for at, width in enumerate(widths):
        page.set_column(at, at, width)
    page.write_string(0, 0, title, formats["title"])
    line = 1
    if edition.is_sample:
        page.write_string(line, 0, SAMPLE, formats["notice"])
        line += 1
    for term, text in _facts(edition):
        page.write_string(line, 0, term, formats["bold"])
        page.write_string(line, 1, text)
        line += 1
    line += 1
    heads = ("Figure", "Value", "Symbol", "Change on last year", "As of", "What it counts")
    for at, head in enumerate(heads):
        page.write_string(line, at, head, formats[HEADS.get(head, "head")])
    for tile in tiles:
        line += 1
        doc = tile["doc"] + (f" Missing: {tile['missing']}." if tile["missing"] else "")
        page.set_row(line, sheet.height([(doc, widths[5]), (tile["change"], widths[3])]))
        cells = (
            (tile["title"], "text"),
            _value(tile),
            (tile["symbol"] or None, "symbol"),
            (tile["change"] or None, "text"),
            (tile.get("as_of"), "date"),
            (doc, "text"),
        )
        for at, (value, kind) in enumerate(cells):
            sheet.put(page, (line, at), value, formats[kind], formats["mark"])
    line += 2
    for symbol, (name, doc) in words.SYMBOLS.items():
        page.write_string(line, 0, f"[{symbol}] {name}", formats["bold"])
        page.write_string(line, 1, doc)
        line += 1


def _value(tile: Row) -> tuple[Any, str]:
    """Value of a tile and its format; in words where the page gives no per cent."""
    if tile["value"] is None:
        return f"[{tile['symbol']}]", "mark"
    if not words.is_share(tile["unit"]):
        return tile["value"], "count"
    is_shown = tile["shown"] == words.percent(tile["value"])
    return (tile["value"], "share") if is_shown else (tile["shown"], "text")


def _facts(edition: Edition) -> list[tuple[str, str]]:
    why = f": {edition.frozen['reason']}" if edition.frozen.get("reason") else ""
    facts = [
        ("Edition", f"{edition.name}, {edition.basis} year"),
        ("Year", f"{words.day(edition.period_from)} to {words.day(edition.period_to)}"),
        ("Status", words.capital(edition.status) + why),
        ("Released", words.day(edition.released_on)),
        ("Data to", words.day(edition.data_to)),
    ]
    if edition.status == "provisional":
        due = "was due" if edition.final_on <= edition.released_on else "due"
        facts.append(("Becomes final", f"once approved; {due} {words.day(edition.final_on)}"))
    due = "was due " if edition.next_on <= edition.released_on else ""
    facts.append(("Next edition", f"{edition.next_edition}, {due}{words.day(edition.next_on)}"))
    if edition.earlier_open_years:
        years = words.listed(edition.earlier_open_years)
        facts.append(("Also provisional", f"{years}, because never frozen"))
    return facts


def _contents(book: Any, edition: Edition, formats: dict[str, Any]) -> None:
    page = book.add_worksheet(CONTENTS)
    widths = (26, 32, 90)
    for at, width in enumerate(widths):
        page.set_column(at, at, width)
    page.write_string(0, 0, CONTENTS, formats["title"])
    page.write_row(2, 0, ["Section", "Sheet", "Description"], formats["head"])
    called = names(edition)
    rows = [(section, called[table.name], table.doc) for section, table, _ in tables(edition)]
    rows.append((NOTES, NOTES, "How to read the tables, and what they do not say."))
    before = ""
    for line, (section, name, doc) in enumerate(rows, 3):
        page.set_row(line, sheet.height([(doc, widths[2])]))
        if section != before:
            page.write_string(line, 0, section, formats["bold"])
        page.write_url(line, 1, f"internal:'{name}'!A1", formats["link"], name)
        page.write_string(line, 2, doc, formats["plain"])
        before = section


def _notes(book: Any, edition: Edition, formats: dict[str, Any]) -> None:
    page = book.add_worksheet(NOTES)
    widths = (30, 120)
    for at, width in enumerate(widths):
        page.set_column(at, at, width)
    rows = [(f"[{s}] {name}", doc) for s, (name, doc) in words.SYMBOLS.items()]
    fill = {
        "market": edition.market["market_name"],
        "edition": edition.name,
        "limit": edition.market["smallest_cell"],
        "year_label": edition.name,
    }
    rows += [(m["term"], m["text"].format(**fill)) for m in layout()["method"]]
    rows += [(u["title"], u["text"].format(**fill)) for u in layout()["unknown"]]
    run = edition.run
    rows.append(
        (
            "How it was made",
            f"Run {run['run_id']}, code {run['code_version']}, "
            f"DuckDB {run['duckdb_version']}, "
            f"lake {run['lake_fingerprint']}.",
        )
    )
    page.write_string(0, 0, NOTES, formats["title"])
    for line, (term, text) in enumerate(rows, 2):
        page.set_row(line, sheet.height([(term, widths[0]), (text, widths[1])]))
        page.write_string(line, 0, term, formats["bold"])
        page.write_string(line, 1, text, formats["plain"])
