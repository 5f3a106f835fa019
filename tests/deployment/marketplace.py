"""The marketplace: has a whole sample in stock, and delivers it late, in halves, or broken."""

import gzip
import os
import shutil
from datetime import date, timedelta
from pathlib import Path

from tests.deployment.clock import Clock
from transforms.sample import write_sample
from transforms.sample.universe.recipe import FILE

AT_ONCE = 6  # nights: in a longer stretch the sample itself loses and delays some


class Marketplace:
    """Delivers nights of `stock` into `exports`."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        first: date,
        nights: int,
        scale: float,
        seed: int = 1,
    ) -> None:
        self.clock = clock
        self.stock, self.exports = folder / "stock", folder / "exports"
        self.corrected: set[date] = set()  # nights that came more than once
        self.nights = [first + timedelta(n) for n in range(nights)]
        for i in range(0, nights, AT_ONCE):
            part = self.nights[i : i + AT_ONCE]
            write_sample(self.stock, part[0], part[-1], scale=scale, seed=seed)
        self.exports.mkdir()
        for name in ("calendar.json", FILE):
            shutil.copy(self.stock / name, self.exports)

    def deliver(self, night: date, revision: int = 1) -> None:
        """Everything at once: the folder appears whole."""
        if revision > 1:
            self.corrected.add(night)
        part = self.exports.parent / "part"
        shutil.copytree(self.stock / f"{night}", part)
        self._dated(part, timedelta(minutes=10)).rename(self._folder(night, revision))

    def begin(self, night: date, share: float) -> None:
        """An upload in the middle: sellers and inquiries are there, of the listings so much."""
        folder = self._folder(night)
        folder.mkdir(exist_ok=True)
        self._copy_all_but_listings(night, folder)
        for name, whole in self._listings(night).items():
            (folder / name).write_bytes(whole[: int(len(whole) * share)])
        self._dated(folder)

    def finish(self, night: date) -> None:
        """The same files grow to their full length."""
        self.begin(night, 1.0)

    def deliver_few(self, night: date, share: float) -> None:
        """Readable, but a part of the listings only, as when an export stops early."""
        part = self.exports.parent / "part"
        part.mkdir()
        self._copy_all_but_listings(night, part)
        for name, whole in self._listings(night).items():
            lines = whole.splitlines(keepends=True)
            (part / name).write_bytes(b"".join(lines[: int(len(lines) * share)]))
        self._dated(part, timedelta(minutes=10)).rename(self._folder(night))

    def deliver_broken(self, night: date) -> None:
        """The archive of the listings is cut, and nothing says how long it should be."""
        part = self.exports.parent / "part"
        shutil.copytree(self.stock / f"{night}", part)
        (part / "manifest.json").unlink(missing_ok=True)
        archive = min(part.glob("listings*.gz"))
        archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
        self._dated(part, timedelta(minutes=10)).rename(self._folder(night))

    def _dated(self, folder: Path, ago: timedelta = timedelta(0)) -> Path:
        """Gives files the date that the deployment believes in: the disk knows the real one."""
        at = (self.clock.now() - ago).timestamp()
        for path in folder.iterdir():
            os.utime(path, (at, at))
        return folder

    def _copy_all_but_listings(self, night: date, folder: Path) -> None:
        """Without a manifest, which would tell how much is lacking."""
        for path in (self.stock / f"{night}").iterdir():
            if not path.name.startswith("listings") and path.name != "manifest.json":
                shutil.copy(path, folder)

    def _listings(self, night: date) -> dict[str, bytes]:
        """The unpacked files of the listings; some nights have two."""
        packed = sorted((self.stock / f"{night}").glob("listings*.gz"))
        assert packed, f"{night} has no listings in .gz"
        return {p.stem: gzip.decompress(p.read_bytes()) for p in packed}

    def _folder(self, night: date, revision: int = 1) -> Path:
        return self.exports / (f"{night}" if revision == 1 else f"{night}.r{revision}")
