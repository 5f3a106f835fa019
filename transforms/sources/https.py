"""A folder on a web server, by httpx. Its index page lists it; without one, the manifests do."""

import json
import logging
import os
import re
import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import httpx

from transforms.errors import SettingsError
from transforms.sources.address import Address
from transforms.sources.index_page import names
from transforms.sources.source import (
    CHUNK,
    Entry,
    Interrupted,
    Limits,
    Listing,
    Stream,
    patiently,
    unreachable,
    unusable,
    watched,
)

# It writes every URL to the log, with its query.
logging.getLogger("httpx").setLevel(logging.WARNING)

HOPS = 3
LARGEST_PAGE = 32 << 20
MANIFEST, CALENDAR = "manifest.json", "calendar.json"
REVISIONS_BEYOND = 4  # looked for behind a gap where nothing can be listed
BUSY = (408, 425, 429, 500, 502, 503, 504)
GONE = (404, 410)
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")

T = TypeVar("T")


class Https:
    """Exports on a web server. Redirects are followed on the same host only."""

    puts_whole = False

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address, self.limits = address, limits
        self._client: httpx.Client | None = None
        self._root = ""

    def __str__(self) -> str:
        return str(self.address)

    def __repr__(self) -> str:
        return f"Https({self})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None}

    def folders(self, nights: list[str]) -> list[str]:
        listed = self._index("")
        if listed is not None:
            found = [n[:-1] for n in listed if n.endswith("/")]
            return sorted(n for n in found if not nights or n[:10] in nights)
        if self.look(CALENDAR) is None and self.look(MANIFEST) is None:
            remedy = (
                "Correct the path in OUTLOOK_EXPORTS. If the server lists no folders, put a "
                "calendar.json there, and a manifest.json in the folder of every night."
            )
            raise unreachable(self, "it has no such folder, or does not list it", remedy)
        return [folder for night in nights for folder in self._probed(night)]

    def files(self, folder: str) -> Listing | None:
        there = self._index(folder)
        if there is None:
            there = self._promised(folder)
        if there is None:
            return None
        entries = [
            self.look(f"{folder}/{name}")
            if _is_text(name)
            else unusable(name, "no URL can name it")
            for name in there
            if not name.endswith("/")
        ]
        return Listing(tuple(e for e in entries if e is not None), self._now)

    def look(self, path: str) -> Entry | None:
        def looked() -> Entry | None:
            with self._request("HEAD", path) as response:
                if response.status_code in GONE:
                    return None
                if response.status_code in (405, 501):
                    return Entry(_name(path))
                self._hold_to_success(response)
                return _described(path, response)

        return self._ask(looked)

    @contextmanager
    def open(self, path: str, start: int, seen: Entry | None, seconds: float) -> Iterator[Stream]:
        asked: dict[str, str] = {}
        if start and seen and (since := _validator(seen)):
            asked = {"Range": f"bytes={start}-", "If-Range": since}
        with watched(seconds, self._close), self._request("GET", path, asked) as response:
            if response.status_code in GONE:
                raise Interrupted(f"{path} was listed, but is gone")
            if asked and response.status_code == 416:
                raise Interrupted(f"{path} changed while it was read")
            self._hold_to_success(response)
            entry, at = _described(path, response), 0
            if response.status_code == 206:
                fit = RANGE.match(response.headers.get("content-range", ""))
                if not fit or int(fit[1]) != start or not asked:
                    raise Interrupted(f"it sent another range of {path} than was asked for")
                entry, at = Entry(entry.name, int(fit[2]), entry.modified, entry.etag), start
                if seen and not seen.is_like(entry):
                    raise Interrupted(f"{path} changed while it was read")
            chunks, tells_end = self._body(path, response)
            if tells_end == "packed":
                entry = Entry(entry.name, None, entry.modified, entry.etag)
            yield Stream(entry, at, chunks, bool(tells_end))

    def _body(self, path: str, response: httpx.Response) -> tuple[Iterator[bytes], str]:
        """The bytes of the file, and how the server marks its end if it announces no length."""
        raw = self._chunks(response)
        packing = response.headers.get("content-encoding", "identity").casefold()
        if packing == "identity" or path.casefold().endswith((".gz", ".zip", ".zst")):
            is_chunked = "chunked" in response.headers.get("transfer-encoding", "")
            return raw, "chunked" if is_chunked else ""
        if packing not in ("gzip", "x-gzip"):
            why = f"it sends {path} as {packing}, though asked not to pack it"
            raise unreachable(self, why, "Switch that off for the exports.")
        return _unpacked(raw, path), "packed"

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        with self._told():
            yield from response.iter_raw()

    def _probed(self, night: str) -> list[str]:
        found: list[str] = []
        beyond = revision = 0
        while beyond < REVISIONS_BEYOND:
            revision += 1
            name = night if revision == 1 else f"{night}.r{revision}"
            is_there = self.look(f"{name}/{MANIFEST}") is not None
            found += [name] if is_there else []
            beyond = 0 if is_there else beyond + 1
        return found

    def _promised(self, folder: str) -> list[str] | None:
        """The names in a folder's manifest, with its own; None if there is no manifest."""
        text = self._page(f"{folder}/{MANIFEST}")
        if text is None:
            return None
        try:
            told = json.loads(text[0])
            promised = [str(f["name"]) for f in told["files"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            promised = []  # whoever reads the manifest says what is wrong with it
        named = (n for n in promised if "/" not in n and n not in ("", ".", "..") and _is_text(n))
        return [MANIFEST, *named]

    def _index(self, folder: str) -> list[str] | None:
        """Names on the page that lists a folder, folders with a slash; None if none lists it."""
        page = self._page(f"{folder}/" if folder else "", may_refuse=True)
        if page is None:
            return None
        return names(*page)

    def _page(self, path: str, may_refuse: bool = False) -> tuple[str, str, str] | None:
        """Text, URL and type of a page; None if it is not there, or refused where that may be."""

        def read() -> tuple[str, str, str] | None:
            with self._request("GET", path) as response:
                if response.status_code in (*GONE, *((403,) if may_refuse else ())):
                    return None
                self._hold_to_success(response)
                data = b""
                chunks, _ = self._body(path, response)
                for chunk in chunks:
                    data += chunk
                    if len(data) > LARGEST_PAGE:
                        why = f"its list is longer than {LARGEST_PAGE >> 20} MiB"
                        raise unreachable(self, why, "Deliver into smaller folders.")
                kind = response.headers.get("content-type", "")
                return data.decode("utf-8", "replace"), str(response.url), kind

        return self._ask(read)

    @contextmanager
    def _request(
        self, method: str, path: str, headers: dict[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        with self._told():
            client = self._connected()
            url = f"{self._root}/{quote(os.fsencode(path))}"
            response = None
            for _ in range(HOPS + 1):
                query = dict(self.address.query)
                request = client.build_request(method, url, headers=headers, params=query or None)
                response = client.send(request, stream=True)
                if not response.has_redirect_location:
                    break
                response.close()
                url = self._followed(response)
            else:
                raise unreachable(self, f"it redirects more than {HOPS} times", REDIRECTED)
        try:
            self._note_clock(response)
            yield response
        finally:
            response.close()

    def _followed(self, response: httpx.Response) -> str:
        """Where a redirect leads, if that is on the same host."""
        try:
            target = urljoin(str(response.url), response.headers["location"])
            to, own = urlsplit(target), urlsplit(self._root)
            is_own = (to.scheme, to.hostname, to.port or 443) == (
                "https",
                own.hostname,
                own.port or 443,
            )
            where = f"{to.scheme}://{to.hostname}" if to.hostname else "elsewhere"
        except ValueError:
            is_own, where = False, "what is no address"
        if not is_own:
            raise unreachable(self, f"it redirects to {where}, which is not followed", REDIRECTED)
        return target.split("?")[0]

    def _note_clock(self, response: httpx.Response) -> None:
        self._now = _time(response.headers.get("date"))

    _now: datetime | None = None

    def _hold_to_success(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in BUSY:
            raise Interrupted(f"it answered {status}", _retry_after(response))
        if status in (401, 403, 407):
            remedy = "Check user and password in OUTLOOK_EXPORTS or its connection."
            raise unreachable(self, f"it refused the login ({status})", remedy)
        if status not in (200, 206):
            raise unreachable(self, f"it answered {status}", "Check the path and the server.")

    def _ask(self, question: Callable[[], T]) -> T:
        def attempt() -> T:
            with watched(self.limits.whole, self._close):
                return question()

        return patiently(self, attempt)

    def _connected(self) -> httpx.Client:
        if self._client is None:
            address, limits = self.address.with_login(), self.limits
            self._root = str(address).split("://", 1)[1]
            self._root = f"https://{quote(self._root, safe='/:[]')}"
            login = (address.user or "", address.password or "") if address.user else None
            self._client = httpx.Client(
                verify=_trust(address),
                auth=login,
                timeout=httpx.Timeout(limits.read, connect=limits.connect),
                trust_env=False,
                headers={"Accept-Encoding": "identity", "User-Agent": "outlook"},
            )
        return self._client

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raises Interrupted where another try may help, SourceUnreachable where it will not."""
        try:
            yield
        except httpx.TransportError as broken:
            if (untrusted := _untrusted(broken)) is not None:
                remedy = "Set OUTLOOK_SOURCE_CA_FILE if its authority is your own."
                raise unreachable(self, untrusted, remedy) from None
            raise Interrupted(_words(broken)) from None
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as broken:
            raise Interrupted(f"the connection broke off ({type(broken).__name__})") from None


REDIRECTED = "Set OUTLOOK_EXPORTS to the address that answers."


def _unpacked(raw: Iterator[bytes], path: str) -> Iterator[bytes]:
    """What a server packed on its way; an end that is missing, or wrong, is a broken connection."""
    unpacking = zlib.decompressobj(31)
    try:
        for chunk in raw:
            while chunk:
                yield unpacking.decompress(chunk, CHUNK)
                chunk = unpacking.unconsumed_tail
        yield unpacking.flush()
    except zlib.error:
        raise Interrupted(f"{path} came damaged") from None
    if not unpacking.eof:
        raise Interrupted(f"{path} broke off before its end")


def _trust(address: Address) -> ssl.SSLContext:
    """Who may vouch for the server: the configured authority alone, else those of this machine."""
    file = address.options.get("ca_file")
    if not file:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(Path(file).expanduser()))
    except (OSError, ssl.SSLError):
        raise SettingsError(f"OUTLOOK_SOURCE_CA_FILE is {file}, which holds no authority") from None


def _untrusted(broken: BaseException | None) -> str | None:
    while broken is not None:
        if isinstance(broken, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({broken.verify_message})"
        broken = broken.__cause__ or broken.__context__
    return None


def _words(broken: httpx.TransportError) -> str:
    if isinstance(broken, httpx.TimeoutException):
        return "it did not answer in time"
    if isinstance(broken, httpx.ConnectError) and not _began(broken):
        return "nobody listens there, or its host name is not known"
    return "the connection broke off"


def _began(broken: BaseException | None) -> bool:
    """Whether a connection that failed had been accepted: TLS broke off, then."""
    while broken is not None:
        if isinstance(broken, ssl.SSLError | ConnectionResetError | BrokenPipeError | EOFError):
            return True
        broken = broken.__cause__ or broken.__context__
    return False


def _described(path: str, response: httpx.Response) -> Entry:
    headers = response.headers
    text = headers.get("content-length", "")
    is_packed = headers.get("content-encoding", "identity").casefold() != "identity"
    own = path.casefold().endswith((".gz", ".zip", ".zst"))
    size = int(text) if text.isdigit() and (own or not is_packed) else None
    return Entry(_name(path), size, _time(headers.get("last-modified")), headers.get("etag"))


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _is_text(name: str) -> bool:
    """Whether a name can stand in a URL: JSON can spell halves of characters."""
    try:
        return bool(os.fsencode(name))
    except UnicodeEncodeError:
        return False


def _validator(seen: Entry) -> str | None:
    """What shows a server that the file is still the same; a weak etag does not."""
    if seen.etag and not seen.etag.startswith("W/"):
        return seen.etag
    return seen.modified.strftime("%a, %d %b %Y %H:%M:%S GMT") if seen.modified else None


def _time(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    if text.isdigit():
        return float(text)
    at = _time(text)
    return max((at - datetime.now(UTC)).total_seconds(), 0) if at else None
