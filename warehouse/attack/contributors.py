"""Contributors: how many sellers count in a number of the attack, asked of what no reader has."""

from datetime import date, timedelta
from typing import Any

import duckdb

from warehouse.attack.facts import Facts
from warehouse.attack.reading import UNKNOWN
from warehouse.attack.solver import Name

DAY = timedelta(1)

# From the history of sellers, because a vintage may be of a night that no edition rests on.
PAID = (
    "SELECT seller_id FROM marts.dim_seller WHERE of_market(country_iso2) "
    "AND $1 >= valid_from_on AND coalesce($1 < valid_until_on, true) "
    "AND pays_on($1, membership, paid_from_on, paid_to_on)"
)
# Of the market by any edition: in the attack's own markets nobody moves.
MARKET = (
    "JOIN (SELECT seller_id FROM staging.stg_seller_as_of WHERE is_market GROUP BY seller_id) "
    "AS market USING (seller_id) WHERE true"
)
NEW = (
    "SELECT DISTINCT first.seller_id FROM staging.stg_seller_flow AS flow "
    "JOIN staging.stg_first_paid AS first USING (edition, seller_id) "
    "WHERE flow.flow = 'new' AND first.first_paid_on BETWEEN $1 AND $2"
)
COHORT = (
    "SELECT DISTINCT cohort.seller_id FROM staging.stg_cohort_seller AS cohort "
    "JOIN staging.stg_first_paid AS first USING (edition, seller_id) "
    "WHERE first.first_paid_on BETWEEN $1 AND $2 AND cohort.channel_partner = $3"
)
FLOW = "SELECT seller_id FROM staging.stg_seller_flow WHERE flow <> 'new' AND edition = $1"
# Of the market and paid at the edition's end, without being paid at its start.
BACK = (
    "SELECT seller.seller_id FROM staging.stg_census_seller AS seller "
    "JOIN marts.dim_edition AS edition ON edition.edition = $1 "
    "AND edition.sellers_as_of = seller.snapshot_date AND seller.is_paid "
    "ANTI JOIN staging.stg_seller_flow AS flow "
    "ON flow.edition = edition.edition AND flow.seller_id = seller.seller_id"
)
AGAIN = (
    "SELECT flow.seller_id FROM staging.stg_seller_flow AS flow "
    "JOIN marts.dim_edition AS edition USING (edition) "
    "ANTI JOIN (FROM staging.stg_census_seller WHERE is_paid) AS seller "
    "ON seller.snapshot_date = edition.sellers_as_of AND seller.seller_id = flow.seller_id "
    "WHERE flow.flow = 'new' AND edition.edition = $1"
)
LIVE = (
    f"SELECT seller_id FROM lake.listing_day {MARKET} AND live_listings > 0 AND snapshot_date = $1"
)
TERMS = f"SELECT seller_id FROM staging.stg_listing_terms {MARKET} AND snapshot_date = $1 AND "
ASKED = "SELECT seller_id FROM staging.stg_inquiry WHERE is_counted"
MOVED = f"""
    SELECT seller_id FROM (
        SELECT product_id, arg_max(seller_id, changed_on) AS seller_id,
            sum(CASE WHEN change = 'gone' THEN -1 ELSE 1 END) AS came,
            bool_or(change = 'new') AS is_new
        FROM lake.listing_change
        JOIN (SELECT DISTINCT flow_from, flow_to FROM staging.stg_listing_flow WHERE flow_to = $1)
            ON changed_on > flow_from AND changed_on <= flow_to
        GROUP BY product_id
    ) {MARKET} AND """
SPAN = (
    "SELECT seller_id FROM staging.stg_inquiry AS inquiry JOIN staging.stg_inquiry_period AS part "
    "ON part.edition = inquiry.edition AND counted_on BETWEEN span_from AND span_to "
    "WHERE is_counted AND received_at IS NOT NULL AND part.edition = $1 AND span = $2 "
    "AND span_from = $3 AND replied_at IS "
)
PARTS = {
    "complete": "complete",
    "price": "with_price",
    "ask_price": "asked",
    "moq": "with_moq",
    "leaf_category": "in_leaf",
    "ready": "ready",
}
REACH = {"ten_countries_share": "countries >= 10", "four_continents_share": "continents >= 4"}


