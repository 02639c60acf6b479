"""Calls with guests of a process that died, in the switchboard of the next one."""

from collections.abc import Sequence

import pytest

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, RecordingId
from telephony.calls.events import (
    AgentHungUp,
    CallEnded,
    CallResumed,
    ConsultAsked,
    EndedBy,
    GuestJoined,
    GuestLeft,
    GuestWay,
    Side,
    TalkTransferred,
)
from telephony.calls.kept import (
    KeptAgentSide,
    KeptCall,
    KeptGuestSide,
    KeptSide,
    Note,
    read_note,
    write_note,
)
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.ears import Ears
from tests.support.fake_lines import Lines

CALL, PARTY, TAP = CallId("c-1"), PartyId("p-1"), RecordingId("r-1")
EVA, TOM = AgentId("eva"), AgentId("tom")
CALLER, AGENT, GUEST, SECOND = LegId("l-1"), LegId("l-eva"), LegId("l-tom"), LegId("l-second")
OFFER, GUEST_OFFER = OfferId("o-eva"), OfferId("o-tom")


def session(leg: LegId, **shown: object) -> media.Session:
    plain = {"codec": "PCMA", "sdp": "v=0 ours"}
    return media.Session(leg=leg, call=CALL, port=30000, ssrc=1, **{**plain, **shown})  # type: ignore[arg-type]  # whatever a test shows


def dialog(leg: LegId, *, is_early: bool = False) -> sip.KeptLeg:
    return sip.KeptLeg(leg, is_early, sip.CallerIdentity("1390", "", ""), b"v=0 theirs", b"")


def caller(*, is_early: bool = False, **shown: object) -> KeptSide:
    note = Note(call=CALL, side=Side.CALLER, line="8000")
    return KeptSide(dialog(CALLER, is_early=is_early), session(CALLER, **shown), note)


def held_caller(*, connected_to: str = "", taps: Sequence[str] = ()) -> KeptSide:
    """Who hears music."""
    return caller(playing="l-1.3", is_looping=True, connected_to=connected_to, taps=list(taps))


def agent(**shown: object) -> KeptAgentSide:
    note = Note(call=CALL, side=Side.AGENT, agent=EVA, offer=OFFER)
    return KeptAgentSide(dialog(AGENT), session(AGENT, **shown), note, EVA, OFFER)


def guest(
    way: GuestWay = GuestWay.CONSULT,
    *,
    rings: bool = False,
    outside: bool = False,
    **shown: object,
) -> KeptGuestSide:
    note = Note(
        call=CALL,
        side=Side.AGENT,
        offer=GUEST_OFFER,
        way=way,
        agent="" if outside else TOM,
        party="p-9" if outside else "",
        trunk="carrier" if outside else "",
    )
    if rings:
        shown = {"codec": "", "is_offering": True, **shown}
    return KeptGuestSide(dialog(GUEST, is_early=rings), session(GUEST, **shown), note)


def second(*, is_early: bool = False, **shown: object) -> KeptSide:
    note = Note(call=CALL, side=Side.AGENT, agent=EVA, is_second=True, dialled="1002")
    return KeptSide(dialog(SECOND, is_early=is_early), session(SECOND, **shown), note)


class Adopted(Lines):
    """A switchboard that goes on with a call, and who hears whom in it."""

    def __init__(self, **kept: object) -> None:
        super().__init__()
        call = KeptCall(call_id=CALL, party_id=PARTY, line="8000", **kept)  # type: ignore[arg-type]  # whatever a test shows
        self._before = Ears()
        for side in call.sides:
            shown = side.session
            if shown.connected_to:
                self._before.connected[shown.leg] = shown.connected_to
            if shown.hears:
                self._before.mixed[shown.leg] = [source.leg for source in shown.hears]
            if shown.playing:
                self._before.playing[shown.leg] = "from before"
        self.switchboard.adopt(call)

    def hears(self, leg: str) -> list[str]:
        now = Ears(
            dict(self._before.connected), dict(self._before.mixed), dict(self._before.playing)
        )
        for request in self.media.asked:
            now.take(request)
        return now.of(leg)

    def hang_up(self, leg: LegId) -> None:
        self.switchboard.on_sip(sip.Gone(leg, sip.GoneWhy.BYE))


def consultation() -> Adopted:
    return Adopted(
        caller=held_caller(taps=[TAP]),
        agent=agent(connected_to=GUEST, taps=[TAP]),
        guest=guest(connected_to=AGENT),
        recording_id=TAP,
    )


def test_note_of_a_guest_comes_back_as_it_was_written() -> None:
    note = guest(GuestWay.TRANSFER, outside=True).note
    assert read_note(write_note(note)) == note


