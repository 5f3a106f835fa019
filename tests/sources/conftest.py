"""A partner's folder with two nights in it, and the servers that deliver it."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.sources import servers
from tests.sources.servers import Server
from tests.sources.web import Web, web
from transforms.sample import write_sample
from transforms.settings import Settings, settings

NIGHT, NEXT = date(2022, 6, 29), date(2022, 6, 30)
KEY = "a key for tests of thirty-two ch"


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, NIGHT, NEXT, scale=0.01)
    return folder


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and certificates."""
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the servers serve: a bucket `partner` with a folder `drop`."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "partner" / "drop").mkdir(parents=True)
    return folder


@pytest.fixture
def drop(places: Path, sample: Path) -> Path:
    """The partner's folder, as it was at first."""
    folder = places / "partner" / "drop"
    shutil.rmtree(folder)
    shutil.copytree(sample, folder)
    return folder


@pytest.fixture(scope="session")
def sftp_server(places: Path, room: Path) -> Iterator[Server]:
    with servers.sshd(places / "partner" / "drop", room) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(places: Path) -> Iterator[Server]:
    with servers.rclone(places) as server:
        yield server


@pytest.fixture(scope="session")
def web_server(places: Path, room: Path) -> Iterator[tuple[Web, Server]]:
    with web(places / "partner", room, "/drop") as both:
        yield both


@pytest.fixture
def behaved(web_server: tuple[Web, Server]) -> Web:
    """The web server, as it is before a test makes it misbehave."""
    server = web_server[0]
    server.fault, server.lists, server.ranges = None, True, True
    server.asked.clear()
    return server


@pytest.fixture
def server(request: pytest.FixtureRequest, drop: Path) -> Server:
    """The server that the test names."""
    kind: str = request.param
    if kind == "https":
        request.getfixturevalue("behaved")
        both: tuple[Web, Server] = request.getfixturevalue("web_server")
        return both[1]
    found: Server = request.getfixturevalue(f"{kind}_server")
    return found


QUICK = {
    "OUTLOOK_SOURCE_CONNECT": "5",
    "OUTLOOK_SOURCE_READ": "1",
    "OUTLOOK_SOURCE_WHOLE": "8",
    "OUTLOOK_SOURCE_TRIES": "3",
    "OUTLOOK_SOURCE_PAUSE": "0.05",
    "OUTLOOK_SOURCE_UNCHANGED": "0",
}


def chosen(
    home: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    port: int | None = None,
    **more: str,
) -> Settings:
    """Settings of a home that reads from a server. AWS reads its own from the environment."""
    environ = {**QUICK, **server.settings(port), **more}
    for name, text in environ.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, text)
    return settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY, **environ})
