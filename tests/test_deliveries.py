"""Deliveries of one night, and nights that a gate holds: what counts, and what it says."""

import csv
import gzip
import io
import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree, rmtree

import duckdb
import pytest

from tests.test_order import KEY, QUIET, published_rows, quiet_sample, run, settings_of
from transforms import DATASETS
from transforms import night as line
from transforms.lake import Lake
from transforms.lake.receipt import Rows
from transforms.settings import Settings
from warehouse import cli, versions
from warehouse.build.build import Built, build

NIGHT = QUIET[0]
LISTINGS = "listings.csv.gz"
EARLY, LATE = "2022-05-03T00:30:00+05:00", "2022-05-03T09:00:00+05:00"
TOO_LATE = "2022-05-04T00:30:00+05:00"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """An empty home whose exports arrive by `deliver`."""
    (tmp_path / "exports").mkdir()
    return settings_of(tmp_path / "home", tmp_path / "exports")


def deliver(
    chosen: Settings,
    night: date,
    revision: int = 1,
    exported_at: str | None = None,
    without: int = 0,
) -> Path:
    """The night's delivery of the sample arrives, `without` so many sellers, with this manifest."""
    name = f"{night}" if revision == 1 else f"{night}.r{revision}"
    folder = Path(str(chosen.exports)) / name
    copytree(quiet_sample() / f"{night}", folder)
    (folder / "manifest.json").unlink(missing_ok=True)
    drop_sellers(folder, without)
    if exported_at:
        manifest = {"exported_at": exported_at, "files": []}
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


def drop_sellers(folder: Path, count: int) -> None:
    """Takes the last rows out of a delivered file of sellers."""
    header, *rows = rows_of(folder / "sellers.csv")
    write_rows(folder / "sellers.csv", [header, *rows[: len(rows) - count]])


def rows_of(path: Path) -> list[list[str]]:
    """Header and rows of a delivered CSV file."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def write_rows(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    data = text.getvalue().encode("utf-8")
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def sellers_in(chosen: Settings, night: date) -> int:
    receipt = Lake(chosen.lake).receipt("sellers", night)
    assert receipt is not None
    rows: int = receipt.rows.read
    return rows


def files_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and times of every file below a folder, locks left out."""
    return {
        str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith(".lock")
    }


def test_same_bytes_again_change_nothing(home: Settings) -> None:
    """Not a byte of the lake is written: neither parts nor receipts, seconds and all."""
    deliver(home, NIGHT)
    run(NIGHT, home)
    before = files_of(home.lake)
    assert len([name for name in before if name.startswith("receipts")]) == len(DATASETS)
    again = run(NIGHT, home)
    assert files_of(home.lake) == before
    assert again["sellers"] == Lake(home.lake).receipt("sellers", NIGHT)


def test_same_bytes_sent_again_tell_the_same_whenever_they_are_loaded(
    home: Settings, tmp_path: Path
) -> None:
    """Loaded in between or only at the end: one content, and one account of it in `meta.night`."""
    told = ("content", "parts", "rows", "revision", "exported_at", "is_late", "status")
    deliver(home, NIGHT, 1, EARLY)
    run(NIGHT, home)
    deliver(home, NIGHT, 2, TOO_LATE)
    run(NIGHT, home)
    at_once = settings_of(tmp_path / "at-once", Path(str(home.exports)))
    run(NIGHT, at_once)
    for dataset in DATASETS:
        one, other = (Lake(x.lake).receipt(dataset, NIGHT) for x in (home, at_once))
        assert one is not None and other is not None
        assert {n: one.as_json()[n] for n in told} == {n: other.as_json()[n] for n in told}


