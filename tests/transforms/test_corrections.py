"""Known errors of a source: mended where they are met, and told of once the source is mended."""

import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.transforms.read.test_formats import HEADERS, LISTINGS, NIGHT, as_csv, loaded
from transforms import corrections, night
from transforms.corrections import correct
from transforms.settings import settings

# In May and June the source wrote the wrong category for one listing.
KNOWN = {
    "dataset": '"listings"',
    "layout": '"listings_export"',
    "first": "2022-05-01",
    "last": "2022-06-30",
    "where": '{ product_id = "12345680" }',
    "column": '"category_id"',
    "expect": '"3"',
    "value": '"712"',
    "why": '"filed under another"',
    "source": '"the seller"',
}
NAME = "it.toml"
Written = Callable[..., None]


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Writes corrections into a folder of the test's own; a field set to None is left out."""
    folder = tmp_path / "corrections"
    folder.mkdir()
    monkeypatch.setattr(corrections, "FOLDER", folder)

    def write(*entries: dict[str, str | None]) -> None:
        blocks = [{**KNOWN, **entry} for entry in entries]
        (folder / NAME).write_text(
            "\n".join(
                "[[correction]]\n" + "\n".join(f"{k} = {v}" for k, v in b.items() if v is not None)
                for b in blocks
            )
        )

    return write


def raw(**columns: list[str | None]) -> pd.DataFrame:
    rows = {"product_id": ["12345679", "12345680"], "category_id": ["3", "3"], **columns}
    return pd.DataFrame(rows, dtype="str")


def corrected(table: pd.DataFrame, on: date = NIGHT) -> tuple[list[str], dict[Any, int]]:
    """The categories as mended, and what is warned of."""
    mended, warnings = correct(table, "listings", "listings_export", on)
    return mended["category_id"].fillna("").tolist(), {k: n for k, n in warnings.items() if n}


def test_a_known_error_is_mended_and_counted(known: Written, tmp_path: Path) -> None:
    known({})
    found = loaded(as_csv(HEADERS, LISTINGS), "listings.csv", tmp_path)
    categories = {row["product_id"]: row["category_id"] for row in found["clean"]}
    assert categories.pop("12345680") == "712"
    assert set(categories.values()) == {"3"}
    assert {"code": "corrected", "column": "category_id", "count": 1} in found["warnings"]


def test_a_night_tells_of_its_corrections(known: Written, home: Path) -> None:
    known({}, {"where": '{ product_id = "12345681" }', "expect": '"4"'})
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    (folder / "listings.csv").write_bytes(as_csv(HEADERS, LISTINGS))
    receipt = night.run("listings", NIGHT, settings())
    told = {w.code: w.count for w in receipt.warnings}
    assert told == {"corrected": 1, "correction_outdated": 1}
    assert receipt.status == "ok"


def test_a_piece_that_is_made_again_tells_of_its_corrections_once(
    known: Written, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known({"where": '{ product_id = "12345681" }', "expect": '"4"'})
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    rows = [[*row, "03/04/2022"] for row in LISTINGS]  # only the whole file explains it
    (folder / "listings.csv").write_bytes(as_csv([*HEADERS, "Created"], rows))
    with caplog.at_level(logging.ERROR):
        night.run("listings", NIGHT, settings())
    assert [r.getMessage().count("expects other text") for r in caplog.records] == [1]


def test_blanks_and_their_kinds_make_no_difference(known: Written) -> None:
    known({})
    table = raw(product_id=["x", "\u00a012345680 "], category_id=["3", " 3\u202f"])
    assert corrected(table) == (["3", "712"], {("corrected", "category_id"): 1})


def test_an_outdated_correction_is_not_applied_and_says_so_loudly(
    known: Written, caplog: pytest.LogCaptureFixture
) -> None:
    known({})
    with caplog.at_level(logging.ERROR):
        found = corrected(raw(category_id=["3", "100"]))
    assert found == (["3", "100"], {("correction_outdated", "category_id"): 1})
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    for part in ("listings", "2022-06-30", NAME, "category_id", "filed under another"):
        assert part in record.getMessage()


def test_a_blank_is_another_text_than_the_one_expected(known: Written) -> None:
    known({})
    found = corrected(raw(category_id=["3", None]))
    assert found == (["3", ""], {("correction_outdated", "category_id"): 1})


def test_a_blank_may_be_the_error(known: Written) -> None:
    known({"expect": '""'})
    assert corrected(raw(category_id=["3", None]))[0] == ["3", "712"]
    assert corrected(raw(category_id=["3", " - "]))[1] == {
        ("correction_outdated", "category_id"): 1
    }


@pytest.mark.parametrize(
    ("on", "is_applied"),
    [
        (date(2022, 4, 30), False),
        (date(2022, 5, 1), True),
        (date(2022, 6, 30), True),
        (date(2022, 7, 1), False),
    ],
)
def test_a_correction_holds_in_its_nights_only(on: date, is_applied: bool, known: Written) -> None:
    known({})
    told = {("corrected", "category_id"): 1} if is_applied else {}
    assert corrected(raw(), on) == (["3", "712" if is_applied else "3"], told)
    outdated = {("correction_outdated", "category_id"): 1} if is_applied else {}
    assert corrected(raw(category_id=["3", "9"]), on)[1] == outdated


def test_a_correction_without_nights_holds_always(known: Written) -> None:
    known({"first": None, "last": None})
    assert corrected(raw(), date(1999, 1, 1))[0] == ["3", "712"]


@pytest.mark.parametrize(
    "other",
    [
        {
            "dataset": '"sellers"',
            "layout": '"sellers_export"',
            "column": '"city"',
            "where": '{ seller_id = "pk1" }',
        },
        {"layout": '"listings_kes"'},
    ],
)
def test_another_dataset_or_layout_is_left_alone(other: dict[str, str], known: Written) -> None:
    known(other)
    assert corrected(raw()) == (["3", "3"], {})


def test_a_layout_that_is_none_is_told(known: Written) -> None:
    known({"layout": '"listings_exports"'})
    with pytest.raises(ValueError, match="no layout listings_exports"):
        corrected(raw())


def test_all_that_it_says_of_a_row_must_be_so(known: Written) -> None:
    known({"where": '{ product_id = "12345680", title = "Ball" }'})
    assert corrected(raw(title=["Ball", "Bat"])) == (["3", "3"], {})
    assert corrected(raw(title=["Ball", "Ball"]))[0] == ["3", "712"]


def test_one_correction_may_build_on_another(known: Written) -> None:
    known({}, {"expect": '"712"', "value": '"713"'})
    assert corrected(raw()) == (["3", "713"], {("corrected", "category_id"): 2})


@pytest.mark.parametrize(
    "wrong",
    [{"column": '"shoe_size"'}, {"where": '{ shoe_size = "44" }'}, {"column": '"price_min"'}],
)
def test_an_unknown_column_is_an_error(wrong: dict[str, str], known: Written) -> None:
    known(wrong)
    with pytest.raises(ValueError, match=f"{NAME}: not in the contract: (shoe_size|price_min)"):
        corrected(raw())


def test_no_corrections_change_nothing(known: Written) -> None:
    table = raw()
    mended, warnings = correct(table, "listings", "listings_export", NIGHT)
    assert mended.equals(table)
    assert not warnings
