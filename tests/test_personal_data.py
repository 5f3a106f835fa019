"""Personal data stays in its place: nothing of it reaches Parquet that counts, or the warehouse."""

import base64
import csv
import gzip
import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pypdf
import pytest

from tests import command, plain_readers
from tests.conftest import KEY, REAL_EXCERPTS
from transforms import DATASETS, night
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import settings
from warehouse.build.build import build

NIGHT = date(2022, 6, 30)
OUTLOOK = Path(sys.executable).with_name("outlook")
PEOPLE = ("Contact Name", "buyer_name", "Buyer Name", "联系人", "产品负责人")


@dataclass(frozen=True)
class Loaded:
    """A home with a night that has been loaded and published, the names and telephone numbers in
    its deliveries, and what was logged meanwhile."""

    home: Path
    people: set[str]
    logged: str


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    home = tmp_path_factory.mktemp("loaded")
    chosen = settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.05)
    folder = home / "exports" / f"{NIGHT}"
    with (folder / "sellers.csv").open(encoding="utf-8-sig", newline="") as file:
        known = {v for r in csv.DictReader(file) for v in (r["Contact Name"], r["Phone"]) if v}
    inquiries = json.loads((folder / "inquiries.json").read_text("utf-8"))
    known |= {r["buyer_name"] for r in inquiries if r["buyer_name"]}
    assert len(known) > 100
    logged = io.StringIO()
    handler, root = logging.StreamHandler(logged), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    try:
        for dataset in DATASETS:
            night.run(dataset, NIGHT, chosen)
        build(chosen)
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    return Loaded(home, known, logged.getvalue())


@pytest.fixture
def people(loaded: Loaded, home: Path) -> set[str]:
    """Those names and numbers; `home` is the test's own copy."""
    shutil.copytree(loaded.home, home, symlinks=True, dirs_exist_ok=True)
    return loaded.people


def texts(db: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    """Every text in a table or file, those inside lists too."""
    found: set[str] = set()
    for row in db.execute(f"SELECT * FROM {source}").fetchall():
        found |= {part for cell in row if isinstance(cell, str) for part in (cell,)}
        found |= {part for cell in row if isinstance(cell, list) for part in cell if part}
    return found


def test_nothing_personal_reaches_the_warehouse(home: Path, people: set[str]) -> None:
    path = home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(path), read_only=True) as db:
        tables = db.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
        ).fetchall()
        assert len(tables) > 15
        for (table,) in tables:
            assert not texts(db, table) & people, table
    raw = path.read_bytes()
    assert not [p for p in people if len(p) > 8 and p.encode() in raw]


def test_nothing_personal_reaches_accepted_rows(home: Path, people: set[str]) -> None:
    lake = Lake(settings().lake)
    with duckdb.connect() as db:
        for dataset in DATASETS:
            receipt = lake.receipt(dataset, NIGHT)
            assert receipt
            for part in ("rows", "metrics", "day"):
                for path in lake.part_paths(receipt, part):
                    assert not texts(db, f"read_parquet('{path}')") & people
        for fold in (home / "lake" / "history").rglob("*.parquet"):
            assert not texts(db, f"read_parquet('{fold}')") & people


def test_logs_and_receipts_name_nobody(home: Path, people: set[str], loaded: Loaded) -> None:
    told = loaded.logged + "".join(
        p.read_text() for p in (home / "lake" / "receipts").rglob("*.json")
    )
    assert "accepted" in told
    assert not [p for p in people if p in told]


