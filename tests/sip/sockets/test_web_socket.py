"""SIP on a WebSocket, against the client's machine of `websockets`: no sockets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from telephony.sip.sockets.web_socket import WebSocketFramer
from telephony.sip.wording.stream import Broken, Reply, StreamEvent, StreamLimits, Whole

LIMITS = StreamLimits(message_bytes=2_000, message_s=10.0)
MESSAGE = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS b\r\n\r\n"
NOT_UTF8 = MESSAGE.replace(b"\r\n\r\n", b"\r\nSubject: \xff\r\n\r\n")


class Client:
    """The other end."""

    def __init__(self, *protocols: str, path: str = "/") -> None:
        names = [Subprotocol(name) for name in protocols]
        self.ws = ClientProtocol(parse_uri(f"ws://b{path}"), subprotocols=names or None)
        self.ws.send_request(self.ws.connect())

    def says(self) -> bytes:
        return b"".join(self.ws.data_to_send())

    def heard(self, events: list[StreamEvent]) -> list[Frame]:
        for event in events:
            if isinstance(event, Reply):
                self.ws.receive_data(event.data)
        return [each for each in self.ws.events_received() if isinstance(each, Frame)]


def joined() -> tuple[Client, WebSocketFramer]:
    client, server = Client("sip"), WebSocketFramer(LIMITS)
    client.heard(server.feed(client.says(), 0.0))
    assert client.ws.subprotocol == "sip"
    return client, server


def test_each_frame_is_a_message_both_ways() -> None:
    client, server = joined()
    client.ws.send_text(MESSAGE)
    client.ws.send_binary(NOT_UTF8)
    assert server.feed(client.says(), 1.0) == [Whole(MESSAGE), Whole(NOT_UTF8)]

    (text, binary) = client.heard([Reply(server.wrap(MESSAGE)), Reply(server.wrap(NOT_UTF8))])
    assert (text.opcode, bytes(text.data)) == (Opcode.TEXT, MESSAGE)
    assert (binary.opcode, bytes(binary.data)) == (Opcode.BINARY, NOT_UTF8)


@given(st.lists(st.integers(0, 600), max_size=8))
def test_any_cut_gives_the_same_messages(cuts: list[int]) -> None:
    client, server = Client("sip"), WebSocketFramer(LIMITS)
    stream = client.says()
    client.heard(WebSocketFramer(LIMITS).feed(stream, 0.0))
    client.ws.send_text(MESSAGE)
    client.ws.send_text(MESSAGE[:20], fin=False)
    client.ws.send_continuation(MESSAGE[20:], fin=True)
    stream += client.says()
    places = [place for place in sorted({0, len(stream), *cuts}) if place <= len(stream)]
    told = [event for a, b in pairwise(places) for event in server.feed(stream[a:b], 0.0)]
    assert [event for event in told if isinstance(event, Whole)] == [Whole(MESSAGE)] * 2


def test_keep_alives_of_both_layers_are_answered() -> None:
    client, server = joined()
    client.ws.send_ping(b"x")
    client.ws.send_text(b"\r\n\r\n")
    frames = client.heard(server.feed(client.says(), 1.0))
    assert [(each.opcode, bytes(each.data)) for each in frames] == [
        (Opcode.PONG, b"x"),
        (Opcode.TEXT, b"\r\n"),
    ]


@pytest.mark.parametrize("protocols", [(), ("chat",)], ids=["none", "another"])
def test_a_client_that_does_not_want_sip_is_refused(protocols: tuple[str, ...]) -> None:
    reply, broken = WebSocketFramer(LIMITS).feed(Client(*protocols).says(), 0.0)
    assert isinstance(reply, Reply)
    assert reply.data.startswith(b"HTTP/1.1 400 ")
    assert isinstance(broken, Broken)


def test_a_page_that_is_asked_for_is_not_there() -> None:
    told = WebSocketFramer(LIMITS).feed(b"GET / HTTP/1.1\r\nHost: b\r\n\r\n", 0.0)
    assert [type(event) for event in told] == [Reply, Broken]


@pytest.mark.parametrize("data", [b"\0\1\2\r\n\r\n", MESSAGE], ids=["bytes", "SIP without HTTP"])
def test_what_is_no_http_ends_the_connection(data: bytes) -> None:
    told = WebSocketFramer(LIMITS).feed(data, 0.0)
    assert isinstance(told[-1], Broken)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_message_that_is_too_long_ends_the_connection(frames: int) -> None:
    client, server = joined()
    client.ws.send_text(b"x" * (2_100 // frames), fin=frames == 1)
    for number in range(1, frames):
        client.ws.send_continuation(b"x" * (2_100 // frames), fin=number == frames - 1)
    told = server.feed(client.says(), 1.0)
    assert not [event for event in told if isinstance(event, Whole)]
    assert isinstance(told[-1], Broken)


def test_a_goodbye_is_answered_and_nothing_is_sent_after_it() -> None:
    client, server = joined()
    client.ws.send_close(1000)
    told = server.feed(client.says(), 1.0)
    assert [type(event) for event in told] == [Reply, Broken]
    assert server.wrap(MESSAGE) == b""


def test_half_a_request_has_its_time() -> None:
    server = WebSocketFramer(LIMITS)
    data = Client("sip").says()
    server.feed(data[:10], 5.0)
    server.feed(data[10:20], 9.0)
    assert server.deadline == 15.0
    assert server.tick(14.9) == []
    assert [type(event) for event in server.tick(15.0)] == [Broken]
