"""The agent state machine: what one agent does, and whether a call may be offered.

              SIGN_IN         MAKE_READY         OFFER           PICK_UP
        OFF ──────────▶ PAUSED ────────▶ READY ────────▶ RINGING ────────▶ TALKING
         ▲                ▲  ▲            │ ▲  ◀─────────  │                  │ END_TALK
         │                │  └── PAUSE ───┘ │   WITHDRAW   │                  ▼
         │                └──── MISS, PAUSE ┼──────────────┘               WRAP_UP
         └── SIGN_OUT from everywhere       └── MAKE_READY, PAUSE, SIGN_OUT ──┘

Rule 1: everything that changes an agent's state is in this file.
Rule 2: this file knows one agent only. Who gets the next call is `acd.routing`; that agent and
        caller are bound to each other is `acd.floor`.
Rule 3: what an agent chooses while TALKING is kept, and done when the wrap-up is over. Chosen
        in WRAP_UP it is done at once.
Rule 4: an offer that the agent missed or refused pauses with the reason 'rona' (ring, no answer):
        only the agent's own `MAKE_READY`, or a new sign-in, leads back. One that the phone could
        not be rung for pauses as 'unreachable', which the phone ends when it registers again.
Rule 5: an offer that was withdrawn leaves `idle_since` as it was: the agent had no part in it.
Rule 6: without wrap-up, what would come after it comes straight from TALKING.
Rule 7: a wrap-up whose queue demands a code has no end before there is one (`acd.shifts`).
"""

from dataclasses import dataclass
from enum import StrEnum

from acd.events import AgentChanged, AgentState, OfferFailure
from acd.options import AgentCard
from foundation.errors import Conflict, IllegalTransition, LocalError
from foundation.ids import CallId, OfferId, QueueId

RONA = "rona"
"Reason of the pause of who did not pick up."
UNREACHABLE = "unreachable"
"Reason of the pause of whose phone could not be rung."
AWAY = "away"
"Reason of being OFF after a pause that lasted too long."
SIGNED_IN = "signed_in"
"Reason of the pause between sign-in and the first `Ready`."


class Step(StrEnum):
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    MAKE_READY = "make_ready"
    PAUSE = "pause"
    OFFER = "offer"
    WITHDRAW = "withdraw"
    MISS = "miss"
    PICK_UP = "pick_up"
    END_TALK = "end_talk"


S = AgentState
# Looked at in each change: to ask an `Enum` for a member takes longer than to call a function.
READY, SIGN_IN, OFFER, PICK_UP = S.READY, Step.SIGN_IN, Step.OFFER, Step.PICK_UP
WITHOUT_CALL = frozenset({S.READY, S.PAUSED, S.OFF})
AS_BEFORE: tuple[Step, str] = (Step.MAKE_READY, "")
"After a talk, as long as the agent chooses nothing else."

TRANSITIONS: dict[tuple[AgentState, Step], AgentState] = {
    (S.OFF, Step.SIGN_IN): S.PAUSED,
    (S.PAUSED, Step.MAKE_READY): S.READY,
    (S.PAUSED, Step.PAUSE): S.PAUSED,
    (S.PAUSED, Step.SIGN_OUT): S.OFF,
    (S.READY, Step.OFFER): S.RINGING,
    (S.READY, Step.PAUSE): S.PAUSED,
    (S.READY, Step.SIGN_OUT): S.OFF,
    (S.RINGING, Step.PICK_UP): S.TALKING,
    (S.RINGING, Step.WITHDRAW): S.READY,
    (S.RINGING, Step.MISS): S.PAUSED,
    (S.RINGING, Step.PAUSE): S.PAUSED,
    (S.RINGING, Step.SIGN_OUT): S.OFF,
    (S.TALKING, Step.END_TALK): S.WRAP_UP,
    (S.TALKING, Step.MAKE_READY): S.READY,
    (S.TALKING, Step.PAUSE): S.PAUSED,
    (S.TALKING, Step.SIGN_OUT): S.OFF,
    (S.WRAP_UP, Step.MAKE_READY): S.READY,
    (S.WRAP_UP, Step.PAUSE): S.PAUSED,
    (S.WRAP_UP, Step.SIGN_OUT): S.OFF,
}
"Steps that are not listed for a state raise `IllegalTransition`."

NOT_SIGNED_IN = frozenset({(S.OFF, Step.MAKE_READY), (S.OFF, Step.PAUSE)})
"What a person may not choose: answered with `Conflict`."

ALREADY_SO = frozenset(
    {(state, Step.SIGN_IN) for state in AgentState if state is not S.OFF}
    | {(S.OFF, Step.SIGN_OUT), (S.READY, Step.MAKE_READY), (S.RINGING, Step.MAKE_READY)}
)
"What a person may choose without any effect, since it is so already."


@dataclass(frozen=True, slots=True)
class Assignment:
    """The offer or reservation that an agent has, or has accepted."""

    call_id: CallId
    queue: QueueId
    offer_id: OfferId


def reason_of(why: OfferFailure) -> str:
    """Of the pause after an offer that failed so."""
    return UNREACHABLE if why is OfferFailure.UNREACHABLE else RONA


def is_on_leave(state: AgentState, reason: str) -> bool:
    """Paused of the own will."""
    return state is S.PAUSED and reason not in (RONA, UNREACHABLE, SIGNED_IN)


