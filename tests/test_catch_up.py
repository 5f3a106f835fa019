"""What comes late, is corrected or is released is loaded and published, without Airflow.

And each event is told once: late, failed, held, recovered.
"""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from transforms import DATASETS
from transforms import night as line
from transforms.errors import OutlookError, SettingsError, SourceUnreachable, TransientError
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import settings
from warehouse import messages, nightly, versions
from warehouse.messages import Message

FIRST = date(2022, 4, 1)
NIGHTS = [FIRST + timedelta(days=i) for i in range(5)]
LATER = datetime(2022, 4, 6, 12, tzinfo=UTC)  # when no run waits any more


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deliveries of quiet nights: written in stretches too short for anything to happen."""
    folder = tmp_path_factory.mktemp("delivered")
    write_sample(folder, NIGHTS[0], NIGHTS[2], scale=0.01)
    write_sample(folder, NIGHTS[3], NIGHTS[4], scale=0.01)
    return folder


@pytest.fixture(scope="module")
def first_night(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the first night is published; `begun` copies it."""
    home = tmp_path_factory.mktemp("first_night")
    deliver(home, delivered, NIGHTS[0])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OUTLOOK_HOME", str(home))
        environment.setenv("OUTLOOK_KEY", "a key for tests of thirty-two ch")
        load(NIGHTS[0])
        nightly.publish_night(f"{NIGHTS[0]}")
    return home


@pytest.fixture
def begun(home: Path, first_night: Path) -> Path:
    """A home of its own in which the first night is published."""
    shutil.copytree(first_night, home, dirs_exist_ok=True, symlinks=True)
    return home


def deliver(home: Path, delivered: Path, *nights: date) -> None:
    for night in nights:
        shutil.copytree(delivered / f"{night}", home / "exports" / f"{night}", dirs_exist_ok=True)


def load(*nights: date) -> None:
    for night in nights:
        for dataset in DATASETS:
            nightly.load(dataset, f"{night}")


def live() -> str:
    folder = versions.latest(settings().published)
    return folder.name if folder else ""


def told(message: Message | None) -> list[str]:
    """What goes out: the title, if it was not told before."""
    if message is None or not nightly.is_new(message):
        return []
    nightly.sent(message)
    return [message.title]


def stopped(dataset: str, night: date) -> Message:
    with pytest.raises(messages.Stopped) as caught:
        nightly.load(dataset, f"{night}")
    return caught.value.message


def test_what_comes_after_the_run_gave_up_is_loaded_and_published(
    home: Path, delivered: Path
) -> None:
    deliver(home, delivered, *NIGHTS[:2])
    load(NIGHTS[0])
    nightly.publish_night(f"{NIGHTS[0]}")
    shutil.rmtree(home / "exports" / f"{NIGHTS[1]}")
    went_out = []
    for dataset in DATASETS:
        late = nightly.late(dataset, f"{NIGHTS[1]}", "07:00")
        went_out += told(late) + told(nightly.late(dataset, f"{NIGHTS[1]}", "07:00"))
        missing = stopped(dataset, NIGHTS[1])
        assert f"{settings().exports}/{NIGHTS[1]}" in missing.what
        assert missing.live == f"{NIGHTS[0]}"
        assert "catch_up" in missing.next_step
        went_out += told(missing) + told(stopped(dataset, NIGHTS[1]))
        assert Lake(settings().lake).receipt(dataset, NIGHTS[1])
    assert went_out == [f"{k}: {d} {NIGHTS[1]}" for d in DATASETS for k in ("late", "failed")]
    assert nightly.catch_up() == ([], None, [])

    deliver(home, delivered, NIGHTS[1])
    caught = nightly.catch_up()
    assert sorted(caught.loaded) == sorted((d, NIGHTS[1]) for d in DATASETS)
    assert caught.published == NIGHTS[1]
    assert live() == f"{NIGHTS[1]}"
    assert sorted(t for m in caught.messages for t in told(m)) == sorted(
        f"recovered: {d} {NIGHTS[1]}" for d in DATASETS
    )
    assert nightly.catch_up() == ([], None, []), "told once, published once"


