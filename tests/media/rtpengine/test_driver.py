"""Core's verbs as they arrive at rtpengine and at our own plane."""

import json

import pytest

from telephony.media import protocol as p
from telephony.media.sound.g711 import Law
from tests.support.driver_bench import LOST_S, PLAY_S, DriverBench
from tests.support.media_phone import sdp


@pytest.fixture
def bench() -> DriverBench:
    return DriverBench()


@pytest.fixture
def talk(bench: DriverBench) -> DriverBench:
    bench.talk()
    return bench


def digit(tag: str, event: int = 5) -> bytes:
    told = {"callid": "x-c-1", "source_tag": tag, "type": "DTMF", "event": event, "duration": 100}
    return json.dumps(told).encode()


def test_a_caller_is_answered_with_rtpengine_s_address_and_our_choice_of_codec(
    bench: DriverBench,
) -> None:
    done = bench.ask(p.Offer(rid=7, leg="l-a", call="c-1", sdp=sdp(4000, Law.PCMA)))

    assert (done.rid, done.codec, done.port) == (7, "PCMA", bench.call.ports["l-a"])
    assert "c=IN IP4 10.0.0.1" in done.sdp
    assert f"m=audio {done.port} RTP/AVP 8 101" in done.sdp
    assert bench.call.pairs["l-a"] == "l-a~h"


def test_two_that_hear_each_other_are_paired_and_keep_their_ports(bench: DriverBench) -> None:
    a = bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000)))
    b = bench.ask(p.Offer(rid=2, leg="l-b", call="c-1"))
    bench.ask(p.Answer(rid=3, leg="l-b", sdp=sdp(4002)))

    bench.ask(p.Connect(rid=4, a="l-a", b="l-b"))

    assert bench.call.pairs["l-a"] == "l-b"
    assert (bench.call.ports["l-a"], bench.call.ports["l-b"]) == (a.port, b.port)
    assert bench.inner == []
    assert bench.call.transcoded == set()


def test_other_laws_are_transcoded(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000, Law.PCMA)))
    bench.ask(p.Offer(rid=2, leg="l-b", call="c-1", sdp=sdp(4002, Law.PCMU)))

    bench.ask(p.Connect(rid=4, a="l-a", b="l-b"))

    assert bench.call.transcoded == {"l-a"}


def test_an_agent_is_offered_digits_of_the_caller_s_payload_type(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000, events=97)))

    offered = bench.ask(p.Offer(rid=2, leg="l-b", call="c-1"))

    assert "a=rtpmap:97 telephone-event/8000" in offered.sdp


def test_digits_of_other_payload_types_are_not_for_rtpengine_to_transcode(
    bench: DriverBench,
) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000, Law.PCMA, events=97)))
    bench.ask(p.Offer(rid=2, leg="l-b", call="c-1", sdp=sdp(4002, Law.PCMU)))

    bench.ask(p.Connect(rid=4, a="l-a", b="l-b"))

    assert bench.call.pairs["l-a"] == "l-b"
    assert bench.call.transcoded == set()


def test_a_verb_that_is_repeated_asks_nothing_of_rtpengine(talk: DriverBench) -> None:
    before = len(talk.engine.verbs)

    talk.ask(p.Connect(rid=5, a="l-a", b="l-b"))
    talk.ask(p.Hold(rid=6, leg="l-a", on=False))

    assert len(talk.engine.verbs) == before


def test_a_prompt_is_played_by_rtpengine_and_its_end_is_told_once(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000)))

    bench.ask(p.Play(rid=2, leg="l-a", play_id="x", items=["a.wav", "b.wav"]))
    assert bench.call.playing == {"l-a": "silence:100+a.wav+b.wav"}
    bench.wait(PLAY_S - 0.2)
    assert bench.events == []
    bench.wait(3)

    assert bench.events == [p.PlayEnded(seq=1, leg="l-a", play_id="x")]


