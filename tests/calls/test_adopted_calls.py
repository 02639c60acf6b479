"""Calls of a process that died, in the switchboard of the next one."""

import pytest

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, RecordingId
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    CallAnswered,
    CallBridged,
    CallEnded,
    CallHeld,
    CallResumed,
    EndedBy,
    PhoneChanged,
    PromptEnded,
    Side,
    TalkRecorded,
)
from telephony.calls.kept import (
    KeptAgentSide,
    KeptCall,
    KeptSide,
    Note,
    read_note,
    write_note,
)
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.fake_lines import Lines

CALL, PARTY, EVA, OFFER = CallId("c-1"), PartyId("p-1"), AgentId("eva"), OfferId("o-1")
CALLER, AGENT = LegId("l-caller"), LegId("l-agent")
TAP = RecordingId("r-1")


def session(leg: LegId, **shown: object) -> media.Session:
    plain = {"codec": "PCMA", "sdp": "v=0 ours"}
    return media.Session(leg=leg, call=CALL, port=30000, ssrc=1, **{**plain, **shown})  # type: ignore[arg-type]  # whatever a test shows


def dialog(leg: LegId, *, is_early: bool = False) -> sip.KeptLeg:
    peer = sip.CallerIdentity("13900000001", "", "")
    return sip.KeptLeg(leg, is_early, peer, b"v=0 theirs", b"")


def caller(*, is_early: bool = False, aor: str = "", **shown: object) -> KeptSide:
    note = Note(call=CALL, side=Side.CALLER, line="8000", aor=aor)
    return KeptSide(dialog(CALLER, is_early=is_early), session(CALLER, **shown), note)


def agent(*, is_early: bool = False, **shown: object) -> KeptAgentSide:
    note = Note(call=CALL, side=Side.AGENT, agent=EVA, offer=OFFER)
    kept = dialog(AGENT, is_early=is_early)
    return KeptAgentSide(kept, session(AGENT, **shown), note, EVA, OFFER)


def adopted(
    callers: KeptSide, agents: KeptAgentSide | None = None, tap: RecordingId | None = None
) -> Lines:
    lines = Lines()
    lines.switchboard.adopt(
        KeptCall(
            call_id=CALL,
            party_id=PARTY,
            line="8000",
            caller=callers,
            agent=agents,
            recording_id=tap,
        )
    )
    return lines


def talk() -> Lines:
    heard = caller(connected_to=AGENT, taps=[TAP])
    return adopted(heard, agent(connected_to=CALLER, taps=[TAP]), TAP)


def test_note_comes_back_as_it_was_written() -> None:
    note = Note(call=CALL, side=Side.AGENT, agent=EVA, offer=OFFER)

    assert read_note(write_note(note)) == note
    assert read_note(b'{"call": "c-1"}') is None
    assert read_note(b"") is None


def test_talk_goes_on_and_nothing_is_told_or_asked() -> None:
    lines = talk()

    assert (lines.told, lines.sip.done, lines.media.asked) == ([], [], [])
    assert lines.switchboard.call_ids() == [CALL]
    assert lines.switchboard.find_caller_number(CALL) == "+8613900000001"


def test_end_of_a_talk_ends_recording_and_both_legs_once() -> None:
    lines = talk()

    lines.switchboard.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))

    assert lines.media.asked == [
        media.Untap(rid=0, tap_id=TAP),
        media.Release(rid=0, leg=AGENT),
        media.Release(rid=0, leg=CALLER, ended_by="caller", reason="bye"),
    ]
    assert lines.sip.verbs() == ["hang_up"]
    assert CallEnded(CALL, EndedBy.CALLER, "bye") in lines.told
    assert lines.switchboard.count() == 0


def test_agent_s_bye_is_heard_and_recording_s_end_told() -> None:
    lines = talk()

    lines.switchboard.on_sip(sip.Gone(AGENT, sip.GoneWhy.BYE))
    lines.switchboard.on_media_event(media.TapEnded(seq=1, tap_id=TAP, frames=8000, complete=True))

    assert AgentHungUp(CALL, EVA, EndedBy.AGENT) in lines.told
    assert TalkRecorded(TAP, 8000, complete=True) in lines.told


def test_hold_and_resume_work_in_an_adopted_talk() -> None:
    lines = talk()
    lines.media.direction = "sendonly"
    lines.switchboard.on_sip(sip.Reoffered(AGENT, b"v=0 hold"))
    assert lines.told == [CallHeld(CALL, Side.AGENT)]

    lines.media.direction = "sendrecv"
    lines.switchboard.on_sip(sip.Reoffered(AGENT, b"v=0 resume"))
    assert lines.told[1:] == [CallResumed(CALL, Side.AGENT)]
    assert [type(r).__name__ for r in lines.media.asked if r in lines.media.of(media.Stop)] == [
        "Stop"
    ]


def test_who_was_held_is_taken_back() -> None:
    held = agent(connected_to=CALLER, is_held=True)
    lines = adopted(caller(connected_to=AGENT, playing="l-caller.3", is_looping=True), held)
    assert lines.media.asked == []

    lines.switchboard.on_sip(sip.Reoffered(AGENT, b"v=0 resume"))

    assert lines.told == [CallResumed(CALL, Side.AGENT)]
    assert media.Stop(rid=0, leg=CALLER) in lines.media.asked


