"""Order: the same content in the end, whatever order nights and deliveries arrive in (I2, I3, I7).

Two orders of each universe are tried by default, for each takes some eight seconds;
`OUTLOOK_TEST_ORDERS=50` tries fifty.
"""

import csv
import gzip
import io
import json
import os
import random
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as examples
from hypothesis import strategies as st

from transforms import DATASETS, history
from transforms import night as line
from transforms.errors import ExportMissing
from transforms.lake import Lake, Receipt
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse import cli, publish
from warehouse.build import Built, build

KEY = "a key for tests, longer than thirty-two characters"
FIRST, LAST = date(2022, 6, 25), date(2022, 7, 3)  # over the end of a fiscal year
QUIET = [date(2022, 5, 2) + timedelta(n) for n in range(5)]
SCALE = 0.006  # two inquiries a night at least, so that no night has none
SEEDS = (1, 2)
ORDERS = int(os.environ.get("OUTLOOK_TEST_ORDERS", "2"))

Rows = Counter[tuple[tuple[str, Any], ...]]
Step = tuple[str, str]


@cache
def _room() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="outlook-order-")


@cache
def sample(seed: int) -> Path:
    """Deliveries of nine nights: each kind of incident is among them."""
    folder = Path(_room().name) / f"sample-{seed}"
    write_sample(folder, FIRST, LAST, scale=SCALE, seed=seed)
    return folder


@cache
def quiet_sample() -> Path:
    """Deliveries of a week in which nothing happens: too short for incidents."""
    folder = Path(_room().name) / "quiet"
    write_sample(folder, QUIET[0], QUIET[-1], scale=SCALE / 2)
    told = json.loads((folder / "truth.json").read_text("utf-8"))["nights"]
    assert {counts["status"] for night in told.values() for counts in night.values()} == {"ok"}
    return folder


def truth(seed: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sample(seed) / "truth.json").read_text("utf-8"))
    return found


def nights() -> list[date]:
    return [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]


def settings_of(home: Path, exports: Path) -> Settings:
    environ = {"OUTLOOK_HOME": home, "OUTLOOK_EXPORTS": exports, "OUTLOOK_KEY": KEY}
    return settings({name: str(value) for name, value in environ.items()})


def run(night: date, chosen: Settings) -> dict[str, Receipt]:
    return {dataset: line.run(dataset, night, chosen) for dataset in DATASETS}


def incidents(seed: int) -> Counter[str]:
    """Statuses of the sample's nights, and how many deliveries were sent again."""
    found = Counter(
        counts["status"] for night in truth(seed)["nights"].values() for counts in night.values()
    )
    found["revised"] = len(list(sample(seed).glob("*.r2")))
    return found


# What is compared


