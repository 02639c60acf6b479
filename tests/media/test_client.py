"""Core's end of the control socket, in virtual time: no worker answers, or one that is played."""

import asyncio

import msgspec
import pytest
from msgspec import structs

from foundation.frames import FrameReader, FrameTooLong, pack
from telephony.media import protocol as p
from telephony.media.client import SOON_S, MediaClient, Reply, _Link
from tests.support.virtual_time import run_virtual

TIMEOUT_S = 3.0


def test_each_request_fails_when_its_own_time_is_over() -> None:
    failed: list[tuple[float, str]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)

        def ask(leg: str) -> None:
            def on_reply(reply: Reply) -> None:
                assert isinstance(reply, p.Failed)
                failed.append((loop.time(), leg))
                if leg == "l-1":
                    ask("l-4")

            client.tell(p.Play(rid=0, leg=leg, play_id="p", items=["a prompt"]), on_reply)

        ask("l-1")
        await asyncio.sleep(1.0)
        ask("l-2")
        ask("l-3")
        await asyncio.sleep(10.0)
        ask("l-5")
        await asyncio.sleep(10.0)

    run_virtual(main())

    assert failed == [(3.0, "l-1"), (4.0, "l-2"), (4.0, "l-3"), (6.0, "l-4"), (14.0, "l-5")]


def test_requests_under_way_share_one_timer() -> None:
    async def main() -> None:
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        timers = 0
        loop = asyncio.get_running_loop()
        for leg in range(100):
            client.tell(p.Release(rid=0, leg=f"l-{leg}"))
        timers = len(loop._scheduled)  # type: ignore[attr-defined]  # asyncio's own heap
        assert timers == 1
        await asyncio.sleep(TIMEOUT_S)

    run_virtual(main())


