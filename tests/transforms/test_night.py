"""One night: its steps meet once, and a file that nobody named is not handled twice."""

import gzip
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from transforms import DATASETS, night, staging
from transforms.lake.receipt import Part, Receipt, new_receipt
from transforms.sample import write_sample
from transforms.settings import settings

NIGHT = date(2022, 6, 30)


def test_a_file_that_nobody_named_is_landed_unpacked_and_opened_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.003)
    delivered = home / "exports" / f"{NIGHT}"
    (delivered / "manifest.json").unlink()
    sellers = (delivered / "sellers.csv").read_bytes()
    (delivered / "sellers.csv").unlink()
    (delivered / "storefronts.csv.gz").write_bytes(gzip.compress(sellers))
    named = night.load("listings", NIGHT, settings(), dry_run=True)
    times: Counter[str] = Counter()

    def counted(module: ModuleType, step: str) -> Callable[..., Any]:
        own = getattr(module, step)

        def once_more(*of: Any) -> Any:
            times[step] += 1
            return own(*of)

        return once_more

    for module, step in ((night, "land"), (staging, "unpack"), (staging, "open_export")):
        monkeypatch.setattr(module, step, counted(module, step))
    receipt = night.load("sellers", NIGHT, settings())
    assert receipt.status == named.status == "ok"
    assert [s.name for s in receipt.sources] == ["storefronts.csv.gz"]
    assert receipt.sources[0].unpacked_sha256 != receipt.sources[0].sha256
    assert times == {"land": 1, "unpack": 1, "open_export": 1}
    # The bytes stay where a damaged part is made again from.
    assert len(list((home / "landing" / f"{NIGHT}").iterdir())) == 1
    for dataset in DATASETS:
        assert night.run(dataset, NIGHT, settings()).status == "ok"


def test_of_several_parts_of_a_kind_each_is_compared() -> None:
    def receipt(*parts: tuple[str, str]) -> Receipt:
        made = tuple(Part("rows", f"lake/{name}", 5, digest) for name, digest in parts)
        return replace(new_receipt("listings", NIGHT), parts=made)

    one, two = ("rows-0001.parquet", "aa"), ("rows-0002.parquet", "bb")
    whole = night._hashes(receipt(one, two))
    assert night._hashes(receipt(one, two)) == whole
    for other in ([two], [(one[0], "cc"), two], [(two[0], "aa"), (one[0], "bb")]):
        assert night._hashes(receipt(*other)) != whole
