"""Pieces: wherever a file is cut, and whatever process reads a piece, the night is the same."""

import csv
import io
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import REAL_EXCERPTS
from tests.transforms.read.test_fuzz import damaged
from transforms.clean import Context, evidence
from transforms.deliveries.landing import Landed
from transforms.errors import ExportError, TransientError
from transforms.lake.partition import Partition
from transforms.lake.receipt import Receipt
from transforms.markets import market
from transforms.pieces.chosen import engine_of
from transforms.pieces.engines import Engine, Pool
from transforms.read import json_scan, open_export, opened
from transforms.read.opened import Noted
from transforms.settings import settings
from transforms.staging import in_hand, stage

NIGHT = date(2022, 6, 30)
PIECE = 3_000  # bytes: some twenty listings
HEADERS = ["Product ID", "Member ID", "Title", "Category ID", "Status", "Display", "Created"]
TITLES = [
    "Soccer ball",
    'Ball, "size 5"',
    "two\nlines",
    'x\r\n"y"\r\n',
    "Fuß",
    "足球",
    "O'Neil",
    "",
]
ROWS = 120


def listings(last_date: str = "25/03/2022") -> list[list[str]]:
    """Listings with all that crosses pieces: repeated keys, texts of several lines, unreadable
    values, and dates that only the last row explains."""
    chance = random.Random(5)
    rows = []
    for n in range(ROWS):
        key = f"{16_000_000_000_00 + n % 100}"  # the last twenty repeat the first
        dates = f"{chance.randint(1, 12):02}/{chance.randint(1, 12):02}/2022"
        kind = chance.choice(["3", "201270280", "none"])
        rows.append([key, f"pk{n % 7}", chance.choice(TITLES), kind, "approved", "Y", dates])
    rows[40][0] = ""  # without its key it is no row
    rows[-1][-1] = last_date
    return rows


def as_csv(rows: list[list[str]], line_end: str = "\n", **dialect: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end, **dialect).writerows([HEADERS, *rows])
    return text.getvalue()


def broken(text: str) -> str:
    """With records of the wrong width, some of them where pieces begin."""
    lines = text.split("\n")
    for place in (9, 30, 31, 62, 99):
        lines.insert(place, f"odd,{place}")
    return "\n".join(lines)


FILES = {
    "listings.csv": broken(as_csv(listings())).encode(),
    "crlf.csv": as_csv(listings(), "\r\n").encode(),
    "returns.csv": as_csv([[c.replace("\n", " ") for c in r] for r in listings()], "\r").encode(),
    "bom.csv": as_csv(listings()).encode("utf-8-sig"),
    "utf16.csv": as_csv(listings()).encode("utf-16"),
    "stray.csv": as_csv(listings()).replace("Soccer ball", 'Soc"cer ball').encode(),
    "tabs.tsv": as_csv(listings(), delimiter="\t").encode(),
    "blank.csv": as_csv(listings()).encode() + b",,,,,,\n" * 60,
    "several_lines.csv": as_csv([[*r[:2], "a\nb\r\nc" * 30, *r[3:]] for r in listings()]).encode(),
}