class Agent:
    """One agent's state, phone and call; times are seconds of the floor's clock."""

    def __init__(self, card: AgentCard) -> None:
        self.card = card
        self.agent_id = card.agent_id
        self.state = S.OFF
        self.reason = ""
        self.since = 0.0
        self.idle_since = 0.0
        self.registered = False
        self.busy = False
        self.assignment: Assignment | None = None
        "Kept in RINGING, TALKING and WRAP_UP."
        self.deadline: float | None = None
        "When the ringing or the wrap-up is over."
        self.wrap_up_code = ""
        "Of the call that the agent has, or wraps up."
        self._after_talk = AS_BEFORE

    @property
    def is_available(self) -> bool:
        # Asked after each input of the agent's: without making the sentence.
        return self.state is READY and self.registered and not self.busy

    @property
    def why_unavailable(self) -> str:
        """A sentence; '' for who is available."""
        if self.state is not S.READY:
            return f"{self.agent_id} is {self.state}"
        if not self.registered:
            return f"{self.agent_id} has no registered phone"
        return f"the phone of {self.agent_id} is busy" if self.busy else ""

    def get_assignment(self) -> Assignment:
        if self.assignment is None:
            raise LocalError(f"{self.agent_id} has no call while {self.state}")
        return self.assignment

    def restore(
        self,
        state: AgentState,
        reason: str,
        since: float,
        idle_since: float,
        assignment: Assignment | None,
        deadline: float | None,
        after_talk: tuple[Step, str],
    ) -> None:
        """Be as an earlier process left this agent."""
        self._after_talk = after_talk
        self.state, self.reason = state, reason
        self.since, self.idle_since = since, idle_since
        self.assignment = assignment
        self.deadline = deadline

    def choose(self, step: Step, now: float, reason: str = "") -> list[AgentChanged]:
        """What a person wants: SIGN_IN, SIGN_OUT, MAKE_READY or PAUSE."""
        if (self.state, step) in NOT_SIGNED_IN:
            raise Conflict(f"{self.agent_id} is not signed in: {step} is not possible")
        if self.state is S.TALKING:
            return self._keep_for_later(step, reason)
        if (self.state, step) in ALREADY_SO or self._is_paused_for(step, reason):
            return []
        return self._enter(step, now, reason)

    def offer(self, assignment: Assignment, now: float, ring_s: float) -> list[AgentChanged]:
        return self._enter(OFFER, now, assignment=assignment, deadline=now + ring_s)

    def withdraw(self, now: float) -> list[AgentChanged]:
        idle_since = self.idle_since
        changed = self._enter(Step.WITHDRAW, now)
        self.idle_since = idle_since
        return changed

    def miss(self, now: float, why: OfferFailure) -> list[AgentChanged]:
        return self._enter(Step.MISS, now, reason_of(why))

    @property
    def left_for(self) -> str:
        """Of who is OFF because the phone went in a pause of his own: the pause's reason."""
        return self.reason if self.state is S.OFF and self.reason != AWAY else ""

    @property
    def is_on_leave(self) -> bool:
        """Of his own will: no phone that comes back ends that."""
        return is_on_leave(self.state, self.reason)

    def pick_up(self, now: float) -> list[AgentChanged]:
        return self._enter(PICK_UP, now, assignment=self.assignment)

    def end_talk(
        self, now: float, wrap_up_s: float, *, needs_code: bool = False
    ) -> list[AgentChanged]:
        """`needs_code`: the wrap-up lasts until there is one, however long that is."""
        if wrap_up_s == 0 and not (needs_code and not self.wrap_up_code):
            return self._move_on(now)
        deadline = now + wrap_up_s
        return self._enter(Step.END_TALK, now, assignment=self.assignment, deadline=deadline)

    def finish_wrap_up(self, now: float) -> list[AgentChanged]:
        return self._move_on(now) if self.state is S.WRAP_UP else []

    def _keep_for_later(self, step: Step, reason: str) -> list[AgentChanged]:
        if step is not Step.SIGN_IN:
            self._after_talk = (step, reason)
        elif self._after_talk[0] is Step.SIGN_OUT:
            self._after_talk = AS_BEFORE
        return []

    def _is_paused_for(self, step: Step, reason: str) -> bool:
        return step is Step.PAUSE and self.state is S.PAUSED and self.reason == reason

    def _move_on(self, now: float) -> list[AgentChanged]:
        step, reason = self._after_talk
        return self._enter(step, now, reason)

    def _enter(
        self,
        step: Step,
        now: float,
        reason: str = "",
        assignment: Assignment | None = None,
        deadline: float | None = None,
    ) -> list[AgentChanged]:
        try:
            state = TRANSITIONS[self.state, step]
        except KeyError:
            raise IllegalTransition(self.agent_id, self.state, step) from None
        self.state, self.since = state, now
        self.reason = SIGNED_IN if step is SIGN_IN else reason
        self.assignment, self.deadline = assignment, deadline
        if state is READY:
            self.idle_since = now
        if state in WITHOUT_CALL:
            self.wrap_up_code = ""
            self._after_talk = AS_BEFORE
        call_id = assignment.call_id if assignment else None
        return [AgentChanged(self.agent_id, state, self.reason, call_id)]
