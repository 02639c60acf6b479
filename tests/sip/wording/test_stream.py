"""SIP on a stream: any cut gives the same messages, and what cannot be cut breaks the stream."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.wording.stream import Broken, Framer, Reply, StreamEvent, StreamLimits, Whole

LIMITS = StreamLimits(message_bytes=2_000, head_bytes=1_000, message_s=10.0)


def message(body: bytes = b"", length: str = "Content-Length: {}") -> bytes:
    head = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP b\r\n" + length.format(len(body))
    return head.encode() + b"\r\n\r\n" + body


def feed(*chunks: bytes, limits: StreamLimits = LIMITS) -> list[StreamEvent]:
    framer = Framer(limits)
    return [event for chunk in chunks for event in framer.feed(chunk, 0.0)]


def broken(*chunks: bytes) -> Broken:
    """The only event."""
    (event,) = feed(*chunks)
    assert isinstance(event, Broken)
    return event


PIECES = st.sampled_from(
    [
        message(),
        message(b"v=0\r\n\r\nOPTIONS"),
        message(b"\r\n\r\n", "l:  {}"),
        message(b"abc", "CONTENT-LENGTH :\r\n {} "),
        b"\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ]
)


@given(st.lists(PIECES, max_size=6), st.lists(st.integers(0, 1_000), max_size=12), st.booleans())
def test_any_cut_gives_the_same_messages(
    pieces: list[bytes], cuts: list[int], bytewise: bool
) -> None:
    stream = b"".join(pieces)
    places = range(len(stream) + 1) if bytewise else sorted({0, len(stream), *cuts})
    places = [place for place in places if place <= len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(places)]
    assert feed(*chunks) == feed(stream)
    wholes = [event.data for event in feed(stream) if isinstance(event, Whole)]
    assert wholes == [piece for piece in pieces if piece.strip()]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_bytes_give_the_same_events_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    places = [place for place in sorted({0, len(data), *cuts}) if place <= len(data)]
    chunks = [data[a:b] for a, b in pairwise(places)]
    kinds = [type(event) for event in feed(*chunks)]
    assert kinds == [type(event) for event in feed(data)]


def test_two_line_breaks_between_messages_are_answered_by_one() -> None:
    assert feed(b"\r\n", b"\r\n") == [Reply(b"\r\n")]


def test_a_lone_line_break_is_a_pong_and_says_nothing() -> None:
    assert feed(b"\r\n", message()) == [Whole(message())]


def test_half_a_keep_alive_may_wait_for_ever() -> None:
    framer = Framer(LIMITS)
    framer.feed(b"\r\n", 0.0)
    assert framer.deadline is None
    assert framer.tick(1_000.0) == []


def test_what_is_no_sip_is_known_by_its_first_line() -> None:
    assert broken(b"GET / HTTP/1.1\r\n").head == b""
    assert broken(b"\x16\x03\x01\x02\x00\x01\x00").head == b""
    assert broken(b"\rX").why == "not SIP"


def test_a_message_without_content_length_can_be_answered_but_not_cut() -> None:
    head = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP b\r\n\r\n"
    assert broken(head) == Broken("there must be one Content-Length", 400, head)
    doubtful = head[:-2] + b"Content-Length: 3\r\nl: 4\r\n\r\n"
    assert broken(doubtful).status == 400


def test_a_content_length_inside_another_header_does_not_count() -> None:
    data = b"OPTIONS sip:a@b SIP/2.0\r\nSubject: x\r\n Content-Length: 9\r\nl: 0\r\n\r\n"
    assert feed(data) == [Whole(data)]


def test_a_message_that_is_too_long_is_refused_by_its_head() -> None:
    event = broken(message(b"x" * 3_000))
    assert event.status == 413
    assert event.head.endswith(b"Content-Length: 3000\r\n\r\n")


def test_a_head_that_never_ends_is_not_kept() -> None:
    framer = Framer(LIMITS)
    told: list[StreamEvent] = framer.feed(b"OPTIONS sip:a@b SIP/2.0\r\n", 0.0)
    for _ in range(100):
        told += framer.feed(b"X: " + b"y" * 50 + b"\r\n", 0.0)
    assert [type(event) for event in told] == [Broken]


def test_dripping_bytes_do_not_buy_time() -> None:
    framer = Framer(LIMITS)
    data = message(b"body")
    for number, byte in enumerate(data[:30]):
        framer.feed(bytes([byte]), number * 0.3)
    assert framer.deadline == 10.0
    assert framer.tick(9.9) == []
    assert [type(event) for event in framer.tick(10.0)] == [Broken]
    assert framer.feed(data[30:], 10.1) == []


def test_each_message_has_its_own_time() -> None:
    framer = Framer(LIMITS)
    framer.feed(message() + b"OPT", 0.0)
    framer.feed(b"I", 3.0)
    assert framer.deadline == 10.0
    framer.feed(message()[4:], 9.0)
    assert framer.deadline is None
    framer.feed(b"O", 20.0)
    assert framer.deadline == 30.0
