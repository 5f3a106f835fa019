"""What every table of the truth stands on: whose rows count, and how a row is put together."""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from transforms.sample.clock import as_date, day_number
from transforms.sample.draw import Ints
from transforms.sample.ledger import Edition, Ledger, is_partial
from transforms.sample.parameters import Parameters
from transforms.sample.sellers import Mask, Sellers
from transforms.sample.truth_small import Cell, is_closed, is_few, withheld_of

Row = dict[str, Any]


class Ground:
    """The universe as its good nights have shown it; `NAMES` are the tables of a subclass."""

    NAMES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parameters: Parameters, sellers: Sellers, ledger: Ledger) -> None:
        self.parameters = parameters
        self.sellers = sellers
        self.ledger = ledger
        # A country is known of a seller once a good census has shown it. Until then it is not
        # known of anybody, so that nothing of the market can be told apart.
        self.can_tell = bool(ledger.good_seller_nights)
        self.known = ledger.seen & sellers.with_known_country()
        self.market = ledger.seen & sellers.in_market()
        self.inquiries, self.delivered = ledger.inquiries()

    def payers(self, night: int) -> Mask:
        """The market's paid sellers of that night."""
        return self.sellers.paid_on(night) & self.sellers.in_market()

    def paid(self, night: int) -> int:
        return int(self.payers(night).sum())

    def seller_coverage(self, night: int) -> float | None:
        census = self.sellers.present_on(night)
        return ratio((census & self.sellers.with_known_country()).sum(), census.sum())

    def inquiries_of(self, edition: Edition, night: int) -> tuple[Mask, Mask]:
        """Which inquiries count in the edition, and which ones could if all were known."""
        inquiries = self.inquiries
        day = np.where(inquiries.is_dated, inquiries.day, self.delivered)
        first, last = day_number(edition.period_from), day_number(edition.period_to)
        asked = (first <= day) & (day <= min(last, night)) & ~inquiries.is_tm & ~inquiries.is_spam
        return asked & inquiries.is_dated & self.market[inquiries.seller], asked

    def near(self, edition: Edition) -> list[Edition]:
        """Editions that share days with this one, itself among them."""
        return [
            other
            for other in self.ledger.editions
            if other.period_from <= edition.period_to and other.period_to >= edition.period_from
        ]

    @cached_property
    def counted_in(self) -> dict[str, Mask]:
        """Which inquiries count in each edition."""
        found = {}
        for edition in self.ledger.editions:
            night = edition.as_of["inquiries"]
            nothing = np.zeros(len(self.inquiries), bool)
            found[edition.name] = nothing if night is None else self.inquiries_of(edition, night)[0]
        return found

    @cached_property
    def parts(self) -> Ints:
        """Number of the part that each inquiry is in: all of a part count in the same editions."""
        return parts_of(list(self.counted_in.values()))

    def is_year_withheld(self, edition: Edition) -> bool:
        """Whether the inquiries of the edition, or a part of them that it shares, are of too few
        sellers, or add up months each of which is."""
        counted = self.counted_in[edition.name]
        seller, part, day = self.inquiries.seller, self.parts, self.inquiries.day
        if is_few(seller[counted]):
            return True
        for one in np.unique(part[counted]).tolist():
            here = counted & (part == one)
            month = np.array([as_date(d).replace(day=1) for d in day[here].tolist()])
            few = [is_few(seller[here][month == m]) for m in np.unique(month)]
            if is_few(seller[here]) or all(few):
                return True
        return False

    def shares_of_inquiries(
        self,
        edition: Edition,
        night: int,
        names: tuple[str, ...],
        keys: list[tuple[str, ...]],
        cell: Ints,
    ) -> list[Row]:
        """Rows of a table of shares of an edition's inquiries; `cell` is that of each inquiry."""

        def cells(of: Edition) -> dict[int, Cell]:
            counted = self.counted_in[of.name]
            return cells_of(self.inquiries.seller[counted], cell[counted], self.parts[counted])

        return shares(
            edition, night, names, keys, cells(edition), of_known=True,
            near=[cells(other) for other in self.near(edition)],
            is_withheld_too=self.is_year_withheld(edition),
        )  # fmt: skip

    def main_category(self, night: int) -> Ints:
        """Position of the top category in which a seller has most live listings, or -1."""
        offered = self.ledger.offered[night]
        known = offered.top_category >= 0
        tops = len(self.parameters.top_categories)
        votes = np.bincount(
            offered.seller[known] * tops + offered.top_category[known],
            minlength=len(self.sellers) * tops,
        ).reshape(len(self.sellers), tops)
        # Categories stand in order of their number: of equals the first, hence the lowest, wins.
        return np.where(votes.sum(axis=1) > 0, votes.argmax(axis=1), -1)

    def categories(self) -> list[tuple[str, ...]]:
        names = self.parameters.category_names
        return [(top, names[top]) for top in self.parameters.top_categories]


