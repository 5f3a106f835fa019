"""What every table of the truth stands on: whose rows count, and how a row is put together."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from transforms.sample.clock import as_date, day_number
from transforms.sample.draw import Ints
from transforms.sample.ledger import Edition, Ledger, is_partial
from transforms.sample.parameters import Parameters
from transforms.sample.sellers import Mask, Sellers

Row = dict[str, Any]

FEWEST_SELLERS = 5  # a cell that rests on fewer is withheld


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


def not_available(edition: Edition, night: int | None, names: tuple[str, ...]) -> list[Row]:
    """The one row of a table of shares whose exports did not come."""
    key = dict(zip(names, ("not_available", "Not available"), strict=False))
    nothing = dict.fromkeys(("share", "numerator", "denominator", "coverage"))
    return [{**head(edition, night), **key, **nothing, "symbol": "x"}]


def cells_of(sellers: Ints, cells: Ints) -> dict[int, tuple[int, set[int]]]:
    """By cell (-1 for all unknown ones): how many things, and of which sellers."""
    cells = np.maximum(cells, -1)
    found = {}
    for cell in np.unique(cells).tolist():
        inside = sellers[cells == cell]
        found[cell] = (len(inside), set(np.unique(inside).tolist()))
    return found


def shares(
    edition: Edition,
    night: int,
    names: tuple[str, ...],
    keys: list[tuple[str, ...]],
    cells: dict[int, tuple[int, set[int]]],
    *,
    of_known: bool,
) -> list[Row]:
    """Rows of a table of shares; `of_known`: shares of known cells leave out the unknown."""
    everything = sum(count for count, _ in cells.values())
    known = everything - cells.get(-1, (0, set()))[0]
    withheld = withheld_of(
        (keys[cell][0], count, contributors)
        for cell, (count, contributors) in cells.items()
        if cell >= 0
    )
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


def withheld_of(cells: Iterable[tuple[str, int, set[int]]]) -> set[str]:
    """Keys of the cells that few sellers stand behind, and of one more where the total of the
    others would give a withheld one away. Cells are (key, count, contributing sellers)."""
    every = list(cells)
    few = [cell for cell in every if len(cell[2]) < FEWEST_SELLERS]
    withheld = {key for key, _, _ in few}
    rest = [(count, key) for key, count, _ in every if key not in withheld]
    together = set[int]().union(*(sellers for _, _, sellers in few))
    gives_away = len(few) == 1 or len(together) < FEWEST_SELLERS
    if few and gives_away and rest:
        withheld.add(min(rest)[1])
    return withheld


def ratio(part: Any, whole: Any) -> float | None:
    return rounded(int(part) / int(whole)) if whole else None


def rounded(value: float | None) -> float | None:
    return value if value is None else round(value, 9)
