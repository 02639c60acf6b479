"""Core's end of the control socket: verbs out, replies and events in, whatever happens to either.

    DOWN ── connect, Hello ──▶ GREETING ── Welcome ──▶ UP ── connection lost ──▶ DOWN

When `Welcome` names another worker than before, its sessions are gone: everything that was granted
is asked for again before anything else (`desired`), then what was under way. Requests made while
DOWN wait. When that takes too long they fail with 503, but for those of sessions that are there
(`_is_kept`): these count as done, and are told when there is a worker again. An Answer to an offer
that was made waits for its reply as long as that takes, for nobody else could answer it. Digits
that may have been dialled are not dialled again.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from foundation import frames, unix
from foundation.errors import Unavailable
from foundation.frames import UNREADABLE, FrameReader, FrameTooLong
from telephony.media import protocol as p
from telephony.media.desired import Desired
from telephony.media.errors import MediaRefused

log = logging.getLogger(__name__)

MediaEvent: TypeAlias = p.Event
Reply: TypeAlias = p.Done | p.Failed
OnEvent: TypeAlias = Callable[[MediaEvent], None]
OnReply: TypeAlias = Callable[[Reply], None]

RECONNECT_S = 0.05
SOON_S = 0.05
"Within this a worker hears of what is not urgent."
ROOM_BYTES = 64 * 1024
"Read from a worker at once, at most."
DEFAULT_TIMEOUT_S = 3.0
"A request that is not answered by then fails with 503; a restarted worker is back long before."
_NEVER = math.inf
"When a request is late of which nobody waits for the answer."


@dataclass(slots=True)
class _UnderWay:
    request: p.Request
    on_reply: OnReply
    late_at: float | None
    "None: of a rebuild, which takes as long as it takes."


class _Link(asyncio.BufferedProtocol):
    """One connection: whole frames out, and when and why it ended. One that can't be read ends it;
    those that have come with it are handed on all the same, for nobody would tell them again.

    asyncio's streams would wake a task for each batch of replies, and its plain protocols take a
    quarter of a megabyte from the system for each and give it back.
    """

    def __init__(self, take: Callable[[bytes], None], on_read: Callable[[], None]) -> None:
        self._take = take
        self._on_read = on_read
        self._frames = FrameReader()
        self._room = memoryview(bytearray(ROOM_BYTES))
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        if self.ended.done():
            return  # Nobody knows where a frame begins after one that was too long.
        try:
            for frame in self._split(bytes(self._room[:nbytes])):
                self._hand_on(frame)
        except Unavailable as error:
            self._give_up(error)
        finally:
            self._on_read()

    def _split(self, data: bytes) -> list[bytes]:
        try:
            return self._frames.feed(data)
        except FrameTooLong as error:
            self._give_up(error)
            return error.whole

    def _hand_on(self, frame: bytes) -> None:
        try:
            self._take(frame)
        except UNREADABLE as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _ignore(_reply: Reply) -> None:
    """For requests whose failure says no more than that the call is over."""


class MediaClient:
    """One worker, as core sees it."""

    def __init__(
        self,
        path: str,
        on_event: OnEvent,
        on_rebuilt: Callable[[], None] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_rebuilt` is called after a restarted worker has been told everything again; `on_read`
        when all is taken that the worker has told at once."""
        self.desired = Desired()
        self.worker = ""
        "The run of the worker that we talk to, or talked to last."
        self.capabilities: frozenset[str] = frozenset()
        "What it says that it can do (`Welcome`)."
        self.ended_calls: list[p.EndedCall] = []
        "That a core before us has ended; known after `adopt`."
        self.last_load: p.Load | None = None
        self._path = path
        self._on_event = on_event
        self._on_rebuilt = on_rebuilt
        self._timeout_s = timeout_s
        self._on_read = on_read
        self._rid = 0
        self._under_way: dict[int, _UnderWay] = {}
        self._writer: asyncio.WriteTransport | None = None
        self._unwritten: dict[int | str, p.Request] = {}
        """Told in this turn of the loop: one write for all, for each wakes the worker. By `rid`,
        and the records of legs by leg: of those of one leg in one turn only the last is of use."""
        self._writes_now = False
        self._writes_soon: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        "Not later than the first that is under way is late: one for all, for most are answered."
        self._is_up = asyncio.Event()
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder = msgspec.msgpack.Decoder(p.Message)

    @property
    def is_up(self) -> bool:
        return self._is_up.is_set()

    async def wait_until_up(self) -> None:
        await self._is_up.wait()

    async def run(self) -> None:
        """Keeps a connection until it is cancelled."""
        while True:
            loop = asyncio.get_running_loop()
            try:
                with unix.address(Path(self._path)) as name:
                    self._writer, link = await loop.create_unix_connection(
                        lambda: _Link(self._take, self._on_read), name
                    )
            except OSError:
                await asyncio.sleep(RECONNECT_S)
                continue
            try:
                self._write(p.Hello(version=p.PROTOCOL_VERSION))
                await link.ended
            except (OSError, FrameTooLong, Unavailable, *UNREADABLE) as error:
                log.warning("the connection to the media worker broke: %s", error)
            finally:
                self._went_down()
            await asyncio.sleep(RECONNECT_S)

    async def adopt(self) -> list[p.Session]:
        """The sessions that the worker kept for a core before us; they are ours from now on."""
        done = await self.ask(p.ListSessions(rid=0))
        sessions = done.sessions or []
        self.desired.adopt(done.wanted or [])
        self.desired.adopt(p.Keep(rid=0, leg=each.leg, record=each.record) for each in sessions)
        for ended in done.ended_taps or []:
            # Of one that is not complete there is no more to be said than that it is over.
            if ended.complete:
                self._on_event(ended)
        self.ended_calls = done.ended_calls or []
        return sessions

    async def ask(self, request: p.Request) -> p.Done:
        """Send a request and wait for its reply; raises `MediaRefused`."""
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def settle(reply: Reply) -> None:
            if not answered.done():
                answered.set_result(reply)

        self.tell(request, settle)
        reply = await answered
        if isinstance(reply, p.Failed):
            raise MediaRefused(reply.sentence, reply.status)
        return reply

    def tell(self, request: p.Request, on_reply: OnReply = _ignore) -> None:
        """Send a request; its `rid` is filled in here. `on_reply` is called exactly once.

        Not for a `Keep`, which is not answered: see `keep`.
        """
        assert not isinstance(request, p.Keep), "nobody would answer it"
        rid = self._next_rid()
        request = msgspec.structs.replace(request, rid=rid)
        loop = asyncio.get_running_loop()
        late_at = loop.time() + self._timeout_s
        self._under_way[rid] = _UnderWay(request, on_reply, late_at)
        if self._timer is None:
            self._timer = loop.call_at(late_at, self._time_out)
        if self.is_up:
            self._write(request)

    def keep(self, leg: str, record: bytes, *, is_urgent: bool = True) -> None:
        """`Keep`: a worker that is away now gets it with the rest, when it is there again.

        is_urgent: in this turn of the loop, for what it tells is sent to the phone at its end; else
        with what is said next or within `SOON_S`.
        """
        self.desired.keep(leg, record)
        if self.is_up:
            self._write_record(p.Keep(rid=0, leg=leg, record=record), is_urgent=is_urgent)

    def _next_rid(self) -> int:
        self._rid += 1
        return self._rid

    def _time_out(self) -> None:
        """Fail what is late by now; the others are looked at when the first of them is."""
        assert self._timer is not None
        now = self._timer.when()
        try:
            for rid, it in list(self._under_way.items()):
                if it.late_at is not None and it.late_at <= now:
                    self._give_up(rid)
        finally:
            times = (it.late_at for it in self._under_way.values() if it.late_at is not None)
            next_at = min(times, default=_NEVER)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(next_at, self._time_out) if next_at < _NEVER else None

    def _is_kept(self, request: p.Request) -> bool:
        """Belongs to what is there already, and goes with it: nobody could do without it, or would
        do it instead. Whoever hears that something else has failed does without."""
        has_leg = self.desired.has_leg
        match request:
            case p.Release() | p.Untap() | p.Hold() | p.Stop() | p.Disconnect() | p.Drain():
                return True
            case p.Connect(a=a, b=b):
                return has_leg(a) and has_leg(b)
            case p.Hear(leg=leg, sources=sources):
                return all(has_leg(each) for each in (leg, *(source.leg for source in sources)))
            case p.Play(leg=leg, loop=loop):
                return loop and has_leg(leg)
            case p.Hide(what=what):
                # Of keys that are not hidden core thinks that media passes them on.
                return what is not p.Hidden.KEYS
            case p.PauseTap(on=on):
                return not on
            case p.Tap(tap_id=tap_id, left=left, right=right):
                return self.desired.is_taping(tap_id) or (has_leg(left) and has_leg(right))
            case _:
                return False

    def _give_up(self, rid: int) -> None:
        under_way = self._under_way.get(rid)
        if under_way is None:
            return
        request = under_way.request
        if isinstance(request, p.Answer) and self.desired.has_leg(request.leg):
            under_way.late_at = _NEVER
            return
        if self._is_kept(request):
            log.info("the media worker is away and is told later: %s", type(request).__name__)
            done = p.Done(rid=rid)
            self.desired.granted(request, done)
            # In its old place: of two that contradict each other the later one counts.
            self._under_way[rid] = _UnderWay(request, self._on_late_reply(request), _NEVER)
            under_way.on_reply(done)
            return
        del self._under_way[rid]
        if isinstance(request, p.Offer):
            self._take_back(request)
        under_way.on_reply(p.Failed(rid=rid, status=503, sentence="the media worker is away"))

    def _take_back(self, failed: p.Offer) -> None:
        """An Offer has failed, but a worker that is only slow may do it all the same."""
        leg = failed.leg
        if not self.desired.has_leg(leg):
            # Nobody would ever release it.
            self.desired.forget_leg(leg)
            self.tell(p.Release(rid=0, leg=leg))
        if self._is_settled_later(failed):
            return
        for request in self.desired.exchange(leg):
            # The dialog goes on with what was agreed on before.
            rid = self._next_rid()
            request = msgspec.structs.replace(request, rid=rid)
            self._under_way[rid] = _UnderWay(request, _ignore, _NEVER)
            if self.is_up:
                self._write(request)

    def _is_settled_later(self, failed: p.Offer) -> bool:
        """By a request that was made after it."""
        later = (it.request for rid, it in self._under_way.items() if rid > failed.rid)
        of_dialog = (each for each in later if isinstance(each, p.Offer | p.Answer | p.Release))
        return any(each.leg == failed.leg for each in of_dialog)

    def _write(self, request: p.Request) -> None:
        """At the end of this turn of the loop, with what else it brings."""
        if self._writer is None:
            return
        self._unwritten[request.rid] = request
        self._write_now()

    def _write_record(self, keep: p.Keep, *, is_urgent: bool) -> None:
        if self._writer is None:
            return
        self._unwritten.pop(keep.leg, None)
        self._unwritten[keep.leg] = keep
        if is_urgent:
            self._write_now()
        elif self._writes_soon is None:
            loop = asyncio.get_running_loop()
            self._writes_soon = loop.call_later(SOON_S, self._write_out)

    def _write_now(self) -> None:
        if not self._writes_now:
            self._writes_now = True
            asyncio.get_running_loop().call_soon(self._write_out)

    def write_urgent(self) -> None:
        """What the loop's turn would write at its end: a core that is killed once a phone has been
        told has not written down anything yet."""
        if self._writes_now:
            self._write_out()

    def _write_out(self) -> None:
        self._writes_now = False
        if self._writes_soon is not None:
            self._writes_soon.cancel()
            self._writes_soon = None
        requests = list(self._unwritten.values())
        self._unwritten.clear()
        if self._writer is not None and requests:
            self._writer.write(b"".join(frames.pack(self._encode(each)) for each in requests))

    def _went_down(self) -> None:
        doubtful = self._doubtful_digits() if self.is_up else []
        self._is_up.clear()
        self._unwritten.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        rebuilding = [rid for rid, it in self._under_way.items() if it.late_at is None]
        for rid in rebuilding:
            del self._under_way[rid]
        if rebuilding:
            self.worker = ""  # half rebuilt is not rebuilt: begin again
        for rid in doubtful:
            self._give_up(rid)

    def _doubtful_digits(self) -> list[int]:
        """Written, and nobody knows whether they are dialled: all else may be asked for again."""
        under_way = (it.request for it in self._under_way.values())
        digits = (request.rid for request in under_way if isinstance(request, p.SendDigits))
        return [rid for rid in digits if rid not in self._unwritten]

    def _take(self, frame: bytes) -> None:
        message = self._decoder.decode(frame)
        match message:
            case p.Done() | p.Failed():
                self._replied(message)
            case p.Welcome():
                self._welcomed(message)
            case _:
                self._happened(message)

    def _welcomed(self, welcome: p.Welcome) -> None:
        if welcome.version != p.PROTOCOL_VERSION:
            raise Unavailable(f"the media worker speaks version {welcome.version} of the protocol")
        is_other = welcome.worker != self.worker
        self.worker = welcome.worker
        self.capabilities = frozenset(welcome.capabilities)
        self._is_up.set()
        if is_other:
            self._end_taps()
        waiting = [under_way.request for under_way in self._under_way.values()]
        if is_other:
            self._rebuild()
        for request in waiting:
            self._write(request)
        for keep in self.desired.records():
            self._write_record(keep, is_urgent=False)
        self._write_out()

    def _end_taps(self) -> None:
        """Recordings that the worker before was to end: one that did not even hear of them any more
        has begun none, and its successor is not to begin them now."""
        for tap_id in self.desired.ending_taps():
            self._give_up_tap(tap_id)
            for rid, it in list(self._under_way.items()):
                match it.request:
                    case p.Tap(tap_id=of) | p.PauseTap(tap_id=of) | p.Untap(tap_id=of):
                        if of == tap_id and it.late_at == _NEVER:
                            del self._under_way[rid]
                    case _:
                        pass

    def _rebuild(self) -> None:
        requests = list(self.desired.requests())
        if not requests:
            return
        log.info("rebuilding the media sessions with %d requests", len(requests))
        for request in requests:
            rid = self._next_rid()
            request = msgspec.structs.replace(request, rid=rid)
            self._under_way[rid] = _UnderWay(request, self._on_late_reply(request), None)
            self._write(request)
        rid = self._next_rid()
        last = p.ListSessions(rid=rid)
        self._under_way[rid] = _UnderWay(last, self._rebuild_done, None)
        self._write(last)

    def _on_late_reply(self, request: p.Request) -> OnReply:
        """To what was granted before, or has counted as done."""

        def on_reply(reply: Reply) -> None:
            if isinstance(reply, p.Failed) and isinstance(request, p.Offer | p.Answer):
                log.warning("leg %s is lost: %s", request.leg, reply.sentence)
                self.desired.forget_leg(request.leg)
                self._on_event(p.MediaLost(seq=0, leg=request.leg))
            elif isinstance(reply, p.Failed) and isinstance(request, p.Tap):
                self._give_up_tap(request.tap_id)
            elif isinstance(reply, p.Failed) and isinstance(request, p.Hear):
                self._hear_the_rest(request)

        return on_reply

    def _hear_the_rest(self, failed: p.Hear) -> None:
        """One of the sources is lost, the others are to be heard all the same."""
        wanted = self.desired.hears(failed.leg)
        if wanted is not None and len(wanted.sources) < len(failed.sources):
            self.tell(wanted)

    def _give_up_tap(self, tap_id: str) -> None:
        if not self.desired.knows_tap(tap_id):
            return  # Its end was told.
        sentence = "the media worker was restarted and could not go on with the recording"
        self.desired.tap_ended(tap_id)
        self._on_event(
            p.TapEnded(seq=0, tap_id=tap_id, frames=0, complete=False, sentence=sentence)
        )

    def _rebuild_done(self, _reply: Reply) -> None:
        if self._on_rebuilt is not None:
            self._on_rebuilt()

    def _replied(self, reply: Reply) -> None:
        under_way = self._under_way.pop(reply.rid, None)
        if under_way is None:
            return  # too late: it has timed out
        if isinstance(reply, p.Done):
            self.desired.granted(under_way.request, reply)
        elif isinstance(under_way.request, p.Offer):
            self.desired.refused(under_way.request.leg)
        under_way.on_reply(reply)

    def _happened(self, event: MediaEvent) -> None:
        match event:
            case p.Secured(leg=leg, kept_keys=kept_keys):
                self.desired.secured(leg, kept_keys)
            case p.PlayEnded(leg=leg, play_id=play_id):
                self.desired.play_ended(leg, play_id)
            case p.TapEnded(tap_id=tap_id):
                self.desired.tap_ended(tap_id)
            case p.Load():
                self.last_load = event
            case _:
                pass
        self._on_event(event)
