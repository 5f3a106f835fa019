"""Encodings: detects that of a text file and converts the file to UTF-8.

UTF-8 can be recognised; nearly any bytes are valid text in several other encodings. Another
encoding is therefore accepted only if no other reading of the text is plausible, if a header in
another script fits a layout, or if the layout or the market declares it. Else the file is refused.
"""

import codecs
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from transforms.errors import ExportError
from transforms.read import plausible
from transforms.read.opened import Spool

CHUNK = 4 << 20
SAMPLE = 1 << 16
LONGEST_LINE = 1 << 20
HOLE = b"\0" * 512  # no text has as many zeros; a file whose copy broke off may
BOM = "\ufeff"
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, which begins like it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OF_ZEROS = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
ZEROS = 0.05  # share of zero bytes that only these have
BY_CHANCE = 0.25  # of Chinese text in GB18030 about a twelfth looks like UTF-8


class Guess(NamedTuple):
    """An encoding under which every byte of a file is text. Unless `certain`, it needs proof: a
    declaration, or headers in its own script."""

    encoding: str
    is_certain: bool


def encodings(path: Path, name: str, declared: Sequence[str] = ()) -> list[Guess]:
    """The possible encodings of a file, likeliest first.

    Raises ExportError: encoding, if there is none; damaged, if the file has a hole.
    """
    with path.open("rb") as file:
        first = file.read(SAMPLE)
    marked = next((encoding for mark, encoding in MARKS if first.startswith(mark)), None)
    if marked:
        possible = [Guess(marked, True)] if _is_text(path, marked) else []
    elif first.count(0) > ZEROS * len(first) and HOLE not in first:
        possible = [Guess(e, True) for e in OF_ZEROS if _is_text(path, e)]
    elif found := _utf8(path):
        possible = [Guess(found, True)]
    else:
        possible = _others(path, declared)
    if not possible and not marked and (it_may_be := plausible.names(_telling_lines(path))):
        raise _uncertain(name, [*it_may_be, "UTF-8 that was damaged"])
    if not possible:
        raise ExportError(
            "encoding",
            f"{name} is not text in {marked or 'UTF-8, UTF-16, GB18030, cp1252 or cp1256'}: it is "
            "damaged or not a text file. Nothing was loaded: request a new delivery.",
        )
    if not marked and not possible[0].encoding.startswith(("utf-16", "utf-32")):
        _refuse_hole(path, name)
    return possible


def uncertain(path: Path, name: str) -> ExportError:
    """The refusal of a file whose encoding is uncertain, with the possible ones."""
    candidates = plausible.names(_telling_lines(path))
    return _uncertain(name, candidates or ["an unsupported encoding"])


def _uncertain(name: str, candidates: list[str]) -> ExportError:
    return ExportError(
        "encoding",
        f"{name} is not UTF-8, and its bytes do not show which encoding it is: it may be "
        f"{' or '.join(candidates)}. Nothing was loaded: request it in UTF-8, or declare "
        'the encoding in its layout or market (encoding = "…").',
    )


def is_guess(encoding: str) -> bool:
    """Whether the bytes alone cannot prove an encoding."""
    return not encoding.startswith("utf")


def as_utf8(path: Path, encoding: str) -> IO[bytes]:
    """The file as UTF-8 without byte order marks; it can be read from the start repeatedly."""
    if encoding == "utf-8":
        return path.open("rb")
    return _copied(path, encoding, Spool(None)).file


def copied_as_utf8(path: Path, encoding: str, folder: Path) -> Path:
    """The path of a copy in `folder`, in UTF-8 without byte order marks."""
    copy = Spool(folder)
    _copied(path, encoding, copy).file.close()
    assert copy.path
    return copy.path


def _copied(path: Path, encoding: str, to: Spool) -> Spool:
    for text in _texts(path, encoding):
        # A mark may stand twice, or where files were put one behind the other.
        to.file.write(text.replace(BOM, "").encode())
    to.file.seek(0)
    return to


def _utf8(path: Path) -> str | None:
    """`utf-8`, or `utf-8-sig` where a mark stands anywhere; None for what is not UTF-8."""
    has_mark = False
    try:
        for text in _texts(path, "utf-8"):
            has_mark = has_mark or (not text.isascii() and BOM in text)
    except UnicodeDecodeError:
        return None
    return "utf-8-sig" if has_mark else "utf-8"


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


def _others(path: Path, declared: Sequence[str]) -> list[Guess]:
    sample = _telling_lines(path)
    found = [Guess(e, False) for e in dict.fromkeys(declared) if _is_text(path, e)]
    if _is_damaged_utf8(sample):
        return found
    sure = plausible.certain(sample)
    possible = [e for e in (sure, *plausible.READ) if e and _is_text(path, e)]
    return [*found, *(Guess(e, e == sure) for e in dict.fromkeys(possible))]


def _refuse_hole(path: Path, name: str) -> None:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if HOLE in chunk:
                raise ExportError(
                    "damaged",
                    f"{name} has a gap of zero bytes, as after an interrupted "
                    "copy. Nothing was loaded: request a new delivery.",
                )


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether what is not ASCII is UTF-8 too often for chance: another reading would garble it."""
    foreign = [c for c in sample.decode("utf-8", "replace") if not c.isascii()]
    return foreign.count("\ufffd") <= len(foreign) * (1 - BY_CHANCE)


def _telling_lines(path: Path) -> bytes:
    """The first lines that are not plain ASCII: the others tell nothing."""
    found, size = [], 0
    with path.open("rb") as file:
        while (line := file.readline(LONGEST_LINE)) and size <= SAMPLE:
            if not line.isascii():
                found.append(line)
                size += len(line)
    return b"".join(found)
