"""Guesses the columns of an unknown table from their headers and values."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from transforms.clean import Context
from transforms.contracts import contract
from transforms.draft.table import Table
from transforms.fields import text
from transforms.fits import fits
from transforms.layouts import layouts
from transforms.layouts.source import Source

VALUES = 25  # distinct ones that are looked at
NAME, VALUE = 0.55, 0.45  # what a header and what its values weigh
TOLD = 0.6  # likeness of a header below which its words say nothing
CHOSEN = 0.4
SURE, UNSAID = 0.9, 0.2  # what a header must be like where the values say no more than this
SEQUEL = re.compile(r"(.+?)[ _]?[2-9]")
# The number that a page is called by; tokens, which differ from page to page, have letters.
ID_PATTERNS = (
    r"[?&][A-Za-z_.]*[iI][dD]=(\d{6,17})(?:[&#]|$)",
    r"[/_-](\d{6,17})(?:\.html?)?(?:[/?#]|$)",
)
SELLER_PATTERNS = (
    r"//([A-Za-z0-9-]+)\.(?:[a-z]+\.)*alibaba\.com",
    r"^https?://[^/]+/(?:[a-z]+/)??([A-Za-z0-9][A-Za-z0-9-]+)/?(?:[?#]|$)",
)
# An id and the link that it is taken from: one of them will do.
RIVALS = {
    "product_id": "product_url",
    "product_url": "product_id",
    "seller_id": "storefront_url",
    "storefront_url": "seller_id",
}
CURRENCIES = {
    "ksh": "KES",
    "kes": "KES",
    "rs": "PKR",
    "pkr": "PKR",
    "inr": "INR",
    "₹": "INR",
    "us$": "USD",
    "usd": "USD",
    "$": "USD",
    "eur": "EUR",
    "€": "EUR",
    "gbp": "GBP",
    "rmb": "CNY",
    "cny": "CNY",
    "aed": "AED",
}
_IN_HEADER = re.compile(r"[(\[]\s*([^)\]]{1,5}?)\.?\s*[)\]]")
_TELLING = re.compile(r"[^\W\d_]|[^\W_]{8}|[$€£₹¥]|\d ?/ ?5")
_NUMBERLESS = re.compile(r"\D{3,}")


@dataclass(frozen=True)
class Part:
    """A column, or what a pattern takes out of its cells; `spec` is what a layout would say."""

    header: str
    spec: Any
    name: str  # the header's words, or the label next to the values
    values: list[str]
    share: float  # of the rows that have a value
    only: frozenset[str] | None = None  # fields that it may be


@dataclass(frozen=True)
class Choice:
    """A dataset, which part is which raw field, and how much speaks for it."""

    dataset: str
    fields: dict[str, Part] = field(default_factory=dict)
    score: float = 0.0


def parts(table: Table) -> list[Part]:
    """Every column, with the ids in its links and without the labels in its cells."""
    found: list[Part] = []
    label: tuple[str, str] | None = None
    for header, series in _columns(table):
        cells = series.dropna().astype(str)
        cells = cells[cells.str.strip() != ""]
        values = [v for v in dict.fromkeys(cells.head(200)) if text.known(v)][:VALUES]
        share = len(cells) / max(len(series), 1)
        if own := _label(cells):
            label = header, own
            continue
        if label:
            spec = {"header": header, "when": {"header": label[0], "equals": label[1]}}
            found.append(Part(header, spec, label[1], values, share))
            label = None
            continue
        prefix = _prefix(header, values)
        if prefix:
            rest = [v.removeprefix(prefix) for v in values]
            found.append(Part(header, {"header": header, "strip": prefix}, header, rest, share))
            continue
        found.append(Part(header, header, header, values, share))
        found += _ids(header, values, share)
    return found


def choices(table: Table, datasets: Iterable[str], context: Context) -> list[Choice]:
    """The best assignment of parts to fields of each dataset, the likeliest dataset first."""
    of = parts(table)
    found = [_choice(of, dataset, context) for dataset in datasets]
    return sorted(found, key=lambda c: -c.score)


def _columns(table: Table) -> Iterator[tuple[str, pd.Series]]:
    for place, header in enumerate(table.headers):
        if header:
            has = place < len(table.rows.columns)
            yield header, table.rows.iloc[:, place] if has else pd.Series(dtype="str")


def _label(cells: pd.Series) -> str | None:
    """The label that a page writes in front of the next column's values, `Total Revenue:`."""
    counts = cells.str.strip().value_counts()
    if len(cells) < 2 or len(counts) > 6 or not all(str(v).endswith(":") for v in counts.index):
        return None
    return str(counts.index[0])


