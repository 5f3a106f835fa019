"""What texts were read as, so that a text that comes again in a later batch is not read again."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MOST = 1 << 17  # texts of one field that are kept; nearly all that repeat are among them
MOST_BYTES = 16 << 20  # of those texts


@dataclass(frozen=True)
class Parsed:
    """Typed columns of texts, and for each text that is unreadable the reason."""

    columns: tuple[pa.Array, ...]
    reasons: pa.Array

    def take(self, places: pa.Array) -> "Parsed":
        return Parsed(tuple(c.take(places) for c in self.columns), self.reasons.take(places))

    def but(self, others: pa.Array, values: "Parsed") -> "Parsed":
        """The same, but with those values for the texts that are `others`."""
        places, where = np.arange(len(others)), np.flatnonzero(others)
        if not len(where):
            return self
        places[where] = len(others) + np.arange(len(where))
        return self.and_then(values).take(pa.array(places))

    def and_then(self, other: "Parsed") -> "Parsed":
        both = zip(self.columns, other.columns, strict=True)
        columns = tuple(pa.concat_arrays(pair) for pair in both)
        return Parsed(columns, pa.concat_arrays([self.reasons, other.reasons]))


class Memory:
    """Remembers what the texts of each field were parsed to. Parsers are pure, so that forgetting
    changes nothing but the time."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[pa.Array, Parsed]] = {}

    def __reduce__(self) -> tuple[type["Memory"], tuple[()]]:
        return Memory, ()  # another process begins with an empty one

    def parsed(
        self, what: Hashable, texts: pa.Array, parse: Callable[[pa.Array], Parsed]
    ) -> Parsed:
        """What the texts are, parsing those that are new; of a null text all is null."""
        known, values = self._known.get(what) or (texts.slice(0, 0), parse(texts.slice(0, 0)))
        is_new = pc.and_(pc.is_valid(texts), pc.invert(pc.is_in(texts, known)))
        if new := pc.unique(texts.filter(is_new)):
            known, values = pa.concat_arrays([known, new]), values.and_then(parse(new))
        found = values.take(pc.index_in(texts, known))
        # Too many are forgotten at once, for the ones that repeat come back with the next batch.
        self._known[what] = (known, values)
        if len(known) > MOST or known.nbytes > MOST_BYTES:
            del self._known[what]
        return found
