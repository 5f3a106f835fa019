"""The columns of a listing from its price to its reviews, as the marketplace writes them."""

from functools import cached_property

from transforms.sample.universe.draw import Floats
from transforms.sample.universe.terms import READY, TermsMaker
from transforms.sample.writing.lines import Text, csv_cell, csv_line, text


class TermsText:
    """The texts that `TermsMaker.places` points to."""

    def __init__(self, terms: TermsMaker) -> None:
        self._terms = terms

    @cached_property
    def prices(self) -> Text:
        """Every price without a unit, then every one for each unit."""
        return text(
            csv_cell(price + (f"/{name}" if name and low is not None else "")) + ","
            for name in ("", *self._terms.units)
            for price, low in self._terms.price_list
        )

    @cached_property
    def terms(self) -> Text:
        """From MOQ to the number of reviews."""
        moq, lead = self._terms.words["moq"], self._terms.words["lead"]
        return text(
            _term_text(draw, moq[order]["text"], lead)
            for draw, order in zip(self._terms.draws, self._terms.orders.tolist(), strict=True)
        )


def _term_text(draw: Floats, order: str, leads: list[str]) -> str:
    reviews = int(1 / (draw[5] + 0.004) - 1) if draw[5] < 0.5 else 0
    return csv_line(
        (
            order,
            leads[int(draw[1] * len(leads))],
            "Y" if draw[2] < READY else "N",
            "Y" if draw[3] < 0.1 else "N",
            "Y" if draw[4] < 0.15 else "N",
            f"{5 - int(draw[6] * 12) / 10:.1f}" if reviews else "",
            f"{reviews}",
            "",
        ),
        "",
    )