def test_what_is_stopped_tells_no_end(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000)))
    bench.ask(p.Play(rid=2, leg="l-a", play_id="x", items=["a.wav"]))

    bench.ask(p.Stop(rid=3, leg="l-a"))
    bench.wait(PLAY_S + 1)

    assert bench.call.playing == {}
    assert bench.events == []


def test_a_file_that_is_missing_is_refused_and_nothing_is_stopped(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000)))
    bench.ask(p.Play(rid=2, leg="l-a", play_id="x", items=["a.wav"], loop=True))

    refused = bench.try_to(p.Play(rid=3, leg="l-a", play_id="y", items=["missing.wav"]))

    assert isinstance(refused, p.Failed)
    assert bench.call.playing == {"l-a": "a.wav"}


def test_what_rtpengine_cannot_read_is_played_by_our_own_plane(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000)))
    bench.engine.refuses = {"play media"}

    bench.ask(p.Play(rid=2, leg="l-a", play_id="x", items=["a.wav"]))

    assert bench.call.pairs["l-a"] == "l-a~m"
    assert bench.inner[-1] == p.Play(rid=0, leg="l-a~m", play_id="x", items=["a.wav"])
    bench.driver.on_own_event(p.PlayEnded(seq=9, leg="l-a~m", play_id="x"), bench.now)
    bench.pump()
    assert bench.events == [p.PlayEnded(seq=1, leg="l-a", play_id="x")]
    assert bench.call.pairs["l-a"] == "l-a~h"


def test_music_for_one_and_hold_of_the_other_part_them_at_rtpengine(talk: DriverBench) -> None:
    talk.ask(p.Offer(rid=5, leg="l-b", call="c-1", sdp=sdp(4002, direction="inactive")))
    talk.ask(p.Play(rid=6, leg="l-a", play_id="m", items=["music.wav"], loop=True))

    assert talk.call.pairs["l-a"] == "l-a~h"
    assert talk.call.pairs["l-b"] == "l-b~h"
    assert talk.call.playing == {"l-a": "music.wav"}

    talk.ask(p.Stop(rid=7, leg="l-a"))
    talk.ask(p.Offer(rid=8, leg="l-b", call="c-1", sdp=sdp(4002)))

    assert talk.call.pairs["l-a"] == "l-b"
    assert talk.call.playing == {}


def test_a_prompt_for_one_while_the_other_goes_on_hearing_is_led_through_our_plane(
    talk: DriverBench,
) -> None:
    talk.ask(p.Play(rid=5, leg="l-a", play_id="x", items=["a.wav"]))

    assert talk.call.pairs["l-a"] == "l-a~m"
    assert talk.call.pairs["l-b"] == "l-b~m"
    assert p.Connect(rid=0, a="l-a~m", b="l-b~m") in talk.inner
    assert talk.inner_kinds(p.Play) == [p.Play(rid=0, leg="l-a~m", play_id="x", items=["a.wav"])]


def test_a_recording_is_made_by_our_plane_from_copies_of_both(talk: DriverBench) -> None:
    talk.ask(p.Tap(rid=5, tap_id="r-1", left="l-a", right="l-b", file="/r.wav"))

    assert talk.call.copied == {"l-a~e": "l-a", "l-b~e": "l-b"}
    assert talk.call.pairs["l-a"] == "l-b"
    assert talk.inner[-1] == p.Tap(rid=5, tap_id="r-1", left="l-a~e", right="l-b~e", file="/r.wav")

    talk.ask(p.Untap(rid=6, tap_id="r-1"))
    ended = p.TapEnded(seq=3, tap_id="r-1", frames=160, complete=True)
    talk.driver.on_own_event(ended, talk.now)

    assert talk.call.copied == {}
    assert talk.events == [p.TapEnded(seq=1, tap_id="r-1", frames=160, complete=True)]
    assert talk.ask(p.ListSessions(rid=7)).ended_taps == talk.events


