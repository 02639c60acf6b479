"""What the journal knows of a talk and its audio does not tell: holds, who hung up, who it was.

CallHeld(agent) … CallResumed(agent)              on hold
GuestInvited(consult) … guest out, or in          on hold: the agent speaks with a third
RecordingEnded, AgentHungUp | CallEnded            who ended the talk
"""

from collections.abc import Iterable, Sequence

from acd.events import AgentAnswered, TalkTaken
from foundation.ids import RecordingId
from foundation.record import Record
from recordings.events import RecordingEnded, RecordingStarted
from recordings.quality.store import Circumstances
from recordings.quality.talk import Span
from telephony.calls import events as calls
from telephony.calls.events import EndedBy, Side

END_WITHIN_S = 2.0
"""The hang-up comes just before or just after the recording's end. One that comes much later is
the caller's, in a survey or another queue, and not of this talk."""


def circumstances_of(recording_id: RecordingId, records: Sequence[Record[object]]) -> Circumstances:
    """`records`: of the recording's call, in order."""
    began_s = _at(records, RecordingStarted, recording_id)
    ended_s = _at(records, RecordingEnded, recording_id)
    if began_s is None:
        return Circumstances()
    until_s = records[-1].at_s if ended_s is None else ended_s
    within = [record for record in records if began_s <= record.at_s <= until_s]
    holds = [(start - began_s, end - began_s) for start, end in _holds(within, until_s)]
    return Circumstances(holds=tuple(holds), ended_by=_ended_by(records, until_s))


def is_with_outsider(recording_id: RecordingId, records: Iterable[Record[object]]) -> bool:
    """Whether the caller talks with somebody outside to whom an agent gave him: the recording is in
    the agent's name, and nothing that is said there is the agent's."""
    invited: calls.GuestInvited | None = None
    is_given_away = False
    for record in records:
        match record.event:
            case calls.GuestInvited():
                invited = record.event
            case calls.TalkTransferred(offer_id=offer_id):
                is_guest = invited is not None and invited.offer_id == offer_id
                is_given_away = is_guest and invited is not None and invited.party_id is not None
            case AgentAnswered() | TalkTaken():
                is_given_away = False
            case RecordingStarted(recording_id=started) if started == recording_id:
                return is_given_away
            case _:
                pass
    return False


def _at(records: Iterable[Record[object]], kind: type, recording_id: RecordingId) -> float | None:
    for record in records:
        event = record.event
        if isinstance(event, kind) and getattr(event, "recording_id", None) == recording_id:
            return record.at_s
    return None


def _holds(records: Iterable[Record[object]], until_s: float) -> list[Span]:
    """A consultation within a hold is one hold."""
    found: list[Span] = []
    since: float | None = None
    reasons: set[str] = set()
    for record in records:
        before = bool(reasons)
        _take(record.event, reasons)
        if reasons and not before:
            since = record.at_s
        elif before and not reasons and since is not None:
            found.append((since, record.at_s))
            since = None
    return found if since is None else [*found, (since, until_s)]


def _take(event: object, reasons: set[str]) -> None:
    match event:
        case calls.CallHeld(side=Side.AGENT):
            reasons.add("held")
        case calls.CallResumed(side=Side.AGENT):
            reasons.discard("held")
        case calls.GuestInvited(way=calls.GuestWay.CONSULT):
            reasons.add("consults")
        case calls.GuestLeft() | calls.ConferenceStarted() | calls.TalkTransferred():
            reasons.discard("consults")
        case _:
            pass


def _ended_by(records: Iterable[Record[object]], until_s: float) -> EndedBy | None:
    """The first hang-up about then; None where the talk was handed over, also to somebody whose
    phone still rang when the agent left."""
    is_guest_rung = False
    for record in records:
        is_then = abs(record.at_s - until_s) <= END_WITHIN_S
        match record.event:
            case calls.GuestInvited():
                is_guest_rung = True
            case calls.GuestLeft():
                is_guest_rung = False
            case calls.TalkTransferred():
                is_guest_rung = False
                if is_then:
                    return None
            case calls.AgentHungUp(by=by) if is_then:
                return None if is_guest_rung else by
            case calls.CallEnded(by=by) if is_then:
                return by
            case _:
                pass
    return None
