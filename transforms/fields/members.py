"""Lists that arrive as lists: JSON, Python's and NumPy's own writing, PostgreSQL's arrays."""

import ast
import csv
import json
import re
from typing import Any

from transforms.fields import Unreadable

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_IS_LIST = re.compile(r"""\[ ?(?:["'{\[]|(?:None|null|nan|-?\d[\d.]*) ?[,\]])|\[ ?\]""")
_IS_ARRAY = re.compile(r"\{[^:{}]*\}")
_STRING = re.compile(rf"({_QUOTED})(\s*(?=['\"]))?")


def members(text: str) -> list[Any] | None:
    """The members of a list, numbers as text; None for text that is not a list.

    Raises Unreadable for a list that is cut off or otherwise damaged: torn at its commas its
    members would be others.
    """
    if _IS_ARRAY.fullmatch(text):
        return next(csv.reader([text[1:-1]], skipinitialspace=True), [])
    if not _IS_LIST.match(text):
        return None
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        found = _python(text)
    if not isinstance(found, list):
        raise Unreadable("not a list")
    return found


def _python(text: str) -> Any:
    try:
        return ast.literal_eval(_STRING.sub(_parted, text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise Unreadable("not a list") from error


def _parted(found: re.Match[str]) -> str:
    """NumPy writes a blank and no comma between its members; Python would join them to one."""
    if found[2] == "":
        raise Unreadable("not a list")
    return f"{found[1]}, " if found[2] else found[1]
