"""Where exports are delivered: a local folder, or a server reached by sftp, s3 or https.

Every kind answers the same four questions (`source.py`). Only a source that answers and lists its
root can say that something is absent; whatever else happens is a SourceUnreachable.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from transforms.errors import SettingsError
from transforms.sources.address import Address, FindLogin, address, hold_to_path, scheme_of
from transforms.sources.local import Local
from transforms.sources.source import Limits
from transforms.sources.source import Source as Source

# The library that each kind needs; the extra that installs it has the name of the scheme.
LIBRARIES = {"sftp": "paramiko", "s3": "boto3", "https": "httpx"}
LOCAL = ("", "file", "local")
KINDS = {"sftp": "Sftp", "s3": "S3", "https": "Https"}


def source(
    url: str,
    limits: Limits | None = None,
    options: Mapping[str, str] | None = None,
    find_login: FindLogin | None = None,
) -> Source:
    """The source at a URL or a local path. Nothing is connected yet.

    `options` are those of `address`, and `find_login` finds the credentials once they are needed.
    Raises SettingsError for a URL of no known kind, or if its library is not installed.
    """
    scheme = scheme_of(url)
    limits = limits or Limits()
    if scheme in LOCAL:
        hold_to_path(
            "OUTLOOK_EXPORTS", url[len(scheme) :].lstrip(":").removeprefix("//" if scheme else "")
        )
        return Local.at(url, limits)
    if scheme not in KINDS:
        raise SettingsError(
            f"OUTLOOK_EXPORTS has the scheme {scheme}:, which is not read. Use a local folder, "
            "file:, sftp:, s3: or https:."
        )
    where = address(url, options or {}, find_login)
    if not _is_installed(LIBRARIES[scheme]):
        raise _needs_extra(where)
    made: Source
    try:
        module = import_module(f"transforms.sources.{scheme}")
        made = getattr(module, KINDS[scheme])(where, limits)
    except ImportError:
        raise _needs_extra(where) from None
    return made


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def _needs_extra(where: Address) -> SettingsError:
    return SettingsError(
        f"OUTLOOK_EXPORTS is {where}, but {LIBRARIES[where.scheme]} is not installed: it comes "
        f"with the extra {where.scheme}. Run `make production`. "
        "Nothing was done."
    )