@pytest.mark.parametrize("is_held", [True, False])
def test_music_of_a_hold_is_put_right(is_held: bool) -> None:
    playing = "" if is_held else "l-caller.3"
    heard = caller(connected_to=AGENT, playing=playing, is_looping=bool(playing))
    lines = adopted(heard, agent(connected_to=CALLER, is_held=is_held))

    (asked,) = lines.media.asked
    assert isinstance(asked, media.Play if is_held else media.Stop)


def test_end_of_a_prompt_that_played_through_the_kill_is_told() -> None:
    lines = adopted(caller(playing="l-caller.7"))

    lines.switchboard.on_media_event(media.PlayEnded(seq=1, leg=CALLER, play_id="l-caller.6"))
    assert lines.told == []
    lines.switchboard.on_media_event(media.PlayEnded(seq=2, leg=CALLER, play_id="l-caller.7"))
    assert lines.told == [PromptEnded(CALL)]


def test_plays_have_names_that_no_earlier_process_gave() -> None:
    lines = adopted(caller(playing="l-caller.7", is_looping=True))
    lines.switchboard.play(CALL, ["a.wav"])
    (first,) = lines.media.of(media.Play)
    later = Lines()
    later.now = lines.now + 1
    later.switchboard.adopt(KeptCall(call_id=CALL, party_id=PARTY, line="8000", caller=caller()))
    later.switchboard.play(CALL, ["a.wav"])
    (second,) = later.media.of(media.Play)

    assert isinstance(first, media.Play)
    assert isinstance(second, media.Play)
    assert len({first.play_id, second.play_id, "l-caller.7"}) == 3


def test_phone_that_rings_can_be_picked_up() -> None:
    lines = adopted(caller(), agent(is_early=True, codec="", is_offering=True))
    assert lines.media.asked == []

    lines.switchboard.on_sip(sip.Answered(AGENT, b"v=0 agent"))

    assert lines.told == [AgentPickedUp(CALL, EVA, OFFER)]
    lines.switchboard.bridge(CALL)
    assert lines.told[-1] == CallBridged(CALL, EVA)


def test_phone_that_rings_can_be_withdrawn() -> None:
    lines = adopted(caller(), agent(is_early=True, codec="", is_offering=True))

    lines.switchboard.stop_ringing(CALL, OFFER)

    assert lines.sip.done == [("hang_up", AGENT, "the offer was withdrawn")]
    assert lines.media.asked == [media.Release(rid=0, leg=AGENT)]


def test_answer_that_had_not_reached_media_is_brought_there() -> None:
    lines = adopted(caller(), agent(codec="", is_offering=True))

    assert lines.media.asked[0] == media.Answer(rid=0, leg=AGENT, sdp="v=0 theirs")
    assert lines.told == [AgentPickedUp(CALL, EVA, OFFER)]


def test_recording_without_a_bridge_gets_its_bridge() -> None:
    lines = adopted(caller(taps=[TAP]), agent(taps=[TAP]), TAP)

    assert lines.media.asked == [media.Connect(rid=0, a=CALLER, b=AGENT)]
    assert lines.told == [CallBridged(CALL, EVA)]


def test_caller_without_an_answer_gets_the_one_that_media_made() -> None:
    lines = adopted(caller(is_early=True))

    lines.switchboard.answer(CALL)

    assert lines.sip.done == [("accept", CALLER, b"v=0 ours")]
    assert lines.told == [CallAnswered(CALL)]


def test_arrival_is_not_told_again_with_a_refusal() -> None:
    lines = adopted(caller(is_early=True))

    lines.switchboard.refuse(CALL, 480, "blocked number")

    assert lines.names() == ["CallRefused", "CallEnded"]


def test_ack_with_the_answer_to_our_offer_comes_to_the_next_process() -> None:
    lines = adopted(caller(codec="", is_offering=True))

    lines.switchboard.on_sip(sip.Confirmed(CALLER, b"v=0 late"))

    assert lines.media.asked == [media.Answer(rid=0, leg=CALLER, sdp="v=0 late")]


def test_agent_who_calls_somebody_stays_busy_until_that_call_is_over() -> None:
    lines = adopted(caller(aor=EVA))
    lines.sip.registered.add(EVA)
    lines.switchboard.on_sip(sip.PhoneRegistered(EVA))
    assert lines.told == [PhoneChanged(EVA, registered=True, busy=True)]

    lines.switchboard.on_sip(sip.Gone(CALLER, sip.GoneWhy.BYE))

    assert PhoneChanged(EVA, registered=True, busy=False) in lines.told


def test_record_is_with_media_before_the_work_that_waits() -> None:
    """A 200 leaves right after its record was told: a kill in between must find the record."""
    lines = Lines()
    order: list[str] = []

    def tell_record(leg: LegId) -> None:
        lines.switchboard.on_sip(sip.DialogKept(leg, b"record"))
        order.append(type(lines.media.asked[-1]).__name__)

    lines.sip.on_note = tell_record
    call_id = lines.invite()
    lines.switchboard.ring_agent(call_id, EVA, OFFER, auto_answer=False)

    assert order == ["Keep", "Keep"]
