"""Where one call stands that outlived its core: who sits at it, what conducts it, what was missed.

    what the journal told (`revival.past`) ────┐
                                               ├─▶ Revived: KeptCall, Contact, missed events
    the call's legs as media kept them ────────┘

The rules are those of `revival.revive`. A guest is found by his offer: rung, spoken with, or
with the caller by now. What became of him while there was no core is told to the journey.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from acd.events import AgentOffered, TalkTaken
from acd.requirement import parse_requirement
from callcenter.conduct.contact import Contact, Guest, Stage, Try
from callcenter.events import HouseEvent
from callcenter.revival.past import CallPast, InvitedPast, VisitPast
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId, RecordingId
from recordings.events import (
    PauseReason,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from telephony.calls.control import AgentTarget, GuestTarget, OutsideTarget
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    CallAnswered,
    CallArrived,
    CallBridged,
    CallHeld,
    CallResumed,
    EndedBy,
    GuestInvited,
    GuestLeft,
    GuestWay,
    PromptEnded,
    Side,
    TalkTransferred,
)
from telephony.calls.kept import KeptAgentSide, KeptCall, KeptGuestSide, KeptSide
from telephony.sip.events import CallerIdentity


@dataclass(frozen=True, slots=True)
class Revived:
    """A call that goes on."""

    kept: KeptCall
    contact: Contact
    missed: tuple[HouseEvent, ...] = ()
    "For the journey alone, which died before it had done what follows from them."

    @property
    def own_phones(self) -> set[str]:
        """Agents whose phones are busy with this call, though it is no talk of theirs."""
        called = self.contact.guest if self.contact.stage is Stage.OWN else None
        busy = {self.kept.caller.note.aor, (called and called.agent_id) or ""}
        return busy - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the plan must know of the configuration, which may be another than before."""

    queues: Mapping[QueueId, str]
    "With the languages of its talks, as `RecordingStarted` has them."
    agents: frozenset[AgentId]
    is_present: Callable[[AgentId], bool]
    "Has a registration; the phone may be out of reach, as its connection died with core."
    is_registered: Callable[[AgentId], bool]
    tap_files: Mapping[str, str] = field(default_factory=dict)
    "Of the recordings that media writes."
    find_party: Callable[[CallerIdentity], PartyId]


