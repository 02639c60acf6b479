"""A new core reads what media kept for the dead one: legs with their dialogs, and the others."""

from collections.abc import Iterable

import pytest

from callcenter.conduct.media_port import MediaPort
from callcenter.revival.take_over import adopt_legs, adopt_sessions, told_ends
from foundation.ids import CallId, LegId
from telephony.calls.events import CallEnded, EndedBy
from telephony.calls.events import Side as CallSide
from telephony.calls.kept import KeptSide, Note, write_note
from telephony.media import protocol as media
from telephony.media.client import MediaClient, OnReply
from telephony.media.errors import MediaRefused
from telephony.sip.events import CallerIdentity, DialogKept, IncomingCall
from telephony.sip.sockets.endpoint import SipEndpoint
from tests.support.virtual_time import run_virtual
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, Side, Wire, make_stack


class KeepingWorker(MediaClient):
    """A worker with sessions of a core that is gone."""

    def __init__(self, sessions: Iterable[media.Session], *, is_up: bool = True) -> None:
        super().__init__("/nowhere", lambda event: None)
        self.sessions = list(sessions)
        self.told: list[media.Request] = []
        self.refuses = False
        self._up = is_up

    @property
    def is_up(self) -> bool:
        return self._up

    async def ask(self, request: media.Request) -> media.Done:
        assert isinstance(request, media.ListSessions)
        if self.refuses:
            raise MediaRefused("the media worker is away", 503)
        return media.Done(rid=1, sessions=self.sessions)

    def tell(self, request: media.Request, on_reply: OnReply = lambda reply: None) -> None:
        self.told.append(request)


def record_of_a_talk(note: bytes) -> bytes:
    """The dialog record of a call that a phone made and the dead core answered."""
    phone = Side(make_stack(PHONE, seed=3), PHONE)
    centre = Side(make_stack(), CENTRE)
    wire = Wire(phone, centre)
    caller = CallerIdentity("13900000001", "", "")
    to = f"sip:8000@{CENTRE.host}"
    dialled = phone.stack.dial(LegId("l-phone"), to, wire.now, body=OFFER, caller=caller)
    wire.perform(phone, dialled)
    wire.run(until=0.1)
    [arrived] = centre.heard(IncomingCall)
    assert isinstance(arrived, IncomingCall)
    wire.perform(centre, centre.stack.accept(arrived.leg, ANSWER, wire.now))
    wire.run(until=1.0)
    wire.perform(centre, centre.stack.note(arrived.leg, note))
    kept = centre.heard(DialogKept)[-1]
    assert isinstance(kept, DialogKept)
    return kept.record


def session(leg: str, record: bytes, taps: list[str] | None = None) -> media.Session:
    return media.Session(leg=leg, call="c-1", port=30000, ssrc=1, taps=taps or [], record=record)


def take_over(*workers: KeepingWorker) -> tuple[list[KeptSide], list[media.Session], MediaPort]:
    """Legs that can be gone on with, sessions that cannot, and who keeps them."""

    async def main() -> tuple[list[KeptSide], list[media.Session], MediaPort]:
        port = MediaPort(workers)
        sessions = await adopt_sessions(workers, port)
        sides, others = adopt_legs(
            sessions, SipEndpoint(make_stack(seed=2), [], lambda event: None)
        )
        return sides, others, port

    return run_virtual(main())


def test_leg_with_a_record_comes_back_with_its_dialog_and_its_note() -> None:
    note = Note(call="c-1", side=CallSide.CALLER, line="8000")
    kept = session("l-1", record_of_a_talk(write_note(note)), ["r-1"])
    (side,), others, _ = take_over(KeepingWorker([kept]))

    assert (side.session, side.note, others) == (kept, note, [])
    assert not side.dialog.is_early
    assert side.dialog.peer.user == "13900000001"
    assert side.dialog.body == OFFER


def test_sessions_are_asked_of_the_worker_that_keeps_them() -> None:
    empty, keeping = KeepingWorker([]), KeepingWorker([session("l-1", b"", ["r-1"])])
    *_, port = take_over(empty, keeping)

    port.ask(media.Untap(rid=0, tap_id="r-1"), lambda reply: None)
    port.ask(media.Release(rid=0, leg="l-1"), lambda reply: None)

    assert empty.told == []
    assert keeping.told == [media.Untap(rid=0, tap_id="r-1"), media.Release(rid=0, leg="l-1")]


def test_record_that_cannot_be_read_costs_only_its_leg(caplog: pytest.LogCaptureFixture) -> None:
    note = write_note(Note(call="c-1", side=CallSide.CALLER))
    good, torn = session("l-2", record_of_a_talk(note)), session("l-1", b"torn")
    sides, others, _ = take_over(KeepingWorker([torn, good]))

    assert ([side.session for side in sides], others) == ([good], [torn])
    assert "l-1 of call c-1 cannot be read" in caplog.text


def test_leg_without_a_note_of_ours_is_nobody_s() -> None:
    kept = session("l-1", record_of_a_talk(b"older"))

    assert take_over(KeepingWorker([kept]))[:2] == ([], [kept])


def test_worker_that_is_away_is_passed_over() -> None:
    away, there = KeepingWorker([session("l-1", b"")], is_up=False), session("l-2", b"")

    assert take_over(away, KeepingWorker([there]))[:2] == ([], [there])


def test_worker_that_goes_away_while_it_is_asked_stops_nobody() -> None:
    going, there = KeepingWorker([session("l-1", b"")]), session("l-2", b"")
    going.refuses = True

    assert take_over(going, KeepingWorker([there]))[:2] == ([], [there])


def test_how_calls_ended_is_told_by_the_workers_that_had_them() -> None:
    workers = [KeepingWorker([]), KeepingWorker([])]
    workers[1].ended_calls = [media.EndedCall("c-1", "agent", "the agent's part is over")]

    assert told_ends(workers) == [
        CallEnded(CallId("c-1"), EndedBy.AGENT, "the agent's part is over")
    ]
