"""The same work by others: a night's listings from CSV to clean Parquet, with reasons.

Each peer unpacks, reads, cleans, judges and writes `accepted.parquet` and `rejected.parquet`, by
the rules that the sample needs and no more. `tests.bench.sums` holds them to what the pipeline
makes of the same bytes. The sample never leaves the last field empty, so an empty one tells of a
row with a field too few.
"""

from pathlib import Path

COLUMNS = (
    "Product ID", "Member ID", "Title", "Category ID", "Status", "Display", "Product Type",
    "Price", "MOQ", "Lead Time", "Ready to Ship", "Showcase", "P4P", "Review Score", "Reviews",
    "Created", "Modified", "Impressions", "Clicks", "Visitors", "Inquiries", "Inquirers",
    "TM Chats", "Orders", "Bookmarks",
)  # fmt: skip
METRICS = {
    "Impressions": "impressions", "Clicks": "clicks", "Visitors": "visitors",
    "Inquiries": "inquiries", "Inquirers": "inquirers", "TM Chats": "tm_chatters",
    "Orders": "orders", "Bookmarks": "bookmarks",
}  # fmt: skip
STATUS = {
    "sketch": "draft", "approved": "approved", "tbd": "rejected", "new": "in_review",
    "modified": "in_review",
}  # fmt: skip
PRICE = r"^\$([0-9][0-9.,]*)(?:-\$?([0-9][0-9.,]*))?(?:/([A-Za-z ]+))?$"
MOQ = r"^(?:Min\. order: )?([0-9][0-9,]*)(?: ([A-Za-z /]+))?$"
LEAD = r"^([0-9]{1,4}) days$"
ZONE = "America/Los_Angeles"
CATEGORIES = Path(__file__).parents[3] / "transforms/markets/categories.csv"