class Stand:
    """Asked of one call after the other; writes down what only media has shown."""

    def __init__(self, house: House, facts: list[object], running: list[RecordingStarted]) -> None:
        self._house = house
        self._facts = facts
        self._running = running

    def of_call(
        self, call: CallPast, caller: KeptSide, others: Sequence[KeptSide]
    ) -> Revived | None:
        """None for what can't go on."""
        kept = KeptCall(
            call_id=call.call_id,
            party_id=call.party_id,
            line=call.line,
            caller=caller,
            agent=_find_agent(call, others),
            rung=tuple(_find_rung(call, others)),
            guest=_find_guest(call, others),
            second=next((side for side in others if side.note.is_second), None),
        )
        if _is_own(call, caller) or _is_given_away(call):
            return self._own_call(call, kept)
        contact, missed = self._stand(call, kept)
        if call.guest is not None:
            contact.guest = _guest_of(call.guest, contact)
            if kept.guest is None:
                missed = (*missed, self._guest_gone(call, call.guest))
        contact.is_held = kept.is_on_hold
        kept = self._with_tap(call, kept)
        self._tape(contact, call, kept)
        return Revived(kept, contact, missed)

    def _tape(self, contact: Contact, call: CallPast, kept: KeptCall) -> None:
        """What is paused stays so, whether only media knows of it or only the journal."""
        contact.recording_id, contact.takes_card = kept.recording_id, kept.takes_card
        if kept.recording_id is None:
            return
        contact.pauses = set(call.pauses)
        if kept.takes_card:
            contact.pauses.add(PauseReason.CARD)
        else:
            contact.pauses.discard(PauseReason.CARD)
        if kept.is_paused and not contact.pauses:
            contact.pauses.add(PauseReason.AGENT)
        for told, facts in (
            (RecordingPaused, contact.pauses - call.pauses),
            (RecordingResumed, call.pauses - contact.pauses),
        ):
            for why in sorted(facts):
                self._facts.append(told(kept.recording_id, call.call_id, why, ""))

    def of_placed(self, call: CallPast, caller: KeptSide, called_for: Try | None) -> Revived | None:
        """One whom we call back and who is in no queue yet: who has picked up is served. A phone
        that still rings is hung up on, for nobody is reserved any more; it is tried again."""
        if called_for is None or caller.dialog.is_early or not caller.session.codec:
            return None
        kept = KeptCall(call_id=call.call_id, party_id=call.party_id, line=call.line, caller=caller)
        contact = Contact(
            call.call_id, call.line, Stage.DIALLED, is_placed=True, called_for=called_for
        )
        return Revived(kept, contact, (CallAnswered(call.call_id),))

    def _own_call(self, call: CallPast, kept: KeptCall) -> Revived | None:
        """Whom an agent's own phone dialled is there still, or is rung now; else it is over."""
        contact = Contact(call.call_id, call.line, Stage.OWN)
        if call.guest is not None:
            contact.guest = _guest_of(call.guest, contact)
            if kept.guest is not None:
                return Revived(kept, contact)
            return None
        is_new = kept.caller.dialog.is_early
        return Revived(kept, contact, (_arrived(call, kept.caller),)) if is_new else None

    def _guest_gone(self, call: CallPast, third: InvitedPast) -> GuestLeft:
        left = GuestLeft(call.call_id, third.offer_id)
        self._facts.append(left)
        return left

    def _stand(self, call: CallPast, kept: KeptCall) -> tuple[Contact, tuple[HouseEvent, ...]]:
        caller = kept.caller
        contact = Contact(
            call.call_id,
            call.line,
            trunk="" if caller.note.is_placed else caller.note.trunk,
            language=call.language,
            is_placed=caller.note.is_placed,
            declined=call.declined,
        )
        if caller.dialog.is_early:
            return contact, (_arrived(call, caller),)
        visit = call.visit or call.last_visit
        if visit is None:
            return contact, (CallAnswered(call.call_id),)
        contact.queue, contact.returns = visit.queue, call.returns
        contact.priority, contact.tier = visit.priority, visit.tier
        contact.requires = parse_requirement(visit.requires)
        if call.sent_on is not None:
            contact.stage, contact.agent_id = Stage.TALKING, call.sent_on.agent_id
            return contact, (call.sent_on,)
        if call.visit is None:
            return self._after_talk(contact, call, kept)
        if visit.is_answered:
            return self._talking(contact, call, kept)
        contact.stage = Stage.WAITING
        missed: tuple[HouseEvent, ...] = ()
        if not caller.session.playing:
            missed = (PromptEnded(call.call_id),)
        return contact, (*missed, *_missed_of_offers(call.call_id, visit, kept.rung))

    def _after_talk(
        self, contact: Contact, call: CallPast, kept: KeptCall
    ) -> tuple[Contact, tuple[HouseEvent, ...]]:
        """The visit is over, and the call is not."""
        if call.overflowed is not None:
            if not kept.caller.plays:
                # Nothing came of it yet: another queue, or the apology.
                contact.stage = Stage.WAITING
                return contact, (call.overflowed,)
            contact.stage = Stage.LEAVING
            return contact, _after_prompt(kept.caller)
        if call.last_visit is not None:
            contact.agent_id = call.last_visit.agent_id
        if call.guest is not None:
            contact.stage = Stage.HANDED
            return contact, ()
        if call.outside is not None and kept.agent is not None:
            return self._outside(contact, call.outside, kept)
        contact.stage = Stage.TALKING if call.is_bridged else Stage.ANNOUNCING
        return contact, _agent_gone(call)

    def _outside(
        self, contact: Contact, invited: GuestInvited, kept: KeptCall
    ) -> tuple[Contact, tuple[HouseEvent, ...]]:
        if kept.caller.session.taps:
            contact.stage = Stage.OUTSIDE
            return contact, ()
        # The recording of the new talk had not begun.
        contact.stage = Stage.HANDED
        contact.guest = Guest(_target_of(invited), GuestWay.TRANSFER, has_joined=True)
        return contact, (TalkTransferred(invited.call_id, invited.offer_id),)

    def _talking(
        self, contact: Contact, call: CallPast, kept: KeptCall
    ) -> tuple[Contact, tuple[HouseEvent, ...]]:
        assert call.visit is not None
        visit, caller, agent = call.visit, kept.caller, kept.agent
        contact.agent_id = visit.agent_id
        is_recorded = bool(caller.session.taps)
        if agent is None:
            is_talk = call.is_bridged or is_recorded
            contact.stage = Stage.TALKING if is_talk else Stage.ANNOUNCING
            return contact, _agent_gone(call)
        contact.stage = Stage.TALKING
        if call.guest is not None:
            return contact, ()
        if caller.session.connected_to == agent.leg_id:
            self._write_down_talk(call, kept, agent)
        elif not is_recorded:
            contact.stage, contact.hears_consent = Stage.ANNOUNCING, contact.is_placed
            return contact, _after_prompt(caller)
        if isinstance(agent, KeptGuestSide) and not is_recorded and visit.agent_id is not None:
            # The recording of the new talk had not begun.
            return contact, (TalkTaken(call.call_id, visit.queue, visit.agent_id),)
        return contact, ()

    def _write_down_talk(
        self, call: CallPast, kept: KeptCall, agent: KeptAgentSide | KeptGuestSide
    ) -> None:
        if not call.is_bridged and agent.agent_id is not None:
            self._facts.append(CallBridged(call.call_id, agent.agent_id))
        for side in Side:
            is_held = side in kept.held_by
            if is_held is not (side in call.held_by):
                told = CallHeld if is_held else CallResumed
                self._facts.append(told(call.call_id, side))

    def _with_tap(self, call: CallPast, kept: KeptCall) -> KeptCall:
        """With the recording that goes on; written down if it began in the last moment."""
        visit = call.visit or call.last_visit
        taps = kept.caller.session.taps
        if visit is None or visit.agent_id is None or kept.agent is None or not taps:
            return kept
        recording_id = RecordingId(taps[0])
        started = call.recording
        if started is None or started.recording_id != recording_id:
            path = PurePath(self._house.tap_files.get(recording_id, f"{recording_id}.wav"))
            language = call.language or self._house.queues[visit.queue]
            started = RecordingStarted(
                recording_id,
                call.call_id,
                visit.agent_id,
                visit.queue,
                f"{path.parent.name}/{path.name}",
                (language, language),
            )
            self._facts.append(started)
        self._running.append(started)
        return replace(kept, recording_id=recording_id)


