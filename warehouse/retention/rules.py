"""The rules of rules.toml, and what a rule removed."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Rule:
    """One rule: what it deletes, why, and its numbers (days, or how many are kept)."""

    name: str
    what: str
    why: str
    numbers: dict[str, int]

    def days(self, name: str = "days") -> timedelta:
        return timedelta(days=self.numbers[name])


@dataclass(frozen=True)
class Removed:
    """A file or folder that a rule removed, or would remove: its name in the data folder."""

    rule: str
    name: str
    bytes: int


def _rules() -> dict[str, Rule]:
    found = tomllib.loads(Path(__file__).with_name("rules.toml").read_text("utf-8"))
    return {name: Rule(name, of.pop("what"), of.pop("why"), of) for name, of in found.items()}


RULES = _rules()


def is_older(path: Path, than: timedelta, now: datetime) -> bool:
    """Whether a file or folder was last changed so long ago; false if it is gone."""
    try:
        return now - datetime.fromtimestamp(path.lstat().st_mtime, UTC) > than
    except FileNotFoundError:
        return False


def bytes_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size
    return sum(p.lstat().st_size for p in path.rglob("*") if not p.is_dir())
