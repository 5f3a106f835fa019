"""Prices in dollars as exports usually write them, read by the column at once."""

import pyarrow as pa
import pyarrow.compute as pc

from transforms.contracts import contract
from transforms.fields import Unreadable
from transforms.fields.quantity import unit

COLUMNS = ("price_min", "price_max", "price_currency", "price_tiers", "price_unit")

# Some of what `price` reads as plain, also where a column of its own says that it is in dollars.
_AMOUNT = r"[0-9]{1,14}(?:\.[0-9]{1,4})?"
# Only without blanks: with optional ones it takes more than twice as long.
_USUAL = (
    rf"^(?:US ?)?\$(?P<low>{_AMOUNT})(?:-(?:(?:US ?)?\$)?(?P<high>{_AMOUNT}))?"
    r"(?:/(?P<of>[A-Za-z][A-Za-z ]*(?:/[A-Za-z ]+)?))?(?:\x1f(?:USD)?)?$"
)


def dollars(texts: pa.Array) -> tuple[pa.Array, ...]:
    """The columns of each price; null for any text that is not in the usual form."""
    found = pc.extract_regex(texts, _USUAL)
    low, high, of = (pc.struct_field(found, place) for place in range(3))
    of = pc.if_else(pc.equal(of, ""), None, of).dictionary_encode()
    names = pa.array(map(_name, of.dictionary.to_pylist()), pa.string()).take(of.indices)
    # Of an unknown unit `price` says what is wrong with it.
    is_usual = pc.and_(pc.is_valid(low), pc.or_(pc.is_valid(names), pc.is_null(of)))
    types = [contract("listings").by_name[name].arrow for name in COLUMNS]
    least = pc.if_else(is_usual, low, None).cast(types[0])
    most = pc.if_else(pc.equal(high, ""), None, high).cast(types[1])
    # Where a column of its own holds the upper bound, 0 says that there is none.
    most = pc.coalesce(pc.if_else(pc.equal(most, 0), None, most), least)
    return (
        least,
        pc.if_else(is_usual, most, None),
        pc.if_else(is_usual, pa.scalar("USD"), None),
        pa.nulls(len(texts), types[3]),
        names,
    )


def _name(text: str) -> str | None:
    try:
        return unit(text).name
    except Unreadable:
        return None
