"""The mirror: what is published, copied to object storage for readers elsewhere.

Versions and reports lie there under names that hold a hash and never change, and `latest.json`,
which is written last, names what is live: so it never names what is not whole, and a copy that was
interrupted is finished by the next one.
"""

import hashlib
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from transforms.errors import Damaged, OutlookError, SettingsError, TransientError
from transforms.settings import Settings
from transforms.storage import read_json, sha256, write_json
from warehouse import publish, versions

if TYPE_CHECKING:  # boto3 comes with an extra
    from transforms.place.objects import Objects

log = logging.getLogger(__name__)

POINTER = PurePosixPath("latest.json")
OWN = "mirrored.json"  # in the home: what this machine last made the pointer say


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
    the store does not answer: the pointer then names what it named before. That of a later version,
    which another machine has put there, stays too, with a warning.
    """
    objects = _objects(settings)
    if not settings.published.is_dir():
        raise _nothing()
    objects.hold_to_conditions()
    with publish.writer_lock(settings.published):  # no report is replaced meanwhile
        return _mirrored(settings, objects)


def _mirrored(settings: Settings, objects: "Objects") -> Mirrored:
    own = settings.home / OWN
    while True:
        found = objects.get(POINTER)
        live = versions.live(settings.published)
        if live is None:
            raise _nothing()
        told, files = _told(live, settings.published)
        if found and (later := _later(found[0], told)) and not _is_own(own, objects, found[0]):
            log.warning(
                "%s shows %s, which another machine put there and which is later than %s here: it "
                "stays. Build here, or delete %s there and mirror again.",
                objects,
                later,
                live.name,
                POINTER,
            )
            return Mirrored(later, str(objects), 0, 0)
        sent = [path for path, name in files.items() if _is_sent(objects, path, name)]
        text = json.dumps(told, indent=1, sort_keys=True).encode()
        is_as_it_was = bool(found and found[0] == text)
        # Another machine may have mirrored a later version meanwhile: then look again.
        if is_as_it_was or objects.put(POINTER, text, found[1] if found else None):
            write_json(own, {"target": str(objects), "pointer": _hash(text)})
            size = sum(path.stat().st_size for path in sent)
            return Mirrored(live.name, str(objects), len(sent), size)


def after_publishing(settings: Settings) -> None:
    """Mirrors what is live, if that is set. What is published stands, whatever comes of it."""
    if settings.mirror is None:
        return
    try:
        made = mirror(settings)
    except (OutlookError, TransientError, OSError) as error:
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
    # Another machine may have another version of the same name.
    folder = PurePosixPath(live.name, sha256(live / "manifest.json")[:12])
    files = {path: folder / path.name for path in _files(live)}
    reports = {}
    for report in sorted((published / "report").glob("[FC]Y????")):
        try:
            versions.manifest(report)
        except Damaged as error:
            log.warning("%s It was not mirrored.", error)
            continue
        # A report is replaced when it is made again: each one has a name of its own.
        name = PurePosixPath("report", report.name, sha256(report / "manifest.json")[:12])
        reports[report.name] = str(name)
        files |= {path: name / path.relative_to(report) for path in _files(report)}
    told = {
        "folder": live.name,
        "file": f"{folder / versions.FILE}",
        "revision": about.get("revision", 1),
        **{key: about[key] for key in ("sha256", "bytes", "export_date")},
        "reports": reports,
    }
    return told, files


def _later(pointer: bytes, told: dict[str, Any]) -> str | None:
    """The version that a pointer names, if it is later than what is told."""
    with suppress(ValueError):
        found = json.loads(pointer)
        if isinstance(found, dict) and _place_of(found) > _place_of(told):
            return str(found.get("folder"))
    return None


def _place_of(told: dict[str, Any]) -> tuple[str, int]:
    return str(told.get("export_date", "")), int(told.get("revision", 1))


def _is_own(own: Path, objects: "Objects", pointer: bytes) -> bool:
    """Whether this machine wrote the pointer: then it may take it back, as after a version went."""
    try:
        known = read_json(own, "")
    except Damaged:
        return False
    return known == {"target": str(objects), "pointer": _hash(pointer)}


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _nothing() -> SettingsError:
    return SettingsError("nothing is published yet, so nothing was mirrored")


def _files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".wal"]


def _is_sent(objects: "Objects", path: Path, name: PurePosixPath) -> bool:
    """Sends a file unless it is there; whether that was needed."""
    digest = sha256(path)
    if objects.is_there(path, name, digest):
        return False
    objects.send(path, name, digest)
    return True
