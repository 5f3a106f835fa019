"""What every table of the truth stands on: whose rows count, and in which editions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tests.oracle.ledger import Edition, Ledger
from tests.oracle.rows import Row, cells_of, days_columns, ratio, shares
from tests.oracle.withheld import Cell, is_few
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.deliveries import Universe
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.moves import NEVER
from transforms.sample.universe.sellers import Mask

Groups = dict[str, list[Mask]]  # by edition: things of which none may be of few sellers
Spans = set[tuple[str, int | None]]  # edition and month (None for its year)


@dataclass(frozen=True)
class Known:
    """What the censuses until some night had told of each seller: the last they said."""

    country: Mask  # known at all
    market: Mask
    city: Ints  # position in the gazetteer, or -1


LONGEST_WINDOW_DAYS = 31  # what one delivery is taken to cover at most


class Ground:
    """The universe as its good nights have shown it; `NAMES` of a subclass are its tables."""

    def __init__(self, universe: Universe, ledger: Ledger) -> None:
        self.universe = universe
        self.parameters = universe.parameters
        self.sellers = universe.sellers
        self.ledger = ledger
        self.inquiries, self.delivered = ledger.inquiries()

    def can_tell(self, edition: Edition) -> bool:
        """Until a first good census nobody's country is known, and nothing of the market."""
        return min(self.ledger.good_seller_nights, default=NEVER) <= day_number(edition.period_to)

    def known(self, edition: Edition) -> Known:
        """What was known of the sellers on the edition's own date."""
        return self._knowledge[edition.name]

    @cached_property
    def _knowledge(self) -> dict[str, Known]:
        sellers, ends = self.sellers, {}
        for edition in self.ledger.editions:
            census = edition.as_of["sellers"]
            ends[edition.name] = day_number(edition.period_to) if census is None else census
        n = len(sellers)
        country, market, city = np.zeros(n, bool), np.zeros(n, bool), np.full(n, -1)
        found: dict[str, Known] = {}
        waiting = sorted(ends, key=lambda name: ends[name], reverse=True)
        for night in [*sorted(self.ledger.good_seller_nights), NEVER]:
            while waiting and ends[waiting[-1]] < night:
                found[waiting.pop()] = Known(country.copy(), market.copy(), city.copy())
            there = sellers.present_on(night)
            says = there & sellers.with_known_country(night)
            country |= says
            market = np.where(says, sellers.in_market(night), market)
            here = sellers.city_on(night)
            city = np.where(there & (here >= 0), here, city)
        return found

    def payers(self, night: int) -> Mask:
        """The market's paid sellers of that night."""
        return self.sellers.paid_on(night) & self.sellers.in_market(night)

    def paid(self, night: int) -> int:
        return int(self.payers(night).sum())

    def seller_coverage(self, night: int) -> float | None:
        census = self.sellers.present_on(night)
        return ratio((census & self.sellers.with_known_country(night)).sum(), census.sum())

    def inquiries_of(self, edition: Edition, night: int) -> tuple[Mask, Mask]:
        """Which inquiries count in the edition, and which ones could if all were known."""
        asked = self._asked_of(edition, night)
        ours = self.known(edition).market[self.inquiries.seller]
        return asked & self.inquiries.is_dated & ours, asked

    def _asked_of(self, edition: Edition, night: int) -> Mask:
        inquiries = self.inquiries
        day = np.where(inquiries.is_dated, inquiries.day, self.delivered)
        first, last = day_number(edition.period_from), day_number(edition.period_to)
        return (first <= day) & (day <= min(last, night)) & ~inquiries.is_tm & ~inquiries.is_spam

    @cached_property
    def covered(self) -> Ints:
        """Days whose inquiries a good night brought: those since the night before."""
        dated = self.inquiries.day[self.inquiries.is_dated]
        covered: set[int] = set()
        before: int | None = None
        for night, is_good in self.ledger.inquiry_nights:
            if before is None:
                before = min(int(dated.min(initial=night)), night) - 1
            if is_good:
                covered |= set(range(max(before + 1, night - LONGEST_WINDOW_DAYS + 1), night + 1))
            before = night
        return np.array(sorted(covered), np.int64)

    def over_the_year(self, edition: Edition) -> Row:
        """How many days of the edition the deliveries of inquiries cover; partial if not all."""
        night = edition.as_of["inquiries"]
        first, last = day_number(edition.period_from), day_number(edition.period_to)
        until = first - 1 if night is None else min(night, last)
        covered = int(((first <= self.covered) & (self.covered <= until)).sum())
        return days_columns(last - first + 1, covered)

    def near(self, edition: Edition) -> list[Edition]:
        """Editions that share days with this one and end no later, itself among them. What ends
        later changes nothing any more."""
        return [
            other
            for other in self.ledger.editions
            if edition.period_from <= other.period_to <= edition.period_to
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
        """Number of the part that each inquiry is in: all of a part are in the same editions."""
        nobody = np.zeros(len(self.inquiries), bool)
        nights = [(e, e.as_of["inquiries"]) for e in self.ledger.editions]
        return parts_of([nobody if n is None else self._asked_of(e, n) for e, n in nights])

    def is_year_withheld(self, edition: Edition) -> bool:
        """Whether the inquiries of the edition, or a part of them that it shares, are of too few
        sellers, or add up months each of which is."""
        is_year_few = is_few(self.inquiries.seller[self.counted_in[edition.name]])
        return is_year_few or (edition.name, None) in self.withheld_months

    @cached_property
    def withheld_months(self) -> Spans:
        """Months and years of whose inquiries too few sellers, or a part, are behind."""
        return self.withheld_spans({name: [counted] for name, counted in self.counted_in.items()})

    @cached_property
    def _month(self) -> Ints:
        """First day of the month of each inquiry."""
        return np.array(
            [day_number(as_date(day).replace(day=1)) for day in self.inquiries.day.tolist()],
            np.int64,
        )

    def withheld_spans(self, groups: Groups) -> Spans:
        """Months of parts of which a group is of few sellers, in the edition itself or in one that
        ends no later, and the smallest other month that the same editions share; years of which a
        whole part is, or all months of one."""
        seller, part, month = self.inquiries.seller, self.parts, self._month
        ends = {edition.name: edition.period_to for edition in self.ledger.editions}
        few: dict[tuple[int, str], set[int | None]] = {}
        many: dict[tuple[int, str], dict[int, int]] = {}
        for name, masks in groups.items():
            counted = self.counted_in[name]
            for one in np.unique(part[counted]).tolist():
                here = counted & (part == one)
                months = np.unique(month[here]).tolist()
                many[one, name] = {m: int((here & (month == m)).sum()) for m in months}
                few[one, name] = {
                    m
                    for m in (None, *months)
                    if any(is_few(seller[g & here & ((month == m) | (m is None))]) for g in masks)
                }
        found: Spans = set()
        for (one, name), counts in many.items():
            before = [f for (p, o), f in few.items() if p == one and ends[o] <= ends[name]]
            here_few = set[int | None]().union(*before) & {None, *counts}
            small = here_few - {None}
            rest = [(count, m) for m, count in counts.items() if m not in small]
            found |= {(name, m) for m in here_few}
            if small:
                found.add((name, min(rest)[1] if rest else None))
        return found

    def were_few_new(self, edition: Edition, night: int) -> bool:
        """Whether some month until then, told by an edition that ends no later, has new listings of
        few sellers: what is added from one date to the next is what was new."""
        for other in self.ledger.editions:
            census = other.as_of["listings"]
            if census is None or other.period_to > edition.period_to:
                continue
            last = min(as_date(night), as_date(census))
            market = self.known(other).market
            for month, told in self.ledger.turnover.months.items():
                is_told = other.period_from <= month <= last
                if is_told and is_few(told.new[market[told.new]]):
                    return True
        return False

    def shares_of_inquiries(
        self,
        edition: Edition,
        night: int,
        names: tuple[str, ...],
        keys: list[tuple[str, ...]],
        cell_in: Callable[[Edition], Ints],
    ) -> list[Row]:
        """Rows of a table of shares of an edition's inquiries; `cell_in` tells that of each
        inquiry, as an edition knew it."""

        def cells(of: Edition) -> dict[int, Cell]:
            counted, cell = self.counted_in[of.name], cell_in(of)
            return cells_of(self.inquiries.seller[counted], cell[counted], self.parts[counted])

        rows = shares(
            edition,
            night,
            names,
            keys,
            cells(edition),
            of_known=True,
            near=[cells(other) for other in self.near(edition)],
            before=[
                [cells(each) for each in self.near(other)]
                for other in self.near(edition)
                if other is not edition
            ],
            is_withheld_too=self.is_year_withheld(edition),
        )
        return [row | self.over_the_year(edition) for row in rows]

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


def parts_of(members: list[Mask]) -> Ints:
    """Numbers what is in the same of several sets, whichever they are, alike."""
    found = np.zeros(len(members[0]) if members else 0, np.int64)
    for member in members:
        _, found = np.unique(found * 2 + member, return_inverse=True)
    return found
