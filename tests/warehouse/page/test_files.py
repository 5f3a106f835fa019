"""Page, CSV, Parquet and database hold the same figures; two builds the same bytes."""

import csv
import hashlib
import json
import re
import zipfile
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pypdf
import pytest

from tests.warehouse.page import made_up
from tests.warehouse.page.telling import block
from warehouse.models import models
from warehouse.page import page, pdf, report
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, layout

TABLES = sorted(m.name for m in models() if m.schema == "report")
ENTRIES = [Figure(**f) for s in layout()["section"] for f in s["figure"]]
DRAWN = [f for f in ENTRIES if f.kind not in ("table", "measure")]


def in_database(db: duckdb.DuckDBPyConnection, table: str) -> tuple[list[str], list[tuple[Any]]]:
    found = db.execute(f"SELECT * FROM report.{table}")
    return [d[0] for d in found.description], found.fetchall()


@pytest.mark.parametrize("table", TABLES)
def test_csv_is_the_database(table: str, folder: Path, db: duckdb.DuckDBPyConnection) -> None:
    names, rows = in_database(db, table)
    with (folder / "csv" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    assert found[0] == names
    for cells, row in zip(found[1:], rows, strict=True):
        for cell, held in zip(cells, row, strict=True):
            if held is None:
                assert cell == ""
            elif isinstance(held, bool):
                assert cell == str(held).lower()
            elif isinstance(held, int | float):
                assert float(cell) == held
            elif isinstance(held, date):
                assert cell == held.isoformat()
            else:
                assert cell.removeprefix("'") == held


@pytest.mark.parametrize("table", TABLES)
def test_parquet_is_the_database(table: str, folder: Path, db: duckdb.DuckDBPyConnection) -> None:
    names, rows = in_database(db, table)
    found = pq.read_table(folder / "parquet" / f"{table}.parquet")
    assert found.column_names == names
    assert [tuple(r.values()) for r in found.to_pylist()] == rows
    assert all(f.metadata[b"description"] for f in found.schema)


def test_page_is_the_database(html: str, edition: Edition) -> None:
    """Each table under a figure, cell by cell as exact values; the tiles by their text."""
    for figure in ENTRIES:
        table = edition.tables[figure.table]
        part = block(html, figure)
        shown = [float(v) for v in re.findall(r'<data value="([^"]+)"', part)]
        known = {float(v) for r in table.rows for v in r.values() if isinstance(v, int | float)}
        assert shown and set(shown) <= known
    tiles = re.findall(r'<p class="big"><data value="([^"]+)">([^<]+)</data>', html)
    rows = {r["metric"]: r["value"] for r in edition.tables["headline"].of("FY2022")}
    assert [float(v) for v, _ in tiles[:3]] == [
        rows["paid_sellers"],
        rows["live_listings"],
        rows["inquiries"],
    ]
    assert [text for _, text in tiles] == ["200", "20,000", "8,000", "63.0%", "85.0%"]


def test_what_is_withheld_or_not_available_says_so(html: str) -> None:
    assert re.search(r"<td>Karachi</td><td class=\"n\">\[c\]</td>", html)
    assert "Withheld [c]: Karachi and Multan." in html
    assert re.search(r"Value of goods sold</h2>\s*<p class=\"big none\">Not available<sup", html)
    assert 'id="unknown"' in html and 'href="#unknown"' in html


def test_two_builds_are_the_same_bytes(folder: Path, edition: Edition, tmp_path: Path) -> None:
    report.write(tmp_path, edition, {"sha256": "0" * 64})
    first, second = (
        {
            p.relative_to(f).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for f_ in [f]
            for p in f_.rglob("*")
            if p.is_file()
        }
        for f in (folder, tmp_path)
    )
    assert first == second


def test_the_page_asks_nobody_for_anything(html: str) -> None:
    asked = re.findall(r'(?:src|href|action|srcset|data)="([^"]*)"', html)
    assert asked
    assert not [a for a in asked if not a.startswith(("#", "data:")) and a != "outlook.pdf"]
    without_names = html.replace("http://www.w3.org/2000/svg", "").replace(
        "http://www.w3.org/1999/xlink", ""
    )
    assert not re.search(r"https?:|@import|<script|<link", without_names)
    carried = re.findall(r"url\(\s*['\"]?([^)'\"]{1,20})", without_names)
    assert carried and all(u.startswith(("#", "data:font/woff2;")) for u in carried)


def test_structure_of_the_page(html: str) -> None:
    assert html.count("<h1") == 1
    assert '<html lang="en">' in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    targets = [h[1:] for h in re.findall(r'href="(#[^"]+)"', html)]
    assert set(targets) <= set(ids)
    order = [
        "points",
        "comparison",
        "sellers",
        "cities",
        "categories",
        "listings",
        "inquiries",
        "answers",
        "measures",
        "claims",
        "unknown",
        "quality",
        "method",
        "symbols",
        "revisions",
        "data",
    ]
    assert [i for i in ids if i in order] == order
    svgs = re.findall(r"<svg [^>]*>", html)
    sparks = [s for s in svgs if 'class="spark"' in s]
    assert len(svgs) - len(sparks) == 2 * (len(DRAWN) + 1)  # and the calendar of nights
    assert len(sparks) > 20
    assert all(re.search(r'role="img" aria-label="[^"]{20,}"', s) for s in svgs)


def test_colours_of_charts_are_the_themes_own(html: str) -> None:
    from warehouse.page.theme import PALETTE

    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-fA-F]+)"', html))
    assert used and used <= set(PALETTE.values())
    assert all(f'svg [fill="{c}"]{{fill:var(--{n})}}' in html for n, c in PALETTE.items())


