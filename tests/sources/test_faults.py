"""Servers that refuse, lie, change their mind or are somebody else: what is said and landed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.sources import web as wrong
from tests.sources.conftest import KEY, NEXT, NIGHT, QUICK, chosen
from tests.sources.servers import SECRET, Server, free_port
from tests.sources.web import PASSWORD, Fault, Handler, Web
from transforms.deliveries import exports, whole
from transforms.deliveries.landing import land
from transforms.errors import (
    ExportError,
    SettingsError,
    SourceUnreachable,
    StillArriving,
    TransientError,
)
from transforms.settings import Settings, settings
from transforms.sources import index_page
from transforms.sources.source import Interrupted, read_small
from transforms.storage import sha256

OUTLOOK = str(Path(sys.executable).with_name("outlook"))
UNREACHABLE = "cannot be reached"


def fetched(away: Settings, folder: Path) -> Path:
    """Lands the night's sellers; returns the landed file."""
    [delivery] = exports.deliveries(away.exports, NEXT)
    [file] = delivery.of("sellers")
    return land(file, NEXT, folder).path


def files_in(folder: Path) -> list[Path]:
    """Whatever was left of a file; locks hold nothing."""
    return [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".lock")]


@pytest.fixture
def sellers(drop: Path) -> Path:
    """The delivered file, of a night without a manifest."""
    (drop / f"{NEXT}" / "manifest.json").unlink(missing_ok=True)
    return drop / f"{NEXT}" / "sellers.csv"


@pytest.fixture
def away(
    behaved: Web,
    web_server: tuple[Web, Server],
    sellers: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """A home that reads from the web server."""
    return chosen(tmp_path / "home", web_server[1], monkeypatch)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(wrong.once(500), id="500"),
        pytest.param(wrong.once(503, times=2), id="503 twice"),
        pytest.param(wrong.once(429, {"Retry-After": "1"}), id="429"),
        pytest.param(wrong.packed(), id="packed on its way"),
    ],
)
def test_what_passes_heals(
    fault: Fault, behaved: Web, away: Settings, sellers: Path, tmp_path: Path
) -> None:
    behaved.fault = fault
    assert sha256(fetched(away, tmp_path)) == sha256(sellers)


def test_retry_after_is_kept(behaved: Web, away: Settings, tmp_path: Path) -> None:
    behaved.fault = wrong.once(429, {"Retry-After": "1"})
    began = time.monotonic()
    fetched(away, tmp_path)
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        pytest.param(wrong.always(500), SourceUnreachable, "answered 500 (3 tries)", id="500"),
        pytest.param(wrong.always(503), SourceUnreachable, "answered 503 (3 tries)", id="503"),
        pytest.param(wrong.always(401), SourceUnreachable, "refused the login (401)", id="401"),
        pytest.param(wrong.always(418), SourceUnreachable, "answered 418", id="418"),
        pytest.param(wrong.lying_length(9), SourceUnreachable, "broke off", id="longer"),
        pytest.param(wrong.lying_length(-9), StillArriving, "changed while", id="shorter"),
        pytest.param(wrong.packed(whole=False), SourceUnreachable, "broke off", id="half packed"),
        pytest.param(wrong.growing(), StillArriving, "still being written", id="growing"),
        pytest.param(
            wrong.redirected("https://elsewhere.example/x?sig=secret"),
            SourceUnreachable,
            "redirects to https://elsewhere.example, which is not followed",
            id="redirected elsewhere",
        ),
        pytest.param(
            wrong.redirected("http://127.0.0.1/sellers.csv"),
            SourceUnreachable,
            "redirects to http://127.0.0.1, which",
            id="redirected to no https",
        ),
        pytest.param(
            wrong.redirected("/drop/2022-06-30/sellers.csv"),
            SourceUnreachable,
            "redirects more than 3 times",
            id="redirected in a circle",
        ),
    ],
)
def test_what_does_not_pass_is_told_and_lands_nothing(
    fault: Fault,
    error: type[TransientError],
    said: str,
    behaved: Web,
    away: Settings,
    tmp_path: Path,
) -> None:
    behaved.fault = fault
    with pytest.raises(error) as raised:
        fetched(away, tmp_path)
    assert said in str(raised.value)
    assert "secret" not in str(raised.value) and PASSWORD not in str(raised.value)
    assert files_in(tmp_path) == []