def test_other_bytes_are_a_new_revision_and_both_are_kept(home: Settings) -> None:
    folder = deliver(home, NIGHT)
    run(NIGHT, home)
    lake = Lake(home.lake)
    path = home.lake / "receipts" / "sellers" / f"{NIGHT}.json"
    old = json.loads(path.read_text("utf-8"))
    drop_sellers(folder, 1)
    new = run(NIGHT, home)["sellers"]
    assert new.rows.in_ == old["rows"]["in"] - 1
    assert new.content != old["content"]
    assert new.replaced[-1].content == old["content"]
    assert lake.receipt("sellers", NIGHT) == new
    kept = path.with_name(f"{NIGHT}.{old['content'][:12]}.json")
    assert json.loads(kept.read_text("utf-8")) == old
    for part in [*old["parts"], *new.as_json()["parts"]]:
        assert (home.lake / part["path"]).is_file()
    assert len(lake.receipts("sellers")) == 1, "a receipt kept beside counts as a night"


@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [
        pytest.param((1, EARLY), (2, LATE), 2, id="both say when: the later one"),
        pytest.param((1, LATE), (2, EARLY), 1, id="both say when: the later one, revised or not"),
        pytest.param((1, None), (2, None), 2, id="none says when: the higher revision"),
        pytest.param((1, EARLY), (2, None), 2, id="only the first says when"),
        pytest.param((1, None), (2, EARLY), 2, id="only the second says when"),
    ],
)
@pytest.mark.parametrize("arrival", ["together", "in order", "the second first"])
def test_delivery_exported_last_wins_in_whatever_order_they_are_loaded(
    first: tuple[int, str | None],
    second: tuple[int, str | None],
    wins: int,
    arrival: str,
    home: Settings,
) -> None:
    """The greatest `exported_at`; where not all have one, the folder's revision number."""
    usual = len(rows_of(quiet_sample() / f"{NIGHT}" / "sellers.csv")) - 1
    order = [second, first] if arrival == "the second first" else [first, second]
    for revision, exported_at in order:
        deliver(home, NIGHT, revision, exported_at, without=revision)
        if arrival != "together":
            line.run("sellers", NIGHT, home)
    line.run("sellers", NIGHT, home)
    assert sellers_in(home, NIGHT) == usual - wins


def break_sellers(folder: Path) -> None:
    """Makes a delivered file of sellers one that no layout fits."""
    (folder / "sellers.csv").write_text("this,is,not\nwhat,was,agreed\n", "utf-8")


def test_broken_delivery_says_the_same_whichever_order_it_arrives_in(
    home: Settings, tmp_path: Path
) -> None:
    """A readable delivery, and a later one that is refused: loaded apart or at once."""
    deliver(home, NIGHT, 1, EARLY)
    line.run("sellers", NIGHT, home)
    break_sellers(deliver(home, NIGHT, 2, LATE))
    assert line.run("sellers", NIGHT, home).status == "refused"
    at_once = settings_of(tmp_path / "at-once", Path(str(home.exports)))
    assert line.run("sellers", NIGHT, at_once).status == "refused"
    one, other = (Lake(x.lake).receipt("sellers", NIGHT) for x in (home, at_once))
    assert one is not None and other is not None
    assert (one.status, one.content) == (other.status, other.content)


def test_broken_delivery_that_was_taken_back_does_not_stand_in_the_way(home: Settings) -> None:
    broken = deliver(home, NIGHT, 2, LATE)
    break_sellers(broken)
    assert line.run("sellers", NIGHT, home).status == "refused"
    rmtree(broken)
    deliver(home, NIGHT, 1, EARLY)
    assert line.run("sellers", NIGHT, home).status == "ok"


def test_window_without_rows_is_a_night_with_none(home: Settings) -> None:
    """A day on which nobody inquired: the file is there and says so. That is no broken file."""
    (deliver(home, NIGHT) / "inquiries.json").write_text("[\n\n]\n", "utf-8")
    receipt = line.run("inquiries", NIGHT, home)
    assert (receipt.status, receipt.reason) == ("ok", None)
    assert receipt.rows == Rows(0, 0, 0, 0)