class Line(asyncio.WriteTransport):
    """Where the client writes; `told` is what has come, one list for each write."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[list[p.Request]] = []
        self._frames = FrameReader()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        frames = self._frames.feed(bytes(data))
        self.told.append([msgspec.msgpack.decode(frame, type=p.Request) for frame in frames])

    def close(self) -> None:
        pass


def connect(client: MediaClient, worker: str = "w-1") -> Line:
    """As `run` does it when a worker greets."""
    line = Line()
    client._writer = line
    welcome = p.Welcome(version=p.PROTOCOL_VERSION, worker=worker, capabilities=[])
    client._take(msgspec.msgpack.encode(welcome))
    return line


def keep(leg: str, record: bytes) -> p.Keep:
    return p.Keep(rid=0, leg=leg, record=record)


def test_urgent_records_go_at_once_and_take_along_what_has_waited() -> None:
    async def main() -> Line:
        client = MediaClient("nowhere", lambda event: None)
        line = connect(client)
        client.keep("l-1", b"rings", is_urgent=False)
        client.write_urgent()
        assert line.told == []
        client.keep("l-2", b"answered")
        client.tell(p.Release(rid=0, leg="l-3"))
        client.write_urgent()
        assert len(line.told) == 1, "before the datagram that it is about"
        await asyncio.sleep(1.0)
        return line

    line = run_virtual(main())

    [[rings, answered, release]] = line.told
    assert (rings, answered) == (keep("l-1", b"rings"), keep("l-2", b"answered"))
    assert isinstance(release, p.Release)


def test_a_record_that_is_not_urgent_goes_soon_or_gives_way_to_a_newer_one() -> None:
    async def main() -> Line:
        client = MediaClient("nowhere", lambda event: None)
        line = connect(client)
        client.keep("l-1", b"rings", is_urgent=False)
        await asyncio.sleep(SOON_S / 2)
        assert line.told == []
        client.keep("l-1", b"answered", is_urgent=False)
        await asyncio.sleep(SOON_S)
        return line

    line = run_virtual(main())

    assert line.told == [[keep("l-1", b"answered")]]


def test_records_that_a_worker_has_missed_are_told_when_it_is_there_again() -> None:
    async def main() -> Line:
        client = MediaClient("nowhere", lambda event: None)
        first = connect(client)
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs"))
        await asyncio.sleep(0)
        [[offered]] = first.told
        client._take(msgspec.msgpack.encode(p.Done(rid=offered.rid, port=30000)))
        client._went_down()
        client.keep("l-1", b"of a leg that is there")
        client.tell(p.Offer(rid=0, leg="l-2", call="c", sdp="theirs"))
        client.keep("l-2", b"of one that is not")
        line = connect(client)
        await asyncio.sleep(0)
        return line

    line = run_virtual(main())

    [[offer, *records]] = line.told
    assert isinstance(offer, p.Offer)
    assert offer.leg == "l-2"
    assert records == [keep("l-1", b"of a leg that is there"), keep("l-2", b"of one that is not")]


def test_frames_may_come_in_any_pieces() -> None:
    replies: list[Reply] = []

    async def main() -> None:
        client = MediaClient("nowhere", lambda event: None)
        connect(client)
        client.tell(p.Release(rid=0, leg="l-1"), replies.append)
        client.tell(p.Release(rid=0, leg="l-2"), replies.append)
        reader = FrameReader()
        done = [pack(msgspec.msgpack.encode(p.Done(rid=rid))) for rid in (1, 2)]
        for byte in b"".join(done):
            for frame in reader.feed(bytes([byte])):
                client._take(frame)

    run_virtual(main())

    assert [reply.rid for reply in replies] == [1, 2]


def test_a_release_that_came_too_late_is_told_to_the_worker_that_comes_back() -> None:
    """Nobody else would ever end the session: its ports would be lost to all later calls."""

    async def main() -> tuple[list[Reply], list[Line], MediaClient]:
        replies: list[Reply] = []
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        first = connect(client)
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs"))
        await asyncio.sleep(0)
        [[offered]] = first.told
        client._take(msgspec.msgpack.encode(p.Done(rid=offered.rid, port=30000)))
        client._went_down()
        client.tell(p.Release(rid=0, leg="l-1", ended_by="caller"), replies.append)
        await asyncio.sleep(10 * TIMEOUT_S)
        same = connect(client)
        await asyncio.sleep(0)
        client._went_down()
        another = connect(client, worker="w-2")
        await asyncio.sleep(0)
        [[*_, released]] = another.told
        client._take(msgspec.msgpack.encode(p.Done(rid=released.rid)))
        client._went_down()
        later = connect(client, worker="w-3")
        await asyncio.sleep(0)
        return replies, [same, another, later], client

    replies, [same, another, later], client = run_virtual(main())

    assert [type(reply) for reply in replies] == [p.Done], "nobody need do anything about it"
    for line in (same, another):
        [[told]] = line.told
        assert isinstance(told, p.Release), "and no Offer, which would open it again"
        assert (told.leg, told.ended_by) == ("l-1", "caller")
    assert later.told == []
    assert not client.desired.has_leg("l-1")


def test_what_nobody_was_to_hear_is_not_heard_after_a_long_outage() -> None:
    """Card digits are hidden and a recording that was ended stays so, though the worker was away
    for longer than anybody waits for its word."""

    async def main() -> tuple[list[p.Request], list[str]]:
        ended: list[str] = []

        def hear(event: p.Event) -> None:
            if isinstance(event, p.TapEnded):
                ended.append(event.tap_id)

        client = MediaClient("nowhere", hear, timeout_s=TIMEOUT_S)
        first = connect(client)
        for leg in ("l-1", "l-2"):
            client.tell(p.Offer(rid=0, leg=leg, call="c", sdp="theirs"))
        client.tell(p.Tap(rid=0, tap_id="r-1", left="l-1", right="l-2", file="r-1.wav"))
        await asyncio.sleep(0)
        for request in first.told[0]:
            client._take(msgspec.msgpack.encode(p.Done(rid=request.rid, port=30000)))
        client._went_down()
        client.tell(p.Hide(rid=0, leg="l-1", what=p.Hidden.ALL))
        client.tell(p.Hide(rid=0, leg="l-2", what=p.Hidden.ALL))
        client.tell(p.Untap(rid=0, tap_id="r-1"))
        await asyncio.sleep(TIMEOUT_S / 2)
        client.tell(p.Hide(rid=0, leg="l-2", what=p.Hidden.NOTHING))
        await asyncio.sleep(10 * TIMEOUT_S)
        another = connect(client, worker="w-2")
        await asyncio.sleep(0)
        return another.told[0], ended

    told, ended = run_virtual(main())

    assert not [request for request in told if isinstance(request, p.Tap)]
    assert ended == ["r-1"]
    hidden: dict[str, p.Hidden] = {}
    for request in told:
        if isinstance(request, p.Offer):
            hidden[request.leg] = request.hidden
        elif isinstance(request, p.Hide):
            hidden[request.leg] = request.what
    assert hidden == {"l-1": p.Hidden.ALL, "l-2": p.Hidden.NOTHING}


def test_a_hold_a_parting_and_the_end_of_music_outlast_a_long_outage() -> None:
    """The call goes by what it has asked for; a worker that never hears of it would play music
    over a talk, or let two hear each other who are not to."""

    async def main() -> tuple[list[p.Request], list[Reply]]:
        replies: list[Reply] = []
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        first = connect(client)
        for leg in ("l-1", "l-2", "l-3"):
            client.tell(p.Offer(rid=0, leg=leg, call="c", sdp="theirs"))
        client.tell(p.Connect(rid=0, a="l-1", b="l-2"))
        client.tell(p.Play(rid=0, leg="l-1", play_id="music", items=["m"], loop=True))
        client.tell(p.Hear(rid=0, leg="l-1", sources=[p.Source(leg="l-3")]))
        client.tell(p.Tap(rid=0, tap_id="r-1", left="l-1", right="l-2", file="f", paused=True))
        await asyncio.sleep(0)
        for request in first.told[0]:
            client._take(msgspec.msgpack.encode(p.Done(rid=request.rid, port=30000)))
        client._went_down()
        client.tell(p.Stop(rid=0, leg="l-1"), replies.append)
        client.tell(p.Hold(rid=0, leg="l-2", on=True), replies.append)
        client.tell(p.Hear(rid=0, leg="l-1", sources=[]), replies.append)
        client.tell(p.Disconnect(rid=0, leg="l-1"), replies.append)
        client.tell(p.PauseTap(rid=0, tap_id="r-1", on=False), replies.append)
        moved = p.Tap(rid=0, tap_id="r-1", left="l-1", right="l-3", file="f")
        client.tell(moved, replies.append)
        await asyncio.sleep(10 * TIMEOUT_S)
        another = connect(client, worker="w-2")
        await asyncio.sleep(0)
        return another.told[0], replies

    told, replies = run_virtual(main())

    assert [type(reply) for reply in replies] == [p.Done] * 6
    kinds = [type(request) for request in told]
    assert kinds[:3] == [p.Offer] * 3
    assert p.Connect not in kinds
    assert p.Play not in kinds
    assert p.Hold(rid=0, leg="l-2", on=True) in [structs.replace(each, rid=0) for each in told]
    assert not [each for each in told if isinstance(each, p.Hear) and each.sources]
    taps = [each for each in told if isinstance(each, p.Tap)]
    assert {(tap.right, tap.paused) for tap in taps} == {("l-3", False)}


def test_who_hears_whom_and_music_outlast_a_long_outage() -> None:
    """A caller on hold hears music, and not what the agent says meanwhile; nobody loses the call
    because the worker is away at the moment when two are to be connected."""

    async def main() -> tuple[list[p.Request], list[Reply]]:
        replies: list[Reply] = []
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        first = connect(client)
        for leg in ("l-1", "l-2", "l-3"):
            client.tell(p.Offer(rid=0, leg=leg, call="c", sdp="theirs"))
        await asyncio.sleep(0)
        for request in first.told[0]:
            client._take(msgspec.msgpack.encode(p.Done(rid=request.rid, port=30000)))
        client._went_down()
        client.tell(p.Connect(rid=0, a="l-1", b="l-2"), replies.append)
        client.tell(p.Play(rid=0, leg="l-1", play_id="m", items=["m"], loop=True), replies.append)
        client.tell(p.Hear(rid=0, leg="l-3", sources=[p.Source(leg="l-1")]), replies.append)
        await asyncio.sleep(10 * TIMEOUT_S)
        another = connect(client, worker="w-2")
        await asyncio.sleep(0)
        return another.told[0], replies

    told, replies = run_virtual(main())

    assert [type(reply) for reply in replies] == [p.Done] * 3
    assert [type(request) for request in told[:6]] == [p.Offer] * 3 + [p.Connect, p.Hear, p.Play]


async def two_legs(client: MediaClient, *, ours: str = "") -> None:
    """A worker has them, and is gone; `ours`: the leg to which the offer was ours."""
    first = connect(client)
    for leg in ("l-1", "l-2"):
        sdp = "" if leg == ours else "theirs"
        client.tell(p.Offer(rid=0, leg=leg, call="c", sdp=sdp))
    await asyncio.sleep(0)
    for request in first.told[0]:
        client._take(msgspec.msgpack.encode(p.Done(rid=request.rid, port=30000)))
    client._went_down()


@pytest.mark.parametrize("can", [True, False], ids=["it records", "its disk is full"])
def test_a_recording_that_begins_in_a_long_outage_begins_with_the_next_worker(can: bool) -> None:
    """The talk goes on, and is to be recorded; of one that can't be, the end is told once."""

    async def main() -> tuple[list[Reply], list[p.Request], list[p.Event]]:
        told: list[p.Event] = []
        replies: list[Reply] = []
        client = MediaClient("nowhere", told.append, timeout_s=TIMEOUT_S)
        await two_legs(client)
        tap = p.Tap(rid=0, tap_id="r-1", left="l-1", right="l-2", file="r-1.wav")
        client.tell(tap, replies.append)
        client.tell(p.Tap(rid=0, tap_id="r-2", left="l-1", right="l-9", file="f"), replies.append)
        await asyncio.sleep(10 * TIMEOUT_S)
        another = connect(client, worker="w-2")
        await asyncio.sleep(0)
        for request in another.told[0]:
            reply: Reply = p.Done(rid=request.rid)
            if isinstance(request, p.Tap) and not can:
                reply = p.Failed(rid=request.rid, status=503, sentence="no room")
            client._take(msgspec.msgpack.encode(reply))
        return replies, another.told[0], told

    replies, asked, told = run_virtual(main())

    assert [type(reply) for reply in replies] == [p.Done, p.Failed], "one needs legs that are there"
    assert {each.tap_id for each in asked if isinstance(each, p.Tap)} == {"r-1"}
    ended = [(each.tap_id, each.complete) for each in told if isinstance(each, p.TapEnded)]
    assert ended == ([] if can else [("r-1", False)])