def test_a_held_night_is_told_once_and_recovers_when_it_is_released(
    home: Path, delivered: Path
) -> None:
    deliver(home, delivered, *NIGHTS[:4])
    load(*NIGHTS[:3])
    nightly.publish_night(f"{NIGHTS[2]}")
    (home / "exports" / f"{NIGHTS[3]}" / "manifest.json").unlink(missing_ok=True)
    census = home / "exports" / f"{NIGHTS[3]}" / "sellers.csv"
    rows = census.read_bytes().splitlines(keepends=True)
    census.write_bytes(b"".join(rows[: len(rows) // 2]))
    held = stopped("sellers", NIGHTS[3])
    assert held.kind == "held"
    assert "against a median of" in held.number
    assert held.limit == "90% to 200%"
    assert f"outlook release-night {NIGHTS[3]}" in held.next_step
    assert "outlook rejected" not in held.next_step, "no row was rejected"
    assert told(held) == [f"held: sellers {NIGHTS[3]}"]
    assert told(held) == []
    for dataset in ("listings", "inquiries"):
        nightly.load(dataset, f"{NIGHTS[3]}")
    assert not nightly.is_complete(f"{NIGHTS[3]}")
    assert nightly.catch_up() == ([], None, [])
    assert line.release(NIGHTS[3], settings(), "a person", "the market shrank") == ["sellers"]
    caught = nightly.catch_up()
    assert caught.published == NIGHTS[3]
    assert [m.title for m in caught.messages] == [f"recovered: sellers {NIGHTS[3]}"]


def test_a_correction_is_loaded_though_the_night_was_published(home: Path, delivered: Path) -> None:
    deliver(home, delivered, *NIGHTS[:2])
    load(*NIGHTS[:2])
    nightly.publish_night(f"{NIGHTS[1]}")
    again = home / "exports" / f"{NIGHTS[0]}.r2"
    shutil.copytree(home / "exports" / f"{NIGHTS[0]}", again)
    (again / "manifest.json").unlink(missing_ok=True)
    census = again / "sellers.csv"
    census.write_bytes(b"".join(census.read_bytes().splitlines(keepends=True)[:-1]))
    caught = nightly.catch_up()
    assert ("sellers", NIGHTS[0]) in caught.loaded
    assert caught.published == NIGHTS[1]
    assert live() == f"{NIGHTS[1]}.r2"


def test_a_night_that_cannot_be_loaded_does_not_stop_the_others(
    home: Path, delivered: Path
) -> None:
    deliver(home, delivered, *NIGHTS[:2])
    load(NIGHTS[0])
    (home / "exports" / f"{NIGHTS[1]}" / "sellers.csv").write_text("a page\nof nothing\n")
    caught = nightly.catch_up(datetime(2022, 4, 3, 12, tzinfo=UTC))
    assert {d for d, _ in caught.loaded} == {"listings", "inquiries"}
    assert caught.published == NIGHTS[0], "what is complete is published all the same"
    assert [m.title for m in caught.messages] == [f"failed: sellers {NIGHTS[1]}"]


def test_what_was_told_is_not_lost_if_nothing_can_be_published(
    begun: Path, delivered: Path
) -> None:
    deliver(begun, delivered, NIGHTS[1])
    (begun / "exports" / f"{NIGHTS[1]}" / "sellers.csv").write_text("a page\nof nothing\n")
    shutil.rmtree(begun / "published")
    (begun / "published").write_text("no folder")
    said: list[str] = []
    with pytest.raises((OSError, TransientError, OutlookError)):
        nightly.catch_up(LATER, lambda message: said.append(message.title))
    assert said == [f"failed: sellers {NIGHTS[1]}"]


def test_a_file_that_cannot_be_fetched_stops_no_other_night(begun: Path, delivered: Path) -> None:
    deliver(begun, delivered, *NIGHTS[1:3])
    in_the_way = begun / "landing" / f"{NIGHTS[1]}"
    in_the_way.write_text("no folder")
    with pytest.raises((OSError, TransientError), match=f"{NIGHTS[1]}"):
        nightly.catch_up(LATER)
    assert live() == f"{NIGHTS[2]}", "what is complete is published all the same"
    assert not Lake(settings().lake).usable(NIGHTS[1])
    in_the_way.unlink()
    assert {n for _, n in nightly.catch_up(LATER).loaded} == {NIGHTS[1]}


def test_a_lake_that_lacks_the_live_night_makes_no_version_an_hour(
    begun: Path, caplog: pytest.LogCaptureFixture
) -> None:
    published = begun / "published"
    (published / f"{NIGHTS[0]}").rename(published / f"{NIGHTS[4]}")
    (published / "latest").unlink()
    (published / "latest").symlink_to(f"{NIGHTS[4]}")
    before = sorted(published.iterdir())
    census = begun / "exports" / f"{NIGHTS[0]}" / "sellers.csv"
    census.write_bytes(b"".join(census.read_bytes().splitlines(keepends=True)[:-1]))
    (census.parent / "manifest.json").unlink(missing_ok=True)
    nightly.load("sellers", f"{NIGHTS[0]}")
    assert nightly.catch_up(LATER).published is None
    assert sorted(published.iterdir()) == before
    assert f"{NIGHTS[4]} stays live, though the lake does not know its night" in caplog.text


def test_a_night_whose_own_run_still_waits_is_left_to_it(home: Path, delivered: Path) -> None:
    deliver(home, delivered, *NIGHTS[:2])
    load(NIGHTS[0])
    nightly.publish_night(f"{NIGHTS[0]}")
    assert nightly.catch_up(datetime(2022, 4, 3, 5, tzinfo=UTC)).loaded == []
    assert len(nightly.catch_up(datetime(2022, 4, 3, 9, tzinfo=UTC)).loaded) == 3


def test_a_night_between_two_weekly_deliveries_is_not_due(home: Path) -> None:
    weekly = [{"from": "2022-04-01", "to": "2022-04-30", "every": "week"}]
    (home / "exports" / "calendar.json").write_text(json.dumps(weekly))
    assert nightly.is_due("2022-04-03"), "a Sunday"
    assert not nightly.is_due("2022-04-04")
    assert nightly.is_due("2022-05-02"), "the calendar says nothing of it"


def test_a_refused_correction_recovers_only_with_a_good_load(begun: Path) -> None:
    """Though the delivery before it counts and is in the live version all the while."""
    census = begun / "exports" / f"{NIGHTS[0]}" / "sellers.csv"
    before = census.read_bytes()
    (census.parent / "manifest.json").unlink(missing_ok=True)
    census.write_text("a page\nof nothing\n")
    now = datetime(2022, 4, 3, 5, tzinfo=UTC)
    said: list[str] = []

    def tell(message: Message) -> None:
        said.extend(told(message))

    for _ in range(2):
        assert nightly.catch_up(now, tell).loaded == []
        assert said == [f"failed: sellers {NIGHTS[0]}"]
    census.write_bytes(before)
    assert ("sellers", NIGHTS[0]) in nightly.catch_up(now, tell).loaded
    assert said[1:] == [f"recovered: sellers {NIGHTS[0]}"]
    assert nightly.catch_up(now, tell).messages == []


def test_a_night_whose_own_run_has_failed_is_loaded_within_the_hour(
    begun: Path, delivered: Path
) -> None:
    deliver(begun, delivered, NIGHTS[1])
    now = datetime(2022, 4, 3, 1, tzinfo=UTC)
    assert nightly.catch_up(now).loaded == []
    went_out = told(nightly.message_of("sellers", NIGHTS[1], SourceUnreachable("no answer")))
    assert went_out == [f"failed: sellers {NIGHTS[1]}"]
    assert nightly.catch_up(now).loaded == [("sellers", NIGHTS[1])]


def test_late_is_by_the_local_hour_of_the_next_day(home: Path) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert nightly.late("sellers", f"{tomorrow}", "07:00") is None
    assert nightly.late("sellers", "2022-04-01", "07:00")
    due = messages.due_by(FIRST, "07:00", settings().market.time_zone)
    assert due.astimezone(UTC) == datetime(2022, 4, 2, 2, tzinfo=UTC)
    with pytest.raises(SettingsError, match="OUTLOOK_LATE_SELLERS is '7 in the morning'"):
        nightly.late("sellers", "2022-04-01", "7 in the morning")


def test_an_incident_ends_with_its_recovery(home: Path) -> None:
    message = nightly.message_of("catch_up", None, SettingsError("no"))
    assert told(message) == ["failed: catch_up"]
    assert told(message) == []
    (again,) = nightly.works_again("catch_up")
    assert told(again) == ["recovered: catch_up"]
    assert told(again) == []
    assert nightly.works_again("catch_up") == []
    assert told(message) == ["failed: catch_up"], "what comes next is told again"


def test_what_differs_only_in_its_numbers_is_told_once(home: Path) -> None:
    def broke_off(after: int) -> Message:
        error = SourceUnreachable(f"sellers.csv broke off after {after:,} of 1,234,567 bytes")
        return nightly.message_of("catch_up", None, error)

    assert told(broke_off(65_536)) == ["failed: catch_up"]
    assert told(broke_off(131_072)) == []
    assert told(nightly.message_of("catch_up", None, SourceUnreachable("it refused the login")))


@pytest.mark.parametrize(
    ("key", "params", "night"),
    [
        ("2022-06-30", {}, "2022-06-30"),
        (None, {"export_date": "2022-06-30"}, "2022-06-30"),
        ("2022-06-30", {"export_date": "2022-06-30"}, "2022-06-30"),
        (None, {"export_date": "20220630"}, "2022-06-30"),
    ],
)
def test_a_run_names_its_night(key: str | None, params: dict[str, str], night: str) -> None:
    assert nightly.night_asked(key, params) == night


@pytest.mark.parametrize(
    ("key", "params", "problem"),
    [
        (None, {}, "names no night"),
        (None, {"export_date": None}, "names no night"),
        ("2022-06-30", {"export_date": "2022-06-29"}, "2022-06-30, but export_date 2022-06-29"),
        ("yesterday", {}, "is not a date"),
        (None, {"export_date": "2022-02-30"}, "is not a date"),
    ],
)
def test_a_run_that_names_no_night_or_two_is_refused(
    key: str | None, params: dict[str, str], problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem):
        nightly.night_asked(key, params)
