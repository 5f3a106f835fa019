"""A night's parts, made from its landed files: at first, and again where one was damaged since.

The same bytes, code and key make the same parts, so that a part made again is known by its hash.
"""

import hmac
import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from transforms.code import code_version
from transforms.deliveries import exports
from transforms.deliveries.landing import Landed, land, landed_path
from transforms.deliveries.unpack import unpack
from transforms.errors import Damaged, ExportError
from transforms.lake import DamagedPart, Lake
from transforms.lake.partition import Partition
from transforms.lake.receipt import Receipt, Source
from transforms.read import open_export
from transforms.settings import Settings
from transforms.storage import damage, put_folder, scratch, sha256, sha256_of

log = logging.getLogger(__name__)

T = TypeVar("T")


def make(
    dataset: str,
    night: date,
    landed: list[Landed],
    folder: Path,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
) -> Receipt:
    """Writes the parts into `folder/parts`; returns the receipt that accounts for them.

    Raises ExportError where a file cannot be read as that dataset.
    """
    partition = Partition(dataset, night, folder, settings.market, settings.hashing_key())
    for file in landed:
        plain = unpack(file, folder)
        is_packed = plain.path != file.path
        unpacked = sha256(plain.path) if is_packed else file.sha256
        export = open_export(plain.path, plain.name, dataset, settings.market.encoding)
        partition.add(export, file, progress, unpacked)
        if is_packed:
            plain.path.unlink()
    return partition.finish()


def content(landed: list[Landed], settings: Settings) -> str:
    """Name of what a partition holds: the bytes, the code and the key it was made with."""
    key = hmac.new(settings.hashing_key(), b"content", "sha256").hexdigest()
    parts = [code_version(), settings.market.code, key, *sorted(x.sha256 for x in landed)]
    return sha256_of("\n".join(parts))


def mended(read: Callable[[], T], lake: Lake, settings: Settings) -> T:
    """What `read` makes of the lake once every damaged part that it meets is made again.

    Call with the locks held of what it reads. Raises Damaged where a part cannot be made again.
    """
    tried: set[str] = set()
    while True:
        try:
            return read()
        except DamagedPart as found:
            if f"{found}" in tried:
                raise Damaged(damage(f"{found}", "made again, it was damaged again")) from found
            tried.add(f"{found}")
            _mend(lake, found, settings)


def _mend(lake: Lake, found: DamagedPart, settings: Settings) -> None:
    receipt = found.receipt
    dataset, night = receipt.dataset, receipt.export_date
    load_again = (
        f"put the night's delivery under {settings.exports} and run `outlook run --date {night}`"
    )
    with scratch(settings.work, f"mend-{dataset}-{night}") as folder:
        landed = [_landed(source, night, settings) for source in receipt.sources]
        whole = [file for file in landed if file is not None]
        if len(whole) < len(landed):
            what = f"{found}, and the delivered bytes that it was made of are gone or damaged too"
            raise Damaged(damage(what, load_again))
        if receipt.content is None or content(whole, settings) != receipt.content:
            what = f"{found}, and the code, the market or the key is another than it was made with"
            raise Damaged(damage(what, load_again))
        made = make(dataset, night, whole, folder, settings)
        if _hashes(made) != _hashes(receipt):
            raise Damaged(damage(f"{found}, and made again it is another", load_again))
        put_folder(folder / "parts", lake.partition(dataset, night, receipt.content), folder)
    log.warning("%s. It was made again from the delivered bytes.", found)


def _landed(source: Source, night: date, settings: Settings) -> Landed | None:
    """The bytes of one source of a receipt: as landed, or else as they still are delivered."""
    name, digest = source.name, source.sha256
    path = landed_path(settings.landing / f"{night}", name, digest)
    if path.is_file() and sha256(path) == digest:
        return Landed(name, path, source.bytes, digest, None)
    for delivery in exports.deliveries(settings.exports, night):
        for file in delivery.files:
            if file.name == name and not file.problem:
                try:
                    landed = land(file, night, settings.landing)
                except ExportError:
                    continue
                if landed.sha256 == digest:
                    return landed
    return None


def _hashes(receipt: Receipt) -> dict[str, str]:
    return {p.part: p.sha256 for p in receipt.parts}
