"""Contracts: the columns and rules of each dataset, read from the TOML files in this folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "decimal": pa.decimal128(18, 4),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "list<string>": pa.list_(pa.string()),
    "list<tier>": pa.list_(
        pa.struct([("min_qty", pa.decimal128(18, 4)), ("price", pa.decimal128(18, 4))])
    ),
    "map<string,double>": pa.map_(pa.string(), pa.float64()),
}

# Where a row came from; the lake keeps this, so that each figure can be traced to a line.
LINEAGE = pa.schema(
    [
        ("_source_file", pa.dictionary(pa.int32(), pa.string())),
        ("_source_row", pa.int32()),
    ]
)


@dataclass(frozen=True)
class Column:
    """One column of a clean row: its type, what it may hold, and what it means."""

    name: str
    type: str
    doc: str
    unit: str | None = None
    required: bool = False
    pattern: str | None = None
    values: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    above: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    reason: str | None = None
    on_bad: str = "value"  # value: the value becomes null and is counted; row: the row is rejected
    personal: str = "none"  # mask, mask_marked, mask_id: how it is masked; hash: it is hashed
    why_none: str = ""  # why a text that is not masked can name nobody
    flag: bool = False
    part: str = "rows"
    clears: tuple[str, ...] = ()  # what was made from it, and is null where it is made null

    @property
    def arrow(self) -> pa.DataType:
        return ARROW_TYPES[self.type]


@dataclass(frozen=True)
class Rule:
    """A comparison of two columns of one row; if it fails, `clears` become null."""

    left: str
    op: str
    right: str
    reason: str
    clears: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """What a dataset promises. Read with `contract(dataset)`."""

    dataset: str
    grain: str
    key: tuple[str, ...]
    raw: Mapping[str, str]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    identifying: tuple[str, ...]  # raw fields of which a row must have one, or it is a total
    of_night: tuple[str, ...]  # columns made from the export date, not from what was delivered
    stale_from: int  # number of rows from which repeated content cannot be chance
    new_column: str
    max_rejected_share: float
    by_name: Mapping[str, Column] = field(repr=False, default_factory=dict)

    def schema(self, part: str | None = None) -> pa.Schema:
        """Arrow schema of the accepted rows; `part` picks the attributes or the metrics."""
        return pa.schema([(c.name, c.arrow) for c in self.columns if part in (None, c.part)])

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.part for c in self.columns))


@cache
def contract(dataset: str) -> Contract:
    """The contract of `sellers`, `listings` or `inquiries`."""
    raw: dict[str, Any] = tomllib.loads(
        (Path(__file__).with_name(f"{dataset}.toml")).read_text("utf-8")
    )
    lists = ("values", "clears")
    columns = tuple(
        _column({**c, **{n: tuple(c.get(n, ())) for n in lists}}) for c in raw["column"]
    )
    return Contract(
        dataset=raw["dataset"],
        grain=raw["grain"],
        key=tuple(raw["key"]),
        raw=raw["raw"],
        columns=columns,
        rules=tuple(Rule(**{**r, "clears": tuple(r["clears"])}) for r in raw.get("rule", ())),
        identifying=tuple(raw["identifying"]),
        of_night=tuple(raw["of_night"]),
        stale_from=raw["stale_from"],
        new_column=raw["new_column"],
        max_rejected_share=raw["max_rejected_share"],
        by_name={c.name: c for c in columns},
    )


def _column(raw: dict[str, Any]) -> Column:
    personal, _, why = raw.get("personal", "none").partition(": ")
    return Column(**{**raw, "personal": personal, "why_none": why})
