"""What can go wrong on the way from an export to the lake, each with its exit code.

One declared family: whatever an export contains, the line raises one of these or succeeds.
"""

from typing import Any

from transforms.mask import masked_if_marked
from transforms.visible import visible


class OutlookError(Exception):
    """A stop that the operator can act on; `exit_code` is what the command line returns."""

    exit_code = 1
    code = "failed"


class SettingsError(OutlookError):
    """A setting is missing or cannot be used."""

    exit_code = 2
    code = "settings"


class ExportMissing(OutlookError):
    """Nothing was delivered for the night, or not yet."""

    exit_code = 3
    code = "missing"


class NightHeld(OutlookError):
    """A gate holds the night; what is published stays as it was."""

    exit_code = 4
    code = "held"


class ExportError(OutlookError):
    """A file cannot be read as one of the exports; it is refused whole.

    `code` is a short stable name; `nearest_layout` and `missing` are set where no layout fits, and
    `headers` are what the file seems to have, to draft a layout from: they may be data, and stay
    out of the message. What a message quotes of a file steers no terminal, begins no line of a log
    and names nobody.
    """

    exit_code = 5

    def __init__(
        self,
        code: str,
        message: str,
        *,
        nearest_layout: str | None = None,
        missing: list[str] | None = None,
        headers: list[str] | None = None,
    ) -> None:
        message = visible(masked_if_marked(message))
        super().__init__(message)
        self.code = code
        self.message = message
        self.nearest_layout = nearest_layout
        self.missing = missing or []
        self.headers = headers or []

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors come back from other processes pickled, which calls a class with its message only.
        return _export_error, (self.code, self.message, self.nearest_layout, self.missing)


def _export_error(
    code: str, message: str, nearest_layout: str | None, missing: list[str]
) -> ExportError:
    return ExportError(code, message, nearest_layout=nearest_layout, missing=missing)


# What a night that does not count is to whoever asked for it, by its status; the gravest first.
OF_STATUS: dict[str, type[OutlookError]] = {
    "refused": ExportError,
    "held": NightHeld,
    "missing": ExportMissing,
}


# What to do about such a night, by its status, for whoever is told of it.
NEXT_STEP = {
    "refused": "Ask for the export again; nothing of the refused file was loaded.",
    "held": "Look at `outlook rejected --date {night}`; ask for the export again, or "
    "`outlook release-night {night} --reason …`.",
    "missing": "Wait for the delivery under {exports}/{night}, then run again.",
}


class PublishError(OutlookError):
    """The new version could not be put in place; the old one is live."""

    exit_code = 6
    code = "publish"


class Damaged(PublishError):
    """A stored file is not what was written; the message names it and what mends it."""

    code = "damaged"


class DiskError(Exception):
    """The disk is full or fails. No OutlookError: it is worth another try once there is room."""

    exit_code = 6
    code = "disk"
