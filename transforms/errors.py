"""The errors of the pipeline, each with its exit code.

Whatever an export contains, the pipeline either succeeds or raises one of these. After an
OutlookError the same command would fail again; after a TransientError a retry may succeed.
"""

from typing import Any

from transforms.mask import masked_if_marked
from transforms.visible import visible


class OutlookError(Exception):
    """An error that the operator can act on; `exit_code` is the exit code of the command."""

    exit_code = 1
    code = "failed"


class SettingsError(OutlookError):
    """A setting or an argument is missing or invalid."""

    exit_code = 2
    code = "settings"


class ExportMissing(OutlookError):
    """Nothing has been delivered for the night, or not yet."""

    exit_code = 3
    code = "missing"


class NightHeld(OutlookError):
    """A gate holds the night; the published version stays as it was."""

    exit_code = 4
    code = "held"


class ExportError(OutlookError):
    """A file cannot be read as one of the exports; the whole file is refused.

    `code` is a short stable name. Where no layout fits, `nearest_layout` and `missing` are set, and
    `headers` holds what look like the file's headers, for drafting a layout: they may be data, so
    the message leaves them out. Text that a message quotes from a file is masked and escaped: it
    cannot control a terminal, start a log line or name a person.
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
        # Worker processes return errors pickled, and unpickling passes the message only.
        return _export_error, (self.code, self.message, self.nearest_layout, self.missing)


def _export_error(
    code: str, message: str, nearest_layout: str | None, missing: list[str]
) -> ExportError:
    return ExportError(code, message, nearest_layout=nearest_layout, missing=missing)


# The error for each status of a night that does not count, most serious first.
OF_STATUS: dict[str, type[OutlookError]] = {
    "refused": ExportError,
    "held": NightHeld,
    "missing": ExportMissing,
}


# What to do about such a night, by status.
NEXT_STEP = {
    "refused": "No row of the refused file was loaded. Request a new delivery of the export.",
    "held": "Request a new delivery of the export, or run "
    "`outlook release-night {night} --reason …`.",
    "missing": "Wait for the delivery in {exports}/{night}, then run again.",
}


class PublishError(OutlookError):
    """The new version could not be published; the old one stays live."""

    exit_code = 6
    code = "publish"


class Damaged(PublishError):
    """A stored file has changed since it was written; the message names it and the repair."""

    code = "damaged"


class TransientError(Exception):
    """What stopped the run may pass, so a retry can help. Hence not an OutlookError."""

    exit_code = 1
    code = "failed"


class SourceUnreachable(TransientError):
    """The source of the exports did not answer, or not as it should.

    It says nothing about a night: only a source that answers can say that one is missing.
    """

    code = "unreachable"


class StoreUnreachable(TransientError):
    """The store that holds the lake, or its mirror, did not answer, or not as it should."""

    code = "unreachable"


class TakenOver(TransientError):
    """Another run took over the work of this one, which was taken for dead; it wrote nothing."""

    code = "taken_over"


class StillArriving(TransientError):
    """The delivery is there, but still being written: it is late rather than broken."""

    exit_code = 3
    code = "arriving"


class DiskError(TransientError):
    """The disk is full or failing: a retry may succeed once there is space."""

    exit_code = 6
    code = "disk"
