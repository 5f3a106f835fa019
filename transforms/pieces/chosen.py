"""The engine that the settings name, for as long as one night is worked on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.errors import SettingsError
from transforms.pieces.engines import Engine, Local, Pool
from transforms.pieces.spark import Cluster, Spark
from transforms.settings import Settings


@contextmanager
def engine_of(settings: Settings, work: str, scratch: Path) -> Iterator[Engine]:
    """The engine that the settings name. `work` says for messages what it works on; the machines of
    a cluster find its jobs in `scratch`."""
    if settings.engine == "local":
        yield Local(work)
        return
    pool = _pool(settings, work, scratch)
    try:
        yield pool
    except BaseException:
        pool.close(at_once=True)
        raise
    pool.close(at_once=False)


def _pool(settings: Settings, work: str, scratch: Path) -> Pool:
    if settings.engine != "spark":
        return Pool(work, settings.workers, is_on=settings.engine == "pool")
    if not settings.spark:
        raise SettingsError(
            f"the engine is spark, but OUTLOOK_SPARK names no master. Nothing of {work} was "
            "loaded: set it to spark://host:7077, or use another engine."
        )
    cluster = Cluster(settings.spark, settings.hashing_key(), scratch)
    return Spark(work, settings.workers, cluster)
