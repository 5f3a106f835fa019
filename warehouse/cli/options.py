"""Options that the commands share, and how they read a date and a dataset."""

from dataclasses import replace
from datetime import date
from typing import Annotated

import typer

from transforms import DATASETS
from transforms.errors import SettingsError
from transforms.settings import ENGINES, Settings, engine_name, settings

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show errors only.")]
Night = Annotated[str, typer.Option("--date", help="Export date, YYYY-MM-DD.")]
Incomplete = Annotated[
    bool,
    typer.Option("--incomplete", help="Publish a night even if exports of a dataset are lacking."),
]
Engine = Annotated[
    str | None,
    typer.Option(help=f"Where pieces of a file are worked on: {', '.join(ENGINES)}."),
]
Dataset = Annotated[str | None, typer.Option(help=f"One of {', '.join(DATASETS)}.")]


def settings_with(engine: str | None) -> Settings:
    """The settings, with the engine that the user named, if any."""
    chosen = settings()
    return replace(chosen, engine=engine_name(engine, "--engine")) if engine else chosen


def day(text: str) -> date:
    """The date that the user typed; raises SettingsError for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        why = f": {error}" if "month" in str(error) else ": write YYYY-MM-DD"
        raise SettingsError(f"{text!r} is not a date{why}") from None


def datasets(dataset: str | None) -> tuple[str, ...]:
    """The dataset that was named, or all; raises SettingsError for an unknown one."""
    if dataset is not None and dataset not in DATASETS:
        raise SettingsError(f"{dataset!r} is not a dataset: choose from {', '.join(DATASETS)}")
    return (dataset,) if dataset else DATASETS