def in_nine_places(value: Any) -> Any:
    """A value as truth.json writes it."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return f"{value}"
    return round(float(value), 9)


def as_rows(rows: list[dict[str, Any]]) -> Rows:
    return Counter(
        tuple(sorted((name, in_nine_places(value)) for name, value in row.items())) for row in rows
    )


def published_rows(built: Built, table: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(built.folder / publish.FILE), read_only=True) as db:
        found = db.execute(f"FROM {table}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def published_nights(built: Built) -> dict[str, dict[str, Any]]:
    """`meta.night` in the shape of truth.json."""
    found: dict[str, dict[str, Any]] = {}
    for row in published_rows(built, "meta.night"):
        counts = {name: row[f"rows_{name}"] for name in ("in", "accepted", "rejected", "duplicate")}
        found.setdefault(f"{row['export_date']}", {})[row["dataset"]] = {
            **counts,
            "status": row["status"],
        }
    return found


def lake_content(chosen: Settings) -> dict[str, Any]:
    """Receipts that count with their parts, and folds, without what tells of the way there."""
    lake = Lake(chosen.lake)
    told = ("status", "reason", "content", "revision", "exported_at", "is_late", "rows", "parts",
            "reasons", "value_rejects", "warnings", "drift", "extent", "layout",
            "sources")  # fmt: skip
    found: dict[str, Any] = {}
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            found[f"{dataset} {receipt['export_date']}"] = {n: receipt[n] for n in told}
        folds = history.folded_nights(lake, dataset)
        for night, folder, account in folds:
            # States of older nights are kept to save work; they can be folded again.
            kept = [p for p in folder.glob("*.parquet") if p.stem in ("changes", "new")]
            found[f"fold of {dataset} {night}"] = account | {p.stem: rows_in(p) for p in kept}
        state = folds[-1][1] / f"{history.STATE[dataset]}.parquet"
        found[f"last state of {dataset}"] = rows_in(state)
    return found


def rows_in(path: Path) -> Any:
    """Hash of the rows of a fold, free of their order: that is not promised."""
    query = "SELECT count(*), sum(hash(t)::HUGEINT) FROM read_parquet(?) AS t"
    return duckdb.execute(query, [str(path)]).fetchone()


def assert_is_the_truth(built: Built, seed: int) -> None:
    right = truth(seed)
    assert right["report"], "truth.json has no tables: nothing would be compared"
    for table, rows in right["report"].items():
        found, expected = as_rows(published_rows(built, f"report.{table}")), as_rows(rows)
        assert found == expected, (
            f"report.{table} has {found - expected} and lacks {expected - found}"
        )
    assert published_nights(built) == right["nights"]


@dataclass(frozen=True)
class Outcome:
    """What a home holds in the end."""

    tables: dict[str, str]
    lake: dict[str, Any]


@cache
def in_order(seed: int) -> Outcome:
    """Every delivery there from the start, every night loaded once, in order, and built in full."""
    home = Path(_room().name) / f"in-order-{seed}"
    chosen = settings_of(home, sample(seed))
    follow([("load", f"{night}") for night in nights()], seed, chosen)
    built = build(chosen, full=True)
    assert_is_the_truth(built, seed)
    return Outcome(built.manifest["tables"], lake_content(chosen))


# Any order


def arrivals(seed: int, chance: random.Random) -> list[Step]:
    """Deliveries and loads in some order, builds among them; in the end every delivery is loaded.

    Nights are loaded before their delivery is there, between two of them, twice, and out of order;
    some are only loaded and wait to be judged by whatever comes next.
    """
    delivered = sorted(folder.name for folder in sample(seed).iterdir() if folder.is_dir())
    # Deliveries sent again would seldom be parted by a load if it were left to chance.
    again = {name.partition(".")[0] for name in delivered if "." in name}
    steps: list[Step] = [("deliver", name) for name in delivered]
    steps += [("load", f"{night}") for night in chance.sample(nights(), 3)]
    chance.shuffle(steps)
    found: list[Step] = []
    waiting = {f"{night}" for night in nights()}
    for what, name in steps:
        found.append((what, name))
        night = name.partition(".")[0]
        waiting.discard(night)
        if what == "deliver":
            if night in again or chance.random() < 0.5:
                found.append((chance.choice(["load", "run"]), night))
            else:
                waiting.add(night)
    late = chance.sample(sorted(waiting), len(waiting))
    found += [(chance.choice(["load", "run"]), night) for night in late]
    found.append(("run", f"{chance.choice(nights())}"))
    for place in sorted(chance.sample(range(len(found)), 2), reverse=True):
        found.insert(place, ("build", ""))
    return found


def follow(steps: list[Step], seed: int, chosen: Settings) -> None:
    for what, name in steps:
        if what == "deliver":
            copytree(sample(seed) / name, Path(str(chosen.exports)) / name)
        elif what == "run":
            run(date.fromisoformat(name), chosen)
        elif what == "load":
            for dataset in DATASETS:
                line.load(dataset, date.fromisoformat(name), chosen)
        else:
            try:
                build(chosen)
            except ExportMissing:
                lake = Lake(chosen.lake)
                assert not any(
                    r["status"] in ("ok", "partial") for d in DATASETS for r in lake.receipts(d)
                )


@pytest.mark.parametrize("seed", SEEDS)
def test_every_incident_is_in_the_sample(seed: int) -> None:
    """Else the properties below would hold of quiet weeks only."""
    found = incidents(seed)
    assert {"ok", "late", "held", "missing", "revised"} == {s for s, n in found.items() if n}


@pytest.mark.parametrize("seed", SEEDS)
@examples(
    max_examples=ORDERS,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # an order that fails is short enough to be read as it is
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True))
def test_any_order_of_arrival_ends_in_the_same_content(seed: int, chance: random.Random) -> None:
    """The truth, the content of an orderly load, and that of a build from nothing."""
    steps = arrivals(seed, chance)
    note("\n".join(" ".join(step) for step in steps))
    with TemporaryDirectory(dir=_room().name) as home:
        exports = Path(home) / "exports"
        exports.mkdir()
        chosen = settings_of(Path(home), exports)
        follow(steps, seed, chosen)
        built = build(chosen)
        assert_is_the_truth(built, seed)
        expected = in_order(seed)
        assert built.manifest["tables"] == expected.tables
        assert lake_content(chosen) == expected.lake
        full = build(chosen, full=True)
        assert full.is_new
        assert full.manifest["tables"] == built.manifest["tables"]
        assert lake_content(chosen) == expected.lake


# Deliveries of one night


NIGHT = QUIET[0]
LISTINGS = "listings.csv.gz"
EARLY, LATE = "2022-05-03T00:30:00+05:00", "2022-05-03T09:00:00+05:00"
TOO_LATE = "2022-05-04T00:30:00+05:00"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """An empty home whose exports arrive by `deliver`."""
    (tmp_path / "exports").mkdir()
    return settings_of(tmp_path / "home", tmp_path / "exports")


def deliver(chosen: Settings, night: date, revision: int = 1, exported_at: str | None = None,
            without: int = 0) -> Path:  # fmt: skip
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
    rows: int = receipt["rows"]["in"]
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
        assert {n: one[n] for n in told} == {n: other[n] for n in told}


def test_other_bytes_are_a_new_revision_and_both_are_kept(home: Settings) -> None:
    folder = deliver(home, NIGHT)
    run(NIGHT, home)
    lake = Lake(home.lake)
    path = lake.root / "receipts" / "sellers" / f"{NIGHT}.json"
    old = json.loads(path.read_text("utf-8"))
    drop_sellers(folder, 1)
    new = run(NIGHT, home)["sellers"]
    assert new["rows"]["in"] == old["rows"]["in"] - 1
    assert new["content"] != old["content"]
    assert new["replaced"][-1]["content"] == old["content"]
    assert json.loads(path.read_text("utf-8")) == new
    kept = path.with_name(f"{NIGHT}.{old['content'][:12]}.json")
    assert json.loads(kept.read_text("utf-8")) == old
    for part in [*old["parts"], *new["parts"]]:
        assert (lake.root / part["path"]).is_file()
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
    assert line.run("sellers", NIGHT, home)["status"] == "refused"
    at_once = settings_of(tmp_path / "at-once", Path(str(home.exports)))
    assert line.run("sellers", NIGHT, at_once)["status"] == "refused"
    one, other = (Lake(x.lake).receipt("sellers", NIGHT) for x in (home, at_once))
    assert one is not None and other is not None
    assert (one["status"], one["content"]) == (other["status"], other["content"])


def test_broken_delivery_that_was_taken_back_does_not_stand_in_the_way(home: Settings) -> None:
    broken = deliver(home, NIGHT, 2, LATE)
    break_sellers(broken)
    assert line.run("sellers", NIGHT, home)["status"] == "refused"
    rmtree(broken)
    deliver(home, NIGHT, 1, EARLY)
    assert line.run("sellers", NIGHT, home)["status"] == "ok"


def test_window_without_rows_is_a_night_with_none(home: Settings) -> None:
    """A day on which nobody inquired: the file is there and says so. That is no broken file."""
    (deliver(home, NIGHT) / "inquiries.json").write_text("[\n\n]\n", "utf-8")
    receipt = line.run("inquiries", NIGHT, home)
    assert (receipt["status"], receipt["reason"]) == ("ok", None)
    assert set(receipt["rows"].values()) == {0}


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
    path = Lake(chosen.lake).history("listings", night) / "changes.parquet"
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
    status: str = receipt["status"]
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
    assert len(current) == receipt["rows"]["accepted"]


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
    assert receipt["status"] == "ok"
    assert "released" in [w["code"] for w in receipt["warnings"]]
    assert release["reason"] == reason
    assert release["by"]
    assert release["content"] == receipt["content"]
    # Now it counts: what it does not list is gone, and it is what is published.
    assert changes(held.chosen, held.night)["gone"] > receipt["rows"]["accepted"] * 0.5
    live = publish.latest(held.chosen.published)
    assert live is not None
    assert publish.manifest(live)["export_date"] == f"{held.night}"
    current = published_rows(Built(live, False, {}), "marts.dim_listing")
    assert len(current) == receipt["rows"]["accepted"]
    # Nothing is left to be released, and the same again is no news.
    assert outlook(monkeypatch, *command) == 2
    assert outlook(monkeypatch, "run", "--date", f"{held.night}", "--quiet") == 0


def test_release_is_for_the_content_that_was_looked_at(held: HeldNight) -> None:
    """Another cut delivery of the same night is held again."""
    assert line.release(held.night, held.chosen, "somebody", "looked at") == ["listings"]
    assert status_of(held.chosen, held.night) == "ok"
    cut_listings(Path(str(held.chosen.exports)) / f"{held.night}")
    assert run(held.night, held.chosen)["listings"]["status"] == "held"
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
    expected = build(orderly).manifest
    assert expected["export_date"] == f"{QUIET[2]}"

    line.run("sellers", QUIET[3], home)
    assert build(home).manifest["export_date"] == f"{QUIET[3]}"
    for night in QUIET[:3]:
        line.run("sellers", night, home)
    build(home)
    assert not build(home).is_new, "every build without news makes another version"
    live = publish.latest(home.published)
    assert live is not None
    assert publish.manifest(live)["tables"] == expected["tables"]


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
