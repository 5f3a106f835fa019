"""The receipt: the lake's record of one dataset's night.

It is the commit of a night and the only list of its part files. `receipt_schema.py` writes
`docs/receipt.schema.json`, the format on disk, from these classes.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from transforms.code import code_version

VERSION = 3

Status = Literal["ok", "partial", "held", "refused", "missing"]
Extent = Literal["census", "window", "sample"]
PLAIN = (str, int, bool, NoneType)  # types that JSON gives as they are
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

    in_: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    duplicate: int | None = None

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
    column: str | None = None
    count: int = 0
    example: str | None = None


@dataclass(frozen=True)
class Drift:
    """Headers that the layout does not know, and those that it maps and the files do not have."""

    new_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()


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
    version: int = VERSION
    revision: int = 0
    exported_at: datetime | None = None
    is_late: bool = False
    layout: str | None = None
    extent: Extent | None = None
    sources: tuple[Source, ...] = ()
    # Not what the night is, but how it was listed: two listings of the same bytes are equal.
    listed: tuple[Listed, ...] | None = field(default=None, compare=False)
    content: str | None = None
    rows_hash: str | None = None
    rows: Rows = Rows()
    reasons: dict[str, int] = field(default_factory=dict)
    value_rejects: dict[str, dict[str, int]] = field(default_factory=dict)
    drift: Drift = Drift()
    parts: tuple[Part, ...] = ()
    warnings: tuple[Warned, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    reason: str | None = None
    seconds: float = 0.0

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
    now = datetime.now(UTC).replace(microsecond=0)
    return Receipt(dataset, night, status, code_version(), now)


def from_json(found: Mapping[str, Any]) -> Receipt:
    """The receipt that was written as `found`, by this version of the code or an older one.

    Raises ValueError, naming the place, if it is invalid.
    """
    receipt: Receipt = _reader(Receipt)(_migrated(dict(found)))
    if receipt.version != VERSION:
        raise ValueError(
            f"version {receipt.version} is newer than this code, which reads {VERSION}"
        )
    if receipt.dataset not in OWN_EXTENT:
        raise ValueError(f"{receipt.dataset} is not a dataset")
    rows = receipt.rows
    is_counted = None not in (rows.in_, rows.accepted, rows.rejected, rows.duplicate)
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


@cache
def typed_fields(kind: type) -> dict[str, Any]:
    """Types of a record's fields."""
    return get_type_hints(kind)


class _Misfit(ValueError):
    """A value that does not have its declared type, with its place."""

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(f"it{path} {what}")
        self.what, self.path = what, path

    def at(self, place: str) -> "_Misfit":
        """The same, of the record or list that holds the value at that place."""
        return _Misfit(self.what, f"{place}{self.path}")


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What makes a value of a type of its JSON; it raises _Misfit for any other.

    Made once per type, for a build reads every receipt of the lake several times.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        (some,) = [_reader(k) for k in inner if k is not NoneType]
        return lambda value: None if value is None else some(value)
    if origin is Literal:
        return _checked(lambda value: value in inner, " or ".join(inner))
    if origin is tuple:
        return _list_reader(_reader(inner[0]))
    if origin is dict:
        return _dict_reader(_reader(inner[1]))
    if is_dataclass(kind):
        return _record_reader(kind)
    if kind in (date, datetime):
        return _time_reader(kind)
    if kind is float:
        return _checked(lambda value: type(value) in (int, float), "number")
    return _checked(lambda value: type(value) is kind, kind.__name__)


def _checked(fits: Callable[[Any], bool], name: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if fits(value):
            return value
        raise _Misfit(f"is {type(value).__name__}, not {name}")

    return read


def _time_reader(kind: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return kind.fromisoformat(value)
        except (TypeError, ValueError):
            raise _Misfit(f"is not a {kind.__name__}") from None

    return read


def _list_reader(of_one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise _Misfit(f"is {type(value).__name__}, not list")
        found = []
        for place, one in enumerate(value):
            try:
                found.append(of_one(one))
            except _Misfit as wrong:
                raise wrong.at(f"[{place}]") from None
        return tuple(found)

    return read


def _dict_reader(of_one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Misfit(f"is {type(value).__name__}, not dict")
        found = {}
        for key, one in value.items():
            try:
                found[key] = of_one(one)
            except _Misfit as wrong:
                raise wrong.at(f".{key}") from None
        return found

    return read


def _plain(kind: Any) -> tuple[type, ...]:
    """The types of which a value of that kind is taken as it is."""
    kinds = get_args(kind) if get_origin(kind) in (UnionType, Union) else (kind,)
    return tuple(k for k in kinds if k in PLAIN)


def _record_reader(kind: Any) -> Callable[[Any], Any]:
    # Most values are plain, and are told by their type without a call.
    readers = [
        (name, _key(name), _plain(of), _reader(of)) for name, of in typed_fields(kind).items()
    ]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Misfit(f"is {type(value).__name__}, not dict")
        found = {}
        for name, key, plain, of_one in readers:
            if key in value:
                one = value[key]
                try:
                    found[name] = one if type(one) in plain else of_one(one)
                except _Misfit as wrong:
                    raise wrong.at(f".{key}") from None
            elif (kind, name) != (Warned, "example"):
                raise _Misfit(f"has no {key}")
        return kind(**found)

    return read
