"""What a reader can work out: unknown whole numbers of which sums are known.

Two ways, both exact: elimination (which unknowns the sums fix), and bounds (what is left when all
others of a sum are as small or as large as they can be). A number is worked out if its bounds meet.
Most numbers are published: these are put in first, which leaves little to eliminate.
"""

from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from math import lcm

Name = Hashable
Sum = dict[Name, Fraction]
Bounds = dict[Name, int | None]

ROUNDS = 60


class System:
    """Equations over unknown numbers that are whole and not below 0, or a bound of their own."""

    def __init__(self) -> None:
        self.equations: list[tuple[Sum, Fraction]] = []
        self.least: dict[Name, int] = {}

    def add(self, left: Iterable[tuple[Name, Fraction | int]], right: Fraction | int = 0) -> None:
        """Factors of unknowns that add up to a known number; a name may stand in it twice."""
        row: Sum = {}
        for name, factor in left:
            row[name] = row.get(name, Fraction(0)) + factor
        row = {name: factor for name, factor in row.items() if factor}
        if row:
            self.equations.append((row, Fraction(right)))

    def at_least(self, name: Name, bound: int) -> None:
        self.least[name] = max(bound, self.least.get(name, 0))

    def told(self) -> set[Name]:
        """Unknowns that somebody states as they are."""
        return {next(iter(row)) for row, _ in self.equations if len(row) == 1}

    def worked_out(self) -> dict[Name, Fraction]:
        """Unknowns that have one possible value."""
        found, left = _told(self.equations)
        for part in _parts(left):
            reduced = _reduced(part)
            found |= _fixed_by_bounds([*part, *reduced], self.least)
            found |= {next(iter(row)): right for row, right in reduced if len(row) == 1}
        return found


def _told(
    equations: list[tuple[Sum, Fraction]],
) -> tuple[dict[Name, Fraction], list[tuple[Sum, Fraction]]]:
    """Unknowns that stand alone in a sum, once those found so are put into all others; and what is
    left of the sums."""
    rows = [dict(row) for row, _ in equations]
    rights = [right for _, right in equations]
    within: dict[Name, list[int]] = {}
    for number, row in enumerate(rows):
        for name in row:
            within.setdefault(name, []).append(number)
    found: dict[Name, Fraction] = {}
    alone = [number for number, row in enumerate(rows) if len(row) == 1]
    while alone:
        first = alone.pop()
        if not rows[first]:  # put in meanwhile
            continue
        ((name, factor),) = rows[first].items()
        found[name] = rights[first] / factor
        for number in within[name]:
            rights[number] -= rows[number].pop(name, Fraction(0)) * found[name]
            if len(rows[number]) == 1:
                alone.append(number)
    return found, [(row, right) for row, right in zip(rows, rights, strict=True) if row]


def _parts(equations: list[tuple[Sum, Fraction]]) -> list[list[tuple[Sum, Fraction]]]:
    """Equations that share no unknown are solved apart."""
    parent: dict[Name, Name] = {}

    def root(name: Name) -> Name:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row, _ in equations:
        first, *others = row
        for other in others:
            parent[root(other)] = root(first)
    parts: dict[Name, list[tuple[Sum, Fraction]]] = {}
    for row, right in equations:
        parts.setdefault(root(next(iter(row))), []).append((row, right))
    return list(parts.values())


def _reduced(part: list[tuple[Sum, Fraction]]) -> list[tuple[Sum, Fraction]]:
    """Gauss and Jordan, with fractions: every pivot stands in one row only."""
    pivots: dict[Name, tuple[Sum, Fraction]] = {}
    for row, right in part:
        row = dict(row)
        for name in [n for n in row if n in pivots]:
            right = _subtract(row, right, row[name], pivots[name])
        if not row:
            continue
        pivot = next(iter(row))
        factor = row[pivot]
        made = ({n: f / factor for n, f in row.items()}, right / factor)
        for name, (other, value) in pivots.items():
            if pivot in other:
                pivots[name] = (other, _subtract(other, value, other[pivot], made))
        pivots[pivot] = made
    return list(pivots.values())


def _subtract(row: Sum, right: Fraction, factor: Fraction, what: tuple[Sum, Fraction]) -> Fraction:
    for name, share in what[0].items():
        left = row.get(name, Fraction(0)) - factor * share
        if left:
            row[name] = left
        else:
            row.pop(name, None)
    return right - factor * what[1]


def _fixed_by_bounds(
    equations: list[tuple[Sum, Fraction]], least: Mapping[Name, int]
) -> dict[Name, Fraction]:
    low: Bounds = {name: least.get(name, 0) for row, _ in equations for name in row}
    high: Bounds = dict.fromkeys(low)
    sums = [_in_whole_numbers(row, right) for row, right in equations]
    for _ in range(ROUNDS):
        changed = False
        for row, right in sums:
            changed |= _narrow(row, right, low, high)
        if not changed:
            break
    return {name: Fraction(high[name] or 0) for name in low if low[name] == high[name]}


def _in_whole_numbers(row: Sum, right: Fraction) -> tuple[dict[Name, int], int]:
    """The same equation without denominators: whole numbers are added in a tenth of the time."""
    by = lcm(right.denominator, *(factor.denominator for factor in row.values()))
    return {name: int(factor * by) for name, factor in row.items()}, int(right * by)


def _narrow(row: dict[Name, int], right: int, low: Bounds, high: Bounds) -> bool:
    """Tightens the bounds of each unknown of a sum by those of the others."""
    changed = False
    smallest, largest = _end(row, low, high), _end(row, high, low)
    for name, factor in row.items():
        own = {name: factor}
        at_most = _without(smallest, _end(own, low, high))
        at_least = _without(largest, _end(own, high, low))
        # What is left for this one if the others are as large, or as small, as they can be.
        ends = [None if end is None else right - end for end in (at_least, at_most)]
        bottom, top = ends if factor > 0 else ends[::-1]
        was, up_to = (low[name], high[name]), high[name]
        if bottom is not None:
            low[name] = max(low[name] or 0, -(-bottom // factor))
        if top is not None:
            high[name] = top // factor if up_to is None else min(up_to, top // factor)
        if (low[name], high[name]) != was:
            changed = True
            smallest, largest = _end(row, low, high), _end(row, high, low)
    return changed


def _end(row: Mapping[Name, int], of_added: Bounds, of_taken: Bounds) -> tuple[int, int]:
    """What a sum comes to at the bounds of what it adds and takes away, and how many have none."""
    bounds = [(factor, (of_added if factor > 0 else of_taken)[n]) for n, factor in row.items()]
    known = [factor * bound for factor, bound in bounds if bound is not None]
    return sum(known), len(bounds) - len(known)


def _without(whole: tuple[int, int], own: tuple[int, int]) -> int | None:
    """The end of a sum's other unknowns; None if one of them has no bound."""
    return whole[0] - own[0] if whole[1] == own[1] else None
