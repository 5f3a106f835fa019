"""The receipt: the lake's record of one dataset's night.

It is the commit of a night and the only list of its part files. `receipt_schema.py` writes
`docs/receipt.schema.json`, the format on disk, from these classes.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import msgspec

from transforms.code import code_version

VERSION = 3

Status = Literal["ok", "partial", "held", "refused", "missing"]
Extent = Literal["census", "window", "sample"]
# Nights whose rows count: complete, or cut at a page cap, which says nothing about absent rows.
USABLE: tuple[Status, ...] = ("ok", "partial")
# Nights without any rows read.
PAGE_CAP = 2_000  # 100 pages of 20: a file of exactly this many rows was probably cut there
UNREAD: tuple[Status, ...] = ("refused", "missing")
# The coverage type of each dataset's own export; only such nights count in full.
OWN_EXTENT: Mapping[str, Extent] = {
    "sellers": "census",
    "listings": "census",
    "inquiries": "window",
}


@dataclass(frozen=True)
class Rows:
    """What became of the delivered rows; all null where nothing could be read."""

    in_: int | None
    accepted: int | None
    rejected: int | None
    duplicate: int | None

    @property
    def read(self) -> int:
        """Rows delivered, 0 where nothing was read."""
        return self.in_ or 0

    @property
    def kept(self) -> int:
        """Rows accepted, 0 where nothing was read."""
        return self.accepted or 0


@dataclass(frozen=True)
class Source:
    """A delivered file, and why rows of it were rejected.

    `unpacked_sha256` is of the file inside, the same as `sha256` where it came unpacked.
    """

    name: str
    bytes: int
    sha256: str
    unpacked_sha256: str
    rows: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class Listed:
    """A file of a delivery as its source listed it; `folder` is the delivery's. Null is what the
    source does not tell."""

    folder: str
    name: str
    bytes: int | None
    modified: datetime | None
    etag: str | None


@dataclass(frozen=True)
class Part:
    """A Parquet file of the night: rows, metrics, day or rejected; `path` is within the lake."""

    part: str
    path: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Warned:
    """What was kept though it is odd: how many rows or values, with an example of some kinds."""

    code: str
    column: str | None
    count: int
    example: str | None = None


@dataclass(frozen=True)
class Drift:
    """Headers that the layout does not know, and those that it maps and the files do not have."""

    new_columns: tuple[str, ...]
    missing_columns: tuple[str, ...]


@dataclass(frozen=True)
class Replaced:
    """An earlier version of the night, whose receipt is kept next to this one."""

    revision: int
    content: str
    exported_at: datetime | None


@dataclass(frozen=True)
class Receipt:
    """One dataset's night. Counts are rows, `seconds` the time that it took to read.

    `listed` is what the source listed of all deliveries of the night when it was last looked at,
    null if that is not known. `content` names the bytes, the code and the key that the parts were
    made of; `rows_hash` the accepted rows in any order. `reason` says why the night is held or
    refused.
    """

    dataset: str
    export_date: date
    status: Status
    code_version: str
    started_at: datetime
    version: int
    revision: int
    exported_at: datetime | None
    is_late: bool
    layout: str | None
    extent: Extent | None
    sources: tuple[Source, ...]
    # Not what the night is, but how it was listed: two listings of the same bytes are equal.
    listed: tuple[Listed, ...] | None = field(compare=False)
    content: str | None
    rows_hash: str | None
    rows: Rows
    reasons: dict[str, int]
    value_rejects: dict[str, dict[str, int]]
    drift: Drift
    parts: tuple[Part, ...]
    warnings: tuple[Warned, ...]
    replaced: tuple[Replaced, ...]
    reason: str | None
    seconds: float

    @property
    def is_usable(self) -> bool:
        """Whether its rows count."""
        return self.status in USABLE

    @property
    def is_good(self) -> bool:
        """Whether it counts in full: complete, and of its dataset's own coverage type."""
        return self.status == "ok" and self.extent == OWN_EXTENT[self.dataset]

    def unplaced_reasons(self) -> dict[str, int]:
        """Rejected rows by reason, for older nights that do not give reasons per source."""
        placed = sum((Counter(s.reasons) for s in self.sources), Counter[str]())
        return dict(Counter(self.reasons) - placed)

    def as_json(self) -> dict[str, Any]:
        """The receipt with the keys used on disk."""
        return {_key(f.name): _encoded(getattr(self, f.name)) for f in fields(self)}


