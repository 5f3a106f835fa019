"""One table in every format and packing, read alike; and files that are none, refused."""

import base64
import contextlib
import csv
import gzip
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msoffcrypto.format.ooxml
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from transforms import DATASETS
from transforms.clean import Context
from transforms.deliveries.landing import Landed
from transforms.deliveries.unpack import unpack
from transforms.errors import ExportError
from transforms.lake.partition import Partition
from transforms.layouts import own_layout
from transforms.markets import market
from transforms.read import READERS, Export, open_export
from transforms.read.opened import Noted
from transforms.staging import InHand, stage

NIGHT = date(2022, 6, 30)
HEADERS = ["Product ID", "Member ID", "Title", "Category ID", "Status", "Display"]
CELLS = [
    "",
    "Soccer ball",
    "a,b",
    'say "hi"',
    "two\nlines",
    "x;y",
    "p|q",
    "O'Neil",
    "Fuß",
    "足球",
    "سیالکوٹ",
    "007",
    "-",
    "1,439",
    "86.1%",
    "back\\slash",
    "a\tb",
]
PLACES = 32

Row = list[Any]


class Found:
    """An export that was read to its end."""

    def __init__(self, export: Export) -> None:
        noted = Noted()
        batches = list(export.batches(noted))
        tables = [pd.DataFrame(columns=export.headers), *(b.table for b in batches)]
        self.export = export
        self.table = pd.concat(tables, ignore_index=True).fillna("")
        self.rows = self.table.to_numpy().tolist()
        self.warnings = export.warnings + noted.warnings
        self.lines = [int(n) for b in batches for n in b.lines]
        assert export.rows_in == len(self.table) + len(noted.broken)


def opened(content: bytes, name: str, folder: Path, dataset: str | None) -> tuple[Export, Landed]:
    landed = Landed(name, folder / name, len(content), "sha", None)
    landed.path.write_bytes(content)
    (folder / "unpacked").mkdir(exist_ok=True)
    plain = unpack(landed, folder / "unpacked")
    return open_export(plain.path, plain.name, dataset), landed


def read(content: bytes, name: str, folder: Path, dataset: str | None = "listings") -> Found:
    return Found(opened(content, name, folder, dataset)[0])


def loaded(content: bytes, name: str, folder: Path, dataset: str = "listings") -> dict[str, Any]:
    """The receipt's account of one file; its clean rows are "clean"."""
    partition = Partition(dataset, NIGHT, folder)
    export, landed = opened(content, name, folder, dataset)
    file = InHand(landed, export, None, landed.sha256)
    stage(partition, [file], Context(NIGHT, market("PK"), b"key"))
    found = partition.finish().as_json()
    return found | {"clean": pq.read_table(partition.parts / "rows.parquet").to_pylist()}


def refusal(content: bytes, name: str, folder: Path, dataset: str | None = "listings") -> str:
    with pytest.raises(ExportError) as refused:
        read(content, name, folder, dataset)
    return refused.value.code


def listing(number: int, title: str = "Soccer ball") -> Row:
    return [f"{12345678 + number}", "pk1", title, "3", "approved", "Y"]


LISTINGS = [listing(n, f"Ball {n * 7919}") for n in range(12)]


@cache
def generated(dataset: str) -> tuple[list[str], list[Row]]:
    chance = random.Random(dataset)
    headers = sorted(own_layout(dataset).known_headers)
    return headers, [[chance.choice(CELLS) for _ in headers[1:]] + [f"{n}"] for n in range(30)]


