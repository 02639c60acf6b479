"""The phone of a supervisor at a talk (`monitor`): one that we ring, or one that dials itself in.

SupervisorLeg   PREPARING ─ media ─▶ DIALLING ─ 200 ─▶ ANSWERING ─ media ─▶ UP
JoiningLeg      PREPARING ─ media ─▶ UP, our 200 is out; without an offer its SDP comes by ACK
"""

from foundation.ids import CallId, LegId, PhoneId
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.effects import DialSupervisor, Effect, HangUpLeg, Purpose, Tell
from telephony.calls.events import MonitorMode, MonitorStarted, Side
from telephony.calls.leg import Leg
from telephony.calls.options import CallOptions
from telephony.calls.rung_leg import RungLeg
from telephony.media import protocol as media

NOT_NOW = 480


class AtTalk(Leg):
    """What both have in common; the place is filled in when the leg is made."""

    phone: PhoneId
    by: str
    mode: MonitorMode

    @property
    def speaks(self) -> bool:
        """Somebody is to hear it."""
        return self.is_up and not self.holding and self.mode is not MonitorMode.LISTEN

    def on_prepared(self, done: media.Done) -> list[Effect]:
        raise NotImplementedError

    def on_answered(self, sdp: bytes) -> list[Effect]:
        raise NotImplementedError

    def leave(self, reason: str) -> list[Effect]:
        """What SIP must say when we end it; media's session is for `release`."""
        raise NotImplementedError

    def on_connectable(self, done: media.Done) -> list[Effect]:
        raise NotImplementedError

    def on_ack(self, sdp: bytes) -> list[Effect]:
        """Of a re-INVITE without SDP: our offer's answer."""
        if not self.offerless or not sdp:
            return []
        self.offerless = False
        return [self.ask_answer(Purpose.REOFFER_ANSWER, sdp)]

    def started(self) -> list[Effect]:
        return [Tell(MonitorStarted(self.call_id, self.phone, self.by, self.mode))]


class SupervisorLeg(AtTalk, RungLeg):
    """One phone at one talk, rung by us."""

    prepare_purpose = Purpose.PREPARE_SUPERVISOR
    answer_purpose = Purpose.ANSWER_SUPERVISOR

    def __init__(
        self,
        call_id: CallId,
        leg_id: LegId,
        phone: PhoneId,
        by: str,
        mode: MonitorMode,
        options: CallOptions,
    ) -> None:
        # Neither caller nor agent; like the agent he is of the house, and rung by us.
        spoken = options.media.of_phone(phone)
        super().__init__(call_id, leg_id, Side.AGENT, options, offerless=False, media=spoken)
        self.phone, self.by, self.mode = phone, by, mode

    def dial(self) -> list[Effect]:
        return [DialSupervisor(self.leg_id, self.phone, self.our_sdp)]

    def on_prepared(self, done: media.Done) -> list[Effect]:
        return RungLeg.on_prepared(self, done)

    def on_answered(self, sdp: bytes) -> list[Effect]:
        return RungLeg.on_answered(self, sdp)

    def on_connectable(self, done: media.Done) -> list[Effect]:
        return [*self.connectable(done), *self.started()]

    def leave(self, reason: str) -> list[Effect]:
        return [HangUpLeg(self.leg_id, reason)] if self.was_dialled else []


class JoiningLeg(AtTalk, CallerLeg):
    """One phone at one talk, which has dialled itself in."""

    def __init__(
        self,
        call_id: CallId,
        leg_id: LegId,
        phone: PhoneId,
        by: str,
        mode: MonitorMode,
        options: CallOptions,
    ) -> None:
        CallerLeg.__init__(
            self, call_id, leg_id, Side.AGENT, options, options.media.of_phone(phone)
        )
        self.phone, self.by, self.mode = phone, by, mode
        self._is_started = False

    def begin(self, offer: bytes) -> list[Effect]:
        self.offerless = not offer
        return [self.ask_session(Purpose.PREPARE_SUPERVISOR, offer)]

    def on_prepared(self, done: media.Done) -> list[Effect]:
        terms = CallerLeg.on_prepared(self, done)
        accepted = self.accept()
        return [*terms, *accepted] if self.offerless else [*terms, *accepted, *self.started()]

    def on_answered(self, sdp: bytes) -> list[Effect]:
        return []  # nobody has dialled it

    def on_ack(self, sdp: bytes) -> list[Effect]:
        if self._is_started or not self.offerless or not sdp:
            return AtTalk.on_ack(self, sdp)
        self.offerless = False
        return [self.ask_answer(Purpose.ANSWER_SUPERVISOR, sdp)]

    def on_connectable(self, done: media.Done) -> list[Effect]:
        return [*self.note_terms(done), *self.started()]

    def started(self) -> list[Effect]:
        self._is_started = True
        return AtTalk.started(self)

    def leave(self, reason: str) -> list[Effect]:
        return self.turn_out(NOT_NOW, reason)
