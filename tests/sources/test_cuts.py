"""Connections that are cut, stall or crawl: a file is whole or not there, and the error says why.

Each protocol is cut by cutproxy.py after 0 bytes, one, half of all and all but one, by reset, close
and silence, and slowed to 1 kB/s; once, which must heal, and at every try, which must end. The
suite takes a sample, `OUTLOOK_TEST_SOURCES=1` (`make sources`) takes all and prints the table.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.conftest import NEXT, chosen
from tests.sources.servers import Server, counting, cut
from transforms.deliveries import exports
from transforms.deliveries.landing import land
from transforms.errors import SourceUnreachable
from transforms.settings import Settings
from transforms.storage import sha256

WHOLE = os.environ.get("OUTLOOK_TEST_SOURCES") == "1"
POINTS = ("0", "1", "half", "last byte")
MODES = ("rst", "fin", "stall")
CASES = [
    (kind, point, mode, often)
    for kind in ("sftp", "s3", "https")
    for point in POINTS
    for mode in MODES
    for often in ("once", "always")
]
SAMPLE = [case for n, case in enumerate(CASES) if n % 5 == 0]
CRAWLING = [(kind, "0", "slow", "always") for kind in ("sftp", "s3", "https")]


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    rows: list[str] = []
    yield rows
    if WHOLE:
        print("\n" + "\n".join(rows))


@pytest.fixture(scope="module")
def sizes() -> dict[str, int]:
    """How many bytes each server sends for a night, once it has been counted."""
    return {}


def fetched(away: Settings, folder: Path) -> dict[str, str]:
    """Lands every file of the night; returns their hashes."""
    [delivery] = exports.deliveries(away.exports, NEXT)
    return {f.name: land(f, NEXT, folder).sha256 for f in delivery.files}


@pytest.mark.parametrize(
    ("server", "point", "mode", "often"),
    (CASES if WHOLE else SAMPLE) + (CRAWLING if WHOLE else CRAWLING[2:]),
    indirect=["server"],
)
def test_a_file_is_whole_or_not_there(
    server: Server,
    point: str,
    mode: str,
    often: str,
    drop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sizes: dict[str, int],
    table: list[str],
) -> None:
    truth = {p.name: sha256(p) for p in (drop / f"{NEXT}").iterdir()}
    if server.scheme not in sizes:
        with counting(server.port) as counted:
            away = chosen(tmp_path, server, monkeypatch, counted.server_address[1])
            fetched(away, tmp_path / "counted")
            sizes[server.scheme] = max(counted.sent)
    total = sizes[server.scheme]
    after = {"0": 0, "1": 1, "half": total // 2, "last byte": total - 1}[point]
    cuts = "-1" if mode == "slow" else f"{after},-1" if often == "once" else f"{after}"
    landing = tmp_path / "landing"
    with cut(server.port, cuts, mode) as port:
        away = chosen(tmp_path, server, monkeypatch, port)
        try:
            got = fetched(away, landing)
            said = "whole"
        except SourceUnreachable as error:
            got, said = {}, str(error).split("reached: ")[1].split(". Whether")[0]
    table.append(f"{server.scheme:<5} {point:<9} {mode:<5} {often:<6} {said}")
    left = [p for p in landing.rglob("*") if p.is_file() and not p.name.startswith(".lock")]
    for path in left:
        name = path.name.split("-", 1)[1]
        assert sha256(path) == truth[name], f"{path.name} is not whole"
    if often == "once":
        assert said == "whole" and got
    elif point in ("0", "1"):
        assert any(word in said for word in ("broke off", "in time", "took longer"))
    for name, digest in got.items():
        assert digest == truth[name]
