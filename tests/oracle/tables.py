"""The right content of every report table, told from the universe itself."""

from tests.oracle.category_sellers import CategorySellersTables
from tests.oracle.context import context, participation_gap
from tests.oracle.headline import HeadlineTables
from tests.oracle.inquiries import InquiryTables
from tests.oracle.inquiry_rate import InquiryRateTables
from tests.oracle.ledger import Ledger
from tests.oracle.listing_terms import ListingTermsTables
from tests.oracle.listings import ListingTables
from tests.oracle.partner_cohorts import CohortTables
from tests.oracle.projection import ProjectionTables
from tests.oracle.responses import ResponseTables
from tests.oracle.rows import Row
from tests.oracle.seller_flow import FlowTables
from tests.oracle.sellers import SellerTables
from transforms.sample.universe.deliveries import Universe


class Tables(
    HeadlineTables,
    CategorySellersTables,
    SellerTables,
    CohortTables,
    FlowTables,
    ProjectionTables,
    ListingTables,
    ListingTermsTables,
    InquiryTables,
    InquiryRateTables,
    ResponseTables,
):
    """All families on one ground, so that what they share is worked out once."""


# Tables of several spans, each of which is published as a table of its own.
OF_SPANS = {
    "inquiry_flow": {"year": "inquiry_year", "month": "inquiry_month"},
    "inquiring_buyers": {"year": "inquiring_buyers", "month": "inquiring_buyers_by_month"},
    "inquiries_per_seller": {
        "year": "inquiries_per_seller",
        "month": "inquiries_per_seller_by_month",
    },
    "response_time": {"year": "response_time", "month": "response_time_by_month"},
    "rfq_demand": {"year": "rfq_demand", "week": "rfq_demand_by_week"},
    "inquiry_rate": {
        "year": "inquiry_rate",
        "month": "inquiry_rate_by_month",
        "week": "inquiry_rate_by_week",
    },
}


def report(universe: Universe, ledger: Ledger) -> dict[str, list[Row]]:
    """All report tables of a sample. Shares and growth are fractions, rounded to 9 decimals."""
    truth = Tables(universe, ledger)
    found: dict[str, list[Row]] = {}
    for family in Tables.__bases__:
        for table in vars(family)["NAMES"]:
            rows = getattr(truth, table)
            told = [row for edition in ledger.editions for row in rows(edition)]
            found |= _by_span(told, OF_SPANS[table]) if table in OF_SPANS else {table: told}
    found["participation_gap"] = participation_gap(universe.parameters, ledger.editions, found)
    found["context"] = context(universe.parameters, ledger.editions, found)
    return found


def _by_span(rows: list[Row], names: dict[str, str]) -> dict[str, list[Row]]:
    """The rows of each span; a year's days are those of its edition and stand there already."""
    found: dict[str, list[Row]] = {name: [] for name in names.values()}
    for row in rows:
        said = {"span", "span_from", "span_to"} if row["span"] == "year" else {"span"}
        found[names[row["span"]]].append({k: v for k, v in row.items() if k not in said})
    return found
