"""Layouts: the known shapes of exports, one TOML file each; a new shape needs no code.

A layout names the headers that identify it (`required`), says which header holds which raw field
of the contract, and what the export is the `extent` of: census, window or sample.
"""

import codecs
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from transforms import DATASETS
from transforms.contracts import contract
from transforms.errors import ExportError, SettingsError
from transforms.layouts.source import Source, source

FOLDER = Path(__file__).parent
EXTENTS = ("census", "window", "sample")
KEYS = {
    "dataset",
    "extent",
    "zone",
    "encoding",
    "preamble",
    "required",
    "ignore",
    "constants",
    "columns",
    "aliases",
}


@dataclass(frozen=True)
class Layout:
    """One known export shape. `aliases` are other spellings of its headers, in any language, and
    `encoding` is that of its files which are not UTF-8."""

    name: str
    dataset: str
    extent: str
    required: tuple[str, ...]
    columns: Mapping[str, Source]
    constants: Mapping[str, str]
    ignore: frozenset[str]
    aliases: Mapping[str, tuple[str, ...]]
    preamble: str | None
    zone: (
        ZoneInfo | None
    )  # of wall times that name none; the market's, or the platform's, otherwise
    encoding: str | None = None

    @cached_property
    def known_headers(self) -> frozenset[str]:
        mapped = set[str]().union(*(s.all_headers() for s in self.columns.values()))
        return frozenset(mapped | set(self.required) | self.ignore)

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        own = {plain(h): h for h in self.known_headers}
        others = {plain(a): h for h, names in self.aliases.items() for a in names}
        return others | own

    def own_header(self, header: str) -> str:
        """The header as this layout writes it; an unknown one stays as it is."""
        return self._spellings.get(plain(header), header)

    def missing(self, headers: Iterable[str]) -> list[str]:
        have = {self.own_header(h) for h in headers}
        return [h for h in self.required if h not in have]

    def stated_fields(self, absent: Set[str]) -> set[str]:
        """Raw fields of the contract that a file of this layout without those headers states."""
        gone = {f for f, s in self.columns.items() if s.all_headers() and s.all_headers() <= absent}
        return set(self.columns) - gone | set(self.constants)

    def period(self, above: Sequence[Sequence[str]]) -> dict[str, str]:
        """What the rows above the header say of the period, by raw field."""
        if not self.preamble:
            return {}
        text = "\n".join(cell for row in above for cell in row)
        found = re.search(self.preamble, text)
        return found.groupdict() if found else {}

    def raw_fields(self, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
        """Text table under the contract's raw names, and rows per field whose label had moved."""
        table = table.rename(columns=self.own_header)
        fields: dict[str, Any] = {}
        moved: dict[str, int] = {}
        for name, of in self.columns.items():
            if of.is_in(table):
                fields[name] = of.read(table)
                if count := of.moved(table):
                    # Such a row keeps everything else, and its field is unknown.
                    moved[name] = count
        for name, value in self.constants.items():
            fields[name] = pd.Series(value, index=table.index, dtype="str")
        return pd.DataFrame(fields, index=table.index), moved


@lru_cache(1 << 12)  # the same headers come in every piece, and are asked of every layout
def plain(header: str) -> str:
    """A header without differences in case, blanks, underscores, Unicode form and invisible
    characters: marks of byte order and direction, soft hyphens, zero bytes."""
    seen = "".join(c for c in header if c.isspace() or unicodedata.category(c) not in ("Cf", "Cc"))
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().replace("_", " ").split())


@cache
def layouts(dataset: str | None = None) -> tuple[Layout, ...]:
    """All known layouts, or those of one dataset, in order of name."""
    paths = [p for p in sorted(FOLDER.glob("*.toml")) if p.name not in _left_out]
    found = (_load(p) for p in paths if not _is_empty(p))
    return tuple(found_one for found_one in found if dataset in (None, found_one.dataset))


_left_out: set[str] = set()


