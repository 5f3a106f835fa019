"""The right content of every report table, told from the universe itself."""

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


def report(universe: Universe, ledger: Ledger) -> dict[str, list[Row]]:
    """All report tables of a sample. Shares and growth are fractions, rounded to 9 decimals."""
    truth = Tables(universe, ledger)
    found: dict[str, list[Row]] = {}
    for family in Tables.__bases__:
        for table in vars(family)["NAMES"]:
            rows = getattr(truth, table)
            found[table] = [row for edition in ledger.editions for row in rows(edition)]
    found["participation_gap"] = participation_gap(universe.parameters, ledger.editions, found)
    found["context"] = context(universe.parameters, ledger.editions, found)
    return found
