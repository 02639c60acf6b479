"""Trunks by address, and what the switchboard does with calls from nowhere known."""

from ipaddress import ip_network

import pytest

from foundation.ids import LegId
from telephony.calls.events import CallArrived, CallEnded, CallRefused, EndedBy
from telephony.calls.numbers import ANONYMOUS
from telephony.calls.options import CallOptions
from telephony.calls.trunks import Trunk, Trunks
from telephony.sip import events as sip
from tests.support.fake_lines import Lines

NORTH = Trunk("north", (ip_network("192.0.2.0/28"), ip_network("2001:db8::/64")))
DESK = Trunk("desk", (ip_network("192.0.2.7"),))
HERE = Trunk("here", (ip_network("127.0.0.1"),))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.1", "north"),
        ("192.0.2.7", "desk"),
        ("192.0.2.16", None),
        ("2001:db8::9", "north"),
        ("2001:db8:1::9", None),
        ("::ffff:192.0.2.1", "north"),
        ("pbx.example", None),
        ("", None),
    ],
)
def test_longest_network_that_holds_the_address_names_the_trunk(
    host: str, name: str | None
) -> None:
    assert Trunks([NORTH, DESK]).find(host) == name
    assert Trunks([DESK, NORTH]).find(host) == name


def lines_with(*trunks: Trunk) -> Lines:
    return Lines(CallOptions(trunks=Trunks(trunks)))


def test_call_from_a_trunk_arrives_with_its_name() -> None:
    lines = lines_with(HERE)
    lines.invite()
    (arrived,) = lines.told
    assert isinstance(arrived, CallArrived)
    assert arrived.trunk == "here"


def test_without_trunks_everybody_may_call() -> None:
    lines = lines_with()
    lines.invite()
    assert lines.names() == ["CallArrived"]


def test_stranger_gets_403_before_media_is_asked_and_leaves_no_number_behind() -> None:
    lines = lines_with(NORTH)
    call_id = lines.invite()

    assert lines.told[1:] == [
        CallRefused(call_id, 403, "unknown trunk"),
        CallEnded(call_id, EndedBy.CENTRE, "unknown trunk"),
    ]
    assert lines.names()[0] == "CallArrived"
    assert lines.sip.done == [("reject", "l-1", 403)]
    assert lines.media.asked == []
    assert lines.switchboard.count() == 0
    assert lines.switchboard.find_caller_number(call_id) is None
    assert [number for _, number in lines.saved] == [ANONYMOUS]


def test_what_comes_after_a_strangers_refusal_changes_nothing() -> None:
    lines = lines_with(NORTH)
    lines.invite()
    told = list(lines.told)
    lines.switchboard.on_sip(sip.DialogKept(LegId("l-1"), b"late"))
    lines.switchboard.on_sip(sip.Cancelled(LegId("l-1")))
    assert lines.told == told
    assert lines.media.asked == []


def test_phone_of_ours_may_call_from_anywhere_and_is_no_trunk() -> None:
    for trunk in (NORTH, HERE):
        lines = lines_with(trunk)
        lines.invite(agent_aor="eva")
        arrived = [event for event in lines.told if isinstance(event, CallArrived)]
        assert [event.trunk for event in arrived] == [""]
        assert "CallRefused" not in lines.names()


def test_account_of_a_trunk_is_known_from_anywhere_and_makes_no_phone_busy() -> None:
    trunks = Trunks([NORTH], {"line~8000": "line-8000"})
    lines = Lines(CallOptions(trunks=trunks))

    call_id = lines.invite(agent_aor="line~8000")

    (arrived,) = lines.told
    assert isinstance(arrived, CallArrived)
    assert arrived.trunk == "line-8000"
    assert lines.switchboard.calls_of_trunk("line-8000") == [call_id]
    assert lines.switchboard.calls_of_trunk("line-8001") == []
    assert trunks.find_account("eva") is None
