"""What the marketplace says of the sellers' companies on every night alike."""

from functools import cached_property

import numpy as np

from transforms.sample.universe.draw import Ints, Keys, noise
from transforms.sample.universe.parameters import Parameters
from transforms.sample.universe.sellers import Sellers

_WORDS = 501  # stream of random numbers


class Companies:
    """Those of the sellers that were seen by some last night."""

    def __init__(self, parameters: Parameters, sellers: Sellers, seed: int, last: int) -> None:
        self._parameters = parameters
        self._sellers = sellers
        self._seed = seed
        self._count = int((sellers.stay_from[:, 0] <= last).sum())

    def __len__(self) -> int:
        return self._count

    @cached_property
    def keys(self) -> Keys:
        return noise(np.arange(self._count, dtype=np.uint64), self._seed, _WORDS)

    @cached_property
    def names(self) -> list[str]:
        """Both storefronts of a company have the same."""
        words = self._parameters.words["companies"]
        tops = self._parameters.top_categories
        names: list[str] = []
        for i, draw in enumerate(noise(self.keys, 6).tolist()):
            twin = int(self._sellers.twin_of[i])
            if twin >= 0:
                names.append(names[twin])
                continue
            trade = words["trade"][tops[self._sellers.top_category[i]]]
            parts = (
                one_of(words["first"], draw),
                one_of(words["second"], draw // 1009),
                one_of(trade, draw // 10007),
                one_of(words["suffix"], draw // 100003),
            )
            names.append(" ".join(part for part in parts if part))
        return names

    @cached_property
    def orders_6m(self) -> Ints:
        """Online orders of six months; -1 where the marketplace is silent."""
        draws = noise(self.keys, 5)
        some = np.where(draws // 11 % 5 < 2, draws // 19 % 160, 0).astype(np.int64)
        return np.where(draws % 11 == 0, -1, some)


def one_of(words: list[str], draw: int) -> str:
    return words[draw % len(words)]