def test_a_recording_that_is_over_before_the_outage_is_has_one_end_and_no_file() -> None:
    async def main() -> tuple[list[p.Request], list[p.Event]]:
        told: list[p.Event] = []
        client = MediaClient("nowhere", told.append, timeout_s=TIMEOUT_S)
        await two_legs(client)
        client.tell(p.Tap(rid=0, tap_id="r-1", left="l-1", right="l-2", file="r-1.wav"))
        await asyncio.sleep(10 * TIMEOUT_S)
        client.tell(p.Untap(rid=0, tap_id="r-1"))
        await asyncio.sleep(10 * TIMEOUT_S)
        another = connect(client, worker="w-2")
        await asyncio.sleep(0)
        return another.told[0], told

    asked, told = run_virtual(main())

    assert not [each for each in asked if isinstance(each, p.Tap | p.Untap)]
    assert [type(each) for each in told] == [p.TapEnded]


@pytest.mark.parametrize("worker", ["w-1", "w-2"], ids=["the same worker", "another"])
def test_a_phone_that_is_picked_up_in_a_long_outage_is_spoken_with_after_it(worker: str) -> None:
    """It was hung up on after 3 s, and its agent had not answered."""

    async def main() -> tuple[list[Reply], list[Reply], list[p.Request]]:
        replies: list[Reply] = []
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        await two_legs(client, ours="l-2")
        client.tell(p.Answer(rid=0, leg="l-2", sdp="the phone's"), replies.append)
        client.tell(p.Answer(rid=0, leg="l-9", sdp="of nobody"), replies.append)
        await asyncio.sleep(10 * TIMEOUT_S)
        before = list(replies)
        another = connect(client, worker)
        await asyncio.sleep(0)
        for request in another.told[0]:
            done = p.Done(rid=request.rid, port=30000, codec="PCMA")
            client._take(msgspec.msgpack.encode(done))
        await asyncio.sleep(10 * TIMEOUT_S)
        return before, replies[len(before) :], another.told[0]

    before, after, asked = run_virtual(main())

    assert [type(each) for each in before] == [p.Failed], "of the leg that is not there"
    assert [each.codec for each in after if isinstance(each, p.Done)] == ["PCMA"]
    assert [each.sdp for each in asked if isinstance(each, p.Answer)] == ["the phone's"]


