"""Corrections: known errors of a source as data, in TOML files in this folder.

Each says where (`dataset`, `layout`, nights `first` to `last`, raw fields `where`), which raw field
(`column`), what the source writes (`expect`), what is right (`value`), `why`, and who confirmed it
(`source`). If the source no longer writes `expect`, the correction is not applied and a warning
says so.
"""

import logging
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from transforms.contracts import contract
from transforms.fields.text import even
from transforms.layouts import layouts

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Correction:
    """One known error. Texts are compared with normalised blanks."""

    file: str
    dataset: str
    layout: str
    where: Mapping[str, str]
    column: str
    expect: str
    value: str
    why: str
    source: str
    first: date = date.min
    last: date = date.max


Tell = Callable[[Correction, date, int], None]


def tell_outdated(known: Correction, night: date, rows: int) -> None:
    """Logs that a correction was not applied to some rows."""
    log.error(
        "%s %s: a correction in %s expects other text in %s than the source now writes, in "
        "%s rows. It was not applied: delete it if the source was mended (%s).",
        known.dataset,
        night,
        known.file,
        known.column,
        rows,
        known.why,
    )


def correct(
    raw: pd.DataFrame, dataset: str, layout: str, night: date, tell: Tell = tell_outdated
) -> tuple[pd.DataFrame, Counter[tuple[str, str | None]]]:
    """The raw fields with that night's known errors corrected, and warnings."""
    warnings: Counter[tuple[str, str | None]] = Counter()
    for known in _all(FOLDER):
        if (known.dataset, known.layout) != (dataset, layout):
            continue
        if not known.first <= night <= known.last or not {known.column, *known.where} <= set(raw):
            continue
        meant = pd.Series(True, index=raw.index)
        for field, text in known.where.items():
            meant &= raw[field].fillna("").map(even) == even(text)
        as_expected = meant & (raw[known.column].fillna("").map(even) == even(known.expect))
        warnings["corrected", known.column] += int(as_expected.sum())
        outdated = int((meant & ~as_expected).sum())
        if outdated:
            warnings["correction_outdated", known.column] += outdated
            tell(known, night, outdated)
        raw = raw.assign(**{known.column: raw[known.column].mask(as_expected, known.value)})
    return raw, warnings


@cache
def _all(folder: Path) -> tuple[Correction, ...]:
    found = []
    for path in sorted(folder.glob("*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["correction"]:
            known = Correction(file=path.name, **entry)
            strange = {known.column, *known.where} - set(contract(known.dataset).raw)
            if known.layout not in {layout.name for layout in layouts(known.dataset)}:
                raise ValueError(f"{path.name}: {known.dataset} has no layout {known.layout}")
            if strange:
                raise ValueError(f"{path.name}: not in the contract: {', '.join(sorted(strange))}")
            found.append(known)
    return tuple(found)
