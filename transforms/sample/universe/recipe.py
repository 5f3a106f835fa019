"""What a folder of generated exports was made of: enough to make its universe again."""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from transforms.sample.universe.nights import Range

FILE = "sample.json"
CADENCES = ("night", "week", "month")


@dataclass(frozen=True)
class Recipe:
    """One universe, and the ranges of nights that it delivers; each later than the one before."""

    seed: int
    scale: float
    market: str
    ranges: tuple[Range, ...] = ()

    def with_range(self, new: Range) -> "Recipe":
        """The same with another range. Raises ValueError unless it comes after all others or is
        one of them."""
        if new.every not in CADENCES:
            raise ValueError(f"every is {new.every!r}: must be one of {', '.join(CADENCES)}")
        if new.last < new.first:
            raise ValueError(f"the range ends ({new.last}) before it begins ({new.first})")
        if not new.nights():
            raise ValueError(f"no delivery is due from {new.first} to {new.last} every {new.every}")
        if new in self.ranges:
            return self
        for earlier in self.ranges:
            if new.first <= earlier.last:
                raise ValueError(
                    f"the range from {new.first} begins before the end of an earlier one"
                    f" ({earlier.first} to {earlier.last}): only later nights can be added"
                )
        return replace(self, ranges=(*self.ranges, new))

    def calendar(self) -> list[dict[str, str]]:
        """The ranges as calendar.json has them."""
        return [{"from": f"{r.first}", "to": f"{r.last}", "every": r.every} for r in self.ranges]

    def as_json(self) -> dict[str, Any]:
        asked = {"seed": self.seed, "scale": self.scale, "market": self.market}
        return {**asked, "ranges": self.calendar()}


def recipe_of(folder: Path) -> Recipe | None:
    """The recipe that the folder's sample was made of; None if it holds no sample."""
    path = folder / FILE
    if not path.is_file():
        return None
    known = json.loads(path.read_text("utf-8"))
    ranges = (
        Range(date.fromisoformat(r["from"]), date.fromisoformat(r["to"]), r["every"])
        for r in known["ranges"]
    )
    return Recipe(known["seed"], known["scale"], known["market"], tuple(ranges))


def continued(folder: Path, asked: Recipe) -> Recipe:
    """The folder's recipe, or what is asked if it has none. Raises ValueError if the folder holds
    another universe."""
    known = recipe_of(folder)
    if known is None:
        return asked
    for name in ("seed", "scale", "market"):
        if (there := getattr(known, name)) != (wanted := getattr(asked, name)):
            raise ValueError(
                f"{folder} holds a sample of {name} {there!r}, not {wanted!r}:"
                " give the same or another folder"
            )
    return known