def read(path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a reader finds with pieces of that size."""
    monkeypatch.setattr(opened, "PIECE", size)
    noted = Noted()
    try:
        export = open_export(path, path.name, "listings", scratch=path.parent)
        batches = list(export.batches(noted))
    except ExportError as error:
        return {"pieces": 1, "error": error.code}
    rows = pd.concat([pd.DataFrame(columns=export.headers), *(b.table for b in batches)])
    return {
        "pieces": len(export.pieces),
        "rows": rows.fillna("").to_numpy().tolist(),
        "lines": [int(n) for b in batches for n in b.lines],
        "broken": sorted(noted.broken),
        "warnings": export.warnings + noted.warnings,
        "rows_in": export.rows_in,
        "headers": (export.headers, export.header_row),
    }


@pytest.mark.parametrize("name", FILES)
def test_where_a_file_is_cut_changes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    whole = read(path, 1 << 30, monkeypatch)
    assert "error" not in whole and whole.pop("pieces") == 1
    for size in (100, 257, PIECE):
        cut = read(path, size, monkeypatch)
        assert cut.pop("pieces") > 2
        assert cut == whole


def test_where_a_damaged_file_is_cut_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_in_pieces = 0
    for number in range(120):
        chance = random.Random(number)
        name = chance.choice(sorted(FILES))
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(damaged(chance, FILES[name]))
        whole = read(path, 1 << 30, monkeypatch)
        cut = read(path, chance.choice([1, 300, 2000]), monkeypatch)
        cut_in_pieces += cut.pop("pieces") > 1
        assert cut == whole | {"pieces": 1} or whole.pop("pieces") == 1 and cut == whole, number
    assert cut_in_pieces > 40


@pytest.mark.parametrize(
    "name",
    [
        "listings.json",
        "bom.json",
        "utf16.json",
        "listings.ndjson",
        "utf16.ndjson",
        "listings.parquet",
    ],
)
def test_where_objects_and_row_groups_are_cut_changes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, table = tmp_path / name, [dict(zip(HEADERS, row, strict=True)) for row in listings()]
    encoding = {"bom": "utf-8-sig", "utf16": "utf-16"}.get(path.stem, "utf-8")
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(table), path, row_group_size=11)
    elif name.endswith(".ndjson"):
        path.write_text("".join(json.dumps(row) + "\n" for row in table), encoding)
    else:
        path.write_text(json.dumps(table), encoding)
    whole = read(path, 1 << 30, monkeypatch)
    assert whole.pop("pieces") == 1
    monkeypatch.setattr(json_scan, "CHUNK", 500)
    cut = read(path, 600, monkeypatch)
    assert cut.pop("pieces") > 2
    assert cut == whole


def chosen(name: str, workers: int, work: str) -> AbstractContextManager[Engine]:
    environ = {"OUTLOOK_ENGINE": name, "OUTLOOK_WORKERS": f"{workers}", "OUTLOOK_KEY": "k" * 32}
    return engine_of(settings(environ), work, Path())


def night(paths: list[Path], dataset: str, folder: Path, engine: Engine) -> tuple[Receipt, Path]:
    """The receipt of files, and the folder of their parts."""
    folder.mkdir()
    partition = Partition(dataset, NIGHT, folder, engine)
    files = (
        in_hand(Landed(p.name, p, p.stat().st_size, "sha", None), folder, dataset, None)
        for p in paths
    )
    stage(partition, files, Context(NIGHT, market("PK"), b"key"))
    receipt = partition.finish()
    hashes = {p.path for p in receipt.parts}
    assert hashes == {p.name for p in partition.parts.iterdir()}
    return replace(receipt, started_at=datetime(2022, 7, 1, tzinfo=UTC)), partition.parts


def rows_of(receipt: Receipt, parts: Path, kind: str) -> list[dict[str, Any]]:
    return [
        row
        for part in receipt.parts
        if part.part == kind
        for row in pq.read_table(parts / part.path).to_pylist()
    ]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, list[Path]]]:
    """Nights by what is odd about them: their dataset and files."""
    folder = tmp_path_factory.mktemp("delivered")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    flags = REAL_EXCERPTS / "rfq_uae_2025-07-13.csv"
    return {
        "listings": ("listings", [folder / "listings.csv", folder / "utf16.csv"]),
        "flags": ("inquiries", [flags]),
    }


@pytest.mark.parametrize("which", ["listings", "flags"])
def test_engines_and_workers_make_the_same_bytes(
    which: str,
    nights: dict[str, tuple[str, list[Path]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset, paths = nights[which]
    with chosen("local", 1, "whole") as engine:
        whole, whole_parts = night(paths, dataset, tmp_path / "whole", engine)
    monkeypatch.setattr(opened, "PIECE", PIECE)
    found = {}
    for name, workers in (("local", 1), ("pool", 2), ("auto", 3)):
        with chosen(name, workers, "cut") as engine:
            found[name], parts = night(paths, dataset, tmp_path / name, engine)
            assert name == "local" or (isinstance(engine, Pool) and engine.is_begun)
    assert found["local"] == found["pool"] == found["auto"]
    cut = found["local"]
    assert len([p for p in cut.parts if p.part == "rows"]) > 2
    told = {w.code for w in cut.warnings}
    if which == "listings":
        assert cut.rows.duplicate and cut.rows.rejected and "unread_form" not in told
        dates = [row["gmt_create"] for row in rows_of(cut, parts, "rows")]
        assert None not in dates  # the last row says that the day comes first
    else:
        assert "constant_flag" in told
    # Cut or whole, it is the same night but for how many files it takes.
    assert replace(cut, parts=()) == replace(whole, parts=())
    for kind in ("rows", "metrics", "day", "rejected"):
        ours, theirs = rows_of(cut, parts, kind), rows_of(whole, whole_parts, kind)
        if kind == "rejected":
            ours, theirs = (sorted(x, key=json.dumps) for x in (ours, theirs))
        assert ours == theirs


ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
ODD_DATES = {
    "digits of another script": "03/04/2022".translate(ARABIC),
    "marks of direction": "\u200e03\u200e/\u200e04\u200e/\u200e2022",
    "entities": "&#48;3/04/2022",
}


@pytest.mark.parametrize("odd", [*ODD_DATES.values()], ids=[*ODD_DATES])
def test_what_the_whole_file_shows_reaches_dates_however_they_are_written(
    odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "listings.csv"
    dates = [odd] * 60 + ["25/04/2022"] * 60  # the later ones say that the day comes first
    rows = [
        [f"16000000{n:05}", *row[1:-1], day]
        for n, (row, day) in enumerate(zip(listings(), dates, strict=True))
    ]
    path.write_text(as_csv(rows), "utf-8")
    found = []
    for size in (1 << 30, PIECE):
        monkeypatch.setattr(opened, "PIECE", size)
        with chosen("local", 1, "a night") as engine:
            receipt, parts = night([path], "listings", tmp_path / f"{size}", engine)
        found.append([row["gmt_create"] for row in rows_of(receipt, parts, "rows")])
    assert len([p for p in receipt.parts if p.part == "rows"]) > 2
    assert found[0] == found[1] and None not in found[0]


@pytest.mark.parametrize("rate", ["١", "1\u200e", "&#49;", "1&nbsp;"])
def test_a_rate_that_only_the_whole_file_explains_is_found_however_it_is_written(
    rate: str,
) -> None:
    raw = pd.DataFrame({"click_rate": ["2%", rate], "created": ["2022-04-25", "5 days ago"]})
    assert evidence.is_needed(raw, "listings")
    assert not evidence.is_needed(raw[:1], "listings")


def test_what_first_goes_wrong_is_told_whatever_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "PIECE", PIECE)
    promised, unreadable = tmp_path / "a.csv", tmp_path / "b.csv"
    promised.write_text(as_csv([row[:-1] + ["x"] for row in listings()]), "utf-8")
    unreadable.write_bytes(b"nothing,known\n1,2\n")
    told = []
    for name in ("local", "pool"):
        folder = tmp_path / name
        folder.mkdir()
        landed = [
            Landed("a.csv", promised, 1, "sha", ROWS + 1),
            Landed("b.csv", unreadable, 1, "sha", None),
        ]
        with chosen(name, 2, "night") as engine:
            partition = Partition("listings", NIGHT, folder, engine)
            files = (in_hand(one, folder, "listings", None) for one in landed)
            with pytest.raises(ExportError) as refused:
                stage(partition, files, Context(NIGHT, market("PK"), b"key"))
        told.append(f"{refused.value.code}: {refused.value}")
    assert told[0] == told[1] and told[0].startswith("cut: a.csv")


def test_a_killed_process_is_one_clear_error() -> None:
    with chosen("pool", 2, "listings 2022-06-30") as engine:
        assert isinstance(engine, Pool)
        results = engine.map(time.sleep, [0.0, 600.0, 600.0])
        next(results)
        os.kill(engine.processes[0], signal.SIGKILL)
        with pytest.raises(TransientError, match="^listings 2022-06-30: .*killed.*OUTLOOK_WORK"):
            next(results)


def test_no_process_outlives_a_killed_parent() -> None:
    program = (
        "import time\n"
        "from transforms.pieces.engines import Pool\n"
        "engine = Pool('a night', 2, is_on=True)\n"
        "for _ in engine.map(time.sleep, [0.0, 600.0, 600.0]):\n"
        "    print(*engine.processes, flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    children = [int(word) for word in parent.stdout.readline().split()]
    assert len(children) == 2 and all(_lives(child) for child in children)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 600
    while any(_lives(child) for child in children):
        assert time.monotonic() < deadline, "a process of the pool lives on"
        time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_memory_that_runs_out_is_one_clear_error() -> None:
    for name in ("local", "pool"):
        with chosen(name, 1, "a night") as engine:
            results = engine.map(bytearray, [1 << 62])
            with pytest.raises(TransientError, match=r"a night: .* ran out of memory\. Nothing"):
                next(results)


def test_nothing_starts_processes_for_a_small_night(tmp_path: Path) -> None:
    path = tmp_path / "listings.csv"
    path.write_bytes(FILES["listings.csv"])
    before = multiprocessing.active_children()
    with chosen("auto", 4, "small") as engine:
        receipt, _ = night([path], "listings", tmp_path / "small", engine)
        assert multiprocessing.active_children() == before
    assert {p.path for p in receipt.parts} == {
        "rows.parquet",
        "metrics.parquet",
        "day.parquet",
        "rejected.parquet",
    }
