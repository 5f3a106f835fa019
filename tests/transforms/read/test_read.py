"""Files as they arrive: what is read, on which line, and what is refused for which reason."""

import csv
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from transforms.deliveries.landing import Landed
from transforms.deliveries.unpack import unpack
from transforms.errors import ExportError
from transforms.read import open_export
from transforms.read.count import Dialect, records
from transforms.read.json_scan import shape
from transforms.read.opened import Noted

HEADERS = ["Product ID", "Member ID", "Title", "Category ID", "Status", "Display"]


def listing(number: int, title: str = "Soccer ball") -> list[str]:
    return [f"{12345678 + number}", "pk1", title, "3", "approved", "Y"]


def as_csv(rows: list[list[str]], end: str = "\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([HEADERS, *rows])
    return text.getvalue().encode()


def read(
    content: bytes, tmp_path: Path, name: str = "listings.csv"
) -> tuple[pd.DataFrame, list[Any]]:
    path = tmp_path / name
    path.write_bytes(content)
    export = open_export(path, name, "listings")
    noted = Noted()
    batches = list(export.batches(noted))
    lines = [int(n) for b in batches for n in b.lines]
    tables = [b.table for b in batches]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    assert export.rows_in == len(table) + len(noted.broken)
    return table, [*lines, *noted.broken]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_lines_are_those_of_the_file(end: str, bom: bytes, tmp_path: Path) -> None:
    rows = [listing(1), listing(2, f'two{end}lines, "quoted"'), listing(3)]
    table, lines = read(bom + as_csv(rows, end), tmp_path)
    assert list(table["Product ID"]) == ["12345679", "12345680", "12345681"]
    assert table["Title"][1] == f'two{end}lines, "quoted"'
    assert lines == [2, 3, 5]


def test_rows_out_of_shape_keep_their_line_and_the_others_theirs(tmp_path: Path) -> None:
    content = as_csv([listing(1)]) + b"too,few\n" + as_csv([listing(2)]).split(b"\n", 1)[1]
    content += b"\n" + b"a,b,c,d,e,f,g,h\n" + as_csv([listing(3)]).split(b"\n", 1)[1]
    table, found = read(content, tmp_path)
    assert list(table["Product ID"]) == ["12345679", "12345680", "12345681"]
    assert found[:3] == [2, 4, 7]
    assert found[3:] == [
        (3, "fields: 2 instead of 6", "too,few"),
        (6, "fields: 8 instead of 6", "a,b,c,d,e,f,g,h"),
    ]


def test_rows_out_of_shape_in_small_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.read.delimited.BLOCK", 1024)
    chance = random.Random(4)
    lines = [as_csv([]).decode()]
    ids = []
    for number in range(2_000):
        if chance.random() < 0.1:
            lines.append("short,row\n")
        else:
            lines.append(",".join(listing(number)) + "\n")
            ids.append((12345678 + number, len(lines)))
    table, found = read("".join(lines).encode(), tmp_path)
    numbers = [n for n in found if isinstance(n, int)]
    assert list(zip(table["Product ID"].astype(int), numbers, strict=True)) == ids


def test_counting_by_bytes_agrees_with_the_csv_module(tmp_path: Path) -> None:
    chance = random.Random(7)
    cells = ["", "x", "a,b", 'q"q', "two\nlines", "\r\n", "Ünal", " "]
    rows = [[chance.choice(cells) for _ in range(3)] for _ in range(3_000)]
    for end in ("\n", "\r\n"):
        text = io.StringIO()
        csv.writer(text, lineterminator=end).writerows(rows)
        path = tmp_path / "count.csv"
        path.write_bytes(text.getvalue().encode())
        for chunk in (1, 7, 4096, 4 << 20):
            if chunk == 1 and end == "\n":
                continue
            import transforms.read.count as count

            count.CHUNK, kept = chunk, count.CHUNK
            try:
                with path.open("rb") as file:
                    lines, _, _, stray, *_ = records(file, "count.csv", Dialect())
            finally:
                count.CHUNK = kept
            assert len(lines) == len(rows)
            assert not stray
            assert list(lines) == sorted(set(lines.tolist()))


def test_json_rows_are_counted_by_their_brackets(tmp_path: Path) -> None:
    rows = [{"a": 'br{ace"s}', "b": {"c": [1, {"d": 2}]}}, {}, {"e": "\\"}]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(rows, indent=1))
    with path.open("rb") as file:
        assert [rows.rows for rows in shape(file, path.name, by_root=False).lists] == [3]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (as_csv([listing(1)]) + b'12345680,pk1,"cut inside', "cut"),
        (as_csv([listing(1, "Ünal \xff Ölüm")]).replace(b"\xc3\xbf", b"\xff"), "encoding"),
        (b"Member ID,Company Name\nx,y\n", "unknown_layout"),
        (as_csv([listing(1)]).replace(b"Display\n", b"Display,title\n"), "duplicate_headers"),
        (as_csv([]), "no_rows"),
        (b"\n\n \n", "empty"),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes, code: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError) as refused:
        read(content, tmp_path)
    assert refused.value.code == code


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="not supported"):
        read(b"x", tmp_path, "listings.pdf")


