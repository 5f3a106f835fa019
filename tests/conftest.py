"""What every test finds: an Airflow home of its own, and the folder of real exports, if any."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

ROOT = Path(__file__).parents[1]
REAL_EXPORTS = ROOT.parent / "shared" / "real-exports"

# Airflow reads these when it is first imported, which is before any fixture runs.
_airflow = Path(tempfile.mkdtemp(prefix="outlook-airflow-"))
os.environ["AIRFLOW_HOME"] = str(_airflow)
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{_airflow}/airflow.db"
for _setting in ("HOME", "EXPORTS", "LAKE", "PUBLISHED", "KEY", "MARKET"):
    os.environ.pop(f"OUTLOOK_{_setting}", None)

# The first example of a test may import pandas, which takes longer than any deadline.
hypothesis_settings.register_profile("outlook", deadline=None, derandomize=True)
hypothesis_settings.load_profile("outlook")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty OUTLOOK_HOME with a key."""
    monkeypatch.setenv("OUTLOOK_HOME", str(tmp_path))
    monkeypatch.setenv("OUTLOOK_KEY", "a key for tests of thirty-two ch")
    (tmp_path / "exports").mkdir()
    return tmp_path


@pytest.fixture
def real_exports() -> Path:
    """The folder of real files; they are never copied into the project."""
    if not REAL_EXPORTS.is_dir():
        pytest.skip(f"REAL EXPORTS ARE ABSENT: {REAL_EXPORTS}; nothing real was tested")
    return REAL_EXPORTS
