"""A process that writes to a lake in a bucket, and that may stop or die at a moment of its choice.

`python -m tests.bucket.writer commit FIRST LAST STEP [MOMENT SIGNAL]` commits revisions of a night;
`… count ROUNDS` adds one to a number under the lock. Each prints what became of it as JSON.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.errors import TakenOver
from transforms.lake import Lake
from transforms.lake.commit import commit
from transforms.lake.receipt import Part, Rows, new_receipt
from transforms.lease import leased
from transforms.place import read_json, write_json
from transforms.place.bucket import Bucket
from transforms.place.tenure import Tenure
from transforms.settings import settings
from transforms.storage import sha256, sha256_of

NIGHT = date(2022, 6, 30)
NUMBER = PurePosixPath("receipts", "sellers", "number.json")
RECEIPT = PurePosixPath("receipts", "sellers", f"{NIGHT}.json")
# After which function a process stops, and of which of its arguments.
MOMENTS: dict[str, tuple[type, str, Any]] = {
    "parts": (Bucket, "put", None),  # its parts are in the bucket, its receipt is not
    "intent": (Tenure, "intend", RECEIPT),  # it holds the lock, and is about to write the receipt
    "receipt": (Bucket, "_written", RECEIPT),  # the receipt counts, and the lock is still its own
}


def committed(lake: Lake, revision: int) -> str:
    """Commits one revision of the night; returns the content that counts afterwards."""
    before = lake.sound_receipt("sellers", NIGHT)
    with tempfile.TemporaryDirectory() as room:
        parts = Path(room) / "parts"
        parts.mkdir()
        path = parts / "rows.parquet"
        pq.write_table(pa.table({"revision": [revision] * 100}), path)
        part = Part("rows", path.name, 100, sha256(path))
        made = new_receipt("sellers", NIGHT)
        receipt = type(made)(
            **{
                **{name: getattr(made, name) for name in made.__dataclass_fields__},
                "revision": revision,
                "extent": "census",
                "content": sha256_of(str(revision)),
                "rows": Rows(100, 100, 0, 0),
                "parts": (part,),
            }
        )
        return str(commit(lake, receipt, parts, Path(room), before).content)


def at(moment: str, number: signal.Signals) -> None:
    """Sends this process a signal once, after that moment."""
    owner, name, of_this = MOMENTS[moment]
    do: Callable[..., Any] = getattr(owner, name)
    sent: list[signal.Signals] = []

    def done(*of: Any) -> Any:
        found = do(*of)
        if not sent and (of_this is None or of_this in of):
            sent.append(number)
            os.kill(os.getpid(), number)
        return found

    setattr(owner, name, done)


def commits(first: int, last: int, step: int) -> dict[str, Any]:
    lake = Lake(settings().place)
    found: dict[str, Any] = {"counts": [], "taken_over": 0}
    for revision in range(first, last + 1, step):
        try:
            found["counts"].append(committed(lake, revision))
        except TakenOver as error:
            found["taken_over"] += 1
            found["said"] = str(error)
    return found


def counts(rounds: int) -> dict[str, Any]:
    place = settings().place
    for _ in range(rounds):
        with leased(place.lock(".lock-sellers")):
            known = read_json(place, NUMBER, "") or {"number": 0}
            write_json(place, NUMBER, {"number": known["number"] + 1})
    return {"rounds": rounds}


if __name__ == "__main__":
    what, *of = sys.argv[1:]
    if what == "count":
        print(json.dumps(counts(int(of[0]))))
    else:
        if of[3:]:
            at(of[3], signal.Signals[of[4]])
        print(json.dumps(commits(*map(int, of[:3]))))
