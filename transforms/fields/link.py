"""Links: the ids that stand in them."""

import re

from transforms.fields import Unreadable

_SUBDOMAIN = re.compile(r"https?://([a-z0-9-]+)\.(?:en|trustpass)\.alibaba\.com(?:/.*)?", re.I)
_MEMBER = re.compile(r"https?://www\.alibaba\.com/member/([a-z0-9-]+)(?:/.*)?", re.I)
_PRODUCT = re.compile(r"_(\d+)\.html")


def seller_id(text: str) -> str:
    """Storefront subdomain, or the member id where a seller has no subdomain."""
    found = _SUBDOMAIN.fullmatch(text) or _MEMBER.fullmatch(text)
    if not found:
        raise Unreadable("not a storefront address")
    return found[1].casefold()


def product_id(text: str) -> str:
    """The number before `.html`; the query part differs from scrape to scrape."""
    found = _PRODUCT.search(text)
    if not found:
        raise Unreadable("no product number in the link")
    return found[1]