def test_consultation_goes_on_and_nothing_is_told_or_asked() -> None:
    lines = consultation()
    assert (lines.told, lines.sip.done, lines.media.asked) == ([], [], [])
    assert lines.switchboard.find_talk(CALL) == "eva"


def test_consultation_ends_as_any_other() -> None:
    lines = consultation()
    lines.hang_up(GUEST)
    assert lines.told[0] == GuestLeft(CALL, GUEST_OFFER)
    assert lines.hears(CALLER) == [AGENT]
    assert media.Stop(rid=0, leg=CALLER) in lines.media.asked


def test_consultation_can_be_completed() -> None:
    lines = consultation()
    lines.switchboard.complete_transfer(CALL)
    assert lines.told[0] == TalkTransferred(CALL, GUEST_OFFER)
    assert lines.hears(CALLER) == [GUEST]
    assert lines.sip.done == [("hang_up", AGENT, "the caller was handed over")]
    assert media.Untap(rid=0, tap_id=TAP) in lines.media.asked


def test_conference_goes_on_and_can_be_left() -> None:
    def others(*legs: LegId) -> list[media.Source]:
        return [media.Source(leg=leg) for leg in legs]

    lines = Adopted(
        caller=caller(connected_to=AGENT, hears=others(AGENT, GUEST)),
        agent=agent(connected_to=CALLER, hears=others(CALLER, GUEST)),
        guest=guest(hears=others(CALLER, AGENT)),
    )
    assert (lines.told, lines.media.asked) == ([], [])
    lines.hang_up(AGENT)
    assert lines.told[0] == TalkTransferred(CALL, GUEST_OFFER)
    assert lines.hears(CALLER) == [GUEST]
    assert lines.hears(GUEST) == [CALLER]


def test_guest_who_rings_can_be_picked_up() -> None:
    lines = Adopted(
        caller=held_caller(),
        agent=agent(playing="l-eva.4", is_looping=True),
        guest=guest(rings=True),
    )
    assert lines.media.asked == []
    lines.switchboard.on_sip(sip.Answered(GUEST, b"v=0 tom"))
    assert lines.told == [GuestJoined(CALL, GUEST_OFFER)]
    assert lines.hears(AGENT) == [GUEST]
    assert lines.hears(CALLER) == ["from before"]


def test_guest_who_rings_can_be_sent_away() -> None:
    lines = Adopted(caller=held_caller(), agent=agent(), guest=guest(rings=True))
    lines.switchboard.take_back(CALL)
    assert lines.told[0] == GuestLeft(CALL, GUEST_OFFER)
    assert lines.sip.done == [("hang_up", GUEST, "taken back")]
    assert lines.hears(CALLER) == [AGENT]


@pytest.mark.parametrize("way", [GuestWay.CONSULT, GuestWay.TRANSFER])
def test_caller_without_an_agent_waits_for_the_guest_as_in_a_transfer(way: GuestWay) -> None:
    lines = Adopted(caller=held_caller(), guest=guest(way, rings=True))
    assert lines.media.asked == []
    lines.switchboard.on_sip(sip.Answered(GUEST, b"v=0 tom"))
    assert lines.told == [GuestJoined(CALL, GUEST_OFFER), TalkTransferred(CALL, GUEST_OFFER)]
    assert lines.hears(CALLER) == [GUEST]


def test_answer_that_had_not_reached_media_is_brought_there() -> None:
    lines = Adopted(
        caller=held_caller(),
        agent=agent(),
        guest=guest(GuestWay.TRANSFER, codec="", is_offering=True),
    )
    assert lines.media.of(media.Answer) == [media.Answer(rid=0, leg=GUEST, sdp="v=0 theirs")]
    assert lines.told[:2] == [GuestJoined(CALL, GUEST_OFFER), TalkTransferred(CALL, GUEST_OFFER)]
    assert lines.hears(CALLER) == [GUEST]


def test_guest_who_had_picked_up_and_not_come_further_joins_now() -> None:
    lines = Adopted(caller=held_caller(), agent=agent(), guest=guest())
    assert lines.told == [GuestJoined(CALL, GUEST_OFFER)]
    assert lines.hears(GUEST) == [AGENT]


def test_transfer_whose_last_word_was_not_said_is_completed() -> None:
    lines = Adopted(
        caller=caller(connected_to=GUEST),
        agent=agent(),
        guest=guest(GuestWay.TRANSFER, connected_to=CALLER),
    )
    assert lines.told[0] == TalkTransferred(CALL, GUEST_OFFER)
    assert lines.sip.done == [("hang_up", AGENT, "the caller was handed over")]
    assert lines.hears(CALLER) == [GUEST]
    assert lines.media.of(media.Connect) == []


