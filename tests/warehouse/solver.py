"""What a reader can work out: unknown whole numbers of which sums are known.

Two ways, both exact: elimination (which unknowns the sums fix), and bounds (what is left when all
others of a sum are as small or as large as they can be). A number is worked out if its bounds meet.
Most numbers are published: these are put in first, which leaves little to eliminate.
"""

from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from math import ceil, floor

Name = Hashable
Sum = dict[Name, Fraction]

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
    low = {name: Fraction(least.get(name, 0)) for row, _ in equations for name in row}
    high: dict[Name, Fraction | None] = dict.fromkeys(low)
    for _ in range(ROUNDS):
        changed = False
        for row, right in equations:
            for name in row:
                changed |= _narrow(name, row, right, low, high)
        if not changed:
            break
    return {name: low[name] for name in low if low[name] == high[name]}


def _narrow(
    name: Name,
    row: Sum,
    right: Fraction,
    low: dict[Name, Fraction],
    high: dict[Name, Fraction | None],
) -> bool:
    """Tightens the bounds of one unknown by those of the others in the sum."""
    smallest: Fraction | None = Fraction(0)
    largest: Fraction | None = Fraction(0)
    for other, factor in row.items():
        if other == name:
            continue
        here, there = (low[other], high[other]) if factor > 0 else (high[other], low[other])
        smallest = None if smallest is None or here is None else smallest + factor * here
        largest = None if largest is None or there is None else largest + factor * there
    factor = row[name]
    ends = [None if end is None else (right - end) / factor for end in (largest, smallest)]
    bottom, top = ends if factor > 0 else ends[::-1]
    changed = False
    if bottom is not None and ceil(bottom) > low[name]:
        low[name], changed = Fraction(ceil(bottom)), True
    top_now = high[name]
    if top is not None and (top_now is None or floor(top) < top_now):
        high[name], changed = Fraction(floor(top)), True
    return changed
