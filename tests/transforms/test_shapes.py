"""How tables lie in files: encodings, dialects, headers, and rows that do not belong to them."""

import contextlib
import csv
import io
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.read.test_formats import (
    FORMATS,
    HEADERS,
    LISTINGS,
    NIGHT,
    Row,
    as_csv,
    as_workbook,
    listing,
    loaded,
    read,
    refusal,
)
from transforms import DATASETS, night
from transforms.errors import ExportError
from transforms.layouts import own_layout
from transforms.settings import settings

CHINESE = ["产品编号", "会员ID", "产品标题", "类目ID", "审核状态", "是否上架"]
FRENCH = [
    "Identifiant produit",
    "Identifiant membre",
    "Titre",
    "Identifiant catégorie",
    "Statut",
    "Affichage",
]
ARABIC = ["رقم المنتج", "رقم العضو", "العنوان", "رقم الفئة", "الحالة", "العرض"]
TITLES = dict.fromkeys(["utf-8", "utf-8-sig", "utf-16"], "Ünal سیالکوٹ 足球 🏀") | {
    "gb18030": "足球训练器材，深圳市体育用品有限公司",
    "cp1252": "Ballon d’entraînement – été “Noël”",
    "cp1256": "كرة القدم للتدريب",
}
SELLER = ["pk{n}", "Firm {n}", "PK", "Sialkot", "Gold Supplier", "2021-01-05", "2023-01-05"]
INQUIRY = {
    "inquiry_id": "1000{n:03}",
    "channel": "inquiry",
    "member_id": "pk{n}",
    "product_id": "12345{n:03}",
    "subject": "Price of ball {n}",
    "quantity": "100",
    "unit": "Piece/Pieces",
    "buyer_name": "Ann {n}",
    "buyer_country": "US",
    "received_at": "2022-06-30T10:00:00+05:00",
    "is_spam": "false",
    "language": "en",
}


LINES = [",".join(row) for row in LISTINGS]


def table_of(dataset: str, count: int = 30) -> tuple[list[str], list[Row]]:
    """Headers and good rows of the dataset's own export."""
    if dataset == "listings":
        return HEADERS, [listing(n) for n in range(count)]
    cells = SELLER if dataset == "sellers" else list(INQUIRY.values())
    headers = list(own_layout("sellers").required) if dataset == "sellers" else list(INQUIRY)
    return headers, [[cell.format(n=n) for cell in cells] for n in range(count)]