def contributors(db: duckdb.DuckDBPyConnection, facts: Facts, name: Name) -> int | None:
    """None for a number that names no sellers: those whose city, say, is not known."""
    assert isinstance(name, tuple)
    kind, *rest = name
    is_other = kind == "not"
    if is_other:
        kind, *rest = rest
    if UNKNOWN in rest or None in rest:
        return None
    query, values = _query(facts, kind, rest, is_other)
    used = values[: max((n for n in range(1, 5) if f"${n}" in query), default=0)]
    found = db.execute(f"SELECT count(DISTINCT seller_id) FROM ({query})", used).fetchone()
    assert found
    return int(found[0])


def _query(facts: Facts, kind: str, rest: list[Any], is_other: bool) -> tuple[str, list[Any]]:
    simple = {
        "paid": PAID,
        "named": f"{PAID} AND company_key IS NOT NULL",
        "of country": "SELECT seller_id FROM staging.stg_census_seller "
        "WHERE is_paying AND snapshot_date = $1 AND country_iso2 = $2",
        "city": f"{PAID} AND city_key = $2",
        "kept": f"{FLOW} AND flow = 'stayed'" + (" AND city_key = $2" if len(rest) == 2 else ""),
        "gone": f"{FLOW} AND flow = 'gone'" + (" AND city_key = $2" if len(rest) == 2 else ""),
        "returned": BACK,
        "left again": AGAIN,
        "live": LIVE + (" AND top_category_id = $2" if len(rest) == 2 else ""),
        "ever": f"SELECT seller_id FROM lake.listing_new {MARKET} AND changed_on <= $1",
        "listings new": f"{MOVED} came = 1 AND is_new",
        "listings returned": f"{MOVED} came = 1 AND NOT is_new",
        "listings dropped": f"{MOVED} came = -1",
        "visitors": f"SELECT seller_id FROM lake.listing_day {MARKET} AND snapshot_date = $1",
        "rated": f"SELECT seller_id FROM lake.listing_day {MARKET} AND snapshot_date = $1",
        "price_level": f"SELECT seller_id FROM lake.listing_as_of {MARKET} AND snapshot_date = $1 "
        "AND top_category_id = $2 AND price_unit = $3",
        "moq_level": f"SELECT seller_id FROM lake.listing_as_of {MARKET} AND snapshot_date = $1 "
        "AND top_category_id = $2 AND moq_unit_dimension = $3",
        "unreplied": SPAN + ("NOT NULL" if is_other else "NULL"),
        "verified": f"{PAID} AND is_verified IS " + ("NOT true" if is_other else "true"),
        "asked": f"{ASKED} AND edition = $1",
        "reach": "SELECT seller_id FROM staging.stg_reach WHERE is_reached AND edition = $1",
        "few inquiries": f"{ASKED} AND edition = $1 AND seller_id NOT IN "
        "(SELECT seller_id FROM staging.stg_reach WHERE is_reached AND edition = $1)",
        "busy": "SELECT seller_id FROM staging.stg_response WHERE edition = $1 AND "
        + ("valid BETWEEN 1 AND 9" if is_other else "valid >= 10"),
        "in time": "SELECT seller_id FROM staging.stg_response LEFT JOIN staging.stg_seller_as_of "
        "USING (edition, seller_id) WHERE edition = $1 AND "
        + ("replied < valid" if is_other else "replied > 0")
        + (" AND city_key = $2" if len(rest) == 2 else ""),
        "live of city": "SELECT seller_id FROM staging.stg_live_listing "
        "JOIN staging.stg_seller_as_of AS seller USING (edition, seller_id) "
        "WHERE edition = $1 AND seller.is_market AND city_key = $2",
        "lists": "SELECT seller_id FROM staging.stg_paid_seller WHERE edition = $1 "
        f"AND seller_id {'NOT' if is_other else ''} IN (SELECT seller_id FROM "
        "staging.stg_live_listing WHERE edition = $1 AND top_category_id = $2)"
        + (" AND city_key = $3" if len(rest) == 3 else ""),
        "silent": "SELECT seller_id FROM staging.stg_seller_period WHERE edition = $1 "
        "AND span = $2 AND span_from = $3 AND inquiries " + ("> 0" if is_other else "= 0"),
        "order": "SELECT seller_id FROM marts.dim_seller JOIN marts.dim_edition ON edition = $1 "
        "WHERE orders_6m > 0 AND valid_from_on <= sellers_as_of AND coalesce("
        "valid_until_on > period_from + INTERVAL 6 MONTH, true)",
    }
    if kind in simple and not (kind == "asked" and len(rest) == 2):
        return simple[kind], rest
    if kind == "category":
        return (
            f"{PAID} AND seller_id IN (SELECT seller_id FROM marts.dim_main_category JOIN "
            "marts.dim_edition USING (edition) WHERE listings_as_of = $2 AND main_category_id = $3)"
        ), rest
    if kind == "has":
        figure = PARTS[rest[1]]
        whole = "says_if_ready" if rest[1] == "ready" else "live_listings"
        return TERMS + (f"{figure} < {whole}" if is_other else f"{figure} > 0"), rest
    if kind == "without":
        some = "SELECT seller_id FROM staging.stg_live_listing WHERE edition = $2"
        return f"{PAID} AND seller_id {'' if is_other else 'NOT'} IN ({some})", rest
    if kind in REACH:
        is_wide = f"({REACH[kind]})" if not is_other else f"NOT ({REACH[kind]})"
        reached = "SELECT seller_id FROM staging.stg_reach WHERE is_reached AND edition = $1"
        return f"{reached} AND {is_wide}", rest
    return _of_days(facts, kind, rest)


