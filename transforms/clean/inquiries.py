"""Inquiries, requests for quotation and chats: one row per event, in its latest state."""

import datetime
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clean.batch import Batch, Cleaned, Context
from transforms.clean.surrogate import surrogate
from transforms.clean.units import unit_apart
from transforms.contracts import contract
from transforms.fields import Unreadable, date, number, person, text, word
from transforms.fields.country import country
from transforms.fields.quantity import in_unit, quantity, unit

HUGE_QUANTITY = 10_000_000
FLAGS = (
    "email_confirmed",
    "experienced_buyer",
    "typical_replies",
    "interactive_user",
    "complete_order_via_rfq",
    "is_spam",
    "is_auto_reply",
)


def clean(raw: pd.DataFrame, context: Context) -> Cleaned:
    """Typed inquiries, one row per row of text under the contract's raw names."""
    batch = Batch(raw, contract("inquiries"), context.memory)
    batch.constant("snapshot_date", context.snapshot_date)
    batch.parse("channel", "channel", str.casefold)
    batch.parse("seller_id", "seller_id", text.identifier)
    batch.ids("product_id", "product_id")
    batch.text("subject", "subject")
    batch.text("description", "description")
    _posted(batch, context)
    batch.parse(
        "expires",
        "expires_at",
        lambda t: date.instant(
            t,
            context.zone or context.market.platform_time_zone,
            context.evidence.get("expires"),
        ),
    )
    batch.parse("buyer_name", "buyer_key", partial(person.person_key, key=context.key))
    batch.parse("buyer_country", "buyer_country_iso2", country)
    _quantity(batch)
    batch.parse("quotes_left", "quotes_left", number.count)
    batch.fill("quotes_received", pc.subtract(10, batch.column("quotes_left").cast(pa.int32())))
    for flag in FLAGS:
        batch.parse(flag, flag, word.flag)
    batch.parse("incoterm", "incoterm", str.upper)
    batch.text("payment_terms", "payment_terms")
    batch.text("destination_port", "destination_port")
    batch.parse("language", "language", word.language)
    _identity(batch)
    return batch.cleaned()


def _posted(batch: Batch, context: Context) -> None:
    """When it was posted, and that day in Pacific and in local time.

    Relative times count from when the export was taken, which a row may state itself.
    """
    zone = context.zone or context.market.time_zone
    batch.parse_with(
        "posted",
        "scraped",
        ("posted_at", "posted_at_precision"),
        lambda t, scraped: date.posted(
            t, _taken(scraped, context), zone, context.evidence.get("posted")
        ),
    )
    _days(batch, context)
    later = pc.greater(batch.column("posted_date_local"), pa.scalar(context.snapshot_date))
    batch.warn("posted_later", "posted_at", pc.sum(later).as_py() or 0)
    batch.parse(
        "first_reply",
        "first_reply_at",
        lambda t: date.instant(t, zone, context.evidence.get("first_reply")),
    )
    to_a_seller = pc.not_equal(batch.column("channel"), "rfq")
    exact = pc.not_equal(batch.column("posted_at_precision"), "day")
    both = pc.fill_null(pc.and_(to_a_seller, exact), False)
    batch.copy("posted_at", "received_at", where=both)


def _taken(scraped: str | None, context: Context) -> "datetime.date | datetime.datetime | None":
    """The night, if the row states nothing else; None if nobody can read what it states."""
    if scraped is None:
        return context.snapshot_date
    try:
        return date.taken(scraped, context.evidence.get("scraped"))
    except Unreadable:
        return None


def _days(batch: Batch, context: Context) -> None:
    posted_at = batch.column("posted_at").cast(pa.timestamp("us", tz="UTC"))
    for column, zone in (
        ("posted_date_local", context.market.time_zone),
        ("posted_date_platform", context.market.platform_time_zone),
    ):
        wall = pc.local_timestamp(posted_at.cast(pa.timestamp("us", tz=str(zone))))
        batch.fill(column, wall.cast(pa.date32(), safe=False))


def _quantity(batch: Batch) -> None:
    """A quantity with its unit in one cell, or the two in cells of their own, or both."""
    batch.parse("quantity", ("quantity", "quantity_unit", None, "quantity_base"), quantity)
    huge = pc.greater(batch.column("quantity").cast(pa.float64()), HUGE_QUANTITY)
    batch.warn("huge_quantity", "quantity", pc.sum(huge).as_py() or 0)
    if not batch.has("quantity_unit"):
        return
    amounts = batch.column("quantity").to_pylist()
    unit_apart(batch, "quantity_unit")
    units = batch.column("quantity_unit").to_pylist()
    batch.fill(
        "quantity_base",
        [
            in_unit(a, unit(u)).base if a is not None and u else None
            for a, u in zip(amounts, units, strict=True)
        ],
    )


def _identity(batch: Batch) -> None:
    """The source's number; for requests for quotation without one, a hash of what does not change.

    Other inquiries need their number, since two buyers may send two sellers the same words. If the
    export states buyers, they tell two requests with the same words apart.

    It leaves out the posted date, which changes, and the tokens of a link, which differ by page.
    `surrogate_key` leaves out the buyer, whom not every export states.
    """
    batch.ids("inquiry_id", "inquiry_id")
    columns = ("channel", "subject", "quantity", "quantity_unit", "buyer_country_iso2")
    rows = zip(*(batch.column(c).to_pylist() for c in columns), strict=True)
    keys = [_surrogate(*row) if row[0] == "rfq" and row[1] else None for row in rows]
    ids = batch.column("inquiry_id").to_pylist()
    batch.fill("surrogate_key", keys)
    buyers = batch.column("buyer_key").to_pylist()
    own = [surrogate(k, b) if k and b else k for k, b in zip(keys, buyers, strict=True)]
    batch.fill("inquiry_id", [i or key for i, key in zip(ids, own, strict=True)])
    batch.fill("id_is_surrogate", [not i and bool(k) for i, k in zip(ids, keys, strict=True)])


def _surrogate(channel: str, subject: str, *rest: object) -> str:
    title = " ".join(subject.casefold().split())[:60]
    return surrogate(channel, title, *rest)