def as_lines(*lines: str, end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


ENCODINGS = [
    *((e, HEADERS) for e in TITLES),
    ("gb18030", CHINESE),
    ("cp1252", FRENCH),
    ("cp1256", ARABIC),
    ("utf-16-be", HEADERS),
]


@pytest.mark.parametrize(("encoding", "headers"), ENCODINGS)
def test_text_is_read_in_its_encoding(encoding: str, headers: list[str], tmp_path: Path) -> None:
    named = encoding.removesuffix("-be")
    mark = "" if named == encoding else "\ufeff"
    rows = [listing(n, TITLES[named]) for n in range(12)]
    found = read((mark + as_csv(headers, rows).decode()).encode(encoding), "x.csv", tmp_path)
    assert found.rows == rows
    assert found.export.encoding == named
    guessed = {} if named.startswith("utf") else {("encoding_guessed", None): 12}
    assert dict(found.warnings) == guessed


@pytest.mark.parametrize("title", ["香港國際體育用品貿易有限公司", "億達 Trading"])
def test_traditional_characters_are_no_arabic(title: str, tmp_path: Path) -> None:
    rows = [listing(n, title) for n in range(12)]
    content = as_csv(HEADERS, rows).decode().encode("gb18030")
    assert read(content, "listings.csv", tmp_path).rows == rows


@pytest.mark.parametrize("count", [1, 3, 50])
@pytest.mark.parametrize("title", ["Café crème", "سیالکوٹ", "足球"])
def test_one_damaged_byte_is_not_read_as_another_encoding(
    title: str, count: int, tmp_path: Path
) -> None:
    whole = as_csv(HEADERS, [listing(n, title) for n in range(count)])
    first = next(n for n, byte in enumerate(whole) if byte > 127)
    for place, byte in ((first, 0x43), (first, 0xFF), (first + 1, 0x20), (60, 0xE9)):
        content = whole[:place] + bytes([byte]) + whole[place + 1 :]
        assert refusal(content, "listings.csv", tmp_path) == "encoding"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("quote", "of"), ["\"'", "'\""])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_dialect_is_found(
    delimiter: str, quote: str, of: str, end: str, tmp_path: Path
) -> None:
    cells = [
        f"a{delimiter}b",
        f"say {quote}hi{quote}",
        f"two{end}lines",
        "",
        "x",
        f"{quote}",
        f"{of}quoted{of}",
        f"{of}",
        f"{of}{of}",
    ]
    rows = [[*listing(n), cells[n % 9]] for n in range(27)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quotechar=quote, lineterminator=end)
    writer.writerows([[*HEADERS, "Price"], *rows])
    found = read(text.getvalue().encode(), "listings.csv", tmp_path)
    assert found.rows == rows
    assert found.export.delimiter == delimiter
    assert found.lines == [2 + n + sum(m % 9 == 2 for m in range(n)) for n in range(27)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("title", ["Soccer ball", "Gloves, leather; size 10"])
@pytest.mark.parametrize("delimiter", ["^", "~", ":", "#", "*", "!", "\x1f"])
def test_an_odd_delimiter_is_found(delimiter: str, title: str, end: bytes, tmp_path: Path) -> None:
    rows = [listing(n, f"{title} {n}") for n in range(27)]
    rows[5][2] = f"Ball {delimiter} pump"
    content = as_csv(HEADERS, rows, delimiter=delimiter).replace(b"\n", end)
    found = read(content, "listings.csv", tmp_path)
    assert found.rows == rows
    assert found.export.delimiter == delimiter


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("title", ['15.6" Laptop', 'say "hi"', "back\\slash", 'a, "b", c', "x\ny"])
def test_quotes_may_be_escaped(title: str, quoting: Any, tmp_path: Path) -> None:
    rows = [listing(n, title if n % 2 else "Soccer ball") for n in range(24)]
    rows[1][2] = 'a "quoted" word'  # what shows that quotes are escaped
    content = as_csv(HEADERS, rows, doublequote=False, escapechar="\\", quoting=quoting)
    assert read(content, "listings.csv", tmp_path).rows == rows


def test_line_ends_may_be_mixed_and_lines_blank(tmp_path: Path) -> None:
    ends = ["\n", "\r\n", "\r\n\r\n", "\n\n\n", "\r\r", "\r"]
    text = ",".join(HEADERS) + "\n"
    lines = []
    for number, line in enumerate(LINES):
        lines.append(len(text.splitlines()) + 1)
        text += line + ends[number % 6]
    found = read(text.encode(), "listings.csv", tmp_path)
    assert found.rows == LISTINGS
    assert found.lines == lines


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [0, 1, 2, 3])
def test_a_file_may_end_in_any_number_of_line_ends(last: int, end: str, tmp_path: Path) -> None:
    text = end.join([",".join(HEADERS), *LINES]) + end * last
    assert read(text.encode(), "listings.csv", tmp_path).rows == LISTINGS


APOSTROPHES = [['say "hi"', "'best'"], ["two\nlines", "'best'"], ["a, b", "'best'"], ["'best'"]]


@pytest.mark.parametrize("titles", APOSTROPHES)
def test_apostrophes_around_a_title_are_no_quotes(titles: list[str], tmp_path: Path) -> None:
    rows = [listing(n, title) for n, title in enumerate([*titles, *["ball"] * 20])]
    assert read(as_csv(HEADERS, rows), "listings.csv", tmp_path).rows == rows


@pytest.mark.parametrize("title", ['15.6" Laptop', 'the "best" ball', 'ball 5"'])
def test_quotes_in_unquoted_fields_are_text(title: str, tmp_path: Path) -> None:
    rows = [listing(n, title) for n in range(3)] + [listing(n) for n in range(3, 40)]
    lines = [",".join(row) for row in rows] + ['99999999,pk1,"Ball, ""red""",3,approved,Y']
    found = read(as_lines(",".join(HEADERS), *lines), "listings.csv", tmp_path)
    assert found.rows == [*rows, ["99999999", "pk1", 'Ball, "red"', "3", "approved", "Y"]]
    assert found.lines == [*range(2, 43)]


