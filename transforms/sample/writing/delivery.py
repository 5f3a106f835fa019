"""One night's folder: three exports, now and then a manifest, now and then something wrong."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.sample.universe import dirt
from transforms.sample.universe.deliveries import Rows, Universe
from transforms.sample.universe.draw import Ints, noise, one, unit
from transforms.sample.universe.nights import Night
from transforms.sample.writing import files
from transforms.sample.writing.inquiries_text import InquiriesText
from transforms.sample.writing.lines import Text, content, taken
from transforms.sample.writing.listings_text import HEADER as LISTINGS_HEADER
from transforms.sample.writing.listings_text import ListingsText
from transforms.sample.writing.sellers_text import HEADER as SELLERS_HEADER
from transforms.sample.writing.sellers_text import SellersText

ROWS_AT_A_TIME = 250_000

_MANIFEST, _README, _TWO_FILES, _WRONG = range(801, 805)  # streams of random numbers
_README_TEXT = b"Exports of the marketplace. Questions: your account manager.\r\n"


class Writer:
    """Writes the deliveries of a universe's nights into one folder."""

    def __init__(self, folder: Path, universe: Universe) -> None:
        self._folder = folder
        self._universe = universe
        self._numbers = universe.numbers
        parameters, seed = universe.parameters, universe.seed
        self._seed = seed
        self._sellers_text = SellersText(parameters, universe.sellers, universe.companies, seed)
        ids = self._sellers_text.ids
        self._listings_text = ListingsText(universe.maker, ids, seed)
        self._inquiries_text = InquiriesText(parameters, ids, seed)

    def write(self, night: Night, rows: Rows) -> None:
        """All deliveries of the night; nothing if it is missing."""
        arranged = self._universe.arrangements(night, rows)
        if not arranged:
            return
        exported = datetime.combine(night.day + timedelta(1), time(0, 30), UTC)
        if night.incident == "late":
            exported = datetime.combine(night.day + timedelta(3), time(6), UTC)
        folder = self._folder / f"{night.day}"
        if night.incident == "revised":
            self._deliver(folder, night, *self._wrong(night, rows), exported, is_wrong=True)
            folder = self._folder / f"{night.day}.r2"
            exported += timedelta(hours=7, minutes=30)
        self._deliver(folder, night, rows, arranged, exported)

    def _wrong(self, night: Night, rows: Rows) -> tuple[Rows, dict[str, dirt.Arrangement]]:
        """The rows of a delivery that was replaced later: some listings are missing."""
        lost = self._numbers["incidents"]["revised_missing"]
        there = unit(noise(rows.listings.noise, _WRONG)) >= lost
        wrong = Rows(rows.sellers, rows.listings.take(there), rows.inquiries)
        return wrong, self._universe.arrangements(night, wrong, turn=1)

    def _deliver(
        self,
        folder: Path,
        night: Night,
        rows: Rows,
        arranged: dict[str, dirt.Arrangement],
        exported: datetime,
        *,
        is_wrong: bool = False,
    ) -> None:
        written: list[dict[str, Any]] = []

        def put(name: str, dataset: str, order: Ints, chunks: Iterator[bytes | memoryview]) -> None:
            file = files.write(folder / name, chunks)
            written.append(
                {
                    "name": file.name,
                    "dataset": dataset,
                    "bytes": file.bytes,
                    "sha256": file.sha256,
                    "rows": len(order),
                }
            )

        for dataset, arrangement in arranged.items():
            source = getattr(self, f"_{dataset}")(night.number, rows, is_wrong)
            extra = source.extra(source.good(arrangement.sources), list(arrangement.kinds))
            for name, order in self._named(dataset, arrangement, night, is_wrong):
                parts = _in_order(arrangement.good, order, source.good, extra)
                put(name, dataset, order, source.framed(parts))
        if self._says(night, _README, "readme"):
            files.write(folder / "README.txt", [_README_TEXT])
        told = night.incident in ("late", "revised") or self._says(night, _MANIFEST, "manifest")
        if told and night.incident != "truncated":
            stamp = exported.strftime("%Y-%m-%dT%H:%M:%SZ")
            files.write_json(folder / "manifest.json", {"exported_at": stamp, "files": written})
        for path in folder.iterdir():
            os.utime(path, (exported.timestamp(), exported.timestamp()))

    def _named(
        self, dataset: str, arrangement: dirt.Arrangement, night: Night, is_wrong: bool
    ) -> list[tuple[str, Ints]]:
        """The files of a dataset and the rows of each."""
        if dataset != "listings":
            return [(_NAMES[dataset], arrangement.order)]
        in_two = self._says(night, _TWO_FILES, "two_files") and not is_wrong
        if not in_two or night.incident == "truncated":
            return [("listings.csv.gz", arrangement.order)]
        parts = dirt.split(arrangement, self._numbers["deliveries"]["page_cap"])
        return [(f"listings_{i}.csv.gz", part) for i, part in enumerate(parts, 1)]

    def _says(self, night: Night, stream: int, share: str) -> bool:
        chance: float = self._numbers["deliveries"][share]
        return one(self._seed, stream, night.number) < chance

    def _sellers(self, day: int, rows: Rows, is_wrong: bool) -> "_Source":
        texts, share = self._sellers_text, self._numbers["incidents"]["revised_other_city"]

        def good(which: Ints) -> Text:
            who = rows.sellers[which]
            lines = texts.lines(who, day)
            if not is_wrong:
                return lines
            hit = unit(noise(who.astype(np.uint64), self._seed, _WRONG)) < share
            return _replaced(lines, hit, texts.misplaced)

        return _Source(good, texts.extra, lambda parts: in_csv(SELLERS_HEADER, parts))

    def _listings(self, day: int, rows: Rows, is_wrong: bool) -> "_Source":
        texts, share = self._listings_text, self._numbers["incidents"]["revised_other_price"]

        def good(which: Ints) -> Text:
            listings = rows.listings.take(which)
            lines = texts.lines(listings, day)
            if not is_wrong:
                return lines
            hit = unit(noise(listings.noise, _WRONG, 1)) < share
            return _replaced(lines, hit, texts.repriced)

        return _Source(good, texts.extra, lambda parts: in_csv(LISTINGS_HEADER, parts))

    def _inquiries(self, day: int, rows: Rows, is_wrong: bool) -> "_Source":
        texts = self._inquiries_text
        return _Source(
            lambda which: texts.objects(rows.inquiries.take(which), day), texts.extra, in_json_array
        )


