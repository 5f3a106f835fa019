"""What the nights of a universe deliver: good rows, and the plan of bad and repeated ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from transforms.sample.universe import dirt
from transforms.sample.universe.companies import Companies
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.inquiries import Deliveries, Flow, Inquiries
from transforms.sample.universe.listings import Listings, Maker, Stock
from transforms.sample.universe.nights import DATASETS, MISSING, Night, plan
from transforms.sample.universe.parameters import load
from transforms.sample.universe.recipe import Recipe
from transforms.sample.universe.sellers import make_sellers


@dataclass(frozen=True)
class Rows:
    """The good rows of one night, without any dirt."""

    sellers: Ints
    listings: Listings
    inquiries: Inquiries

    def count(self, dataset: str) -> int:
        return len(getattr(self, dataset))


class Universe:
    """All that a recipe makes. Raises ValueError for a market without parameters, a scale that is
    not above 0, or nights that the parameters do not reach."""

    def __init__(self, recipe: Recipe) -> None:
        self.seed = recipe.seed
        self.parameters = load(recipe.market)
        if recipe.scale <= 0:
            raise ValueError(f"scale is {recipe.scale}: must be above 0")
        self.numbers = self.parameters.numbers
        reach = self.numbers["deliveries"]
        first, last = reach["first_night"], reach["last_night"]
        if any(r.first < first or r.last > last for r in recipe.ranges):
            raise ValueError(f"the universe has nights from {first} to {last} only")
        self.nights = plan(
            recipe.ranges,
            self.seed,
            self.numbers["incidents"],
            self.parameters.fiscal_year_starts_in_month,
        )
        self.sellers = make_sellers(self.parameters, recipe.scale, self.seed)
        self.maker = Maker(self.parameters, self.sellers, recipe.scale, self.seed)
        self.companies = Companies(self.parameters, self.sellers, self.seed, self.nights[-1].number)
        self._flow = Flow(self.maker, recipe.scale, self.seed)

    def rows(self, nights: list[Night]) -> Iterator[tuple[Night, Rows]]:
        """These nights, which are in order, each with what it delivers."""
        stock = Stock(self.maker, [night.number for night in nights])
        inquiries = Deliveries(self._flow, self.nights[0].window_from)
        for night in nights:
            held, live = stock.on(night.number)
            present = np.flatnonzero(self.sellers.present_on(night.number))
            yield night, Rows(present, held.take(live), inquiries.of(night))

    def arrangements(self, night: Night, rows: Rows, turn: int = 0) -> dict[str, dirt.Arrangement]:
        """What is delivered of each dataset that night, by row number. Each delivery of a night has
        a `turn` of its own."""
        found = {}
        for dataset in DATASETS:
            if night.status(dataset) == MISSING:
                continue
            cut = night.incident == "truncated" and dataset == "listings"
            found[dataset] = dirt.arrange(
                dataset,
                rows.count(dataset),
                night.ordinal + turn,
                night.number,
                self.seed,
                self.numbers,
                keep=self.numbers["incidents"]["truncated_to"] if cut else 1.0,
            )
        return found
