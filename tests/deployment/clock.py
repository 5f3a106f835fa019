"""The date that a deployment believes in: a night passes in seconds.

Only the wall clock is changed, never how long a wait takes. Move it when nothing is running.
"""

import os
import shutil
import struct
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


class Clock:
    """A wall clock shared by every process that has `environment`."""

    def __init__(self, folder: Path, begin: datetime) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise FileNotFoundError(
                "a C compiler is needed to change the date: apt-get install gcc"
            )
        library = folder / "clock.so"
        subprocess.run(
            [compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True
        )
        self._file = folder / "clock"
        self._file.write_bytes(struct.pack("l", 0))
        self._file.chmod(0o644)
        self.environment = {"LD_PRELOAD": str(library), "OUTLOOK_TEST_CLOCK": str(self._file)}
        self.set(begin)

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self._offset(), UTC)

    def set(self, moment: datetime) -> None:
        """Raises ValueError if that is in the past: the servers would wait for it to come again."""
        offset = round(moment.timestamp() - time.time())
        if self._offset() and offset < self._offset():
            raise ValueError(f"it is {self.now()}: the clock cannot be set back to {moment}")
        # One write of eight bytes in place: readers have the file mapped.
        handle = os.open(self._file, os.O_WRONLY)
        try:
            os.pwrite(handle, struct.pack("l", offset), 0)
        finally:
            os.close(handle)

    def forward(self, by: timedelta) -> None:
        self.set(self.now() + by)

    def _offset(self) -> int:
        (offset,) = struct.unpack("l", self._file.read_bytes())
        return int(offset)
