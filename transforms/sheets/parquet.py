"""Test-reads a Parquet file."""

import os
import resource

ROWS, MOST_CELLS = 50_000, 4 << 20  # of a batch


def parquet(path: str, memory: int) -> None:
    """Reads the whole file, its texts as dictionaries. Damage is reported later."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # others reserve more than they use
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    try:
        schema = pq.read_schema(path)
        texts = [f.name for f in schema if f.type in (pa.string(), pa.large_string())]
        with pq.ParquetFile(path, read_dictionary=texts) as whole:
            rows = max(1, min(ROWS, MOST_CELLS // max(len(schema), 1)))
            for _ in whole.iter_batches(rows, use_threads=False):
                pass
    except MemoryError:
        raise
    except (pa.ArrowException, OSError):
        return