def test_a_listener_hears_copies_and_the_talk_is_left_as_it_is(talk: DriverBench) -> None:
    talk.ask(p.Offer(rid=5, leg="l-s", call="c-1", sdp=sdp(4004)))
    both = [p.Source(leg="l-a", gain_db=3.0), p.Source(leg="l-b")]

    talk.ask(p.Hear(rid=6, leg="l-s", sources=both))

    assert talk.call.pairs["l-a"] == "l-b"
    assert talk.call.pairs["l-s"] == "l-s~m"
    assert talk.inner[-1] == p.Hear(
        rid=0, leg="l-s~m", sources=[p.Source(leg="l-a~e", gain_db=3.0), p.Source(leg="l-b~e")]
    )

    talk.ask(p.Hear(rid=7, leg="l-s", sources=[]))
    assert talk.call.copied == {}
    assert talk.call.pairs["l-s"] == "l-s~h"


def test_a_leg_is_streamed_from_its_copy_until_nobody_listens(talk: DriverBench) -> None:
    talk.ask(p.ListenIn(rid=5, leg="l-a", listen_id="live.1", socket="/live.sock"))

    assert talk.call.copied == {"l-a~e": "l-a"}
    assert talk.call.pairs["l-a"] == "l-b"
    [streamed] = talk.inner_kinds(p.ListenIn)
    assert streamed == p.ListenIn(rid=5, leg="l-a~e", listen_id="live.1", socket="/live.sock")
    talk.wait(1)
    assert talk.call.copied == {"l-a~e": "l-a"}

    talk.listeners.clear()
    talk.wait(0.1)
    assert talk.call.copied == {}
    assert talk.inner[-1] == p.Release(rid=0, leg="l-a~e")


def test_a_recorded_leg_is_copied_once_and_as_long_as_it_is_recorded(talk: DriverBench) -> None:
    talk.ask(p.Tap(rid=5, tap_id="r-1", left="l-a", right="l-b", file="/r.wav"))
    talk.ask(p.ListenIn(rid=6, leg="l-a", listen_id="live.1", socket="/live.sock"))
    talk.listeners.clear()
    talk.wait(0.1)

    assert talk.engine.verbs.count("subscribe request") == 2
    assert "unsubscribe" not in talk.engine.verbs
    assert talk.call.copied == {"l-a~e": "l-a", "l-b~e": "l-b"}


def test_a_listener_who_is_not_there_costs_no_copy(talk: DriverBench) -> None:
    talk.refused = p.ListenIn
    refused = talk.try_to(p.ListenIn(rid=5, leg="l-a", listen_id="live.1", socket="/no.sock"))

    assert isinstance(refused, p.Failed)
    assert refused.sentence == "not now"
    assert talk.call.copied == {}


def test_a_whisper_leads_agent_and_caller_through_our_plane(talk: DriverBench) -> None:
    talk.ask(p.Offer(rid=5, leg="l-s", call="c-1", sdp=sdp(4004)))
    sources = [p.Source(leg="l-a"), p.Source(leg="l-s")]

    talk.ask(p.Hear(rid=6, leg="l-b", sources=sources))

    assert {talk.call.pairs[leg] for leg in ("l-a", "l-b")} == {"l-a~m", "l-b~m"}
    assert p.Connect(rid=0, a="l-a~m", b="l-b~m") in talk.inner
    assert talk.call.copied == {"l-a~e": "l-a", "l-s~e": "l-s"}

    talk.ask(p.Release(rid=7, leg="l-s"))
    talk.ask(p.Hear(rid=8, leg="l-b", sources=[]))
    assert talk.call.pairs["l-a"] == "l-b"


def test_an_echo_is_our_plane_s(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000)))

    bench.ask(p.Connect(rid=2, a="l-a", b="l-a"))

    assert bench.inner[-1] == p.Connect(rid=0, a="l-a~m", b="l-a~m")


def test_digits_to_a_phone_are_sent_by_our_plane_which_then_gives_the_talk_back(
    talk: DriverBench,
) -> None:
    talk.ask(p.SendDigits(rid=5, leg="l-a", digits="12"))

    assert talk.inner[-1] == p.SendDigits(rid=0, leg="l-a~m", digits="12")
    assert talk.call.pairs["l-a"] == "l-a~m"
    talk.wait(1.0)
    assert talk.call.pairs["l-a"] == "l-b"


