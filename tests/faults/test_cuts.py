"""Deliveries cut at every 1/64: never a short file in the lake, and never half a night that counts.

Two cuts of each by default; `OUTLOOK_TEST_CUTS=64` makes all of them.
"""

import json
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from transforms import night as line
from transforms.lake import Lake
from transforms.lake.gates import CENSUS_LOW, INQUIRIES_LOW
from transforms.sample import write_sample
from transforms.settings import Settings, settings

KEY = "a key for tests, longer than thirty-two characters"
FIRST = date(2022, 6, 20)
NIGHTS = 5
NIGHT = FIRST + timedelta(NIGHTS - 1)
CUTS = int(os.environ.get("OUTLOOK_TEST_CUTS", "2"))
DATASETS = ("sellers", "listings", "inquiries")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with some nights, so that the gates know how many rows are usual."""
    home = tmp_path_factory.mktemp("cuts")
    write_sample(home / "exports", FIRST, NIGHT, scale=0.006)
    chosen = settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})
    for number in range(NIGHTS):
        for dataset in DATASETS:
            line.run(dataset, FIRST + timedelta(number), chosen)
    return chosen


def cuts(path: Path) -> Iterator[bytes]:
    """The file cut at each of so many equal parts; also right before its end."""
    whole = path.read_bytes()
    for part in range(CUTS):
        yield whole[: len(whole) * part // CUTS]
    yield whole[:-1]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("is_promised", [True, False], ids=["with a manifest", "without"])
def test_cut_delivery_does_not_count_as_a_whole_night(
    dataset: str, is_promised: bool, loaded: Settings
) -> None:
    lake, folder = Lake(loaded.lake), loaded.home / "exports" / f"{NIGHT}"
    before = lake.receipt(dataset, NIGHT)
    assert before is not None and before.is_usable and before.rows.in_
    manifest = folder / "manifest.json"
    promised = manifest.read_text("utf-8")
    [path] = [folder / s.name for s in before.sources]
    whole, seen = path.read_bytes(), []
    if not is_promised:
        manifest.unlink()
    try:
        for cut in cuts(path):
            path.write_bytes(cut)
            receipt = line.run(dataset, NIGHT, loaded)
            seen.append((len(cut), receipt.status, receipt.reason, receipt.rows.in_))
            if is_promised:
                assert receipt.status == "refused", seen
                assert lake.receipt(dataset, NIGHT) == before
    finally:
        path.write_bytes(whole)
        manifest.write_text(promised, "utf-8")
    least = (CENSUS_LOW if dataset != "inquiries" else INQUIRIES_LOW) * before.rows.in_
    short = [s for s in seen if s[1] not in ("refused", "held") and (s[3] or 0) < least]
    assert not short, f"{path.name}: cut and counted {json.dumps(short)}"
    # The whole delivery counts again.
    again = line.run(dataset, NIGHT, loaded)
    assert (again.status, again.content, again.rows) == (before.status, before.content, before.rows)
