"""How a task fails, and who is told: the verdict in its log, and a message through Airflow's
notifiers.

`OUTLOOK_NOTIFY` names the ways: log, mail, webhook, slack. The last three take their host and
their secrets from Airflow connections.
"""

import html
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from transforms.errors import OutlookError, TransientError

if TYPE_CHECKING:
    from warehouse.messages import Message

log = logging.getLogger(__name__)

WAYS = ("log", "mail", "webhook", "slack")


class Verdict(AirflowFailException):
    """A failure that a retry cannot help; `message` says it all and stands in the log above."""

    def __init__(self, message: "Message") -> None:
        super().__init__(f"{message.kind}: see above")
        self.message = message


class MayPass(AirflowException):
    """A failure that a retry can help; its cause stands in the log above."""

    def __init__(self, cause: TransientError) -> None:
        super().__init__(f"{cause.code}: see above")
        self.cause = cause


@contextmanager
def verdict(subject: str, night: date | None = None) -> Iterator[None]:
    """Logs why the block failed as one record and raises: Verdict, or what Airflow retries."""
    from warehouse import nightly

    try:
        yield
    except OutlookError as error:
        message = nightly.message_of(subject, night, error)
        log.error("%s", message)
        raise Verdict(message) from None
    except TransientError as error:
        log.warning("%s\nThis may pass: the task is tried again while it has retries left.", error)
        raise MayPass(error) from None


def tell_failure(context: Any) -> None:
    """Callback of a task that failed for good, and of a run that took too long."""
    from warehouse import nightly

    error = context.get("exception")
    if isinstance(error, Verdict):
        tell(error.message, is_logged=True)
        return
    # Of a run that was ended from outside, Airflow may know no more than its DAG.
    dag, run, ti = context.get("dag"), context.get("dag_run"), context.get("ti")
    dag_id = str(getattr(ti or run or dag, "dag_id", ""))
    cause = error.cause if isinstance(error, MayPass) else error
    if not isinstance(cause, BaseException):
        cause = AirflowException(str(cause or _ended(context.get("reason"), ti)))
    params = context.get("params") or getattr(run, "conf", None) or {}
    night = nightly.night_or_none(getattr(run, "partition_key", None), params)
    tell(nightly.message_of(dag_id.removeprefix("lake_"), night, cause))


def _ended(reason: str | None, ti: Any) -> str:
    """How a run or a task ended that raised nothing."""
    if reason and "time" in reason:
        return "the run took longer than its limit and was ended"
    task = getattr(ti, "task_id", "a task")
    return f"the process of {task} ended without a word: it was killed, or its worker was lost"


def tell_overtime(context: Any) -> None:
    """Callback of a run that failed: of those that took too long no task tells."""
    if "time" in str(context.get("reason", "")):
        tell_failure({**context, "exception": None})


def tell(message: "Message", is_logged: bool = False) -> None:
    """Sends a message once, each way that is set; `tell_unsent` sends what could not be sent."""
    from warehouse import nightly

    named = ways()
    try:
        if not nightly.is_new(message, named):
            return
    except Exception as error:
        # Twice is better than not at all.
        log.error("what was told already is not known: %s: %s", type(error).__name__, error)
    _send(message, [w for w in named if not (is_logged and w == "log")])


def tell_recovered(found: Callable[[], list["Message"]]) -> None:
    """Tells what has recovered. The work is done, so what cannot be told fails no task."""
    try:
        tell_unsent()
        for message in found():
            tell(message)
    except (OutlookError, TransientError) as error:
        log.error("what has recovered is not told: %s", error)


def tell_unsent() -> None:
    """Sends again what a mail server or a webhook did not take."""
    from warehouse import nightly

    for message, left in nightly.unsent():
        _send(message, [w for w in left if w in ways()])


def _send(message: "Message", by: list[str]) -> None:
    from warehouse import nightly

    left = [way for way in by if not _sent(way, message)]
    try:
        nightly.sent(message, left)
    except Exception as error:
        log.error("that %s was sent is not noted: %s", message.title, error)


def ways() -> list[str]:
    """The ways of `OUTLOOK_NOTIFY`; unknown ones are named in the log."""
    named = [w.strip() for w in os.environ.get("OUTLOOK_NOTIFY", "log").split(",") if w.strip()]
    if unknown := sorted(set(named) - set(WAYS)):
        log.error("OUTLOOK_NOTIFY names %s: choose from %s", ", ".join(unknown), ", ".join(WAYS))
    return [w for w in WAYS if w in named]


def _sent(way: str, message: "Message") -> bool:
    """Whether the message went out. A notifier that fails must not hide the failure it tells of."""
    try:
        if way == "log":
            log.warning("%s", message)
        else:
            # Not called but told to notify: a call would render the message as a template.
            _notifier(way, message).notify({})
    except Exception as error:
        log.error("%s was not sent by %s: %s: %s", message.title, way, type(error).__name__, error)
        return False
    return True


def _notifier(way: str, message: "Message") -> Any:
    if way == "mail":
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        return SmtpNotifier(
            to=[a.strip() for a in _setting("MAIL_TO", "").split(",") if a.strip()],
            from_email=_setting("MAIL_FROM", "") or None,
            subject=f"[outlook] {message.title}",
            html_content=f"<pre>{html.escape(str(message))}</pre>",
            smtp_conn_id=_setting("MAIL_CONNECTION", "smtp_default"),
        )
    if way == "webhook":
        from airflow.providers.http.notifications import HttpNotifier

        return HttpNotifier(
            http_conn_id=_setting("WEBHOOK_CONNECTION", "outlook_webhook"),
            endpoint=_setting("WEBHOOK_ENDPOINT", "") or None,
            json=message.as_json(),
            extra_options={"timeout": 30},
        )
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    return SlackWebhookNotifier(
        slack_webhook_conn_id=_setting("SLACK_CONNECTION", "slack_default"), text=str(message)
    )


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"OUTLOOK_NOTIFY_{name}") or default
