"""How a task fails and who is told, through Airflow's notifiers and real servers."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
from aiosmtpd.controller import Controller
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dags import telling
from transforms.errors import DiskError, NightHeld, SettingsError
from transforms.lake import Lake
from transforms.settings import settings
from warehouse import incidents, messages, nightly
from warehouse.messages import Message

NO_TLS = {"disable_ssl": True, "disable_tls": True}


class Mailbox:
    """Catches mail."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


def free_port() -> int:
    """The controller connects to its own port, so it must know it."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    there = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": NO_TLS}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(there))
    monkeypatch.setenv("OUTLOOK_NOTIFY", "mail")
    monkeypatch.setenv("OUTLOOK_NOTIFY_MAIL_TO", "one@example.com, two@example.com")
    monkeypatch.setenv("OUTLOOK_NOTIFY_MAIL_FROM", "outlook@example.com")
    yield box
    server.stop()


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    pytest.importorskip("airflow.providers.http", reason="the extra webhook is not installed")
    posted: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append({"path": self.path, **json.loads(body)})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = {"conn_type": "http", "host": "127.0.0.1", "port": server.server_port}
    monkeypatch.setenv("AIRFLOW_CONN_OUTLOOK_WEBHOOK", json.dumps(there))
    monkeypatch.setenv("OUTLOOK_NOTIFY", "webhook")
    monkeypatch.setenv("OUTLOOK_NOTIFY_WEBHOOK_ENDPOINT", "hooks/outlook")
    yield posted
    server.shutdown()


def held(reason: str = "12 rows of {{ conn.smtp_default.password }} <b>") -> Message:
    return nightly.message_of("listings", nightly._night("2022-06-30"), NightHeld(reason))


def test_a_mail_goes_out_once_and_says_everything(home: Path, mailbox: Mailbox) -> None:
    telling.tell(held())
    telling.tell(held())
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[outlook] held: listings 2022-06-30"
    assert mail["From"] == "outlook@example.com"
    body = next(p for p in mail.walk() if p.get_content_type() == "text/html")
    text = body.get_payload(decode=True).decode()
    assert "{{ conn.smtp_default.password }}" in text, "a message is no template"
    assert "&lt;b&gt;" in text
    assert "nothing is published yet" in text
    assert "catch_up" in text
    telling.tell(held("another reason"))
    assert len(mailbox.mails) == 2


def test_a_webhook_gets_the_parts_and_the_text(home: Path, webhook: list[dict[str, Any]]) -> None:
    telling.tell(held())
    (got,) = webhook
    assert got["path"] == "/hooks/outlook"
    assert (got["kind"], got["subject"], got["night"]) == ("held", "listings", "2022-06-30")
    assert set(got) >= {"what", "number", "limit", "live", "next_step", "text"}


def test_what_could_not_be_sent_is_sent_next_time(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where another way took it, and also if the process was killed before it was sent."""
    monkeypatch.setattr(incidents, "ON_ITS_WAY", timedelta(minutes=-1))
    monkeypatch.setenv("OUTLOOK_NOTIFY", "log,mail")
    there = json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": 1, "extra": NO_TLS})
    with monkeypatch.context() as broken:
        broken.setenv("AIRFLOW_CONN_SMTP_DEFAULT", there)
        telling.tell(held())
        telling.tell_unsent()
    assert "held: listings 2022-06-30 was not sent by mail" in caplog.text
    assert not mailbox.mails
    telling.tell(held())
    assert not mailbox.mails, "it is left to catch_up"
    assert nightly.is_new(killed := held("killed"), ["mail"])
    telling.tell_unsent()
    telling.tell_unsent()
    assert [m["Subject"] for m in mailbox.mails] == [f"[outlook] {killed.title}"] * 2


def test_nothing_is_lost_or_told_twice_while_mail_is_down(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "ON_ITS_WAY", timedelta(minutes=-1))
    failed = nightly.message_of("catch_up", None, DiskError("the disk is full"))
    without_night = nightly.message_of("sellers", None, SettingsError("this run names no night"))
    there = json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": 1, "extra": NO_TLS})
    with monkeypatch.context() as broken:
        broken.setenv("AIRFLOW_CONN_SMTP_DEFAULT", there)
        telling.tell(without_night)
        for _ in range(2):
            telling.tell(failed)
            telling.tell(failed)
            (again,) = nightly.works_again("catch_up")
            telling.tell(again)
            assert nightly.works_again("catch_up") == []
        telling.tell(failed)
    assert not mailbox.mails
    telling.tell_unsent()
    telling.tell_unsent()
    titles = [m["Subject"].removeprefix("[outlook] ") for m in mailbox.mails]
    assert sorted(titles) == sorted([*[failed.title] * 3, *[again.title] * 2, without_night.title])
    assert [i.told for i in incidents.pending(Lake(settings().lake))] == [("failed",)]
    telling.tell(failed)
    assert len(mailbox.mails) == 6, "it is known already"
    (again,) = nightly.works_again("catch_up")
    telling.tell(again)
    assert not list((home / "lake" / "incidents").iterdir()), "all of it went out"


