"""A unit that has a column of its own, beside the unit that the cell of the amount may name."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clean.batch import Batch
from transforms.fields.quantity import unit


def unit_apart(batch: Batch, field: str) -> None:
    """Fills the column of units, which has the field's name: with the unit that stands apart, where
    that is blank with the one found in the amount's cell. Of two that differ neither is kept."""
    if not batch.has(field):
        return
    within = batch.column(field)
    batch.parse(field, field, lambda text: unit(text).name)
    if within.null_count == len(within):
        return
    apart = batch.column(field)
    differ = pc.fill_null(pc.not_equal(within, apart), False)
    is_blank = pc.is_null(pa.array(batch.texts(field), pa.string()))
    batch.fill(field, pc.if_else(is_blank, within, pc.if_else(differ, None, apart)))
    rows = np.flatnonzero(differ).tolist()
    batch.problem(field, rows, ["two units"] * len(rows), field)