def test_the_talk_is_given_back_only_when_the_last_of_many_digits_is_out(
    talk: DriverBench,
) -> None:
    talk.ask(p.SendDigits(rid=5, leg="l-a", digits="1234"))
    talk.ask(p.SendDigits(rid=6, leg="l-a", digits="5"))

    talk.wait(5 * 0.16)
    assert talk.call.pairs["l-a"] == "l-a~m"
    talk.wait(1.0)
    assert talk.call.pairs["l-a"] == "l-b"


def test_a_digit_is_told_with_its_leg_and_its_beginning(talk: DriverBench) -> None:
    talk.driver.on_digit(digit("l-a"), talk.now)
    talk.driver.on_digit(digit("l-a~m"), talk.now)
    talk.driver.on_digit(digit("somebody"), talk.now)

    assert talk.events == [p.DigitHeard(seq=1, leg="l-a", digit="5", at_s=talk.now - 0.1)]


def test_of_a_leg_with_digits_in_the_audio_our_plane_tells_them_all(bench: DriverBench) -> None:
    bench.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000), inband_dtmf=True))

    assert bench.call.copied == {"l-a~e": "l-a"}
    bench.driver.on_digit(digit("l-a"), bench.now)
    bench.driver.on_own_event(p.DigitHeard(seq=1, leg="l-a~e", digit="7", at_s=1.0), bench.now)

    assert [event for event in bench.events if isinstance(event, p.DigitHeard)] == [
        p.DigitHeard(seq=1, leg="l-a", digit="7", at_s=1.0)
    ]


def test_a_released_leg_leaves_the_other_alone_and_the_last_ends_the_call(
    talk: DriverBench,
) -> None:
    talk.call.packets |= {"l-b": 50}

    done = talk.ask(p.Release(rid=5, leg="l-b"))
    assert done.stats == p.LegStats(packets_received=50)
    assert talk.call.pairs["l-a"] == "l-a~h"
    talk.ask(p.Release(rid=6, leg="l-a", ended_by="caller", reason="bye"))

    assert talk.engine.calls == {}
    ended = talk.ask(p.ListSessions(rid=9)).ended_calls
    assert ended == [p.EndedCall("c-1", "caller", "bye")]
    assert talk.ask(p.Release(rid=7, leg="l-a")).stats is None
    assert talk.ask(p.ListSessions(rid=8)).sessions == []


def test_unknown_legs_are_refused_with_481(talk: DriverBench) -> None:
    for request in (
        p.Play(rid=1, leg="l-x", play_id="x", items=[]),
        p.Connect(rid=2, a="l-a", b="l-x"),
        p.Hear(rid=3, leg="l-a", sources=[p.Source(leg="l-x")]),
    ):
        refused = talk.try_to(request)
        assert isinstance(refused, p.Failed)
        assert refused.status == 481


def test_an_offer_that_cannot_be_served_leaves_nothing_behind(bench: DriverBench) -> None:
    srtp = sdp(4000).replace("RTP/AVP", "RTP/SAVP")

    refused = bench.try_to(p.Offer(rid=1, leg="l-a", call="c-1", sdp=srtp))

    assert isinstance(refused, p.Failed)
    assert refused.status == 488
    assert bench.engine.calls == {}
    assert bench.ask(p.ListSessions(rid=2)).sessions == []


def test_a_new_core_is_told_what_there_is_and_how_to_build_it_again(talk: DriverBench) -> None:
    talk.ask(p.Keep(rid=5, leg="l-a", record=b"dialog"))
    talk.ask(p.Tap(rid=6, tap_id="r-1", left="l-a", right="l-b", file="/r.wav"))

    done = talk.ask(p.ListSessions(rid=7))

    assert done.sessions is not None
    assert done.wanted is not None
    assert [(each.leg, each.connected_to, each.taps, each.codec) for each in done.sessions] == [
        ("l-a", "l-b", ["r-1"], "PCMU"),
        ("l-b", "l-a", ["r-1"], "PCMU"),
    ]
    assert done.sessions[0].record == b"dialog"
    again = DriverBench()
    again.engine = talk.engine
    for request in done.wanted:
        again.ask(request)
    assert again.call.pairs["l-a"] == "l-b"
    assert again.call.copied == {"l-a~e": "l-a", "l-b~e": "l-b"}


