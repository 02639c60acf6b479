"""Core's end of the control socket, in virtual time: no worker answers, or one that is played."""

import asyncio

import msgspec

from foundation.frames import FrameReader, pack
from telephony.media import protocol as p
from telephony.media.client import SOON_S, MediaClient, Reply
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

            client.tell(p.Release(rid=0, leg=leg), on_reply)

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

    assert [type(reply) for reply in replies] == [p.Failed]
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
