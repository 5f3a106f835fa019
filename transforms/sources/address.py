"""The address of a source: its URL taken apart, and shown without anything secret."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from transforms.errors import SettingsError

# An Airflow connection as plain values: host, port, login, password, schema, extra.
Login = Mapping[str, Any]
FindLogin = Callable[[], Login]

# What may stand in the query of the URL, in the `extra` of a connection, and in a setting.
OPTIONS = (
    "known_hosts",
    "host_key",
    "key_file",
    "private_key",
    "private_key_passphrase",
    "endpoint_url",
    "region_name",
    "ca_file",
)
# A login behind // or a colon, in what does not begin as the path of a folder does.
MISTYPED = re.compile(r"(//|(?!/).*(//|:)).*@")


@dataclass(frozen=True, repr=False)
class Address:
    """Where a source is and who asks; `str()` of it holds no secret.

    `query` is what the URL holds beyond the options, such as a signature: it goes with every
    request and stands in no message.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    user: str | None = None
    password: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    find_login: FindLogin | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{host}{port}{self.path}"

    def __repr__(self) -> str:
        return f"Address({self})"

    def with_login(self) -> "Address":
        """The address with what the connection adds. The URL has the last word on the path."""
        if self.find_login is None:
            return self
        login = self.find_login()
        host = str(login.get("host") or "").removeprefix(f"{self.scheme}://").rstrip("/")
        if self.scheme != "s3" and host and self.host and host.casefold() != self.host.casefold():
            raise SettingsError(
                f"OUTLOOK_EXPORTS is on {self.host}, but the connection of "
                "OUTLOOK_EXPORTS_CONNECTION is for another host: its password was not sent."
            )
        extra = {k: str(v) for k, v in dict(login.get("extra") or {}).items() if k in OPTIONS and v}
        return replace(
            self,
            host=self.host if self.scheme == "s3" else self.host or host,
            port=self.port or login.get("port") or None,
            user=self.user or login.get("login") or None,
            password=self.password or login.get("password") or None,
            options={**extra, **self.options},
            find_login=None,
        )


def scheme_of(url: str) -> str:
    """The scheme of a URL in small letters; empty for a path."""
    head, colon, _ = url.partition(":")
    return head.casefold() if colon and "/" not in head and len(head) > 1 else ""


def shown(url: str) -> str:
    """A URL as messages may show it: without user, password, query and fragment."""
    scheme = scheme_of(url)
    if not scheme:
        return url
    rest = url[len(scheme) + 1 :].removeprefix("//")
    # A password that holds / ? or # ends before the last @.
    rest = rest.rsplit("@", 1)[-1].split("?")[0].split("#")[0]
    return f"{scheme}://{rest}"


def hold_to_path(setting: str, path: str) -> None:
    """Raises SettingsError for a local path that looks like a URL with a login, mistyped: messages
    would show it."""
    if MISTYPED.match(path):
        raise SettingsError(
            f"{setting} is neither a local path nor a URL that can be read: it has an @ behind // "
            "or a colon. Write sftp://, s3:// or https:// in full, or another path."
        )


def address(
    url: str,
    options: Mapping[str, str],
    find_login: FindLogin | None,
    setting: str = "OUTLOOK_EXPORTS",
    known: Sequence[str] = OPTIONS,
) -> Address:
    """Takes the URL of a setting apart. Options in its query win over those given, and only https
    may have others in it.

    Raises SettingsError.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unreadable(setting) from None
    if "@" in parts.path or "@" in parts.query or parts.fragment:
        raise _unreadable(setting)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme.casefold() != "https" and not set(asked) <= set(known):
        raise SettingsError(
            f"{setting} is {shown(url)} with an option that is not known: only "
            f"{', '.join(known)} may follow. Nothing was done."
        )
    if not host and (parts.scheme == "s3" or find_login is None):
        what = "bucket" if parts.scheme == "s3" else "host"
        raise SettingsError(f"{setting} is {shown(url)}, which names no {what}")
    path = unquote(parts.path)
    if ".." in path.split("/"):
        raise SettingsError(f"{setting} is {shown(url)}: write its path without ..")
    return Address(
        scheme=parts.scheme.casefold(),
        host=host,
        port=port,
        path=path.rstrip("/"),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        options={**options, **{k: v for k, v in asked.items() if k in OPTIONS}},
        query={k: v for k, v in asked.items() if k not in OPTIONS},
        find_login=find_login,
    )


def _unreadable(setting: str) -> SettingsError:
    return SettingsError(
        f"{setting} is not a URL that can be read: write /, ?, #, @ and : in its user name, "
        "password and path percent-encoded, or keep the password in an Airflow connection "
        f"({setting}_CONNECTION)."
    )