def test_older_delivery_alone_does_not_win_once_the_newer_one_was_loaded(home: Settings) -> None:
    """The newer one may have been moved away after it was loaded."""
    newer = deliver(home, NIGHT, 2, LATE, without=2)
    line.run("sellers", NIGHT, home)
    before = Lake(home.lake).receipt("sellers", NIGHT)
    rmtree(newer)
    deliver(home, NIGHT, 1, EARLY, without=1)
    line.run("sellers", NIGHT, home)
    assert Lake(home.lake).receipt("sellers", NIGHT) == before


# Held nights


@dataclass(frozen=True)
class HeldNight:
    """A night whose listings are held, and the home in which they are."""

    night: date
    chosen: Settings

    def after(self) -> date:
        return self.night + timedelta(1)


@pytest.fixture
def held(home: Settings, monkeypatch: pytest.MonkeyPatch) -> HeldNight:
    """Four nights loaded; of the fourth only every second listing was delivered."""
    for name in ("HOME", "EXPORTS"):
        monkeypatch.setenv(f"OUTLOOK_{name}", str(getattr(home, name.lower())))
    monkeypatch.setenv("OUTLOOK_KEY", KEY)
    for night in QUIET:
        deliver(home, night)
    cut_listings(Path(str(home.exports)) / f"{QUIET[3]}")
    for night in QUIET[:4]:
        run(night, home)
    return HeldNight(QUIET[3], home)


