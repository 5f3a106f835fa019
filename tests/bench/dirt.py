"""A large night made dirty, so that no program is measured on input that nobody delivers.

Unique titles, a second form of dates, rows that repeat, and between one and two rows in a hundred
with something wrong.
"""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

SECOND_FORM = 0.01  # of the rows: `2021-04-17T10:20:21`
REPEATS = {"exact": 0.002, "blanked": 0.002}
# What is wrong with a share of the rows, by column and the text that it gets.
WRONG_VALUES = {
    "Product ID": ("", "12AB"),
    "Title": ("", "ab"),
    "Price": ("$1.2K", "call us"),
    "MOQ": ("ask", "many sets"),
    "Lead Time": ("soon", "two weeks or so"),
    "Created": ("2021-02-30 10:00:00", "yesterday"),
    "Impressions": ("abc", "1.2K"),
}
WRONG = 0.0008  # of the rows, by column and text
RAGGED = 0.001  # of the rows: the last field is missing
SPACED = 0.002  # of the titles: a blank too many
LETTERS = 5  # of the word that makes a title unique


def make_dirty(night: Path, seed: int = 1) -> int:
    """Rewrites the listings of a night; returns the bytes of their files."""
    return sum(_rewritten(path, seed) for path in sorted(night.glob("listings*.csv.gz")))


def _rewritten(path: Path, seed: int) -> int:
    rng = np.random.default_rng(seed)
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    count = len(rows)
    rows["Title"] = rows["Title"] + " " + _words(count)
    _replace(rows, "Title", rng.random(count) < SPACED, lambda t: t.replace(" ", "  "))
    for column in ("Created", "Modified"):
        _replace(rows, column, rng.random(count) < SECOND_FORM, lambda t: t.replace(" ", "T"))
    for column, texts in WRONG_VALUES.items():
        for text in texts:
            rows.loc[rng.random(count) < WRONG, column] = text
    again = [rows.sample(frac=share, random_state=seed) for share in REPEATS.values()]
    again[1] = again[1].assign(**{"Review Score": "", "Lead Time": ""})
    rows = pd.concat([rows, *again], ignore_index=True)
    rows = rows.sample(frac=1, random_state=seed)
    lines = rows.to_csv(index=False).splitlines(keepends=True)
    with gzip.open(path, "wt", compresslevel=6, encoding="utf-8", newline="") as file:
        for line, is_ragged in zip(lines, _ragged(len(lines), rng), strict=True):
            file.write(line.rpartition(",")[0] + "\n" if is_ragged else line)
    return path.stat().st_size


def _words(count: int) -> pd.Series:
    """A different word for each row; of letters, since long numbers pass for telephones."""
    letters = ord("a") + np.arange(count)[:, None] // 26 ** np.arange(LETTERS) % 26
    return pd.Series(letters.astype(np.uint32).view(f"U{LETTERS}").ravel(), dtype="str")


def _replace(rows: pd.DataFrame, column: str, where: np.ndarray, by: Callable[[str], str]) -> None:
    rows.loc[where, column] = rows.loc[where, column].map(by)


def _ragged(count: int, rng: np.random.Generator) -> np.ndarray:
    ragged = rng.random(count) < RAGGED
    ragged[0] = False  # the headers
    return ragged
