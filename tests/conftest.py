"""What every test finds: an Airflow home of its own, and the folder of real exports, if any."""

import fcntl
import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from transforms import engine
from transforms.code import code_version
from warehouse.tables.make import MADE_BY

KEY = "a key for tests of thirty-two ch"
ROOT = Path(__file__).parents[1]
REAL_EXPORTS = ROOT.parent / "shared" / "real-exports"
REAL_EXCERPTS = ROOT / "tests" / "real_excerpts"

# Airflow reads these when it is first imported, which is before any fixture runs.
_airflow = Path(tempfile.mkdtemp(prefix="outlook-airflow-"))
os.environ["AIRFLOW_HOME"] = str(_airflow)
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{_airflow}/airflow.db"
for _setting in [name for name in os.environ if name.startswith("OUTLOOK_")]:
    if not _setting.startswith("OUTLOOK_TEST_"):
        del os.environ[_setting]
# Hashes of the code, which whoever keeps no compiled module does not keep either: the programs that
# tests start would each take half a second for them.
code_version()
code_version(*MADE_BY)
# A compiled module that a full disk cut short is kept, and then fails at each import.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
# A test writes its deliveries at once: nobody waits until they have been unchanged for a while.
os.environ["OUTLOOK_SOURCE_UNCHANGED"] = "0"

# The suite uses every core anyway, and two threads over tables this small mostly wait for each
# other. The commands that tests start as programs keep theirs.
engine.THREADS = 1

# The first example of a test may import pandas, which takes longer than any deadline.
hypothesis_settings.register_profile("outlook", deadline=None, derandomize=True)
hypothesis_settings.load_profile("outlook")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--regen` is for a deliberate change of a model; read the rows that it rewrites."""
    parser.addoption(
        "--regen",
        action="store_true",
        help="rewrite expect.csv of the golden cases that differ; read the diff before you keep it",
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty OUTLOOK_HOME with a key."""
    monkeypatch.setenv("OUTLOOK_HOME", str(tmp_path))
    monkeypatch.setenv("OUTLOOK_KEY", KEY)
    (tmp_path / "exports").mkdir()
    return tmp_path


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two published versions, 2022-06-29 and 2022-06-30, and a year before them.

    Nobody writes to it: it is the same for every test, also of another process of the same run.
    """
    own = tmp_path_factory.getbasetemp()
    of_run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    home = of_run / "versions"
    with (of_run / "versions.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if not lock.read():
            shutil.rmtree(home, ignore_errors=True)
            _make_versions(home)
            lock.write("made")
    return home


def _make_versions(home: Path) -> None:
    from transforms import backfill
    from transforms.sample import write_sample
    from transforms.settings import settings
    from warehouse.build.build import build

    chosen = settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})
    for first, last, every in (
        ("2021-06-01", "2022-05-31", "month"),
        ("2022-06-28", "2022-06-30", "night"),
    ):
        write_sample(
            home / "exports",
            date.fromisoformat(first),
            date.fromisoformat(last),
            scale=0.02,
            every=every,
        )
    for first, last in (("2021-06-01", "2022-06-29"), ("2022-06-30", "2022-06-30")):
        backfill.backfill(date.fromisoformat(first), date.fromisoformat(last), chosen, False)
        build(chosen)


@pytest.fixture
def real_exports() -> Path:
    """The folder of real files; they are never copied into the project as they are."""
    if not REAL_EXPORTS.is_dir():
        pytest.skip(f"REAL EXPORTS ARE ABSENT: {REAL_EXPORTS}; nothing real was tested")
    return REAL_EXPORTS
