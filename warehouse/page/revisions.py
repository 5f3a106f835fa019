"""The page's revisions table: old figure, new figure, why and when, newest first."""

from typing import Any

from warehouse.page import words
from warehouse.page.edition import Edition, Row

SHOWN = 200  # figures named on the page; meta.revision has every cell
PARTS = ("numerator", "denominator", "coverage", "symbol")
HEAD = ("Figure", "Of", "Was", "Now", "Why", "When")


def shown(edition: Edition) -> dict[str, Any] | None:
    """A table of the revised figures; None if there are none.

    `rest` counts the other cells that changed with them, such as dates and numerators.
    """
    if not edition.revisions:
        return None
    figures = [r for r in edition.revisions if _is_figure(edition, r) and _is_seen(edition, r)]
    figures.sort(key=lambda r: (-r["revision"], r["table_name"] != "headline"))
    return {
        "head": [{"text": n, "is_number": n in ("Was", "Now"), "doc": ""} for n in HEAD],
        "rows": [_row(edition, r) for r in figures[:SHOWN]],
        "rest": len(edition.revisions) - len(figures[:SHOWN]),
    }


def _is_figure(edition: Edition, row: Row) -> bool:
    if not row["column_name"]:
        return True
    table = edition.tables.get(row["table_name"])
    column = table.column(row["column_name"]) if table else None
    return column is not None and column.is_number and not row["column_name"].endswith(PARTS)


def _is_seen(edition: Edition, row: Row) -> bool:
    """Whether the figure changed as shown, that is, rounded."""
    was, now = _values(edition, row)
    return was != now


def _row(edition: Edition, row: Row) -> list[Row]:
    table, measure = words.heading(row["table_name"]), row["column_name"]
    name = f"{table}: {words.heading(measure).lower() if measure else 'all figures'}"
    texts = [name, row["row_key"]]
    texts += _values(edition, row)
    texts += [row["reason"], f"{row['revised_at']:%Y-%m-%d}"]
    return [
        {"text": t, "value": None, "is_number": i in (2, 3), "is_date": i == 5, "flag": None}
        for i, t in enumerate(texts)
    ]


def _values(edition: Edition, row: Row) -> list[str]:
    """The old figure and the new one, with as many decimals."""
    both = (row["was"], row["now"])
    if not row["column_name"]:
        return [text or "not published" for text in both]
    column = edition.tables[row["table_name"]].column(row["column_name"])
    unit = column.unit if column else None
    digits = words.decimals((float(text) for text in both if text is not None), unit)
    return [
        "not published" if text is None else words.measure(float(text), unit, digits)
        for text in both
    ]
