"""The parts of one call's machine, made once and shared."""

from collections.abc import Callable
from dataclasses import dataclass
from weakref import proxy

from telephony.calls.agent_side import AgentSide
from telephony.calls.effects import Effect
from telephony.calls.events import EndedBy
from telephony.calls.guest_side import GuestSide
from telephony.calls.hold import Hold
from telephony.calls.message import Message
from telephony.calls.options import CallOptions
from telephony.calls.recording import Recording
from telephony.calls.referral import Referral
from telephony.calls.ringing import Ringing
from telephony.calls.seats import Seats
from telephony.calls.second_line import SecondLine
from telephony.calls.sound import Sound
from telephony.calls.veil import Veil


@dataclass(frozen=True, slots=True)
class Parts:
    seats: Seats
    sound: Sound
    hold: Hold
    recording: Recording
    veil: Veil
    message: Message
    referral: Referral
    second: SecondLine
    ringing: Ringing
    agents: AgentSide
    guests: GuestSide


def make_parts(
    seats: Seats,
    options: CallOptions,
    answer: Callable[[], list[Effect]],
    hang_up: Callable[[EndedBy, str, int], list[Effect]],
) -> Parts:
    """`answer`: 200 to the caller; `hang_up`: end the call, before a 200 by that status."""
    sound, hold, recording = Sound(seats), Hold(seats), Recording(seats)
    referral, second = Referral(seats), SecondLine(seats, options)

    def agent_leaves(ending: list[Effect], news: list[Effect]) -> list[Effect]:
        return sides.on_agent_leaves(ending, news)

    agents = AgentSide(seats, recording, sound, referral, options, agent_leaves, hang_up)
    guests = GuestSide(seats, agents, second, referral, hold, sound, options, answer, hang_up)
    # Guests keep the agents, not the agents the guests as well: no ring, see `Call`.
    sides: GuestSide = proxy(guests)
    message = Message(seats)
    ringing, veil = agents.ringing, Veil(seats, agent_keys=options.agent_keys)
    return Parts(
        seats,
        sound,
        hold,
        recording,
        veil,
        message,
        referral,
        second,
        ringing,
        agents,
        guests,
    )