def cut_listings(folder: Path, keep: int | None = None) -> None:
    """Leaves the first half of a delivery's listings, or so many rows."""
    header, *rows = rows_of(folder / LISTINGS)
    write_rows(folder / LISTINGS, [header, *rows[: len(rows) // 2 if keep is None else keep]])


def repeat_listings(folder: Path, count: int) -> None:
    """Fills a delivery up to so many listings, each of another id, the same every night."""
    header, *rows = rows_of(folder / LISTINGS)
    more = [[f"{1_699_000_000_000 + i}", *rows[i % len(rows)][1:]] for i in range(count)]
    write_rows(folder / LISTINGS, [header, *rows, *more][: count + 1])


def changes(chosen: Settings, night: date) -> Counter[str]:
    """How many listings are new, changed, gone and returned that night; none if it is held."""
    path = chosen.lake / Lake(chosen.lake).history("listings", night) / "changes.parquet"
    if not path.is_file():
        return Counter()
    query = "SELECT change, count(*) FROM read_parquet(?) GROUP BY change"
    return Counter(dict(duckdb.execute(query, [str(path)]).fetchall()))


def outlook(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit code of the `outlook` command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["outlook", *arguments])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def status_of(chosen: Settings, night: date) -> str:
    receipt = Lake(chosen.lake).receipt("listings", night)
    assert receipt is not None
    status: str = receipt.status
    return status


def test_absent_rows_of_a_held_night_are_not_gone(held: HeldNight, tmp_path: Path) -> None:
    """Nor have they returned the night after; a home without that night tells the same."""
    assert status_of(held.chosen, held.night) == "held"
    assert changes(held.chosen, held.night) == Counter()
    run(held.after(), held.chosen)
    without = settings_of(tmp_path / "without", Path(str(held.chosen.exports)))
    for night in QUIET:
        if night != held.night:
            line.run("listings", night, without)
    assert changes(held.chosen, held.after()) == changes(without, held.after())
    assert changes(held.chosen, held.after())["new"] > 0
    current = published_rows(build(held.chosen), "marts.dim_listing")
    receipt = Lake(held.chosen.lake).receipt("listings", held.after())
    assert receipt is not None
    assert len(current) == receipt.rows.accepted


def test_released_night_passes_and_says_who_and_why(
    held: HeldNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outlook(monkeypatch, "run", "--date", f"{held.night}", "--quiet") == 4
    reason = "the marketplace took them down"
    command = ("release-night", f"{held.night}", "--reason", reason, "--quiet")
    assert outlook(monkeypatch, *command) == 0
    lake = Lake(held.chosen.lake)
    receipt = lake.receipt("listings", held.night)
    release = lake.release("listings", held.night)
    assert receipt is not None and release is not None
    assert receipt.status == "ok"
    assert "released" in [w.code for w in receipt.warnings]
    assert release["reason"] == reason
    assert release["by"]
    assert release["content"] == receipt.content
    # Now it counts: what it does not list is gone, and it is what is published.
    assert changes(held.chosen, held.night)["gone"] > receipt.rows.kept * 0.5
    live = versions.latest(held.chosen.published)
    assert live is not None
    assert versions.manifest(live)["export_date"] == f"{held.night}"
    current = published_rows(Built(live, False, {}), "marts.dim_listing")
    assert len(current) == receipt.rows.accepted
    # Nothing is left to be released, and the same again is no news.
    assert outlook(monkeypatch, *command) == 2
    assert outlook(monkeypatch, "run", "--date", f"{held.night}", "--quiet") == 0


def test_a_release_that_was_not_published_is_published_by_the_same_command(
    held: HeldNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill between the release and the build."""
    assert outlook(monkeypatch, "run", "--date", f"{held.night}", "--quiet") == 4
    assert line.release(held.night, held.chosen, "somebody", "looked at") == ["listings"]
    command = ("release-night", f"{held.night}", "--reason", "looked at", "--quiet")
    assert outlook(monkeypatch, *command) == 0
    live = versions.latest(held.chosen.published)
    assert live is not None and live.name == f"{held.night}"
    assert outlook(monkeypatch, *command) == 2


def test_release_is_for_the_content_that_was_looked_at(held: HeldNight) -> None:
    """Another cut delivery of the same night is held again."""
    assert line.release(held.night, held.chosen, "somebody", "looked at") == ["listings"]
    assert status_of(held.chosen, held.night) == "ok"
    cut_listings(Path(str(held.chosen.exports)) / f"{held.night}")
    assert run(held.night, held.chosen)["listings"].status == "held"
    assert changes(held.chosen, held.night) == Counter()


def test_night_that_older_nights_show_to_be_cut_does_not_stay_live(
    home: Settings, tmp_path: Path
) -> None:
    """Loaded first it had no neighbours to be held by; once they are in, it is as if it were last.

    What is live must be the same whichever came first, and a build without news must stay one.
    """
    for night in QUIET[:4]:
        deliver(home, night)
    drop_sellers(Path(str(home.exports)) / f"{QUIET[3]}", 7)

    orderly = settings_of(tmp_path / "orderly", Path(str(home.exports)))
    for night in QUIET[:4]:
        line.run("sellers", night, orderly)
    expected = build(orderly, incomplete=True).manifest
    assert expected["export_date"] == f"{QUIET[2]}"

    line.run("sellers", QUIET[3], home)
    assert build(home, incomplete=True).manifest["export_date"] == f"{QUIET[3]}"
    for night in QUIET[:3]:
        line.run("sellers", night, home)
    build(home, incomplete=True)
    assert not build(home, incomplete=True).is_new, "every build without news makes another version"
    live = versions.latest(home.published)
    assert live is not None
    assert versions.manifest(live)["tables"] == expected["tables"]


def test_absent_rows_of_a_page_capped_night_are_not_gone(home: Settings) -> None:
    """2,000 rows are 100 pages of 20: the census was cut there, whatever it is a census of."""
    folder = Path(str(home.exports))
    for night in QUIET[:3]:
        deliver(home, night)
        repeat_listings(folder / f"{night}", 3500)
    cut_listings(folder / f"{QUIET[1]}", keep=2000)
    for night in QUIET[:3]:
        run(night, home)
    assert [status_of(home, night) for night in QUIET[:3]] == ["ok", "partial", "ok"]
    assert changes(home, QUIET[1])["gone"] == 0
    assert changes(home, QUIET[2])["returned"] == 0
