"""Who speaks when, told from the house's events to the recording's marks.

    RecordingStarted ─▶ begin           CallHeld … CallResumed        hold
    TalkRecorded     ─▶ end             GuestJoined … GuestLeft       consultation
    RecordingPaused … Resumed  pause    ConferenceStarted … GuestLeft conference
                               or card  MonitorStarted … Ended        supervisor (who is heard)
                                        TalkTransferred               transfer

Listens before the journey does: what ends a recording comes after its last mark.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from callcenter.conduct.contact import Contact, Guest, Stage
from callcenter.events import HouseEvent
from foundation.ids import CallId, OfferId, RecordingId
from recordings.events import (
    PauseReason,
    RecordingEnded,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from recordings.marks import MarkKind
from telephony.calls import events as calls

TALKS = frozenset({Stage.TALKING, Stage.HANDED, Stage.OUTSIDE})
KIND_OF = {PauseReason.AGENT: MarkKind.PAUSE, PauseReason.CARD: MarkKind.CARD}


class Marks(Protocol):
    """`recordings.marks_desk.MarksDesk`."""

    def begin(self, recording_id: RecordingId) -> None: ...
    def open(
        self, recording_id: RecordingId, kind: MarkKind, side: str = "", party: str = ""
    ) -> None: ...
    def close(
        self, recording_id: RecordingId, kind: MarkKind, side: str = "", party: str = ""
    ) -> None: ...
    def point(self, recording_id: RecordingId, kind: MarkKind, party: str = "") -> None: ...
    def end(self, recording_id: RecordingId) -> None: ...


Open: TypeAlias = tuple[MarkKind, str, str]
"Kind, side, party."


@dataclass(slots=True)
class _Talk:
    recording_id: RecordingId | None = None
    guests: dict[OfferId, str] = field(default_factory=dict)
    "Who they are."
    going_on: list[Open] = field(default_factory=list)
    "Whether recorded or not: a recording on demand may begin in the middle of it."


class RecordingMarks:
    """For all calls."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._talks: dict[CallId, _Talk] = {}

    def adopt(self, contact: Contact, held_by: Collection[calls.Side] = ()) -> None:
        """A talk of an earlier process; the marks of its recording, if it has one, are known again.

        held_by: who has put the other one on hold.
        """
        if contact.recording_id is None and contact.stage not in TALKS:
            return
        talk = self._talks[contact.call_id] = _Talk(contact.recording_id)
        if contact.recording_id is not None:
            for why in contact.pauses:
                self._marks.open(contact.recording_id, KIND_OF[why])
        for side in sorted(held_by):
            self._open(talk, MarkKind.HOLD, side.value)
        if contact.guest is not None:
            self._adopt_guest(talk, contact.guest)

    def _adopt_guest(self, talk: _Talk, guest: Guest) -> None:
        who = guest.agent_id or guest.party_id or ""
        talk.guests[guest.offer_id] = who
        if guest.has_joined:
            kind = MarkKind.CONFERENCE if guest.in_conference else MarkKind.CONSULTATION
            self._open(talk, kind, "", who)

    def on_event(self, event: HouseEvent) -> None:
        match event:
            case RecordingStarted(recording_id, call_id):
                self._begin(recording_id, self._talks.setdefault(call_id, _Talk()))
            case RecordingPaused(recording_id, _, why):
                self._marks.open(recording_id, KIND_OF[why])
            case RecordingResumed(recording_id, _, why):
                self._marks.close(recording_id, KIND_OF[why])
            case calls.TalkRecorded(recording_id):
                self._marks.end(RecordingId(recording_id))
            case RecordingEnded(recording_id):
                self._marks.end(recording_id)
            case calls.CallBridged(call_id):
                self._talks.setdefault(call_id, _Talk())
            case calls.CallEnded(call_id):
                self._talks.pop(call_id, None)
            case _:
                talk = self._talks.get(getattr(event, "call_id", CallId("")))
                if talk is not None:
                    self._of_talk(talk, event)

    def _begin(self, recording_id: RecordingId, talk: _Talk) -> None:
        talk.recording_id = recording_id
        self._marks.begin(recording_id)
        for kind, side, party in talk.going_on:
            self._marks.open(recording_id, kind, side, party)

    def _of_talk(self, talk: _Talk, event: HouseEvent) -> None:
        match event:
            case calls.CallHeld(side=side):
                self._open(talk, MarkKind.HOLD, side.value)
            case calls.CallResumed(side=side):
                self._close(talk, MarkKind.HOLD, side.value)
            case (
                calls.MonitorStarted(phone=phone, mode=mode)
                | calls.MonitorChanged(phone=phone, mode=mode)
            ):
                is_heard = mode is not calls.MonitorMode.LISTEN
                change = self._open if is_heard else self._close
                change(talk, MarkKind.SUPERVISOR, "", phone)
            case calls.MonitorEnded(phone=phone):
                self._close(talk, MarkKind.SUPERVISOR, "", phone)
            case _:
                self._of_guest(talk, event)

    def _of_guest(self, talk: _Talk, event: HouseEvent) -> None:
        match event:
            case calls.GuestInvited():
                talk.guests[event.offer_id] = event.agent_id or event.party_id or ""
            case calls.GuestJoined(offer_id=offer_id):
                self._open(talk, MarkKind.CONSULTATION, "", self._who(talk, offer_id))
            case calls.ConferenceStarted(offer_id=offer_id):
                self._close(talk, MarkKind.CONSULTATION)
                self._open(talk, MarkKind.CONFERENCE, "", self._who(talk, offer_id))
            case calls.GuestLeft(offer_id=offer_id) | calls.TalkTransferred(offer_id=offer_id):
                self._close(talk, MarkKind.CONSULTATION)
                self._close(talk, MarkKind.CONFERENCE)
                if isinstance(event, calls.TalkTransferred):
                    self._handed_over(talk, self._who(talk, offer_id))
                talk.guests.pop(offer_id, None)
            case _:
                pass

    def _handed_over(self, talk: _Talk, to: str) -> None:
        """The next talk has its own holds, and its own recording."""
        if talk.recording_id is not None:
            self._marks.point(talk.recording_id, MarkKind.TRANSFER, to)
        talk.recording_id = None
        talk.going_on.clear()

    def _open(self, talk: _Talk, kind: MarkKind, side: str = "", party: str = "") -> None:
        talk.going_on.append((kind, side, party))
        if talk.recording_id is not None:
            self._marks.open(talk.recording_id, kind, side, party)

    def _close(self, talk: _Talk, kind: MarkKind, side: str = "", party: str = "") -> None:
        """'' for `party`: whoever's it is."""
        talk.going_on = [
            each for each in talk.going_on if each[:2] != (kind, side) or party not in ("", each[2])
        ]
        # Also what only the database knows of, after a kill.
        if talk.recording_id is not None:
            self._marks.close(talk.recording_id, kind, side, party)

    def _who(self, talk: _Talk, offer_id: OfferId) -> str:
        """'' for a guest of an earlier process's."""
        return talk.guests.get(offer_id, "")
