"""How a row of the truth is put together: head, measures, shares, symbols."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.oracle.ledger import Edition, is_partial
from tests.oracle.withheld import Cell, few_of, is_closed, is_few, withheld_of
from transforms.sample.universe.clock import as_date
from transforms.sample.universe.draw import Ints

Row = dict[str, Any]


def head(edition: Edition, night: int | None) -> Row:
    return {
        "edition": edition.name,
        "year_basis": edition.year_basis,
        "year": edition.period_to.year,
        "as_of": None if night is None else f"{as_date(night)}",
        "period_from": f"{edition.period_from}",
        "period_to": f"{edition.period_to}",
        "is_partial": is_partial(edition, night),
    }


def days_columns(days: int, covered: int) -> Row:
    """Of a flow: it is partial where deliveries do not cover all its days."""
    return {"is_partial": covered < days, "days": days, "days_covered": covered}


def symbol_of(value: float | None) -> str:
    """Nobody has frozen an edition of a sample: all that is shown is provisional."""
    return "x" if value is None else "p"


def measure(
    name: str,
    value: float | None = None,
    numerator: float | None = None,
    denominator: float | None = None,
    coverage: float | None = None,
) -> Row:
    """The columns of one measure; without a value it is not available."""
    return {
        name: rounded(value),
        f"{name}_numerator": rounded(numerator),
        f"{name}_denominator": rounded(denominator),
        f"{name}_coverage": coverage,
        f"{name}_symbol": symbol_of(value),
    }


def not_available(
    edition: Edition, night: int | None, names: tuple[str, ...], symbol: str = "x"
) -> list[Row]:
    """The one row of a table of shares whose exports did not come, or that is withheld."""
    key = dict(zip(names, ("not_available", "Not available"), strict=False))
    nothing = dict.fromkeys(
        ("share", "share_of_all", "share_of_known", "numerator", "denominator", "coverage")
    )
    return [{**head(edition, night), **key, **nothing, "symbol": symbol}]


def cells_of(sellers: Ints, cells: Ints, parts: Ints | None = None) -> dict[int, Cell]:
    """By cell (-1 for all unknown ones): how many things, and of which sellers, by part."""
    cells = np.maximum(cells, -1)
    parts = np.zeros(len(cells), np.int64) if parts is None else parts
    found = {}
    for cell in np.unique(cells).tolist():
        inside = cells == cell
        found[cell] = Cell(
            int(inside.sum()),
            {
                part: frozenset(sellers[inside & (parts == part)].tolist())
                for part in np.unique(parts[inside]).tolist()
            },
        )
    return found


def shares(
    edition: Edition,
    night: int,
    names: tuple[str, ...],
    keys: list[tuple[str, ...]],
    cells: dict[int, Cell],
    *,
    of_known: bool,
    near: list[dict[int, Cell]] | None = None,
    before: Sequence[list[dict[int, Cell]]] = (),
    is_withheld_too: bool = False,
) -> list[Row]:
    """Rows of a table of shares; `of_known`: shares of known cells leave out the unknown. What the
    cells of overlapping editions (`near`) withhold is withheld here too. `before` are those that
    each overlapping edition that ended before overlaps itself: a small cell that alone is withheld
    in both is told by the others."""
    everything = sum(cell.things for cell in cells.values())
    known = everything - (cells[-1].things if -1 in cells else 0)

    def withheld_in(several: list[dict[int, Cell]]) -> set[str]:
        named = [{keys[c][0]: cell for c, cell in of.items() if c >= 0} for of in several]
        return set[str]().union(*(withheld_of(of) for of in named))

    withheld = withheld_in(near or [cells])
    shown = {keys[c][0] for c in cells if c >= 0}
    few = set(few_of({keys[c][0]: cell for c, cell in cells.items() if c >= 0}))
    in_both = [withheld & shown & withheld_in(other) for other in before]
    is_lone = any(len(keys_in_both) == 1 and keys_in_both <= few for keys_in_both in in_both)
    if cells and (is_withheld_too or is_lone or is_closed(cells.values(), shown, withheld)):
        return not_available(edition, night, names, symbol="c")
    rows = []
    for cell, (count, _) in cells.items():
        key = keys[cell] if cell >= 0 else ("unknown", "Unknown")[: len(names)]
        denominator = known if of_known and cell >= 0 else everything
        is_withheld = cell >= 0 and key[0] in withheld
        rows.append(
            {
                **head(edition, night),
                **dict(zip(names, key, strict=True)),
                "share": None if is_withheld else ratio(count, denominator),
                "share_of_all": None if is_withheld else ratio(count, everything),
                "share_of_known": None if is_withheld or cell < 0 else ratio(count, known),
                "numerator": None if is_withheld else count,
                "denominator": denominator,
                "coverage": ratio(known, everything),
                "symbol": "c" if is_withheld else symbol_of(count),
            }
        )
    return rows


def withheld(row: Row, *names: str) -> Row:
    """The row with these measures withheld as a whole."""
    for name in names:
        row |= {
            name: None,
            f"{name}_numerator": None,
            f"{name}_denominator": None,
            f"{name}_coverage": None,
            f"{name}_symbol": "c",
        }
    return row


def guarded(name: str, values: tuple[Any, ...], sellers: int) -> Row:
    """A measure that rests on so many sellers: none is not available, few are withheld."""
    if is_few(sellers):
        return measure(name) | {f"{name}_symbol": "c"}
    return measure(name, *(values if sellers else ()))


def ratio(part: Any, whole: Any) -> float | None:
    return rounded(int(part) / int(whole)) if whole else None


def rounded(value: float | None) -> float | None:
    return value if value is None else round(value, 9)
