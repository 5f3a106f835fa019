"""Damaged exports in every format and packing: read, or refused with a reason; nothing else.

OUTLOOK_TEST_FUZZ says how many; `make fuzz` takes thousands. A case is a function of its number.
"""

import contextlib
import os
import random
import time
from pathlib import Path

import pytest

from tests.transforms.read.test_formats import FORMATS, generated, loaded, packed
from transforms import DATASETS
from transforms.errors import ExportError

CASES = int(os.environ.get("OUTLOOK_TEST_FUZZ", "160"))
AT_ONCE = 40  # cases of one test, so that a failure names few of them
SECONDS = 30
STORMS = [
    b'"',
    b"'",
    b",",
    b";",
    b"\t",
    b"\r",
    b"\n",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\\",
    b"\xc3",
    b"{",
    b"[",
    b"}",
    b"1e999",
    b"../",
    b"\x1a",
    b"A" * 50_000,
    b"[" * 20_000,
    b'"' + b"x\n" * 5_000,
    b"," * 20_000,
    b'{"a":' * 3_000,
]


def damaged(chance: random.Random, content: bytes) -> bytes:
    """The content with up to eight wounds; one in six is whole."""
    wounded = bytearray(content)
    for _ in range(chance.choice([0, 1, 1, 2, 3, 8])):
        at = chance.randrange(len(wounded) + 1)
        until = min(len(wounded), at + chance.choice([1, 8, 64, 1000]))
        kind = chance.randrange(7)
        if kind == 0 and wounded:
            wounded[chance.randrange(len(wounded))] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del wounded[at:until]
        elif kind == 2:
            wounded[at:at] = chance.choice(STORMS)
        elif kind == 3:
            del wounded[at:]
        elif kind == 4:
            wounded[at:at] = wounded[at:until] * chance.choice([1, 20])
        elif kind == 5:
            wounded[at:at] = chance.randbytes(chance.choice([1, 4, 64]))
        else:
            wounded = bytearray(
                wounded.decode("latin-1").encode(chance.choice(["utf-8", "utf-16", "utf-7"]))
            )
    return bytes(wounded)


@pytest.mark.parametrize("first", range(0, CASES, AT_ONCE))
def test_whatever_is_damaged_is_read_or_refused(first: int, tmp_path: Path) -> None:
    for number in range(first, min(first + AT_ONCE, CASES)):
        chance = random.Random(number)
        dataset = chance.choice(DATASETS)
        ending, write = FORMATS[chance.choice(sorted(FORMATS))]
        packing = chance.choice(["", "", ".gz", ".zip", ".zst"])
        name = f"{dataset}{ending}"
        content = write(*generated(dataset))
        if chance.random() < 0.7:
            content = packed(damaged(chance, content), name, packing)
        else:
            content = damaged(chance, packed(content, name, packing))
        folder = tmp_path / f"{number}"
        folder.mkdir()
        began = time.monotonic()
        with contextlib.suppress(ExportError):
            rows = loaded(content, f"{name}{packing}", folder, dataset)["rows"]
            assert rows["in"] == rows["accepted"] + rows["rejected"] + rows["duplicate"], number
        assert time.monotonic() - began < SECONDS, f"case {number} took too long"
