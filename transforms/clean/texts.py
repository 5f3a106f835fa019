"""The texts of a raw field made even. Arrow looks at the whole column, Python only at odd texts."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields.text import NULLS, PLAIN, has_control, known, repaired, seen

SAMPLE = 1_000  # rows that show whether texts repeat
MOSTLY = 0.9

_NULLS = pa.array(sorted(NULLS))


@dataclass(frozen=True)
class Texts:
    """Distinct texts, with the position of each row's among them in `codes`. Where nearly all
    differ, there is one text per row and no codes.

    `delivered` are as read, `even` made even and null for null tokens. Of the `odd` ones, whose
    form or words needed a closer look, some were `repaired`, and some `have_controls`.
    """

    delivered: pa.Array
    even: pa.Array
    odd: pa.Array
    repaired: np.ndarray
    have_controls: np.ndarray
    codes: pa.Array | None

    def by_row(self, values: pa.Array) -> pa.Array:
        """Values of each text as one per row."""
        return values if self.codes is None else values.take(self.codes)

    def rows(self, wanted: np.ndarray) -> np.ndarray:
        """Which rows have one of the wanted texts."""
        if not wanted.any():
            return np.zeros(len(self.even if self.codes is None else self.codes), dtype=bool)
        return _as_numpy(self.by_row(pa.array(wanted)))

    def as_delivered(self) -> pa.Array:
        """The texts as read, without characters that nobody sees; null tokens are null."""
        read = zip(
            self.delivered.filter(self.odd).to_pylist(),
            self.even.filter(self.odd).to_pylist(),
            strict=True,
        )
        kept = [None if even is None else seen(raw) for raw, even in read]
        return pc.replace_with_mask(self.delivered, self.odd, pa.array(kept, pa.string()))


def texts(column: pa.Array, is_country: bool = False) -> Texts:
    """The texts of a column; in that of a country, NA is Namibia."""
    delivered, codes = column, None
    if not differ(column):
        encoded = column.dictionary_encode()
        delivered, codes = encoded.dictionary, encoded.indices
    odd = pc.fill_null(pc.invert(_is_plain(delivered)), False)
    found = delivered.filter(odd).to_pylist()
    whole = [repaired(text) for text in found]
    even = pa.array([known(text, is_country) for text in whole], pa.string())
    is_repaired, have_controls = (np.zeros(len(delivered), dtype=bool) for _ in range(2))
    where = _as_numpy(odd)
    is_repaired[where] = _as_numpy(
        pc.not_equal(pa.array(whole, pa.string()), delivered.filter(odd))
    )
    have_controls[where] = [has_control(text) for text in whole]
    return Texts(
        delivered=delivered,
        even=pc.replace_with_mask(delivered, odd, even),
        odd=odd,
        repaired=is_repaired,
        have_controls=have_controls,
        codes=codes,
    )


def differ(column: pa.Array) -> bool:
    """Whether nearly all texts of a column differ, as far as its first ones show."""
    return bool(pc.count_distinct(column.slice(0, SAMPLE)).as_py() > MOSTLY * SAMPLE)


def _is_plain(column: pa.Array) -> pa.Array:
    """Whether `known`, `repaired` and `seen` would all leave a text as it is."""
    is_null = pc.is_in(pc.ascii_lower(column), _NULLS)
    return pc.and_not(pc.match_substring_regex(column, PLAIN), is_null)


def _as_numpy(flags: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(flags, False).to_numpy(zero_copy_only=False))
