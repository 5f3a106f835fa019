"""Settings: folders, source, key and market, from the environment or `outlook.toml`."""

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from transforms.errors import SettingsError
from transforms.markets import Market, market
from transforms.place import Place
from transforms.place.folder import Folder
from transforms.sources import LOCAL, Source, source
from transforms.sources.address import (
    OPTIONS,
    Address,
    Login,
    address,
    hold_to_path,
    scheme_of,
    shown,
)
from transforms.sources.local import Local
from transforms.sources.source import Limits

# Options of the source that may be set apart: the others are secrets, and belong in a connection.
SOURCE_OPTIONS = [name for name in OPTIONS if not name.startswith("private_key")]
WITH_LOGIN = ("OUTLOOK_EXPORTS", "OUTLOOK_LAKE", "OUTLOOK_MIRROR")  # their URLs may hold one
STORE_OPTIONS = ("endpoint_url", "region_name", "ca_file")
LIMITS = [f.name for f in fields(Limits)]
ENGINES = ("auto", "local", "pool", "spark")
MOST_WORKERS = 256
FEW_WORKERS = 4  # unless more are asked for: each takes some 500 MiB
NAMES = (
    "HOME",
    "EXPORTS",
    "EXPORTS_CONNECTION",
    "LAKE",
    "LAKE_CONNECTION",
    *(f"LAKE_{name.upper()}" for name in STORE_OPTIONS),
    "WORK",
    "MIRROR",
    "MIRROR_CONNECTION",
    *(f"MIRROR_{name.upper()}" for name in STORE_OPTIONS),
    "PUBLISHED",
    "KEY",
    "MARKET",
    "ENGINE",
    "WORKERS",
    "SPARK",
    *(f"SOURCE_{name.upper()}" for name in (*SOURCE_OPTIONS, *LIMITS)),
)

Get = Callable[[str, str | None], str | None]
FindConnection = Callable[[str, str], Login]

# What finds an Airflow connection by its id, for a setting. Whoever knows Airflow sets it.
find_connection: FindConnection | None = None


@dataclass(frozen=True)
class Settings:
    """All settings; made by `settings()` and passed on, never global.

    `lake` is the lake's folder. Where the lake is in a bucket, it holds only what this machine
    keeps of it: scratch, and copies of what was read.
    """

    home: Path
    exports: Source
    lake: Path
    published: Path
    key: bytes | None = field(repr=False)
    market: Market
    bucket: Place | None = None
    mirror: Address | None = None
    engine: str = "auto"  # where pieces of a file are worked on: `pieces.engines`
    workers: int = 1  # processes of a pool, or pieces at a time on a cluster
    spark: str | None = None  # the cluster's master

    @property
    def place(self) -> Place:
        """Where the lake is kept."""
        return self.bucket or Folder(self.lake)

    @property
    def work(self) -> Path:
        """Scratch on the lake's disk, so that finished files can be renamed into the lake."""
        return self.lake / ".work"

    @property
    def landing(self) -> Path:
        """Deliveries as received, mode 0600: they hold personal data."""
        return self.home / "landing"

    @property
    def beside(self) -> Source:
        """Where to read what lies beside the nights, such as `calendar.json`: in the source if it
        is a local folder that holds anything, else in the lake's copy (`exports.keep_beside`), so
        that a build needs no source. Where neither is there yet, a restore fills the folder."""
        if isinstance(self.exports, Local) and self.exports.holds_anything():
            return self.exports
        kept = self.place.local(PurePosixPath("beside"))
        if isinstance(self.exports, Local) and not kept.is_dir():
            return Local(self.exports.root, may_be_absent=True)
        return Local(kept, may_be_absent=True)

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
        for name, value in from_file.items():
            if name.upper() not in {f"OUTLOOK_{n}" for n in NAMES} - {"OUTLOOK_KEY"}:
                raise SettingsError(f"{path}: {name} is not a setting that belongs in a file")
            if name.upper() in WITH_LOGIN and "@" in str(value):
                raise SettingsError(
                    f"{path}: a login does not belong in a file, but in an Airflow connection"
                )

    def get(name: str, default: str | None) -> str | None:
        setting = f"OUTLOOK_{name}"
        return env.get(setting) or from_file.get(setting.lower()) or default

    home = Path(str(get("HOME", "data"))).absolute()
    key = get("KEY", None)
    key_file = home / "key"
    if key is None and key_file.is_file():
        key = _key(key_file)
    bucket, mirror = None, get("MIRROR", None)
    lake = str(get("LAKE", str(home / "lake")))
    if scheme_of(lake) == "s3":
        room = _local("WORK", str(get("WORK", str(home / "work"))))
        bucket, lake = _bucket(store_address(get, "LAKE", lake), _limits(get, {}), room), str(room)
    return Settings(
        home=home,
        exports=_source(get, home),
        lake=_local("LAKE", lake),
        bucket=bucket,
        mirror=_mirror(get, mirror) if mirror else None,
        published=_local("PUBLISHED", str(get("PUBLISHED", str(home / "published")))),
        key=key.encode() if key else None,
        market=market(str(get("MARKET", "PK"))),
        engine=engine_name(str(get("ENGINE", "auto")), "OUTLOOK_ENGINE"),
        spark=get("SPARK", None),
        workers=_workers(str(get("WORKERS", str(min(_cores(), FEW_WORKERS))))),
    )


