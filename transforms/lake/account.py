"""What a fold or a month says of itself: what it was made from, and the hashes of its files."""

import logging
from pathlib import Path, PurePosixPath
from typing import Any

from transforms.errors import Damaged
from transforms.lake.fold import Link
from transforms.lake.lake import Lake
from transforms.place import Unsound, read_json
from transforms.storage import damage

log = logging.getLogger(__name__)

OF_A_FOLD = "fold.json"
OF_A_MONTH = "month.json"


def account(lake: Lake, folder: PurePosixPath, name: str = OF_A_FOLD) -> dict[str, Any] | None:
    """The account in a folder of the history; None if what it tells of must be made again."""
    what = "month" if name == OF_A_MONTH else "fold"
    try:
        found = read_json(lake.place, folder / name, f"the {what} is made again")
    except Damaged as error:
        log.warning("%s", error)
        return None
    # Older folds have no hashes.
    kinds = {"name": str, "files": dict} | ({"changes": dict} if what == "fold" else {})
    is_one = found and all(isinstance(found.get(k), kind) for k, kind in kinds.items())
    # Every fold has files, so an account of one without any is not valid.
    return found if is_one and (found["files"] or what == "month") else None  # type: ignore[index]


def file_of_fold(lake: Lake, dataset: str, link: Link, name: str) -> Path:
    """A file of a night's fold, on this machine, as it was written. Raises Damaged, also if the
    fold is of another chain: other rules or other nights made it."""
    folder, remedy = lake.history(dataset, link.night), "run `outlook build` to make it again"
    known = account(lake, folder) or {"name": link.name, "files": {}}
    if known["name"] != link.name:
        made_by = f"{lake.place.shown(folder)} was made by other rules or of other nights"
        raise Damaged(damage(made_by, remedy))
    try:
        return lake.place.verified(folder / name, known["files"].get(name, ""))
    except Unsound as fault:
        raise Damaged(damage(f"{fault}", remedy)) from None
