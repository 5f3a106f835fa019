"""The source of one raw field of a layout: a header, part of its cell, or several joined."""

import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

KEYS = {
    "header",
    "when",
    "unless",
    "strip",
    "match",
    "map",
    "blank",
    "present",
    "join",
    "first",
    "fill",
    "by",
}
_GAP = re.compile(" {2,}")


@dataclass(frozen=True)
class Source:
    """One raw field.

    `when` takes the value only in rows where another header holds the given label (a page that
    slides its fields when one is missing), `unless` where it is none of the labels; `strip` takes a
    label off the front; `match` takes the first group of a pattern; `map` turns its words into
    ours; `blank` is written for a blank;
    `present` makes two words of whether anything is there. Of several sources `join` joins the
    texts, `first` takes the first that is there, and `fill` puts the pieces into the gaps that a
    search page leaves in a title where it highlights a word.
    """

    headers: tuple[str, ...] = ()
    sources: tuple["Source", ...] = ()
    kind: str = "join"
    joined_by: str = " "
    when: tuple[str, str] | None = None
    strip: str | None = None
    unless: tuple[str, ...] = ()
    match: str | None = None
    map: tuple[tuple[str, str], ...] = ()
    blank: str | None = None
    present: tuple[str, str] | None = None

    def all_headers(self) -> set[str]:
        found = set(self.headers).union(*(s.all_headers() for s in self.sources))
        return found | ({self.when[0]} if self.when else set())

    def is_in(self, table: pd.DataFrame) -> bool:
        """Whether the table has any of its columns."""
        return any(h in table for h in self.headers) or any(s.is_in(table) for s in self.sources)

    def moved(self, table: pd.DataFrame) -> int:
        """Rows with a label in place of the value, or with a different label next to it."""
        if self.sources:
            return sum(s.moved(table) for s in self.sources if s.unless and s.is_in(table))
        if self.unless:
            return int(table[self.headers[0]].isin(self.unless).sum())
        if not self.when or self.when[0] not in table:
            return 0
        label = table[self.when[0]].fillna("")
        return int(((label != "") & (label != self.when[1])).sum())

    def read(self, table: pd.DataFrame) -> pd.Series:
        """The field's text, a row of the table each."""
        if self.sources:
            parts = [s.read(table) for s in self.sources if s.is_in(table)]
            together = {"join": self._join, "first": _first, "fill": _fill}
            return together[self.kind](parts)
        text = table[self.headers[0]]
        if self.unless:
            text = text.mask(text.isin(self.unless))
        if self.strip:
            text = text.str.removeprefix(self.strip)
        if self.match:
            text = text.str.extract(self.match, expand=False)
        if self.map:
            text = text.str.strip().replace(dict(self.map))
        if self.blank:
            text = text.str.replace(self.blank, " ", regex=False)
        if self.present:
            words = pd.Series(self.present[1], index=table.index, dtype="str")
            text = words.mask(~_is_blank(text), self.present[0])
        if self.when and self.when[0] in table:
            text = text.where(table[self.when[0]].fillna("") == self.when[1])
        return text

    def _join(self, parts: list[pd.Series]) -> pd.Series:
        joined = parts[0].fillna("")
        for part in parts[1:]:
            text = part.fillna("")
            both = ~_is_blank(joined) & ~_is_blank(text)
            by = pd.Series(self.joined_by, index=text.index, dtype="str")
            joined = joined + by.where(both, "") + text
        return joined


def source(spec: str | dict[str, Any]) -> Source:
    """A source as written in a layout TOML. Raises ValueError if it is invalid."""
    if isinstance(spec, str):
        return Source(headers=(spec,))
    if strange := set(spec) - KEYS:
        raise ValueError(f"unknown key {', '.join(sorted(strange))} in a source")
    for kind in ("join", "first", "fill"):
        if kind in spec:
            return Source(
                sources=tuple(source(s) for s in spec[kind]),
                kind=kind,
                joined_by=spec.get("by", " "),
            )
    if "header" not in spec:
        raise ValueError(f"a source needs one of header, join, first, fill: {spec}")
    if "match" in spec and not re.compile(spec["match"]).groups:
        raise ValueError(f"the pattern {spec['match']!r} has no group to take")
    when = spec.get("when")
    present = spec.get("present")
    return Source(
        headers=(spec["header"],),
        when=(when["header"], when["equals"]) if when else None,
        unless=tuple(spec.get("unless", ())),
        strip=spec.get("strip"),
        match=spec.get("match"),
        map=tuple(spec.get("map", {}).items()),
        blank=spec.get("blank"),
        present=(present[0], present[1]) if present else None,
    )


def _is_blank(text: pd.Series) -> pd.Series:
    return text.fillna("").str.strip() == ""


def _first(parts: list[pd.Series]) -> pd.Series:
    found = parts[0]
    for part in parts[1:]:
        found = found.mask(_is_blank(found), part)
    return found


def _fill(parts: list[pd.Series]) -> pd.Series:
    titles = [_filled(pieces)[0] for pieces in zip(*parts, strict=True)]
    return pd.Series(titles, index=parts[0].index, dtype="str")


def _filled(pieces: tuple[Any, ...]) -> tuple[str, bool]:
    """The words put back, and whether their places are certain.

    Two blanks stand for a word, three for two. With more words than that some stood at an edge, it
    is not known which: then all stand at the end.
    """
    text, *rest = ("" if p is None or p != p else str(p).strip() for p in pieces)
    words = [w for w in rest if w]
    gaps = _GAP.findall(text)
    if sum(len(gap) - 1 for gap in gaps) != len(words):
        return " ".join([*text.split(), *words]), not words
    left = iter(words)
    filled = _GAP.sub(lambda g: f" {' '.join(islice(left, len(g[0]) - 1))} ", text)
    return filled, True
