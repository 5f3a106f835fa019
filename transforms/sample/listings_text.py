"""`listings.csv.gz` of a night: the census of listings as the marketplace writes it."""

from functools import cached_property

import numpy as np

from transforms.sample import clock
from transforms.sample.draw import Floats, Ints, Weighted, below, generator, noise, unit
from transforms.sample.lines import (
    Text,
    csv_cell,
    csv_line,
    edited,
    joined,
    numbered,
    taken,
    text,
    timed,
)
from transforms.sample.listings import Listings, Maker, product_ids
from transforms.sample.metrics import SILENT, Metrics

END = "\n"
COLUMNS = (
    "Product ID", "Member ID", "Title", "Category ID", "Status", "Display", "Product Type",
    "Price", "MOQ", "Lead Time", "Ready to Ship", "Showcase", "P4P", "Review Score", "Reviews",
    "Created", "Modified", "Impressions", "Clicks", "Visitors", "Inquiries", "Inquirers",
    "TM Chats", "Orders", "Bookmarks",
)  # fmt: skip
HEADER = csv_line(COLUMNS, END)

_AT = {name: place for place, name in enumerate(COLUMNS)}
_TITLE, _TYPE, _TERMS, _PRICE, _CHANGE, _VARIANT, _SECOND = range(21, 28)

VARIANTS = 8  # prices that a listing moves among
_TERM_COUNT, _PRICE_COUNT = 16_384, 1_024


