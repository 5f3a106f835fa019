"""The lake: partitions and receipts, whether a night counts, and what the nights add up to."""

from transforms.lake.lake import LOAD_AGAIN, DamagedPart, Lake
from transforms.lake.receipt import Receipt

__all__ = ["LOAD_AGAIN", "DamagedPart", "Lake", "Receipt"]