def test_an_unknown_way_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OUTLOOK_NOTIFY", "log, pager")
    assert telling.ways() == ["log"]
    assert "OUTLOOK_NOTIFY names pager: choose from log, mail, webhook, slack" in caplog.text


def test_the_verdict_is_one_record_and_no_traceback_of_ours(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        pytest.raises(AirflowFailException, match="^held: see above$") as caught,
        telling.verdict("listings"),
    ):
        raise NightHeld("12 rows")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    (record,) = (r for r in caplog.records if r.name == "dags.telling")
    assert len(record.getMessage().splitlines()) >= 4


def test_what_may_pass_is_retried_and_told_only_at_the_end(
    home: Path, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AirflowException) as caught, telling.verdict("sellers"):
        raise DiskError("the disk is full")
    assert not isinstance(caught.value, AirflowFailException)
    assert not mailbox.mails, "a retry tells nobody"
    run = type("Run", (), {"dag_id": "lake_sellers", "partition_key": "2022-06-30", "conf": {}})()
    telling.tell_failure({"exception": caught.value, "dag_run": run, "params": {}})
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[outlook] failed: sellers 2022-06-30"
    telling.tell_overtime({"dag_run": run, "reason": "task_failure", "params": {}})
    assert len(mailbox.mails) == 1, "the task has told"
    telling.tell_overtime({"dag": run, "run_id": "r", "reason": "timed_out"})
    assert mailbox.mails[1]["Subject"] == "[outlook] failed: sellers"


def test_a_message_quotes_no_row_of_an_error_that_a_library_raised(home: Path) -> None:
    def what(error: Exception) -> str:
        return nightly.message_of("warehouse", None, error).what

    row = "Bilal Traders, 0300-1234567, bilal@example.com"
    with pytest.raises(duckdb.ConversionException) as caught:
        duckdb.sql(f"SELECT '{row}'::INTEGER").fetchall()
    assert what(caught.value) == "ConversionException"
    with pytest.raises(ValueError) as of_ours:
        messages.due_by(date(2022, 6, 30), row, UTC)
    assert what(of_ours.value).startswith("ValueError in warehouse/messages.py, line ")
    assert what(DiskError(f"{row} \x1b[2J")) == r"Bilal Traders, [phone], [mail] \x1b[2J"
    assert "No space left" in what(OSError(28, "No space left on device"))


def test_a_task_that_has_published_does_not_fail_for_what_cannot_be_told(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    incident = home / "lake" / "incidents" / "2022-06-30.sellers.json"
    incident.parent.mkdir(parents=True)
    incident.write_text("{")
    telling.tell_recovered(lambda: nightly.works_again("outlook"))
    assert "what has recovered is not told" in caplog.text
    assert f"{incident}" in caplog.text


@pytest.mark.parametrize("error", [NightHeld("12 rows"), DiskError("it is full"), KeyError("x")])
@pytest.mark.parametrize(
    ("subject", "is_caught_up"),
    [
        ("sellers", True),
        ("warehouse", True),
        ("catch_up", True),
        ("outlook", False),
        ("maintenance", False),
    ],
)
def test_catch_up_is_promised_only_where_it_does_the_work(
    home: Path, subject: str, is_caught_up: bool, error: Exception
) -> None:
    message = nightly.message_of(subject, None, error)
    assert ("catch_up" in message.next_step) is is_caught_up
    assert "the task" in message.next_step or is_caught_up


def test_a_task_that_was_killed_says_so(home: Path) -> None:
    ti = type("Ti", (), {"dag_id": "lake_sellers", "task_id": "load_partition"})()
    assert "load_partition ended without a word" in telling._ended(None, ti)
    assert "longer than its limit" in telling._ended("timed_out", None)


@pytest.mark.parametrize(
    ("reason", "number", "limit"),
    [
        (
            "377 rows against a median of 749 in the last 3 good nights (50%, allowed 90% to 200%)",
            "377 rows against a median of 749 in the last 3 good nights (50%)",
            "90% to 200%",
        ),
        (
            "3 rows in 1 days, 12% of the usual for this weekday (at least 30%)",
            "3 rows in 1 days, 12% of the usual for this weekday",
            "at least 30%",
        ),
        (
            "9 of 60 rows rejected (15%, allowed 2%); most often: sellers_id",
            "9 of 60 rows rejected (15%)",
            "2%",
        ),
        ("stale: the same bytes as 2022-06-29", "", ""),
    ],
)
def test_a_reason_is_taken_apart(reason: str, number: str, limit: str) -> None:
    found = messages.explained(reason)
    assert (found.number, found.limit) == (number, limit)
    assert found.what