def test_json_keeps_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "inquiries.json"
    path.write_text(
        '[{"inquiry_id": 22960684501041669, "channel": "tm", "member_id": "a", "subject": "s",'
        ' "received_at": null, "quantity": 1.50, "is_spam": false}, 7]'
    )
    export = open_export(path, path.name, "inquiries")
    noted = Noted()
    (batch,) = list(export.batches(noted))
    row = batch.table.iloc[0]
    assert row["inquiry_id"] == "22960684501041669"
    assert row["quantity"] == "1.50"
    assert row["is_spam"] == "false"
    assert pd.isna(row["received_at"])
    assert noted.broken == [(2, "not an object", "7")]
    assert export.rows_in == 2  # by brackets and commas; the number is rejected alone


def landed(content: bytes, tmp_path: Path) -> Landed:
    path = tmp_path / "listings.csv.gz"
    path.write_bytes(content)
    return Landed(path.name, path, len(content), "sha", None)


def test_a_cut_gzip_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = gzip.compress(as_csv([listing(n) for n in range(500)]))
    (tmp_path / "out").mkdir()
    for size in range(2, len(whole), max(len(whole) // 64, 1)):
        with pytest.raises(ExportError) as refused:
            unpack(landed(whole[:size], tmp_path), tmp_path / "out")
        assert refused.value.code in ("cut", "damaged")


def test_a_gzip_file_of_wrong_checksum_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(as_csv([listing(1)])))
    whole[-6] ^= 1
    with pytest.raises(ExportError, match="damaged"):
        unpack(landed(bytes(whole), tmp_path), tmp_path)


@pytest.mark.parametrize("flags", [b"\x08", b"\x02"], ids=["a long name", "a wrong header CRC"])
def test_an_odd_header_of_gzip_is_no_damage(flags: bytes, tmp_path: Path) -> None:
    """isal refuses both."""
    text = as_csv([listing(1)])
    (tmp_path / "out").mkdir()
    packed = gzip.compress(text)
    more = b"n" * (600 << 10) + b"\0" if flags == b"\x08" else b"\0\0"
    odd = packed[:3] + flags + packed[4:10] + more + packed[10:]
    assert unpack(landed(odd, tmp_path), tmp_path / "out").path.read_bytes() == text


def test_what_follows_a_gzip_file_is_damage_and_no_cut(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="damaged") as refused:
        unpack(landed(gzip.compress(as_csv([listing(1)])) + b"\n", tmp_path), tmp_path)
    assert refused.value.code == "damaged"


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    with pytest.raises(ExportError) as refused:
        unpack(landed(bomb, tmp_path), tmp_path)
    assert refused.value.code == "bomb"


def test_unpacked_files_are_for_nobody_else_to_read(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    plain = unpack(landed(gzip.compress(as_csv([])), tmp_path), tmp_path / "out")
    assert plain.path.stat().st_mode & 0o777 == 0o600
