"""The draft of a layout for an unknown shape: what it maps, and what comes through it unedited."""

import csv
import io
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from transforms import draft, layouts
from transforms.inspection import inspect
from transforms.layouts import Layout
from transforms.markets import market
from transforms.settings import settings

FOLDER = layouts.FOLDER
ROOT = FOLDER.parents[1]

# A real file, its own layout, fields that a draft must find, accepted rows at least.
REAL = {
    "rfq_keyword_2025-07-28.csv": ("inquiries_rfq_keyword", 10, 838),
    "listings_usd_fr.json": ("listings_search_page_fr", 5, 998),
    "listings_kes_cp1252.csv": ("listings_kes", 5, 764),
    "suppliers_gb18030.csv": ("sellers_contact_page_zh", 4, 59),
}


@pytest.fixture
def hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The layouts in a folder of their own, from which some may be taken."""
    folder = tmp_path / "layouts"
    folder.mkdir()
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, folder)
    monkeypatch.setattr(layouts, "FOLDER", folder)
    layouts.layouts.cache_clear()
    yield folder
    layouts._left_out.clear()
    layouts.layouts.cache_clear()


def drafted(path: Path, folder: Path) -> Layout:
    """The layout that the draft of this file makes, put beside the others as it is."""
    text = draft.draft(path, f"x{path.suffix}", None, market("PK"))
    assert text
    (folder / "draft.toml").write_text(text, "utf-8")
    layouts.layouts.cache_clear()
    return next(x for x in layouts.layouts() if x.name == "draft")


def accepted(path: Path) -> tuple[str, int]:
    seen = inspect(path, None, date(2025, 7, 28), settings({}))
    return seen.export.layout.name, seen.receipt.rows.kept


@pytest.mark.parametrize("name", REAL)
def test_real_files_come_through_as_drafted(name: str, real_exports: Path, hidden: Path) -> None:
    own, columns, rows = REAL[name]
    true = layouts._load(hidden / f"{own}.toml")
    (hidden / f"{own}.toml").unlink()
    layouts.layouts.cache_clear()
    made = drafted(real_exports / name, hidden)
    right = [
        f
        for f, s in true.columns.items()
        if f in made.columns and made.columns[f].all_headers() & s.all_headers()
    ]
    assert made.dataset == true.dataset
    assert len(right) >= columns
    assert accepted(real_exports / name) == ("draft", rows)


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


PAGE = "https://www.alibaba.com/product-detail"
CITIES = ["Sialkot", "Lahore", "Karachi", "Faisalabad"]
STRANGERS: dict[str, tuple[str, list[dict[str, Any]], dict[str, str]]] = {
    # A comma file whose links hold more bars than its rows hold commas.
    "goods.csv": (
        "listings",
        [
            {
                "product_name": f"Hand stitched soccer ball model {n}",
                "unit_price": f"$1.{n:02}-2.50",
                "item_link": f"{PAGE}/ball_{1600000000 + n}.html?a|b|c|d",
                "min_order": f"{n + 1} pieces",
                "photo": f"https://img.example/{n}|s|x|y.jpg",
            }
            for n in range(30)
        ],
        {
            "title": "product_name",
            "price": "unit_price",
            "product_url": "item_link",
            "moq": "min_order",
        },
    ),
    "shops.json": (
        "sellers",
        [
            {
                "vendor": f"Star {n} Sports Co., Ltd.",
                "page": f"https://star{n}.en.alibaba.com/",
                "where": "Pakistan",
                "town": CITIES[n % 4],
                "main": "Balls, Gloves",
                "since": "2019-03-05",
            }
            for n in range(30)
        ],
        {"company_name": "vendor", "storefront_url": "page", "country": "where", "city": "town"},
    ),
    "asks.csv": (
        "inquiries",
        [
            {
                "requirement": f"Looking for cotton shirts of type {n}",
                "qty": f"{n + 10} Piece/Pieces",
                "nation": ["Germany", "Kenya", "Brazil"][n % 3],
                "date_posted": f"{n % 9 + 1} days ago",
                "page": f"https://rfq.example/detail.htm?rfqId={1681000000 + n}&uuid=a{n}",
            }
            for n in range(30)
        ],
        {
            "subject": "requirement",
            "quantity": "qty",
            "buyer_country": "nation",
            "posted": "date_posted",
            "inquiry_id": "page",
        },
    ),
    "page.csv": (
        "listings",
        [
            {
                "Name": f"Leather glove for winter {n}",
                "Cost (PKR)": f"{1500 + n}.00",
                "Link": f"https://shop.example/item?itemId={16000000 + n}",
            }
            for n in range(30)
        ],
        {"title": "Name", "price": "Cost (PKR)", "product_id": "Link"},
    ),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_strangers_come_through_as_drafted(name: str, tmp_path: Path, hidden: Path) -> None:
    dataset, rows, expect = STRANGERS[name]
    path = tmp_path / name
    content = json.dumps(rows).encode() if path.suffix == ".json" else as_csv(rows)
    path.write_bytes(content)
    made = drafted(path, hidden)
    assert made.dataset == dataset
    assert {f: sorted(made.columns[f].all_headers())[0] for f in expect if f in made.columns} == (
        expect
    )
    assert accepted(path) == ("draft", 30)


@pytest.mark.parametrize("content", [b"", b"dataset = ", b"\xff\xfe", b'dataset = "sellers"\n'])
def test_a_layout_that_is_being_written_does_not_stop_inspect(
    content: bytes, tmp_path: Path
) -> None:
    """The shell makes x.toml before `inspect FILE > transforms/layouts/x.toml` begins to read."""
    for room in ("transforms", "warehouse"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "transforms" / "layouts" / "x.toml").write_bytes(content)
    (tmp_path / "strange.csv").write_bytes(as_csv(STRANGERS["goods.csv"][1]))
    program = (
        "import sys; from warehouse import cli; "
        "sys.argv = ['outlook', 'inspect', 'strange.csv']; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 5, done.stderr
    assert "refused (unknown_layout)" in done.stderr
    assert ("x.toml" in done.stderr) == bool(content)
    made = layouts._layout("x", tomllib.loads(done.stdout))
    assert made.dataset == "listings"
