"""The plan of bad and repeated rows."""

from typing import Any

import numpy as np
import pytest

from transforms.sample.universe.dirt import BAD, DUPLICATE, arrange, split
from transforms.sample.universe.parameters import load


@pytest.fixture(params=["PK", "IN"])
def numbers(request: pytest.FixtureRequest) -> dict[str, Any]:
    return load(request.param).numbers


@pytest.mark.parametrize("name", BAD)
def test_no_file_is_as_long_as_a_capped_page(name: str, numbers: dict[str, Any]) -> None:
    cap = numbers["deliveries"]["page_cap"]
    totals = set()
    for good in range(1_975, 1_995):
        for day in range(19_000, 19_010):
            arranged = arrange(name, good, 0, day, 1, numbers)
            totals.add(len(arranged.order))
            assert len(arranged.order) != cap
    assert {cap - 1, cap + 1} <= totals
    for good in (3_310, 3_311, 3_312, 4_950, 4_951, 4_952):
        arranged = arrange(name, good, 0, 19_000, 1, numbers)
        first, second = split(arranged, cap)
        assert cap not in (len(first), len(second))
        assert np.array_equal(np.concatenate([first, second]), arranged.order)
    for good in range(3_600, 3_660):
        cut = arrange(name, good, 0, 19_000, 1, numbers, keep=0.55)
        assert len(cut.order) != cap


@pytest.mark.parametrize("name", BAD)
def test_five_nights_have_every_damage(name: str, numbers: dict[str, Any]) -> None:
    met = {
        kind
        for night in range(5)
        for kind in arrange(name, 100, night, 19_000 + night, 1, numbers).kinds
    }
    assert met == {*BAD[name], *DUPLICATE}


def test_what_is_cut_off_is_not_counted(numbers: dict[str, Any]) -> None:
    whole = arrange("listings", 10_000, 0, 19_000, 1, numbers)
    cut = arrange("listings", 10_000, 0, 19_000, 1, numbers, keep=0.55)
    assert cut.counts()["in"] == round(0.55 * whole.counts()["in"])
    assert whole.counts()["accepted"] == 10_000
    for counts in (whole.counts(), cut.counts()):
        assert counts["in"] == counts["accepted"] + counts["rejected"] + counts["duplicate"]


def test_small_files_have_no_bad_rows(numbers: dict[str, Any]) -> None:
    for good in range(66):
        assert arrange("inquiries", good, 0, 19_000, 1, numbers).counts()["rejected"] == 0
