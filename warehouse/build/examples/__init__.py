"""Example queries for the published file: plain SQL whose first comment is the question.

They name tables by catalog, so that they run in the file itself and where it is attached.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """One example query."""

    name: str
    answers: str
    sql: str


@cache
def examples() -> tuple[Example, ...]:
    """Every example, by name."""
    return tuple(_load(path) for path in sorted(ROOM.glob("*.sql")))


def _load(path: Path) -> Example:
    lines = path.read_text("utf-8").splitlines()
    comment = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    query = [line for line in lines if not line.startswith("--")]
    return Example(path.stem, " ".join(comment), "\n".join(query).strip())
