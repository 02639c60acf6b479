"""One call carried from a PBX to core: what happens on one side, done on the other. Pure.

                    progress            answer               re-INVITE of the PBX
    DIALLING ──▶ DIALLING (18x) ──▶ UP ◀──────▶ REOFFERING (core thinks about it)
       │ refused by core, cancelled, hung up on either side, silence, end of the process
       └───────────────────────────────▶ OVER

Rule 1: whoever ends the call, the other side is told at once, with the reason that was given.
Rule 2: the PBX is never told what is between core and us: a challenge, a time-out, a fault of ours
        are 503 to it, which lets it try elsewhere.
Rule 3: what comes after OVER crossed our own end, and does nothing.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from foundation.errors import IllegalTransition

UNAVAILABLE = 503
DECLINED = 603
PASSED_ON = frozenset({403, 404, 480, 486, 487, 488, 503, 600, 603})
"Refusals of core's that mean to the caller what they mean to us."
VANISHED = "the PBX does not answer any more"
CLOSED = "the line is closed"


class CarriedState(Enum):
    DIALLING = "dialling"
    "Core was called and has not answered."
    UP = "up"
    REOFFERING = "reoffering"
    "A new offer of the PBX is with core."
    OVER = "over"


S = CarriedState


# -- what happens ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PbxReoffered:
    """A re-INVITE: hold, resume, a new address."""

    sdp: str


@dataclass(frozen=True, slots=True)
class PbxHungUp:
    """BYE, or CANCEL before the answer."""

    reason: str = ""
    "Text of its Reason header."


@dataclass(frozen=True, slots=True)
class PbxVanished:
    """Our answer was never acknowledged; a BYE was sent after it."""


@dataclass(frozen=True, slots=True)
class CoreProgressed:
    status: int
    sdp: str


@dataclass(frozen=True, slots=True)
class CoreAnswered:
    """200 to our INVITE or re-INVITE."""

    sdp: str


@dataclass(frozen=True, slots=True)
class CoreRefused:
    status: int


@dataclass(frozen=True, slots=True)
class CoreRefusedReoffer:
    status: int


@dataclass(frozen=True, slots=True)
class CoreReoffered:
    """A re-INVITE of core's: a refresh, for holds of agents are never passed on."""


@dataclass(frozen=True, slots=True)
class CoreHungUp:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """The process ends, or cannot carry this call."""


Given: TypeAlias = (
    PbxReoffered
    | PbxHungUp
    | PbxVanished
    | CoreProgressed
    | CoreAnswered
    | CoreRefused
    | CoreRefusedReoffer
    | CoreReoffered
    | CoreHungUp
    | Close
)


# -- what should be done ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProgressPbx:
    status: int
    sdp: str


@dataclass(frozen=True, slots=True)
class AnswerPbx:
    """200 to the INVITE or re-INVITE that waits."""

    sdp: str


@dataclass(frozen=True, slots=True)
class RefusePbx:
    """To the INVITE, or to the re-INVITE when the call is up."""

    status: int


@dataclass(frozen=True, slots=True)
class HangUpPbx:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReofferCore:
    sdp: str


@dataclass(frozen=True, slots=True)
class AcceptCore:
    """200 to core's re-INVITE, with what holds."""


@dataclass(frozen=True, slots=True)
class HangUpCore:
    """CANCEL or BYE."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """Audio and memory of the call."""


Effect: TypeAlias = (
    ProgressPbx
    | AnswerPbx
    | RefusePbx
    | HangUpPbx
    | ReofferCore
    | AcceptCore
    | HangUpCore
    | Release
)


TRANSITIONS: dict[tuple[CarriedState, type], CarriedState] = {
    (S.DIALLING, CoreProgressed): S.DIALLING,
    (S.DIALLING, CoreAnswered): S.UP,
    (S.DIALLING, CoreRefused): S.OVER,
    (S.DIALLING, CoreHungUp): S.OVER,
    (S.DIALLING, PbxHungUp): S.OVER,
    (S.DIALLING, PbxVanished): S.OVER,
    (S.DIALLING, Close): S.OVER,
    (S.UP, PbxReoffered): S.REOFFERING,
    (S.UP, CoreReoffered): S.UP,
    (S.UP, CoreHungUp): S.OVER,
    (S.UP, PbxHungUp): S.OVER,
    (S.UP, PbxVanished): S.OVER,
    (S.UP, Close): S.OVER,
    (S.REOFFERING, CoreAnswered): S.UP,
    (S.REOFFERING, CoreRefusedReoffer): S.UP,
    (S.REOFFERING, CoreReoffered): S.REOFFERING,
    (S.REOFFERING, CoreHungUp): S.OVER,
    (S.REOFFERING, PbxHungUp): S.OVER,
    (S.REOFFERING, PbxVanished): S.OVER,
    (S.REOFFERING, Close): S.OVER,
}
"Inputs that are not listed raise `IllegalTransition`; in OVER all are passed over."


class Carried:
    """One call; it begins when core is dialled."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.state = S.DIALLING

    def feed(self, given: Given) -> list[Effect]:
        before = self.state
        if before is S.OVER:
            return []
        try:
            self.state = TRANSITIONS[before, type(given)]
        except KeyError:
            raise IllegalTransition(f"call {self.call_id}", before, given) from None
        effects = _effects(before, given)
        return [*effects, Release()] if self.state is S.OVER else effects


def pbx_status(status: int) -> int:
    """What the PBX is told when core refused with `status`."""
    if status in PASSED_ON:
        return status
    return DECLINED if status >= 600 else UNAVAILABLE


def _effects(before: CarriedState, given: Given) -> list[Effect]:
    match given:
        case CoreProgressed(status, sdp):
            return [ProgressPbx(status, sdp)]
        case CoreAnswered(sdp):
            return [AnswerPbx(sdp)]
        case CoreRefused(status):
            return [RefusePbx(pbx_status(status))]
        case CoreRefusedReoffer(status):
            return [RefusePbx(status if status in (488, 491) else UNAVAILABLE)]
        case CoreReoffered():
            return [AcceptCore()]
        case PbxReoffered(sdp):
            return [ReofferCore(sdp)]
        case _:
            return _end(before, given)


def _end(before: CarriedState, given: Given) -> list[Effect]:
    is_early = before is S.DIALLING
    match given:
        case CoreHungUp(reason):
            return [RefusePbx(UNAVAILABLE) if is_early else HangUpPbx(reason)]
        case PbxHungUp(reason):
            return [HangUpCore(reason)]
        case PbxVanished():
            return [HangUpCore(VANISHED)]
        case _:
            return [HangUpCore(CLOSED), RefusePbx(UNAVAILABLE) if is_early else HangUpPbx(CLOSED)]