class ListingsText:
    """Writes the rows of listings, each column taken from a pool of ready-made texts."""

    def __init__(self, maker: Maker, seller_ids: Text, seed: int) -> None:
        self._maker = maker
        self._p = maker.parameters.numbers["listings"]
        self._seed = seed
        self._figures = Metrics(seed)
        # Every column's text brings the comma that follows it.
        self._sellers = joined(",", seller_ids, ",")
        self._ahead = clock.offset_seconds(maker.parameters.time_zone)

    def lines(self, listings: Listings, day: int) -> Text:
        """The rows of these listings on that night."""
        draws = listings.noise
        leaf = self._maker.leaf(listings)
        status = self._maker.status(listings)
        hidden = np.where(self._maker.is_displayed(listings), 0, 1)
        wholesale = np.where(unit(noise(draws, _TYPE)) < self._p["wholesale"], 1, 0)
        kind = ((leaf + 1) * len(self._p["statuses"]) + status) * 4 + hidden * 2 + wholesale
        titles = self._title_starts[leaf + 1] + below(
            noise(draws, _TITLE), self._title_counts[leaf + 1]
        )
        version, changed = self._version(listings, day)
        price = below(noise(draws, _PRICE), _PRICE_COUNT) * VARIANTS + below(
            noise(draws ^ version.astype(np.uint64), _VARIANT), VARIANTS
        )
        return joined(
            numbered(product_ids(listings.key, self._p["id_classes"], self._seed)),
            taken(self._sellers, listings.seller),
            taken(self._titles, titles),
            taken(self._kinds, kind),
            taken(self._prices, price),
            taken(self._terms, below(noise(draws, _TERMS), _TERM_COUNT)),
            timed(self._platform_time(listings, listings.made)),
            ",",
            timed(self._platform_time(listings, changed)),
            taken(self._metrics, self._figures.of(listings, day)),
        )

    def extra(self, lines: Text, kinds: list[str]) -> Text:
        """Bad rows and duplicates, made of good ones."""
        return edited(lines, kinds, _damaged, END)

    def repriced(self, lines: Text) -> Text:
        """The same listings at prices that are wrong."""

        def other(row: list[str], _: str) -> list[str]:
            row[_AT["Price"]] = "$77.70" if row[_AT["Price"]] != "$77.70" else "$7.77"
            return row

        return edited(lines, [""] * len(lines), other, END)

    def _version(self, listings: Listings, day: int) -> tuple[Ints, Ints]:
        """How often the price has changed, and the day of the last change.

        Every listing changes at a pace of its own, so that any night's price can be told
        without a walk through the nights before.
        """
        shortest, longest = self._p["change_every_days"]
        draws = noise(listings.noise, _CHANGE)
        pace = shortest + below(draws, longest - shortest + 1)
        offset = below(noise(draws, _CHANGE), pace)
        version = (day + offset) // pace
        return version, np.maximum(version * pace - offset, listings.made)

    def _platform_time(self, listings: Listings, day: Ints) -> Ints:
        """The platform's wall clock at some second of a local day, the same for a listing."""
        second = below(noise(listings.noise, _SECOND), clock.DAY)
        instant = day * clock.DAY + second - self._ahead
        return clock.wall_seconds(instant, self._maker.parameters.platform_time_zone)

    @cached_property
    def _title_lists(self) -> list[list[str]]:
        """Titles by leaf category, the unknown one first."""
        words = self._maker.parameters.words["listings"]
        leaves = ["other", *(leaf for leaf, _ in self._maker.parameters.leaves)]
        return [
            [
                " ".join(part for part in (adjective, noun, feature) if part)
                for noun in words["nouns"].get(leaf, words["nouns"]["other"])
                for adjective in words["adjectives"]
                for feature in words["features"]
            ]
            for leaf in leaves
        ]

    @cached_property
    def _titles(self) -> Text:
        return text(csv_cell(title) + "," for titles in self._title_lists for title in titles)

    @cached_property
    def _title_counts(self) -> Ints:
        return np.array([len(titles) for titles in self._title_lists])

    @cached_property
    def _title_starts(self) -> Ints:
        return np.cumsum(self._title_counts) - self._title_counts

    @cached_property
    def _kinds(self) -> Text:
        leaves = [
            self._p["unknown_category_id"],
            *(leaf for leaf, _ in self._maker.parameters.leaves),
        ]
        return text(
            f"{leaf},{status},{display},{kind},"
            for leaf in leaves
            for status in self._p["statuses"]
            for display in "YN"
            for kind in ("sourcing", "wholesale")
        )

    @cached_property
    def _prices(self) -> Text:
        """Blocks of VARIANTS prices near each other."""
        rng = generator(self._seed, _PRICE)
        forms = Weighted([0.30, 0.20, 0.20, 0.15, 0.11, 0.04]).pick(rng.random(_PRICE_COUNT))
        heights = 10 ** rng.uniform(-0.5, 3.2, _PRICE_COUNT)
        width = rng.uniform(1.05, 2.0, _PRICE_COUNT)
        unclear = rng.random(_PRICE_COUNT) < 0.016
        texts = []
        for form, height, wide, odd in zip(forms, heights, width, unclear, strict=True):
            block = [
                _price(int(form), height * (0.86 + 0.04 * variant), wide)
                for variant in range(VARIANTS)
            ]
            if odd:
                block[-1] = "call us"
            texts += [csv_cell(price) + "," for price in block]
        return text(texts)

    @cached_property
    def _terms(self) -> Text:
        """From MOQ to the number of reviews."""
        words = self._maker.parameters.words["listings"]["terms"]
        rng = generator(self._seed, _TERMS)
        draws = rng.random((_TERM_COUNT, 7))
        return text(map(self._term, draws, [words] * _TERM_COUNT))

    @staticmethod
    def _term(draw: Floats, words: dict[str, list[str]]) -> str:
        reviews = int(1 / (draw[5] + 0.004) - 1) if draw[5] < 0.5 else 0
        return csv_line(
            (
                words["moq"][int(draw[0] * len(words["moq"]))],
                words["lead"][int(draw[1] * len(words["lead"]))],
                "Y" if draw[2] < 0.2 else "N",
                "Y" if draw[3] < 0.1 else "N",
                "Y" if draw[4] < 0.15 else "N",
                f"{5 - int(draw[6] * 12) / 10:.1f}" if reviews else "",
                f"{reviews}",
                "",
            ),
            "",
        )

    @cached_property
    def _metrics(self) -> Text:
        """A day's figures, the last columns of a row."""
        return text(
            "".join(f",{'-' if figure == SILENT else figure}" for figure in row) + END
            for row in self._figures.pool.tolist()
        )


def _price(form: int, low: float, wide: float) -> str:
    high = low * wide
    if form == 0:
        return f"${low:,.2f}-{high:,.2f}"
    if form == 1:
        return f"${low:.2f}-${high:.2f}"
    if form == 2:
        return f"${low:.1f}"
    if form == 3:
        return f"${max(low, 1):,.0f}-{max(high, 2):,.0f}"
    if form == 4:
        return f"${low:.2f}-{max(high, low + 1):.0f}"
    return "Ask Price"


def _damaged(row: list[str], kind: str) -> list[str]:
    if kind == "no_id":
        row[_AT["Product ID"]] = ""
    elif kind == "malformed_id":
        number = row[_AT["Product ID"]]
        row[_AT["Product ID"]] = "12AB" if number[-1] in "02468" else number[:5]
    elif kind == "no_title":
        row[_AT["Title"]] = ""
    elif kind == "short_title":
        row[_AT["Title"]] = row[_AT["Title"]][:2]
    elif kind == "ragged":
        return row[:-1]
    elif kind == "blanked":
        row[_AT["Review Score"]] = row[_AT["Lead Time"]] = ""
    return row
