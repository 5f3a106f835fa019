"""One batch on its way from text to typed columns, each distinct text parsed once."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.contracts import Column, Contract
from transforms.fields import Unreadable
from transforms.fields.date import PLAUSIBLE_YEARS, instant
from transforms.fields.text import has_control, identifier, known, repaired, seen
from transforms.markets import Market
from transforms.mask import MASKS

COUNTRIES = frozenset({"country", "buyer_country", "origin"})  # raw fields that may say NA, Namibia
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


@dataclass(frozen=True)
class Cleaned:
    """Typed rows, one per row of text, and the values that could not be parsed.

    `problems` has a row per value: position of the row, column, reason, text as delivered.
    `warnings` counts odd values that were kept, by (code, column).
    """

    rows: pd.DataFrame
    problems: pd.DataFrame
    warnings: Counter[tuple[str, str | None]]


class Batch:
    """Builds the typed columns of one batch. Columns nobody fills are null: not in this export."""

    def __init__(self, raw: pd.DataFrame, contract: Contract) -> None:
        self.raw = raw
        self.contract = contract
        self._size = len(raw)
        self._columns: dict[str, pa.Array] = {}
        self._problems: list[pd.DataFrame] = []
        self._distinct: dict[str, tuple[np.ndarray, list[str | None]]] = {}
        self._delivered: dict[str, list[str]] = {}
        self._repaired = np.zeros(len(raw), dtype=bool)
        self._warnings: Counter[tuple[str, str | None]] = Counter()

    def has(self, *fields: str) -> bool:
        return all(field in self.raw for field in fields)

    def distinct(self, field: str) -> tuple[np.ndarray, list[str | None]]:
        """Position of each row's text among the distinct ones, and those, made even."""
        if field not in self._distinct:
            codes, found = pd.factorize(self.raw[field])
            texts = pa.array(found, pa.string()).to_pylist()
            self._delivered[field] = list(texts)
            # ASCII cannot have been decoded wrongly, and nearly all texts are ASCII.
            foreign = {i: text for i, text in enumerate(texts) if not text.isascii()}
            whole = {i: repaired(text) for i, text in foreign.items()}
            mended = [i for i, text in foreign.items() if whole[i] != text]
            if mended:
                rows = np.isin(codes, mended)
                self._repaired |= rows
                self.warn("mojibake_repaired", field, int(rows.sum()))
                for i in mended:
                    texts[i] = whole[i]
            self._warn_of_controls(field, codes, texts)
            is_country = field in COUNTRIES
            self._distinct[field] = codes, [known(text, is_country) for text in texts]
        return self._distinct[field]

    def _warn_of_controls(self, field: str, codes: np.ndarray, texts: list[str]) -> None:
        """Notes texts with a NUL or the like: something was cut, joined or damaged."""
        odd = [i for i, text in enumerate(texts) if not text.isprintable() and has_control(text)]
        if odd:
            self.warn("control_character", field, int(np.isin(codes, odd).sum()))

    def texts(self, field: str) -> list[str | None]:
        """Even text per row, None where absent."""
        if not self.has(field):
            return [None] * self._size
        codes, texts = self.distinct(field)
        return [texts[c] if c >= 0 else None for c in codes.tolist()]

    def parse(
        self, field: str, columns: str | Sequence[str | None], parser: Callable[[str], Any]
    ) -> None:
        """Fills one column from one field, or several from a parser that returns a tuple.

        Where the text is Unreadable the columns are null and the problem is noted at the first.
        """
        if not self.has(field):
            return
        codes, texts = self.distinct(field)
        if isinstance(columns, str) and self.contract.by_name[columns].personal in MASKS:
            # A parser may change what an address is known by, so it sees none.
            texts = _masked(
                pa.array(texts, pa.string()), self.contract.by_name[columns]
            ).to_pylist()
        self._parse(field, columns, codes, texts, parser)

    def _parse(
        self,
        field: str,
        columns: str | Sequence[str | None],
        codes: np.ndarray,
        given: Sequence[Any],
        parser: Callable[[Any], Any],
    ) -> None:
        names = [columns] if isinstance(columns, str) else list(columns)
        values: list[Any] = []
        unread: dict[int, str] = {}
        for position, one in enumerate(given):
            value = None
            if one is not None:
                try:
                    value = parser(one)
                except Unreadable as error:
                    unread[position] = str(error)
            values.append(value)
        for index, name in enumerate(names):
            if name:
                cells = (
                    values
                    if isinstance(columns, str)
                    else [None if v is None else v[index] for v in values]
                )
                self._put(name, self._typed(name, cells, unread), codes)
        if unread:
            self._note(field, next(n for n in names if n), codes, unread)

    def parse_with(
        self,
        field: str,
        beside: str,
        columns: Sequence[str],
        parser: Callable[[str, str | None], Any],
    ) -> None:
        """As `parse`, by a parser that also sees the row's text of another field, or None."""
        if not self.has(field):
            return
        if not self.has(beside):
            self.parse(field, columns, lambda text: parser(text, None))
            return
        texts, others = self.texts(field), self.texts(beside)
        # One reading per pair of texts, so that a row stays independent of its neighbours.
        codes, pairs = pd.factorize(pd.Series(zip(texts, others, strict=True), dtype=object))
        given = [None if pair[0] is None else pair for pair in pairs]
        self._parse(field, columns, codes, given, lambda pair: parser(*pair))

    def text(self, field: str, column: str) -> None:
        """Even text, null tokens null."""
        if self.has(field):
            codes, texts = self.distinct(field)
            self._put(column, pa.array(texts, type=self.contract.by_name[column].arrow), codes)

    def ids(self, field: str, column: str) -> None:
        """Ids; nearly all are digits, and those are looked through at once."""
        if self.has(field):
            _, texts = self.distinct(field)
            plain = pc.match_substring_regex(pa.array(texts, pa.string()), "^[1-9][0-9]*$")
            if pc.all(plain).as_py() is False:
                self.parse(field, column, identifier)
            else:
                self.text(field, column)

    def as_delivered(self, field: str, column: str) -> None:
        """The text as read, but for characters that nobody sees and for what is masked. Null tokens
        are null."""
        if self.has(field):
            codes, texts = self.distinct(field)
            delivered = zip(self._delivered[field], texts, strict=True)
            kept = [None if text is None else seen(raw) for raw, text in delivered]
            self._put(column, pa.array(kept, pa.string()), codes)

    def instants(self, field: str, column: str, context: Context) -> None:
        """Wall times of the platform by the column at once; other forms one by one."""
        if not self.has(field):
            return
        zone = context.zone or context.market.platform_time_zone
        first = context.evidence.get(field)
        text = pa.array(self.raw[field], type=pa.string(), from_pandas=True)
        wall = pc.strptime(text, format="%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True)
        years = pc.min_max(pc.year(wall)).as_py()
        plausible = years["min"] is None or {years["min"], years["max"]} <= set(PLAUSIBLE_YEARS)
        # Arrow would read 30 February as a day of March.
        as_written = pc.all(pc.equal(wall.cast(pa.string()), text)).as_py() is not False
        if wall.null_count == text.null_count and plausible and as_written:
            # Of an hour that comes twice it is the first, as `instant` reads it, which also says
            # what a time in an hour that summer time skips stands for.
            with suppress(pa.ArrowInvalid):
                at = pc.assume_timezone(wall, str(zone), ambiguous="earliest", nonexistent="raise")
                self._put(column, at.cast(pa.timestamp("us", tz="UTC")))
                return
        self.parse(field, column, lambda t: instant(t, zone, first))

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

    def problem(self, column: str, rows: Sequence[int], reason: str, raw: Sequence[Any]) -> None:
        """Records unusable values by position of their row."""
        if len(rows):
            self._problems.append(
                pd.DataFrame({"row": rows, "column": column, "reason": reason, "raw_value": raw})
            )

    def cleaned(self) -> Cleaned:
        self.fill("is_repaired", self._repaired.tolist())
        rows = pd.DataFrame(
            {
                c.name: pd.arrays.ArrowExtensionArray(self.column(c.name).cast(c.arrow))
                for c in self.contract.columns
            }
        )
        problems = (
            pd.concat(self._problems, ignore_index=True)
            if self._problems
            else pd.DataFrame(columns=PROBLEM_COLUMNS)
        )
        return Cleaned(rows, problems, self._warnings)

    def _put(self, name: str, values: pa.Array, codes: np.ndarray | None = None) -> None:
        """The only way to fill a column: it removes personal data as the contract says.

        `values` are one per row, or the distinct ones with the position of each row's in `codes`.
        """
        values = _masked(values, self.contract.by_name[name])
        if codes is not None:
            values = values.take(pa.array(codes, mask=codes < 0))
        self._columns[name] = values

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

    def _note(self, field: str, column: str, codes: np.ndarray, unread: dict[int, str]) -> None:
        where = np.flatnonzero(np.isin(codes, list(unread)))
        self._problems.append(
            pd.DataFrame(
                {
                    "row": where,
                    "column": column,
                    "reason": [unread[c] for c in codes[where].tolist()],
                    "raw_value": self.raw[field].iloc[where].tolist(),
                }
            )
        )


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
