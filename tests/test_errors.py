"""What stops a run is told in one sentence, with an exit code that says whether to run it again."""

import pickle

import pytest
import typer

from transforms.errors import DiskError, OutlookError, SourceUnreachable, TransientError
from warehouse import cli


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SourceUnreachable("nobody answers"), 1, "unreachable: nobody answers\n"),
        (DiskError("the disk is full"), 6, "disk: the disk is full\n"),
        (TransientError("it may pass"), 1, "failed: it may pass\n"),
    ],
)
def test_the_command_line_says_it_without_a_traceback(
    error: TransientError,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = typer.Typer()

    @app.command()
    def fails() -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr("sys.argv", ["outlook"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == code
    assert capfd.readouterr().err == said


def test_a_retry_can_help_against_these_only() -> None:
    for kind in (DiskError, SourceUnreachable):
        assert issubclass(kind, TransientError) and not issubclass(kind, OutlookError)
        again = pickle.loads(pickle.dumps(kind("as the worker said")))
        assert type(again) is kind and str(again) == "as the worker said"
