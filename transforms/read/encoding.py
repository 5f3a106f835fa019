"""Encodings: which one a text file is in, and the file as UTF-8.

UTF-8 tells itself apart, the others do not: nearly any bytes are text in several of them. So the
likeliest comes first, and the caller takes the first under which the headers fit a layout.
"""

import codecs
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from transforms.errors import ExportError

CHUNK = 4 << 20
SAMPLE = 1 << 16
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Chinese text is made of ideographs, nearly all of the oldest table, and has words of its own; of
# Western text misread as Chinese each ideograph stands among the letters of a word.
OLD_TABLE_SHARE = 0.8
WITHIN_WORDS = 0.2
BY_CHANCE = 0.25  # of Chinese text in GB18030 about a twelfth looks like UTF-8


def encodings(path: Path, name: str) -> list[str]:
    """The encodings under which every byte of a file is text, the likeliest first.

    Raises ExportError("encoding") where there is none.
    """
    with path.open("rb") as file:
        first = file.read(4)
    marked = next((encoding for mark, encoding in MARKS if first.startswith(mark)), None)
    if marked:
        possible = [marked] if _is_text(path, marked) else []
    elif _is_text(path, "utf-8"):
        possible = ["utf-8"]
    else:
        possible = _by_likelihood(path)
    if not possible:
        raise ExportError(
            "encoding",
            f"{name} is no text in {marked or 'UTF-8, GB18030, cp1252 or cp1256'}: its bytes are "
            "damaged or it is no text file. Nothing of it was loaded: ask for it again.",
        )
    return possible


def is_guess(encoding: str) -> bool:
    """Whether an encoding does not tell itself apart."""
    return not encoding.startswith("utf")


def as_utf8(path: Path, encoding: str) -> IO[bytes]:
    """The file as UTF-8 without a mark, to be read from its start, as often as need be."""
    if encoding == "utf-8":
        return path.open("rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - has no name, so that a dead run leaves nothing behind
    if encoding == "utf-8-sig":
        with path.open("rb") as source:
            source.seek(len(codecs.BOM_UTF8))
            shutil.copyfileobj(source, file, CHUNK)
    else:
        for text in _texts(path, encoding):
            file.write(text.encode())
    file.seek(0)
    return file


def _is_text(path: Path, encoding: str) -> bool:
    try:
        for _ in _texts(path, encoding):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _texts(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _by_likelihood(path: Path) -> list[str]:
    sample = _telling_lines(path)
    if _is_damaged_utf8(sample):
        return []
    possible = [e for e in ("gb18030", "cp1252", "cp1256") if _is_text(path, e)]
    ranked = [match.encoding for match in from_bytes(sample, cp_isolation=possible)]
    western = [encoding for encoding in ranked if encoding != "gb18030"]
    if "gb18030" not in possible:
        return western
    return ["gb18030", *western] if _looks_chinese(sample) else [*western, "gb18030"]


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether what is not ASCII is UTF-8 too often for chance: another reading would garble it."""
    foreign = [c for c in sample.decode("utf-8", "replace") if not c.isascii()]
    return foreign.count("\ufffd") <= len(foreign) * (1 - BY_CHANCE)


def _telling_lines(path: Path) -> bytes:
    """The first lines that are not plain ASCII: the others tell nothing."""
    found, size = [], 0
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                found.append(line)
                size += len(line)
                if size > SAMPLE:
                    break
    return b"".join(found)


def _looks_chinese(sample: bytes) -> bool:
    text = sample.decode("gb18030", "replace")
    foreign = [i for i, c in enumerate(text) if not c.isascii()]
    if not foreign:
        return False
    beside = ((text[i - 1 : i], text[i + 1 : i + 2]) for i in foreign)
    within_words = sum(_is_letter(before) or _is_letter(after) for before, after in beside)
    old = sum(bool(text[i].encode("gb2312", "ignore")) for i in foreign)
    ideographs = sum("\u4e00" <= text[i] <= "\u9fff" for i in foreign)
    return within_words <= WITHIN_WORDS * len(foreign) and (
        old >= OLD_TABLE_SHARE * len(foreign) or ideographs == len(foreign)
    )


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