def new_receipt(dataset: str, night: date, status: Status = "ok") -> Receipt:
    """An empty receipt, for a night about which nothing is known yet."""
    return Receipt(
        dataset=dataset,
        export_date=night,
        status=status,
        code_version=code_version(),
        started_at=datetime.now(UTC).replace(microsecond=0),
        version=VERSION,
        revision=0,
        exported_at=None,
        is_late=False,
        layout=None,
        extent=None,
        sources=(),
        listed=None,
        content=None,
        rows_hash=None,
        rows=Rows(None, None, None, None),
        reasons={},
        value_rejects={},
        drift=Drift((), ()),
        parts=(),
        warnings=(),
        replaced=(),
        reason=None,
        seconds=0.0,
    )


def from_json(found: Mapping[str, Any]) -> Receipt:
    """The receipt that was written as `found`, by this version of the code or an older one.

    Raises ValueError, naming the place, if it is invalid.
    """
    told = _migrated(dict(found))
    if told["version"] != VERSION:
        number = told["version"]
        raise ValueError(f"version {number} is newer than this code, which reads {VERSION}")
    if isinstance(rows := told.get("rows"), dict):
        told["rows"] = {"in_" if k == "in" else k: n for k, n in rows.items() if k != "in_"}
    try:
        receipt = msgspec.convert(told, Receipt)
    except msgspec.ValidationError as error:
        raise ValueError(f"{error}") from None
    if receipt.dataset not in OWN_EXTENT:
        raise ValueError(f"{receipt.dataset} is not a dataset")
    of = receipt.rows
    is_counted = None not in (of.in_, of.accepted, of.rejected, of.duplicate)
    has_rows = any(p.part == "rows" for p in receipt.parts)
    if receipt.status not in UNREAD and not (
        has_rows and is_counted and receipt.content and receipt.extent
    ):
        raise ValueError(f"a night that is {receipt.status} has rows, counts, content and extent")
    return receipt


def _migrated(old: dict[str, Any]) -> dict[str, Any]:
    """Migrates a receipt from any older version to this one.

    Version 2 had no listing. Version 1 had no number. Its first receipts had no hashes of unpacked
    files and of rows, nor the reasons of each file: where the night had one file, they are that
    file's.
    """
    if old.get("version") == 2:
        return {**old, "listed": None, "version": VERSION}
    if "version" in old:
        return old
    defaults: dict[str, Any] = {
        "revision": 0,
        "exported_at": None,
        "is_late": False,
        "layout": None,
        "extent": None,
        "content": None,
        "rows_hash": None,
        "value_rejects": {},
        "replaced": [],
        "listed": None,
        "reason": None,
        "code_version": "",
        "started_at": f"{old.get('export_date')}T00:00:00+00:00",
        "seconds": 0.0,
    }
    new = {**defaults, **old, "version": VERSION}
    sources = old.get("sources")
    if isinstance(sources, list) and all(isinstance(s, dict) for s in sources):
        reasons = old.get("reasons") if len(sources) == 1 else {}
        new["sources"] = [
            {"unpacked_sha256": s.get("sha256"), "reasons": reasons, **s} for s in sources
        ]
    return new


def _key(name: str) -> str:
    """The name of a field on disk: `in` is a Python keyword."""
    return name.rstrip("_")


def _encoded(value: Any) -> Any:
    if is_dataclass(value):
        found = {_key(f.name): _encoded(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Warned) and value.example is None:
            del found["example"]
        return found
    if isinstance(value, tuple):
        return [_encoded(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value
