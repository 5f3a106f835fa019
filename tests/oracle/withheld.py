"""What is too small to be published, and what must be withheld with it."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from transforms.sample.universe.draw import Ints

FEWEST_SELLERS = 5  # a cell that rests on fewer is withheld


class Cell(NamedTuple):
    """So many things of these sellers, by the part that the same editions share."""

    things: int
    parts: dict[int, frozenset[int]]

    @property
    def sellers(self) -> frozenset[int]:
        return frozenset().union(*self.parts.values())


def is_few(sellers: Ints | int) -> bool:
    """Whether these sellers, or so many, are some but too few."""
    number = sellers if isinstance(sellers, int) else len(np.unique(sellers))
    return 0 < number < FEWEST_SELLERS


def is_split_few(part: int, whole: int) -> bool:
    """Of two classes of sellers neither may be small: one is what the other leaves."""
    return is_few(part) or is_few(whole - part)


def withheld_of(cells: Mapping[str, Cell]) -> set[str]:
    """Keys of the cells that few sellers stand behind, in a part or in all, and of one more where
    the total of the others would give a withheld one away."""
    few = few_of(cells)
    withheld = set(few)
    rest = [(cell.things, key) for key, cell in cells.items() if key not in withheld]
    if few and gives_away(few.values()) and rest:
        withheld.add(min(rest)[1])
    return withheld


def few_of(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Cells that few sellers stand behind, in a part or in all."""
    return {
        key: cell
        for key, cell in cells.items()
        if any(is_few(len(part)) for part in cell.parts.values())
    }


def gives_away(few: Collection[Cell]) -> bool:
    """Whether the total of these withheld cells tells one of them, or is itself of few sellers."""
    together = frozenset[int]().union(*(cell.sellers for cell in few))
    # Each counts one at least, and one less than the fewest at most.
    all_alike = (len(few), len(few) * (FEWEST_SELLERS - 1))
    things = sum(cell.things for cell in few)
    return len(few) == 1 or len(together) < FEWEST_SELLERS or things in all_alike


def is_closed(cells: Iterable[Cell], shown: set[str], withheld: set[str]) -> bool:
    """Whether the whole table is withheld: no named cell is left, or all are of few sellers."""
    everybody = frozenset[int]().union(*(cell.sellers for cell in cells))
    return is_few(len(everybody)) or (bool(shown) and shown <= withheld)
