"""One batch on its way from text to typed columns, each distinct text parsed once."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clean.memory import Memory, Parsed
from transforms.clean.texts import Texts, differ, texts
from transforms.clean.times import wall_times
from transforms.contracts import Column, Contract
from transforms.fields import Unreadable
from transforms.fields.date import instant
from transforms.fields.text import identifier
from transforms.markets import Market
from transforms.mask import MASKS

COUNTRIES = frozenset({"country", "buyer_country", "origin"})  # raw fields that may say NA, Namibia
BETWEEN = "\x1f"  # parts two texts read as one; no even text has it
AtOnce = Callable[[pa.Array], tuple[pa.Array, ...]]  # texts to typed columns
PROBLEM_COLUMNS = ["row", "column", "reason", "raw_value"]


@dataclass(frozen=True)
class Context:
    """What a cleaner may know besides the row itself: the night, the market, the hashing key.

    `evidence` says of raw fields what their file as a whole shows: whether `03/04/2025` has the
    "day" or the "month" first, and that rates without a sign are a "percent"; "both" is unknown.
    """

    snapshot_date: date
    market: Market
    key: bytes
    evidence: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None  # of the export's wall times, where its layout says so
    # What its texts were read as. Another context, of another file, begins with an empty one.
    memory: Memory = field(default_factory=Memory, init=False, repr=False, compare=False)


@dataclass(frozen=True)
class Cleaned:
    """Typed rows, one per row of text, and the values that could not be parsed.

    `problems` has a row per value: position of the row, column, reason, text as delivered.
    `warnings` counts odd values that were kept, by (code, column).
    """

    rows: pa.Table
    problems: pd.DataFrame
    warnings: Counter[tuple[str, str | None]]


class Batch:
    """Builds the typed columns of one batch. Columns nobody fills are null: not in this export."""

    def __init__(self, raw: pd.DataFrame, contract: Contract, memory: Memory | None = None) -> None:
        self.raw = raw
        self.contract = contract
        self._size = len(raw)
        self._columns: dict[str, pa.Array] = {}
        self._problems: dict[str, list[Any]] = {name: [] for name in PROBLEM_COLUMNS}
        self._memory = memory or Memory()
        self._texts: dict[str, Texts] = {}
        self._repaired = np.zeros(len(raw), dtype=bool)
        self._warnings: Counter[tuple[str, str | None]] = Counter()

    def has(self, *fields: str) -> bool:
        return all(field in self.raw for field in fields)

    def texts(self, field: str) -> list[str | None]:
        """Even text per row, None where absent."""
        return self._by_row(field).to_pylist() if self.has(field) else [None] * self._size

    def parse(
        self, field: str, columns: str | Sequence[str | None], parser: Callable[[str], Any]
    ) -> None:
        """Fills one column from one field, or several from a parser that returns a tuple.

        Where the text is Unreadable the columns are null and the problem is noted at the first.
        """
        if self.has(field):
            self._parse(field, columns, self._texts_of(field), parser)

    def _texts_of(self, field: str) -> Texts:
        if field not in self._texts:
            self._texts[field] = self._noted(field, self._delivered(field))
        return self._texts[field]

    def _delivered(self, field: str) -> pa.Array:
        found = pa.array(self.raw[field], type=pa.string(), from_pandas=True)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found

    def _noted(self, field: str, column: pa.Array) -> Texts:
        """The texts of a column; counts those that were repaired, and those with a NUL or the like:
        something was cut, joined or damaged."""
        found = texts(column, field in COUNTRIES)
        repaired = found.rows(found.repaired)
        self._repaired |= repaired
        self.warn("mojibake_repaired", field, int(repaired.sum()))
        self.warn("control_character", field, int(found.rows(found.have_controls).sum()))
        return found

    def _by_row(self, field: str) -> pa.Array:
        found = self._texts_of(field)
        return found.by_row(found.even)

    def _parse(
        self,
        field: str,
        columns: str | Sequence[str | None],
        given: Texts,
        parser: Callable[[str], Any],
        usual: AtOnce | None = None,
    ) -> None:
        names = [columns] if isinstance(columns, str) else list(columns)
        filled = [name for name in names if name]

        def read(texts: pa.Array) -> Parsed:
            if isinstance(columns, str):
                # A parser may change what an address is known by, so it sees none.
                texts = _masked(texts, self.contract.by_name[columns])
            what = (self.contract.dataset, field, *names)
            return self._memory.parsed(what, texts, lambda t: self._parsed(t, columns, parser))

        if usual:
            found = Parsed(usual(given.even), pa.nulls(len(given.even), pa.string()))
            is_odd = pc.and_(pc.is_valid(given.even), pc.is_null(found.columns[0]))
            found = found.but(is_odd, read(given.even.filter(is_odd)))
        else:
            found = read(given.even)
        for name, values in zip(filled, found.columns, strict=True):
            self._put(name, values, given)
        if found.reasons.null_count < len(found.reasons):
            reasons = given.by_row(found.reasons)
            rows = np.flatnonzero(pc.is_valid(reasons)).tolist()
            self.problem(filled[0], rows, reasons.drop_null().to_pylist(), field)

    def _parsed(
        self, texts: pa.Array, columns: str | Sequence[str | None], parser: Callable[[str], Any]
    ) -> Parsed:
        values: list[Any] = []
        unread: dict[int, str] = {}
        for position, text in enumerate(texts.to_pylist()):
            value = None
            if text is not None:
                try:
                    value = parser(text)
                except Unreadable as error:
                    unread[position] = str(error)
            values.append(value)
        if isinstance(columns, str):
            typed = (self._typed(columns, values, unread),)
        else:
            typed = tuple(
                self._typed(name, [None if v is None else v[index] for v in values], unread)
                for index, name in enumerate(columns)
                if name
            )
        return Parsed(typed, pa.array(map(unread.get, range(len(values))), pa.string()))

    def parse_with(
        self,
        field: str,
        beside: str,
        columns: Sequence[str],
        parser: Callable[[str, str | None], Any],
        usual: AtOnce | None = None,
    ) -> None:
        """As `parse`, by a parser that also sees the row's text of another field, or None.

        Texts in a `usual` form are read by the column at once: of others its first column is null.
        """
        if not self.has(field):
            return
        if not self.has(beside):
            given = self._texts_of(field)
            self._parse(field, columns, given, lambda text: parser(text, None), usual)
            return
        # One reading per pair of texts, so that a row stays independent of its neighbours.
        other = pc.fill_null(self._by_row(beside), "")
        pairs = pc.binary_join_element_wise(self._by_row(field), other, BETWEEN)
        given = replace(self._texts_of(field), even=pairs, codes=None)
        if not differ(pairs):
            encoded = pairs.dictionary_encode()
            given = replace(given, even=encoded.dictionary, codes=encoded.indices)

        def parse_pair(pair: str) -> Any:
            text, _, other = pair.partition(BETWEEN)
            return parser(text, other or None)

        self._parse(field, columns, given, parse_pair, usual)

    def text(self, field: str, column: str) -> None:
        """Even text, null tokens null."""
        if self.has(field):
            found = self._texts_of(field)
            self._put(column, found.even, found)

    def ids(self, field: str, column: str) -> None:
        """Ids; nearly all are digits, and those are looked through at once."""
        if self.has(field):
            self._parse(field, column, self._texts_of(field), identifier, _digits)

    def as_delivered(self, field: str, column: str) -> None:
        """The text as read, but for characters that nobody sees and for what is masked. Null tokens
        are null."""
        if self.has(field):
            found = self._texts_of(field)
            # What only the even text shows, as behind `&#64;` or mojibake, must not stand here.
            masked = _masked(found.even, self.contract.by_name[column])
            is_same = pc.equal(masked, found.even)
            self._put(column, pc.if_else(is_same, found.as_delivered(), masked), found)

    def instants(self, field: str, column: str, zone: ZoneInfo, first: str | None = None) -> None:
        """Times in the usual forms by the column at once; other forms one by one.

        Wall times are those of the zone; `first` says what stands first in `03/04/2025`.
        """
        if not self.has(field):
            return
        delivered = self._delivered(field)
        at = wall_times(delivered, zone, first)
        if at.null_count > delivered.null_count:
            odd = self._noted(field, pc.if_else(pc.is_valid(at), None, delivered))
            self._parse(field, column, odd, lambda text: instant(text, zone, first))
            at = pc.coalesce(at, self.column(column))
        self._put(column, at)

    def fill(self, column: str, values: Sequence[Any]) -> None:
        """A column from values already typed, one per row."""
        self._put(column, pa.array(values, type=self.contract.by_name[column].arrow))

    def constant(self, column: str, value: Any) -> None:
        kind = self.contract.by_name[column].arrow
        self._put(column, pa.repeat(pa.scalar(value, kind), self._size))

    def copy(self, column: str, to: str, where: pa.Array | None = None) -> None:
        values = self.column(column)
        self._put(to, values if where is None else pc.if_else(where, values, None))

    def zero_is_unknown(self, column: str) -> None:
        """Nulls a 0 that means unknown, such as the rating of an unrated store."""
        values = self.column(column)
        self._put(column, pc.if_else(pc.equal(values, 0), None, values))

    def column(self, name: str) -> pa.Array:
        """A column filled so far; null if the export does not have it."""
        if name not in self._columns:
            return pa.nulls(self._size, self.contract.by_name[name].arrow)
        return self._columns[name]

    def warn(self, code: str, column: str | None, count: int) -> None:
        """Counts odd values that were kept."""
        if count:
            self._warnings[code, column] += count

    def problem(self, column: str, rows: list[int], reasons: list[str], field: str) -> None:
        """Records unusable values by position of their row, with the text of their field."""
        self._problems["row"] += rows
        self._problems["column"] += [column] * len(rows)
        self._problems["reason"] += reasons
        self._problems["raw_value"] += self.raw[field].iloc[rows].tolist()

    def cleaned(self) -> Cleaned:
        self._put("is_repaired", pa.array(self._repaired))
        rows = pa.table(
            [self.column(c.name).cast(c.arrow) for c in self.contract.columns],
            self.contract.schema(),
        )
        problems = pd.DataFrame(self._problems).astype({"row": "int64"})
        return Cleaned(rows, problems, self._warnings)

    def _put(self, name: str, values: pa.Array, texts: Texts | None = None) -> None:
        """The only way to fill a column: it removes personal data as the contract says.

        `values` are one per row, or one for each of the `texts`.
        """
        values = _masked(values, self.contract.by_name[name])
        self._columns[name] = texts.by_row(values) if texts else values

    def _typed(self, name: str, cells: list[Any], unread: dict[int, str]) -> pa.Array:
        """The values as the contract's type; those that do not fit are noted and null."""
        kind = self.contract.by_name[name].arrow
        try:
            return pa.array(cells, type=kind)
        except (pa.ArrowInvalid, OverflowError):
            for position, cell in enumerate(cells):
                try:
                    pa.scalar(cell, type=kind)
                except (pa.ArrowInvalid, OverflowError):
                    cells[position] = None
                    unread.setdefault(position, "too large")
            return pa.array(cells, type=kind)


def _digits(texts: pa.Array) -> tuple[pa.Array]:
    """The texts that are an id as they are; null for any other."""
    return (pc.if_else(pc.match_substring_regex(texts, "^[1-9][0-9]*$"), texts, None),)


def _masked(values: pa.Array, column: Column) -> pa.Array:
    """Texts, also in lists, masked as the column declares."""
    if column.personal not in MASKS:
        return values
    mask, suspicion = MASKS[column.personal]
    if pa.types.is_list(values.type):
        inner = values.flatten()
        if not pc.any(pc.match_substring_regex(inner, suspicion)).as_py():
            return values
        cells = [cell and [mask(text) for text in cell] for cell in values.to_pylist()]
        return pa.array(cells, type=values.type)
    if not pa.types.is_string(values.type):
        return values
    # Nearly no text is suspect, and Arrow looks at a million of them in no time.
    suspect = pc.fill_null(pc.match_substring_regex(values, suspicion), False)
    found = values.filter(suspect)
    if not len(found):
        return values
    return pc.replace_with_mask(
        values, suspect, pa.array(map(mask, found.to_pylist()), values.type)
    )
