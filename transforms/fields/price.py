"""Prices of one unit: a single price, a range, or the seller's wish to be asked."""

import re
from decimal import Decimal
from typing import NamedTuple

from transforms.fields import Unreadable
from transforms.fields.number import NUMBER, decimal


class Price(NamedTuple):
    """Bounds in `currency` (ISO 4217); all None where the price is to be asked for."""

    low: Decimal | None
    high: Decimal | None
    currency: str | None


ASK = Price(None, None, None)
_ASKED = frozenset({"ask price", "negotiable", "contact supplier"})
# `$` on this marketplace is the US dollar: its other dollars are written out.
_RANGE = re.compile(rf"(?:US)?\$ ?({NUMBER})(?: ?[-–] ?(?:(?:US)?\$ ?)?({NUMBER}))?")


def price(text: str) -> Price:
    """`$9.90`, `$0.10-1`, `$12.05-$13.85`, `$500-3,000` or `Ask Price`."""
    if text.casefold() in _ASKED:
        return ASK
    found = _RANGE.fullmatch(text)
    if not found:
        raise Unreadable("not a price")
    low = decimal(found[1])
    return Price(low, decimal(found[2]) if found[2] else low, "USD")
