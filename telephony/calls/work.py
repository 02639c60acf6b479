"""What calls want done, done in order and never nested.

Work that a told event causes waits until the present work is done. A fault in one piece costs the
desk whose work it was, and no other.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from foundation.ids import CallId, LegId
from foundation.tasks import contain
from telephony.calls.effects import (
    Accept,
    AcceptRefer,
    AskMedia,
    Dial,
    DialOutside,
    DialSupervisor,
    Effect,
    HangUpLeg,
    MediaAnswered,
    NotifyRefer,
    Progress,
    RefuseRefer,
    Reject,
    SipWord,
    Tell,
)
from telephony.calls.events import CallEvent, EndedBy
from telephony.calls.kept import write_note
from telephony.calls.ports import MediaPort, SipPort
from telephony.media import protocol as media
from telephony.sip.events import CallerIdentity

log = logging.getLogger(__name__)

AUTO_ANSWER_HEADERS = (
    ("Call-Info", "<sip:auto-answer>;answer-after=0"),
    ("Alert-Info", "<sip:auto-answer>;info=alert-autoanswer;delay=0"),
)
"Two spellings, because phones agree on neither (RFC 3261 20.4 and 20.9 leave both open)."


def supervisors_note(call_id: CallId) -> bytes:
    """By which the next process knows the leg, and ends it."""
    return json.dumps({"call": call_id, "side": "supervisor"}).encode()


class Desk(Protocol):
    """What has legs: a call, and the supervisors at it."""

    call_id: CallId

    @property
    def is_over(self) -> bool: ...
    def on_media(self, given: MediaAnswered) -> list[Effect]: ...
    def hang_up(self, by: EndedBy, reason: str) -> list[Effect]: ...


class Work:
    """The queue of effects, and how each is performed."""

    def __init__(
        self,
        sip_port: SipPort,
        media_port: MediaPort,
        tell: Callable[[CallEvent], None],
        callers: Mapping[CallId, CallerIdentity],
        take: Callable[[Desk, Callable[[], list[Effect]]], None],
        break_off: Callable[[Desk], None],
        forget: Callable[[Desk], None],
    ) -> None:
        """`take` runs a step of a desk, `break_off` ends one after a fault of ours, `forget` lets
        go of one that is finished."""
        self._sip = sip_port
        self._media = media_port
        self._tell = tell
        self._callers = callers
        self._take = take
        self._break_off = break_off
        self._forget = forget
        self._waiting: deque[tuple[Desk, Effect]] = deque()
        self._is_working = False

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    def add(self, desk: Desk, effects: Iterable[Effect]) -> None:
        """To be done with what `do` is given next."""
        self._waiting.extend((desk, effect) for effect in effects)

    def do(self, desk: Desk, effects: Iterable[Effect]) -> None:
        self.add(desk, effects)
        if self._is_working:
            return
        self._is_working = True
        try:
            while self._waiting:
                at, effect = self._waiting.popleft()
                if not contain(f"work for call {at.call_id}", self.perform, at, effect):
                    self._break_off(at)
                if at.is_over:
                    self._forget(at)
        finally:
            self._is_working = False

    def perform(self, desk: Desk, effect: Effect) -> None:
        match effect:
            case Tell(event):
                self._tell(event)
            case AskMedia():
                self._ask(desk, effect)
            case Dial():
                self._dial(desk.call_id, effect)
            case DialOutside():
                self._dial_outside(desk.call_id, effect)
            case DialSupervisor():
                self._dial_supervisor(desk.call_id, effect)
            case _:
                self._speak(effect)

    def _speak(self, effect: SipWord) -> None:
        match effect:
            case Progress(leg, body, status):
                self._sip.progress(leg, status, body)
            case Accept(leg, body):
                self._sip.accept(leg, body)
            case Reject(leg, status):
                self._sip.reject(leg, status)
            case HangUpLeg(leg, reason):
                self._sip.hang_up(leg, reason)
            case AcceptRefer(leg):
                self._sip.accept_refer(leg)
            case RefuseRefer(leg, status):
                self._sip.refuse_refer(leg, status)
            case NotifyRefer(leg, status):
                self._sip.notify_refer(leg, status)

    def _dial(self, call_id: CallId, effect: Dial) -> None:
        log.info("[%s] > INVITE %s", call_id, effect.agent_id)
        headers = AUTO_ANSWER_HEADERS if effect.auto_answer else ()
        self._invite(call_id, effect.leg, effect.agent_id, effect.body, headers)
        self._sip.note(effect.leg, write_note(effect.note))

    def _dial_outside(self, call_id: CallId, effect: DialOutside) -> None:
        """The number is nobody's business but the trunk's."""
        target = effect.target
        log.info("[%s] > INVITE a number outside by %s", call_id, target.trunk)
        self._sip.dial_outside(
            effect.leg, target.number, target.trunk, body=effect.body, show=target.show
        )
        self._sip.note(effect.leg, write_note(effect.note))

    def _dial_supervisor(self, call_id: CallId, effect: DialSupervisor) -> None:
        log.info("[%s] > INVITE %s, who supervises", call_id, effect.phone)
        self._invite(call_id, effect.leg, effect.phone, effect.body, AUTO_ANSWER_HEADERS)
        self._sip.note(effect.leg, supervisors_note(call_id))

    def _invite(
        self,
        call_id: CallId,
        leg: LegId,
        to: str,
        body: bytes,
        headers: tuple[tuple[str, str], ...],
    ) -> None:
        """A phone of ours, which sees the caller as its caller."""
        caller = self._callers.get(call_id)
        self._sip.dial(
            leg,
            to,
            body=body,
            caller_user=caller.user if caller else "",
            caller_name=caller.display_name if caller else "",
            headers=headers,
        )

    def _ask(self, desk: Desk, effect: AskMedia) -> None:
        def on_reply(reply: media.Done | media.Failed) -> None:
            if isinstance(reply, media.Failed):
                log.warning("[%s] media: %s", desk.call_id, reply.sentence)
            if effect.is_followed_by(reply):
                self._take(desk, lambda: desk.on_media(MediaAnswered(effect, reply)))
            if desk.is_over:
                self._forget(desk)

        self._media.ask(effect.request, on_reply)
