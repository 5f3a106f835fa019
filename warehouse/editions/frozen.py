"""Frozen editions on disk: which exist, and whether they are unchanged.

`published/editions/FY2022.r1/` holds the rows of every report table of that edition as Parquet, and
a manifest with hashes, code, lake and the calendar of nights. A reason that is given later, while
no figure changes, is a file beside them: the frozen files never change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from transforms.errors import PublishError
from transforms.storage import damage, read_json, sha256
from warehouse import versions

FROM_BACKUP = "restore it from a backup, since a frozen edition cannot be made again"

FOLDER = re.compile(r"[A-Z]{2}\d{4}\.r\d+")


@dataclass(frozen=True)
class Frozen:
    """A frozen edition; `is_new` is false if the same rows had been frozen before."""

    folder: Path
    manifest: dict[str, Any]
    is_new: bool = False

    @property
    def status(self) -> str:
        return "final" if self.manifest["revision"] == 1 else "corrected"

    @property
    def frozen_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["frozen_at"])

    @property
    def given(self) -> list[Path]:
        """Files of the reasons given since it was frozen, oldest first."""
        return sorted(self.folder.glob("reason-*.json"))

    @property
    def reasons(self) -> dict[str, str | None]:
        """Each reason and the day on which it was given; None for the day of the freeze."""
        first = self.manifest["reason"]
        since = [read_json(path, FROM_BACKUP) or {} for path in self.given]
        return ({first: None} if first else {}) | {g["reason"]: g["at"][:10] for g in since}

    @property
    def reason(self) -> str | None:
        """All reasons as one text."""
        told = [f"{on}: {text}" if on else text for text, on in self.reasons.items()]
        return "; ".join([*(t.rstrip(".") for t in told[:-1]), *told[-1:]]) or None


def verify(one: Frozen) -> None:
    """Raises PublishError if a file has changed since it was frozen."""
    for fault in faults(one):
        raise PublishError(fault)


def faults(one: Frozen) -> Iterator[str]:
    """A message for every file that has changed or is gone since it was frozen."""
    for name, entry in one.manifest["tables"].items():
        path = one.folder / f"{name}.parquet"
        if not path.is_file() or sha256(path) != entry["sha256"]:
            state = "is not what was frozen" if path.is_file() else "is gone"
            yield _damaged(f"{path} {state}")


def newest(published: Path, edition: str) -> Frozen | None:
    """The latest revision of a frozen edition, if there is one."""
    return next((f for f in last_of_each(published) if f.manifest["edition"] == edition), None)


def last_of_each(published: Path) -> list[Frozen]:
    """The latest revision of every frozen edition."""
    last: dict[str, Frozen] = {}
    for one in every(published):
        last[one.manifest["edition"]] = one
    return [last[edition] for edition in sorted(last)]


def every(published: Path) -> list[Frozen]:
    """All revisions, oldest of each edition first. Raises PublishError for an incomplete one."""
    found = []
    folders = [f for f in (published / "editions").glob("*") if FOLDER.fullmatch(f.name)]
    for folder in folders:
        if not (folder / "manifest.json").is_file():
            raise PublishError(_damaged(f"{folder} has no manifest.json"))
        found.append(Frozen(folder, versions.manifest(folder, FROM_BACKUP)))
    return sorted(found, key=lambda f: (f.manifest["edition"], f.manifest["revision"]))


def hashes(published: Path) -> dict[str, str]:
    """Hash of the manifest of every revision, by the name of its folder, and of the reasons given
    since."""
    known = every(published)
    return {f.folder.name: sha256(f.folder / "manifest.json") for f in known} | {
        f"{f.folder.name}/{path.name}": sha256(path) for f in known for path in f.given
    }


def missed(published: Path, known: dict[str, str]) -> None:
    """Raises PublishError if an edition is gone or differs from `known`: the hashes that the live
    version was made with."""
    found = hashes(published)
    for name, digest in known.items():
        if found.get(name) != digest:
            state = "was changed" if name in found else "is gone"
            raise PublishError(_damaged(f"{published / 'editions' / name} {state}"))


def fingerprint(published: Path) -> str:
    """Text that identifies the frozen editions: if they change, a build is out of date."""
    return " ".join(f"{name}:{digest}" for name, digest in hashes(published).items())


def _damaged(what: str) -> str:
    return damage(what, FROM_BACKUP)