@pytest.mark.parametrize(
    "broken",
    [
        b'[{"inquiry_id": "1", "buyer_name": "John Q Personal" "channel": "tm"}]',
        b'[{"inquiry_id": "1", "buyer_name": "John \xff Personal"}]',
    ],
)
def test_a_broken_file_names_nobody_either(
    broken: bytes, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A parser shows the text around a fault; the reason of a refusal is published."""
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    (folder / "inquiries.json").write_bytes(broken)
    receipt = night.run("inquiries", NIGHT, settings())
    assert receipt.status == "refused"
    assert receipt.reason is not None
    assert "cannot be read as JSON" in receipt.reason or "fits no layout" in receipt.reason
    told = caplog.text + "".join(p.read_text() for p in (home / "lake").rglob("*.json"))
    assert "refused" in told
    assert "Personal" not in told


def test_deliveries_and_rejected_rows_are_for_nobody_else_to_read(
    home: Path, people: set[str]
) -> None:
    kept = [p for p in (home / "landing").rglob("*") if p.is_file()]
    kept += list((home / "lake").rglob("rejected.parquet"))
    assert len(kept) >= 4
    assert {p.stat().st_mode & 0o777 for p in kept} == {0o600}
    assert (home / "landing" / f"{NIGHT}").stat().st_mode & 0o777 == 0o700


def test_folders_that_hold_people_are_shut_whatever_the_umask(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.005)
    (home / "landing").mkdir(mode=0o755)
    old = os.umask(0)
    try:
        night.run("listings", NIGHT, settings())
        done = subprocess.run([OUTLOOK, "doctor", "--json"], capture_output=True, cwd=home)
    finally:
        os.umask(old)
    rejected = next((home / "lake").rglob("rejected.parquet"))
    work, landing = home / "lake" / ".work", home / "landing"
    for folder in (landing, landing / f"{NIGHT}", work, rejected.parent):
        assert folder.stat().st_mode & 0o777 == 0o700, folder
    assert {t["thing"]: t["verdict"] for t in json.loads(done.stdout)}["private"] == "fine"
    of_a_large_night = rejected.with_name("rejected-0001.parquet")
    shutil.copy(rejected, of_a_large_night)
    for opened, mode in ((rejected.parent, 0o755), (of_a_large_night, 0o644)):
        was = opened.stat().st_mode
        opened.chmod(mode)
        again = command.outlook("doctor", "--json")
        private = next(t for t in json.loads(again.stdout) if t["thing"] == "private")
        assert private["verdict"] == "wrong"
        assert "chmod -R go-rwx" in private["what"] and str(opened) in private["what"]
        opened.chmod(was & 0o777)


def test_there_is_no_value_of_goods_sold(home: Path, people: set[str]) -> None:
    path = home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(path), read_only=True) as db:
        columns = db.execute("SELECT column_name FROM duckdb_columns()").fetchall()
        assert not [c for (c,) in columns if "gmv" in c or "turnover" in c or "goods" in c]
        rows = db.execute(
            "SELECT value, numerator, denominator, coverage, symbol FROM report.headline "
            "WHERE metric = 'goods_sold_value'"
        ).fetchall()
    assert set(rows) == {(None, None, None, None, "x")}


class Plants:
    """Addresses, numbers and names that stand in one cell each, and how to look for them."""

    # Whatever form they are written in; a number is no part of a hash.
    MARK = re.compile(
        rb"planted(\d+)|Plantwala(\d+)|(?<![0-9a-f])\+?(?:0?0?92)?\W{0,3}0?300\W{0,3}7(1\d{5})(?![0-9a-f])"
    )
    IN_BASE64 = tuple(
        base64.b64encode(b"x" * skip + word)[4 if skip else 0 :].rstrip(b"=")[:-1]
        for word in (b"planted", b"Plantwala")
        for skip in range(3)
    )

    def __init__(self) -> None:
        self.where: list[str] = []

    def cells(self, where: str, header: str, was: str) -> Iterator[str]:
        """The texts that take turns in a cell that was `was`."""
        forms = [
            "{was} planted{n}@leak.example, +92 300 {number}",
            "planted{n}@leak{n}.example",
            "0300-{number}",
            "+92 300 {number}",
            "0092 300 {number}",
            "Tel: 0300{number}",
        ]
        for form in forms + ["Zulekha Plantwala{n}"] * (header in PEOPLE):
            yield form.format(was=was, n=len(self.where), number=7_100_000 + len(self.where))
            self.where.append(where)

    def found_in(self, content: bytes) -> dict[int, str]:
        """Plants in these bytes: as they are, in UTF-16, in a URL, in Base64 at any offset."""
        plain = content + b"\n" + content.replace(b"\0", b"") + b"\n" + _decoded(content)
        found = {int(next(filter(None, m.groups()))) % 100_000 for m in self.MARK.finditer(plain)}
        coded = [word for word in self.IN_BASE64 if word in content]
        named = {n: self.where[n] for n in sorted(found)}
        return {**named, -1: f"Base64 {coded}"} if coded else named


def _decoded(content: bytes) -> bytes:
    """What stands in Base64 behind `base64,`, as pages carry files."""
    parts = content.split(b"base64,")[1:]
    texts = (part.split(b'"')[0].split(b")")[0].split(b"'")[0] for part in parts)
    return b"\n".join(base64.b64decode(t + b"==", validate=False) for t in texts)


def _planted(plants: Plants, name: str, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows, and for every column copies of some with a plant in that column."""
    more: list[dict[str, str]] = []
    for header in rows[0]:
        for cell in plants.cells(f"{name}: {header}", header, rows[len(more) % len(rows)][header]):
            model = rows[len(more) % len(rows)]
            more.append({**_another(model, len(more)), header: cell})
    header = f"planted{len(plants.where)}@leak.example"
    plants.where.append(f"{name}: a header")
    return [{**r, header: "x"} for r in rows + more]


def _another(row: dict[str, str], n: int) -> dict[str, str]:
    """The row under a number of its own, wherever it stands, and another title: no duplicate."""
    ids = {
        "Member ID": f"pk9{n:09}copy",
        "Product ID": f"{1_690_000_000_000 + n}",
        "product_id": f"{1_690_000_000_000 + n}",
        "inquiry_id": f"{9_000_000_000 + n}",
        "RFQ ID": f"{9_000_000_000 + n}",
        "产品ID": f"{1_690_000_000_000 + n}",
    }
    new = {}
    for header, was in row.items():
        text = re.sub(r"(?<=_)\d{8,}(?=\.html)", f"{1_690_000_000_000 + n}", was)
        text = re.sub(r"//[a-z0-9-]+(?=\.(?:en|trustpass)\.)", f"//copy{n}", text)
        new[header] = f"Copy {n} of {text}" if header in ("Title", "Product Title") else text
    return {**new, **{k: v for k, v in ids.items() if k in row}}


def _contents(path: Path) -> bytes:
    """The file's bytes, and in the open what it holds packed."""
    raw = path.read_bytes()
    if path.suffix == ".parquet":
        return (
            raw
            + repr(pq.read_table(path).to_pylist()).encode()
            + repr(pq.read_schema(path).metadata).encode()
        )
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            return b"\n".join(map(book.read, book.namelist()))
    if path.suffix == ".pdf":
        return raw + "".join(p.extract_text() for p in pypdf.PdfReader(path).pages).encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as db:
            names = db.execute(
                "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
            ).fetchall()
            return raw + b"".join(
                repr(db.execute(f"FROM {name}").fetchall()).encode() for (name,) in names
            )
    return raw


def test_what_is_planted_in_any_column_is_found_nowhere(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every column of every layout that a file is at hand for, through report and commands.

    Landed files and rejected rows hold people by design. An id of digits alone cannot be told from
    a telephone number without its mark, nor a name in a title from any other word.
    """
    caplog.set_level("DEBUG")
    monkeypatch.setenv("TERM", "dumb")
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.01)
    folder = home / "exports" / f"{NIGHT}"
    (folder / "manifest.json").unlink()
    plants = Plants()
    for path in sorted(folder.iterdir()):
        plain = path
        if path.suffix == ".gz":
            plain = path.with_suffix("")
            plain.write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
        _write(plain, _planted(plants, path.name, _whole_rows(plain)[:300]))
    for n, path in enumerate(p for p in sorted(REAL_EXCERPTS.iterdir()) if p.suffix != ".toml"):
        if "shifted" in path.name:
            continue
        other = home / "exports" / f"{date(2023, 8, 1) + timedelta(days=n)}"
        other.mkdir()
        rows = _planted(plants, path.name, plain_readers.records(path))
        _write(other / f"{_dataset(path)}-{path.stem}.csv", rows)
    for day in sorted((home / "exports").glob("20*")):
        for dataset in DATASETS:
            if any(dataset in p.name for p in day.iterdir()):
                receipt = night.run(dataset, date.fromisoformat(day.name), settings(), gate="off")
                assert receipt.status in ("ok", "partial"), receipt.reason
    build(settings())

    said = caplog.text.encode()
    for words in (
        ["report", "2022"],
        ["nights", "--json"],
        ["status"],
        ["status", "--json"],
        ["doctor"],
        ["explain", "paid_sellers"],
        ["listings", "--as-of", f"{NIGHT}"],
        ["listings", "--as-of", f"{NIGHT}", "--to", str(home / "listings.csv")],
        ["listings", "--as-of", f"{NIGHT}", "--to", str(home / "listings.json")],
    ):
        done = subprocess.run([OUTLOOK, *words], capture_output=True, cwd=home)
        assert done.returncode in (0, 2 if words == ["doctor"] else 0), done.stderr
        said += done.stdout + done.stderr

    key = os.environ["OUTLOOK_KEY"].encode()
    assert len(plants.where) > 1_500
    files = [p for p in home.rglob("*") if p.is_file() and not p.is_symlink()]
    searched = [
        p
        for p in files
        if not {"landing", "exports"} & set(p.relative_to(home).parts[:1])
        and p.name != "rejected.parquet"
    ]
    kinds = {".duckdb", ".parquet", ".json", ".html", ".csv", ".xlsx"}
    assert kinds <= {p.suffix for p in searched}
    leaks = {}
    for path in searched:
        content = _contents(path)
        found = plants.found_in(content)
        if found or key in content:
            leaks[str(path.relative_to(home))] = sorted(set(found.values()))
    assert not leaks, "\n".join(f"{path}: {found[:30]}" for path, found in leaks.items())
    assert not plants.found_in(said)
    assert key not in said
    landed = b"".join(p.read_bytes() for p in (home / "landing").rglob("*") if p.is_file())
    assert len(plants.found_in(landed)) == len(plants.where), "something was not planted"


def _whole_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a generated file but for those that are torn."""
    if path.suffix == ".json":
        rows = json.loads(path.read_text("utf-8"))
    else:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    return [
        {k: "" if v is None else str(v) for k, v in row.items()}
        for row in rows
        if row.keys() == rows[0].keys() and None not in row and None not in row.values()
    ]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _dataset(path: Path) -> str:
    kinds = {"rfq": "inquiries", "suppliers": "sellers"}
    return kinds.get(path.name.split("_")[0], "listings")
