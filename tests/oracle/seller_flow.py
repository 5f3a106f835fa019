"""The truth about sellers that come and go: new, churned and kept ones."""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from tests.oracle.ground import Ground, parts_of
from tests.oracle.ledger import Edition
from tests.oracle.rows import Row, cells_of, days_columns, head, measure, ratio, withheld
from tests.oracle.withheld import is_closed, is_few, withheld_of
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.moves import NEVER, Days
from transforms.sample.universe.sellers import Mask, Sellers

OPENING_WITHIN_DAYS = 7  # the week before the first day


class FlowTables(Ground):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = ("seller_flow", "seller_flow_by_city")

    @cached_property
    def shown_on(self) -> Days:
        return _shown_on(self.sellers, self.ledger.good_seller_nights)

    def seller_flow(self, edition: Edition) -> list[Row]:
        night, opening = edition.as_of["sellers"], self.opening(edition)
        first = min(self.ledger.good_seller_nights, default=None)
        row: Row = {**head(edition, night), "opened_on": None, "history_from": _iso(first)}
        row |= self._days(edition)
        names = (
            "sellers_at_start",
            "new_sellers",
            "churned_sellers",
            "returned_sellers",
            "retention",
        )
        if night is None or opening is None:
            for name in names:
                row |= measure(name)
            return [row]
        row["opened_on"] = _iso(opening)
        if self._is_withheld(edition):
            return [withheld(row, *names)]
        before, after = self.payers(opening), self.payers(night)
        at_start, kept = int(before.sum()), int((before & after).sum())
        is_new = self._new(edition, night)
        new, back = int(is_new.sum()), int((after & ~before & ~is_new).sum())
        left_again = int((is_new & ~after).sum())
        then, now = self.seller_coverage(opening), self.seller_coverage(night)
        for name, count, coverage in (
            ("sellers_at_start", at_start, then),
            ("new_sellers", new, now),
            ("churned_sellers", at_start - kept, then),
            ("returned_sellers", back - left_again, now),
        ):
            row |= measure(name, count, count, None, coverage)
        if is_few(int(after.sum())):
            withheld(row, "returned_sellers")
        if at_start:
            row |= measure("retention", kept / at_start, kept, at_start, then)
        else:
            row |= measure("retention")
        return [row]

    def seller_flow_by_city(self, edition: Edition) -> list[Row]:
        night, opening = edition.as_of["sellers"], self.opening(edition)
        names = ("new_sellers", "churned_sellers", "retention")
        top: Row = {**head(edition, night), **self._days(edition), "opened_on": _iso(opening)}
        if night is None or opening is None:
            row = top | {"opened_on": None, "city_key": "not_available", "city": "Not available"}
            for name in names:
                row |= measure(name)
            return [row]
        places = self.parameters.places
        cells = self._moves(edition, night, opening)
        named = {places[cell].city_key for cell in cells if cell >= 0}
        hidden = self._hides(edition)
        is_hidden = self._is_withheld(edition) or edition.year_basis == "calendar"
        if cells and (is_hidden or (named and named <= hidden)):
            row = top | {"city_key": "not_available", "city": "Not available"}
            return [withheld(row, *names)]
        unknown = cells.get(-1, (0, 0, 0))
        came, stayed, left = (sum(part) for part in zip(*cells.values(), strict=True))
        here = ratio(came - unknown[0], came)
        then = ratio(stayed + left - unknown[1] - unknown[2], stayed + left)
        rows = []
        for cell, (joined, stayed, left) in cells.items():
            place = places[cell] if cell >= 0 else None
            row = {
                **top,
                "city_key": place.city_key if place else "unknown",
                "city": place.city if place else "Unknown",
            }
            if place and place.city_key in hidden:
                for name, coverage in zip(names, (here, then, then), strict=True):
                    row |= measure(name, coverage=coverage)
                    row[f"{name}_symbol"] = "c"
            else:
                base = stayed + left
                row |= measure("new_sellers", joined, joined, None, here)
                row |= measure("churned_sellers", left, left, None, then)
                value, part, whole = (stayed / base, stayed, base) if base else (None, None, None)
                row |= measure("retention", value, part, whole, then)
            rows.append(row)
        return rows

    def _is_withheld(self, edition: Edition) -> bool:
        """Whether few came, stayed or left in this edition, or in one that shares days with it and
        ends no later."""
        return any(self._moves_few(other) for other in self.near(edition))

    def _moves_few(self, edition: Edition) -> bool:
        night, opening = edition.as_of["sellers"], self.opening(edition)
        if night is None or opening is None:
            return False
        before, after = self.payers(opening), self.payers(night)
        new = self._new(edition, night)
        moved = (before, before & after, before & ~after, *self._in_parts(edition, new))
        return any(is_few(int(who.sum())) for who in moved)

    def _in_parts(self, edition: Edition, who: Mask) -> list[Mask]:
        """New sellers by the editions that their first paid day lies in."""
        first = self.first_paid(edition)
        stretches = [
            (day_number(other.period_from), night)
            for other in self.ledger.editions
            if (night := other.as_of["sellers"]) is not None and self.opening(other) is not None
        ]
        part = parts_of([(opens <= first) & (first <= night) for opens, night in stretches])
        return [who & (part == one) for one in np.unique(part[who]).tolist()]

    def _moves(self, edition: Edition, night: int, opening: int) -> dict[int, tuple[int, ...]]:
        """New, kept and churned sellers by city."""
        before, after = self.payers(opening), self.payers(night)
        # Of a new seller the last city known, of the others the one that the opening census told.
        here = self.known(edition).city
        then = np.maximum(self.sellers.city_on(opening), -1)
        groups = (
            (self._new(edition, night), here),
            (before & after, then),
            (before & ~after, then),
        )
        cells = np.unique(np.concatenate([city[who] for who, city in groups])).tolist()
        return {
            cell: tuple(int((who & (city == cell)).sum()) for who, city in groups) for cell in cells
        }

    def _hides(self, edition: Edition) -> set[str]:
        """Keys of the cities that the edition by itself withholds."""
        night, opening = edition.as_of["sellers"], self.opening(edition)
        if night is None or opening is None:
            return set()
        places = self.parameters.places
        few = {
            places[cell].city_key for at in (opening, night) for cell in self._withheld_cities(at)
        }
        moves = self._moves(edition, night, opening)
        _, stayed, left = (sum(part) for part in zip((0, 0, 0), *moves.values(), strict=True))
        named = {places[c].city_key: m for c, m in moves.items() if c >= 0}
        return _withheld_flows(named, few, is_mixed=stayed > 0 < left)

    def _withheld_cities(self, night: int) -> set[int]:
        """Cities that a table of that night's paid sellers withholds."""
        places, payers = self.parameters.places, self.payers(night)
        cells = cells_of(np.flatnonzero(payers), self.sellers.city_on(night)[payers])
        keys = {places[cell].city_key: cell for cell in cells if cell >= 0}
        hidden = withheld_of({key: cells[cell] for key, cell in keys.items()})
        is_all = is_closed(cells.values(), set(keys), hidden)
        return set(keys.values()) if is_all else {keys[key] for key in hidden}

    def _days(self, edition: Edition) -> Row:
        """A flow goes from the opening census to the last one: without both it has no day."""
        night, first = edition.as_of["sellers"], day_number(edition.period_from)
        covered = 0 if night is None or self.opening(edition) is None else night - first + 1
        return days_columns(day_number(edition.period_to) - first + 1, covered)

    def opening(self, edition: Edition) -> int | None:
        """The last good night of the week before the edition, if there is one."""
        last = day_number(edition.period_from) - 1
        near = range(last - OPENING_WITHIN_DAYS + 1, last + 1)
        return max((n for n in self.ledger.good_seller_nights if n in near), default=None)

    def first_paid(self, edition: Edition) -> Days:
        """First paid day of the market's sellers, as the edition's censuses have shown it; NEVER
        where it has none."""
        night = edition.as_of["sellers"]
        if night is None:
            return np.full(len(self.sellers), NEVER)
        told = np.where(self.shown_on <= night, self.sellers.paid_from, NEVER).min(axis=1)
        return np.where(self.known(edition).market, told, NEVER)

    def _new(self, edition: Edition, night: int) -> Mask:
        first = self.first_paid(edition)
        return (day_number(edition.period_from) <= first) & (first <= night)


