"""Listings: one row per product, with its attributes and that day's metrics."""

from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clean import prices
from transforms.clean.batch import Batch, Cleaned, Context
from transforms.clean.surrogate import surrogate
from transforms.clean.units import unit_apart
from transforms.contracts import contract
from transforms.fields import Unreadable, date, link, number, text, word
from transforms.fields.country import country_of_place
from transforms.fields.price import falls, price
from transforms.fields.quantity import quantity

LONGEST_TITLE = 128  # characters that the marketplace allows
WIDEST_RANGE = 1_000  # highest to lowest price
RATE_TOLERANCE = 0.005

METRICS = {
    "impressions": "impressions",
    "clicks": "clicks",
    "visitors": "visitors",
    "inquiries": "inquiries",
    "inquirers": "inquirers",
    "tm_chatters": "tm_chatters",
    "orders": "orders",
    "bookmarks": "bookmarks",
}


def clean(raw: pd.DataFrame, context: Context) -> Cleaned:
    """Typed listings with their metrics, one row per row of text under the raw names."""
    batch = Batch(raw, contract("listings"), context.memory)
    batch.constant("snapshot_date", context.snapshot_date)
    _identity(batch)
    batch.text("title", "title")
    _warn_of_long_titles(batch)
    batch.ids("category_id", "category_id")
    batch.parse("category_id", "top_category_id", lambda t: _top_category(t, context))
    batch.parse("status", "status", partial(word.one_of, words=word.LISTING_STATUS))
    batch.parse("display", "is_listed", word.flag)
    batch.text("product_type", "product_type")
    _price(batch)
    batch.parse("moq", ("moq", "moq_unit", "moq_unit_dimension", "moq_base_qty"), quantity)
    batch.parse("lead_time", "lead_time_days", number.days)
    batch.parse("origin", "origin_country_iso2", country_of_place)
    batch.parse("is_rts", "is_rts", word.flag)
    batch.parse("is_showcase", "is_showcase", word.flag)
    batch.parse("is_p4p", "is_p4p", word.flag)
    batch.parse("review_score", ("review_score", "review_count"), number.score)
    batch.zero_is_unknown("review_score")
    batch.parse("review_count", "review_count", number.count)
    zone = context.zone or context.market.platform_time_zone
    for field, column in (("created", "gmt_create"), ("modified", "gmt_modified")):
        batch.instants(field, column, zone, context.evidence.get(field))
    _metrics(batch, context)
    return batch.cleaned()


def _identity(batch: Batch) -> None:
    """The source's number, also from the link; without it, a hash of what the seller would have to
    change to offer something else."""
    if batch.has("seller_id"):
        batch.parse("seller_id", "seller_id", text.identifier)
    else:
        batch.parse("storefront_url", "seller_id", link.seller_id)
    batch.text("product_id_masked", "product_id_masked")
    has_id = batch.has("product_id") or batch.has("product_url")
    batch.constant("id_is_surrogate", not has_id)
    if batch.has("product_id"):
        batch.ids("product_id", "product_id")
    elif has_id:
        batch.parse("product_url", "product_id", link.product_id)
    else:
        parts = zip(*map(batch.texts, ("title", "company_name", "moq")), strict=True)
        batch.fill("product_id", [surrogate(*of) if of[0] else None for of in parts])


def _warn_of_long_titles(batch: Batch) -> None:
    long = pc.greater(pc.utf8_length(batch.column("title")), LONGEST_TITLE)
    batch.warn("long_title", "title", pc.sum(long).as_py() or 0)


def _top_category(category_id: str, context: Context) -> str:
    try:
        return context.market.categories[text.identifier(category_id)][1]
    except KeyError as error:
        raise Unreadable("unknown category") from error


def _price(batch: Batch) -> None:
    batch.as_delivered("price", "price_raw")
    batch.parse_with("price", "price_currency", prices.COLUMNS, _price_in, prices.dollars)
    unit_apart(batch, "price_unit")
    _doubt_ladders(batch)
    low, high = batch.column("price_min"), batch.column("price_max")
    in_usd = pc.fill_null(pc.equal(batch.column("price_currency"), "USD"), False)
    batch.copy("price_min", "price_min_usd", where=in_usd)
    batch.copy("price_max", "price_max_usd", where=in_usd)
    wide = pc.greater(high.cast(pa.float64()), pc.multiply(low.cast(pa.float64()), WIDEST_RANGE))
    batch.warn("wide_price", "price_max", pc.sum(wide).as_py() or 0)
    batch.constant("price_basis", "unstated")


def _price_in(text_: str, currency: str | None) -> tuple[object, ...]:
    found = price(text_, currency)
    tiers = [{"min_qty": least, "price": each} for least, each in found.tiers] or None
    return found.low, found.high, found.currency, tiers, found.unit


def _doubt_ladders(batch: Batch) -> None:
    """A price ladder that rises holds some other price, perhaps of a sample: bounds are unknown."""
    tiers = batch.column("price_tiers")
    if tiers.null_count == len(tiers):
        return
    ladders = np.flatnonzero(pc.is_valid(tiers))
    rising = [
        not falls(tuple((t["min_qty"], t["price"]) for t in of))
        for of in tiers.drop_null().to_pylist()
    ]
    rows = ladders[rising].tolist()
    for column in ("price_min", "price_max"):
        batch.copy(column, column, where=pa.array(~np.isin(np.arange(len(tiers)), rows)))
    batch.problem("price_min", rows, ["ladder does not fall"] * len(rows), "price")


def _metrics(batch: Batch, context: Context) -> None:
    """Of the period that the export states, else of the day that it describes."""
    found = [column for field, column in METRICS.items() if batch.has(field)]
    if not found:
        return
    for field, column in METRICS.items():
        batch.parse(field, column, number.count)
    batch.parse("online_order_usd", "online_order_usd", number.amount)
    day = pa.repeat(pa.scalar(context.snapshot_date, pa.date32()), len(batch.raw))
    batch.fill("period_start", day)
    batch.fill("period_end", day)
    batch.parse("period_start", "period_start", date.day)
    batch.parse("period_end", "period_end", date.day)
    outside = pc.not_equal(batch.column("period_end"), pa.scalar(context.snapshot_date))
    batch.warn("other_period", "period_end", pc.sum(outside).as_py() or 0)
    _compare("click_rate", "clicks", "impressions", batch, context)
    _compare("inquiry_rate", "inquiries", "visitors", batch, context)


def _compare(field: str, part: str, whole: str, batch: Batch, context: Context) -> None:
    """Warns where a rate that the export computed is not that of its own numbers."""
    if not batch.has(field):
        return
    unsigned = context.evidence.get(field)
    stated = pa.array([_rate(t, unsigned) for t in batch.texts(field)], pa.float64())
    of = batch.column(whole).cast(pa.float64())
    computed = pc.divide(
        batch.column(part).cast(pa.float64()), pc.if_else(pc.equal(of, 0), None, of)
    )
    far = pc.greater(pc.abs(pc.subtract(stated, computed)), RATE_TOLERANCE)
    batch.warn("rate_differs", part, pc.sum(far).as_py() or 0)


def _rate(text_: str | None, unsigned: str | None) -> float | None:
    try:
        return number.rate(text_, unsigned) if text_ else None
    except Unreadable:
        return None
