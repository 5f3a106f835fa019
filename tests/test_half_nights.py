"""What is published is a whole night: all three exports count, and nothing of a later one shows."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from transforms import DATASETS
from transforms import night as line
from transforms.errors import ExportMissing
from transforms.lake import Lake, history
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse import versions
from warehouse.build.build import build

FIRST = date(2022, 4, 1)
NIGHTS = [FIRST + timedelta(days=i) for i in range(12)]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deliveries of quiet nights: written in stretches too short for anything to happen."""
    folder = tmp_path_factory.mktemp("exports")
    for i in range(0, len(NIGHTS), 3):
        write_sample(folder, NIGHTS[i], NIGHTS[i + 2], scale=0.01)
    return folder


def home(tmp_path: Path, name: str, exports: Path) -> Settings:
    return settings(
        {
            "OUTLOOK_HOME": str(tmp_path / name),
            "OUTLOOK_KEY": "a key for tests of thirty-two ch",
            "OUTLOOK_EXPORTS": str(exports),
        }
    )


def load(chosen: Settings, *nights: date, of: tuple[str, ...] = DATASETS) -> Settings:
    for night in nights:
        for dataset in of:
            assert line.run(dataset, night, chosen).is_usable
    return chosen


def live(chosen: Settings) -> str:
    folder = versions.latest(chosen.published)
    assert folder is not None
    return folder.name


def tables(chosen: Settings, folder: str) -> dict[str, str]:
    found: dict[str, str] = versions.manifest(chosen.published / folder)["tables"]
    return found


def test_a_half_night_is_not_published_and_does_not_show(tmp_path: Path, exports: Path) -> None:
    """The late load of an older night must not publish the newest night of any dataset."""
    chosen = load(home(tmp_path, "one", exports), NIGHTS[0], NIGHTS[2])
    build(chosen)
    load(chosen, NIGHTS[3], of=("sellers", "inquiries"))
    load(chosen, NIGHTS[1])
    assert build(chosen, night=NIGHTS[1]).folder.name == f"{NIGHTS[2]}.r2" == live(chosen)
    without = load(home(tmp_path, "other", exports), *NIGHTS[:3])
    assert tables(chosen, live(chosen)) == tables(without, build(without).folder.name)
    assert not build(chosen).is_new, "a half night is no reason to publish again"


def test_the_night_asked_for_is_published_though_later_ones_are_loaded(
    tmp_path: Path, exports: Path
) -> None:
    chosen = load(home(tmp_path, "one", exports), *NIGHTS[:3])
    assert build(chosen, night=NIGHTS[0]).folder.name == f"{NIGHTS[0]}" == live(chosen)
    first = load(home(tmp_path, "other", exports), NIGHTS[0])
    assert tables(chosen, f"{NIGHTS[0]}") == tables(first, build(first).folder.name)
    assert build(chosen, night=NIGHTS[1]).folder.name == f"{NIGHTS[1]}"
    assert build(chosen).folder.name == f"{NIGHTS[2]}" == live(chosen)
    assert not build(chosen, night=NIGHTS[1]).is_new


def test_a_dataset_far_ahead_shows_as_it_stood(tmp_path: Path, exports: Path) -> None:
    """Its state after the night shown is older than those kept, or was pruned with them."""
    chosen = load(home(tmp_path, "one", exports), *NIGHTS[:2])
    load(chosen, *NIGHTS[2:], of=("listings",))
    lake = Lake(chosen.lake)
    kept = chosen.lake / lake.history("listings", NIGHTS[1]) / "ledger.parquet"
    assert kept.exists(), "the state of the newest complete night is kept"
    kept.unlink()
    built = build(chosen)
    assert built.folder.name == f"{NIGHTS[1]}"
    without = load(home(tmp_path, "other", exports), *NIGHTS[:2])
    assert built.manifest["tables"] == tables(without, build(without).folder.name)
    assert not history.faults(lake, "listings")


def test_what_is_incomplete_is_published_only_when_somebody_says_so(
    tmp_path: Path, exports: Path
) -> None:
    chosen = load(home(tmp_path, "one", exports), NIGHTS[0], of=("sellers",))
    with pytest.raises(ExportMissing, match="listings is not loaded.*--incomplete"):
        build(chosen)
    assert versions.latest(chosen.published) is None
    built = build(chosen, incomplete=True)
    assert built.folder.name == f"{NIGHTS[0]}" == live(chosen)
    assert not built.manifest["is_complete"]
    assert not build(chosen).is_new, "said once, it stays"
    load(chosen, NIGHTS[1], of=("sellers",))
    assert build(chosen).folder.name.startswith(f"{NIGHTS[0]}")
    assert build(chosen, incomplete=True).folder.name == f"{NIGHTS[1]}" == live(chosen)
    load(chosen, NIGHTS[0], of=("listings", "inquiries"))
    assert build(chosen).folder.name == f"{NIGHTS[1]}.r2" == live(chosen)
    load(chosen, NIGHTS[2])
    assert build(chosen).folder.name == f"{NIGHTS[2]}" == live(chosen)