def engine_name(name: str, said: str) -> str:
    """The name of an engine; raises SettingsError for any other. `said` is where it was set."""
    if name not in ENGINES:
        raise SettingsError(
            f"{said} must be {', '.join(ENGINES[:-1])} or {ENGINES[-1]}, not {name!r}"
        )
    return name


def _cores() -> int:
    """The cores that this process may use, which a container may limit; not every system says."""
    may_use = getattr(os, "sched_getaffinity", None)
    return len(may_use(0)) if may_use else os.cpu_count() or 1


def _workers(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_WORKERS:
        raise SettingsError(f"OUTLOOK_WORKERS is {text!r}, not a number from 1 to {MOST_WORKERS}")
    return int(text)


def _key(file: Path) -> str:
    text = file.read_bytes().strip()
    if not text or not text.isascii() or not text.decode("ascii").isprintable():
        raise SettingsError(
            f"{file} holds no key: it is empty or damaged. Restore it from a backup; a different "
            "key would give different hashes for the same people."
        )
    return text.decode("ascii")


def _source(get: Get, home: Path) -> Source:
    connection = get("EXPORTS_CONNECTION", None)
    url = get("EXPORTS", None)
    if connection and not url:
        raise SettingsError(
            "OUTLOOK_EXPORTS_CONNECTION is set, but OUTLOOK_EXPORTS is not: set it to "
            "sftp:///folder, s3://bucket/folder or https:///folder. The connection gives the "
            "host, if the URL does not, and the credentials."
        )
    options = {name: get(f"SOURCE_{name.upper()}", None) for name in SOURCE_OPTIONS}
    return source(
        url or str(home / "exports"),
        _limits(get, {"unchanged": 5.0} if scheme_of(url or "") in LOCAL else {}),
        {name: text for name, text in options.items() if text},
        partial(_login, "OUTLOOK_EXPORTS", connection, find_connection) if connection else None,
    )


def _limits(get: Get, chosen: dict[str, Any]) -> Limits:
    for name in LIMITS:
        text = get(f"SOURCE_{name.upper()}", None)
        if text is None:
            continue
        try:
            number = int(text) if name == "tries" else float(text)
        except ValueError:
            number = -1
        if not (0 <= number < 1e6) or (number == 0 and name not in ("pause", "unchanged")):
            raise SettingsError(f"OUTLOOK_SOURCE_{name.upper()} is {text!r}, not a number above 0")
        chosen[name] = number
    return Limits(**chosen)


def _login(setting: str, connection: str, find: FindConnection | None) -> Login:
    if find is None:
        raise SettingsError(
            f"{setting}_CONNECTION is {connection!r}: only the command `outlook` and the "
            "DAGs can look up a connection"
        )
    return find(connection, f"{setting}_CONNECTION")


def _mirror(get: Get, url: str) -> Address:
    if scheme_of(url) != "s3":
        raise SettingsError(f"OUTLOOK_MIRROR is {shown(url)!r}: it must be a bucket (s3:)")
    return store_address(get, "MIRROR", url)


def _bucket(where: Address, limits: Limits, room: Path) -> Place:
    try:
        from transforms.place.bucket import Bucket  # boto3 comes with an extra
    except ImportError:
        raise SettingsError(
            f"OUTLOOK_LAKE is {where}, but boto3 is not installed: it comes with the extra s3. Run "
            "`make production`. Nothing was done."
        ) from None
    return Bucket(where, limits, room)


def store_address(get: Get, name: str, url: str) -> Address:
    """The address of the bucket that a setting names, with its options and its connection."""
    options = {o: text for o in STORE_OPTIONS if (text := get(f"{name}_{o.upper()}", None))}
    connection = get(f"{name}_CONNECTION", None)
    login = partial(_login, f"OUTLOOK_{name}", connection, find_connection) if connection else None
    return address(url, options, login, f"OUTLOOK_{name}", STORE_OPTIONS)


def _local(name: str, url: str) -> Path:
    found = url.removeprefix("local:").removeprefix("file://").removeprefix("file:")
    if "://" in found or not found:
        raise SettingsError(
            f"OUTLOOK_{name} is {shown(url)!r}: it must be a local folder (file:)"
            + (" or a bucket (s3:)" if name == "LAKE" else "")
        )
    hold_to_path(f"OUTLOOK_{name}", found)
    return Path(found).absolute()
