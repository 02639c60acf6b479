"""Captures are read as they were written, and drawn."""

import struct

import pytest

from tools.ladder import Message, NoCapture, ladder, read_pcap, write_pcap

INVITE = b"INVITE sip:8000@127.0.0.1 SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\na=sendonly\r\n"
RINGING = b"SIP/2.0 180 Ringing; or so\r\nCSeq: 1 INVITE\r\n\r\n"
CALL = [
    Message(10.25, "127.0.0.1:5070", "127.0.0.1:5060", INVITE),
    Message(10.5, "127.0.0.1:5060", "127.0.0.1:5070", RINGING),
]


def test_what_was_written_is_read() -> None:
    assert read_pcap(write_pcap(CALL)) == CALL


@pytest.mark.parametrize(("link", "before"), [(1, 14), (113, 16), (0, 4)])
def test_captures_of_other_links_are_read(link: int, before: int) -> None:
    packet = b"\0" * before + write_pcap(CALL[:1])[40:]
    head = b"\xa1\xb2\xc3\xd4" + struct.pack(">2H4I", 2, 4, 0, 0, 65_535, link)
    record = struct.pack(">4I", 10, 250_000, len(packet), len(packet))
    assert read_pcap(head + record + packet) == CALL[:1]


def test_what_is_no_sip_is_left_out() -> None:
    rtp = Message(1.0, "127.0.0.1:4000", "127.0.0.1:5000", b"\x80\0" + bytes(170))
    assert read_pcap(write_pcap([rtp, *CALL])) == CALL


def test_a_capture_that_was_cut_off_is_read_up_to_there() -> None:
    data = write_pcap(CALL)
    first = len(write_pcap(CALL[:1]))
    for size in range(24, len(data) + 1):
        whole = 2 if size == len(data) else 1 if size >= first else 0
        assert read_pcap(data[:size]) == CALL[:whole]


def test_another_file_is_refused_with_a_hint() -> None:
    with pytest.raises(NoCapture, match="pcapng"):
        read_pcap(b"\x0a\x0d\x0d\x0a" + bytes(40))


def test_sides_have_names_and_messages_their_words() -> None:
    drawn = ladder(CALL, {"127.0.0.1:5060": "centre"})
    assert drawn == (
        "sequenceDiagram\n"
        "    participant P0 as centre\n"
        "    participant P1 as 127.0.0.1:5070\n"
        "    P1->>P0: INVITE 8000 · SDP sendonly (+0.000 s)\n"
        "    P0-->>P1: 180 Ringing  or so · INVITE (+0.250 s)\n"
    )
