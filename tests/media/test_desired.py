"""What a restarted worker is told again."""

import msgspec

from telephony.media import protocol as p
from telephony.media.desired import Desired

DONE = p.Done(rid=1, port=30000, ssrc=9)


def offer(leg: str, sdp: str = "theirs", **more: object) -> p.Offer:
    return msgspec.structs.replace(p.Offer(rid=1, leg=leg, call="c", sdp=sdp, reserve=True), **more)


def granted(*requests: p.Request) -> Desired:
    desired = Desired()
    for request in requests:
        desired.granted(request, DONE)
    return desired


def rebuilt(leg: str, sdp: str = "theirs", record: bytes = b"") -> p.Offer:
    return p.Offer(rid=1, leg=leg, call="c", sdp=sdp, port=30000, ssrc=9, record=record)


def test_a_leg_comes_back_on_its_port_and_ssrc_without_asking_for_admission() -> None:
    assert list(granted(offer("a")).requests()) == [rebuilt("a")]


def test_our_own_offer_comes_back_with_its_answer() -> None:
    answer = p.Answer(rid=2, leg="b", sdp="their answer")

    assert list(granted(offer("b", ""), answer).requests()) == [rebuilt("b", ""), answer]


def test_an_offer_under_way_follows_what_was_settled_before() -> None:
    desired = granted(offer("a"), offer("a", ""))

    assert list(desired.requests()) == [rebuilt("a"), rebuilt("a", "")]


def test_everything_that_was_granted_comes_back_in_an_order_that_can_be_followed() -> None:
    connect = p.Connect(rid=3, a="a", b="b")
    play = p.Play(rid=4, leg="a", play_id="x", items=["music"], loop=True)
    tap = p.Tap(rid=5, tap_id="t", left="a", right="b", file="f")
    desired = granted(offer("a"), offer("b"), tap, play, connect, p.Hold(rid=6, leg="b", on=True))

    assert list(desired.requests()) == [
        rebuilt("a"),
        rebuilt("b"),
        connect,
        play,
        p.Hold(rid=0, leg="b", on=True),
        tap,
    ]


def test_last_of_two_answers_to_one_offer_comes_back() -> None:
    early, final = (p.Answer(rid=2, leg="b", sdp=sdp) for sdp in ("of the 183", "of the 200"))

    assert list(granted(offer("b", ""), early, final).requests()) == [rebuilt("b", ""), final]


def test_tap_that_moved_comes_back_with_its_legs_and_its_file() -> None:
    tap = p.Tap(rid=5, tap_id="t", left="a", right="b", file="f")
    moved = p.Tap(rid=6, tap_id="t", left="a", right="c", file="")
    desired = granted(offer("a"), offer("b"), offer("c"), tap, moved)

    assert list(desired.requests())[-1] == p.Tap(rid=6, tap_id="t", left="a", right="c", file="f")


def test_what_is_over_does_not_come_back() -> None:
    desired = granted(
        offer("a"),
        offer("b"),
        p.Connect(rid=1, a="a", b="b"),
        p.Play(rid=1, leg="a", play_id="x", items=[]),
        p.Play(rid=1, leg="b", play_id="y", items=[]),
        p.Hold(rid=1, leg="a", on=True),
        p.Hold(rid=1, leg="a", on=False),
        p.Tap(rid=1, tap_id="t", left="a", right="b", file="f"),
        p.Tap(rid=1, tap_id="u", left="a", right="b", file="g"),
        p.Stop(rid=1, leg="b"),
        p.Untap(rid=1, tap_id="t"),
        p.Disconnect(rid=1, leg="b"),
    )
    desired.play_ended("a", "x")
    desired.tap_ended("u")

    assert list(desired.requests()) == [rebuilt("a"), rebuilt("b")]
    desired.granted(p.Release(rid=1, leg="a"), DONE)
    desired.forget_leg("b")
    assert list(desired.requests()) == []


def test_the_end_of_an_earlier_prompt_does_not_forget_the_present_one() -> None:
    play = p.Play(rid=1, leg="a", play_id="new", items=[])
    desired = granted(offer("a"), play)

    desired.play_ended("a", "old")

    assert list(desired.requests()) == [rebuilt("a"), play]


def test_a_leg_connected_anew_leaves_its_earlier_partner_alone() -> None:
    legs = [offer(leg) for leg in ("a", "b", "c")]
    second = p.Connect(rid=1, a="a", b="c")

    desired = granted(*legs, p.Connect(rid=1, a="a", b="b"), second)

    assert [r for r in desired.requests() if isinstance(r, p.Connect)] == [second]


def test_an_echo_comes_back() -> None:
    echo = p.Connect(rid=1, a="a", b="a")

    assert list(granted(offer("a"), echo).requests()) == [rebuilt("a"), echo]


def test_the_newest_dialog_record_travels_with_every_request_of_the_exchange() -> None:
    desired = granted(
        offer("b", "", record=b"1"),
        p.Answer(rid=2, leg="b", sdp="x", record=b"2"),
        p.Keep(rid=3, leg="b", record=b"3"),
    )

    first, second = desired.requests()
    assert first == rebuilt("b", "", b"3")
    assert second == p.Answer(rid=2, leg="b", sdp="x", record=b"3")


