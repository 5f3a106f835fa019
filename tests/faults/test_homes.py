"""Where a home may lie, and what is said of one that cannot be written."""

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from transforms import DATASETS
from transforms.sample import write_sample
from warehouse import versions

KEY = "a key for tests, longer than thirty-two characters"
NIGHT = date(2022, 6, 30)
ODD = "a home, with 'quotes' \"of\" both kinds; für 世界 %s {x} [a-z]* --"
# Root may write anywhere, unless it gives that up.
HUMBLE = ["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"]


def outlook(home: Path, *words: str, humble: bool = False) -> subprocess.CompletedProcess[str]:
    program = "from warehouse.cli import main\nif __name__ == '__main__': main()"
    prefix = HUMBLE if humble and os.geteuid() == 0 else []
    return subprocess.run(
        [*prefix, sys.executable, "-c", program, *words, "--quiet"],
        env={**os.environ, "OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a name of every kind of character, and a night published in it."""
    home = tmp_path_factory.mktemp("homes") / ODD
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.003)
    done = outlook(home, "run", "--date", f"{NIGHT}")
    assert done.returncode == 0, done.stderr
    return home


def test_night_is_published_in_a_home_of_any_name(published: Path) -> None:
    assert versions.live(published / "published") == published / "published" / f"{NIGHT}"
    assert {p.name for p in (published / "lake" / "receipts").iterdir()} == set(DATASETS)


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("published", ("build", "--full")),
        ("lake", ("run", "--date", f"{NIGHT}")),
        ("", ("run", "--date", f"{NIGHT}")),  # where the landing would be made
    ],
)
def test_folder_that_may_not_be_written_is_one_sentence(
    folder: str, words: tuple[str, ...], published: Path, tmp_path: Path
) -> None:
    if os.geteuid() == 0 and subprocess.run([*HUMBLE, "true"]).returncode:
        pytest.skip("root may write anywhere here: no folder could be made read-only")
    home = shutil.copytree(published, tmp_path / "home", symlinks=True)
    shutil.rmtree(home / "landing")
    (home / folder).chmod(0o555)
    try:
        done = outlook(home, *words, humble=True)
    finally:
        (home / folder).chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert f"this user may not write {home / folder}" in done.stderr
    assert "Traceback" not in done.stderr
    assert versions.live(home / "published") == home / "published" / f"{NIGHT}"
