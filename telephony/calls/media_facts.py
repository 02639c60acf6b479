"""What media answers and tells of a call's legs, each fact led to whose leg it is."""

from collections.abc import Callable

from foundation.ids import CallId, LegId
from telephony.calls.effects import AskMedia, Effect, MediaAnswered, Purpose, Tell
from telephony.calls.events import EndedBy, LegEnded, PromptEnded, Side, TalkRecorded
from telephony.calls.parts import Parts
from telephony.calls.ringing import NO_MEDIA
from telephony.media import protocol as media


class MediaFacts:
    """Part of a call's machine."""

    def __init__(
        self,
        parts: Parts,
        caller_prepared: Callable[[media.Done | media.Failed], list[Effect]],
        caller_picked_up: Callable[[media.Done | media.Failed], list[Effect]],
        hang_up: Callable[[EndedBy, str], list[Effect]],
    ) -> None:
        self._parts = parts
        self._seats = parts.seats
        self._caller_prepared = caller_prepared
        self._caller_picked_up = caller_picked_up
        self._hang_up = hang_up

    def take(self, given: MediaAnswered) -> list[Effect]:
        """Media's reply to something this call asked."""
        leg_id, reply, parts = given.asked.leg, given.reply, self._parts
        match given.asked.purpose:
            case Purpose.PREPARE_CALLER:
                return self._caller_prepared(reply)
            case Purpose.ANSWER_CALLER:
                return self._caller_picked_up(reply)
            case Purpose.PREPARE_AGENT | Purpose.ANSWER_AGENT:
                return parts.ringing.on_media(given)
            case Purpose.PREPARE_SECOND:
                return parts.second.on_prepared(leg_id, reply)
            case Purpose.PREPARE_MOVE:
                return parts.agents.on_move_prepared(leg_id, reply)
            case Purpose.PREPARE_GUEST | Purpose.EARLY_ANSWER | Purpose.ANSWER_GUEST:
                return parts.guests.on_media(given)
            case Purpose.CONNECT:
                return parts.agents.on_connected(leg_id, reply)
            case _:
                return self._take_other(given)

    def _take_other(self, given: MediaAnswered) -> list[Effect]:
        leg_id, reply = given.asked.leg, given.reply
        match given.asked.purpose:
            case Purpose.REOFFER:
                leg = self._seats.find(leg_id)
                return [] if leg is None else leg.on_reoffer_media(reply)
            case Purpose.LATE_ANSWER | Purpose.REOFFER_ANSWER:
                return self._on_late_answer(given)
            case Purpose.RELEASE:
                return self._on_released(leg_id, reply)
            case Purpose.HIDE:
                return self._on_hidden(given)
            case _ if isinstance(reply, media.Failed):
                return self._on_verb_failed(given.asked, reply.sentence)
            case _:
                return []

    def _on_hidden(self, given: MediaAnswered) -> list[Effect]:
        asked = given.asked.request
        assert isinstance(asked, media.Hide)
        if isinstance(given.reply, media.Done):
            self._parts.veil.granted(asked)
        return []

    def on_play_ended(self, play_id: str) -> list[Effect]:
        caller = self._seats.caller
        for leg in self._seats.legs():
            if leg.hearing.is_current(play_id):
                told = [Tell(PromptEnded(caller.call_id))] if leg is caller else []
                return [*leg.hearing.ended(), *told]
        return []

    def _on_late_answer(self, given: MediaAnswered) -> list[Effect]:
        """The SDP of an ACK: without a usable first one there is no talk, later ones may fail."""
        leg, reply = self._seats.find(given.asked.leg), given.reply
        if leg is None:
            return []
        if isinstance(reply, media.Done):
            return leg.note_terms(reply)
        if given.asked.purpose is Purpose.REOFFER_ANSWER:
            return []
        return self.on_bad_media(leg.leg_id, reply.sentence)

    def _on_verb_failed(self, asked: AskMedia, sentence: str) -> list[Effect]:
        """Whoever waits for the end of it must not wait for ever."""
        match asked.purpose, asked.request:
            case Purpose.TAP, media.Tap(tap_id=tap_id):
                return [Tell(TalkRecorded(tap_id, 0, complete=False))]
            case Purpose.PAUSE, media.PauseTap() as request:
                return self._parts.recording.pause_failed(request)
            case Purpose.PLAY, media.Play(leg=leg, play_id=play_id):
                return self._on_play_failed(LegId(leg), play_id)
            case Purpose.LINK, media.Connect(a=a, b=b):
                return self._parts.guests.on_link_failed(a, b, sentence)
            case Purpose.HEAR, media.Hear(sources=sources) if sources:
                return self._parts.guests.on_mix_failed(sentence)
            case _:
                return []

    def _on_play_failed(self, leg_id: LegId, play_id: str) -> list[Effect]:
        if self._seats.caller.hearing.failed(play_id):
            return self.on_play_ended(play_id)
        leg = self._seats.find(leg_id)
        return [] if leg is None else [*leg.hearing.bed_failed(play_id)]

    def on_bad_media(self, leg_id: LegId, sentence: str) -> list[Effect]:
        """Nothing can be spoken by this leg any more."""
        seats, parts = self._seats, self._parts
        if leg_id == seats.caller.leg_id:
            return self._hang_up(EndedBy.FAULT, sentence)
        agent, rung = seats.agent_on(leg_id), seats.rung_on(leg_id)
        if agent is not None:
            return parts.agents.on_bad_media(agent, sentence)
        if rung is not None:
            return parts.ringing.on_bad_media(rung, sentence)
        second = seats.second_on(leg_id)
        if second is None:
            return parts.guests.on_bad_media(leg_id, sentence)
        last_word = parts.referral.fail_of(leg_id, NO_MEDIA)
        ending = [*second.turn_out(NO_MEDIA, sentence), second.release()]
        return [*last_word, *parts.guests.on_second_ended(ending)]

    def _on_released(self, leg_id: LegId, reply: media.Done | media.Failed) -> list[Effect]:
        self._seats.releasing.discard(leg_id)
        if isinstance(reply, media.Failed) or reply.stats is None:
            return []
        caller = self._seats.caller
        side = Side.CALLER if leg_id == caller.leg_id else Side.AGENT
        return [Tell(_leg_ended(caller.call_id, leg_id, side, reply.stats))]


def _leg_ended(call_id: CallId, leg_id: LegId, side: Side, stats: media.LegStats) -> LegEnded:
    return LegEnded(
        call_id,
        leg_id,
        side,
        packets_received=stats.packets_received,
        packets_sent=stats.packets_sent,
        packets_lost=stats.packets_lost,
        jitter_ms=stats.jitter_ms,
        remote_packets_lost=stats.remote_packets_lost,
        remote_jitter_ms=stats.remote_jitter_ms,
        round_trip_ms=stats.round_trip_ms,
        mos=stats.mos,
        remote_mos=stats.remote_mos,
    )
