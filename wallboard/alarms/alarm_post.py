"""Tells the world outside of alarms: a signed POST, or a mail. One process does it: the web role.

    AlarmLog ─▶ Outbox.due ─▶ Way.send ─▶ NoteAlarmSent (core journals it) ─▶ AlarmLog
                    ▲            │
                    └─ failed ◀──┘   2, 4, 8 … 300 s later, for an hour

One delivery at a time on each way, so a server that is slow holds up its own way only.
"""

import asyncio
import hashlib
import hmac
import logging
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Protocol

from msgspec import json

from foundation import clock
from foundation.errors import CallCentreError
from foundation.tasks import LAST_S, to_the_end
from wallboard.alarms.alarm_words import alarm_words
from wallboard.alarms.outbox import Delivery, Outbox
from wallboard.commands import NoteAlarmSent
from wallboard.directory import Directory
from wallboard.events import Edge
from wallboard.service import BoardService

log = logging.getLogger(__name__)

LOOK_S = 0.5
BY = "web"
PERMANENT = range(400, 500)
"Answers that will be the same tomorrow, but for those below."
PASSING = (408, 409, 425, 429)


class NotTaken(Exception):
    """The other side did not take it; `is_final`: nor will it ever."""

    def __init__(self, sentence: str, *, is_final: bool = False) -> None:
        super().__init__(sentence)
        self.is_final = is_final