def test_a_login_is_not_tried_again(behaved: Web, away: Settings, tmp_path: Path) -> None:
    behaved.fault = wrong.always(401)
    with pytest.raises(SourceUnreachable):
        fetched(away, tmp_path)
    assert len(behaved.asked) == 1


def test_a_redirect_on_the_same_host_is_followed(
    behaved: Web, away: Settings, sellers: Path, tmp_path: Path
) -> None:
    moved = behaved.root / "moved.csv"
    moved.write_bytes(sellers.read_bytes())
    behaved.fault = wrong.redirected("/moved.csv", "/drop/")
    assert sha256(fetched(away, tmp_path)) == sha256(sellers)


def test_another_file_between_two_ranges_starts_again(
    behaved: Web, away: Settings, sellers: Path, tmp_path: Path
) -> None:
    other = sellers.read_bytes()[::-1]
    behaved.fault = wrong.replaced_while_read(other)
    assert fetched(away, tmp_path).read_bytes() == other


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_a_cut_goes_on_or_starts_again(
    ranges: bool, behaved: Web, away: Settings, sellers: Path, tmp_path: Path
) -> None:
    behaved.ranges = ranges
    behaved.fault = wrong.replaced_while_read(sellers.read_bytes())  # the same file
    assert sha256(fetched(away, tmp_path)) == sha256(sellers)
    asked = [r for method, path, r in behaved.asked if path.endswith(".csv") and method == "GET"]
    assert len(asked) == 2 and (asked[1] or "").startswith("bytes=")


def test_a_page_that_is_no_list_says_nothing_of_a_night(behaved: Web, away: Settings) -> None:
    def login_page(handler: Handler, path: str) -> bool:
        if path.endswith("/"):
            handler.answer(200, b"<h1>Please log in</h1><a href='/help'>help</a>")
        else:
            handler.answer(404, b"")
        return True

    behaved.fault = login_page
    with pytest.raises(SourceUnreachable, match="does not list it"):
        exports.deliveries(away.exports, NIGHT)


def test_a_list_that_leaves_out_a_file_of_the_manifest_is_not_whole(
    behaved: Web, away: Settings, drop: Path
) -> None:
    files = '{"files": [{"name": "sellers.csv"}, {"name": "listings.csv.gz"}]}'
    (drop / f"{NEXT}" / "manifest.json").write_text(files)

    def omits(handler: Handler, path: str) -> bool:
        if path == f"/drop/{NEXT}/":
            page = b'Index of x <a href="manifest.json">m</a> <a href="listings.csv.gz">l</a>'
            handler.answer(200, page)
            return True
        return False

    behaved.fault = omits
    [delivery] = exports.deliveries(away.exports, NEXT)
    assert delivery.absent == ("sellers.csv",)
    assert not whole.landed(away.exports, "sellers", NEXT)


@pytest.mark.parametrize("lists", [True, False])
def test_a_name_that_no_url_can_hold_is_told(
    lists: bool, behaved: Web, away: Settings, drop: Path
) -> None:
    """On the list of the server it refuses its dataset; in a manifest alone it is absent."""
    (drop / "calendar.json").write_text("[]")
    behaved.lists = lists

    def spelled(handler: Handler, path: str) -> bool:
        if path == f"/drop/{NEXT}/" and lists:
            page = b'[{"name": "sellers_\\ud800.csv", "type": "file"}]'
            handler.answer(200, page, {"Content-Type": "application/json"})
            return True
        return False

    behaved.fault = spelled
    files = '{"files": [{"name": "sellers_\\ud800.csv"}, {"name": "sellers.csv"}]}'
    (drop / f"{NEXT}" / "manifest.json").write_text(files)
    [delivery] = exports.deliveries(away.exports, NEXT)
    if lists:
        assert [f.problem for f in delivery.files if f.problem]
    else:
        assert delivery.absent or delivery.problem


@pytest.mark.parametrize("target", ["http://[x", "https://[v1.x]/a.csv", "https://h:port/"])
def test_a_malformed_redirect_is_not_followed(target: str, behaved: Web, away: Settings) -> None:
    behaved.fault = wrong.redirected(target)
    with pytest.raises(SourceUnreachable):
        exports.deliveries(away.exports, NEXT)


def test_a_malformed_link_is_ignored() -> None:
    page = 'Index of x <a href="http://[x">x</a> <a href="2022-06-29/">n</a>'
    assert index_page.names(page, "https://host/drop/", "text/html") == ["2022-06-29/"]