def test_what_a_call_does_without_when_it_fails_is_not_done_after_an_outage() -> None:
    """Somebody was told that it failed, and has gone on."""

    async def main() -> list[list[p.Request]]:
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        client.tell(p.Play(rid=0, leg="l-1", play_id="p", items=["m"]))
        client.tell(p.Connect(rid=0, a="l-1", b="l-2"))
        client.tell(p.Hear(rid=0, leg="l-1", sources=[p.Source(leg="l-3")]))
        client.tell(p.PauseTap(rid=0, tap_id="r-1", on=True))
        client.tell(p.SendDigits(rid=0, leg="l-1", digits="1"))
        client.tell(p.Hide(rid=0, leg="l-1", what=p.Hidden.KEYS))
        await asyncio.sleep(10 * TIMEOUT_S)
        line = connect(client)
        await asyncio.sleep(0)
        return line.told

    assert run_virtual(main()) == []


@pytest.mark.parametrize("worker", ["w-1", "w-2"], ids=["the same worker", "another"])
def test_digits_that_may_have_been_dialled_are_not_dialled_again(worker: str) -> None:
    """Of a link that broke nobody knows what came through it; a key that is pressed twice leads
    somewhere else, one that is lost can be pressed again."""

    async def main() -> tuple[list[p.Request], list[str]]:
        failed: list[str] = []
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)

        def dial(digits: str) -> None:
            request = p.SendDigits(rid=0, leg="l-1", digits=digits)
            client.tell(request, lambda reply: failed.append(digits))

        dial("0")
        connect(client)
        client.tell(p.Hold(rid=0, leg="l-1", on=True))
        dial("1")
        await asyncio.sleep(0)
        dial("2")
        client._went_down()
        client._went_down()
        dial("3")
        line = connect(client, worker)
        await asyncio.sleep(0)
        return [request for told in line.told for request in told], failed

    told, failed = run_virtual(main())

    assert failed == ["0", "1"]
    assert [type(request) for request in told] == [p.Hold, p.SendDigits, p.SendDigits]
    assert [each.digits for each in told if isinstance(each, p.SendDigits)] == ["2", "3"]


