"""Links: the ids that stand in them."""

import re

from transforms.fields import Unreadable

_STOREFRONT = re.compile(
    r"(?:https?:)?//(?:www\.alibaba\.com/member/([a-z0-9-]+)"
    r"|([a-z0-9-]+)\.(?:en|trustpass)\.alibaba\.com)(?:/.*)?",
    re.IGNORECASE | re.ASCII,
)
_PRODUCT = re.compile(r"_([0-9]+)\.html$")


def seller_id(text: str) -> str:
    """Storefront subdomain, or the member id where a seller has no subdomain."""
    found = _STOREFRONT.fullmatch(text)
    if not found:
        raise Unreadable("not a storefront address")
    return (found[1] or found[2]).casefold()


def product_id(text: str) -> str:
    """The number before `.html`; the query part differs from scrape to scrape."""
    found = _PRODUCT.search(re.split(r"[?#]", text)[0])
    if not found:
        raise Unreadable("no product number in the link")
    return found[1]
