"""A folder on an SFTP server, by paramiko. An unknown or changed host key ends it."""

import errno
import io
import logging
import os
import posixpath
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from transforms.errors import SettingsError, SourceUnreachable
from transforms.sources.address import Address
from transforms.sources.source import (
    Entry,
    Interrupted,
    Limits,
    Listing,
    Stream,
    no_file,
    outside,
    patiently,
    unreachable,
    watched,
)

# It logs every login, and the traceback of whatever it raises as well.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

PORT = 22
PIECE = 32 << 10  # the most that one request may ask for
AHEAD = 64  # requests under way at once

T = TypeVar("T")


class UnknownHost(Exception):
    """The server's key is not among the known ones."""


class _Refuse(paramiko.RejectPolicy):  # type: ignore[misc]
    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        raise UnknownHost(f"{key.get_name()} {key.fingerprint}")


class Sftp:
    """Exports on an SFTP server. One connection, opened when it is first needed."""

    puts_whole = False

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address, self.limits = address, limits
        self._client: paramiko.SSHClient | None = None
        self._sftp: paramiko.SFTPClient | None = None

    def __str__(self) -> str:
        return str(self.address)

    def __repr__(self) -> str:
        return f"Sftp({self})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None, "_sftp": None}

    def folders(self, nights: list[str]) -> list[str]:
        root = self._path("")
        found = self._ask(lambda sftp: _listdir(sftp, root))
        if found is None:
            remedy = "Correct the path in OUTLOOK_EXPORTS, or ask the operator of the server."
            raise unreachable(self, f"the folder {root} is not there", remedy)
        # Links to folders count; whether one leads to a folder shows when it is listed.
        kinds = (stat.S_ISDIR, stat.S_ISLNK)
        names = [(_name(a), a.st_mode or 0) for a in found]
        asked = [(n, m) for n, m in names if not nights or n[:10] in nights]
        return sorted(n for n, m in asked if any(is_kind(m) for is_kind in kinds))

    def files(self, folder: str) -> Listing | None:
        path = self._path(folder)

        def listed(sftp: paramiko.SFTPClient) -> Listing | None:
            found = _listdir(sftp, path)
            if found is None:
                return None
            return Listing(tuple(_entry(sftp, path, _name(a), a) for a in found))

        return self._ask(listed)

    def look(self, path: str) -> Entry | None:
        whole = self._path(path)

        def looked(sftp: paramiko.SFTPClient) -> Entry | None:
            try:
                found = sftp.lstat(whole)
            except FileNotFoundError:
                return None
            return _entry(sftp, posixpath.dirname(whole), posixpath.basename(whole), found)

        return self._ask(looked)

    @contextmanager
    def open(self, path: str, start: int, seen: Entry | None, seconds: float) -> Iterator[Stream]:
        whole = self._path(path)
        with watched(seconds, self._close):
            with self._broken_off_told():
                try:
                    file = self._connected().open(whole, "rb")
                except FileNotFoundError:
                    raise Interrupted(f"{path} was listed, but is gone") from None
                entry = _described(posixpath.basename(whole), file.stat())
                start = start if seen and seen.is_like(entry) else 0
                file.seek(start)
                if entry.size is not None and entry.size > start:
                    file.prefetch(entry.size, AHEAD)
            try:
                yield Stream(entry, start, self._chunks(file))
            finally:
                with suppress(Exception):
                    file.close()

    def _chunks(self, file: paramiko.SFTPFile) -> Iterator[bytes]:
        with self._broken_off_told():
            while chunk := file.read(PIECE):
                yield chunk

    def _ask(self, question: Callable[[paramiko.SFTPClient], T]) -> T:
        def attempt() -> T:
            with self._broken_off_told(), watched(self.limits.whole, self._close):
                return question(self._connected())

        return patiently(self, attempt)

    def _path(self, within: str) -> str:
        # Without a leading slash a path is relative to the login's own folder.
        root = self.address.path
        return posixpath.join(root or ".", within) if within else root or "."

    def _connected(self) -> paramiko.SFTPClient:
        if self._sftp is None:
            self._client = self._login()
            sftp = self._client.open_sftp()
            channel = sftp.get_channel()
            assert channel is not None
            channel.settimeout(self.limits.read)
            self._sftp = sftp
        return self._sftp

    def _close(self) -> None:
        client, self._client, self._sftp = self._client, None, None
        if client is not None:
            with suppress(Exception):
                client.close()

    def _login(self) -> paramiko.SSHClient:
        address, wait = self.address.with_login(), self.limits.connect
        port, options = address.port or PORT, address.options
        client = paramiko.SSHClient()
        self._client = client
        self._know_hosts(client, address, port)
        client.set_missing_host_key_policy(_Refuse())
        key_file = options.get("key_file")
        if key_file and not os.access(Path(key_file).expanduser(), os.R_OK):
            raise SettingsError(f"the key file {key_file} for {self} cannot be read")
        is_given = bool(address.password or key_file or options.get("private_key"))
        client.connect(
            address.host,
            port,
            username=address.user,
            password=address.password,
            pkey=_private_key(options),
            key_filename=str(Path(key_file).expanduser()) if key_file else None,
            passphrase=options.get("private_key_passphrase"),
            timeout=wait,
            banner_timeout=wait,
            auth_timeout=max(wait, 5),
            channel_timeout=wait,
            allow_agent=not is_given,
            look_for_keys=not is_given,
        )
        return client

    def _know_hosts(self, client: paramiko.SSHClient, address: Address, port: int) -> None:
        """The configured host keys alone, else those that the user and the system know."""
        named = address.options.get("known_hosts")
        key = address.options.get("host_key")
        if key:
            host = address.host if port == PORT else f"[{address.host}]:{port}"
            kind, _, text = key.strip().rpartition(" ")
            line = None
            with suppress(InvalidHostKey, paramiko.SSHException):
                line = HostKeyEntry.from_line(f"{host} {kind or 'ssh-rsa'} {text}")
            if line is None or line.key is None:
                raise SettingsError(f"the host_key for {self} is not one: give `ssh-ed25519 AAAA…`")
            client.get_host_keys().add(host, line.key.get_name(), line.key)
        elif named:
            with _known_hosts_told(named):
                client.load_host_keys(str(Path(named).expanduser()))
        else:
            for known in ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"):
                if (path := Path(known).expanduser()).is_file():
                    with _known_hosts_told(known):
                        client.load_system_host_keys(str(path))

    @contextmanager
    def _broken_off_told(self) -> Iterator[None]:
        """Raises Interrupted where another try may help, SourceUnreachable where it will not."""
        try:
            yield
        except (Interrupted, SourceUnreachable, SettingsError):
            raise
        except UnknownHost as key:
            self._close()
            remedy = (
                "Ask the operator for the key's fingerprint; if it is this one, add the key to "
                "known_hosts (ssh-keyscan) or set OUTLOOK_SOURCE_KNOWN_HOSTS."
            )
            raise unreachable(self, f"its host key is not known ({key})", remedy) from None
        except paramiko.BadHostKeyException as wrong:
            self._close()
            why = f"its host key has changed ({wrong.key.get_name()} {wrong.key.fingerprint})"
            remedy = (
                "Somebody may be in between: ask the operator before you replace the key in "
                "known_hosts."
            )
            raise unreachable(self, why, remedy) from None
        except paramiko.AuthenticationException as refused:
            self._close()
            if isinstance(refused, paramiko.PasswordRequiredException):
                why = "the private key has a passphrase, which was not given"
            else:
                why = "it refused the login"
            remedy = "Check user, password and key in OUTLOOK_EXPORTS or its connection."
            raise unreachable(self, why, remedy) from None
        except PermissionError:
            remedy = "Ask the operator to let this login read it."
            raise unreachable(self, "this login may not read a folder or file", remedy) from None
        except (OSError, EOFError, paramiko.SSHException) as broken:
            if getattr(broken, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise  # of this machine's disk
            self._close()
            raise Interrupted(_words(broken)) from None


@contextmanager
def _known_hosts_told(named: str) -> Iterator[None]:
    try:
        yield
    except (InvalidHostKey, UnicodeError) as wrong:
        # Of a line that holds no key the host is told, which says where it is.
        host = str(wrong.line).split(" ")[0] if isinstance(wrong, InvalidHostKey) else "no text"
        raise SettingsError(
            f"the known_hosts file {named} has a line that holds no key ({host}): correct it"
        ) from None
    except OSError:
        raise SettingsError(f"the known_hosts file {named} cannot be read") from None


def _words(broken: BaseException) -> str:
    if isinstance(broken, socket.gaierror):
        return "its host name is not known"
    if isinstance(broken, TimeoutError):
        return "it did not answer in time"
    if isinstance(broken, paramiko.ssh_exception.NoValidConnectionsError):
        return "nobody listens there"
    if "No existing session" in str(broken):
        return "it did not answer in time"  # while it said who it is
    return "the connection broke off"


def _private_key(options: Any) -> paramiko.PKey | None:
    text, passphrase = options.get("private_key"), options.get("private_key_passphrase")
    if not text:
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            key: paramiko.PKey = kind.from_private_key(io.StringIO(text), passphrase)
            return key
        except paramiko.SSHException:
            continue
    raise SettingsError("the private_key of OUTLOOK_EXPORTS_CONNECTION cannot be read")


def _listdir(sftp: paramiko.SFTPClient, path: str) -> list[paramiko.SFTPAttributes] | None:
    try:
        found: list[paramiko.SFTPAttributes] = sftp.listdir_attr(path)
        return found
    except FileNotFoundError:
        return None
    except OSError as error:
        # Servers say "failure" for a file that is asked for its list.
        with suppress(OSError):
            if error.errno is None and not stat.S_ISDIR(sftp.stat(path).st_mode or 0):
                return None
        raise


def _name(found: paramiko.SFTPAttributes) -> str:
    name: str | bytes = found.filename
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name


def _entry(
    sftp: paramiko.SFTPClient, folder: str, name: str, found: paramiko.SFTPAttributes
) -> Entry:
    if stat.S_ISLNK(found.st_mode or 0):
        path = posixpath.join(folder, name)
        try:
            home, real = sftp.normalize(folder), sftp.normalize(path)
            if posixpath.dirname(real or "") != home:
                return outside(name)
            found = sftp.stat(path)
        except OSError as error:
            if _is_of_connection(sftp, error):
                raise
            return no_file(name)
    if not stat.S_ISREG(found.st_mode or 0):
        return no_file(name)
    return _described(name, found)


def _is_of_connection(sftp: paramiko.SFTPClient, error: OSError) -> bool:
    """Whether an error is not the server's answer that a link leads nowhere, or in a circle."""
    channel = sftp.get_channel()
    is_answer = error.errno in (None, errno.ENOENT) and not isinstance(error, TimeoutError)
    return not is_answer or channel is None or channel.closed


def _described(name: str, found: paramiko.SFTPAttributes) -> Entry:
    at = datetime.fromtimestamp(found.st_mtime, UTC) if found.st_mtime is not None else None
    return Entry(name, found.st_size, at)