def _of_days(facts: Facts, kind: str, rest: list[Any]) -> tuple[str, list[Any]]:
    """Numbers of a stretch of days, named by its first."""
    if not isinstance(rest[0], date):  # of all stretches of an edition together
        edition, key = rest
        if kind == "joined":
            return (
                "SELECT seller_id FROM staging.stg_cohort_seller WHERE edition = $1 "
                "AND channel_partner = $2",
                rest,
            )
        return f"{_asked_of(kind)} AND inquiry.edition = $1 AND {_key(kind)} = $2", [edition, key]
    first, key = rest[0], rest[-1]
    if kind == "inquiries":
        return f"{ASKED} AND counted_on BETWEEN $1 AND $2", [first, facts.end_of(first, month=True)]
    last = facts.end_of(first)
    if kind == "new":
        return NEW + (" AND flow.city_key = $3" if len(rest) == 2 else ""), [first, last, key]
    if kind in ("joined", "stayed", "left", "asked"):
        which = {
            "joined": "",
            "stayed": " AND is_kept",
            "left": " AND NOT is_kept",
            "asked": " AND inquiries > 0",
        }[kind]
        return COHORT + which, [first, last, key]
    of_key = f"{_asked_of(kind)} AND counted_on BETWEEN $1 AND $2 AND {_key(kind)} = $3"
    return of_key, [first, last, key]


def _asked_of(table: str) -> str:
    return (
        "SELECT inquiry.seller_id FROM staging.stg_inquiry AS inquiry "
        "LEFT JOIN staging.stg_seller_as_of AS city "
        "ON city.edition = inquiry.edition AND city.seller_id = inquiry.seller_id "
        "WHERE is_counted"
    )


def _key(table: str) -> str:
    return "city.city_key" if table == "inquiries_by_city" else "buyer_country_iso2"
