"""What media is asked for on whose leg."""

from foundation.ids import AgentId, LegId, OfferId
from telephony.calls.leg_media import PLAIN, LegMedia, MediaBook
from telephony.calls.options import CallOptions
from telephony.media import protocol as media
from telephony.media.protocol import Srtp
from telephony.sip import events as sip
from tests.support.fake_lines import Lines

SAFE = LegMedia(srtp=Srtp.REQUIRE)
TONES = LegMedia(inband_dtmf=True)
BOOK = MediaBook(phones={"eva": SAFE}, trunks={"north": TONES}, lines={"8001": TONES})


def test_a_caller_is_spoken_with_as_its_trunk_its_line_or_its_phone_says() -> None:
    assert BOOK.of_caller("8000", "", "") == PLAIN
    assert BOOK.of_caller("8000", "north", "") == TONES
    assert BOOK.of_caller("8001", "", "") == TONES
    assert BOOK.of_caller("8000", "north", "eva") == SAFE
    assert BOOK.of_caller("8001", "", "eva") == LegMedia(srtp=Srtp.REQUIRE, inband_dtmf=True)


def offers(lines: Lines) -> list[media.Offer]:
    return [request for request in lines.media.asked if isinstance(request, media.Offer)]


def test_an_agents_phone_is_offered_what_its_account_says() -> None:
    lines = Lines(CallOptions(media=BOOK))
    call_id = lines.invite()

    for agent in ("eva", "bob"):
        offer_id = OfferId(f"o-{agent}")
        lines.switchboard.ring_agent(call_id, AgentId(agent), offer_id, auto_answer=False)
        lines.switchboard.stop_ringing(call_id, offer_id)

    assert [offer.srtp for offer in offers(lines)] == [Srtp.NEVER, Srtp.REQUIRE, Srtp.NEVER]


def test_an_agent_who_calls_is_answered_as_its_account_says() -> None:
    lines = Lines(CallOptions(media=BOOK))
    lines.invite(agent_aor="eva")

    assert [offer.srtp for offer in offers(lines)] == [Srtp.REQUIRE]


def test_keys_are_listened_for_in_the_audio_from_the_first_offer_only() -> None:
    lines = Lines(CallOptions(media=MediaBook(lines={"8000": TONES})))
    call_id = lines.invite()
    lines.switchboard.answer(call_id)
    lines.switchboard.on_sip(sip.Reoffered(LegId("l-1"), b"v=0"))

    assert [offer.inband_dtmf for offer in offers(lines)] == [True, False]