def _shown_on(sellers: Sellers, nights: list[int]) -> Days:
    """The first good night on which the census named each membership: from its first day on, as
    long as the seller is there and no later membership has taken its place."""
    shown = np.full(sellers.paid_from.shape, NEVER, np.int64)
    for night in reversed(nights):
        start, _ = sellers.last_paid_stretch(night)
        names = sellers.present_on(night) & (start <= night)
        second = names & (start == sellers.paid_from[:, 1])
        shown[second, 1] = night
        shown[names & ~second, 0] = night
    return shown


def _withheld_flows(
    cells: dict[str, tuple[int, ...]], few: set[str], *, is_mixed: bool
) -> set[str]:
    """Keys of the cities of which a part is of few sellers or which is so elsewhere (`few`), or
    whose sellers all stayed or all left although the market's did not (`is_mixed`), and of the
    smallest others until the withheld ones together give nothing away."""
    hidden = {key for key, parts in cells.items() if key in few or _tells(parts, is_mixed)}
    others = sorted((sum(parts), key) for key, parts in cells.items() if key not in hidden)
    while hidden and others:
        together = [sum(part) for part in zip(*(cells[key] for key in hidden), strict=True)]
        if len(hidden) > 1 and not _tells(together, is_mixed):
            break
        hidden.add(others.pop(0)[1])
    return hidden


def _tells(parts: Sequence[int], is_mixed: bool) -> bool:
    """Whether few joined, stayed or left, or all who were there did the same."""
    _, stayed, left = parts
    return any(map(is_few, parts)) or (is_mixed and (stayed == 0) != (left == 0))


def _iso(night: int | None) -> str | None:
    return None if night is None else f"{as_date(night)}"
