"""The small protocol by which upper parts command calls.

All verbs are fire-and-forget: they return at once, their outcome comes as an event
(`telephony.calls.events`). A verb for a call that is already over is silently nothing: its
`CallEnded` is on the way or was told already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from foundation.ids import AgentId, CallId, OfferId, PartyId, PhoneId, RecordingId
from telephony.calls.events import EndedBy, MonitorMode


@dataclass(frozen=True, slots=True)
class AgentTarget:
    """Ring an agent of ours as guest; the floor has reserved him under `offer_id`."""

    agent_id: AgentId
    offer_id: OfferId
    auto_answer: bool = False


@dataclass(frozen=True, slots=True)
class OutsideTarget:
    """Dial a number outside as guest, which a number rule has allowed."""

    party_id: PartyId
    offer_id: OfferId
    number: str
    "As the trunk wants it; never logged, never in the journal."
    trunk: str
    "Name of the trunk, or of the group of trunks, that the rule chose."
    show: str = ""
    "The number of ours that the other side sees as caller; '' the trunk's own."


GuestTarget: TypeAlias = AgentTarget | OutsideTarget


class CallControl(Protocol):
    """What the switchboard can be told to do."""

    def place_call(self, call_id: CallId, target: OutsideTarget, line: str, number: str) -> None:
        """Call somebody outside, who is the caller of `call_id` from then on: `CallPlaced`, then
        `CallAnswered` when he picks up, or `CallNotReached` and `CallEnded`.

        `line`: whose rules the call has, as if he had dialled it; `number`: what the agent's phone
        shows of him. How long it may ring is for the caller of this to bound (`hang_up`).
        """

    def answer(self, call_id: CallId) -> None:
        """Send 200 to the caller; `CallAnswered` follows."""

    def answer_early(self, call_id: CallId) -> None:
        """Send 183 with SDP, so that `play` is heard before, or instead of, a 200."""

    def refuse(self, call_id: CallId, status: int, rule: str) -> None:
        """Final answer other than 200; `CallRefused` and `CallEnded` follow."""

    def play(self, call_id: CallId, items: Sequence[str], *, loop: bool = False) -> None:
        """Play WAV files (absolute paths, 8 kHz mono) to the caller; `PromptEnded` follows.

        It follows at once when there is nothing to play, and when media cannot play it.
        """

    def stop_playing(self, call_id: CallId) -> None:
        """Cut what is being played to the caller; no `PromptEnded` comes."""

    def ring_agent(
        self, call_id: CallId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> None:
        """INVITE the agent's newest binding; AgentRinging, AgentPickedUp or AgentRefused follow.

        Several agents may be rung for one caller: AgentPickedUp comes of the first one whose phone
        can be spoken with, and of another one only after the part of that one is over.
        """

    def stop_ringing(self, call_id: CallId, offer_id: OfferId, *, taken: bool = False) -> None:
        """CANCEL (or ACK and BYE when the 200 crossed it); no further event of this offer comes.

        `taken`: somebody else has the caller, so that the phone shows no missed call (RFC 3326).
        Of a guest's offer it is `take_back`.
        """

    def play_to_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        """A tone or whisper for the agent alone before the bridge; no event comes."""

    def bridge(self, call_id: CallId) -> None:
        """Stop all playing and connect caller and agent, both up; `CallBridged` follows.

        When media cannot connect them the call ends as a fault.
        """

    def echo(self, call_id: CallId) -> None:
        """Let the caller hear himself; nothing while an agent is there."""

    def record(self, call_id: CallId, recording_id: RecordingId, file: str) -> None:
        """Record both sides from now on; `TalkRecorded` comes at the end.

        Also when nothing can be recorded, because a side is gone: with 0 frames, not complete.
        """

    def stop_recording(self, call_id: CallId) -> None:
        """Before the talk is over; `TalkRecorded` comes."""

    def pause_recording(self, call_id: CallId, *, on: bool) -> None:
        """Silence on both sides of the file from now on, or no more. A recording that media can't
        pause is ended instead: `TalkRecorded` comes."""

    def take_card(self, call_id: CallId, *, on: bool) -> None:
        """`on`: nobody hears the caller any more, neither the agent nor a supervisor nor the
        recording; his digits are told as ever (`DigitPressed`). It ends with the talk."""

    def send_digits(self, call_id: CallId, digits: str) -> None:
        """To whom the agent talks with: what the agent's phone has pressed and is no command."""

    def signal_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        """A tone for the agent alone within the talk; no event comes."""

    def record_message(
        self, call_id: CallId, recording_id: RecordingId, file: str, silence_s: float
    ) -> None:
        """Record the caller alone, until `end_message`, a silence of `silence_s`, or the call's
        end; `TalkRecorded` comes in each case, with 0 frames when nothing can be recorded."""

    def end_message(self, call_id: CallId) -> None:
        """End what `record_message` began."""

    def hang_up(self, call_id: CallId, by: EndedBy, reason: str) -> None:
        """End all legs of the call; `CallEnded` follows.

        A caller without a 200 gets a final answer: 500 for a fault, else 480; `CallRefused` too.
        """

    def release_agent(self, call_id: CallId) -> None:
        """End the agent's leg only; `AgentHungUp` follows and the caller stays.

        As when the agent hangs up: where a guest has joined, `TalkTransferred` follows instead.
        """

    def monitor(self, call_id: CallId, phone: PhoneId, mode: MonitorMode, *, by: str) -> None:
        """Ring a supervisor's phone into the talk; `MonitorStarted` or `MonitorEnded` follows.

        For a phone that is in this talk already: change its mode, `MonitorChanged` follows. Nothing
        happens where nobody talks, nor to a phone that is in the house already.
        """

    def stop_monitor(self, call_id: CallId, phone: PhoneId, reason: str) -> None:
        """Hang up a supervisor's phone; `MonitorEnded` follows and the talk goes on."""

    def hold(self, call_id: CallId) -> None:
        """The caller hears music and the agent silence until `resume`; `CallHeld` follows.

        Nothing where nobody talks, or is held by this verb already.
        """

    def resume(self, call_id: CallId) -> None:
        """Undo `hold`; `CallResumed` follows."""

    def consult(self, call_id: CallId, target: GuestTarget) -> None:
        """Ring a guest; the caller hears music, agent and guest talk: `GuestInvited`, then
        `GuestJoined` or `GuestLeft`.

        The agent hears a ring-back tone meanwhile. When the agent's phone asked for it
        (`ConsultAsked`), its second line is what talks with the guest. Told `GuestLeft` at once
        (status 491) where a guest is there already or nobody of ours talks.

        An agent who hangs up hands over: to a guest who has joined at once (`TalkTransferred`), to
        one who rings as by `transfer` (`AgentHungUp`). A second line that hangs up sends the guest
        away.
        """

    def refuse_consult(self, call_id: CallId, status: int) -> None:
        """Final answer to the second line of the agent's phone; nothing is told."""

    def transfer(self, call_id: CallId, target: GuestTarget) -> None:
        """Ring a guest who gets the caller when he picks up: `GuestInvited`, then
        `GuestJoined` and `TalkTransferred`, or `GuestLeft`.

        The caller hears music. An agent who waits gets the caller back on `GuestLeft`; one who
        hangs up meanwhile is told as `AgentHungUp` and the call goes on: after `GuestLeft` the
        caller is then alone, and hears nothing until told what (`play`, `hang_up`).
        """

    def refuse_transfer(self, call_id: CallId, status: int) -> None:
        """Tell the agent's phone that its REFER comes to nothing."""

    def release_for_transfer(self, call_id: CallId) -> None:
        """The caller goes elsewhere in the house (a queue): tell the agent's phone that its REFER
        succeeded and end its leg; no `AgentHungUp` comes, the caller stays and hears nothing."""

    def complete_transfer(self, call_id: CallId) -> None:
        """Of a consultation or conference: caller and guest talk, the agent's leg (both lines)
        ends; `TalkTransferred` follows. A guest who still rings gets the caller when he picks up,
        as by `transfer`."""

    def conference(self, call_id: CallId) -> None:
        """Of a consultation whose guest has joined: all three hear each other;
        `ConferenceStarted` follows. An agent who hangs up then leaves caller and guest together
        (`TalkTransferred`), a guest who does leaves the two as before (`GuestLeft`)."""

    def take_back(self, call_id: CallId) -> None:
        """Send the guest away; caller and agent talk again; `GuestLeft` follows."""

    def dial_guest(self, call_id: CallId, target: GuestTarget) -> None:
        """For a call that an agent's own phone has made: ring whom it dialled; the agent's phone
        hears the early media or a ring-back tone, and gets its 200 when the guest picks up:
        `GuestInvited`, then `GuestJoined` (both talk), or `GuestLeft` and the phone gets that
        status (`CallRefused`, `CallEnded`). The end of either side ends the call.

        For a caller who has been answered: ring somebody who gets him. He hears what is played
        until the guest has joined; a guest who does not come is `GuestLeft`, and the caller stays.
        """
