"""The path of a row from a delivered file to the lake."""

DATASETS = ("sellers", "listings", "inquiries")