def leave_out_unusable() -> list[str]:
    """Leaves out layouts that cannot be used; returns what is wrong with each.

    For looking at files only: a night is not loaded with some of its layouts missing.
    """
    wrong = []
    for path in sorted(FOLDER.glob("*.toml")):
        try:
            if not _is_empty(path):
                _load(path)
        except SettingsError as error:
            _left_out.add(path.name)
            wrong.append(str(error))
    layouts.cache_clear()
    return wrong


def _is_empty(path: Path) -> bool:
    """Skips empty files: a shell makes one before it runs `outlook inspect FILE > new.toml`."""
    return not path.read_bytes().strip()


def own_layout(dataset: str) -> Layout:
    """The layout of the nightly export itself."""
    return next(x for x in layouts(dataset) if x.name == f"{dataset}_export")


def fitting(headers: Iterable[str], dataset: str | None) -> Layout | None:
    """The layout that these headers fit; of several, the one with most required headers."""
    headers = list(headers)
    fit = [x for x in layouts(dataset) if not x.missing(headers)]
    return max(fit, key=lambda x: (len(x.required), x.name)) if fit else None


def nearest(headers: Iterable[str], dataset: str | None) -> tuple[float, Layout]:
    """The layout that misses the smallest share of its required headers, and that share."""
    headers = list(headers)

    def distance(layout: Layout) -> tuple[float, int, str]:
        known = sum(layout.own_header(h) in layout.known_headers for h in headers)
        return len(layout.missing(headers)) / len(layout.required), -known, layout.name

    near = min(layouts(dataset), key=distance)
    return distance(near)[0], near


def unknown(headers: list[str], dataset: str | None, file: str) -> ExportError:
    """The refusal of a file that fits no layout, with the nearest one and the missing headers.

    A layout that shares no header with the file is not named.
    """
    share, near = nearest(headers, dataset)
    missing = near.missing(headers)
    cause = (
        f"Nearest is {near.name}, which misses: {', '.join(missing)}"
        if share < 1
        else f"None of its {len(headers):,} headers is required by any layout"
    )
    return ExportError(
        "unknown_layout",
        f"{file} fits no layout{f' of {dataset}' if dataset else ''}. {cause}. "
        "Nothing was loaded. If the shape is new, add a layout TOML (`outlook inspect` "
        "drafts one); if the file is damaged, request a new delivery.",
        nearest_layout=near.name,
        missing=missing,
        headers=headers,
    )


def encoding_named(name: str | None) -> str | None:
    """The canonical name of a declared encoding. Raises ValueError for an unknown one."""
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        raise ValueError(f"{name!r} is not an encoding") from None


def _load(path: Path) -> Layout:
    """Raises SettingsError, which names the file: the fault is in the layout, not the delivery."""
    try:
        return _layout(path.stem, tomllib.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else error
        raise SettingsError(f"The layout {path} cannot be used: {what}.") from None


def _layout(name: str, raw: dict[str, Any]) -> Layout:
    if strange := set(raw) - KEYS:
        raise ValueError(f"unknown key {', '.join(sorted(strange))}")
    if raw["dataset"] not in DATASETS or raw["extent"] not in EXTENTS:
        raise ValueError(
            f"dataset must be one of {', '.join(DATASETS)}, extent one of {', '.join(EXTENTS)}"
        )
    columns = {field: source(spec) for field, spec in raw["columns"].items()}
    preamble = raw.get("preamble")
    named = set(re.compile(preamble).groupindex) if preamble else set()
    fields = set(columns) | set(raw.get("constants", {})) | named
    if strange := fields - set(contract(raw["dataset"]).raw):
        raise ValueError(
            f"{', '.join(sorted(strange))}: not a raw field of contracts/{raw['dataset']}.toml"
        )
    return Layout(
        name=name,
        dataset=raw["dataset"],
        extent=raw["extent"],
        required=tuple(raw["required"]),
        columns=columns,
        constants=raw.get("constants", {}),
        ignore=frozenset(raw.get("ignore", ())),
        aliases={h: tuple(names) for h, names in raw.get("aliases", {}).items()},
        preamble=preamble,
        zone=ZoneInfo(raw["zone"]) if "zone" in raw else None,
        encoding=encoding_named(raw.get("encoding")),
    )
