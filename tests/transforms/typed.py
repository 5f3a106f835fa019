"""Typed rows as a data frame, for tests that look at them."""

import pandas as pd
import pyarrow as pa

from transforms.check import Checked


def frame(rows: pa.Table) -> pd.DataFrame:
    """The rows as they are, with the types of Arrow."""
    found: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    return found


def accepted(checked: Checked) -> pd.DataFrame:
    """The accepted rows of a batch."""
    return frame(checked.rows.filter(pa.array(checked.is_accepted)))
