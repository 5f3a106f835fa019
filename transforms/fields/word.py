"""Words from a closed list: memberships, states, flags, languages, and lists in one cell."""

import re
from collections.abc import Mapping
from typing import Any

import pycountry

from transforms.fields import Unreadable
from transforms.fields.members import members
from transforms.fields.number import rate
from transforms.fields.text import even, known

MEMBERSHIP = {
    "free member": "free",
    "gold supplier": "gold",
    "global gold supplier": "global_gold",
    "verified supplier": "verified",
    "verified pro": "verified_pro",
}
LISTING_STATUS = {
    "sketch": "draft",
    "approved": "approved",
    "tbd": "rejected",
    "new": "in_review",
    "modified": "in_review",
}
_YES, _NO = ("yes", "y", "true", "1", "是"), ("no", "n", "false", "0", "否")
FLAG = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)

# The marketplace still uses codes that were withdrawn in 1989.
_LANGUAGE = {"iw": "he", "in": "id"}
_REPEATED = frozenset(["ar", "in", "sv", "da", "et"])
_MARKET = re.compile(r"([^\d%％٪]+?) (\d+(?:[.,]\d+)?(?: ?[%％٪])?)")


def one_of(text: str, words: Mapping[str, str]) -> str:
    """The canonical word for this text, whatever its case."""
    try:
        return words[text.casefold()]
    except KeyError as error:
        raise Unreadable("unknown word") from error


def flag(text: str) -> bool:
    """`Yes`, `Y`, `true` and their opposites."""
    try:
        return FLAG[text.casefold()]
    except KeyError as error:
        raise Unreadable("neither yes nor no") from error


def listed(text: str) -> list[str]:
    """`Soccer Balls,Gloves; Bats`: at most twenty words or phrases. A list that arrives as one,
    `["Soccer Balls","Gloves, leather"]`, is never torn at its commas."""
    parts = members(text)
    if parts is None:
        parts = re.split("[,;、，；]", text)
    if not all(isinstance(part, str | None) for part in parts):
        raise Unreadable("not a list of words")
    words = (known(part, is_country=False) for part in parts if part is not None)
    return [word for word in words if word][:20]


def business_types(text: str) -> list[str]:
    """`Manufacturer, Trading Company` as names; a leaked label (`Business Type:`) is refused."""
    if text.endswith(":"):
        raise Unreadable("label instead of a value")
    return [re.sub(r"\W+", "_", part.casefold()).strip("_") for part in listed(text)]


def shares(text: str, unsigned: str | None = None) -> list[tuple[str, float]]:
    """`North America 30%、Domestic Market 20%` as shares of 0-1 that add up to 1.01 at most.

    Pages repeat a market with the same share; it counts once. Shares without a sign are what
    `unsigned` says: see `number.rate`.
    """
    found: dict[str, float] = {}
    for name, stated in stated_shares(text):
        share = rate(stated, unsigned)
        if found.setdefault(name, share) != share:
            raise Unreadable("one market with two shares")
    if sum(found.values()) > 1.01:
        raise Unreadable("shares add up to more than one")
    return list(found.items())


def stated_shares(text: str) -> list[tuple[str, str]]:
    """Markets with their shares as text, of a cell or of a list: of texts, pairs or objects."""
    parts = members(text)
    return [_share(part) for part in (text.split("、") if parts is None else parts)]


def _share(part: Any) -> tuple[str, str]:
    """`Oceania 30%`, `["Oceania", 0.3]` or `{"name": "Oceania", "share": 0.3}`."""
    found = _MARKET.fullmatch(even(part)) if isinstance(part, str) else None
    if found:
        return found[1], found[2]
    if isinstance(part, dict | list | tuple) and len(part) == 2:
        name, share = (known(str(v)) for v in (part.values() if isinstance(part, dict) else part))
        if name and share and not name[0].isdigit():
            return name, share
    raise Unreadable("not a list of shares")


def language(text: str) -> str:
    """`fr_FR` as `fr-FR`, `iw` as `he`; an invalid region (`ja_JA`) is left out."""
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", text):
        raise Unreadable("not a language")
    first, *rest = text.replace("_", "-").split("-")
    low = first.casefold()
    # The marketplace repeats the language where it has no region: `ar_AR` is not of Argentina.
    region = [r.upper() for r in rest if pycountry.countries.get(alpha_2=r.upper())]
    region = [] if low in _REPEATED and region == [low.upper()] else region
    return "-".join([_LANGUAGE.get(low, low), *region])
