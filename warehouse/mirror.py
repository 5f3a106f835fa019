"""The mirror: what is published, copied to object storage for readers elsewhere.

Versions and reports lie there under names that never change, and `latest.json`, which is written
last, names what is live: so it never names what is not whole, and a copy that was interrupted is
finished by the next one.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from transforms.errors import Damaged, OutlookError, SettingsError, TransientError
from transforms.settings import Settings
from transforms.storage import sha256
from warehouse import versions

if TYPE_CHECKING:  # boto3 comes with an extra
    from transforms.place.objects import Objects

log = logging.getLogger(__name__)

POINTER = PurePosixPath("latest.json")


@dataclass(frozen=True)
class Mirrored:
    """What the pointer names now; `sent` files and bytes were not there before."""

    folder: str
    target: str
    sent: int
    bytes: int


def mirror(settings: Settings) -> Mirrored:
    """Copies the live version and the reports to OUTLOOK_MIRROR, then points to them.

    Raises SettingsError if there is no such setting or nothing is published, StoreUnreachable if
    the store does not answer: the pointer then names what it named before.
    """
    objects = _objects(settings)
    objects.hold_to_conditions()
    while True:
        found = objects.get(POINTER)
        live = versions.live(settings.published)
        if live is None:
            raise SettingsError("nothing is published yet, so nothing was mirrored")
        told, files = _told(live, settings.published)
        sent = [path for path, name in files.items() if _is_sent(objects, path, name)]
        text = json.dumps(told, indent=1, sort_keys=True).encode()
        is_as_it_was = bool(found and found[0] == text)
        # Another machine may have mirrored a later version meanwhile: then look again.
        if is_as_it_was or objects.put(POINTER, text, found[1] if found else None):
            size = sum(path.stat().st_size for path in sent)
            return Mirrored(live.name, str(objects), len(sent), size)


def after_publishing(settings: Settings) -> None:
    """Mirrors what is live, if that is set. What is published stands, whatever comes of it."""
    if settings.mirror is None:
        return
    try:
        made = mirror(settings)
    except (OutlookError, TransientError) as error:
        log.error("what is published was not mirrored: %s Then run `outlook mirror`.", error)
    else:
        if made.sent:
            log.info("mirrored %s to %s", made.folder, made.target)


def _objects(settings: Settings) -> "Objects":
    if settings.mirror is None:
        raise SettingsError(
            "OUTLOOK_MIRROR is not set: set it, or name a bucket: `outlook mirror s3://…`"
        )
    try:
        from transforms.place.objects import Objects
    except ImportError:
        raise SettingsError(
            f"OUTLOOK_MIRROR is {settings.mirror}, but boto3 is not installed: it comes with the "
            "extra s3. Run `make production`. Nothing was done."
        ) from None
    return Objects(settings.mirror, settings.exports.limits, "the mirror", "OUTLOOK_MIRROR")


def _told(live: Path, published: Path) -> tuple[dict[str, Any], dict[Path, PurePosixPath]]:
    """What the pointer says, and the files that it names, by path."""
    about = versions.manifest(live)
    files = {path: PurePosixPath(live.name, path.name) for path in _files(live)}
    reports = {}
    for folder in sorted((published / "report").glob("[FC]Y????")):
        try:
            versions.manifest(folder)
        except Damaged as error:
            log.warning("%s It was not mirrored.", error)
            continue
        # A report is replaced when it is made again: each one has a name of its own.
        name = PurePosixPath("report", folder.name, sha256(folder / "manifest.json")[:12])
        reports[folder.name] = str(name)
        files |= {path: name / path.relative_to(folder) for path in _files(folder)}
    told = {
        "folder": live.name,
        "file": f"{live.name}/{versions.FILE}",
        **{key: about[key] for key in ("sha256", "bytes", "export_date")},
        "reports": reports,
    }
    return told, files


def _files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".wal"]


def _is_sent(objects: "Objects", path: Path, name: PurePosixPath) -> bool:
    """Sends a file unless it is there; whether that was needed."""
    digest = sha256(path)
    if objects.is_there(path, name, digest):
        return False
    objects.send(path, name, digest)
    return True