# -- the legs ------------------------------------------------------------------------------------


def _find_agent(call: CallPast, others: Sequence[KeptSide]) -> KeptAgentSide | KeptGuestSide | None:
    """The leg of whom the talk is with."""
    visit = call.visit
    if visit is None:
        return None if call.outside is None else _as_guest(call.outside.offer_id, others)
    if visit.agent_id is None:
        return None
    for side in others:
        if side.note.offer != visit.offers[visit.agent_id] or side.dialog.is_early:
            continue
        if side.note.way is not None:
            return KeptGuestSide(side.dialog, side.session, side.note)
        return _as_agent(side, visit.agent_id)
    return None


def _find_rung(call: CallPast, others: Sequence[KeptSide]) -> Iterator[KeptAgentSide]:
    """The legs of open offers."""
    visit = call.visit
    if visit is None or visit.is_answered:
        return
    by_offer = {side.note.offer: side for side in others if side.note.way is None}
    for agent_id, offer_id in visit.offers.items():
        if offer_id in by_offer:
            yield _as_agent(by_offer[offer_id], agent_id)


def _as_agent(side: KeptSide, agent_id: AgentId) -> KeptAgentSide:
    offer_id = OfferId(side.note.offer)
    return KeptAgentSide(side.dialog, side.session, side.note, agent_id, offer_id)


def _find_guest(call: CallPast, others: Sequence[KeptSide]) -> KeptGuestSide | None:
    return None if call.guest is None else _as_guest(call.guest.offer_id, others)


def _as_guest(offer_id: OfferId, others: Sequence[KeptSide]) -> KeptGuestSide | None:
    for side in others:
        if side.note.offer == offer_id and side.note.way is not None:
            return KeptGuestSide(side.dialog, side.session, side.note)
    return None


def _guest_of(third: InvitedPast, contact: Contact) -> Guest:
    is_handed = contact.stage is Stage.HANDED
    return Guest(
        _target_of(third.invited),
        GuestWay.TRANSFER if is_handed else third.invited.way,
        has_joined=third.has_joined,
        in_conference=third.in_conference,
    )


def _target_of(invited: GuestInvited) -> GuestTarget:
    """The number has been dialled already, and is not known any more."""
    if invited.agent_id is not None:
        return AgentTarget(invited.agent_id, invited.offer_id)
    assert invited.party_id is not None
    return OutsideTarget(invited.party_id, invited.offer_id, number="", trunk=invited.trunk)


def _is_own(call: CallPast, caller: KeptSide) -> bool:
    """An agent's own phone called somebody, and no queue."""
    return bool(caller.note.aor) and not call.line and not (call.visit or call.last_visit)


def _is_given_away(call: CallPast) -> bool:
    """A flow has sent the caller to somebody who picked up."""
    guest = call.guest
    is_dialled = guest is not None and guest.invited.way is GuestWay.DIAL
    return is_dialled and guest is not None and guest.has_joined


# -- what was missed -----------------------------------------------------------------------------


def _arrived(call: CallPast, caller: KeptSide) -> CallArrived:
    return CallArrived(call.call_id, call.party_id, call.line, caller.note.trunk)


def _after_prompt(caller: KeptSide) -> tuple[HouseEvent, ...]:
    """What somebody waited for plays still, or has come to its end."""
    return () if caller.plays else (PromptEnded(CallId(caller.session.call)),)


def _agent_gone(call: CallPast) -> tuple[HouseEvent, ...]:
    visit = call.visit or call.last_visit
    if visit is None or visit.agent_id is None:
        return ()
    return (AgentHungUp(call.call_id, visit.agent_id, EndedBy.AGENT),)


def _missed_of_offers(
    call_id: CallId, visit: VisitPast, rung: Sequence[KeptAgentSide]
) -> Iterator[HouseEvent]:
    """The first who has picked up has the caller; phones that were not dialled yet ring now."""
    dialled = {leg.offer_id for leg in rung}
    picked_up = next((leg for leg in rung if leg.is_connectable), None)
    if picked_up is not None:
        yield AgentPickedUp(call_id, picked_up.agent_id, picked_up.offer_id)
        return
    for agent_id, offer_id in visit.offers.items():
        if offer_id not in dialled:
            yield AgentOffered(call_id, visit.queue, agent_id, offer_id)