def _prefix(header: str, values: list[str]) -> str:
    """A label that all cells begin with: `Posted in:`, `Quotes Left`."""
    if any("://" in v for v in values):
        return ""
    common = os.path.commonprefix(values)
    if label := re.match(r"[^\d:]{3,}: ?", common):
        return label[0]
    rest = [v.removeprefix(common) for v in values]
    is_label = len(values) > 2 and fuzz.ratio(_plain(common), _plain(header)) >= TOLD * 100
    return common if is_label and all(r[:1].isdigit() for r in rest) else ""


def _ids(header: str, values: list[str], share: float) -> Iterator[Part]:
    links = [v for v in values if "://" in v]
    if len(links) * 2 <= len(values) or not links:
        return
    kinds = ((ID_PATTERNS, ("product_id", "inquiry_id")), (SELLER_PATTERNS, ("seller_id",)))
    for patterns, fields in kinds:
        for pattern in patterns:
            taken = [m[1] for v in values if (m := re.search(pattern, v))]
            if len(taken) >= 0.9 * len(values) and len(set(taken)) >= 0.6 * len(values):
                spec = {"header": header, "match": pattern}
                yield Part(header, spec, header, taken, share * 0.95, frozenset(fields))
                break


def _choice(of: list[Part], dataset: str, context: Context) -> Choice:
    names, words = _names(dataset), _words()
    scores: list[tuple[float, int, str]] = []
    known = _likeness(of, names)
    values = _evidence(of, dataset, context)
    for name, evidence in values.items():
        for place, part in enumerate(of):
            if part.only is not None and name not in part.only:
                continue
            said = known[place].get(name, 0.0)
            seen = evidence[place]
            sure = SURE if _is_text(name) and seen <= UNSAID else 0.0
            if seen < 0 or said < sure or (not said and name not in words["by_value"][dataset]):
                continue
            scores.append((NAME * said + VALUE * seen, place, name))
    chosen: dict[str, Part] = {}
    taken: set[str] = set()
    total = 0.0
    for score, place, name in sorted(scores, key=lambda s: (-s[0], s[1])):
        part = of[place]
        rival = RIVALS.get(name)
        if score < CHOSEN or name in chosen or part.header in taken:
            continue
        if rival in chosen and (part.only or chosen[rival].only):
            continue
        chosen[name] = part
        taken.add(part.header)
        total += score
    return Choice(dataset, chosen, total + 2 * _identifies(dataset, chosen))


def _identifies(dataset: str, chosen: dict[str, Part]) -> int:
    needed = {
        "sellers": ({"seller_id", "storefront_url"}, {"company_name"}),
        "listings": ({"title"}, {"price", "moq", "category_id", "impressions", "status"}),
        "inquiries": ({"subject"}, {"quantity", "posted", "buyer_country", "quotes_left"}),
    }[dataset]
    return int(all(any(f in chosen for f in some) for some in needed))


def _likeness(of: list[Part], names: dict[str, str]) -> list[dict[str, float]]:
    """Per part, how much its header is like the known names of each field, 0-1."""
    found = []
    for part in of:
        best: dict[str, float] = {}
        for form in {_plain(part.name), _plain(SEQUEL.sub(r"\1", part.name))}:
            for name, score, _ in process.extract(form, names.keys(), scorer=_alike, limit=12):
                if score >= TOLD * 100:
                    best[names[name]] = max(best.get(names[name], 0.0), score / 100)
        found.append(best)
    return found


