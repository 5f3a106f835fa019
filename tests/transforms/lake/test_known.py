"""What is known of receipts is what they say, and those of finished months are not read again."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import pytest

from transforms.errors import Damaged
from transforms.lake import Lake, Receipt, known
from transforms.lake.receipt import Drift, Listed, Part, Rows, Source, Warned, new_receipt
from transforms.place.folder import Folder

FIRST = date(2022, 4, 1)
NIGHTS = [FIRST + timedelta(days=n) for n in range(0, 80, 4)]  # of April, May and June


def receipt(night: date, title: str = "Title") -> Receipt:
    made = new_receipt("listings", night)
    listed = Listed(f"{night}", "listings.csv", 90, made.started_at, None)
    return replace(
        made,
        extent="census",
        content=f"c0ffee{night}",
        exported_at=made.started_at,
        listed=(listed,),
        rows=Rows(3, 2, 1, 0),
        reasons={"title: missing": 1},
        value_rejects={"price_min": {"not a price": 2}},
        drift=Drift((title,), ()),
        sources=(Source("listings.csv", 90, "a1", "a2", 3, {"title: missing": 1}),),
        parts=(Part("rows", f"listings/{night}/c0ffee/rows.parquet", 2, "b2"),),
        warnings=(Warned("new_column", title, 3), Warned("unread_form", "price", 1, "ten")),
        seconds=1.5,
    )


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr("transforms.place.folder.FRESH", 0)
    made = Lake(tmp_path)
    for night in NIGHTS:
        made.write_receipt(receipt(night))
    made.write_receipt(replace(new_receipt("listings", NIGHTS[3], "refused"), reason="no rows"))
    return made


@pytest.fixture
def read_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The nights whose receipts are read, as they are."""
    read: list[str] = []
    plain = Folder.read

    def noted(self: Folder, name: PurePosixPath) -> bytes | None:
        if name.parts[0] == "receipts":
            read.append(name.stem)
        return plain(self, name)

    monkeypatch.setattr(Folder, "read", noted)
    return read


def note_months(lake: Lake) -> None:
    with lake.lock("listings"):
        lake.note_months("listings")


def as_another_process(lake: Lake) -> list[Receipt]:
    known._MEMORY.clear()
    return Lake(lake.place).receipts("listings")


def documents(lake: Lake) -> list[Path]:
    return sorted(Path(f"{lake}", known.BY_MONTH, "listings").iterdir())


def test_only_receipts_of_the_last_month_are_read_again(lake: Lake, read_of: list[str]) -> None:
    before = lake.receipts("listings")
    assert [r.export_date for r in before] == NIGHTS and before[3].status == "refused"
    note_months(lake)
    assert [path.name for path in documents(lake)] == ["2022-04.json", "2022-05.json"]
    read_of.clear()
    again = as_another_process(lake)
    assert read_of == [f"{n}" for n in NIGHTS if n.month == 6]
    assert [r.as_json() for r in again] == [r.as_json() for r in before]
    # This process has read them, and needs no document either.
    read_of.clear()
    for path in documents(lake):
        path.unlink()
    assert lake.receipts("listings") == before and not read_of
    assert lake.receipts("listings", thorough=True) == before and len(read_of) == len(NIGHTS)


def test_a_receipt_that_was_written_again_is_read_again(lake: Lake, read_of: list[str]) -> None:
    note_months(lake)
    changed = receipt(NIGHTS[2], "Other")  # as many bytes
    lake.write_receipt(changed)
    read_of.clear()
    assert as_another_process(lake)[2] == changed and f"{NIGHTS[2]}" in read_of
    note_months(lake)
    read_of.clear()
    assert as_another_process(lake)[2] == changed and f"{NIGHTS[2]}" not in read_of


