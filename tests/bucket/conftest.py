"""One store for all of these tests; each has a lake of its own in it."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sources import servers
from tests.sources.servers import Server
from transforms.place.bucket import Bucket
from transforms.settings import Settings, settings

KEY = "a key for tests of thirty-two ch"


@dataclass(frozen=True)
class Lakes:
    """The store, and the environment of processes that keep their lake in it."""

    server: Server
    room: Path
    name: str = field(default_factory=lambda: f"s3://lake/{uuid.uuid4().hex[:8]}")

    def environ(self, machine: str, port: int | None = None, **more: str) -> dict[str, str]:
        """The environment of one machine: its home, and the lake that it shares with others."""
        at = {k: v.replace("{port}", str(port or self.server.port)) for k, v in self._given()}
        home = self.room / machine
        home.mkdir(exist_ok=True)
        return {
            **at,
            "OUTLOOK_HOME": str(home),
            "OUTLOOK_KEY": KEY,
            "OUTLOOK_LAKE": self.name,
            "OUTLOOK_SOURCE_UNCHANGED": "0",
            "OUTLOOK_SOURCE_PAUSE": "0.05",
            **more,
        }

    def settings(self, machine: str, port: int | None = None, **more: str) -> Settings:
        return settings(self.environ(machine, port, **more))

    def objects(self) -> dict[str, bytes]:
        """All that is stored of this lake, without its locks."""
        place = self.settings("looker").place
        assert isinstance(place, Bucket)
        names = [one.name for one in place.objects.listed("")]
        found = {str(n): place.objects.get(n) for n in names if not n.name.startswith(".lock-")}
        return {name: one[0] for name, one in found.items() if one}

    def _given(self) -> list[tuple[str, str]]:
        return list(self.server.environ.items())


@pytest.fixture(scope="session")
def weed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.weed(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture
def lakes(weed_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lakes:
    for name, text in weed_server.environ.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, text)
    return Lakes(weed_server, tmp_path)


def told(text: str) -> dict[str, object]:
    """The last line that a process printed, as JSON."""
    found: dict[str, object] = json.loads(text.strip().splitlines()[-1])
    return found
