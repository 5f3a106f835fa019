"""What deliveries say of themselves, however wrong: one named refusal, and never a traceback."""

import json
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from transforms import DATASETS
from transforms import night as line
from transforms.deliveries import exports, whole
from transforms.deliveries.manifest import read_calendar, read_manifest
from transforms.errors import SettingsError
from transforms.lake import Lake, Receipt
from transforms.sample import write_sample
from transforms.settings import settings
from warehouse import cli

NIGHT = date(2022, 6, 30)
DEEP = '{"files": ' + "[" * 50_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, NIGHT, NIGHT, scale=0.003)
    return folder / f"{NIGHT}"


@pytest.fixture
def delivery(home: Path, sample: Path) -> Path:
    """A night of which only sellers came, without a manifest."""
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir(parents=True)
    (folder / "sellers.csv").write_bytes((sample / "sellers.csv").read_bytes())
    return folder


def load(dataset: str = "sellers") -> Receipt:
    return line.load(dataset, NIGHT, settings())


def entry(**said: Any) -> dict[str, Any]:
    return {"files": [{"name": "sellers.csv", "dataset": "sellers", **said}]}


WRONG: dict[str, Any] = {
    "a word for a number": entry(bytes="12"),
    "rows true": entry(rows=True),
    "rows below none": entry(rows=-1),
    "rows a fraction": entry(rows=1.5),
    "no number at all": '{"files": [{"name": "sellers.csv", "rows": NaN}]}',
    "a number of 5,000 digits": '{"files": [{"name": "sellers.csv", "rows": ' + "9" * 5000 + "}]}",
    "a number for a name": {"files": [{"name": 5}]},
    "no name": {"files": [{"dataset": "sellers"}]},
    "files null": {"files": None},
    "files an object": {"files": {"sellers.csv": {}}},
    "entries of words": {"files": ["sellers.csv"]},
    "a number for a hash": entry(sha256=12),
    "half a hash": entry(sha256="abc"),
    "a list for a dataset": entry(dataset=["sellers"]),
    "an unknown dataset": entry(dataset="products"),
    "an unknown dataset of a hostile name": entry(dataset="\x1b[31m\ud800" * 50),
    "a path": {"files": [{"name": "../sellers.csv"}]},
    "a path of Windows": {"files": [{"name": "x\\sellers.csv"}]},
    "a name of one dot": {"files": [{"name": "."}]},
    "a name that is no text": {"files": [{"name": "sellers\ud800.csv"}]},
    "a name with a line end": {"files": [{"name": "sellers\n.csv"}]},
    "a file twice": {"files": [{"name": "sellers.csv"}, {"name": "sellers.csv", "rows": 9}]},
    "a key twice": '{"files": [], "files": [{"name": "sellers.csv"}]}',
    "a time that is a number": {"exported_at": 1656547200},
    "a time of words": {"exported_at": "yesterday"},
    "a month that there is not": {"exported_at": "2022-13-30T00:00:00"},
    "a time before time": {"exported_at": "0001-01-01T00:00:00+14:00"},
    "a time after time": {"exported_at": "9999-12-31T23:59:59-14:00"},
    "a time that is false": {"exported_at": False},
    "a list": [],
    "null": None,
    "nothing": "",
    "nested deeply": DEEP,
    "huge": '{"files": []' + " " * (5 << 20) + "}",
    "no UTF-8": b'{"files": [{"name": "caf\xe9"}]}',
    "half a manifest": '{"files": [{"name"',
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_manifest_refuses_the_dataset(wrong: str, delivery: Path) -> None:
    told = WRONG[wrong]
    text = told if isinstance(told, str | bytes) else json.dumps(told)
    data = text if isinstance(text, bytes) else text.encode()
    (delivery / exports.MANIFEST).write_bytes(data)
    receipt = load()
    assert receipt.status == "refused"
    assert (receipt.reason or "").startswith("manifest: ")
    assert (receipt.reason or "").isprintable()
    assert len(receipt.reason or "") < 400
    assert Lake(settings().lake).receipt("sellers", NIGHT) == receipt


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16"])
def test_a_byte_order_mark_is_no_fault(encoding: str, delivery: Path, home: Path) -> None:
    told = entry(bytes=(delivery / "sellers.csv").stat().st_size)
    (delivery / exports.MANIFEST).write_text(json.dumps(told), encoding)
    calendar = [{"from": "2022-06-01", "to": "2022-06-30", "every": "month"}]
    (home / "exports" / exports.CALENDAR).write_text(json.dumps(calendar), encoding)
    assert load().status == "ok"
    assert exports.due_nights(settings().exports, date(2022, 6, 1), NIGHT) == [NIGHT]


def test_an_unknown_dataset_is_not_nothing(delivery: Path) -> None:
    """Nor does it stand in the way of those that have a file of their own."""
    (delivery / "goods.csv").write_text("a,b\n1,2\n")
    told = {"files": [{"name": "goods.csv", "dataset": "products"}]}
    (delivery / exports.MANIFEST).write_text(json.dumps(told))
    assert load("sellers").status == "ok"
    for dataset in ("listings", "inquiries"):
        receipt = load(dataset)
        assert receipt.status == "refused"
        assert "'products'" in (receipt.reason or "")
        assert "goods.csv" in (receipt.reason or "")
        assert whole.landed(settings().exports, dataset, NIGHT), "nobody would look at it"


def test_a_promised_file_that_is_there_is_not_called_absent(delivery: Path) -> None:
    """Though it is no export: a checksum, say."""
    (delivery / "sha256.md5x").write_text("")
    told = {"files": [{"name": "sellers.csv"}, {"name": "sha256.md5x"}]}
    (delivery / exports.MANIFEST).write_text(json.dumps(told))
    assert load().status == "ok"


def test_of_many_absent_files_a_few_are_named(delivery: Path) -> None:
    told = {"files": [{"name": f"sellers_{n}.csv"} for n in range(9_000)]}
    (delivery / exports.MANIFEST).write_text(json.dumps(told))
    assert "and 8,995 more" in (load().reason or "")


# Names and kinds of files


def test_a_name_of_250_characters_is_loaded(delivery: Path) -> None:
    name = "sellers_" + "x" * 238 + ".csv"
    (delivery / "sellers.csv").rename(delivery / name)
    receipt = load()
    assert receipt.status == "ok"
    assert receipt.sources[0].name == name


@pytest.mark.parametrize(
    "name",
    [
        b"sellers_\xff\xfe.csv",
        b"sellers\n.csv",
        b"sellers\x1b[31m.csv",
        b"\xe9.csv",
        "sellers\u202evsc.csv".encode(),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused(name: bytes, delivery: Path) -> None:
    os.rename(delivery / "sellers.csv", os.fsencode(delivery) + b"/" + name)
    receipt = load()
    assert receipt.status == "refused"
    assert "rename it" in (receipt.reason or "")
    assert (receipt.reason or "").isprintable()


@pytest.mark.parametrize("kind", ["link", "link to nothing", "link in a circle", "pipe", "folder"])
def test_what_is_no_file_of_the_delivery_is_refused(kind: str, delivery: Path) -> None:
    path = delivery / "sellers.csv"
    data = path.read_bytes()
    path.unlink()
    if kind == "link":
        (delivery.parent / "elsewhere.csv").write_bytes(data)
        path.symlink_to("../elsewhere.csv")
    elif kind == "link to nothing":
        path.symlink_to("nothing.csv")
    elif kind == "link in a circle":
        path.symlink_to("sellers.csv")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    receipt = load()
    assert receipt.status == "refused"
    assert f"{NIGHT}/sellers.csv" in (receipt.reason or "")


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_manifest_that_is_no_file_is_refused(kind: str, delivery: Path, tmp_path: Path) -> None:
    path = delivery / exports.MANIFEST
    if kind == "link":
        (tmp_path / "secret.json").write_text("{}")
        path.symlink_to(tmp_path / "secret.json")
    else:
        os.mkfifo(path)
    assert (load().reason or "").startswith(f"manifest: {NIGHT}/manifest.json cannot be read")


def test_a_link_within_the_delivery_is_taken(delivery: Path) -> None:
    (delivery / "sellers.csv").rename(delivery / "data.bin")
    (delivery / "sellers.csv").symlink_to("data.bin")
    assert load().status == "ok"


# The calendar


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "5",
        "null",
        '["2022-01-01"]',
        "[[]]",
        "[" * 50_000,
        '[{"from": "2022-01-01"}]',
        '[{"from": 1, "to": 2, "every": "night"}]',
        '[{"from": "2022-13-01", "to": "2022-12-31", "every": "night"}]',
        '[{"from": "0001-01-01", "to": "9999-12-31", "every": "night"}]',
        '[{"from": "2022-02-01", "to": "2022-01-01", "every": "night"}]',
        '[{"from": "2022-01-01", "to": "2022-02-01", "every": "fortnight"}]',
        '[{"from": "2022-01-01", "to": "2022-02-01", "every": ["night"]}]',
        '[{"from": "2022-01-01", "from": "2022-02-01", "to": "2022-03-01", "every": "night"}]',
    ],
)
def test_a_wrong_calendar_stops_with_one_sentence(
    text: str,
    home: Path,
    delivery: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (home / "exports" / exports.CALENDAR).write_text(text)
    with pytest.raises(SettingsError, match="calendar.json cannot be read"):
        exports.due_nights(settings().exports, NIGHT, NIGHT)
    monkeypatch.setattr(sys, "argv", ["outlook", "run", "--date", f"{NIGHT}", "--quiet"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert "calendar.json cannot be read" in capsys.readouterr().err


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["sellers.csv", "sellers", "night", "2022-06-30", "../x", "9999-12-31"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "files",
                    "name",
                    "dataset",
                    "bytes",
                    "rows",
                    "sha256",
                    "exported_at",
                    "from",
                    "to",
                    "every",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries(
    {"name": st.just("sellers.csv") | JSON},
    optional=dict.fromkeys(("dataset", "bytes", "rows", "sha256"), JSON),
)
MANIFESTS = JSON | st.fixed_dictionaries(
    {"files": st.lists(ENTRY | JSON, max_size=3)}, optional={"exported_at": JSON}
)
STRETCH = st.fixed_dictionaries({"from": JSON, "to": JSON, "every": JSON})


@hypothesis_settings(
    max_examples=int(os.environ.get("OUTLOOK_TEST_FUZZ", "150")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(MANIFESTS | st.lists(STRETCH, max_size=3))
@example({"files": [{"name": "\ud800"}]})
@example([{"from": "2022-01-01", "to": "2022-01-01", "every": {}}])
def test_any_json_is_read_or_named(tmp_path: Path, told: Any) -> None:
    path = tmp_path / "told.json"
    path.write_text(json.dumps(told))
    for read in (read_manifest, read_calendar):
        found: Any = None
        wrong = ""
        try:
            found = read(path.read_bytes())
        except ValueError as error:
            wrong = str(error)
        assert wrong.isprintable()
        assert len(wrong) < 300
        if wrong:
            continue
        if read is read_manifest:
            assert found.exported_at is None or found.exported_at < datetime(2201, 1, 1, tzinfo=UTC)
            assert all(isinstance(v, dict) for v in found.files.values())
        else:
            assert all(first <= last for first, last, _ in found)


@given(st.binary(max_size=200))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_named(tmp_path: Path, told: bytes) -> None:
    path = tmp_path / "told.json"
    path.write_bytes(told)
    for read in (read_manifest, read_calendar):
        try:
            read(path.read_bytes())
        except ValueError:
            continue


def test_every_dataset_is_refused_by_a_manifest_beside_nothing(delivery: Path) -> None:
    (delivery / "sellers.csv").unlink()
    (delivery / exports.MANIFEST).write_text("{")
    assert [load(d).status for d in DATASETS] == ["refused"] * 3