OPEN = '99999991,pk1,"Laptop,3,approved,Y'
LAST = '99999991,pk1,Laptop,3,approved,"Y'


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (OPEN, '99999992,pk1,Phone",3,approved,Y', "listings.csv"),
        (OPEN, '99999992,pk1,"Phone",3,approved,Y', "listings.csv"),
        (OPEN, '99999992,pk1,"Phone, black",3,approved,Y', "listings.csv"),
        (OPEN, '99999992,pk1,"15.6"" Phone",3,approved,Y', "listings.csv"),
        (LAST, '99999992,pk1,"two\nlines",3,approved,Y', "listings.csv"),
        (OPEN.replace(",", "\t"), '99999992\tpk1\tPhone"\t3\tapproved\tY', "listings.tsv"),
        (OPEN.replace(",", "|"), '99999992|pk1|Phone|3|approved|say "hi"', "listings.txt"),
    ],
)
def test_a_quote_left_open_swallows_no_rows(
    before: str, after: str, name: str, tmp_path: Path
) -> None:
    by = before[8]
    good = [listing(n, "ball" if n < 8 else f'"ball{by} red"') for n in range(12)]
    lines = [by.join(row) for row in good]
    content = as_lines(by.join(HEADERS), *lines[:4], before, *lines[4:8], after, *lines[8:])
    with contextlib.suppress(ExportError):
        found = loaded(content, name, tmp_path)
        kept = {row[0] for row in good} & {row["product_id"] for row in found["clean"]}
        assert 12 - len(kept) <= found["rows"]["rejected"]


def test_a_quote_left_open_leaves_no_quotes_in_other_rows(tmp_path: Path) -> None:
    good = [f'{12345678 + n},pk1,"Soccer ball",3,approved,Y' for n in range(24)]
    with contextlib.suppress(ExportError):
        found = read(as_lines(",".join(HEADERS), *good, OPEN), "listings.csv", tmp_path)
        assert [row[2] for row in found.rows[:24]] == ["Soccer ball"] * 24


def test_a_delimiter_at_the_end_of_every_row_is_no_column(tmp_path: Path) -> None:
    lines = [line + "," for line in LINES]
    found = loaded(as_lines(",".join(HEADERS), *lines), "listings.csv", tmp_path)
    assert found["rows"]["accepted"] == 12
    assert found["drift"]["new_columns"] == found["warnings"] == []


@pytest.mark.parametrize("count", range(1, 16))
def test_a_preamble_is_passed_over(count: int, tmp_path: Path) -> None:
    above = ["Product report", "", 'Exported by "me", today', "a;b;c", *["Note: 1,2"] * 11][:count]
    content = as_lines(*above, ",".join(HEADERS), *LINES)
    found = read(content, "listings.csv", tmp_path)
    assert found.rows == LISTINGS
    assert found.export.header_row == count + 1
    assert found.lines == [count + 2 + n for n in range(12)]


@pytest.mark.parametrize(("row", "is_found"), [(20, True), (21, False)])
def test_headers_are_looked_for_in_twenty_rows(row: int, is_found: bool, tmp_path: Path) -> None:
    above = [f"Note {n}" for n in range(1, row)]
    content = as_lines(*above, ",".join(HEADERS), *LINES)
    with contextlib.nullcontext() if is_found else pytest.raises(ExportError, match="in row 21"):
        assert read(content, "listings.csv", tmp_path).export.header_row == row


