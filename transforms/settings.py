"""Settings: folders, key and market, from the environment or `outlook.toml`."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upath import UPath

from transforms.errors import SettingsError
from transforms.markets import Market, market

NAMES = ("HOME", "EXPORTS", "LAKE", "PUBLISHED", "KEY", "MARKET")


@dataclass(frozen=True)
class Settings:
    """All settings; made by `settings()` and passed on, never global."""

    home: Path
    exports: UPath
    lake: Path
    published: Path
    key: bytes | None
    market: Market

    @property
    def work(self) -> Path:
        """Scratch on the lake's disk, so that finished files can be renamed into the lake."""
        return self.lake / ".work"

    @property
    def landing(self) -> Path:
        """Deliveries as received, mode 0600: they hold personal data."""
        return self.home / "landing"

    def hashing_key(self) -> bytes:
        """Key for hashing personal data; raises SettingsError if none is set."""
        if not self.key:
            raise SettingsError(
                "OUTLOOK_KEY is not set: personal data cannot be hashed, so nothing is loaded. "
                "Set it to 32 or more random characters and keep it: a different key gives "
                "different hashes. `make run` makes one in its data folder."
            )
        return self.key


def settings(environ: dict[str, str] | None = None, file: Path | None = None) -> Settings:
    """Reads `OUTLOOK_*` from the environment, else from `outlook.toml` in the current folder."""
    env = os.environ if environ is None else environ
    path = file or Path("outlook.toml")
    from_file: dict[str, Any] = {}
    if path.is_file():
        try:
            from_file = tomllib.loads(path.read_text("utf-8"))
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{path}: {error}") from error
        for name in from_file:
            if name.upper() not in {f"OUTLOOK_{n}" for n in NAMES} or name.upper().endswith("_KEY"):
                raise SettingsError(f"{path}: {name} is not a setting that belongs in a file")

    def get(name: str, default: str | None) -> str | None:
        setting = f"OUTLOOK_{name}"
        return env.get(setting) or from_file.get(setting.lower()) or default

    home = Path(str(get("HOME", "data"))).absolute()
    key = get("KEY", None)
    key_file = home / "key"
    if key is None and key_file.is_file():
        key = _key(key_file)
    return Settings(
        home=home,
        exports=UPath(str(get("EXPORTS", str(home / "exports")))),
        lake=_local("LAKE", str(get("LAKE", str(home / "lake")))),
        published=_local("PUBLISHED", str(get("PUBLISHED", str(home / "published")))),
        key=key.encode() if key else None,
        market=market(str(get("MARKET", "PK"))),
    )


def _key(file: Path) -> str:
    text = file.read_bytes().strip()
    if not text or not text.isascii() or not text.decode("ascii").isprintable():
        raise SettingsError(
            f"{file} holds no key: it is empty or damaged. Restore it from a backup; a different "
            "key would give different hashes for the same people."
        )
    return text.decode("ascii")


def _local(name: str, url: str) -> Path:
    path = UPath(url)
    if path.protocol not in ("", "file", "local"):
        raise SettingsError(f"OUTLOOK_{name} is {url!r}: only a local folder (file:) works so far")
    return Path(path.path).absolute()
