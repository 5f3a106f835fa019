"""What the commands share: options, and how a date, a dataset and a range of nights are read."""

from datetime import date
from functools import partial
from typing import Annotated, Any

import typer

from transforms import DATASETS
from transforms.deliveries import exports
from transforms.errors import SettingsError
from transforms.lake import Lake
from transforms.settings import Settings
from warehouse.tables import lake_views

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


def calendar(chosen: Settings, dataset: str) -> list[dict[str, Any]]:
    """The nights of one dataset, those that nobody ran among them, oldest first."""
    due = partial(exports.due_nights, chosen.exports)
    return lake_views.night_statuses(Lake(chosen.lake), dataset, due)
