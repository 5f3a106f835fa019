"""An HTTPS server that lists and sends files, and misbehaves when it is told to."""

import base64
import gzip
import html
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import trustme

from tests.sources.servers import Server

USER, PASSWORD = "bob", "pw-that-must-not-be-shown"

# Given the handler and the path asked for: True if it has answered.
Fault = Callable[["Handler", str], bool]


class Web(ThreadingHTTPServer):
    """One folder, behind TLS and a password."""

    daemon_threads = True

    def __init__(self, root: Path, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = root
        self.fault: Fault | None = None
        self.lists, self.ranges = True, True
        self.asked: list[tuple[str, str, str | None]] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a connection that was cut


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Web
    timeout = 30

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        web = self.server
        web.asked.append((self.command, path, self.headers.get("Range")))
        if web.fault and web.fault(self, path):
            return
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}":
            self.answer(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="drop"'})
            return
        file = web.root / path.strip("/")
        if file.is_dir() and path.endswith("/"):
            if not web.lists:
                self.answer(403, b"no list")
                return
            names = sorted(f"{p.name}/" if p.is_dir() else p.name for p in file.iterdir())
            links = "".join(f'<a href="{quote(n)}">{html.escape(n)}</a>\n' for n in names)
            page = f'<h1>Index of {html.escape(path)}</h1><a href="../">../</a>\n{links}'
            self.answer(200, page.encode(), {"Content-Type": "text/html"})
        elif file.is_file():
            self.send_file(file)
        else:
            self.answer(404, b"not here")

    def send_file(self, file: Path) -> None:
        data = file.read_bytes()
        at = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
        headers = {
            "ETag": f'"{md5(data).hexdigest()}"',
            "Last-Modified": format_datetime(at, usegmt=True),
        }
        asked = self.headers.get("Range")
        if asked and self.server.ranges and self.headers.get("If-Range") in (None, headers["ETag"]):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                self.answer(416, b"")
                return
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.answer(206, data[start:], headers)
        else:
            self.answer(200, data, headers)

    def answer(
        self,
        status: int,
        data: bytes,
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        """Sends an answer; `length` is announced in place of the true one."""
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        announced = len(data) if length is None else length
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        if announced != len(data):
            self.close_connection = True


@contextmanager
def web(root: Path, room: Path, path: str = "") -> Iterator[tuple[Web, Server]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(room / "ca.pem"))
    server = Web(root, authority)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    environ = {"OUTLOOK_SOURCE_CA_FILE": str(room / "ca.pem")}
    url = f"https://{USER}:{PASSWORD}@127.0.0.1:{{port}}{path}"
    try:
        yield server, Server("https", url, port, environ)
    finally:
        server.shutdown()
        server.server_close()


# What it can do wrong, each once for the files of a dataset unless it is said otherwise.


def once(status: int, headers: dict[str, str] | None = None, times: int = 1) -> Fault:
    """Answers with this status so many times, then as it should."""
    left = [times]

    def fault(handler: Handler, path: str) -> bool:
        if left[0] and path.endswith(".csv") and handler.command == "GET":
            left[0] -= 1
            handler.answer(status, b"busy", headers)
            return True
        return False

    return fault


def always(status: int) -> Fault:
    def fault(handler: Handler, path: str) -> bool:
        handler.answer(status, b"no")
        return True

    return fault


def lying_length(more: int) -> Fault:
    """Announces a file longer, or shorter, than what it sends."""

    def fault(handler: Handler, path: str) -> bool:
        if path.endswith(".csv") and handler.command == "GET":
            data = (handler.server.root / path.strip("/")).read_bytes()
            handler.answer(200, data, {"ETag": '"e"'}, len(data) + more)
            return True
        return False

    return fault


def packed(whole: bool = True) -> Fault:
    """Packs what it sends, though nobody asked for it; or only the first half of that."""

    def fault(handler: Handler, path: str) -> bool:
        if path.endswith(".csv"):
            data = gzip.compress((handler.server.root / path.strip("/")).read_bytes())
            data = data if whole else data[: len(data) // 2]
            handler.answer(200, data, {"Content-Encoding": "gzip", "ETag": '"packed"'})
            return True
        return False

    return fault


def redirected(target: str, below: str = "/") -> Fault:
    def fault(handler: Handler, path: str) -> bool:
        if path.endswith(".csv") and path.startswith(below):
            handler.answer(302, b"", {"Location": target})
            return True
        return False

    return fault


def replaced_while_read(other: bytes) -> Fault:
    """Breaks off in the middle; what it has when it is asked again is another file."""
    done: list[bool] = []

    def fault(handler: Handler, path: str) -> bool:
        if path.endswith(".csv") and handler.command == "GET" and not done:
            done.append(True)
            file = handler.server.root / path.strip("/")
            data = file.read_bytes()
            headers = {"ETag": f'"{md5(data).hexdigest()}"'}
            file.write_bytes(other)
            handler.answer(200, data[: len(data) // 2], headers, len(data))
            return True
        return False

    return fault


def dribble(handler: BaseHTTPRequestHandler, in_headers: bool) -> None:
    """Sends a byte now and then, of the headers or of the file, for thirty seconds."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    handler.wfile.write(b"X-Long: " if in_headers else b"Content-Length: 999\r\n\r\n")
    with suppress(OSError):
        for _ in range(300):
            handler.wfile.write(b"x")
            time.sleep(0.1)
    handler.close_connection = True


def dribbling(handler: Handler, path: str) -> bool:
    dribble(handler, "headers" in path)
    return True


def growing(seconds: float = 0) -> Fault:
    """A file that has grown each time that it has been read."""

    def fault(handler: Handler, path: str) -> bool:
        if path.endswith(".csv") and handler.command == "GET":
            file = handler.server.root / path.strip("/")
            handler.send_file(file)
            time.sleep(seconds)
            with file.open("ab") as more:
                more.write(b"one more row\n")
            return True
        return False

    return fault
