"""The lake: partitions, receipts, gates that decide whether a night counts, and the history."""

from transforms.lake.lake import LOAD_AGAIN, DamagedPart, Lake
from transforms.lake.receipt import Receipt

__all__ = ["LOAD_AGAIN", "DamagedPart", "Lake", "Receipt"]
