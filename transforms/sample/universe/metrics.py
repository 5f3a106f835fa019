"""What goes on at the listings of the universe from day to day."""

from functools import cached_property

import numpy as np

from transforms.sample.universe.draw import Ints, below, generator, noise
from transforms.sample.universe.listings import Listings

COLUMNS = (
    "impressions",
    "clicks",
    "visitors",
    "inquiries",
    "inquirers",
    "tm_chatters",
    "orders",
    "bookmarks",
)
SILENT = -1  # the export says nothing, which is not 0

_METRICS = 28  # stream of random numbers
_MOODS = 8  # how much is going on at a listing
_COUNT = 1_024  # days that a mood knows


class Metrics:
    """A pool of days, in blocks of equal mood, from which every listing takes one a day."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, listings: Listings, day: int) -> Ints:
        """Position in the pool of each listing's day."""
        mood = below(noise(listings.noise, _METRICS), _MOODS)
        return mood * _COUNT + below(noise(listings.noise, _METRICS, day), _COUNT)

    @cached_property
    def pool(self) -> Ints:
        """A row per day, by COLUMNS."""
        rng = generator(self._seed, _METRICS)
        rows = []
        for mood in range(_MOODS):
            for shown, silent in zip(
                rng.poisson(0.5 * 2**mood, _COUNT), rng.random(_COUNT), strict=True
            ):
                if silent < 0.02:
                    rows.append([SILENT] * len(COLUMNS))
                    continue
                clicks = int(rng.binomial(shown, 0.03))
                visitors = clicks + int(rng.poisson(0.02 * shown))
                # Few of a listing, so that all of a night are about as many as arrive in a day.
                inquiries = int(rng.binomial(visitors, 0.002))
                people = min(inquiries, 1 + int(rng.integers(2)))
                chats = int(rng.binomial(visitors, 0.03))
                orders = int(rng.binomial(inquiries, 0.1))
                marks = int(rng.binomial(visitors, 0.05))
                rows.append([shown, clicks, visitors, inquiries, people, chats, orders, marks])
        return np.array(rows, np.int64)
