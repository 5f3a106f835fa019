"""Files made to take the machine: refused by name, within a minute and a gigabyte and a half."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.transforms.read.test_formats import (
    HEADERS,
    LISTINGS,
    NIGHT,
    PARTS,
    as_csv,
    as_records,
    in_zip,
    outcomes,
)
from tests.transforms.test_shapes import table_of
from transforms import night
from transforms.settings import settings

DEEP = b'{"a":[' * 20_000
MIB = b"x" * (1 << 20)
ROWS = json.dumps(as_records(HEADERS, LISTINGS)).encode()
SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
END = b"</sheetData>"
ENTITIES = b"<!DOCTYPE x [<!ENTITY a0 'aaaaaaaaaa'>%s]>" % b"".join(
    b"<!ENTITY a%d '%s'>" % (n + 1, b"&a%d;" % n * 10) for n in range(9)
)


def in_sheet(rows: bytes) -> bytes:
    return in_zip(PARTS | {SHEET: PARTS[SHEET].replace(END, rows + END)})


def with_entities(part: str) -> bytes:
    text = PARTS.get(part, b"").partition(b"?>")[2]
    return in_zip(PARTS | {part: b"<?xml version='1.0'?>" + ENTITIES + text})


def test_json_is_bounded_before_it_is_parsed(tmp_path: Path) -> None:
    files = {
        "objects in lists.json": DEEP,
        "objects in lists, closed.json": DEEP + b"1" + b"]}" * 20_000,
        "in a row.json": ROWS[:-2] + b',"x":' + DEEP + b"1" + b"]}" * 20_000 + b"}]",
        "a line.ndjson": b'{"a":' * 100_000,
        "a long text.json": ROWS[:-2] + b',"x":"' + MIB * 20 + b'"}]',
        "a long key.json": ROWS[:-2] + b',"' + MIB * 20 + b'":1}]',
        "a long number.json": ROWS[:-2] + b',"x":' + b"9" * 10_000 + b"}]",
        "a long row.json": ROWS[:-2] + b',"x":[' + b"{}," * (3 << 20) + b"1]}]",
        "many lists.json": b"{%s}" % b",".join(b'"k%d":[{}]' % n for n in range(60_000)),
    }
    assert outcomes(files, tmp_path) == dict.fromkeys(files, "bomb")
    wide = {"wide.json": json.dumps([{f"k{n}": n for n in range(3_000)}]).encode()}
    assert outcomes(wide, tmp_path / "wide") == dict.fromkeys(wide, "too_wide")


def test_text_is_bounded_by_its_longest_line(tmp_path: Path) -> None:
    head = as_csv(HEADERS, LISTINGS * 20)
    files = {
        "a field.csv": head + b'1,"' + MIB * 20 + b'",a,b,c,d\n',
        "a field in Latin letters.csv": head + b"1,\xe9" + MIB * 20 + b",a,b,c,d\n",
        "lines in quotes.csv": head + b'1,"' + b"x,y,z,a,b,c\n" * (3 << 20) + b'",a,b,c,d\n',
        "a stray quote.csv": head + b'1,5" ' + MIB * 20 + b",a,b,c,d\n",
        "quotes.csv": head + b'"' * (20 << 20),
    }
    found = outcomes(files, tmp_path)
    assert {name: became for name, became in found.items() if " " in became} == {}
    assert [found[name] for name in files][:4] == ["bomb"] * 4


def test_workbooks_are_bounded_in_a_process_of_their_own(tmp_path: Path) -> None:
    def far(column: bytes, rows: range) -> bytes:
        cell = b'<row r="%d"><c r="' + column + b'%d"><v>1</v></c></row>'
        return b"".join(cell % (n, n) for n in rows)

    files = {
        "a billion implied cells.xlsx": in_sheet(far(b"ALL", range(1048576, 1048577))),
        "entities in the sheet.xlsx": with_entities(SHEET),
        "entities in the texts.xlsx": with_entities(TEXTS),
        "entities in the workbook.xlsx": with_entities("xl/workbook.xml"),
    }
    assert set(outcomes(files, tmp_path).values()) <= {"bomb", "unreadable"}
    wide = {
        "three million implied cells.xlsx": in_sheet(far(b"XFD", range(20, 203))),
        "a row of cells without places.xlsx": in_sheet(
            b"<row>" + b"<c><v>1</v></c>" * 300_000 + b"</row>"
        ),
    }
    assert outcomes(wide, tmp_path / "wide") == dict.fromkeys(wide, "too_wide")


def test_parquet_is_bounded_by_what_it_unpacks_to(tmp_path: Path) -> None:
    def parquet(**columns: pa.Array) -> bytes:
        file, rows = io.BytesIO(), len(next(iter(columns.values())))
        ours = dict(zip(HEADERS, zip(*LISTINGS * (rows // 12 + 1), strict=True), strict=True))
        table = pa.table({h: pa.array(v[:rows]) for h, v in ours.items()} | columns)
        pq.write_table(table, file)
        return file.getvalue()

    nothing = io.BytesIO()
    pq.write_table(pa.table({h: pa.nulls(3_000_000, pa.string()) for h in HEADERS}), nothing)
    same = pa.array([0] * 3000, pa.int32())
    files = {
        "a long text.parquet": parquet(Price=pa.array(["x" * (20 << 20)])),
        "repeated bytes.parquet": parquet(
            Price=pa.DictionaryArray.from_arrays(same, pa.array([MIB]))
        ),
        "long lists.parquet": parquet(
            Price=pa.ListArray.from_arrays([0, 6_000_000], pa.nulls(6_000_000, pa.int8()))
        ),
        "rows of nothing.parquet": nothing.getvalue(),
    }
    assert outcomes(files, tmp_path) == dict.fromkeys(files, "bomb")


@pytest.mark.parametrize("name", ["listings.json", "listings.ndjson"])
def test_a_bomb_is_refused_and_the_rest_of_the_night_loads(name: str, home: Path) -> None:
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    (folder / name).write_bytes(DEEP)
    (folder / "sellers.csv").write_bytes(as_csv(*table_of("sellers")))
    receipts = {of: night.run(of, NIGHT, settings()) for of in ("listings", "sellers")}
    assert receipts["listings"].status == "refused"
    assert "more than 64 deep" in (receipts["listings"].reason or "")
    assert receipts["sellers"].status == "ok"
