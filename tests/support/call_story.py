"""All that the switchboard tells, held to the rules of `telephony.calls.events` as it is told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from foundation.ids import CallId, OfferId, PhoneId
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    AgentRefused,
    AgentRinging,
    CallArrived,
    CallBridged,
    CallEnded,
    CallEvent,
    CallHeld,
    CallResumed,
    ConferenceStarted,
    GuestInvited,
    GuestJoined,
    GuestLeft,
    GuestWay,
    LegEnded,
    MediaTroubled,
    MonitorChanged,
    MonitorEnded,
    MonitorStarted,
    PhoneChanged,
    Side,
    TalkRecorded,
    TalkTransferred,
)


@dataclass
class Guest:
    """A guest whose part is not over."""

    offer_id: OfferId
    way: GuestWay
    has_joined: bool = False
    in_conference: bool = False


class Story:
    """What is going on in all calls, as far as it was told."""

    def __init__(self) -> None:
        self.arrived: list[CallId] = []
        self.ended: set[CallId] = set()
        self.bridged: set[CallId] = set()
        self.held: set[tuple[CallId, Side]] = set()
        self.withdrawn: set[OfferId] = set()
        self.refused: set[OfferId] = set()
        self.picked_up: set[OfferId] = set()
        self.talking: dict[CallId, OfferId] = {}
        "By whose offer the agent's seat is taken."
        self.guests: dict[CallId, Guest] = {}
        self.invited: set[OfferId] = set()
        self.recorded: list[str] = []
        self.listening: dict[PhoneId, CallId] = {}
        self.react: Callable[[], None] | None = None
        "Done inside the next tell, as the journey does it."

    def tell(self, event: CallEvent) -> None:
        self._check_order(event)
        self._check_offer(event)
        self._check_talk(event)
        self._check_guest(event)
        self._check_monitor(event)
        react, self.react = self.react, None
        if react is not None:
            react()

    def _check_monitor(self, event: CallEvent) -> None:
        match event:
            case MonitorStarted(call_id, phone):
                assert call_id in self.bridged, "listens where nobody talks"
                assert phone not in self.listening, "in two talks, or started twice"
                self.listening[phone] = call_id
            case MonitorChanged(call_id, phone):
                assert self.listening[phone] == call_id
            case MonitorEnded(call_id, phone):
                assert self.listening.pop(phone, call_id) == call_id
            case CallEnded(call_id) | AgentHungUp(call_id) | TalkTransferred(call_id):
                assert call_id not in self.listening.values(), "a phone outlives the talk"
            case _:
                pass

    def _check_order(self, event: CallEvent) -> None:
        match event:
            case CallArrived(call_id):
                assert call_id not in self.arrived, "arrived twice"
                self.arrived.append(call_id)
            case CallEnded(call_id):
                assert call_id in self.arrived
                assert call_id not in self.ended, "ended twice"
                self.ended.add(call_id)
            case TalkRecorded(recording_id):
                self.recorded.append(recording_id)
            case LegEnded() | PhoneChanged() | MediaTroubled():
                pass
            case _:
                assert event.call_id in self.arrived, f"{event} before the arrival"
                assert event.call_id not in self.ended, f"{event} after the end"

    def _check_offer(self, event: CallEvent) -> None:
        match event:
            case AgentRinging(offer_id=offer) | AgentPickedUp(offer_id=offer):
                assert offer not in self.withdrawn | self.refused
                if isinstance(event, AgentPickedUp):
                    assert offer not in self.picked_up
                    self.picked_up.add(offer)
            case AgentRefused(offer_id=offer):
                assert offer not in self.withdrawn | self.refused | self.picked_up
                self.refused.add(offer)
            case _:
                pass

    def _check_talk(self, event: CallEvent) -> None:
        match event:
            case AgentPickedUp(call_id, _, offer_id):
                assert call_id not in self.talking, "of two who pick up the second has to wait"
                self.talking[call_id] = offer_id
            case AgentHungUp(call_id):
                assert self.talking.pop(call_id, None) is not None, "hung up without picking up"
                self._part(call_id)
            case CallBridged(call_id):
                assert call_id in self.talking
                self.bridged.add(call_id)
            case CallHeld(call_id, side):
                assert call_id in self.bridged
                assert (call_id, side) not in self.held
                self.held.add((call_id, side))
            case CallResumed(call_id, side):
                assert call_id in self.bridged
                self.held.remove((call_id, side))
            case CallEnded(call_id):
                self._part(call_id)
            case _:
                pass

    def _check_guest(self, event: CallEvent) -> None:
        match event:
            case GuestInvited(call_id, offer_id, way):
                assert call_id not in self.guests, "two guests"
                assert offer_id not in self.invited
                assert (way is GuestWay.DIAL) == (call_id not in self.bridged)
                assert (event.agent_id is None) != (event.party_id is None)
                self.invited.add(offer_id)
                self.guests[call_id] = Guest(offer_id, way)
            case GuestJoined(call_id, offer_id):
                guest = self._guest(call_id, offer_id)
                assert not guest.has_joined
                guest.has_joined = True
            case ConferenceStarted(call_id, offer_id):
                guest = self._guest(call_id, offer_id)
                assert guest.has_joined
                assert not guest.in_conference
                assert call_id in self.bridged
                guest.in_conference = True
            case GuestLeft(call_id, offer_id, status):
                if offer_id in self.invited:
                    guest = self._guest(call_id, offer_id)
                    assert not (guest.has_joined and status)
                    del self.guests[call_id]
                else:
                    assert status == 491
                    self.invited.add(offer_id)
            case TalkTransferred(call_id, offer_id):
                assert self._guest(call_id, offer_id).has_joined
                assert (call_id, Side.AGENT) not in self.held, "held by one who is gone"
                del self.guests[call_id]
                self.talking[call_id] = offer_id
                self.bridged.add(call_id)
            case AgentHungUp(call_id):
                left = self.guests.get(call_id)
                assert left is None or not left.has_joined, "that is a transfer"
            case CallEnded(call_id):
                assert call_id not in self.guests, "a guest outlives the call"
            case _:
                pass

    def _guest(self, call_id: CallId, offer_id: OfferId) -> Guest:
        guest = self.guests[call_id]
        assert guest.offer_id == offer_id
        return guest

    def agent_left_silently(self, call_id: CallId) -> None:
        """By a command that ends the agent's part without a word."""
        if self.talking.pop(call_id, None) is not None:
            self._part(call_id)

    def withdrew(self, call_id: CallId, offer_id: OfferId) -> None:
        self.withdrawn.add(offer_id)
        if self.talking.get(call_id) == offer_id:
            self.agent_left_silently(call_id)

    def _part(self, call_id: CallId) -> None:
        self.bridged.discard(call_id)
        self.held = {(call, side) for call, side in self.held if call != call_id}


class Breaches(logging.Handler):
    """What the switchboard contained: here each is a failure, a broken rule of the fakes too."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.found.append(record.exc_info[1])

    def check(self) -> None:
        if self.found:
            raise self.found[0]
