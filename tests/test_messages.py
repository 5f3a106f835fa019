"""Every message that the pipeline can emit has its cause and its remedy in docs/operations.md.

The messages are read from the code: what is raised, what is logged as a warning or an error, what
a command tells, what `outlook doctor` finds, and why a gate holds a night. A row of the tables
under "Messages" stands for a message if the texts between its `…` are in it, in that order; phrases
that many messages share do not count. A row that stands for no message is stale.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from transforms import errors

ROOT = Path(__file__).parents[1]
OPERATIONS = ROOT / "docs" / "operations.md"
RAISED = {name for name, of in vars(errors).items() if isinstance(of, type)} | {
    "AirflowFailException",
    "DamagedPart",
    "ValueError",
}
# Functions and classes that make a message.
MADE = {"damage", "_damaged", "Refusal", "unreachable", "out_of_reach", "Interrupted", "unusable"}
REASONS = ("lake/gates.py", "deliveries/whole.py")  # they return why a night is not taken
SHARED = re.compile(
    r"Nothing was (?:loaded|published)(?: and the live version stays)?|request a new delivery"
    r"|The (?:published|old) version stays(?: live)?"
)
LOGGED = {"warning", "error", "critical"}
FAULTS = {"wrong", "warn"}
# Errors that only somebody who changes the code can see; tests of theirs hold them.
OF_DEVELOPERS = ("warehouse/models",)


Scope = tuple[ast.AST, ast.AST]  # a function and its module


class Module:
    """The messages of one module, each with its line."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text("utf-8"))
        self.name = path.relative_to(ROOT).as_posix()

    def messages(self) -> Iterator[tuple[str, str]]:
        for scope in ast.walk(self.tree):
            if isinstance(scope, ast.FunctionDef):
                for node in ast.walk(scope):
                    for text in self._of(node, (scope, self.tree)):
                        if is_telling(text):
                            yield f"{self.name}:{getattr(node, 'lineno', 0)}", text

    def _of(self, node: ast.AST, scope: Scope) -> Iterator[str]:
        if isinstance(node, ast.Call):
            name = _name(node.func)
            if name in RAISED or name in MADE:
                told = {"unreachable": slice(1, 2), "out_of_reach": slice(1)}  # not what to do
                for argument in node.args[told.get(name, slice(None))]:
                    yield from _texts(argument, scope)
            elif name == "Entry":  # a delivered file that cannot be used
                for keyword in node.keywords:
                    yield from _texts(keyword.value, scope) if keyword.arg == "problem" else ()
            elif name == "tell":
                yield from (t for a in node.args for t in _texts(a, scope))
            elif name in LOGGED and _name(getattr(node.func, "value", None)) == "log":
                yield from (re.sub(r"%[.\d]*[a-z,]+", "…", t) for t in _texts(node.args[0], scope))
        elif isinstance(node, ast.Tuple) and node.elts and _constant(node.elts[0]) in FAULTS:
            yield from _texts(node.elts[-1], scope)
        elif self.name.endswith(REASONS) and _is_reason(node):
            value = getattr(node, "value", None)
            first = value.elts[0] if isinstance(value, ast.Tuple) else value
            yield from _texts(first, scope) if first else ()


def _is_reason(node: ast.AST) -> bool:
    """Whether a statement says why a night is held, or not yet read."""
    if isinstance(node, ast.Assign):
        return _name(node.targets[0]) == "reason"
    return isinstance(node, ast.Return)


def is_telling(text: str) -> bool:
    """Whether a text says more than phrases that many messages share."""
    own = SHARED.sub("", text).strip("… .:;,")
    return " " in own and len(re.sub(r"\W", "", own)) >= 6


def _name(node: ast.AST | None) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


def _constant(node: ast.AST) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _texts(node: ast.AST, scope: Scope) -> list[str]:
    """What a text can be, with `…` for what is only known when it is said."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(_part(p) for p in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _texts(node.left, scope) or ["…"], _texts(node.right, scope) or ["…"]
        return [a + b for a in left for b in right]
    if isinstance(node, ast.IfExp):
        return _texts(node.body, scope) + _texts(node.orelse, scope)
    if isinstance(node, ast.Name):
        function, module = scope
        own = _assigned(node.id, ast.walk(function), scope)
        return own or _assigned(node.id, ast.iter_child_nodes(module), scope)
    return []


def _assigned(name: str, among: Iterator[ast.AST], scope: Scope) -> list[str]:
    return [
        text
        for found in among
        if isinstance(found, ast.Assign) and _name(found.targets[0]) == name
        for text in _texts(found.value, scope)
    ]


def _part(node: ast.AST) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "…"


def said() -> dict[str, str]:
    """Every message, with where it is said."""
    found: dict[str, str] = {}
    for room in ("transforms", "warehouse", "dags"):
        for path in sorted((ROOT / room).rglob("*.py")):
            module = Module(path)
            if not module.name.startswith(OF_DEVELOPERS):
                for place, text in module.messages():
                    found.setdefault(" ".join(text.split()), place)
    return found


def rows() -> list[list[str]]:
    """The rows of the tables under "Messages": message, cause, remedy."""
    text = OPERATIONS.read_text("utf-8").split("\n## Messages\n")[1]
    lines = [line for line in text.split("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [c for c in cells if c[0] != "message" and set(c[0]) != {"-"}]


def stands_for(row: str, message: str) -> bool:
    """Whether the texts of a row, between its `…`, are in a message in that order."""
    at = 0
    for text in (t.strip() for t in row.replace("\\|", "|").split("…")):
        at = message.find(text, at)
        if at < 0:
            return False
        at += len(text)
    return True


def test_the_messages_of_the_code_are_found() -> None:
    found = said()
    assert len(found) > 120
    assert any("OUTLOOK_KEY is not set" in text for text in found)
    assert any("a later delivery is in the lake" in text for text in found)
    assert any("no rows at all" in text for text in found)


def test_every_message_has_a_row() -> None:
    known = [row[0] for row in rows()]
    unknown = [
        f"{place}: {text}"
        for text, place in said().items()
        if not any(stands_for(row, text) for row in known)
    ]
    assert not unknown, "docs/operations.md lacks\n" + "\n".join(unknown)


def test_every_row_stands_for_a_message_and_says_what_to_do() -> None:
    messages = said()
    for row in rows():
        assert len(row) == 3 and all(row), row
        assert is_telling(row[0]), row
    stale = [r[0] for r in rows() if not any(stands_for(r[0], text) for text in messages)]
    assert not stale


@pytest.mark.parametrize(
    ("row", "message", "is_it"),
    [
        ("… is not a date", "… is not a date: write YYYY-MM-DD", True),
        ("it is … deeply", "it is nested too deeply", True),
        ("deeply … it is", "it is nested too deeply", False),
    ],
)
def test_a_row_stands_for_what_holds_its_texts_in_order(
    row: str, message: str, is_it: bool
) -> None:
    assert stands_for(row, message) is is_it
