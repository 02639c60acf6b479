"""What SIP tells of a call's legs, each fact led to whose leg it is."""

from collections.abc import Callable

from foundation.ids import LegId
from telephony.calls.agent_leg import ENDED_EARLY
from telephony.calls.digits import DigitFilter, DigitWay
from telephony.calls.effects import Effect, Purpose, Reject, Tell
from telephony.calls.events import DigitPressed, EndedBy
from telephony.calls.leg import Leg, LegState
from telephony.calls.options import CallOptions
from telephony.calls.parts import Parts
from telephony.calls.placed_leg import PlacedLeg
from telephony.media import protocol as media
from telephony.sip import events as sip


class SipFacts:
    """Part of a call's machine."""

    def __init__(
        self,
        parts: Parts,
        options: CallOptions,
        caller_gone: Callable[[EndedBy, str], list[Effect]],
        not_reached: Callable[[int], list[Effect]],
        bad_media: Callable[[LegId, str], list[Effect]],
    ) -> None:
        self._parts = parts
        self._seats = parts.seats
        self._digits = DigitFilter(options.double_digit_s)
        self._caller_gone = caller_gone
        self._not_reached = not_reached
        self._bad_media = bad_media

    def take(self, event: sip.SipEvent, now: float) -> list[Effect]:
        match event:
            case sip.Progressed(leg, status, body):
                return self._on_progressed(leg, status, body)
            case sip.Answered(leg, body):
                return self._on_answered(leg, body)
            case sip.Refused(leg, status):
                return self._on_refused(leg, status)
            case sip.Cancelled(leg, reason):
                return self._on_cancelled(leg, reason or "cancelled")
            case sip.Gone(leg, why, reason):
                return self._on_gone(leg, why, reason)
            case _:
                return self._take_in_dialog(event, now)

    def _take_in_dialog(self, event: sip.SipEvent, now: float) -> list[Effect]:
        match event:
            case sip.Confirmed(leg, body) | sip.EarlyAnswered(leg, body):
                return self._on_ack(leg, body)
            case sip.Reoffered(leg, body):
                found = self._seats.find(leg)
                return [Reject(leg, 481)] if found is None else found.on_reoffered(body)
            case sip.InfoDigit(leg, digit):
                return self._on_info_digit(leg, digit, now)
            case sip.Referred():
                return self._parts.referral.on_referred(event)
            case _:
                return []

    # -- phones that we ring ---------------------------------------------------------------------

    def _on_progressed(self, leg_id: LegId, status: int, body: bytes) -> list[Effect]:
        rung = self._seats.rung_on(leg_id)
        if rung is not None:
            return rung.on_progress(status)
        return self._parts.guests.on_progress(leg_id, status, body)

    def _on_answered(self, leg_id: LegId, body: bytes) -> list[Effect]:
        caller = self._seats.caller
        if isinstance(caller, PlacedLeg) and leg_id == caller.leg_id:
            return caller.on_answered(body)
        rung = self._seats.rung_on(leg_id) or self._seats.guest_on(leg_id)
        return [] if rung is None else rung.on_answered(body)

    def _on_refused(self, leg_id: LegId, status: int) -> list[Effect]:
        if leg_id == self._seats.caller.leg_id:
            return self._not_reached(status)
        rung = self._seats.rung_on(leg_id)
        if rung is not None:
            return self._parts.ringing.on_peer_ended(rung, status)
        reason = f"the guest answered {status}"
        return self._parts.guests.on_peer_ended(leg_id, EndedBy.AGENT, status, reason)

    # -- who has called us -----------------------------------------------------------------------

    def _on_cancelled(self, leg_id: LegId, reason: str) -> list[Effect]:
        if leg_id == self._seats.caller.leg_id:
            return self._caller_gone(EndedBy.CALLER, reason)
        second = self._seats.second_on(leg_id)
        if second is not None:
            return self._parts.guests.on_second_ended([second.release()])
        return self._parts.agents.on_move_cancelled(leg_id)

    def _on_ack(self, leg_id: LegId, body: bytes) -> list[Effect]:
        leg = self._seats.find(leg_id)
        if leg is None or not leg.offerless:
            return []
        leg.offerless = False
        is_first = not leg.codec
        if not body:
            # RFC 3264 4: our offer was never answered, so there is nothing to talk by.
            return self._bad_media(leg_id, "the ACK has no SDP") if is_first else []
        purpose = Purpose.LATE_ANSWER if is_first else Purpose.REOFFER_ANSWER
        return [leg.ask_answer(purpose, body)]

    # -- any of them -----------------------------------------------------------------------------

    def _on_gone(self, leg_id: LegId, why: sip.GoneWhy, reason: str) -> list[Effect]:
        is_bye = why is sip.GoneWhy.BYE
        if leg_id == self._seats.caller.leg_id:
            by = EndedBy.CALLER if is_bye else EndedBy.FAULT
            return self._caller_gone(by, reason or why.value)
        self._parts.referral.leg_gone(leg_id)
        second = self._seats.second_on(leg_id)
        if second is not None:
            return self._parts.guests.on_second_ended([second.release()])
        by = EndedBy.AGENT if is_bye else EndedBy.FAULT
        agent, rung = self._seats.agent_on(leg_id), self._seats.rung_on(leg_id)
        if agent is not None:
            return self._parts.agents.on_peer_ended(agent, by)
        if rung is not None:
            return self._parts.ringing.on_peer_ended(rung, ENDED_EARLY)
        what = "the guest hung up" if is_bye else reason or why.value
        return self._parts.guests.on_peer_ended(leg_id, by, ENDED_EARLY, what)

    def on_digit(self, leg_id: LegId, digit: str, at_s: float, way: DigitWay) -> list[Effect]:
        leg = self._seats.find(leg_id)
        if leg is None or self._seats.caller.state is LegState.PREPARING:
            return []
        if not self._digits.is_new(leg_id, digit, at_s, way):
            return []
        return [] if self._told_to_nobody(leg) else [self._tell_digit(leg, digit, way)]

    def _told_to_nobody(self, leg: Leg) -> bool:
        return leg is not self._seats.caller and leg is not self._seats.agent

    def _tell_digit(self, leg: Leg, digit: str, way: DigitWay) -> Tell:
        veil = self._parts.veil
        by_info = way is DigitWay.INFO and veil.commands_by_keys(leg)
        is_held = by_info or (way is DigitWay.RTP and veil.holds_keys(leg))
        return Tell(DigitPressed(leg.call_id, leg.side, digit, is_held))

    def _on_info_digit(self, leg_id: LegId, digit: str, now: float) -> list[Effect]:
        leg = self._seats.find(leg_id)
        if leg is None or self._seats.caller.state is LegState.PREPARING:
            return []
        if not self._digits.is_new(leg_id, digit, now, DigitWay.INFO):
            return []
        told = [] if self._told_to_nobody(leg) else [self._tell_digit(leg, digit, DigitWay.INFO)]
        other = self._parts.sound.partner(leg_id)
        is_secret = leg is self._seats.caller and self._seats.takes_card
        if other is None or is_secret or self._parts.veil.commands_by_keys(leg):
            return [*told]
        passed_on = other.ask(media.SendDigits(rid=0, leg=other.leg_id, digits=digit))
        return [*told, passed_on]
