"""A new core ends the talks of the dead one: BYE to each party, recordings and sessions closed."""

import asyncio
from collections.abc import Iterable

import pytest

from callcenter.media_port import MediaPort
from callcenter.take_over import end_kept_sessions
from foundation.ids import LegId
from telephony.media import protocol as media
from telephony.media.client import MediaClient, OnReply
from telephony.media.errors import MediaRefused
from telephony.sip.endpoint import SipEndpoint
from telephony.sip.events import CallerIdentity, DialogKept, IncomingCall, StackEffect
from tests.support.virtual_time import run_virtual
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, Side, Wire, make_stack, requests


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


class LoggingEndpoint(SipEndpoint):
    """Writes effects down instead of performing them."""

    def __init__(self) -> None:
        super().__init__(make_stack(seed=2), [], lambda event: None)
        self.effects: list[StackEffect] = []

    def perform(self, effects: Iterable[StackEffect]) -> None:
        self.effects += effects


def record_of_a_talk() -> bytes:
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
    kept = centre.heard(DialogKept)[-1]
    assert isinstance(kept, DialogKept)
    return kept.record


def session(leg: str, record: bytes, taps: list[str] | None = None) -> media.Session:
    return media.Session(leg=leg, call="c-1", port=30000, ssrc=1, taps=taps or [], record=record)


def take_over(*workers: KeepingWorker) -> tuple[int, list[str]]:
    """How many legs were ended, and the SIP requests that went out."""

    async def main() -> tuple[int, list[str]]:
        endpoint = LoggingEndpoint()
        ended = await end_kept_sessions([*workers], MediaPort(workers), endpoint)
        await asyncio.sleep(0)
        return ended, [request.method for request in requests(endpoint.effects)]

    return run_virtual(main())


def test_party_of_a_kept_session_gets_a_bye_and_its_session_is_released() -> None:
    worker = KeepingWorker([session("l-1", record_of_a_talk(), ["r-1"])])

    assert take_over(worker) == (1, ["BYE"])
    assert worker.told == [media.Untap(rid=0, tap_id="r-1"), media.Release(rid=0, leg="l-1")]


def test_sessions_are_ended_in_the_worker_that_kept_them() -> None:
    empty, keeping = KeepingWorker([]), KeepingWorker([session("l-1", b"")])

    assert take_over(empty, keeping) == (1, [])
    assert (empty.told, keeping.told) == ([], [media.Release(rid=0, leg="l-1")])


def test_record_that_cannot_be_read_costs_only_its_bye(caplog: pytest.LogCaptureFixture) -> None:
    worker = KeepingWorker([session("l-1", b"torn"), session("l-2", record_of_a_talk())])

    assert take_over(worker) == (2, ["BYE"])
    assert media.Release(rid=0, leg="l-1") in worker.told
    assert "l-1 of call c-1 cannot be ended" in caplog.text


def test_worker_that_is_away_is_passed_over() -> None:
    away = KeepingWorker([session("l-1", b"")], is_up=False)

    assert take_over(away, KeepingWorker([session("l-2", b"")]))[0] == 1
    assert away.told == []


def test_worker_that_goes_away_while_it_is_asked_stops_nobody() -> None:
    going = KeepingWorker([session("l-1", b"")])
    going.refuses = True

    assert take_over(going, KeepingWorker([session("l-2", b"")]))[0] == 1