class Slow(BaseHTTPRequestHandler):
    """A bucket that sends a byte now and then."""

    def do_GET(self) -> None:
        wrong.dribble(self, "headers.json" in self.path)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("what", ["headers", "body"])
@pytest.mark.parametrize("kind", ["https", "s3"])
def test_a_byte_now_and_then_is_not_waited_for(
    kind: str,
    what: str,
    behaved: Web,
    web_server: tuple[Web, Server],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every byte comes in time for the library; all of them would take thirty seconds."""
    bucket = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=bucket.serve_forever, daemon=True).start()
    port = bucket.server_address[1]
    environ = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "OUTLOOK_SOURCE_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    server = Server("s3", "s3://partner/drop", port, environ) if kind == "s3" else web_server[1]
    behaved.fault = wrong.dribbling
    few = {"OUTLOOK_SOURCE_WHOLE": "1", "OUTLOOK_SOURCE_TRIES": "1"}
    away = chosen(tmp_path, server, monkeypatch, None, **few).exports
    began = time.monotonic()
    try:
        with pytest.raises(SourceUnreachable):
            read_small(away, f"{what}.json", 1 << 20)
        with pytest.raises(Interrupted), away.open(f"{what}.json", 0, None, 1) as stream:
            list(stream.chunks)
    finally:
        bucket.shutdown()
        bucket.server_close()
    assert time.monotonic() - began < 15


CERTIFICATE: dict[str, dict[str, str]] = {
    "unknown authority": {"OUTLOOK_SOURCE_CA_FILE": ""},
    "no such host": {"OUTLOOK_EXPORTS": "https://bob:pw@no-such-host.invalid/drop"},
    "nobody listens": {"OUTLOOK_EXPORTS": "https://bob:pw@127.0.0.1:1/drop"},
}


@pytest.mark.parametrize("name", CERTIFICATE)
def test_who_cannot_be_trusted_or_found_is_unreachable(
    name: str,
    web_server: tuple[Web, Server],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = chosen(tmp_path, web_server[1], monkeypatch, None, **CERTIFICATE[name])
    with pytest.raises(SourceUnreachable) as raised:
        exports.deliveries(away.exports, NIGHT)
    expected = "certificate is not trusted" if name == "unknown authority" else "nobody listens"
    assert expected in str(raised.value) and "bob" not in str(raised.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"known": "changed_hosts"}, "host key has changed"),
        ({"known": "no_hosts"}, "host key is not known (ssh-ed25519 SHA256:"),
        ({"key": "other"}, "refused the login"),
        ({"known": "known_hosts"}, ""),
    ],
)
def test_the_host_and_the_login_are_checked(
    more: dict[str, str],
    said: str,
    sftp_server: Server,
    drop: Path,
    room: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = dict(more)
    if "known" in environ:
        environ["OUTLOOK_SOURCE_HOST_KEY"] = ""
        environ["OUTLOOK_SOURCE_KNOWN_HOSTS"] = str(room / environ.pop("known"))
    if "key" in environ:
        environ["OUTLOOK_SOURCE_KEY_FILE"] = str(room / environ.pop("key"))
    away = chosen(tmp_path, sftp_server, monkeypatch, None, **environ)
    if not said:
        assert len(exports.deliveries(away.exports, NIGHT)) == 1
        return
    with pytest.raises(SourceUnreachable) as raised:
        exports.deliveries(away.exports, NIGHT)
    assert said in str(raised.value)


@pytest.mark.parametrize("text", ["AAAAB3", "AAAA…", "AAAA"])
@pytest.mark.parametrize("kind", ["HOST_KEY", "KNOWN_HOSTS"])
def test_a_mistyped_host_key_is_one_sentence(
    kind: str,
    text: str,
    sftp_server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A line of known_hosts that can be no key of any host is passed over by the library."""
    key = f"ssh-ed25519 {text}"
    if kind == "KNOWN_HOSTS":
        (tmp_path / "known").write_text(f"127.0.0.1 {key}\n")
        key = str(tmp_path / "known")
    environ = {"OUTLOOK_SOURCE_HOST_KEY": "", f"OUTLOOK_SOURCE_{kind}": key}
    away = chosen(tmp_path, sftp_server, monkeypatch, None, **environ)
    with pytest.raises((SettingsError, SourceUnreachable)) as raised:
        exports.deliveries(away.exports, NIGHT)
    if kind == "HOST_KEY" or text == "AAAAB3":
        assert isinstance(raised.value, SettingsError)
        assert "key" in str(raised.value)
    else:
        assert "host key is not known" in str(raised.value)


def test_a_link_that_leads_nowhere_is_no_file(
    sftp_server: Server, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = drop / f"{NIGHT}"
    (folder / "sellers-nowhere.csv").symlink_to("gone.csv")
    (folder / "sellers-far.csv").symlink_to("gone/gone.csv")
    (folder / "sellers-loop.csv").symlink_to("sellers-loop.csv")
    away = chosen(tmp_path, sftp_server, monkeypatch)
    listing = away.exports.files(f"{NIGHT}")
    assert listing
    wrong = {e.name for e in listing.entries if e.problem}
    assert wrong == {"sellers-nowhere.csv", "sellers-far.csv", "sellers-loop.csv"}
    assert away.exports.look(f"{NIGHT}/sellers-loop.csv") is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "refused the access key"),
        ({"AWS_ACCESS_KEY_ID": "WRONG"}, "refused the access key"),
        ({"OUTLOOK_EXPORTS": "s3://no-such-bucket/drop"}, "no such bucket"),
        ({"OUTLOOK_SOURCE_ENDPOINT_URL": "http://127.0.0.1:1"}, "nobody listens"),
    ],
)
def test_a_bucket_says_what_is_wrong(
    change: dict[str, str],
    said: str,
    s3_server: Server,
    drop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = chosen(tmp_path, s3_server, monkeypatch, None, **change)
    with pytest.raises(SourceUnreachable) as raised:
        exports.deliveries(away.exports, NIGHT)
    assert said in str(raised.value) and SECRET not in str(raised.value)


@pytest.mark.parametrize("server", ["sftp", "https"], indirect=True)
def test_a_file_that_grows_is_waited_for(
    server: Server, sellers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer opens it anew for every line, as an upload that is resumed does."""
    away = chosen(tmp_path, server, monkeypatch, OUTLOOK_SOURCE_UNCHANGED="2")
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.2):
            with sellers.open("ab") as file:
                file.write(b"one more\n")

    os.utime(sellers)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert not whole.landed(away.exports, "sellers", NEXT, tmp_path / "looks")
        with pytest.raises(StillArriving, match="may still be being written"):
            whole.wait(away.exports, NEXT, ("sellers",))
    finally:
        stop.set()
        writer.join()
    whole.wait(away.exports, NEXT, ("sellers",))
    looks = tmp_path / "looks"
    until = time.monotonic() + 10
    while not whole.landed(away.exports, "sellers", NEXT, looks):
        assert time.monotonic() < until
        time.sleep(0.5)
    assert not list(looks.glob("*.json")), "nothing is left to remember"


MARKS: dict[str, Callable[[Path], Path]] = {
    "_SUCCESS": lambda file: file.with_name("_SUCCESS"),
    ".done": lambda file: file.with_name(".done"),
    "of the file": lambda file: file.with_name(f"{file.name}.done"),
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_marker_says_at_once_that_it_is_whole(
    mark: str, sellers: Path, drop: Path, tmp_path: Path
) -> None:
    os.utime(sellers)
    environ = {"OUTLOOK_HOME": str(tmp_path), "OUTLOOK_EXPORTS": str(drop), "OUTLOOK_KEY": KEY}
    local = settings({**environ, "OUTLOOK_SOURCE_UNCHANGED": "60"})
    assert not whole.landed(local.exports, "sellers", NEXT)
    MARKS[mark](sellers).touch()
    assert whole.landed(local.exports, "sellers", NEXT)
    if mark == "of the file":
        listings = next(sellers.parent.glob("listings*"))
        assert not whole.landed(local.exports, "listings", NEXT), "its marker is not there yet"
        MARKS[mark](listings).touch()
        for other in sellers.parent.glob("listings*"):
            other.with_name(f"{other.name}.done").touch()
        assert whole.landed(local.exports, "listings", NEXT)


def test_a_short_file_with_a_manifest_is_waited_for_then_refused(
    sellers: Path, drop: Path, tmp_path: Path
) -> None:
    size = sellers.stat().st_size
    manifest = f'{{"files": [{{"name": "sellers.csv", "bytes": {size}}}]}}'
    (sellers.parent / "manifest.json").write_text(manifest)
    sellers.write_bytes(sellers.read_bytes()[: size // 3])
    environ = {"OUTLOOK_HOME": str(tmp_path), "OUTLOOK_EXPORTS": str(drop), "OUTLOOK_KEY": KEY}
    local = settings({**environ, "OUTLOOK_SOURCE_UNCHANGED": "60"})
    assert not whole.landed(local.exports, "sellers", NEXT)
    os.utime(sellers, (1, 1))
    assert whole.landed(local.exports, "sellers", NEXT)
    [delivery] = exports.deliveries(local.exports, NEXT)
    with pytest.raises(ExportError, match="its manifest says"):
        land(delivery.of("sellers")[0], NEXT, tmp_path)


# Settings, extras and the command line


@pytest.mark.parametrize(
    ("library", "url", "command"),
    [
        ("paramiko", "sftp://bob:pw-secret@127.0.0.1/drop", f"run --date {NIGHT}"),
        ("boto3", "s3://partner/drop", "nights"),
        ("httpx", "https://bob:pw-secret@127.0.0.1/drop?sig=pw-secret", "doctor --json"),
    ],
)
def test_a_missing_extra_is_one_sentence(
    library: str, url: str, command: str, tmp_path: Path
) -> None:
    hide = f"import sys; sys.modules[{library!r}] = None; from warehouse.cli import main; main()"
    environ = {**os.environ, "OUTLOOK_HOME": str(tmp_path), "OUTLOOK_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-c", hide, *command.split()],
        env={**environ, "OUTLOOK_EXPORTS": url},
        cwd=Path(OUTLOOK).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2, said
    assert f"{library} is not installed: it comes with the extra {url.split(':')[0]}." in said
    assert "make production" in said and "Traceback" not in said and "pw-secret" not in said


def test_the_command_line_says_unreachable_without_a_password(
    web_server: tuple[Web, Server], tmp_path: Path
) -> None:
    environ = {**os.environ, **QUICK, "OUTLOOK_HOME": str(tmp_path), "OUTLOOK_KEY": KEY}
    environ["OUTLOOK_EXPORTS"] = f"https://bob:pw-secret@127.0.0.1:{free_port()}/d?sig=pw-secret"
    for command, code in (
        (["run", "--date", f"{NIGHT}", "--json"], 1),
        (["doctor", "--json"], 2),
    ):
        done = subprocess.run(
            [OUTLOOK, *command], env=environ, capture_output=True, text=True, timeout=120
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert UNREACHABLE in " ".join(said.split()) and "Traceback" not in said
        assert "pw-secret" not in said and "bob" not in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://bob:pw-secret@host/x", "the scheme ftp:"),
        ("http://bob:pw-secret@host/x", "the scheme http:"),
        ("https://bob:pw-secret/x@host/x", "percent-encoded"),
        ("https://bob:12#pw-secret@host/x", "percent-encoded"),
        ("sftp://bob:pw-secret@host/../x", "without .."),
        ("sftp:///drop", "names no host"),
        ("sftp//bob:pw-secret@host/x", "neither a local path nor a URL"),
        ("//bob:pw-secret@host/x", "neither a local path nor a URL"),
        ("sftp/bob:pw-secret@host/x", "neither a local path nor a URL"),
        ("file:sftp//bob:pw-secret@host/x", "neither a local path nor a URL"),
    ],
)
def test_a_wrong_url_is_told_without_what_it_holds(url: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings({"OUTLOOK_EXPORTS": url})
    assert said in str(raised.value) and "pw-secret" not in str(raised.value)


def test_a_folder_may_have_any_name() -> None:
    for path in ("/srv/12:30 bob@host", "bob@host", "a/b", "C:x"):
        assert str(settings({"OUTLOOK_EXPORTS": path}).exports) == path
        assert settings({"OUTLOOK_LAKE": path}).lake == Path(path).absolute()
    with pytest.raises(SettingsError, match="OUTLOOK_LAKE is neither") as raised:
        settings({"OUTLOOK_LAKE": "s3//bob:pw-secret@bucket"})
    assert "pw-secret" not in str(raised.value)


def test_nothing_shows_the_login(web_server: tuple[Web, Server]) -> None:
    environ = {"OUTLOOK_EXPORTS": "https://bob:pw-secret@host/drop?sig=pw-secret"}
    made = settings({**environ, "OUTLOOK_KEY": "pw-secret"})
    shown = f"{made} {made!r} {made.exports} {made.exports!r} {vars(made.exports)}"
    assert "https://host/drop" in shown and "pw-secret" not in shown and "bob" not in shown
