"""Layouts: the shapes in which exports arrive, one TOML file each; a new shape needs no code.

A layout names the headers that identify it (`required`), says which header holds which raw field
of the contract, and what the export is the `extent` of: census, window or sample.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from transforms.contracts import contract
from transforms.errors import ExportError

EXTENTS = ("census", "window", "sample")


@dataclass(frozen=True)
class Source:
    """Where one raw field comes from: a header, or several joined.

    `when` takes the value only in rows where another header holds the given label (a page that
    slides its fields when one is missing); `fill` puts the pieces into the gaps that a search
    page leaves in a title where it highlights a word.
    """

    headers: tuple[str, ...] = ()
    sources: tuple["Source", ...] = ()
    joined_by: str = " "
    fill: bool = False
    when: tuple[str, str] | None = None
    strip: str | None = None
    present: tuple[str, str] | None = None

    def all_headers(self) -> set[str]:
        found = set(self.headers).union(*(s.all_headers() for s in self.sources))
        return found | ({self.when[0]} if self.when else set())


@dataclass(frozen=True)
class Layout:
    """One known export shape."""

    name: str
    dataset: str
    extent: str
    required: tuple[str, ...]
    columns: Mapping[str, Source]
    constants: Mapping[str, str]
    ignore: frozenset[str]

    @property
    def known_headers(self) -> set[str]:
        mapped = set[str]().union(*(s.all_headers() for s in self.columns.values()))
        return mapped | set(self.required) | self.ignore

    def missing(self, headers: Iterable[str]) -> list[str]:
        have = set(headers)
        return [h for h in self.required if h not in have]

    def raw_fields(self, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
        """Text table under the contract's raw names, and rows per field whose label had moved."""
        fields: dict[str, Any] = {}
        moved: dict[str, int] = {}
        for name, source in self.columns.items():
            if _is_there(source, table):
                fields[name] = _read(source, table)
                if source.when and source.when[0] in table:
                    # Such a row keeps everything else, and its field is unknown.
                    label = table[source.when[0]].fillna("")
                    count = int(((label != "") & (label != source.when[1])).sum())
                    if count:
                        moved[name] = count
        for name, value in self.constants.items():
            fields[name] = pd.Series(value, index=table.index, dtype="str")
        return pd.DataFrame(fields, index=table.index), moved


def _is_there(source: Source, table: pd.DataFrame) -> bool:
    return any(h in table for h in source.headers) or any(
        _is_there(s, table) for s in source.sources
    )


def _read(source: Source, table: pd.DataFrame) -> pd.Series:
    if source.sources:
        parts = [_read(s, table) for s in source.sources if _is_there(s, table)]
        return _fill(parts) if source.fill else _join(parts, source.joined_by)
    text = table[source.headers[0]]
    if source.strip:
        text = text.str.removeprefix(source.strip)
    if source.present:
        held = text.fillna("").str.strip() != ""
        text = pd.Series(source.present[1], index=table.index, dtype="str").mask(
            held, source.present[0]
        )
    if source.when:
        label = table.get(source.when[0])
        text = text.where(label.fillna("") == source.when[1]) if label is not None else text
    return text


def _join(parts: list[pd.Series], by: str) -> pd.Series:
    joined = parts[0].fillna("")
    for part in parts[1:]:
        text = part.fillna("")
        both = (joined.str.strip() != "") & (text.str.strip() != "")
        joined = joined + pd.Series(by, index=text.index, dtype="str").where(both, "") + text
    return joined


def _fill(parts: list[pd.Series]) -> pd.Series:
    def title(pieces: tuple[Any, ...]) -> str:
        text, *words = ("" if p is None or p != p else str(p) for p in pieces)
        for word in (w.strip() for w in words):
            if word:
                text = text.replace("  ", f" {word} ", 1) if "  " in text else f"{text} {word}"
        return text

    return pd.Series(
        [title(p) for p in zip(*parts, strict=True)], index=parts[0].index, dtype="str"
    )


@cache
def layouts(dataset: str | None = None) -> tuple[Layout, ...]:
    """All known layouts, or those of one dataset, in order of name."""
    found = (_load(p) for p in sorted(Path(__file__).parent.glob("*.toml")))
    return tuple(found_one for found_one in found if dataset in (None, found_one.dataset))


def own_layout(dataset: str) -> Layout:
    """The layout of the nightly export itself."""
    return next(x for x in layouts(dataset) if x.name == f"{dataset}_export")


def recognise(headers: Iterable[str], dataset: str | None, file: str) -> Layout:
    """The layout that these headers fit, the one with most required headers where several do.

    Raises ExportError("unknown_layout") naming the nearest layout and the columns it misses.
    """
    headers = list(headers)
    known = layouts(dataset)
    fitting = [x for x in known if not x.missing(headers)]
    if fitting:
        return max(fitting, key=lambda x: (len(x.required), x.name))
    nearest = min(known, key=lambda x: (len(x.missing(headers)) / len(x.required), x.name))
    missing = nearest.missing(headers)
    raise ExportError(
        "unknown_layout",
        f"{file} fits no layout{f' of {dataset}' if dataset else ''}. Nearest is {nearest.name}, "
        f"which misses: {', '.join(missing)}. Nothing of it was loaded. If the shape is new, "
        "add a layout TOML; if the file is damaged, ask for it again.",
        nearest_layout=nearest.name,
        missing=missing,
    )


def _load(path: Path) -> Layout:
    raw = tomllib.loads(path.read_text("utf-8"))
    columns = {name: _source(spec) for name, spec in raw["columns"].items()}
    strange = (set(columns) | set(raw.get("constants", {}))) - set(contract(raw["dataset"]).raw)
    if strange or raw["extent"] not in EXTENTS:
        raise ValueError(f"{path.name}: not in the contract: {strange or raw['extent']}")
    return Layout(
        name=path.stem,
        dataset=raw["dataset"],
        extent=raw["extent"],
        required=tuple(raw["required"]),
        columns=columns,
        constants=raw.get("constants", {}),
        ignore=frozenset(raw.get("ignore", ())),
    )


def _source(spec: str | dict[str, Any]) -> Source:
    if isinstance(spec, str):
        return Source(headers=(spec,))
    for kind in ("join", "fill"):
        if kind in spec:
            return Source(
                sources=tuple(_source(s) for s in spec[kind]),
                joined_by=spec.get("by", " "),
                fill=kind == "fill",
            )
    when = spec.get("when")
    present = spec.get("present")
    return Source(
        headers=(spec["header"],),
        when=(when["header"], when["equals"]) if when else None,
        strip=spec.get("strip"),
        present=(present[0], present[1]) if present else None,
    )
