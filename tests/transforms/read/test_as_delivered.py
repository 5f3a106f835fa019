"""What exporters do to a file without meaning to: encodings, marks, blanks, formulas, merges."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.transforms.read.test_formats import (
    HEADERS,
    LISTINGS,
    PARTS,
    as_csv,
    as_records,
    as_workbook,
    in_zip,
    listing,
    loaded,
    opened,
    read,
    refusal,
)
from transforms.errors import ExportError
from transforms.layouts import Layout, layouts
from transforms.read import open_export, plausible
from transforms.read.opened import Noted

TEXTS = {
    "cp1250": ["Łódź Kraków spółka żółty", "Český fotbalový míč", "Győr bőr kesztyű", "Gdańsk"],
    "cp1251": ["футбольный мяч кожаные перчатки", "Мяч"],
    "koi8_r": ["футбольный мяч кожаные перчатки высокого качества"],
    "cp1253": ["μπάλα ποδοσφαίρου δερμάτινα γάντια"],
    "cp1254": ["Şişli İstanbul ayakkabı güneş", "spor ayakkabı"],
    "cp1255": ["כדור רגל כפפות עור איכות גבוהה"],
    "big5": ["足球詢價", "國際貿易有限公司 專業生產運動服裝", "皮革手套 台灣製造"],
    "cp932": ["サッカーボール 革手袋 高品質", "東京都港区", "日本"],
    "euc_jp": ["サッカーボール 革手袋 高品質"],
    "cp949": ["축구공 견적 요청드립니다", "서울", "한국 무역 주식회사"],
}
TOLD = {
    "cp1252": [
        "Café crème, modèle déposé",
        "Fußball Größe",
        "Señor niño",
        "São Paulo",
        "\xa0£12\xa0",
        "smørrebrød",
        "Citroën naïve",
        "MODÈLE ÉLÉGANT",
    ],
    "gb18030": ["深圳市贸易有限公司", "香港國際體育用品貿易有限公司"],
    "cp1256": ["كرة قدم جلدية عالية الجودة", "شركة التجارة الدولية المحدودة"],
}
CASES = [(e, t) for e, texts in TEXTS.items() for t in texts]


def in_encoding(encoding: str, title: str) -> bytes:
    rows = [listing(n, title) for n in range(12)]
    return as_csv(HEADERS, rows).decode().encode(encoding)


@pytest.mark.parametrize(("encoding", "title"), CASES)
def test_an_encoding_that_is_not_certain_is_refused_by_name(
    encoding: str, title: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="not UTF-8") as refused:
        read(in_encoding(encoding, title), "listings.csv", tmp_path)
    assert refused.value.code == "encoding"
    (own,) = (r.known_as for r in plausible.RIVALS if r.encoding == encoding)
    assert own in refused.value.message


@pytest.mark.parametrize(("encoding", "title"), [(e, t) for e, ts in TOLD.items() for t in ts])
def test_an_encoding_that_is_certain_is_read(encoding: str, title: str, tmp_path: Path) -> None:
    found = read(in_encoding(encoding, title), "listings.csv", tmp_path)
    assert {row[2] for row in found.rows} == {title}


@pytest.mark.parametrize(("encoding", "title"), [("big5", "足球詢價"), ("cp1250", "Gdańsk")])
@pytest.mark.parametrize("by", ["market", "layout"])
def test_an_encoding_may_be_declared(
    by: str, encoding: str, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "listings.csv"
    path.write_bytes(in_encoding(encoding, title))
    if by == "layout":
        own = next(x for x in layouts() if x.name == "listings_export")
        declared = Layout(**{**vars_of(own), "encoding": encoding})
        monkeypatch.setattr("transforms.read.layouts", lambda _: (declared,))
        monkeypatch.setattr("transforms.read.fitting", lambda row, _: fits(declared, row))
    market = encoding if by == "market" else None
    export = open_export(path, path.name, "listings", market)
    assert {t for batch in export.batches(Noted()) for t in batch.table["Title"]} == {title}


def vars_of(layout: Layout) -> dict[str, Any]:
    return {name: getattr(layout, name) for name in Layout.__dataclass_fields__}


def fits(layout: Layout, row: list[str]) -> Layout | None:
    return None if layout.missing(row) else layout


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_wide_text_is_read_with_a_mark_or_without(encoding: str, tmp_path: Path) -> None:
    found = read(in_encoding(encoding, "Ball 足球"), "listings.csv", tmp_path)
    assert {row[2] for row in found.rows} == {"Ball 足球"}


@pytest.mark.parametrize(
    "odd", ["\ufeff\ufeff", "\ufeff", "\u200b", "\u00ad", "\u202a", "\u2066", "\0"]
)
@pytest.mark.parametrize("form", ["csv", "quoted", "json", "workbook", "parquet"])
def test_headers_are_known_whatever_nobody_sees_in_them(
    form: str, odd: str, tmp_path: Path
) -> None:
    headers = [odd + HEADERS[0], HEADERS[1][:3] + odd + HEADERS[1][3:], *HEADERS[2:]]
    if form == "csv":
        content, ending = as_csv(headers, LISTINGS), "csv"
    elif form == "quoted":
        content, ending = as_csv(HEADERS, LISTINGS, quoting=1), "csv"
        content = odd.encode() + content if odd.strip("\ufeff") == "" else content
    elif form == "json":
        content, ending = json.dumps(as_records(headers, LISTINGS)).encode(), "json"
    elif form == "parquet":
        file = io.BytesIO()
        columns = zip(*LISTINGS, strict=True)
        pq.write_table(pa.table(dict(zip(headers, columns, strict=True))), file)
        content, ending = file.getvalue(), "parquet"
    else:
        content, ending = as_workbook([h.replace("\0", "") for h in headers], LISTINGS), "xlsx"
    found = loaded(content, f"listings.{ending}", tmp_path)
    assert found["rows"] == {"in": 12, "accepted": 12, "rejected": 0, "duplicate": 0}


def test_a_mark_where_files_were_put_together_is_in_no_value(tmp_path: Path) -> None:
    first, second = as_csv(HEADERS, LISTINGS[:6]), as_csv(HEADERS, LISTINGS[6:]).split(b"\n", 1)[1]
    content = b"\xef\xbb\xbf" + first + b"\xef\xbb\xbf" + second
    assert read(content, "listings.csv", tmp_path).rows == LISTINGS


@pytest.mark.parametrize("tail", [",,,,,\n", ",,\n", " , ,\t,,,\n", '"","",,,,\n', "\x1a", ",,,,,"])
@pytest.mark.parametrize("count", [1, 40])
def test_blank_rows_at_the_end_are_no_rows(tail: str, count: int, tmp_path: Path) -> None:
    content = as_csv(HEADERS, LISTINGS) + (tail * (count if tail.endswith("\n") else 1)).encode()
    found = loaded(content, "listings.csv", tmp_path)
    assert found["rows"] == {"in": 12, "accepted": 12, "rejected": 0, "duplicate": 0}
    assert "blank_rows" in [w["code"] for w in found["warnings"]]


def test_blank_rows_are_told_apart_in_every_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = as_csv(HEADERS, [*LISTINGS, ['5" x', *[""] * 5]]) + b",,,,,\n" * 9
    for chunk in (7, 50, 1 << 20):
        monkeypatch.setattr("transforms.read.count.CHUNK", chunk)
        found = read(content, "listings.csv", tmp_path)
        assert len(found.rows) == 13
        assert found.warnings["blank_rows", None] == 9


def test_rows_of_one_blank_in_a_workbook_are_no_rows(tmp_path: Path) -> None:
    rows = [*LISTINGS, *([[" ", None, "  ", None, None, " "]] * 30)]
    found = loaded(as_workbook(HEADERS, rows), "listings.xlsx", tmp_path)
    assert found["rows"] == {"in": 12, "accepted": 12, "rejected": 0, "duplicate": 0}


@pytest.mark.parametrize("zeros", [600, 100_000])
def test_a_hole_of_zero_bytes_is_damage(zeros: int, tmp_path: Path) -> None:
    content = as_csv(HEADERS, LISTINGS * 500) + b"\0" * zeros + as_csv(HEADERS, LISTINGS)
    assert refusal(content, "listings.csv", tmp_path) == "damaged"


def with_formulas(cell: bytes, properties: bytes = b"") -> bytes:
    sheet = "xl/worksheets/sheet1.xml"
    rows = PARTS[sheet].replace(b"</row>", cell + b"</row>")
    first = rows.index(cell)
    header = b'<c t="inlineStr"><is><t>Price</t></is></c>'
    rows = rows[:first] + header + rows[first + len(cell) :]
    book = PARTS["xl/workbook.xml"].replace(b"</workbook>", properties + b"</workbook>")
    book = book.replace(b'fullCalcOnLoad="1"', b"") if not properties else book
    return in_zip(PARTS | {sheet: rows, "xl/workbook.xml": book})


CALCULATE = b'<calcPr fullCalcOnLoad="1"/>'


@pytest.mark.parametrize(
    ("cell", "properties"),
    [
        (b"<c><f>1+1</f></c>", b""),
        (b"<c><f>1+1</f><v></v></c>", b""),
        (b"<c><f>1+1</f><v>0</v></c>", CALCULATE),
    ],
)
def test_formulas_without_a_value_are_warned_of(
    cell: bytes, properties: bytes, tmp_path: Path
) -> None:
    found = loaded(with_formulas(cell, properties), "listings.xlsx", tmp_path)
    warning = {"code": "formula_without_value", "column": "Price", "count": 12}
    assert warning in found["warnings"]
    assert {row["price_min"] for row in found["clean"]} == {None}


def test_a_formula_that_was_calculated_is_a_value(tmp_path: Path) -> None:
    found = loaded(with_formulas(b"<c><f>1+1</f><v>2</v></c>"), "listings.xlsx", tmp_path)
    assert "formula_without_value" not in [w["code"] for w in found["warnings"]]
    text = with_formulas(b'<c t="str"><f>""</f><v></v></c>')
    assert not read(text, "listings.xlsx", tmp_path).warnings


def test_cells_merged_over_rows_say_the_same_of_each(tmp_path: Path) -> None:
    def merge(book: openpyxl.Workbook) -> None:
        book.active["C2"] = "Glove"
        book.active.merge_cells("C2:C5")
        book.active.merge_cells("B7:C7")

    found = read(as_workbook(HEADERS, LISTINGS, merge), "listings.xlsx", tmp_path)
    assert [row[2] for row in found.rows][:4] == ["Glove"] * 4
    assert found.rows[5][1:3] == ["pk1", ""]
    assert found.warnings["merged_cell", "Title"] == 3


def test_error_cells_are_null_and_counted(tmp_path: Path) -> None:
    def break_cells(book: openpyxl.Workbook) -> None:
        for row, error in enumerate(("#N/A", "#REF!", "#DIV/0!"), 2):
            book.active[f"C{row}"] = error
            book.active[f"C{row}"].data_type = "e"

    found = read(as_workbook(HEADERS, LISTINGS, break_cells), "listings.xlsx", tmp_path)
    assert [row[2] for row in found.rows][:3] == ["", "", ""]
    assert found.warnings["error_cell", "Title"] == 3


def test_midnight_is_a_time_beside_other_times(tmp_path: Path) -> None:
    times = [datetime(2021, 3, 5, n % 3) for n in range(12)]
    rows = [[*row, t, date(2021, 3, 5)] for row, t in zip(LISTINGS, times, strict=True)]
    found = read(as_workbook([*HEADERS, "Created", "Modified"], rows), "x.xlsx", tmp_path)
    assert found.rows[0][6:] == ["2021-03-05 00:00:00", "2021-03-05"]
    assert found.rows[1][6:] == ["2021-03-05 01:00:00", "2021-03-05"]


NOON = datetime(2022, 6, 30, 12, 0, 18)
MIDNIGHT = datetime(2022, 6, 30)
TYPES: list[tuple[Any, Any, str]] = [
    (pa.timestamp("ms"), MIDNIGHT, "2022-06-30 00:00:00"),
    (pa.timestamp("us", "Asia/Karachi"), NOON.replace(tzinfo=UTC), "2022-06-30 12:00:18Z"),
    (pa.timestamp("us", "UTC"), MIDNIGHT.replace(tzinfo=UTC), "2022-06-30 00:00:00Z"),
    (pa.date32(), date(2022, 6, 30), "2022-06-30"),
    (pa.date64(), date(2022, 6, 30), "2022-06-30"),
    (pa.decimal128(20, 0), Decimal("22960684501041669"), "22960684501041669"),
    (pa.decimal128(20, 2), Decimal("1601740791024.00"), "1601740791024"),
    (pa.decimal128(20, 2), Decimal("1.50"), "1.50"),
    (pa.decimal128(20, 3), Decimal("1.500"), "1.5000"),  # no thousands
    (pa.decimal128(38, 18), Decimal(0), "0"),
    (pa.decimal128(10, 7), Decimal(0), "0"),
    (pa.decimal128(10, 7), Decimal("-1E-7"), "-0.0000001"),
    (pa.decimal128(10, 7), Decimal("1.5"), "1.5000000"),
    (pa.float64(), 1601740791024.0, "1601740791024"),
    (pa.uint64(), 2**64 - 1, "18446744073709551615"),
    (pa.binary(4), b"abcd", "abcd"),
    (pa.list_(pa.string()), ["Balls", "Gloves, new"], '["Balls", "Gloves, new"]'),
    (pa.dictionary(pa.int32(), pa.string()), "x", "x"),
    (pa.bool_(), True, "true"),
]


@pytest.mark.parametrize(("kind", "value", "text"), TYPES)
def test_types_of_parquet_are_read_as_text(
    kind: Any, value: Any, text: str, tmp_path: Path
) -> None:
    content = in_parquet(pa.array([value, None] * 6, kind))
    assert [row[-1] for row in read(content, "x.parquet", tmp_path).rows] == [text, ""] * 6


def in_parquet(column: pa.Array, **options: Any) -> bytes:
    columns = dict(zip(HEADERS, zip(*LISTINGS, strict=True), strict=True))
    file = io.BytesIO()
    pq.write_table(pa.table({**columns, "Created": column}), file, **options)
    return file.getvalue()


def test_the_old_type_of_instants_is_in_utc(tmp_path: Path) -> None:
    content = in_parquet(
        pa.array([NOON] * 12, pa.timestamp("ns")), use_deprecated_int96_timestamps=True
    )
    assert read(content, "x.parquet", tmp_path).rows[0][-1] == "2022-06-30 12:00:18Z"


@pytest.mark.parametrize("form", ["{:.1f}", "{:.12e}"])
def test_ids_that_went_through_a_float_are_ids(form: str, tmp_path: Path) -> None:
    rows = json.dumps(as_records(HEADERS, LISTINGS))
    for number in range(12):
        rows = rows.replace(f'"{12345678 + number}"', form.format(12345678 + number))
    assert read(rows.encode(), "listings.json", tmp_path).rows == LISTINGS


def test_an_id_that_a_float_has_rounded_is_none(tmp_path: Path) -> None:
    rows = json.dumps(as_records(HEADERS, LISTINGS[:1])).replace(
        '"12345678"', "2.296068450104167e16"
    )
    assert loaded(rows.encode(), "listings.json", tmp_path)["rows"]["rejected"] == 1


@pytest.mark.parametrize("others", [[{"id": 1}], [{"id": 1}] * 30, []])
def test_lists_under_like_named_keys_are_told_apart(others: list[Any], tmp_path: Path) -> None:
    rows = as_records(HEADERS, LISTINGS)
    for answer in (
        {"filters": {"items": others}, "result": {"items": rows}},
        {"result": {"items": rows}, "filters": {"items": others}},
    ):
        assert read(json.dumps(answer).encode(), "listings.json", tmp_path).rows == LISTINGS


STRANGERS = {
    "error.json": (b'{"error_response": {"code": 27, "msg": "Invalid session"}}', "Invalid"),
    "code.json": (b'{"code": 27, "msg": "Invalid session"}', "error 27"),
    "key.json": (b'{"code": 27, "msg": "key 4f2a of ann@x.com is void"}', "error 27\\."),
    "login.csv": (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "table.xls": (b"<table><tr><td>Product ID</td></tr></table>", "web page"),
    "sheet.xls": (
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        "Excel 2003",
    ),
    "error.csv": (b'<?xml version="1.0"?><error_response/>', "is XML"),
    "report.csv": (b"%PDF-1.7", "is a PDF"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_export_is_called_what_it_is(name: str, tmp_path: Path) -> None:
    content, said = STRANGERS[name]
    with pytest.raises(ExportError, match=said):
        opened(content, name, tmp_path, "listings")
