"""Which packets a relay passes, and to whom; paper sockets."""

import socket
from typing import cast

from telephony.lines.relay import RELOCK_S, Side, is_rtp
from tests.support.pbx_wire import PaperSocket

PHONE, OTHER, SAID = ("192.0.2.5", 4000), ("203.0.113.66", 9), ("10.0.0.7", 4000)
VOICE = bytes([0x80, 0, 0, 1]) + bytes(8 + 160)


class Sent(PaperSocket):
    def sendto(self, data: bytes, to: tuple[str, int]) -> None:
        self.sent.append(("", to))


def side() -> tuple[Side, Sent]:
    sent = Sent()
    made = Side(cast(socket.socket, sent))
    made.aim(SAID)
    return made, sent


def test_only_rtp_passes() -> None:
    assert is_rtp(VOICE)
    assert is_rtp(bytes([0x80, 101 | 0x80]) + VOICE[2:16])
    for other in (b"", b"\x80", VOICE[:12], b"\x00\x01" + VOICE, b"\x80\xc8" + VOICE):
        assert not is_rtp(other)


def test_packets_go_where_the_description_says_until_the_side_is_heard() -> None:
    one, sent = side()
    one.send(VOICE)
    assert one.take(VOICE, PHONE, now=1.0)
    one.send(VOICE)

    assert [to for _, to in sent.sent] == [SAID, PHONE]


def test_nobody_else_can_speak_into_a_call_that_is_heard() -> None:
    one, _ = side()
    one.take(VOICE, PHONE, now=1.0)

    assert not one.take(VOICE, OTHER, now=1.1)
    assert one.take(VOICE, PHONE, now=1.1)
    assert one.packets == 2


def test_side_that_fell_silent_may_move_and_so_may_one_with_a_new_description() -> None:
    one, _ = side()
    one.take(VOICE, PHONE, now=1.0)
    assert one.take(VOICE, OTHER, now=1.0 + RELOCK_S)

    one.aim(("10.0.0.8", 6000))
    assert one.take(VOICE, PHONE, now=1.1 + RELOCK_S)


def test_hold_that_names_no_place_leaves_the_target() -> None:
    one, sent = side()
    one.aim(None)
    one.send(VOICE)

    assert [to for _, to in sent.sent] == [SAID]
