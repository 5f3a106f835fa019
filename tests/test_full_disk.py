"""A disk that takes no more: one sentence that says so, exit code 6, and a retry that heals.

Files may grow to a limit only, which the system refuses in every library alike.
"""

import os
import resource
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree

import duckdb
import pyarrow as pa
import pytest

from transforms import DATASETS
from transforms import night as line
from transforms.errors import DiskError, ExportError, SourceUnreachable
from transforms.sample import write_sample
from transforms.settings import settings
from transforms.storage import disk_fault, disk_faults_told
from warehouse import versions
from warehouse.build.build import build

KEY = "a key for tests, longer than thirty-two characters"
FIRST = date(2022, 6, 29)
NIGHT = FIRST + timedelta(1)
SMALL, MIDDLING = 2_000, 60_000  # bytes: the first file does not fit; the database does not


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one night published, and one delivered."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    write_sample(home / "exports", FIRST, NIGHT, scale=0.003)
    chosen = settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})
    for dataset in DATASETS:
        line.run(dataset, FIRST, chosen)
    build(chosen)
    return home


def outlook(home: Path, words: list[str], limit: int | None) -> subprocess.CompletedProcess[str]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    program = "from warehouse.cli import main\nif __name__ == '__main__': main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("sample {home}/more --from 2022-06-29 --to 2022-06-29 --scale 0.003 --quiet", SMALL),
        (f"run --date {NIGHT} --quiet", SMALL),
        (f"run --date {NIGHT} --quiet", MIDDLING),
        (f"backfill {NIGHT} {NIGHT} --quiet", SMALL),
        ("build --full --quiet", MIDDLING),
        ("report FY2022 --quiet", MIDDLING),
        ("report FY2022 --status final --reason x --quiet", SMALL),
        (f"listings --as-of {FIRST} --to {{home}}/listings.csv", SMALL),
        (f"listings --as-of {FIRST} --to {{home}}/listings.parquet", SMALL),
        ("rejected --to {home}/rejected.csv", 100),
    ],
)
def test_a_full_disk_is_one_sentence(
    words: str, limit: int, prepared: Path, tmp_path: Path
) -> None:
    home = copytree(prepared, tmp_path / "home", symlinks=True)
    command = words.format(home=home).split()
    done = outlook(home, command, limit)
    assert done.returncode == 6, done.stderr
    said = done.stderr.splitlines()
    assert sum("disk: the disk is full" in x for x in said) == 1, done.stderr
    assert not [x for x in said if "Traceback" in x or "terminate called" in x]
    assert versions.live(home / "published") == home / "published" / f"{FIRST}"
    assert not list((home / "published").glob(".building-*"))
    again = outlook(home, command, None)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError(5, "Input/output error", "/x/y"),
        duckdb.IOException('Could not write file "/x": No space left on device'),
        duckdb.OutOfMemoryException("... set by the 'max_temp_directory_size' setting"),
        duckdb.FatalException("FATAL Error: fsync failed!"),
        pa.ArrowInvalid("Error writing bytes: Disk quota exceeded"),
    ],
)
def test_whoever_meets_it_first_says_the_same(error: Exception) -> None:
    with pytest.raises(DiskError, match=r"^the disk is (full|failing)"), disk_faults_told():
        raise error
    refused = ExportError("damaged", "it is damaged")
    refused.__cause__ = error
    assert disk_fault(refused) is not None


def test_what_has_been_told_is_not_told_as_something_else() -> None:
    unreachable = SourceUnreachable("the source of the exports did not answer")
    unreachable.__cause__ = OSError(5, "Input/output error", "/there/x.csv")
    with pytest.raises(SourceUnreachable, match="did not answer"), disk_faults_told():
        raise unreachable


@pytest.mark.parametrize(
    "error",
    [
        ValueError("No space left on device"),
        OSError(13, "Permission denied"),
        FileNotFoundError(),
        ExportError("x", "Input/output error"),
    ],
)
def test_what_is_not_of_the_disk_is_left_alone(error: Exception) -> None:
    assert disk_fault(error) is None
    with pytest.raises(type(error)), disk_faults_told():
        raise error
