"""The lake: partitions and receipts, whether a night counts, and what the nights add up to."""

from transforms.lake.lake import LOAD_AGAIN, OF_ROWS, USABLE, DamagedPart, Lake, Receipt

__all__ = ["LOAD_AGAIN", "OF_ROWS", "USABLE", "DamagedPart", "Lake", "Receipt"]