def head(edition: Edition, night: int | None) -> Row:
    return {
        "edition": edition.name,
        "year_basis": edition.year_basis,
        "as_of": None if night is None else f"{as_date(night)}",
        "period_from": f"{edition.period_from}",
        "period_to": f"{edition.period_to}",
        "is_partial": is_partial(edition, night),
    }


def symbol_of(edition: Edition, night: int | None, value: float | None) -> str | None:
    if value is None:
        return "x"
    return "p" if is_partial(edition, night) else None


def measure(
    name: str,
    edition: Edition,
    night: int | None,
    value: float | None,
    numerator: float | None,
    denominator: float | None,
    coverage: float | None,
) -> Row:
    return {
        name: rounded(value),
        f"{name}_numerator": rounded(numerator),
        f"{name}_denominator": rounded(denominator),
        f"{name}_coverage": coverage,
        f"{name}_symbol": symbol_of(edition, night, value),
    }


def not_available(
    edition: Edition, night: int | None, names: tuple[str, ...], symbol: str = "x"
) -> list[Row]:
    """The one row of a table of shares whose exports did not come, or that is withheld."""
    key = dict(zip(names, ("not_available", "Not available"), strict=False))
    nothing = dict.fromkeys(("share", "numerator", "denominator", "coverage"))
    return [{**head(edition, night), **key, **nothing, "symbol": symbol}]


def parts_of(members: list[Mask]) -> Ints:
    """Numbers what is in the same of several sets, whichever they are, alike."""
    found = np.zeros(len(members[0]) if members else 0, np.int64)
    for member in members:
        _, found = np.unique(found * 2 + member, return_inverse=True)
    return found


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
    is_withheld_too: bool = False,
) -> list[Row]:
    """Rows of a table of shares; `of_known`: shares of known cells leave out the unknown. What the
    cells of overlapping editions (`near`) withhold is withheld here too."""
    everything = sum(cell.things for cell in cells.values())
    known = everything - (cells[-1].things if -1 in cells else 0)
    withheld = set[str]()
    for other in near or [cells]:
        withheld |= withheld_of({keys[c][0]: cell for c, cell in other.items() if c >= 0})
    shown = {keys[c][0] for c in cells if c >= 0}
    if cells and (is_withheld_too or is_closed(cells.values(), shown, withheld)):
        return not_available(edition, night, names, symbol="c")
    rows = []
    for cell, (count, _) in cells.items():
        key = keys[cell] if cell >= 0 else ("unknown", "Unknown")[: len(names)]
        denominator = known if of_known and cell >= 0 else everything
        is_withheld = cell >= 0 and key[0] in withheld
        rows.append({
            **head(edition, night),
            **dict(zip(names, key, strict=True)),
            "share": None if is_withheld else ratio(count, denominator),
            "numerator": None if is_withheld else count,
            "denominator": denominator,
            "coverage": ratio(known, everything),
            "symbol": "c" if is_withheld else symbol_of(edition, night, count),
        })  # fmt: skip
    return rows


def withheld(row: Row, *names: str) -> Row:
    """The row with these measures withheld as a whole."""
    for name in names:
        row |= {name: None, f"{name}_numerator": None, f"{name}_denominator": None,
                f"{name}_coverage": None, f"{name}_symbol": "c"}  # fmt: skip
    return row


def ratio(part: Any, whole: Any) -> float | None:
    return rounded(int(part) / int(whole)) if whole else None


def rounded(value: float | None) -> float | None:
    return value if value is None else round(value, 9)