def test_a_record_told_before_its_leg_was_granted_is_that_legs() -> None:
    desired = Desired()
    desired.keep("a", b"early")
    desired.keep("b", b"refused")
    assert [each.record for each in desired.records()] == [b"early", b"refused"]

    desired.granted(offer("a"), DONE)
    desired.refused("b")

    assert list(desired.requests()) == [rebuilt("a", record=b"early")]
    assert list(desired.records()) == [p.Keep(rid=0, leg="a", record=b"early")]


def test_what_one_tells_the_other_knows() -> None:
    desired = granted(
        offer("a", record=b"1"),
        offer("b", ""),
        p.Answer(rid=2, leg="b", sdp="their answer"),
        p.Connect(rid=3, a="a", b="b"),
        p.Play(rid=4, leg="a", play_id="x", items=["music"], loop=True),
        p.Tap(rid=5, tap_id="t", left="a", right="b", file="f"),
        offer("a", ""),
    )
    other = Desired()
    other.adopt(desired.requests())

    assert list(other.requests()) == list(desired.requests())
    assert (other.is_offering("a"), other.is_offering("b")) == (True, False)


def hear(leg: str, *sources: str) -> p.Hear:
    return p.Hear(rid=1, leg=leg, sources=[p.Source(leg=source) for source in sources])


def hears(desired: Desired) -> list[p.Request]:
    return [request for request in desired.requests() if isinstance(request, p.Hear)]


def test_who_hears_several_hears_them_again_after_the_connections() -> None:
    connect = p.Connect(rid=1, a="a", b="b")
    whisper = hear("b", "a", "s")
    desired = granted(offer("a"), offer("b"), offer("s"), whisper, connect)

    assert list(desired.requests())[3:] == [connect, whisper]


def test_a_released_source_is_not_asked_for_again() -> None:
    desired = granted(offer("a"), offer("b"), offer("s"), hear("b", "a", "s"), hear("s", "a"))

    desired.granted(p.Release(rid=1, leg="a"), DONE)

    assert hears(desired) == [hear("b", "s")]
    assert desired.hears("b") == hear("b", "s")
    assert desired.hears("s") is None


def test_hearing_several_is_over_with_no_sources_and_with_disconnect() -> None:
    legs = [offer(leg) for leg in ("a", "b", "s")]
    desired = granted(*legs, hear("b", "a", "s"), hear("s", "a", "b"), hear("b"))
    assert hears(desired) == [hear("s", "a", "b")]

    desired.granted(p.Disconnect(rid=1, leg="s"), DONE)

    assert hears(desired) == []


def test_a_gain_comes_back_until_it_is_none() -> None:
    gain = p.Gain(rid=1, leg="a", spoken_db=6.0)
    desired = granted(offer("a"), gain)
    assert list(desired.requests()) == [rebuilt("a"), gain]

    desired.granted(p.Gain(rid=2, leg="a"), DONE)

    assert list(desired.requests()) == [rebuilt("a")]


def test_a_leg_that_is_listened_to_for_tones_is_so_again_after_a_new_offer() -> None:
    desired = granted(offer("a", inband_dtmf=True), offer("a", "new"))

    assert list(desired.requests()) == [
        msgspec.structs.replace(rebuilt("a", "new"), inband_dtmf=True)
    ]


def test_a_browsers_keys_come_back_also_by_way_of_another_core() -> None:
    desired = granted(offer("a"), offer("b"))
    desired.secured("a", b"kept")
    desired.secured("gone", b"nobody's")
    other = Desired()
    other.adopt(desired.requests())

    for each in (desired, other):
        assert list(each.requests()) == [
            msgspec.structs.replace(rebuilt("a"), kept_keys=b"kept"),
            rebuilt("b"),
        ]


def test_a_worker_that_drains_does_so_again_before_anything_else() -> None:
    drain = p.Drain(rid=1, on=True)
    desired = granted(offer("a"), drain)
    assert list(desired.requests()) == [drain, rebuilt("a")]

    desired.granted(p.Drain(rid=2, on=False), DONE)

    assert list(desired.requests()) == [rebuilt("a")]


def test_paused_tap_comes_back_paused_wherever_it_has_moved() -> None:
    tap = p.Tap(rid=5, tap_id="t", left="a", right="b", file="f")
    moved = p.Tap(rid=7, tap_id="t", left="a", right="c", file="", beside=["g"])
    desired = granted(tap, p.PauseTap(rid=6, tap_id="t", on=True), moved)

    assert list(desired.requests()) == [msgspec.structs.replace(moved, file="f", paused=True)]
    desired.granted(p.PauseTap(rid=8, tap_id="t", on=False), DONE)
    assert list(desired.requests()) == [msgspec.structs.replace(moved, file="f")]


def test_hidden_leg_comes_back_hidden_before_its_first_packet() -> None:
    desired = granted(offer("a"), p.Hide(rid=2, leg="a", what=p.Hidden.ALL))

    (back,) = desired.requests()

    assert back == msgspec.structs.replace(rebuilt("a"), hidden=p.Hidden.ALL)
    desired.granted(p.Hide(rid=2, leg="a", what=p.Hidden.NOTHING), DONE)
    assert list(desired.requests()) == [rebuilt("a")]


def test_adopted_leg_is_hidden_as_before() -> None:
    first, second = granted(offer("a"), p.Hide(rid=2, leg="a", what=p.Hidden.ALL)), Desired()
    second.adopt(first.requests())

    assert list(second.requests()) == list(first.requests())
