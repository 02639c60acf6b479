"""The upper parts' commands, each handed to the call that it is for."""

from collections.abc import Callable, Sequence

from foundation.ids import AgentId, CallId, LegId, OfferId, RecordingId, new_leg_id
from telephony.calls.call import Call
from telephony.calls.control import GuestTarget
from telephony.calls.effects import Effect
from telephony.calls.events import CallEvent, EndedBy, GuestWay, TalkRecorded


class CallCommands:
    """The part of `telephony.calls.control.CallControl` that is about one call."""

    _calls: dict[CallId, Call]
    _by_leg: dict[LegId, Call]
    _tell: Callable[[CallEvent], None]

    def _take(self, call: Call, step: Callable[[], list[Effect]]) -> None:
        """One step of one call, performed at once or after the work that is going on."""
        raise NotImplementedError

    def _on_call(self, call_id: CallId, command: Callable[[Call], list[Effect]]) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            self._take(call, lambda: command(call))

    def _on_call_with_leg(
        self, call_id: CallId, command: Callable[[Call, LegId], list[Effect]]
    ) -> None:
        """One that may make a leg, whose facts are the call's from then on."""
        leg_id = new_leg_id()

        def step(call: Call) -> list[Effect]:
            effects = command(call, leg_id)
            if leg_id in call.leg_ids:
                self._by_leg[leg_id] = call
            return effects

        self._on_call(call_id, step)

    # -- the caller and the agent ----------------------------------------------------------------

    def answer(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.answer())

    def answer_early(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.answer_early())

    def refuse(self, call_id: CallId, status: int, rule: str) -> None:
        self._on_call(call_id, lambda call: call.refuse(status, rule))

    def play(self, call_id: CallId, items: Sequence[str], *, loop: bool = False) -> None:
        self._on_call(call_id, lambda call: call.play(items, loop=loop))

    def stop_playing(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.stop_playing())

    def ring_agent(
        self, call_id: CallId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> None:
        self._on_call_with_leg(
            call_id,
            lambda call, leg: call.parts.ringing.ring(
                leg, agent_id, offer_id, auto_answer=auto_answer
            ),
        )

    def stop_ringing(self, call_id: CallId, offer_id: OfferId, *, taken: bool = False) -> None:
        self._on_call(call_id, lambda call: call.stop_ringing(offer_id, taken=taken))

    def play_to_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        self._on_call(call_id, lambda call: call.parts.agents.play(items))

    def bridge(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.agents.bridge())

    def echo(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.echo())

    def record(self, call_id: CallId, recording_id: RecordingId, file: str) -> None:
        """For a call that is gone the recording is told closed and empty."""
        if call_id in self._calls:
            self._on_call(call_id, lambda call: call.parts.recording.begin(recording_id, file))
        else:
            self._tell(TalkRecorded(recording_id, 0, complete=False))

    def stop_recording(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.recording.end())

    def pause_recording(self, call_id: CallId, *, on: bool) -> None:
        self._on_call(call_id, lambda call: call.parts.recording.pause(on=on))

    def take_card(self, call_id: CallId, *, on: bool) -> None:
        self._on_call(call_id, lambda call: call.parts.agents.take_card(on=on))

    def send_digits(self, call_id: CallId, digits: str) -> None:
        self._on_call(call_id, lambda call: call.parts.agents.send_digits(digits))

    def signal_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        self._on_call(call_id, lambda call: call.parts.agents.signal(items))

    def record_message(
        self, call_id: CallId, recording_id: RecordingId, file: str, silence_s: float
    ) -> None:
        """For a call that is gone the message is told closed and empty."""
        if call_id in self._calls:
            self._on_call(
                call_id, lambda call: call.parts.message.begin(recording_id, file, silence_s)
            )
        else:
            self._tell(TalkRecorded(recording_id, 0, complete=False))

    def end_message(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.message.end())

    def hang_up(self, call_id: CallId, by: EndedBy, reason: str) -> None:
        self._on_call(call_id, lambda call: call.hang_up(by, reason))

    def release_agent(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.agents.release())

    # -- hold and guests -------------------------------------------------------------------------

    def hold(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.hold.begin())

    def resume(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.hold.end())

    def consult(self, call_id: CallId, target: GuestTarget) -> None:
        self._invite(call_id, target, GuestWay.CONSULT)

    def refuse_consult(self, call_id: CallId, status: int) -> None:
        self._on_call(call_id, lambda call: call.parts.second.refuse(status))

    def transfer(self, call_id: CallId, target: GuestTarget) -> None:
        self._invite(call_id, target, GuestWay.TRANSFER)

    def refuse_transfer(self, call_id: CallId, status: int) -> None:
        self._on_call(call_id, lambda call: call.parts.referral.fail(status))

    def release_for_transfer(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.guests.release_agent())

    def complete_transfer(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.guests.complete())

    def conference(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.guests.conference())

    def take_back(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.parts.guests.take_back())

    def dial_guest(self, call_id: CallId, target: GuestTarget) -> None:
        self._invite(call_id, target, GuestWay.DIAL)

    def _invite(self, call_id: CallId, target: GuestTarget, way: GuestWay) -> None:
        self._on_call_with_leg(
            call_id, lambda call, leg: call.parts.guests.invite(leg, target, way)
        )