def test_a_leg_that_rtpengine_has_not_kept_is_not_built_again(talk: DriverBench) -> None:
    wanted = talk.ask(p.ListSessions(rid=7)).wanted or []
    again = DriverBench()
    again.engine._next_port = 31000

    reply = again.try_to(wanted[0])

    assert isinstance(reply, p.Failed)
    assert reply.status == 503
    assert again.engine.calls == {}


def test_a_call_that_rtpengine_has_lost_is_told_for_each_leg_once(talk: DriverBench) -> None:
    talk.engine.calls.clear()

    talk.wait(LOST_S + 3)

    assert talk.events == [
        p.MediaLost(seq=1, leg="l-a"),
        p.MediaLost(seq=2, leg="l-b"),
    ]
    talk.ask(p.Release(rid=5, leg="l-a"))
    talk.ask(p.Release(rid=6, leg="l-b"))
    assert talk.engine.calls == {}


def test_a_lost_call_is_noticed_by_the_verb_that_needs_it_too(talk: DriverBench) -> None:
    talk.engine.calls.clear()

    refused = talk.try_to(p.Hold(rid=5, leg="l-a", on=True))

    assert isinstance(refused, p.Failed)
    assert refused.status == 481
    assert [event.leg for event in talk.events if isinstance(event, p.MediaLost)] == ["l-a", "l-b"]


def test_a_dead_rtpengine_fails_verbs_refuses_callers_and_loses_calls_in_the_end(
    talk: DriverBench,
) -> None:
    talk.engine.is_dead = True
    replies: list[p.Done | p.Failed] = []
    talk.driver.handle(p.Offer(rid=5, leg="l-x", call="c-2"), talk.now, replies.append)

    talk.wait(2)
    assert [type(reply) for reply in replies] == [p.Failed]
    talk.driver.tell_load()
    assert isinstance(talk.events[-1], p.Load)
    assert not talk.events[-1].admitting
    talk.events.clear()
    talk.wait(12)

    assert [event.leg for event in talk.events if isinstance(event, p.MediaLost)] == ["l-a", "l-b"]


def test_a_fault_over_one_command_that_nobody_answers_leaves_the_others_to_be_settled(
    bench: DriverBench,
) -> None:
    """Calls whose verbs wait for it would wait for ever."""
    bench.engine.is_dead = True
    replies: list[p.Done | p.Failed] = []

    def fault(_reply: p.Done | p.Failed) -> None:
        raise RuntimeError("a fault of ours")

    for number, on_reply in enumerate((fault, replies.append, replies.append)):
        offer = p.Offer(rid=number, leg=f"l-{number}", call=f"c-{number}")
        bench.driver.handle(offer, bench.now, on_reply)

    with pytest.raises(RuntimeError):
        bench.wait(2)
    assert replies == []
    bench.wait(0.1)

    assert [(type(reply), reply.rid) for reply in replies] == [(p.Failed, 1), (p.Failed, 2)]


def test_callers_are_taken_again_when_rtpengine_is_back(bench: DriverBench) -> None:
    bench.engine.is_dead = True
    bench.wait(4)
    assert bench.driver.refusal() == "rtpengine does not answer"

    bench.engine.is_dead = False
    bench.wait(3)

    assert bench.driver.refusal() is None


def test_a_phone_that_falls_silent_is_told_once_and_not_on_hold(talk: DriverBench) -> None:
    talk.ask(p.Hold(rid=5, leg="l-b", on=True))
    talk.call.packets |= {"l-a": 7, "l-b": 7}

    talk.wait(LOST_S + 7)

    assert talk.events == [p.MediaLost(seq=1, leg="l-a", is_silent=True)]


