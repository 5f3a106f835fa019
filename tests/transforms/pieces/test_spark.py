"""Spark: a cluster makes the same bytes as this process, and no secret goes there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.transforms.pieces.cluster import KEY, cluster, lacking
from tests.transforms.pieces.test_pieces import FILES, PIECE, night
from tests.transforms.read.test_formats import as_csv, generated
from transforms.errors import SettingsError
from transforms.pieces.chosen import engine_of
from transforms.pieces.spark import fingerprint, pickled, session, unpickled
from transforms.read import opened
from transforms.settings import Settings, settings


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a run on a cluster of two workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        # What runs for seconds is not worth compiling twice, nor collecting in parallel.
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        with cluster(tmp_path_factory.mktemp("spark"), workers=2) as master:
            environ = {"OUTLOOK_ENGINE": "spark", "OUTLOOK_SPARK": master, "OUTLOOK_KEY": KEY}
            yield settings(environ | {"OUTLOOK_WORKERS": "2"})
            session(master, "").stop()


def inquiries() -> bytes:
    headers, rows = generated("inquiries")
    return as_csv(headers, [[*row[:-1], f"{n}"] for n, row in enumerate(rows * 4)])


@pytest.mark.skipif(lacking() is not None, reason=f"no Spark: {lacking()}")
@pytest.mark.parametrize("dataset", ["listings", "inquiries"])
def test_a_cluster_makes_the_same_bytes(
    dataset: str, on_spark: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "PIECE", PIECE)
    path = tmp_path / f"{dataset}.csv"
    path.write_bytes(FILES["listings.csv"] if dataset == "listings" else inquiries())
    found = []
    for chosen in (replace(on_spark, engine="local"), on_spark):
        folder = tmp_path / chosen.engine
        with engine_of(chosen, f"{dataset} on {chosen.engine}", tmp_path) as engine:
            found.append(night([path], dataset, folder, engine)[0])
    assert found[0] == found[1]
    assert len([part for part in found[0].parts if part.part == "rows"]) > 2
    assert not list(tmp_path.glob("job-*"))


def test_the_key_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    key = KEY.encode()
    sent = pickled({"key": key, "other": b"other"}, key)
    assert key not in sent
    monkeypatch.setenv("OUTLOOK_KEY", KEY)
    assert unpickled(sent, fingerprint(key)) == {"key": key, "other": b"other"}
    monkeypatch.setenv("OUTLOOK_KEY", "another key of thirty-two letter")
    with pytest.raises(SettingsError, match="a Spark worker has another OUTLOOK_KEY than this run"):
        unpickled(sent, fingerprint(key))
