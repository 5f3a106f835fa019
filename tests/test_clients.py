"""The published file opens in real installs of DuckDB 1.4, 1.5 and 2.0, and says the same in each.

The suite tries the client that is installed; `make clients` installs the others in a folder of
their own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests import read_published
from tests.conftest import ROOT
from transforms.settings import settings
from warehouse.build import build
from warehouse.build.examples import examples

CLIENTS = ("1.4.0", "1.4.4", "1.5.6", "2.0.0")
WANTED = os.environ.get("OUTLOOK_TEST_CLIENTS") == "1"


@pytest.fixture(scope="session")
def file(versions: Path) -> Path:
    return (versions / "published" / "latest" / "outlook.duckdb").resolve()


@pytest.fixture(scope="session")
def here(file: Path) -> dict[str, Any]:
    """What the installed client finds."""
    return read(Path(sys.executable), file)


@pytest.fixture(scope="session")
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that holds one version of DuckDB and nothing of ours."""
    if not WANTED:
        pytest.skip(f"DUCKDB {request.param} WAS NOT TRIED: `make clients` installs and tries it")
    folder = tmp_path_factory.mktemp(f"duckdb-{request.param}")
    install(folder, f"duckdb=={request.param}")
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The `duckdb` command, if this machine has one or may install it."""
    there = shutil.which("duckdb")
    if there:
        return there
    if not WANTED:
        pytest.skip("THE DUCKDB SHELL WAS NOT TRIED: `make clients` installs and tries it")
    folder = tmp_path_factory.mktemp("shell")
    install(folder, "duckdb-cli")
    return str(folder / "bin" / "duckdb")


@pytest.fixture
def lines(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The lines of README's table, in a folder where `data` is a home with a published file."""
    (tmp_path / "data").symlink_to(file.parents[2])
    monkeypatch.chdir(tmp_path)
    table = (ROOT / "README.md").read_text("utf-8").partition("## Open it")[2].partition("##")[0]
    return dict(re.findall(r"^\| ([^|]+) \| `(.+)` \|$", table, flags=re.MULTILINE))


def install(folder: Path, *packages: str) -> None:
    """Makes an environment with those packages, or skips loudly where they cannot be had."""
    venv.create(folder, with_pip=True)
    done = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"{packages[0]} COULD NOT BE INSTALLED: {done.stderr[-300:]}")


def read(python: Path, file: Path) -> dict[str, Any]:
    script = Path(read_published.__file__)
    done = subprocess.run([python, script, file], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_installed_client_finds_all_that_is_promised(here: dict[str, Any]) -> None:
    assert here["client"] == duckdb.__version__
    for way in ("by_path", "attached", "in_use", "named"):
        found = here[way]
        assert set(found["examples"]) == {e.name for e in examples()}
        assert all(found["examples"].values()), found["examples"]
        years, other, rates, now, then = found["macros"]
        assert years == [[2022, "2021-22"]]
        assert other == [[2023]]
        assert rates == [[pytest.approx(0.1), 0.25, None]]
        assert now[0][0] > then[0][0] > 0
        assert all(found["comments"])
        assert found == here["by_path"], way


def test_no_table_needs_pytz(file: Path, here: dict[str, Any]) -> None:
    """Every row of every table was fetched where pytz could not be imported."""
    assert here["pytz"] == "missing"
    with duckdb.connect(str(file), read_only=True) as db:
        tables = db.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
        counts = {
            name: len(db.execute(f"SELECT 1 FROM {name}").fetchall())
            for (name,) in tables.fetchall()
        }
    assert len(counts) > 40
    for way in ("by_path", "attached", "in_use", "named"):
        assert here[way]["tables"] == counts


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
def test_other_clients_find_the_same(client: Path, file: Path, here: dict[str, Any]) -> None:
    found = read(client, file)
    assert client.parent.parent.name.startswith(f"duckdb-{found['client']}")
    for way in ("by_path", "attached", "in_use", "named"):
        assert found[way] == here[way], way


@pytest.mark.parametrize("client", CLIENTS[:1], indirect=True)
@pytest.mark.parametrize("size", [size for *_, size in build.BLOCK_SIZES])
def test_oldest_client_reads_blocks_of_every_size(
    client: Path,
    size: int,
    versions: Path,
    here: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(versions, tmp_path, dirs_exist_ok=True, symlinks=True)
    shutil.rmtree(tmp_path / "published")
    monkeypatch.setattr(build, "BLOCK_SIZES", ((0, 0, size),))
    key = {"OUTLOOK_HOME": str(tmp_path), "OUTLOOK_KEY": "a key for tests of thirty-two ch"}
    file = build.build(settings(key)).file
    with duckdb.connect(str(file), read_only=True) as db:
        assert db.execute("SELECT block_size FROM pragma_database_size()").fetchone() == (size,)
    found = read(client, file)
    for way in ("by_path", "attached", "in_use", "named"):
        for what in ("macros", "examples", "headline", "comments"):
            assert found[way][what] == here[way][what], way


def test_clients_leave_nothing_beside_the_file(file: Path, here: dict[str, Any]) -> None:
    assert sorted(p.name for p in file.parent.iterdir()) == ["manifest.json", "outlook.duckdb"]
    assert file.stat().st_mode & 0o777 == 0o444


def test_readme_has_a_line_for_each_way(lines: dict[str, str]) -> None:
    assert set(lines) == {"the shell", "another session", "Python", "R", "many nights (1.5)"}


def test_readme_line_for_another_session(lines: dict[str, str]) -> None:
    with duckdb.connect() as db:
        assert db.execute(lines["another session"]).fetchall()


def test_readme_line_for_python(lines: dict[str, str]) -> None:
    assert len(eval(lines["Python"], {"duckdb": duckdb})) >= 10


def test_readme_line_for_many_nights(lines: dict[str, str]) -> None:
    with duckdb.connect() as db:
        found = db.execute(lines["many nights (1.5)"]).fetchall()
    assert [name.split("/")[-2] for name, _ in sorted(found)] == ["2022-06-29", "2022-06-30"]
    assert all(count > 10 for _, count in found)


def test_readme_line_for_the_shell(lines: dict[str, str], shell: str) -> None:
    command = lines["the shell"].replace("duckdb ", f"{shell} ", 1)
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "seller_as_of" in done.stdout


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R IS NOT INSTALLED: not tried")
def test_readme_line_for_r(lines: dict[str, str]) -> None:
    code = f"db <- {lines['R']}; stopifnot(nrow(DBI::dbGetQuery(db, 'FROM help')) > 5)"
    there = ["Rscript", "-e", "library(duckdb)"]
    if subprocess.run(there, capture_output=True).returncode:
        pytest.skip("R HAS NO DUCKDB: not tried")
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