def test_a_full_house_refuses_callers_and_no_agent(bench: DriverBench) -> None:
    bench.ask(p.Drain(rid=1, on=True))

    refused = bench.try_to(p.Offer(rid=2, leg="l-a", call="c-1", sdp=sdp(4000), reserve=True))

    assert isinstance(refused, p.Failed)
    assert refused.status == 503
    bench.ask(p.Offer(rid=3, leg="l-b", call="c-2"))


# -- pauses, and what nobody is to hear ----------------------------------------------------------


def test_hidden_leg_is_led_through_our_own_plane_which_hides_it_and_its_copy(
    talk: DriverBench,
) -> None:
    talk.ask(p.Tap(rid=5, tap_id="t-1", left="l-a", right="l-b", file="f"))

    talk.ask(p.Hide(rid=6, leg="l-a", what=p.Hidden.ALL))

    hides = {(each.leg, each.what) for each in talk.inner if isinstance(each, p.Hide)}
    assert hides == {("l-a~m", p.Hidden.ALL), ("l-a~e", p.Hidden.ALL)}
    assert talk.call.pairs["l-a"] == "l-a~m"
    assert talk.call.pairs["l-b"] == "l-b~m"


def test_digits_of_a_hidden_leg_are_told_by_our_own_plane_alone(talk: DriverBench) -> None:
    talk.ask(p.Hide(rid=6, leg="l-a", what=p.Hidden.ALL))

    talk.driver.on_digit(digit("l-a"), talk.now)
    heard = p.DigitHeard(seq=1, leg="l-a~e", digit="5", at_s=talk.now)
    talk.driver.on_own_event(heard, talk.now)

    told = [each.leg for each in talk.events if isinstance(each, p.DigitHeard)]
    assert told == ["l-a"]


def test_leg_stays_led_until_the_last_key_has_gone_by(talk: DriverBench) -> None:
    talk.ask(p.Hide(rid=6, leg="l-a", what=p.Hidden.ALL))
    talk.ask(p.Hide(rid=7, leg="l-a", what=p.Hidden.NOTHING))
    assert talk.call.pairs["l-a"] == "l-a~m"

    talk.wait(1.0)

    assert talk.call.pairs["l-a"] == "l-b"


def test_keys_alone_cannot_be_held_back_behind_rtpengine(talk: DriverBench) -> None:
    refused = talk.try_to(p.Hide(rid=6, leg="l-b", what=p.Hidden.KEYS))

    assert isinstance(refused, p.Failed)
    assert refused.status == 488


def test_pause_is_our_own_plane_s_and_is_listed(talk: DriverBench) -> None:
    talk.ask(p.Tap(rid=5, tap_id="t-1", left="l-a", right="l-b", file="f"))
    talk.ask(p.PauseTap(rid=6, tap_id="t-1", on=True))

    sessions = {each.leg: each for each in talk.ask(p.ListSessions(rid=7)).sessions or []}

    assert talk.inner_kinds(p.PauseTap) == [p.PauseTap(rid=6, tap_id="t-1", on=True)]
    assert sessions["l-a"].paused_taps == ["t-1"]
    assert sessions["l-a"].hidden is p.Hidden.NOTHING


def test_guest_of_a_conference_is_copied_for_the_recording(talk: DriverBench) -> None:
    talk.ask(p.Offer(rid=1, leg="l-g", call="c-1"))
    talk.ask(p.Answer(rid=2, leg="l-g", sdp=sdp(4004)))
    talk.ask(p.Tap(rid=5, tap_id="t-1", left="l-a", right="l-b", file="f"))

    talk.ask(p.Tap(rid=6, tap_id="t-1", left="l-a", right="l-b", file="", beside=["l-g"]))

    last = talk.inner_kinds(p.Tap)[-1]
    assert isinstance(last, p.Tap)
    assert (last.left, last.right, last.beside) == ("l-a~e", "l-b~e", ["l-g~e"])
    assert "l-g~e" in talk.call.copied
