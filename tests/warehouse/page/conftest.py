"""One made-up edition written twice: what the tests of the page look at."""

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.page import made_up
from warehouse.page import pdf, report
from warehouse.page.edition import Edition, read


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "outlook.duckdb"
    return made_up.database(path, made_up.full())


@pytest.fixture(scope="session")
def edition(database: Path) -> Edition:
    return read(database, "FY2022")


@pytest.fixture(scope="session")
def folder(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file of the edition."""
    made = tmp_path_factory.mktemp("report")
    report.write(made, edition, {"sha256": "0" * 64})
    return made


@pytest.fixture
def no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without libpango, for tests that do not look at the PDF: it takes half the
    time of a report."""
    monkeypatch.setattr(pdf, "can_write", lambda: False)


@pytest.fixture
def html(folder: Path) -> str:
    return (folder / "index.html").read_text("utf-8")


@pytest.fixture
def db(database: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(database), read_only=True)