class Way(Protocol):
    async def send(self, delivery: Delivery, directory: Directory) -> None:
        """Raises `NotTaken`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    url: str
    secret: bytes
    centre: str
    "Named in the message."
    timeout_s: float = 10.0


class Webhook:
    def __init__(
        self,
        options: WebhookOptions,
        posix_s: Callable[[], float] = lambda: clock.utc_now().timestamp(),
    ) -> None:
        self._options = options
        self._posix_s = posix_s

    async def send(self, delivery: Delivery, directory: Directory) -> None:
        body = json.encode(message_of(delivery, directory, self._options.centre))
        headers = {
            "Content-Type": "application/json",
            "X-Callcenter-Delivery": delivery.delivery_id,
            **signature(self._options.secret, body, int(self._posix_s())),
        }
        import httpx  # here: it brings a hundred modules, and most centres have no webhook

        try:
            async with httpx.AsyncClient(timeout=self._options.timeout_s) as client:
                answer = await client.post(self._options.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotTaken(f"the webhook did not answer: {type(error).__name__}") from error
        if not answer.is_success:
            code = answer.status_code
            is_final = code in PERMANENT and code not in PASSING
            raise NotTaken(f"the webhook answered {code}", is_final=is_final)


def signature(secret: bytes, body: bytes, posix_s: int) -> dict[str, str]:
    """HMAC-SHA256 over "TIME.BODY": a message that was kept and is sent again shows its age."""
    mac = hmac.new(secret, f"{posix_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Callcenter-Timestamp": str(posix_s), "X-Callcenter-Signature": f"sha256={mac}"}


def message_of(delivery: Delivery, directory: Directory, centre: str) -> dict[str, Any]:
    line = delivery.line
    words = alarm_words(line, directory)
    return {
        "centre": centre,
        "alarm_id": line.alarm_id,
        "edge": delivery.edge.value,
        "rule": line.rule,
        "kind": line.kind.value,
        "level": line.level.value,
        "subject": line.subject,
        "figure": line.figure or None,
        "value": line.value,
        "limit": line.limit,
        "detail": line.detail or None,
        "words": {"en": words.en, "zh": words.zh},
        "raised_at": _iso(line.raised_s),
        "cleared_at": _iso(line.cleared_s) if delivery.edge is Edge.CLEARED else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOptions:
    host: str
    port: int
    tls: str = "starttls"
    "`starttls`, `tls` from the start, or `none`."
    user: str = ""
    password: str = ""
    sender: str
    to: tuple[str, ...]
    centre: str
    timeout_s: float = 15.0


class Mail:
    """By SMTP, in a thread: smtplib waits."""

    def __init__(self, options: MailOptions) -> None:
        self._options = options

    async def send(self, delivery: Delivery, directory: Directory) -> None:
        letter = letter_of(delivery, directory, self._options)
        try:
            await asyncio.to_thread(self._send, letter)
        except smtplib.SMTPResponseException as error:
            is_final = error.smtp_code // 100 == 5
            raise NotTaken(f"the mail server said {error.smtp_code}", is_final=is_final) from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            is_final = all(code // 100 == 5 for code in codes)
            raise NotTaken(f"no recipient was taken: {codes}", is_final=is_final) from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise NotTaken(f"mail could not be sent: {type(error).__name__}") from error

    def _send(self, letter: EmailMessage) -> None:
        options = self._options
        is_tls = options.tls == "tls"
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if is_tls:
            server = smtplib.SMTP_SSL(
                options.host, options.port, timeout=options.timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(options.host, options.port, timeout=options.timeout_s)
        with server:
            if options.tls == "starttls":
                server.starttls(context=context)
            if options.user:
                server.login(options.user, options.password)
            server.send_message(letter)


def letter_of(delivery: Delivery, directory: Directory, options: MailOptions) -> EmailMessage:
    words = alarm_words(delivery.line, directory)
    is_over = delivery.edge is Edge.CLEARED
    mark = "OK · 恢复" if is_over else "ALARM · 告警"
    letter = EmailMessage()
    letter["From"] = options.sender
    letter["To"] = ", ".join(options.to)
    # What was said of a line may have line ends in it, which a header must not.
    letter["Subject"] = " ".join(f"[{options.centre}] {mark}: {words.en}".split())
    letter["Date"] = datetime.fromtimestamp(delivery.happened_s, UTC)
    # The same for each try, so that a mailbox shows it once.
    name = delivery.delivery_id.replace(":", ".")
    letter["Message-ID"] = f"<{name}@{options.sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody is to answer by a machine
    lines = [words.en, words.zh, "", f"{delivery.line.rule}, {_iso(delivery.happened_s)}"]
    letter.set_content("\n".join(lines) + "\n")
    return letter


def _iso(at_s: float | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat("T", "seconds")


class AlarmPost:
    """Serves one way until it is cancelled; without a way of that name nothing is due."""

    def __init__(
        self,
        service: BoardService,
        outbox: Outbox,
        ways: Mapping[str, Way],
        *,
        last_s: float = LAST_S,
    ) -> None:
        """`ways`: by name; they may change meanwhile."""
        self._service = service
        self._outbox = outbox
        self._ways = ways
        self._last_s = last_s

    async def run(self) -> None:
        """Until cancelled. What is under way then is told and noted first: a letter cannot be
        called back, and the next process would write it again."""
        while True:
            if not await to_the_end(self.send_one(), self._last_s):
                await asyncio.sleep(LOOK_S)

    async def send_one(self) -> bool:
        """False when nothing is due."""
        service, way = self._service, self._ways.get(self._outbox.way)
        # Without core what was told could not be journalled, and would be told again.
        if way is None or not service.core_up:
            return False
        delivery = self._outbox.due(service.board.alarms, service.now_s())
        if delivery is None:
            return False
        trouble = ""
        try:
            await way.send(delivery, service.board.directory)
            tries: int | None = self._outbox.took(delivery)
        except NotTaken as error:
            trouble = str(error)
            tries = self._outbox.failed(delivery, service.now_s(), is_final=error.is_final)
            log.warning("alarm %s by %s: %s", delivery.delivery_id, delivery.way, error)
        if tries is not None:
            await self._note(delivery, tries, trouble)
        return True

    async def _note(self, delivery: Delivery, tries: int, trouble: str) -> None:
        """Until core has it: what is not journalled would be told again."""
        note = NoteAlarmSent(
            alarm_id=delivery.line.alarm_id,
            edge=delivery.edge,
            way=delivery.way,
            tries=tries,
            trouble=trouble,
            by=BY,
        )
        while True:
            try:
                await self._service.ask(note)
            except CallCentreError as error:
                log.warning("what was told of %s is not noted: %s", delivery.delivery_id, error)
                await asyncio.sleep(LOOK_S)
            else:
                # A board that is late with the record must not look as if nothing had been told.
                delivery.line.told.add((delivery.edge, delivery.way))
                return
