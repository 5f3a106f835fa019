"""Processes of the pool start wherever a night is loaded, and say so where they cannot."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.transforms.pieces.test_pieces import FILES, chosen
from transforms.errors import TransientError

ROOT = Path(__file__).parents[3]
# A night of one file of several pieces, in a pool.
NIGHT = """
def load():
    from tests.transforms.pieces.test_pieces import PIECE, chosen, night
    from transforms.pieces.engines import Pool
    from transforms.read import opened
    opened.PIECE = PIECE
    folder = Path(sys.argv[1])
    try:
        with chosen("auto", 2, "a night") as engine:
            receipt, _ = night([folder / "listings.csv"], "listings", folder / "out", engine)
            print("read", receipt.rows.in_, engine.is_begun, file=open(folder / "told", "w"))
    except BaseException as error:
        print(type(error).__name__, error, file=open(folder / "told", "w"))
"""
AIRFLOW = (
    """
import os, socket, sys, threading
from pathlib import Path
from airflow.sdk.execution_time import supervisor
"""
    + NIGHT
    + """
pairs = [socket.socketpair() for _ in range(3)]
if not (task := os.fork()):
    main = sys.modules["__main__"]
    main.__file__, main.__spec__ = sys.argv[2], None
    supervisor._fork_main(*(here for here, _ in pairs), 0, load)
def read(end):
    while text := end.recv(65536):
        os.write(2, text)
for _, there in pairs[1:]:
    threading.Thread(target=read, args=(there,), daemon=True).start()
os.waitpid(task, 0)
"""
)
CELERY = (
    """
import os, sys
from pathlib import Path
from billiard.pool import Pool as Prefork
"""
    + NIGHT
    + """
def task(_):
    if not (child := os.fork()):  # as Airflow's executor runs a task
        load()
        os._exit(0)
    os.waitpid(child, 0)
if __name__ == "__main__":
    workers = Prefork(1)
    workers.apply(task, (1,))
    workers.terminate()
"""
)


@pytest.mark.parametrize("where", ["airflow", "celery"])
def test_the_pool_starts_in_a_task(where: str, tmp_path: Path) -> None:
    if where == "celery":
        pytest.importorskip("billiard", reason="the extra celery is not installed")
    (tmp_path / "listings.csv").write_bytes(FILES["listings.csv"])
    program = {"airflow": AIRFLOW, "celery": CELERY}[where]
    main = Path(sys.executable).with_name("airflow")
    subprocess.run(
        [sys.executable, "-c", program, tmp_path, main],
        env={**os.environ, "AIRFLOW_HOME": f"{tmp_path}", "PYTHONPATH": f"{ROOT}"},
        cwd=ROOT,
        check=True,
    )
    assert (tmp_path / "told").read_text("utf-8") == "read 125 True\n"


def test_a_pool_that_cannot_start_says_so(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError('another pyarrow')", "utf-8")
    program = (
        "import os, sys\n"
        "from tests.transforms.pieces.test_pieces import chosen\n"
        "with chosen('pool', 1, 'a night') as engine:\n"
        "    os.environ['PYTHONPATH'] = sys.argv[1]\n"  # of its processes
        "    sys.path.insert(0, sys.argv[1])\n"
        "    try:\n"
        "        print(list(engine.map(abs, [-1])))\n"
        "    except Exception as error:\n"
        "        print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        env={**os.environ, "PYTHONPATH": f"{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith("a night: the processes for its pieces could not start. Nothing")
    assert "OUTLOOK_ENGINE=local" in run.stdout and "another pyarrow" in run.stderr


def told_with_traceback(number: int) -> int:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logging.getLogger("piece").warning("odd %s", number, exc_info=True)
    if number:
        raise TransientError("failed")
    return number


def test_what_a_piece_logs_is_logged_here_even_if_it_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("local", "pool"):
        caplog.clear()
        with chosen(name, 1, "a night") as engine:
            results = engine.map(told_with_traceback, [0, 1])
            assert next(results) == 0
            with pytest.raises(TransientError, match="^failed$"):
                next(results)
        told = [caplog.handler.format(record) for record in caplog.records]
        assert [text.count("ZeroDivisionError") for text in told] == [1, 1], name
        assert ["odd 0" in told[0], "odd 1" in told[1]] == [True, True]


def test_memory_that_runs_out_names_what_would_help() -> None:
    for name, helps in {"local": False, "pool": True}.items():
        with chosen(name, 1, "a night") as engine, pytest.raises(TransientError) as error:
            next(engine.map(bytearray, [1 << 62]))
        assert ("OUTLOOK_ENGINE=local" in str(error.value)) is helps
        assert "--engine" not in str(error.value)


def test_ctrl_c_while_the_pool_starts_is_for_its_parent_alone() -> None:
    program = (
        "import signal, time\n"
        "from transforms.pieces.engines import Pool\n"
        # What is started in the background ignores Ctrl-C, and so would this.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "engine = Pool('a night', 2, is_on=True)\n"
        "print('starts', flush=True)\n"
        "try:\n"
        "    list(engine.map(time.sleep, [600.0, 600.0, 600.0]))\n"
        "finally:\n"
        "    engine.close(at_once=True)\n"
    )
    for wait in (0.05, 0.5):
        run = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert run.stdout and run.stdout.readline() == "starts\n"
        time.sleep(wait)
        os.killpg(run.pid, signal.SIGINT)
        _, errors = run.communicate()
        assert errors.count("Traceback") == 1, errors
        assert errors.rstrip().endswith("KeyboardInterrupt")
