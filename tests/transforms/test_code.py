"""What changes the hash of the rules: a rule does; a comment, a docstring or a line break not."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from transforms.code import DECIDING, NOT_OF_A_ROW, TRANSFORMS, code_version, essential

ROOT = TRANSFORMS.parent
SAME = {
    "a.py": (
        '"""Does it."""\nX = 1\n\n\ndef f(a: int) -> int:\n    """Adds."""\n    return a + 1\n',
        "# a licence\nX = (1)  # one\ndef f(\n    a: int,\n) -> int:\n    return a + 1\n",
    ),
    "a.sql": (
        "-- Grain: key.\nSELECT\n    a, -- the key\n    '-- no comment' AS b\nFROM t\n",
        "SELECT a,'-- no comment' AS b /* of\nall */ FROM t",
    ),
    "a.toml": (
        'key = ["a"]  # the key\n[x]\ndoc = "A."\nis = 1\n',
        'key = ["a"]\nx = {is = 1}\n',
    ),
}
OTHER = {
    "a.py": ("X = 'a'\n", "X = 'b'\n", "if X:\n    f()\n    g()\n", "if X:\n    f()\ng()\n"),
    "a.sql": ("SELECT 'a  b'", "SELECT 'a b'", "SELECT 'a--b'", "SELECT a b", "SELECT ab"),
    "a.toml": (
        "a = 1",
        "a = 2",
        "b = 1",
        "a = 1\nb = 1",
        "b = 1\na = 1",  # the first of several keys may decide
        "a = 2022-06-30",
        "a = '2022-06-30'",
    ),
    "a.csv": ("a,b", "a, b", "# a,b"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_no_rule_does_not_count(name: str, tmp_path: Path) -> None:
    found = set()
    for text in SAME[name]:
        (tmp_path / name).write_text(text)
        found.add(essential(tmp_path / name))
    assert len(found) == 1


@pytest.mark.parametrize("name", OTHER)
def test_what_is_a_rule_counts(name: str, tmp_path: Path) -> None:
    found = set()
    for text in OTHER[name]:
        (tmp_path / name).write_text(text)
        found.add(essential(tmp_path / name))
    assert len(found) == len(OTHER[name])


def test_what_a_column_means_is_published_and_decides_no_row(tmp_path: Path) -> None:
    text = SAME["a.toml"][0]
    (tmp_path / "a.toml").write_text(text)
    before = essential(tmp_path / "a.toml", with_docs=True)
    (tmp_path / "a.toml").write_text(text.replace("A.", "B."))
    assert essential(tmp_path / "a.toml", with_docs=True) != before


def test_comments_in_every_file_change_no_name(tmp_path: Path) -> None:
    """The names of partitions and folds, made by a copy of the code that has other comments."""
    copy = tmp_path / "code"
    shutil.copytree(TRANSFORMS, copy / "transforms", ignore=shutil.ignore_patterns("__pycache__"))
    before = names(copy)
    comment = {".py": "# other\n", ".toml": "# other\n", ".sql": "-- other\n"}
    for path in (copy / "transforms").rglob("*"):
        if path.suffix in comment:
            path.write_text(comment[path.suffix] + path.read_text("utf-8"), "utf-8")
    assert names(copy) == before
    for name, rule in (
        ("lake/across_rows/listings_new.sql", "WHERE true\n"),
        ("check.py", "ANOTHER = 1\n"),
    ):
        path = copy / "transforms" / name
        path.write_text(f"{path.read_text('utf-8')}\n{rule}", "utf-8")
    # The rows, and of the folds those of listings.
    is_as_before = [a == b for a, b in zip(before, names(copy), strict=True)]
    assert is_as_before == [False, True, False, True]


def names(code: Path) -> list[str]:
    """The hash of the rules of rows, and of the folds of each dataset, by that copy of the code."""
    says = (
        "from transforms.code import code_version as c; from transforms.lake.fold import rules; "
        "print(c(), *map(rules, ('sellers', 'listings', 'inquiries')))"
    )
    return subprocess.run(
        [sys.executable, "-c", says], cwd=code, check=True, capture_output=True, text=True
    ).stdout.split()


def test_what_is_remembered_of_the_hash_is_the_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.code.TRANSFORMS", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "a.py").write_text("X = 1\n")
    made = code_version.__wrapped__(tmp_path)
    (kept,) = (tmp_path / "__pycache__").iterdir()
    assert kept.read_text() == code_version.__wrapped__(tmp_path) == made
    kept.write_text(made[:5])  # by a process that was killed
    assert code_version.__wrapped__(tmp_path) == made
    (tmp_path / "a.py").write_text("X = 2\n")
    assert code_version.__wrapped__(tmp_path) != made
    (tmp_path / "a.py").write_text("X = 1\n")
    monkeypatch.setattr("transforms.code.__file__", str(tmp_path / "a.py"))
    monkeypatch.setattr("transforms.code.essential", lambda path, with_docs: "other rules of rules")
    assert code_version.__wrapped__(tmp_path) != made, "it was remembered by other code"


def test_what_makes_a_row_imports_nothing_that_is_left_out() -> None:
    """A module that decides a row and were left out would change rows under an old name."""
    left_out = {
        path
        for name in NOT_OF_A_ROW
        for path in [TRANSFORMS / name, *(TRANSFORMS / name).rglob("*")]
        if path.suffix in DECIDING
    }
    assert all((TRANSFORMS / name).exists() for name in NOT_OF_A_ROW)
    makers = ("clean", "fields", "read", "sheets", "corrections", "layouts", "markets", "contracts")
    todo = [p for name in makers for p in (TRANSFORMS / name).rglob("*.py")]
    todo += [TRANSFORMS / name for name in ("check.py", "mask.py", "shift.py", "fits.py")]
    todo += [TRANSFORMS / "lake/partition.py", TRANSFORMS / "deliveries/unpack.py"]
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path not in seen and path not in ALLOWED:
            seen.add(path)
            todo += imports_of(path)
    assert len(seen) > 40
    assert not {p.relative_to(ROOT) for p in seen & left_out}


# What holds and hashes files, what only gathers names, what gives the size of a chunk, and where
# the pieces of a file are worked on.
ALLOWED = {
    TRANSFORMS / name
    for name in (
        "storage.py",
        "deliveries/landing.py",
        "lake/__init__.py",
        "sources/source.py",
        "pieces/engines.py",
    )
}


def imports_of(path: Path) -> list[Path]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    files = [ROOT / name.replace(".", "/") for name in found]
    candidates = [x for f in files for x in (f.with_suffix(".py"), f / "__init__.py")]
    return [x for x in candidates if x.is_file()]