@pytest.mark.parametrize("outside", [False, True])
def test_guest_who_has_the_talk_keeps_it(outside: bool) -> None:
    lines = Adopted(
        caller=caller(connected_to=GUEST, taps=[TAP]),
        agent=guest(outside=outside, connected_to=CALLER, taps=[TAP]),
        recording_id=TAP,
    )
    assert (lines.told, lines.media.asked) == ([], [])
    lines.hang_up(GUEST)
    assert lines.media.asked[0] == media.Untap(rid=0, tap_id=TAP)
    if outside:
        assert CallEnded(CALL, EndedBy.AGENT, "the guest hung up") in lines.told
    else:
        assert lines.told[0] == AgentHungUp(CALL, TOM, EndedBy.AGENT)


def test_early_media_goes_on_and_the_answer_may_leave_the_sdp_out() -> None:
    lines = Adopted(
        caller=held_caller(),
        agent=agent(connected_to=GUEST),
        guest=guest(rings=True, outside=True, codec="PCMA", connected_to=AGENT),
    )
    assert lines.media.asked == []
    lines.switchboard.on_sip(sip.Answered(GUEST, b""))
    assert lines.media.of(media.Answer) == [media.Answer(rid=0, leg=GUEST, sdp="v=0 theirs")]
    assert lines.told == [GuestJoined(CALL, GUEST_OFFER)]


def test_second_line_goes_on_and_sends_the_guest_away_with_its_end() -> None:
    lines = Adopted(
        caller=held_caller(),
        agent=agent(is_held=True),
        second=second(connected_to=GUEST),
        guest=guest(connected_to=SECOND),
    )
    assert (lines.told, lines.media.asked) == ([], [])
    lines.hang_up(SECOND)
    assert lines.told[0] == GuestLeft(CALL, GUEST_OFFER)
    assert lines.hears(CALLER) == ["from before"], "the first line is on hold"


def test_second_line_that_waits_is_answered_when_the_guest_picks_up() -> None:
    lines = Adopted(
        caller=held_caller(),
        agent=agent(is_held=True),
        second=second(is_early=True),
        guest=guest(rings=True),
    )
    lines.switchboard.on_sip(sip.Answered(GUEST, b"v=0 tom"))
    assert lines.sip.done == [("accept", SECOND, b"v=0 ours")]
    assert lines.hears(SECOND) == [GUEST]


def test_second_line_that_nobody_answered_asks_again() -> None:
    lines = Adopted(
        caller=held_caller(connected_to=AGENT),
        agent=agent(connected_to=CALLER, is_held=True),
        second=second(is_early=True),
    )
    assert lines.told == [ConsultAsked(CALL, EVA, "1002")]
    lines.switchboard.refuse_consult(CALL, 404)
    assert lines.sip.done == [("reject", SECOND, 404)]


def test_second_line_whose_guest_is_gone_is_ended() -> None:
    lines = Adopted(
        caller=held_caller(connected_to=AGENT),
        agent=agent(connected_to=CALLER, is_held=True),
        second=second(),
    )
    assert lines.sip.verbs() == ["hang_up"]
    assert media.Release(rid=0, leg=SECOND) in lines.media.asked


def test_own_call_goes_on_ringing_and_talking() -> None:
    lines = Adopted(caller=caller(is_early=True), guest=guest(GuestWay.DIAL, rings=True))
    lines.switchboard.on_sip(sip.Answered(GUEST, b"v=0 tom"))
    assert lines.names() == ["CallAnswered", "GuestJoined"]
    lines = Adopted(
        caller=caller(connected_to=GUEST), guest=guest(GuestWay.DIAL, connected_to=CALLER)
    )
    assert (lines.told, lines.media.asked) == ([], [])
    lines.hang_up(GUEST)
    assert lines.names()[:2] == ["GuestLeft", "CallEnded"]


def test_silence_while_it_rang_under_another_core_is_counted_anew_from_the_answer() -> None:
    """Media told the core before us, and tells the same silence only once: a phone that has
    vanished meanwhile would keep its call for ever."""
    lines = Adopted(caller=caller(is_early=True), guest=guest(GuestWay.DIAL, rings=True))
    lines.switchboard.on_sip(sip.Answered(GUEST, b"v=0 tom"))
    assert media.Hold(rid=0, leg=CALLER, on=False) in lines.media.asked


def test_hold_by_the_verb_is_seen_in_the_agent_s_silence() -> None:
    lines = Adopted(
        caller=held_caller(connected_to=AGENT),
        agent=agent(connected_to=CALLER, playing="l-eva.2", is_looping=True),
    )
    assert (lines.told, lines.media.asked) == ([], [])
    lines.switchboard.resume(CALL)
    assert lines.told == [CallResumed(CALL, Side.AGENT)]
    assert lines.hears(CALLER) == [AGENT]
    assert lines.hears(AGENT) == [CALLER]