def test_a_stuck_worker_goes_back_to_what_was_agreed_before_an_offer_that_came_too_late() -> None:
    """The phone was refused its hold, and talks on; the worker would hold all the same."""

    async def main() -> tuple[list[p.Request], list[p.Request], MediaClient]:
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        line = connect(client)
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs"))
        await asyncio.sleep(0)
        client._take(msgspec.msgpack.encode(p.Done(rid=1, port=30000)))
        line.told.clear()
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs, on hold"))
        await asyncio.sleep(10 * TIMEOUT_S)
        told = [request for each in line.told for request in each]
        for request in told:
            client._take(msgspec.msgpack.encode(p.Done(rid=request.rid, port=30000)))
        client._went_down()
        another = connect(client, worker="w-2")
        await asyncio.sleep(0)
        return told, another.told[0], client

    told, rebuilt, _ = run_virtual(main())

    offers = [each.sdp for each in told if isinstance(each, p.Offer)]
    assert offers == ["theirs, on hold", "theirs"]
    assert [each.sdp for each in rebuilt if isinstance(each, p.Offer)] == ["theirs"]


def test_an_offer_that_fails_in_an_outage_leaves_the_next_worker_with_what_was_agreed() -> None:
    async def main() -> list[p.Request]:
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        line = connect(client)
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs"))
        await asyncio.sleep(0)
        client._take(msgspec.msgpack.encode(p.Done(rid=1, port=30000)))
        client._went_down()
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs, on hold"))
        await asyncio.sleep(10 * TIMEOUT_S)
        line = connect(client, worker="w-2")
        await asyncio.sleep(0)
        return line.told[0]

    told = run_virtual(main())

    assert {each.sdp for each in told if isinstance(each, p.Offer)} == {"theirs"}


