"""What every reader hands back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Opened:
    """A table of text: its headers, and batches of rows with the line each began on."""

    headers: list[str]
    rows_in: int
    rows: Iterator[tuple[pd.DataFrame, np.ndarray]]
    encoding: str
    delimiter: str | None = None
    header_row: int | None = None


# (line, reason, text) of a record that is no row of the table
Broken = list[tuple[int, str, str]]
