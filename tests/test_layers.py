"""The house: imports follow the data, and names say what lives where."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("transforms", "warehouse", "dags")
# Each room may import those before it.
MAY_IMPORT = {room: set(ROOMS[: i + 1]) for i, room in enumerate(ROOMS)}
# Every module of transforms is of one of these, the longest name that fits, and imports none of a
# later one: no import points up, and no two of them import each other.
ORDER = """
    visible code engine contracts mask errors storage lease markets fields sources.address
    sources.source sources.client sources.local sources.index_page sources.sftp
    sources.s3 sources.https sources place place.folder place.cache place.objects place.tenure
    place.bucket settings layouts
    corrections sheets deliveries deliveries.manifest deliveries.exports deliveries.whole
    deliveries.landing deliveries.unpack read clean check fits shift draft lake.receipt
    lake.receipt_schema lake.known lake.lake lake lake.seen lake.commit lake.across_rows lake.gates
    pieces lake.partition lake.fold lake.account lake.months lake.history staging night retry
    inspection backfill sample
"""
LAYERS = ORDER.split()
# Files and folders of warehouse; none may import a later one.
WAREHOUSE = (
    "connection",
    "models",
    "macros",
    "spreadsheet",
    "versions",
    "publish",
    "mirror",
    "tables",
    "attack",
    "editions",
    "retention",
    "backup",
    "build",
    "page",
    "questions",
    "messages",
    "incidents",
    "nightly",
    "yearly",
    "cli",
)
MODULES = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]


@cache
def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return names


def test_there_are_modules() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    foreign = {n.split(".")[0] for n in imported(path)} & set(ROOMS)
    assert foreign <= MAY_IMPORT[room]


def layer(module: str) -> str | None:
    """The layer of a module of transforms, by its full name."""
    fit = (x for x in LAYERS if f"{module}.".startswith(f"transforms.{x}."))
    return max(fit, key=len, default=None)


def modules_of(room: str) -> dict[str, Path]:
    """Every module of a room by its full name."""
    paths = (p for p in MODULES if p.relative_to(ROOT).parts[0] == room)
    names = (".".join(p.relative_to(ROOT).with_suffix("").parts) for p in paths)
    return {n.removesuffix(".__init__"): ROOT / f"{n.replace('.', '/')}.py" for n in names}


def test_every_layer_has_modules_and_every_module_a_layer() -> None:
    found = {layer(name) for name in modules_of("transforms") if name != "transforms"}
    assert found == set(LAYERS)


@pytest.mark.parametrize("step", LAYERS)
def test_no_layer_imports_a_later_one(step: str) -> None:
    later = set(LAYERS[LAYERS.index(step) + 1 :])
    of_it = {name: path for name, path in modules_of("transforms").items() if layer(name) == step}
    wrong = {(m, n) for m, path in of_it.items() for n in imported(path) if layer(n) in later}
    assert of_it and not wrong


@pytest.mark.parametrize(
    ("folder", "may_import"),
    [
        ("transforms/sample/universe", ("transforms.sample.universe",)),
        ("transforms/sample", ("transforms.sample",)),
        ("tests/oracle", ("transforms.sample.universe", "tests.oracle")),
    ],
)
def test_what_must_be_found_is_told_without_the_pipeline(
    folder: str, may_import: tuple[str, ...]
) -> None:
    paths = [p for p in (ROOT / folder).rglob("*.py") if not p.stem.startswith("test_")]
    assert len(paths) > 10
    allowed = tuple(f"{name}." for name in may_import)
    for path in paths:
        assert "\nfrom ." not in path.read_text("utf-8"), f"{path}: a relative import"
        ours = {n for n in imported(path) if n.split(".")[0] in (*ROOMS, "tests", "docs")}
        assert not {name for name in ours if not f"{name}.".startswith(allowed)}, path


def test_warehouse_is_in_order() -> None:
    folder = ROOT / "warehouse"
    there = {p.relative_to(folder).parts[0].removesuffix(".py") for p in folder.rglob("*.py")}
    assert there - {"__init__"} == set(WAREHOUSE)
    wrong = {
        (str(path.relative_to(ROOT)), later)
        for path in folder.rglob("*.py")
        if (own := path.relative_to(folder).parts[0].removesuffix(".py")) in WAREHOUSE
        for later in WAREHOUSE[WAREHOUSE.index(own) + 1 :]
        if any(f"{n}.".startswith(f"warehouse.{later}.") for n in imported(path))
    }
    assert not wrong


def test_no_module_imports_in_a_circle() -> None:
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in MODULES}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    graph = {name: (imported(path) & set(names)) - {name} for name, path in names.items()}
    for name in graph:
        # `from a.b import c` reads c; that it runs a/b/__init__.py first closes no circle.
        graph[name] -= {".".join(name.split(".")[:i]) for i in range(1, name.count(".") + 1)}
    TopologicalSorter(graph).prepare()


def test_only_dags_and_the_connection_know_airflow() -> None:
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] != "dags" and path.name != "connection.py":
            assert not {n for n in imported(path) if n.split(".")[0] == "airflow"}, path


def test_dag_files_parse_without_pandas_or_duckdb() -> None:
    files = [p for p in sorted((ROOT / "dags").glob("*.py")) if p.stem != "__main__"]
    assert len(files) >= 7
    code = (
        "import runpy, sys\n"
        "for path in sys.argv[1:]:\n"
        "    runpy.run_path(path)\n"
        "    print(path, [m for m in ('pandas', 'duckdb', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith(f"{ROOT / 'dags'}")]
    assert told == [f"{path} []" for path in files]  # Airflow may print lines of its own


def test_names_tell_what_lives_there() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "core", "manager", "misc"}
    tracked = [p for room in (*ROOMS, "tests") for p in (ROOT / room).rglob("*")]
    assert not [p for p in tracked if p.stem in empty]


def test_files_stay_short() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in MODULES
        if (n := len(p.read_text("utf-8").splitlines())) > 400
    }
    assert not long