def as_csv(headers: list[str], rows: list[Row], **dialect: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", **dialect).writerows([headers, *rows])
    return text.getvalue().encode()


def as_records(headers: list[str], rows: list[Row]) -> list[dict[str, Any]]:
    return [dict(zip(headers, row, strict=True)) for row in rows]


def as_json(headers: list[str], rows: list[Row]) -> bytes:
    return json.dumps(as_records(headers, rows), ensure_ascii=False, indent=1).encode()


def as_lines(headers: list[str], rows: list[Row]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in as_records(headers, rows)).encode()


def as_answer(headers: list[str], rows: list[Row]) -> bytes:
    inner = {"products": as_records(headers, rows), "total_item": len(rows), "notes": ["[{", "}"]}
    return json.dumps({"request": {"ids": [1, 2]}, "response": {"result": inner}}).encode()


def as_parquet(headers: list[str], rows: list[Row], **options: Any) -> bytes:
    file = io.BytesIO()
    columns = dict(zip(headers, zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def as_workbook(headers: list[str], rows: list[Row], change: Callable[[Any], object] = id) -> bytes:
    book = openpyxl.Workbook()
    for row in (headers, *rows):
        book.active.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


FORMATS: dict[str, tuple[str, Callable[[list[str], list[Row]], bytes]]] = {
    "comma": (".csv", as_csv),
    "tab": (".tsv", lambda h, r: as_csv(h, r, delimiter="\t")),
    "semicolon": (".txt", lambda h, r: as_csv(h, r, delimiter=";")),
    "bar": (".txt", lambda h, r: as_csv(h, r, delimiter="|")),
    "array": (".json", as_json),
    "lines": (".ndjson", as_lines),
    "lines under another ending": (".jsonl", as_lines),
    "answer": (".json", as_answer),
    "workbook": (".xlsx", as_workbook),
    "parquet": (".parquet", as_parquet),
    "bytes": (".parquet", lambda h, r: as_parquet(h, [[c.encode() for c in row] for row in r])),
}


def in_zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def in_zst(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue().to_pybytes())


def packed(content: bytes, name: str, packing: str) -> bytes:
    if packing == ".zip":
        return in_zip({name: content})
    return gzip.compress(content) if packing == ".gz" else in_zst(content) if packing else content


@pytest.mark.parametrize("packing", ["", ".gz", ".zip", ".zst"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_one_table_is_read_alike_in_every_format(
    dataset: str, form: str, packing: str, tmp_path: Path
) -> None:
    headers, rows = generated(dataset)
    ending, write = FORMATS[form]
    name = f"{dataset}{ending}"
    found = read(packed(write(headers, rows), name, packing), name + packing, tmp_path, dataset)
    assert list(found.table.columns) == headers
    assert found.rows == rows
    first = {".json": 1, ".ndjson": 1, ".jsonl": 1, ".parquet": 1}.get(ending, 2)
    is_text = ending in (".csv", ".tsv", ".txt")
    heights = [1 + is_text * sum(cell.count("\n") for cell in row) for row in rows]
    assert found.lines == [first + sum(heights[:n]) for n in range(len(rows))]


def test_an_old_workbook_holds_what_its_csv_holds(real_exports: Path, tmp_path: Path) -> None:
    of_xls, of_csv = (
        read((real_exports / name).read_bytes(), f"listings{Path(name).suffix}", tmp_path)
        for name in ("Products-2026-09-19.xls", "seller_product_export_zh.csv")
    )
    assert of_xls.table.equals(of_csv.table)
    assert of_xls.export.header_row == 6
    assert of_xls.lines == [*range(7, 19)]


def test_numbers_of_a_workbook_are_written_out(tmp_path: Path) -> None:
    cells = [123456789012345, 3.0, 0.1, 1e-7, 12345.678, 100000000000000, -5, True, None]
    headers = [*HEADERS[1:], *(f"c{n}" for n in range(len(cells))), HEADERS[0]]
    rows = [[*row[1:], *cells, int(row[0])] for row in LISTINGS]
    row = read(as_workbook(headers, rows), "listings.xlsx", tmp_path).rows[0]
    assert row[5:] == [
        "123456789012345",
        "3",
        "0.1",
        "0.0000001",
        "12345.678",
        "100000000000000",
        "-5",
        "true",
        "",
        "12345678",
    ]


def test_a_number_of_more_digits_than_a_cell_holds_is_no_id(tmp_path: Path) -> None:
    rows = [[1234567890123456 + n, *row[1:]] for n, row in enumerate(LISTINGS)]
    found = loaded(as_workbook(HEADERS, rows), "listings.xlsx", tmp_path)
    assert found["rows"]["accepted"] == 0
    assert {"code": "damaged_number", "column": "Product ID", "count": 12} in found["warnings"]


@pytest.mark.parametrize("epoch", [CALENDAR_WINDOWS_1900, CALENDAR_MAC_1904])
def test_dates_of_a_workbook_are_of_its_calendar(epoch: datetime, tmp_path: Path) -> None:
    cells = [datetime(2021, 3, 5), datetime(2021, 3, 5, 13, 4, 59), date(1999, 12, 31)]
    rows = [[*row, *cells] for row in LISTINGS]
    content = as_workbook(
        [*HEADERS, "Created", "Modified", "c"], rows, lambda book: setattr(book, "epoch", epoch)
    )
    assert openpyxl.load_workbook(io.BytesIO(content)).epoch == epoch
    found = read(content, "listings.xlsx", tmp_path)
    assert found.rows[0][6:] == ["2021-03-05", "2021-03-05 13:04:59", "1999-12-31"]


def test_a_workbook_under_a_password_is_refused(tmp_path: Path) -> None:
    whole = msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(as_workbook(HEADERS, LISTINGS)))
    file = io.BytesIO()
    whole.encrypt("secret", file)
    for ending in (".xlsx", ".xls"):
        assert refusal(file.getvalue(), f"listings{ending}", tmp_path) == "encrypted"


def test_a_zip_file_of_two_files_or_under_a_password_is_refused(tmp_path: Path) -> None:
    content = bytearray(in_zip({"a.csv": as_csv(HEADERS, LISTINGS)}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(content), "listings.zip", tmp_path) == "encrypted"
    two = in_zip({name: as_csv(HEADERS, LISTINGS) for name in ("a.csv", "b.csv")})
    assert refusal(two, "listings.zip", tmp_path) == "members"


MEMBERS = ["a/x.csv", "../../x.csv", "/etc/x.csv", "..\\x.csv", "C:\\x.csv", "x" * 200 + ".csv"]


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_of_any_name_is_written_nowhere_else(member: str, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    bystanders = {"empty/": b"", f"__MACOSX/{member}": b"x", "empty/.DS_Store": b"x"}
    content = in_zip({**bystanders, member: as_csv(HEADERS, LISTINGS)})
    assert read(content, "listings.zip", tmp_path / "a" / "b").rows == LISTINGS
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 2


@pytest.mark.parametrize("outer", [".gz", ".zip", ".zst"])
@pytest.mark.parametrize("inner", [".gz", ".zip", ".zst"])
def test_an_archive_in_an_archive_is_refused(inner: str, outer: str, tmp_path: Path) -> None:
    name = f"listings.csv{inner}"
    content = packed(packed(as_csv(HEADERS, LISTINGS), "listings.csv", inner), name, outer)
    assert refusal(content, name + outer, tmp_path) == "nested"


# By `zstd --check`: the file that as_csv writes. What pyarrow writes has no checksum.
CHECKED = base64.b85decode(
    "D77#B1ZWKf0K!Nd8F0@75Wx~XZ%2L5ZA3C~B8f>78TwUm4+paGN7*93<A3Mf5OzOzf9(IBOPAg7A-8+~b{so8w<uY@"
    "R9HhTX|i^*W-X|73XCDk;zNJ!7`SG&)I%_;y7MB}BsuiXfzf)OWTHz%4Mr5fWvWJ+jv1&BkP-;@8MXtE6(rXXAVCqx"
    "P;&CGpyVmqYrywm5xOFrgTQ=3n#y|b{W43A{o4"
)
DAMAGED = {
    "listings.csv.gz": gzip.compress(as_csv(HEADERS, LISTINGS)),
    "listings.csv.zip": in_zip({"listings.csv": as_csv(HEADERS, LISTINGS)}),
    "listings.csv.zst": CHECKED,
    "listings.xlsx": as_workbook(HEADERS, LISTINGS),
    "listings.parquet": as_parquet(HEADERS, LISTINGS, write_page_checksum=True),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_cut_file_is_refused_and_a_flipped_bit_changes_no_row(name: str, tmp_path: Path) -> None:
    whole = DAMAGED[name]
    assert read(whole, name, tmp_path).rows == LISTINGS
    refused = 0
    for place in (len(whole) * n // PLACES for n in range(PLACES)):
        refusal(whole[:place], name, tmp_path)
        flipped = whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]
        try:
            assert read(flipped, name, tmp_path).rows == LISTINGS, place
        except ExportError:
            refused += 1
    assert refused > PLACES / 4


@pytest.mark.parametrize("ending", [*READERS, ".gz", ".zip", ".zst"])
@pytest.mark.parametrize("form", ["comma", "array", "lines", "workbook", "parquet"])
def test_a_wrong_ending_is_refused_or_makes_no_difference(
    form: str, ending: str, tmp_path: Path
) -> None:
    with contextlib.suppress(ExportError):
        assert (
            read(FORMATS[form][1](HEADERS, LISTINGS), f"listings{ending}", tmp_path).rows
            == LISTINGS
        )


@pytest.mark.parametrize("ending", [*READERS, ".csv.gz", ".csv.zip", ".csv.zst"])
def test_an_empty_file_is_refused(ending: str, tmp_path: Path) -> None:
    assert refusal(b"", f"listings{ending}", tmp_path) == "empty"


# Reads each file in a child of its own, within a minute of the processor and a gigabyte and a half,
# and says what became of it: what a hostile file may do to a process cannot be asked within that
# process. Seconds by the clock would say more of the machine than of the reader.
CHILD = """
import os, resource, sys
from pathlib import Path
from tests.transforms.read.test_formats import ExportError, loaded
for path in map(Path, sys.argv[1:]):
    out, into = os.pipe()
    child = os.fork()
    if not child:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (4 << 30),) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        try: became = loaded(path.read_bytes(), path.name, path.parent) and "read"
        except ExportError as error: became = error.code
        except BaseException as error: became = f"undeclared {type(error).__name__}"
        os.write(into, became.encode())
        os._exit(0)
    os.close(into)
    _, status, used = os.wait4(child, 0)
    became = os.read(out, 99).decode() or f"died of signal {os.WTERMSIG(status)}"
    print(became if used.ru_maxrss < 3 << 19 else f"{became} after {used.ru_maxrss >> 10} MiB")
"""


def outcomes(files: dict[str, bytes], folder: Path) -> dict[str, str]:
    """What becomes of each file: its refusal's code, "read", or in words what should never be."""
    paths = [folder / f"{n}" / f"listings{Path(name).suffix}" for n, name in enumerate(files)]
    for path, content in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    command = [sys.executable, "-c", CHILD, *map(str, paths)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    return dict(zip(files, done.stdout.splitlines(), strict=True))


BOOK = zipfile.ZipFile(io.BytesIO(as_workbook(HEADERS, LISTINGS)))
PARTS = {name: BOOK.read(name) for name in BOOK.namelist()}


def test_bombs_are_refused_before_they_go_off(tmp_path: Path) -> None:
    zeros = b"\0" * (64 << 20)
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 3000), ["x" * (1 << 20)])
    columns = zip(*LISTINGS * 250, strict=True)
    file = io.BytesIO()
    pq.write_table(pa.table([*map(list, columns), repeated], names=[*HEADERS, "Price"]), file)
    bombs = {
        "two gigabytes.gz": gzip.compress(zeros) * 32,
        "two gigabytes.zst": in_zst(zeros) * 32,
        "zeros.zip": in_zip({"listings.csv": zeros}),
        "many members.zip": in_zip({f"{n}.csv": b"x" for n in range(10_000)}),
        "a large part.xlsx": in_zip(PARTS | {"xl/media/1.png": zeros}),
        "a large text in every row.parquet": file.getvalue(),
    }
    assert outcomes(bombs, tmp_path) == dict.fromkeys(bombs, "bomb")


def test_strange_workbooks_are_read_or_refused(tmp_path: Path) -> None:
    def changed(old: bytes, new: bytes) -> bytes:
        return in_zip(PARTS | {(name := "xl/worksheets/sheet1.xml"): PARTS[name].replace(old, new)})

    end = b"</sheetData>"
    cell = b'<row><c r="XFD1048576"><v>1</v></c></row>' + end
    wide = b"<row>" + b"<c><v>1</v></c>" * 100_000 + b"</row>" + end
    ours, strict = b"schemas.openxmlformats.org/spreadsheetml/2006", b"purl.oclc.org/spreadsheetml"
    files = {
        "a cell far away, in small.xlsx": changed(end, cell.replace(b"XFD", b"xfd")),
        "a row far away.xlsx": changed(end, cell.replace(b'XFD1048576"', b'A4294967295"')),
        "a cell far away, in no row.xlsx": changed(end, cell),
        "a row too wide.xlsx": changed(end, wide),
        "version.xlsx": in_zip(PARTS).replace(b"PK\1\2\x14\3\x14", b"PK\1\2\x14\3\xff"),
        "strict.xlsx": in_zip({name: part.replace(ours, strict) for name, part in PARTS.items()}),
        "elsewhere.xlsx": in_zip(
            {
                n.replace("worksheets/", "w/"): p.replace(b"worksheets/", b"w/").replace(end, cell)
                for n, p in PARTS.items()
            }
        ),
    }
    found = outcomes(files, tmp_path)
    assert {name: became for name, became in found.items() if " " in became} == {}


def test_a_damaged_old_workbook_is_read_or_refused(real_exports: Path, tmp_path: Path) -> None:
    whole = (real_exports / "Products-2026-09-19.xls").read_bytes()
    files = {f"cut at {n}.xls": whole[:n] for n in range(1000, len(whole), 1000)}
    for place in (30, 500, 1100, 2000, 4064, 4067, 4070, 5000, 7000, 9000, 13000):
        flipped = bytes([whole[place] ^ 128])
        files[f"flipped at {place}.xls"] = whole[:place] + flipped + whole[place + 1 :]
    found = outcomes(files, tmp_path)
    assert {name: became for name, became in found.items() if " " in became} == {}
    assert "read" not in [became for name, became in found.items() if name.startswith("cut")]