@dataclass(frozen=True)
class _Source:
    """Where the text of one dataset comes from."""

    good: Callable[[Ints], Text]
    extra: Callable[[Text, list[str]], Text]
    framed: Callable[[Iterator[Text]], Iterator[bytes | memoryview]]


_NAMES = {"sellers": "sellers.csv", "inquiries": "inquiries.json"}


def _in_order(good: int, order: Ints, lines: Callable[[Ints], Text], extra: Text) -> Iterator[Text]:
    """The rows as they are delivered, some at a time."""
    for start in range(0, len(order), ROWS_AT_A_TIME):
        part = order[start : start + ROWS_AT_A_TIME]
        is_good = part < good
        both = pa.concat_arrays([lines(part[is_good]), taken(extra, part[~is_good] - good)])
        place = np.empty(len(part), np.int64)
        place[is_good] = np.arange(is_good.sum())
        place[~is_good] = np.arange(is_good.sum(), len(part))
        yield taken(both, place)


def _replaced(lines: Text, hit: np.ndarray, change: Callable[[Text], Text]) -> Text:
    both = pa.concat_arrays([lines, change(lines.filter(pa.array(hit)))])
    place = np.arange(len(lines))
    place[hit] = np.arange(len(lines), len(both))
    return taken(both, place)


def in_csv(header: str, parts: Iterator[Text]) -> Iterator[bytes | memoryview]:
    """The content of a CSV file."""
    yield header.encode()
    for part in parts:
        yield content(part)


def in_json_array(parts: Iterator[Text]) -> Iterator[bytes | memoryview]:
    """The content of a JSON file: one array."""
    objects = [written for part in parts for written in part.to_pylist()]
    yield ("[\n" + ",\n".join(objects) + "\n]\n").encode()
