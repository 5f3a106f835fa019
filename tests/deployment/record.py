"""What happened in a deployment: when each version was published, what was expected and came."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tests.deployment.servers import Airflow
from tests.oracle import truth
from tests.test_order import as_rows
from transforms import engine
from warehouse import versions


@dataclass
class Record:
    """Lines of a table, and what was not as it should be."""

    airflow: Airflow
    lines: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    published: dict[str, datetime] = field(default_factory=dict)
    mail: int = 0

    def note(self, what: str) -> None:
        self.lines.append((f"{self.airflow.clock.now():%m-%d %H:%M}", what))
        print(*self.lines[-1], flush=True)

    def expect(self, holds: bool, what: str) -> None:
        """Notes it, and goes on: one table shows everything that is wrong."""
        self.note(f"{'ok  ' if holds else 'NOT '} {what}")
        if not holds:
            self.wrong.append(what)

    def look(self) -> None:
        """Notes versions and messages that are new."""
        for folder in sorted(self.airflow.home.glob("published/2*")):
            if folder.name not in self.published and (folder / "manifest.json").exists():
                self.published[folder.name] = self.airflow.clock.now()
                self.note(f"     published {folder.name}, latest is {self.live()}")
        for message in self.airflow.mailbox.messages[self.mail :]:
            self.note(f"     mail: {message['Subject']}")
        self.mail = len(self.airflow.mailbox.messages)

    def live(self) -> str | None:
        live = versions.latest(self.airflow.home / "published")
        return live.name if live else None

    def expect_night(self, night: Any, how: str) -> None:
        """The night is published, and live."""
        self.look()
        self.expect((self.live() or "").split(".")[0] == f"{night}", f"{night} is live: {how}")

    def messages(self) -> list[str]:
        return [str(m["Subject"]) for m in self.airflow.mailbox.messages]

    def table(self) -> Iterable[str]:
        yield from (f"{when}  {what}" for when, what in self.lines)
        yield f"{len(self.wrong)} not as expected" + "".join(f"\n  {w}" for w in self.wrong)


def differences(published: Path, stock: Path) -> list[str]:
    """The report tables of the live version that are not the truth of the stock."""
    right = truth(stock)["report"]
    assert right, "the truth has no tables: nothing would be compared"
    live = versions.latest(published)
    assert live, "nothing is published"
    with duckdb.connect(str(live / versions.FILE), read_only=True) as db:
        found = {table: engine.rows(db, f"FROM report.{table}") for table in right}
    return [table for table, rows in right.items() if as_rows(found[table]) != as_rows(rows)]


def content(version: Path) -> dict[str, str]:
    """Hash of each table of a version."""
    tables: dict[str, str] = versions.manifest(version)["tables"]
    return tables