def _evidence(of: list[Part], dataset: str, context: Context) -> dict[str, list[float]]:
    """Per field, how much the values of each part speak for it, 0-1; -1 where they speak against.

    A value that many fields take says little of any of them.
    """
    flat = [v for part in of for v in part.values]
    ends = np.cumsum([len(part.values) for part in of])
    taken: dict[str, list[float]] = {}
    for name in contract(dataset).raw:
        said = fits([text.known(v) or "" for v in flat], name, dataset, context)
        groups = np.split(said, ends[:-1]) if len(ends) else []
        taken[name] = [float(g.mean()) if len(g) else 0.0 for g in groups]
    strict = {name for name, shares in taken.items() if any(shares)}
    found: dict[str, list[float]] = {}
    for name in contract(dataset).raw:
        found[name] = []
        for place, part in enumerate(of):
            if not part.values:
                found[name].append(0.0)
            elif name == "price" and currency_in(part.header) and not _says_letters(part):
                found[name].append(part.share)
            elif name in strict or not _is_text(name):
                share = taken[name][place]
                rivals = 1
                if part.only is None:
                    others = strict - {"seller_id", RIVALS.get(name)}
                    rivals = sum(taken[other][place] >= 0.5 for other in others)
                telling = np.mean([bool(_TELLING.search(v)) for v in part.values])
                weight = (0.3 + 0.7 * telling) * part.share / max(rivals, 1) ** 0.5
                found[name].append(share * weight if share >= 0.5 else -1.0)
            else:
                found[name].append(_as_text(name, part))
    return found


def currency_in(header: str) -> str | None:
    """The currency in a header, `Price (Ksh)`."""
    found = _IN_HEADER.search(header)
    return CURRENCIES.get(found[1].casefold()) if found else None


def _says_letters(part: Part) -> bool:
    return any(re.search(r"[^\W\d_]", v) for v in part.values)


def _is_text(name: str) -> bool:
    """Whether a field takes any text, so that its values tell little."""
    return name in {
        "company_name",
        "title",
        "subject",
        "description",
        "province",
        "city",
        "main_products",
        "business_type",
        "channel_partner",
        "buyer_name",
        "quantity_unit",
        "payment_terms",
        "destination_port",
        "product_id_masked",
        "price_unit",
        "product_type",
        "storefront_url",
        "channel",
        "scraped",
    }


def _as_text(name: str, part: Part) -> float:
    """How much texts look like names of companies, titles or descriptions."""
    values = part.values
    links = sum("://" in v for v in values) / len(values)
    if links > 0.5:
        return -1.0
    words = np.mean([len(v.split()) for v in values])
    forms = np.mean(
        [bool(set(re.findall(r"\w+", v.casefold())) & text.COMPANY_FORMS) for v in values]
    )
    letters = np.mean([bool(_NUMBERLESS.search(v)) for v in values])
    various = len(set(values)) / len(values)
    if name == "company_name":
        return float(forms * part.share) if forms > 0.3 else 0.1
    if name in ("title", "subject"):
        likely = 1.0 if words >= 3 and letters > 0.9 and various > 0.8 and forms < 0.3 else 0.1
        return float(likely * part.share) if letters > 0.5 else -1.0
    if name == "description":
        return 0.6 if words > 12 else 0.1
    return UNSAID


def _names(dataset: str) -> dict[str, str]:
    """Every name known of a field: the contract's, other layouts' headers, and common words."""
    names = {_plain(name): name for name in contract(dataset).raw}
    for name, words in _words()[dataset].items():
        for word in words:
            names.setdefault(_plain(word), name)
    for layout in layouts(dataset):
        for name, source in layout.columns.items():
            for header in _first_headers(source):
                for spelling in (header, *layout.aliases.get(header, ())):
                    names.setdefault(_plain(spelling), name)
    return names


def _first_headers(source: Source) -> tuple[str, ...]:
    if source.match:
        return ()  # what a pattern takes out of a cell is not what its header says
    return source.headers or (_first_headers(source.sources[0]) if source.sources else ())


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def _plain(name: str) -> str:
    """Words of a header: camel case and signs parted, without case."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = re.findall(r"[^\W_]+", apart.casefold())
    return " ".join(w[:-1] if len(w) > 4 and w.endswith("s") else w for w in words) or name


def _alike(one: str, other: str, **_: object) -> float:
    """Names of the same words are the same; one that has the other's among its own may be."""
    whole = fuzz.token_sort_ratio(one, other)
    return max(whole, fuzz.token_set_ratio(one, other) * 0.85)
