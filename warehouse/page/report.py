"""One edition, made from a published file and put in place whole."""

import hashlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from transforms.errors import PublishError
from transforms.lake import discard, sync
from transforms.settings import Settings
from warehouse import publish
from warehouse.page import files, page, pdf, theme, workbook
from warehouse.page.edition import Edition, read, version

log = logging.getLogger(__name__)

STATUSES = ("provisional", "final")


@dataclass(frozen=True)
class Made:
    """A report in place. `has_pdf` is false on a machine without libpango."""

    folder: Path
    has_pdf: bool
    seconds: float


def make(
    settings: Settings,
    name: str,
    status: str = "provisional",
    as_of: date | None = None,
    progress: Callable[[str], None] | None = None,
) -> Made:
    """Makes `published/report/<edition>/` from the live version, or from that of an earlier night.

    Raises SettingsError for an edition that the file does not have, ExportMissing where nothing is
    published, PublishError where a final edition of other data stands in its place.
    """
    started = time.monotonic()
    source = version(settings.published, as_of)
    edition = read(source / publish.FILE, name, status, _is_sample(settings))
    target = settings.published / "report" / edition.name
    with publish.writer_lock(settings.published):
        _refuse_to_change_final(target, edition)
        with publish.new_version(settings.published) as folder:
            has_pdf = write(folder, edition, publish.manifest(source), progress)
            _put_in_place(folder, target, settings.published)
    return Made(target, has_pdf, time.monotonic() - started)


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
    tell("tables")
    workbook.write(folder / "outlook.xlsx", edition, title)
    carried["outlook.xlsx"] = (folder / "outlook.xlsx").read_bytes()
    tell("workbook")
    pictures = page.drawn(edition)
    for name, picture in pictures.items():
        spec = picture.specs["wide"]
        files.write_text_json(folder / "figures" / f"{name}.vl.json", spec)
        (folder / "figures" / f"{name}.png").write_bytes(theme.png(spec))
        (folder / "figures" / f"{name}.svg").write_text(picture.svg("wide", name), "utf-8")
        tell(f"figure {name}")
    html = page.render(edition, pictures, carried)
    (folder / "index.html").write_text(html, "utf-8")
    tell("page")
    has_pdf = pdf.write(folder / "outlook.pdf", html)
    tell("PDF")
    files.write_text_json(folder / "datapackage.json", files.datapackage(edition, folder, title))
    kept = {k: source.get(k) for k in ("export_date", "revision", "sha256", "storage_version")}
    made = {**files.manifest(edition, folder, kept), "page_code_version": code_version()}
    files.write_text_json(folder / "manifest.json", made)
    return has_pdf


def _refuse_to_change_final(target: Path, edition: Edition) -> None:
    if not (target / "manifest.json").is_file():
        return
    old = publish.manifest(target)
    same = old["run_id"] == edition.run["run_id"] and edition.status == "final"
    if old["status"] == "final" and not same:
        raise PublishError(
            f"{target} is final, made by run {old['run_id']}: later deliveries do not change it. "
            "It stays as it is."
        )


def _put_in_place(folder: Path, target: Path, published: Path) -> None:
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)
    target.parent.mkdir(exist_ok=True)
    with publish.new_version(published) as aside:
        discard(target, aside)
        os.rename(folder, target)
    sync(target.parent)


@cache
def code_version() -> str:
    """Hash of the code, templates and texts that decide what the page looks like and says."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".toml", ".j2", ".css"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _is_sample(settings: Settings) -> bool:
    """Generated exports lie beside the truth about them; no marketplace delivers that."""
    try:
        return bool((settings.exports / "truth.json").is_file())
    except OSError:
        return False


def summary(made: Made) -> list[str]:
    """Where the files lie, in the order in which people ask for them."""
    lines = [f"page: {made.folder / 'index.html'}"]
    if made.has_pdf:
        lines.append(f"PDF: {made.folder / 'outlook.pdf'}")
    lines.append(f"workbook: {made.folder / 'outlook.xlsx'}")
    return lines