@pytest.mark.parametrize("footer", ["Total: 30", "Total", "Total{}", "30 rows{}", "-- end --{}"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_footer_is_rejected_with_its_line(dataset: str, footer: str, tmp_path: Path) -> None:
    headers, rows = table_of(dataset)
    line = footer.format("," * (len(headers) - 1))
    found = loaded(as_csv(headers, rows) + as_lines(line), f"{dataset}.csv", tmp_path, dataset)
    assert found["rows"] == {"in": 31, "accepted": 30, "rejected": 1, "duplicate": 0}


@pytest.mark.parametrize("blank_rows", [0, 1, 7])
@pytest.mark.parametrize("blank_columns", [0, 2])
def test_a_table_may_begin_anywhere_on_its_sheet(
    blank_rows: int, blank_columns: int, tmp_path: Path
) -> None:
    def moved(book: Any) -> None:
        book.active.insert_rows(4, 2)
        if blank_rows:
            book.active.insert_rows(1, blank_rows)
        if blank_columns:
            book.active.insert_cols(1, blank_columns)

    found = read(as_workbook(HEADERS, LISTINGS, moved), "listings.xlsx", tmp_path)
    assert found.table[HEADERS].to_numpy().tolist() == LISTINGS
    assert found.export.header_row == blank_rows + 1
    assert found.lines == [blank_rows + line for line in (2, 3, *range(6, 16))]


def test_empty_and_hidden_sheets_change_nothing(tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book.create_sheet("Empty", 0)
        book.create_sheet("Notes").append(["made by", "nobody"])
        book["Notes"].sheet_state = "hidden"

    assert read(as_workbook(HEADERS, LISTINGS, change), "x.xlsx", tmp_path).rows == LISTINGS


@pytest.mark.parametrize("state", ["visible", "hidden"])
def test_two_sheets_that_fit_are_refused(state: str, tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book.copy_worksheet(book.active).sheet_state = state

    assert refusal(as_workbook(HEADERS, LISTINGS, change), "x.xlsx", tmp_path) == "several_tables"


def test_rows_that_go_on_in_a_second_sheet_are_not_lost_unseen(tmp_path: Path) -> None:
    def change(book: Any) -> None:
        sheet = book.create_sheet("Sheet2")  # as programs write what is too much for one sheet
        for number in range(50, 60):
            sheet.append(listing(number))

    with contextlib.suppress(ExportError):
        found = loaded(as_workbook(HEADERS, LISTINGS, change), "listings.xlsx", tmp_path)
        assert found["warnings"] or found["rows"]["in"] == 22


TWINS = [["Title"], ["title"], [" TITLE "], ["Ｔｉｔｌｅ"], ["产品标题"], ["Price", "FOB Price"]]


@pytest.mark.parametrize("twins", TWINS)
@pytest.mark.parametrize("form", ["comma", "array", "workbook", "parquet"])
def test_headers_that_stand_twice_are_refused(form: str, twins: list[str], tmp_path: Path) -> None:
    ending, write = FORMATS[form if twins != ["Title"] else "comma"]
    content = write([*HEADERS, *twins], [[*row, *twins] for row in LISTINGS])
    assert refusal(content, f"listings{ending}", tmp_path) == "duplicate_headers"


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_new_column_is_drift_and_kept_out(dataset: str, tmp_path: Path) -> None:
    headers, rows = table_of(dataset)
    rows = [["size 44", *row] for row in rows]
    found = loaded(as_csv(["Shoe Size", *headers], rows), f"{dataset}.csv", tmp_path, dataset)
    assert found["drift"]["new_columns"] == ["Shoe Size"]
    assert {"code": "new_column", "column": "Shoe Size", "count": 30} in found["warnings"]
    assert found["rows"]["accepted"] == 30
    assert "size 44" not in str(found["clean"])


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_missing_optional_column_is_drift(dataset: str, tmp_path: Path) -> None:
    required = list(own_layout(dataset).required)
    headers, rows = table_of(dataset)
    places = [headers.index(h) for h in required]
    content = as_csv(required, [[row[p] for p in places] for row in rows])
    found = loaded(content, f"{dataset}.csv", tmp_path, dataset)
    assert found["rows"]["accepted"] == 30
    missing = own_layout(dataset).known_headers - own_layout(dataset).ignore - set(required)
    assert found["drift"] == {"new_columns": [], "missing_columns": sorted(missing)}


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_missing_required_column_is_named(dataset: str, tmp_path: Path) -> None:
    headers, rows = table_of(dataset)
    for header in own_layout(dataset).required:
        content = as_csv(headers, rows).replace(header.encode(), b"Shoe Size", 1)
        with pytest.raises(ExportError) as refused:
            read(content, f"{dataset}.csv", tmp_path, dataset)
        assert refused.value.code == "unknown_layout"
        assert header in refused.value.missing
        assert header in str(refused.value)


@pytest.mark.parametrize("dataset", DATASETS)
def test_rows_of_another_width_than_their_headers_are_refused(dataset: str, tmp_path: Path) -> None:
    headers, rows = table_of(dataset)
    for wrong in ([row[:-2] for row in rows], [["x", *row] for row in rows]):
        content = as_csv(headers, wrong)
        assert refusal(content, f"{dataset}.csv", tmp_path, dataset) == "shifted"


@pytest.mark.parametrize("form", ["comma", "workbook"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_values_rotated_under_their_headers_are_refused(
    dataset: str, form: str, tmp_path: Path
) -> None:
    headers, rows = table_of(dataset)
    ending, write = FORMATS[form]
    for by in range(1, len(headers)):
        content = write(headers, [row[by:] + row[:by] for row in rows])
        with pytest.raises(ExportError) as refused:
            loaded(content, f"{dataset}{ending}", Path(tempfile.mkdtemp(dir=tmp_path)), dataset)
        assert refused.value.code == "shifted"


def run(dataset: str, content: bytes, home: Path) -> dict[str, Any]:
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    (folder / f"{dataset}.csv").write_bytes(content)
    return night.run(dataset, NIGHT, settings()).as_json()


@pytest.mark.parametrize("dataset", DATASETS)
def test_two_bad_rows_in_five_hold_the_night(dataset: str, home: Path) -> None:
    headers, rows = table_of(dataset)
    lines = as_csv(headers, rows).decode().splitlines()
    lines[3::5] = [line.rpartition(",")[0] for line in lines[3::5]]
    lines[4::5] = ["too,few" for _ in lines[4::5]]
    receipt = run(dataset, as_lines(*lines), home)
    assert (receipt["status"], receipt["rows"]["accepted"]) == ("held", 18)
    assert "12 of 30 rows rejected (40%, allowed 5%)" in receipt["reason"]


def paid(*days: str) -> bytes:
    """Sellers that paid from and to these days."""
    headers, rows = table_of("sellers", 12)
    for number, row in enumerate(rows):
        row[-2:] = [days[number % len(days)], days[number % len(days)].replace("2021", "2023")]
    return as_csv(headers, rows)


DAYS = {
    "day first": (("25/03/2021", "03/04/2021"), (date(2021, 3, 25), date(2021, 4, 3))),
    "month first": (("03/25/2021", "03/04/2021"), (date(2021, 3, 25), date(2021, 3, 4))),
    "month first, dashes": (("03-25-2021", "03-04-2021"), (date(2021, 3, 25), date(2021, 3, 4))),
    "month first, dots": (("03.25.2021", "03.04.2021"), (date(2021, 3, 25), date(2021, 3, 4))),
    "not known": (("03/04/2021", "05/06/2021"), (None, None)),
    "the same": (("03/03/2021", "05/05/2021"), (date(2021, 3, 3), date(2021, 5, 5))),
    "with ISO days": (("2021-03-04", "03/25/2021"), (date(2021, 3, 4), date(2021, 3, 25))),
}


@pytest.mark.parametrize("case", DAYS)
def test_slashed_dates_are_read_as_their_file_shows(case: str, tmp_path: Path) -> None:
    written, expected = DAYS[case]
    found = loaded(paid(*written), "sellers.csv", tmp_path, "sellers")
    assert tuple(row["paid_from"] for row in found["clean"][:2]) == expected
    why = {"day or month first": 12} if None in expected else {}
    assert found["value_rejects"].get("paid_from", {}) == why


def test_a_file_that_writes_dates_both_ways_is_held(home: Path) -> None:
    receipt = run("sellers", paid("25/03/2021", "03/25/2021", "03/04/2021"), home)
    assert receipt["status"] == "held"
    assert "day first and with the month first" in receipt["reason"]
    assert {"code": "ambiguous_dates", "column": "paid_from", "count": 8} in receipt["warnings"]
    assert receipt["value_rejects"]["paid_from"] == {"day or month first": 4}