def test_damage_to_a_known_receipt_is_told(lake: Lake) -> None:
    note_months(lake)
    path = Path(f"{lake}", f"receipts/listings/{NIGHTS[2]}.json")
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"accepted": 2', b'"accepted": 9'))
    with pytest.raises(Damaged, match=f"{path} is not what was written"):
        lake.receipts("listings")
    with pytest.raises(Damaged, match=f"{path} is not what was written"):
        as_another_process(lake)
    damaged: dict[date, Damaged] = {}
    assert len(lake.receipts("listings", damaged)) == len(NIGHTS) - 1
    assert set(damaged) == {NIGHTS[2]}
    path.unlink()
    assert NIGHTS[2] not in {r.export_date for r in as_another_process(lake)}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:-9],
        lambda text: text.replace(b'"accepted":2', b'"accepted":9', 1),
        lambda text: text.replace(b'"mark"', b'"Mark"'),
        lambda text: b"[]",
        lambda text: b"\xff",
    ],
)
def test_a_damaged_document_is_left_alone_and_written_again(
    damage: Callable[[bytes], bytes], lake: Lake, read_of: list[str]
) -> None:
    before = lake.receipts("listings")
    note_months(lake)
    document = documents(lake)[0]
    whole = document.read_bytes()
    document.write_bytes(damage(whole))
    read_of.clear()
    assert as_another_process(lake) == before
    assert f"{NIGHTS[0]}" in read_of and f"{NIGHTS[-8]}" not in read_of
    note_months(lake)
    assert document.read_bytes() == whole


def test_a_document_of_other_code_is_left_alone(
    lake: Lake, read_of: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    note_months(lake)
    read_of.clear()
    monkeypatch.setattr(known, "_code", lambda: "other")
    as_another_process(lake)
    assert len(read_of) == len(NIGHTS)


def test_a_mark_of_this_moment_is_not_trusted(
    lake: Lake, read_of: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a tick of the clock a file may be written again, and keeps its mark."""
    monkeypatch.setattr("transforms.place.folder.FRESH", 60_000_000_000)
    known._MEMORY.clear()
    note_months(lake)
    assert not Path(f"{lake}", known.BY_MONTH).exists()
    read_of.clear()
    lake.receipts("listings")
    assert len(read_of) == len(NIGHTS)
    for path in Path(f"{lake}", "receipts/listings").iterdir():
        os.utime(path, (0, 0))
    note_months(lake)
    assert len(documents(lake)) == 2


def test_a_header_that_is_no_text_stops_nothing(lake: Lake) -> None:
    """JSON can spell half a surrogate pair, which is no UTF-8."""
    lake.write_receipt(receipt(NIGHTS[2], "\ud800"))
    note_months(lake)
    assert [path.name for path in documents(lake)] == ["2022-05.json"]
    assert as_another_process(lake)[2].drift.new_columns == ("\ud800",)


def test_what_a_link_leads_to_is_what_counts(lake: Lake, tmp_path: Path) -> None:
    path = Path(f"{lake}", f"receipts/listings/{NIGHTS[2]}.json")
    other = Path(f"{lake}", f"receipts/listings/{NIGHTS[1]}.json")
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    note_months(lake)
    (tmp_path / "elsewhere.json").write_bytes(other.read_bytes())
    with pytest.raises(Damaged, match=f"{path} is the receipt of another night"):
        lake.receipts("listings")
    (tmp_path / "elsewhere.json").unlink()
    assert len(as_another_process(lake)) == len(NIGHTS) - 1


@pytest.mark.parametrize("what", ["folder", "file", "loop", "deep"])
def test_whatever_stands_in_place_of_a_document_stops_nothing(
    what: str, lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    before = lake.receipts("listings")
    folder = Path(f"{lake}", known.BY_MONTH, "listings")
    document = folder / "2022-04.json"
    if what == "file":
        folder.parent.mkdir()
        folder.write_text("a file")
    else:
        folder.mkdir(parents=True)
        if what == "folder":
            (document / "within").mkdir(parents=True)
        elif what == "loop":
            document.symlink_to(document)
        else:
            document.write_bytes(b"[" * 100_000)
    assert as_another_process(lake) == before
    note_months(lake)
    assert as_another_process(lake) == before
    assert ("was not written" in caplog.text) is (what in ("folder", "file"))


def test_a_full_disk_stops_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Folder, "write", full)
    note_months(lake)
    assert "2022-04.json was not written: [Errno 28] No space left" in caplog.text