def test_what_exports_hold_is_no_markup(html: str) -> None:
    assert "<b>Lahore</b>" not in html and "<i>few</i>" not in html
    assert "&lt;b&gt;Lahore&lt;/b&gt;" in html and "&lt;i&gt;few&lt;/i&gt; rows" in html


def test_what_exports_hold_is_no_formula(folder: Path) -> None:
    text = (folder / "csv" / "sellers_by_city.csv").read_text("utf-8")
    assert ",'=1+1," in text and ",=1+1," not in text
    names = set(pq.read_table(folder / "parquet" / "sellers_by_city.parquet")["city"].to_pylist())
    assert "=1+1" in names


def test_the_page_carries_its_data(html: str, folder: Path) -> None:
    import base64

    carried = dict(re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', html))
    assert set(carried) == {"outlook.xlsx", "csv.zip", *(f"{f.table}.csv" for f in ENTRIES)}
    for name, content in carried.items():
        path = folder / "csv" / name if name.endswith("csv") else folder / name
        assert base64.b64decode(unescape(content)) == path.read_bytes()


def test_the_zip_holds_every_csv_and_no_date(folder: Path) -> None:
    with zipfile.ZipFile(folder / "csv.zip") as made:
        for about in made.infolist():
            assert about.date_time == (1980, 1, 1, 0, 0, 0)
            held = (folder / "csv" / about.filename).read_bytes()
            assert made.read(about.filename) == held
        assert made.namelist() == sorted(p.name for p in (folder / "csv").iterdir())


def test_the_page_lists_size_and_hash_of_the_files_beside_it(html: str, folder: Path) -> None:
    found = re.findall(
        r'<tr><th scope="row"><code>([^<]+)</code></th><td class="n">([\d,]+)</td>'
        r"<td><code>([0-9a-f]{64})</code>",
        html,
    )
    for name, size, digest in found:
        held = (folder / name).read_bytes()
        assert (int(size.replace(",", "")), digest) == (
            len(held),
            hashlib.sha256(held).hexdigest(),
        )
    beside = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    later = {"index.html", "outlook.pdf", "manifest.json", "datapackage.json"}
    assert {name for name, *_ in found} == beside - later


@pytest.mark.parametrize(
    ("status", "said"),
    [("provisional", "Becomes final</dt><dd>1 October 2022<"), ("final", "")],
)
def test_the_head_says_when_it_is_final_and_when_the_next_one_comes(
    tmp_path: Path, status: str, said: str
) -> None:
    made = made_up.edition(tmp_path / "outlook.duckdb", made_up.full(), status=status)
    carried = dict.fromkeys(["outlook.xlsx", "csv.zip", *(f"{t}.csv" for t in made.tables)], b"")
    html = page.render(made, {}, carried, {})
    assert said in html and ("Becomes final" in html) is bool(said)
    assert "Next edition</dt><dd>FY2023, 1 October 2023<" in html


def test_the_manifest_knows_every_file(folder: Path, edition: Edition) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(manifest["files"]) == there - {"manifest.json"}
    for name, about in manifest["files"].items():
        assert about["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert manifest["run_id"] == edition.run["run_id"]
    assert manifest["lake_fingerprint"] == edition.run["lake_fingerprint"]


def test_the_data_package_is_valid(folder: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    found = frictionless.validate(str(folder / "datapackage.json"))
    assert found.valid, found.flatten(["type", "message"])[:5]


def test_the_data_package_says_why_a_cell_is_empty(folder: Path, edition: Edition) -> None:
    """By the symbol beside it, as the CSV files have it."""
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    seen = set()
    for resource in package["resources"]:
        fields = {f["name"]: f for f in resource["schema"]["fields"]}
        table = edition.tables[Path(resource["path"]).stem]
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows and set(rows[0]) == set(fields)
        for name, field in fields.items():
            [missing] = field.get("missingValues", resource["schema"]["missingValues"])
            assert missing["value"] == "" and missing["label"]
            symbol = table.symbol_of(name)
            known = {c["value"] for c in field.get("categories", ())}
            assert not known or {r[name] for r in rows} <= {*known, ""}
            if table.column(symbol) and not name.endswith("symbol"):
                said = f"Withheld where {symbol} is c, not available where {symbol} is x"
                assert missing["label"].startswith(said)
                is_measure = symbol == f"{name}_symbol" or name in ("value", "share")
                hidden = [r for r in rows if r[symbol] in ("c", "x")]
                assert not (is_measure and [r for r in hidden if r[name]])
                seen |= {(r[symbol], r[name]) for r in hidden if is_measure}
    assert seen == {("c", ""), ("x", "")}


def test_the_pdf_is_tagged_and_its_pictures_have_words(folder: Path) -> None:
    if not (folder / "outlook.pdf").is_file():
        pytest.skip(f"NO PDF: libpango is absent; {pdf.INSTALL}")
    root: Any = pypdf.PdfReader(folder / "outlook.pdf").trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en"
    tags: dict[str, list[Any]] = {}
    left = [root["/StructTreeRoot"]]
    while left:
        found = left.pop().get_object()
        if isinstance(found, list):
            left += found
        elif isinstance(found, dict):
            tags.setdefault(str(found.get("/S")), []).append(found)
            left += [found["/K"]] if "/K" in found else []
    assert len(tags["/H1"]) == 1 and tags["/Table"] and tags["/TH"]
    sparks = (folder / "index.html").read_text("utf-8").count('class="spark"')
    assert len(tags["/Figure"]) == len(DRAWN) + 1 + sparks
    assert all(len(str(f.get("/Alt"))) > 20 for f in tags["/Figure"])


def test_without_libpango_everything_but_the_pdf(
    edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert report.write(tmp_path, edition, {}) is False
    assert (tmp_path / "index.html").is_file() and not (tmp_path / "outlook.pdf").exists()


def revised(revision: int, column: str, was: str | None, now: str | None) -> made_up.Row:
    return {
        "edition": "FY2022",
        "revision": revision,
        "table_name": "sellers_by_city",
        "row_key": "A",
        "column_name": column,
        "was": was,
        "now": now,
        "reason": f"reason <{revision}>",
        "revised_by": "an author",
        "revised_at": datetime(2022, 9 + revision, 1),
    }


@pytest.mark.usefixtures("no_pdf")
def test_a_corrected_page_says_what_was_what_is_and_why(tmp_path: Path) -> None:
    tables = made_up.full()
    tables["meta.revision"] = [
        revised(2, "share", "0.5", None),
        revised(2, "numerator", "100", None),
        revised(3, "share", None, "0.85"),
        revised(3, "as_of", "2022-06-29", "2022-06-30"),
        {**revised(2, "share", "0.1", "0.2"), "edition": "FY2021"},
    ]
    made = made_up.edition(tmp_path / "outlook.duckdb", tables, status="corrected")
    assert made.status == "corrected" and made.released_on == date(2022, 10, 1)
    folder = tmp_path / "report"
    folder.mkdir()
    report.write(folder, made, {})
    html = (folder / "index.html").read_text("utf-8")
    assert '<span class="badge">Corrected</span>' in html and "Becomes final" not in html
    assert "Corrected on 1 October 2022: The last night came late." in html
    section = html[html.index('<section id="revisions">') : html.index('<section id="data">')]
    cells = re.findall(r"<t[hd](?: scope=\"row\"| class=\"[nd]\")?>([^<]*)</t", section)
    assert cells == [
        "Sellers by city: share",
        "A",
        "not published",
        "85.0%",
        "reason &lt;3&gt;",
        "2022-12-01",
        "Sellers by city: share",
        "A",
        "50.0%",
        "not published",
        "reason &lt;2&gt;",
        "2022-11-01",
    ]
    assert "2 more cells, such as dates and numerators" in section


@pytest.mark.usefixtures("no_pdf")
def test_another_market_has_its_own_words(tmp_path: Path) -> None:
    def rename(tables: dict[str, list[made_up.Row]]) -> None:
        for row in tables["report.sellers_by_city"]:
            row["city"] = row["city"].replace("Sialkot", "Surat")
        for table in ("sellers_by_category", "listings_by_category"):
            for row in tables[f"report.{table}"]:
                row["category"] = row["category"].replace("Apparel", "Textiles")

    made = made_up.edition(tmp_path / "outlook.duckdb", made_up.full(rename), code="IN")
    folder = tmp_path / "report"
    folder.mkdir()
    report.write(folder, made, {})
    html = (folder / "index.html").read_text("utf-8")
    assert "India’s sellers on a global B2B marketplace, 2022" in html
    assert "Surat share of sellers" in html and "Textiles share of sellers" in html
    assert not re.search("Pakistan|Sialkot|Apparel", html)


@pytest.mark.usefixtures("no_pdf")
def test_a_table_whose_exports_did_not_come_says_why(tmp_path: Path) -> None:
    def lose(tables: dict[str, list[made_up.Row]]) -> None:
        tables["report.sellers_by_city"] = [
            {
                **made_up.frame(2022),
                "city_key": "not_available",
                "city": "Not available",
                "symbol": "x",
            }
        ]
        tables["meta.availability"].append(
            {
                "edition": "FY2022",
                "figure": "sellers_by_city",
                "symbol": "x",
                "missing": "sellers: city",
            }
        )

    made = made_up.edition(tmp_path / "outlook.duckdb", made_up.full(lose))
    folder = tmp_path / "report"
    folder.mkdir()
    report.write(folder, made, {})
    html = (folder / "index.html").read_text("utf-8")
    assert html.count("Not available<sup") == 3  # two tiles, one figure
    assert html.count("hold it (sellers: city).</p>") == 1  # the figure
    assert "Missing: sellers: city." in html  # and the tile
    assert "Largest city" in html


@pytest.mark.parametrize("status", ["provisional", "final"])
def test_the_page_shows_the_marks_of_the_file(tmp_path: Path, status: str) -> None:
    """Beside every figure of its tables; that an earlier year was never frozen is said once."""

    def change(tables: dict[str, list[made_up.Row]]) -> None:
        tables["report.sellers_by_city"][6]["symbol"] = "r"  # the first one of FY2022
        for row in tables["report.destination_reach"]:
            row["is_partial"] = True

    file = tmp_path / "outlook.duckdb"
    made = made_up.edition(file, made_up.full(change), status=status)
    carried = dict.fromkeys(["outlook.xlsx", "csv.zip", *(f"{t}.csv" for t in made.tables)], b"")
    html = page.render(made, {}, carried, {})
    with duckdb.connect(str(file), read_only=True) as db:
        held = {f.id: held_marks(db, f, made.tables[f.table].symbol_of(f.measure)) for f in ENTRIES}
    seen = set()
    for figure in ENTRIES:
        part = block(html, figure)
        mark = r"(?:<sup[^>]*><abbr[^>]*>(\w)</abbr></sup>)?"
        cells = {
            (float(v), m) for v, m in re.findall(rf'<data value="([^"]+)">[^<]*</data>{mark}', part)
        }
        assert held[figure.id] and held[figure.id] <= cells, figure.id
        seen |= {(figure.table, m) for _, m in held[figure.id]}
    assert ("sellers_by_city", "r") in seen and ("destination_reach", "p") in seen
    assert (("seller_growth", "p") in seen) is (status == "provisional")
    assert html.count("Provisional because never frozen") == 1
    assert "on this page: FY2021.<" in html
    tiles = re.findall(
        r'<p class="big"><data value="[^"]+">[^<]+</data>(?:<sup.*?>(\w)</abbr>)?', html
    )
    assert tiles == (["p"] * 4 + ["r"] if status == "provisional" else ["", "", "", "", "r"])


def held_marks(
    db: duckdb.DuckDBPyConnection, figure: Figure, symbol: str
) -> set[tuple[float, str]]:
    """The figures of FY2022 that a table of the page shows, with their marks in the file."""
    names, rows = in_database(db, figure.table)
    found = [dict(zip(names, cells, strict=True)) for cells in rows]
    return {
        (float(r[figure.measure]), r[symbol] or "")
        for r in found
        if r["edition"] == "FY2022"
        and r[figure.measure] is not None
        and all(r[k] == v for k, v in figure.where.items())
    }
