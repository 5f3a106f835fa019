"""Cleaning: text in, typed values out, the same number of rows. The contract judges later.

Every cleaner is row-local, `clean(a + b) == clean(a) + clean(b)`, so that one function serves
batches, processes and a Spark cluster.
"""

from transforms.clean import inquiries, listings, sellers
from transforms.clean.batch import Cleaned, Context

CLEANERS = {
    "sellers": sellers.clean,
    "listings": listings.clean,
    "inquiries": inquiries.clean,
}

__all__ = ["CLEANERS", "Cleaned", "Context"]
