"""Which rows of a delivery are bad, which come twice, and where they stand among the good ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.sample.universe.draw import Ints, generator

BAD = {
    "sellers": ("no_id", "malformed_id", "ragged"),
    "listings": ("no_id", "malformed_id", "no_title", "short_title", "ragged"),
    "inquiries": ("no_subject", "fax"),
}
DUPLICATE = ("exact", "blanked")

_DIRT = {"sellers": 401, "listings": 402, "inquiries": 403}  # streams of random numbers


@dataclass(frozen=True)
class Arrangement:
    """The rows of one dataset of one night, by number: good rows 0..good-1 in their order, then
    the extra ones (`sources[i]` is the good row that extra row i is made of, `kinds[i]` what was
    done to it). `order` is the order of delivery; a truncated one lacks its end."""

    good: int
    sources: Ints
    kinds: tuple[str, ...]
    order: Ints

    def counts(self) -> dict[str, int]:
        """Rows in, accepted, rejected and duplicate, of what is delivered."""
        extra = self.order[self.order >= self.good] - self.good
        is_bad = np.array([kind not in DUPLICATE for kind in self.kinds], bool)
        rejected = int(is_bad[extra].sum())
        copies = extra[~is_bad[extra]]
        keys = np.concatenate([self.order[self.order < self.good], self.sources[copies]])
        accepted = len(np.unique(keys))
        total = len(self.order)
        return {
            "in": total,
            "accepted": accepted,
            "rejected": rejected,
            "duplicate": total - accepted - rejected,
        }


def arrange(
    dataset: str,
    good: int,
    ordinal: int,
    day: int,
    seed: int,
    numbers: dict[str, Any],
    *,
    keep: float = 1.0,
) -> Arrangement:
    """The dirt of one dataset of one night. `keep` below 1 cuts the end off.

    The kinds of damage take turns from night to night, so that a short history has them all. A
    file of exactly the page cap would pass for a cut one: it gets one more duplicate.
    """
    p, cap = numbers["dirt"], numbers["deliveries"]["page_cap"]
    rng = generator(seed, _DIRT[dataset], day)
    damages = BAD[dataset]
    bad = min(max(1, round(p["bad"] * good)), int(p["most_bad"] * (good + 1)))
    copies = int(p["duplicate"] * good + rng.random()) if good else 0
    if good >= 30:
        copies = max(copies, 1)
    if good + bad + copies == cap:
        copies += 1
    kinds = [damages[(ordinal + i) % len(damages)] for i in range(bad)]
    kinds += [DUPLICATE[(ordinal + i) % 2] for i in range(copies)]
    extra = bad + copies
    sources = rng.integers(0, max(good, 1), extra)
    places = np.concatenate([np.arange(good, dtype=np.float64), rng.random(extra) * good - 0.5])
    order = np.argsort(places, kind="stable")
    if keep < 1:
        kept = round(len(order) * keep)
        order = order[: kept + (kept == cap)]
    return Arrangement(good, sources.astype(np.int64), tuple(kinds), order)


def split(arrangement: Arrangement, cap: int) -> list[NDArray[np.int64]]:
    """The order of delivery in two files, neither of them as long as the page cap."""
    rows = len(arrangement.order)
    at = rows * 3 // 5
    while cap in (at, rows - at):
        at += 1
    return [arrangement.order[:at], arrangement.order[at:]]
