"""What the commands share: options, and how a date and a dataset are read."""

from datetime import date
from typing import Annotated

import typer

from transforms import DATASETS
from transforms.errors import SettingsError

Json = Annotated[bool, typer.Option("--json", help="Data as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Errors only on stderr.")]
Night = Annotated[str, typer.Option("--date", help="Export date, YYYY-MM-DD.")]
Dataset = Annotated[str | None, typer.Option(help=f"One of {', '.join(DATASETS)}.")]


def day(text: str) -> date:
    """A date as somebody types it; raises SettingsError for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{text!r} is no date: write YYYY-MM-DD") from None


def datasets(dataset: str | None) -> tuple[str, ...]:
    """The dataset that was named, or all; raises SettingsError for one that there is not."""
    if dataset is not None and dataset not in DATASETS:
        raise SettingsError(f"{dataset!r} is no dataset: one of {', '.join(DATASETS)}")
    return (dataset,) if dataset else DATASETS
