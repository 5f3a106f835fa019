"""Makes the report of one edition from a published file, or releases it: freezes it first."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from transforms.code import code_version
from transforms.deliveries import exports
from transforms.errors import PublishError, SettingsError
from transforms.settings import Settings
from transforms.storage import write_json
from warehouse import publish, versions
from warehouse.build.build import build
from warehouse.editions import freeze, frozen
from warehouse.page import files, page, pdf, theme, workbook
from warehouse.page.edition import Edition, read

log = logging.getLogger(__name__)

ROOM = Path(__file__).parent
STATUSES = (None, "provisional", "final")


@dataclass(frozen=True)
class Made:
    """A finished report. `has_pdf` is false on a machine without libpango."""

    folder: Path
    status: str
    has_pdf: bool
    seconds: float


def make(
    settings: Settings,
    name: str,
    as_of: date | None = None,
    progress: Callable[[str], None] | None = None,
) -> Made:
    """Makes `published/report/<edition>/` from the live version, or from that of an earlier night.

    That version decides whether it is provisional or final. Raises SettingsError for an edition
    that the file does not have, and for an older version if the edition has been frozen since;
    ExportMissing if nothing is published.
    """
    started = time.monotonic()
    with publish.writer_lock(settings.published):
        # Read with the lock held: another version may have gone live during the wait.
        source = versions.known_on(settings.published, as_of)
        edition = read(source / versions.FILE, name, _is_sample(settings))
        _is_as_frozen(settings.published, edition, source.name)
        with publish.new_version(settings.published) as folder:
            has_pdf = write(folder, edition, versions.manifest(source), progress)
            target = publish.put_report(folder, settings.published, edition.name)
    return Made(target, edition.status, has_pdf, time.monotonic() - started)


def can_be(
    status: str | None, name: str, as_of: date | None, reason: str | None, published: Path
) -> None:
    """Raises SettingsError if the edition cannot have that status."""
    if status not in STATUSES:
        raise SettingsError("--status must be provisional or final")
    if reason is not None and (status != "final" or not reason.strip()):
        raise SettingsError("--reason says why frozen figures change: use it with --status final")
    one = frozen.newest(published, name)
    if status == "provisional" and one:
        raise SettingsError(
            f"{name} is {one.status}, frozen on {one.frozen_at:%Y-%m-%d}, and cannot be "
            "provisional again. Leave out --status to make its report as it stands."
        )
    if status == "final" and as_of:
        source, live = versions.known_on(published, as_of), versions.latest(published)
        if source != live:
            raise SettingsError(
                f"--status final freezes what the lake holds today, not {source.name}: leave out "
                f"--as-of to release {name} as it is live now."
            )


def release(
    settings: Settings,
    name: str,
    by: str,
    reason: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Made:
    """Freezes an edition, publishes a file that shows it as final, and makes its report.

    If nothing has changed since, figures and page are the same. After an interruption, the same
    call carries on. Raises what `freeze.freeze` and `build` raise.
    """
    freeze.freeze(settings, name, by, reason)
    build(settings)
    return make(settings, name, progress=progress)


def write(
    folder: Path,
    edition: Edition,
    source: dict[str, Any],
    progress: Callable[[str], None] | None = None,
) -> bool:
    """Writes every file of the edition into an empty folder; returns whether there is a PDF."""
    tell = progress or (lambda _: None)
    title = f"Digital B2B Outlook, {edition.market['market_name']}, {edition.name}"
    for part in ("csv", "parquet", "figures"):
        (folder / part).mkdir()
    carried = {}
    for table in edition.tables.values():
        carried[f"{table.name}.csv"] = files.csv_bytes(table)
        (folder / "csv" / f"{table.name}.csv").write_bytes(carried[f"{table.name}.csv"])
        files.write_parquet(folder / "parquet" / f"{table.name}.parquet", table)
    zipped = files.zip_bytes(carried)
    (folder / "csv.zip").write_bytes(zipped)
    carried["csv.zip"] = zipped
    tell("tables")
    workbook.write(folder / "outlook.xlsx", edition, title)
    carried["outlook.xlsx"] = (folder / "outlook.xlsx").read_bytes()
    tell("workbook")
    pictures = page.drawn(edition)
    for name, picture in pictures.items():
        files.write_text_json(folder / "figures" / f"{name}.vl.json", picture.specs["wide"])
        (folder / "figures" / f"{name}.png").write_bytes(theme.png(picture.drawings["wide"]))
        (folder / "figures" / f"{name}.svg").write_text(picture.svg("wide", name), "utf-8")
        tell(f"figure {name}")
    html = page.render(edition, pictures, carried, files.listed(folder))
    (folder / "index.html").write_text(html, "utf-8")
    tell("page")
    has_pdf = pdf.write(folder / "outlook.pdf", html)
    tell("PDF")
    files.write_text_json(folder / "datapackage.json", files.datapackage(edition, folder, title))
    kept = {k: source.get(k) for k in ("export_date", "revision", "sha256", "storage_version")}
    made = {**files.manifest(edition, folder, kept), "page_code_version": code_version(ROOM)}
    write_json(folder / "manifest.json", made)
    return has_pdf


def _is_as_frozen(published: Path, edition: Edition, source: str) -> None:
    """Raises PublishError unless the file holds a frozen edition as it was last frozen."""
    one = frozen.newest(published, edition.name)
    want, shown = one and one.manifest["revision"], edition.frozen.get("revision")
    if one is None and shown:
        raise PublishError(
            f"{source} shows {edition.name} as final, but {published}/editions no longer has it. "
            "The report was left as it is: restore that folder from a backup."
        )
    if one and want != shown:
        raise SettingsError(
            f"{edition.name} is {one.status} ({one.folder.name}), but {source} does not show it as "
            "such: its report was left as it is. Leave out --as-of; if `outlook status` names "
            f"{source} as live, run `outlook build` first."
        )


def _is_sample(settings: Settings) -> bool:
    """Whether the exports are generated: then sample.json next to them says how."""
    return settings.beside.look(exports.SAMPLE) is not None


def summary(made: Made) -> list[str]:
    """Paths of the main files, the most wanted first."""
    lines = [f"page: {made.folder / 'index.html'}"]
    if made.has_pdf:
        lines.append(f"PDF: {made.folder / 'outlook.pdf'}")
    lines.append(f"workbook: {made.folder / 'outlook.xlsx'}")
    return lines