@pytest.mark.parametrize(
    "later",
    [p.Release(rid=0, leg="l-1"), p.Offer(rid=0, leg="l-1", call="c", sdp="theirs, resumed")],
    ids=["released", "offered anew"],
)
def test_what_came_after_an_offer_that_failed_is_not_undone(
    later: p.Release | p.Offer,
) -> None:
    async def main() -> list[p.Request]:
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        line = connect(client)
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs"))
        await asyncio.sleep(0)
        client._take(msgspec.msgpack.encode(p.Done(rid=1, port=30000)))
        line.told.clear()
        client.tell(p.Offer(rid=0, leg="l-1", call="c", sdp="theirs, on hold"))
        await asyncio.sleep(TIMEOUT_S / 2)
        client.tell(later)
        await asyncio.sleep(0.75 * TIMEOUT_S)
        return [request for each in line.told for request in each]

    told = run_virtual(main())

    assert [structs.replace(each, rid=0) for each in told][1:] == [later]


async def told_by_link(data: bytes) -> list[object]:
    """What a connection hands on of bytes that come at once, and how it ended, if it did."""
    told: list[object] = []
    link = _Link(told.append, lambda: told.append("read"))
    link.get_buffer(-1)[: len(data)] = data
    link.buffer_updated(len(data))
    return [*told, type(link.ended.exception())] if link.ended.done() else told


def test_what_came_at_once_is_taken_before_phones_are_told_of_any_of_it() -> None:
    told = run_virtual(told_by_link(pack(b"one") + pack(b"two")))

    assert told == [b"one", b"two", "read"]


def test_what_is_no_frame_ends_the_connection_and_leaves_nobody_waiting() -> None:
    told = run_virtual(told_by_link(b"\xff\xff\xff\xff"))

    assert told == ["read", FrameTooLong]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pack(b"one") + b"\xff\xff\xff\xff", FrameTooLong),
        (pack(b"\xc1") + pack(b"one"), msgspec.DecodeError),
        (pack(b"one") + pack(b"\xc1") + pack(b"\xc1"), msgspec.DecodeError),
    ],
    ids=["before what is no frame", "after what is no message", "before what is no message"],
)
def test_what_came_beside_something_unreadable_is_taken(data: bytes, why: type) -> None:
    """A key, the end of a recording: a worker tells each once."""

    async def main() -> tuple[list[bytes], list[str], BaseException | None]:
        taken: list[bytes] = []
        read: list[str] = []

        def take(frame: bytes) -> None:
            if frame == b"\xc1":
                msgspec.msgpack.decode(frame)
            taken.append(frame)

        link = _Link(take, lambda: read.append("read"))
        link.get_buffer(-1)[: len(data)] = data
        link.buffer_updated(len(data))
        return taken, read, link.ended.exception()

    taken, read, error = run_virtual(main())

    assert taken == [b"one"]
    assert read == ["read"]
    assert isinstance(error, why)
