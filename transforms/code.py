"""Hash of the rules in the code: what other rules made is recognised and made again.

Comments, docstrings, blank lines and the layout of a line are no rules: changing them changes no
hash.
"""

import ast
import hashlib
import json
import re
import sys
import tomllib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

TRANSFORMS = Path(__file__).parent
DECIDING = (".py", ".toml", ".sql", ".csv", ".j2", ".css")
# What cannot change a loaded row, by the beginnings of names: where files come from, what is done
# with rows that are loaded, and when. `tests/transforms/test_code.py` holds it to what the reading
# of a row imports.
NOT_OF_A_ROW = (
    "sources/",
    "draft/",
    "deliveries/exports.py",
    "deliveries/whole.py",
    "deliveries/landing.py",
    "lake/account.py",
    "lake/commit.py",
    "lake/fold.py",
    "lake/gates.py",
    "lake/history.py",
    "lake/known.py",
    "lake/lake.py",
    "lake/months.py",
    "lake/seen.py",
    "lake/across_rows/fold.sql",
    "lake/across_rows/inquiries_state.sql",
    "lake/across_rows/listings_new.sql",
    "place/",
    "pieces/chosen.py",
    "pieces/engines.py",
    "pieces/spark.py",
    "backfill.py",
    "inspection.py",
    "lease.py",
    "retry.py",
    "settings.py",
    "storage.py",
)
# Strings come first: what looks like a comment may be within one.
SQL = re.compile(
    r"(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n]*|/\*.*?\*/|(?P<word>\w+|[^\w\s])", re.S
)
A_HASH = re.compile(r"[0-9a-f]{12}")


@cache
def code_version(*folders: Path) -> str:
    """Hash of the rules in these folders; by default of all that can change a loaded row.

    The sample is left out: it only makes input.
    """
    found = []
    for folder in folders or (TRANSFORMS,):
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            is_left_out = "sample" in inside.parts[:-1] or (
                not folders and inside.as_posix().startswith(NOT_OF_A_ROW)
            )
            if path.suffix in DECIDING and not is_left_out:
                found.append((inside.as_posix(), path))
    # What a contract says of a column is published, and changes no row.
    return rules_of(found, with_docs=bool(folders))


def rules_of(files: list[tuple[str, Path]], with_docs: bool = False) -> str:
    """Hash of the rules in named files, with the sentences of TOML files or without them.

    Remembered by their bytes beside Python's own compiled code: parsing takes most of a second.
    """
    digest = hashlib.sha256(f"{sys.version_info[:2]} {with_docs}".encode())
    digest.update(Path(__file__).read_bytes())  # what counts as a rule
    for name, path in files:
        digest.update(f"\n{name}\n".encode() + path.read_bytes())
    known = TRANSFORMS / "__pycache__" / f"rules-{digest.hexdigest()[:32]}"
    with suppress(OSError):
        if A_HASH.fullmatch(text := known.read_text("ascii", errors="replace")):
            return text
    essence = "\n".join(f"{name}\n{essential(path, with_docs)}" for name, path in files)
    found = hashlib.sha256(essence.encode()).hexdigest()[:12]
    if not sys.dont_write_bytecode:
        with suppress(OSError):
            known.parent.mkdir(exist_ok=True)
            known.write_text(found, "ascii")  # cut short, it is no hash and is made again
    return found


def essential(path: Path, with_docs: bool = False) -> str:
    """A file without what is no rule; of a kind that has no comments, all of it."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return repr(_bare(ast.parse(text)))
    if path.suffix == ".toml":
        found = tomllib.loads(text)
        # Keys keep their order: the first of several may decide. A date is no text.
        return json.dumps(found if with_docs else _undocumented(found), default=repr)
    # Of an example query the first comment is the question that it answers, and is published.
    if path.suffix == ".sql" and path.parent.name != "examples":
        tokens = (m["text"] or m["word"] for m in SQL.finditer(text))
        return " ".join(filter(None, tokens))
    return text


def _undocumented(value: Any) -> Any:
    if isinstance(value, list):
        return [_undocumented(v) for v in value]
    if isinstance(value, dict):
        return {k: _undocumented(v) for k, v in value.items() if k != "doc"}
    return value


def _bare(node: Any) -> Any:
    """The tree of a module without docstrings, alike in every version of Python."""
    if isinstance(node, list):
        return tuple(map(_bare, node))
    if not isinstance(node, ast.AST):
        return node
    found: list[Any] = [type(node).__name__]
    for name in node._fields:
        value = getattr(node, name, None)
        if name == "body" and isinstance(value, list) and value and _is_text(value[0]):
            value = value[1:]
        if value not in (None, []) and name not in ("ctx", "kind", "type_comment"):
            found.append((name, _bare(value)))
    return tuple(found)


def _is_text(node: Any) -> bool:
    """Whether a statement is a text and nothing else, as a docstring is."""
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)
