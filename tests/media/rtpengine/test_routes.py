"""Which way the audio of two connected legs takes."""

from dataclasses import dataclass

import pytest

from telephony.media import protocol as p
from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.rtpengine.legs import Leg, Playing
from telephony.media.rtpengine.routes import ALONE, LED, Route, Way, routes
from telephony.media.sound.g711 import Law
from tests.support.media_phone import sdp

NOW = 10.0
DIRECT = Route(Way.DIRECT, "b"), Route(Way.DIRECT, "a")


def leg(
    name: str,
    connected: str,
    direction: str = "sendrecv",
    law: Law = Law.PCMU,
    events: int | None = 101,
) -> Leg:
    negotiation = Negotiation(LocalEnd(1, 1, "127.0.0.1", 30000))
    text = sdp(4000, law, events or 101, direction)
    negotiation.answer(text if events else text.replace("telephone-event", "unknown"))
    return Leg(name, "c-1", negotiation, ssrc=1, began_at=0.0, connected=connected)


@dataclass
class Pair:
    a: Leg
    b: Leg

    @property
    def routes(self) -> tuple[Route, Route]:
        found = routes({"a": self.a, "b": self.b}, NOW)
        return found["a"], found["b"]


@pytest.fixture
def pair() -> Pair:
    return Pair(leg("a", "b"), leg("b", "a"))


def plays(leg: Leg) -> None:
    leg.playing = Playing(p.Play(rid=0, leg=leg.leg, play_id="x", items=["a.wav"]))


def test_both_hear_each_other(pair: Pair) -> None:
    assert pair.routes == DIRECT


@pytest.mark.parametrize(
    ("law", "events", "way"),
    [
        (Law.PCMU, 101, Way.DIRECT),
        (Law.PCMA, 101, Way.DIRECT),
        (Law.PCMA, 96, Way.DIRECT),
        (Law.PCMU, 96, Way.LED),
        (Law.PCMU, None, Way.LED),
        (Law.PCMA, None, Way.LED),
    ],
)
def test_digits_that_rtpengine_would_spoil_are_led_through_our_plane(
    law: Law, events: int | None, way: Way
) -> None:
    pair = Pair(leg("a", "b"), leg("b", "a", law=law, events=events))

    assert [route.way for route in pair.routes] == [way, way]


def test_one_hears_a_prompt_the_other_goes_on_hearing_him(pair: Pair) -> None:
    plays(pair.a)

    assert pair.routes == (LED, LED)


def test_both_hear_something_else(pair: Pair) -> None:
    plays(pair.a)
    plays(pair.b)

    assert pair.routes == (ALONE, ALONE)


def test_one_hears_music_while_the_other_is_on_hold(pair: Pair) -> None:
    plays(pair.a)
    pair.b.is_held = True

    assert pair.routes == (ALONE, ALONE)


def test_a_phone_that_plays_its_own_music_is_heard_and_hears_nothing() -> None:
    pair = Pair(leg("a", "b"), leg("b", "a", "sendonly"))

    assert pair.routes == (LED, LED)


def test_to_a_phone_on_hold_nothing_is_played_by_rtpengine(pair: Pair) -> None:
    pair.b.connected = pair.a.connected = ""
    pair.b.is_held = True
    plays(pair.b)

    assert pair.routes == (ALONE, LED)


def test_before_an_answer_a_leg_is_alone() -> None:
    ringing = Leg("a", "c-1", Negotiation(LocalEnd(1, 1, "", 0)), ssrc=1, began_at=0.0)

    assert routes({"a": ringing}, NOW) == {"a": ALONE}


def test_what_rtpengine_cannot_do_leads_both(pair: Pair) -> None:
    pair.a.hears = [p.Source(leg="b"), p.Source(leg="s")]
    assert pair.routes == (LED, LED)
    pair.a.hears = []
    pair.b.heard_db = 3.0
    assert pair.routes == (LED, LED)
    pair.b.heard_db = 0.0
    pair.a.dialling_until = NOW + 1
    assert pair.routes == (LED, LED)
    pair.a.dialling_until = NOW
    assert pair.routes == DIRECT


def test_an_echo_is_led(pair: Pair) -> None:
    pair.a.connected = "a"

    assert pair.routes[0] == LED
