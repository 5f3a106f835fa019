"""`listings.csv.gz` of a night: the census of listings as the marketplace writes it."""

from functools import cached_property

import numpy as np

from transforms.sample.universe import clock
from transforms.sample.universe.draw import Ints, below, noise, unit
from transforms.sample.universe.listings import Listings, Maker, product_ids
from transforms.sample.universe.metrics import SILENT, Metrics
from transforms.sample.universe.terms import TermsMaker
from transforms.sample.writing.lines import (
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
from transforms.sample.writing.terms_text import TermsText

END = "\n"
COLUMNS = (
    "Product ID",
    "Member ID",
    "Title",
    "Category ID",
    "Status",
    "Display",
    "Product Type",
    "Price",
    "MOQ",
    "Lead Time",
    "Ready to Ship",
    "Showcase",
    "P4P",
    "Review Score",
    "Reviews",
    "Created",
    "Modified",
    "Impressions",
    "Clicks",
    "Visitors",
    "Inquiries",
    "Inquirers",
    "TM Chats",
    "Orders",
    "Bookmarks",
)
HEADER = csv_line(COLUMNS, END)

_AT = {name: place for place, name in enumerate(COLUMNS)}
_TITLE, _TYPE, _SECOND = 21, 22, 27  # streams of random numbers


class ListingsText:
    """Writes the rows of listings, each column taken from a pool of ready-made texts."""

    def __init__(self, maker: Maker, seller_ids: Text, seed: int) -> None:
        self._maker = maker
        self._p = maker.parameters.numbers["listings"]
        self._seed = seed
        self._terms = TermsMaker(maker.parameters, seed)
        self._terms_text = TermsText(self._terms)
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
        price, term, changed = self._terms.places(listings, day)
        return joined(
            numbered(product_ids(listings.key, self._p["id_classes"], self._seed)),
            taken(self._sellers, listings.seller),
            taken(self._titles, titles),
            taken(self._kinds, kind),
            taken(self._terms_text.prices, price),
            taken(self._terms_text.terms, term),
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
    def _metrics(self) -> Text:
        """A day's figures, the last columns of a row."""
        return text(
            "".join(f",{'-' if figure == SILENT else figure}" for figure in row) + END
            for row in self._figures.pool.tolist()
        )


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
