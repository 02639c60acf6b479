"""`queues` and what they share: who is served before whom, and by whom."""

from typing import Literal

from pydantic import Field, model_validator

from acd.options import Strategy
from callcenter.sections.values import (
    DialNumber,
    Expression,
    Language,
    Name,
    Part,
    Seconds,
    SecondsOrNever,
    Skills,
)


class Ordering(Part):
    """Who is served before whom: everybody by entry time, some with a head start."""

    p0_s: SecondsOrNever = 1800.0
    "Head start of the fast channel: who is P0 goes before all who came up to so long earlier."
    p1_s: SecondsOrNever = 600.0
    "Head start of P1."
    p2_s: SecondsOrNever = 180.0
    "Head start of P2; P3, the usual, has none."
    tiers: dict[Name, SecondsOrNever] = {}
    "Head start of VIP tiers, added to that of the priority."
    front_s: SecondsOrNever = 1200.0
    "Of callers who come back because their agent or transfer was lost; added as well."
    longest_s: SecondsOrNever = 3600.0
    "Nobody's is longer: who has waited so long is passed by no later arrival."


class ServiceLevel(Part):
    percent: float = Field(default=80, gt=0, le=100)
    "Share of the callers that is to be answered in time."
    within_s: Seconds = 15.0
    "In time means within so long."


class Relaxation(Part):
    after_s: Seconds
    "Of waiting; then …"
    requires: Expression
    "… this will do, instead of `skills` and `requires`."


class Surge(Part):
    join_waiting: int = Field(default=10, ge=1)
    "When so many callers wait, agents with `backup: true` are offered them, too."
    leave_waiting: int = Field(default=3, ge=0)
    "When so few are left, not any more."

    @model_validator(mode="after")
    def _has_hysteresis(self) -> "Surge":
        if self.leave_waiting >= self.join_waiting:
            raise ValueError("leave_waiting must be below join_waiting")
        return self


class Transfers(Part):
    ring_s: Seconds = 30.0
    """How long a number outside may ring, and anybody whom an agent dials by the own phone. Who is
    asked into a talk of a queue rings for the queue's `ring_s`."""


class Callbacks(Part):
    """Whoever waits in the queue, or is asked for by the API, may be called back."""

    tries: int = Field(default=2, ge=1, le=10)
    "How often somebody who is not reached is dialled in all."
    retry_after_s: Seconds = 300.0
    "How long after one try the next may be."
    ring_s: Seconds = 40.0
    "How long one try may take until somebody answers; an agent is reserved meanwhile."
    give_up_after_s: Seconds = 28800.0
    "Then the promise is given up, when no agent was there for it."
    max_pending: int = Field(default=500, ge=1, le=10_000)
    "Who asks when so many are promised already is refused."
    furthest_days: float = Field(default=60, gt=0, le=366)
    "How far ahead the time may be at which somebody wants to be called back."


class Queue(Part):
    name: str = Field(default="", max_length=200)
    "For people, on screens; left out: its id. Renamed it is the same queue."
    number: DialNumber | None = None
    "What an agent dials to send a caller to this queue."
    skills: Skills = {}
    "Lowest level of each skill that an agent needs."
    requires: Expression = ""
    "What an agent needs besides, for example `english or (cantonese>=3 and not trainee)`."
    relax: tuple[Relaxation, ...] = ()
    "What will do after a longer wait, step by step."
    strategy: Strategy = Strategy.LONGEST_IDLE
    "Which of the available agents is offered the call; docs/acd.md tells what each does."
    ring_all_most: int = Field(default=20, ge=1, le=100)
    "How many phones ring for one caller, with the strategy `ring_all`."
    sticky_s: SecondsOrNever = 0.0
    "How long a caller waits for the agent who talked with him last; 0: not at all."
    sticky_days: float = Field(default=7, gt=0, le=366)
    "How long ago that may have been."
    max_waiting: int | None = Field(default=None, ge=0)
    "Who comes when so many wait already overflows at once."
    max_expected_wait_s: Seconds | None = None
    "Who would have to wait longer, by what is expected, overflows at once."
    needs_agents: bool = False
    "Who comes while no agent who suits takes calls or has one overflows at once."
    closed: bool = False
    "Who comes overflows at once; who waits already is served. The console's switch."
    overflow_to: Name | None = None
    "The queue that takes who overflows; left out: an apology, and the call ends."
    surge: Surge | None = None
    "When backup agents are called in; left out: never."
    service_level: ServiceLevel = ServiceLevel()
    "The target that the wallboard measures."
    wrap_up_s: SecondsOrNever = 20.0
    "For notes after a talk; 0: none."
    wrap_up_codes: tuple[Name, ...] = ()
    "What an agent may say a call was about."
    needs_wrap_up_code: bool = False
    "No call is offered to the agent before the last one has its code."
    ring_s: Seconds = 15.0
    "Then the call is offered to the next agent, and this one is paused (`rona`)."
    max_wait_s: Seconds = 600.0
    "Then an apology, and the call ends."
    callbacks: Callbacks | None = None
    "Left out: nobody is called back from this queue; `callbacks: {}`: as usual."
    announce_agent: bool = True
    "The caller hears the agent's number before the talk."
    announce_position_every_s: SecondsOrNever = 30.0
    "0: never."
    music: Name = "music"
    "The prompt that is played in a loop while callers wait."
    recording: Literal["always", "on_demand", "never"] = "always"
    "Whether its talks are recorded; on demand it is begun by the agent's key or by the API."
    keep_recordings_days: int | None = Field(default=None, ge=1, le=36_500)
    "Instead of `recordings.keep_days`."
    survey: Name | None = None
    "Which of `flows/*.yaml` a caller hears when the agent has hung up after a talk."
    language: Language | None = None
    "What agents of this queue and their callers speak; chooses the model of the transcript."
    transcribe_priority: int = Field(default=0, ge=0, le=9)
    "Talks of a queue with a higher one are transcribed first: complaints, for example."
    live_transcript: bool = False
    "What is said is shown to agent and supervisors while they talk."
