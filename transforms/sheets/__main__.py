"""The reading process: its limits and its answer."""

import json
import marshal
import os
import resource
import sys
import zipfile
from typing import Any

from transforms.sheets.parquet import parquet
from transforms.sheets.stream import Refusal
from transforms.sheets.xls import xls
from transforms.sheets.xlsx import xlsx

MEMORY = 1 << 30
SECONDS = 50  # of the processor
MAX_WRITTEN = 2 << 30


def main(kind: str, path: str, sink: int) -> None:
    _limit(resource.RLIMIT_CPU, SECONDS)
    _limit(resource.RLIMIT_FSIZE, MAX_WRITTEN)
    _limit(resource.RLIMIT_CORE, 0)
    with os.fdopen(sink, "wb", closefd=False) as out:
        try:
            if kind == "parquet":
                parquet(path, MEMORY)
                answer: dict[str, Any] = {"at": 0}
            else:
                _limit(resource.RLIMIT_AS, MEMORY)
                sheets = xlsx(path, out) if zipfile.is_zipfile(path) else xls(path, out)
                answer = {"at": out.tell()}
                marshal.dump(sheets, out)
                out.flush()
        except Refusal as refusal:
            answer = {"error": refusal.args}
        except MemoryError:
            answer = {"error": ["bomb", "takes more memory than an export may"]}
    print(json.dumps(answer))


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
