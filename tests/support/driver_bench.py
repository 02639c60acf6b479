"""The driver without a network: an rtpengine of a few lines, and a plane that notes."""

from dataclasses import dataclass, field

from telephony.media import protocol as p
from telephony.media.admission import Admission
from telephony.media.errors import PromptUnusable
from telephony.media.rtpengine import bencode
from telephony.media.rtpengine.bencode import Value
from telephony.media.rtpengine.description import described
from telephony.media.rtpengine.driver import Driver
from telephony.media.rtpengine.ng import NgClient
from telephony.media.rtpengine.watch import Watch
from telephony.media.rtpengine.wiring import Wiring
from tests.support.media_phone import sdp

LOST_S = 9.0
PLAY_S = 2.0
_PCMU = [(0, "PCMU"), (101, "telephone-event")]


@dataclass
class EngineCall:
    """What the fake keeps of a call."""

    ports: dict[str, int] = field(default_factory=dict)
    pairs: dict[str, str] = field(default_factory=dict)
    playing: dict[str, str] = field(default_factory=dict)
    copied: dict[str, str] = field(default_factory=dict)
    "By the tag that is sent the copy: whose it is."
    packets: dict[str, int] = field(default_factory=dict)
    transcoded: set[str] = field(default_factory=set)


class FakeRtpengine:
    """Does what the real one does with offers, plays and subscriptions, as far as is asked here."""

    def __init__(self) -> None:
        self.calls: dict[str, EngineCall] = {}
        self.verbs: list[str] = []
        self.refuses: set[str] = set()
        self.is_dead = False
        self._next_port = 30000

    def answer(self, data: bytes) -> bytes:
        cookie, _, body = data.partition(b" ")
        asked = bencode.parse(body)
        assert isinstance(asked, dict)
        self.verbs.append(str(asked["command"]))
        return cookie + b" " + bencode.encode(self._do(asked))

    def _do(self, asked: dict[str, Value]) -> dict[str, Value]:
        verb, name = str(asked["command"]), str(asked.get("call-id", ""))
        if verb == "ping":
            return {"result": "pong"}
        if verb == "offer":
            self.calls.setdefault(name, EngineCall())
        if name not in self.calls:
            return {"result": "error", "error-reason": "Unknown call-id"}
        if verb in self.refuses:
            return {"result": "error", "error-reason": "not this time"}
        more = self._do_in(self.calls[name], name, verb, asked)
        return {"result": "ok", **more}

    def _do_in(
        self, call: EngineCall, name: str, verb: str, asked: dict[str, Value]
    ) -> dict[str, Value]:
        tag, other = str(asked.get("from-tag", "")), str(asked.get("to-tag", ""))
        match verb:
            case "offer" | "subscribe request":
                call.transcoded.discard(tag)
                if "codec" in asked:
                    call.transcoded.add(tag)
                return {"sdp": self._side(call, other)}
            case "answer":
                self._pair(call, tag, other)
                return {"sdp": self._side(call, tag)}
            case "play media":
                call.playing[tag] = str(asked["file"])
            case "stop media":
                call.playing.pop(tag, None)
            case "subscribe answer":
                call.copied[other] = tag
            case "unsubscribe":
                call.copied.pop(other, None)
            case "query":
                return {"tags": {t: _counted(n) for t, n in call.packets.items()}}
            case _:
                assert verb == "delete"
                self._delete(call, name, tag)
        return {}

    def _pair(self, call: EngineCall, tag: str, other: str) -> None:
        for each in (tag, other):
            call.pairs.pop(call.pairs.pop(each, ""), None)
        call.pairs[tag], call.pairs[other] = other, tag

    def _side(self, call: EngineCall, tag: str) -> str:
        if tag not in call.ports:
            call.ports[tag] = self._next_port
            self._next_port += 2
        return described("10.0.0.1", call.ports[tag], _PCMU)

    def _delete(self, call: EngineCall, name: str, tag: str) -> None:
        if not tag:
            del self.calls[name]
            return
        for kept in (call.ports, call.playing, call.packets):
            kept.pop(tag, None)
        call.pairs.pop(call.pairs.pop(tag, ""), None)


def _counted(packets: int) -> Value:
    return {"medias": [{"streams": [{"stats": {"packets": packets}}]}]}


class FakeJukebox:
    def file(self, items: list[str]) -> tuple[str, float]:
        if "missing.wav" in items:
            raise PromptUnusable("missing.wav cannot be played")
        return "+".join(items), PLAY_S


class DriverBench:
    """Asks the driver as core does; datagrams take no time, unless rtpengine is dead."""

    def __init__(self) -> None:
        self.engine = FakeRtpengine()
        self.inner: list[p.Request] = []
        self.events: list[p.Event] = []
        self.listeners: set[str] = set()
        "Whose streams go on, as `ListenIn` names them."
        self.refused: type[p.Request] | None = None
        "Our own plane does not do this."
        self.now = 100.0
        self._sent: list[bytes] = []
        wiring = Wiring(self._own, FakeJukebox(), "x-", ("127.0.0.1", 9), "127.0.0.1")
        self.driver = Driver(
            wiring=wiring,
            inner=self._own,
            jukebox=FakeJukebox(),
            admission=Admission(100, 0.7, 3),
            watch=Watch(LOST_S),
            prefix="x-",
            tell=self.events.append,
            transmit=self._sent.append,
            ng=NgClient("t_"),
            is_listening=lambda who: who in self.listeners,
        )

    def _own(self, request: p.Request) -> p.Done | p.Failed:
        self.inner.append(request)
        if self.refused is not None and isinstance(request, self.refused):
            return p.Failed(rid=0, status=503, sentence="not now")
        if isinstance(request, p.ListenIn):
            self.listeners.add(request.listen_id)
        return p.Done(rid=0, port=40000 + 2 * len(self.inner), sdp=sdp(40000))

    def try_to(self, request: p.Request) -> p.Done | p.Failed | None:
        """None: not answered yet."""
        replies: list[p.Done | p.Failed] = []
        self.driver.handle(request, self.now, replies.append)
        self.pump()
        return replies[0] if replies else None

    def ask(self, request: p.Request) -> p.Done:
        reply = self.try_to(request)
        assert isinstance(reply, p.Done), reply
        return reply

    def pump(self) -> None:
        while self._sent:
            data = self._sent.pop(0)
            if not self.engine.is_dead:
                self.driver.on_ng(self.engine.answer(data), self.now)

    def wait(self, seconds: float) -> None:
        """In steps of 100 ms, as the shell does."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            for each in self.driver.due(self.now):
                each()
            self.pump()

    @property
    def call(self) -> EngineCall:
        return self.engine.calls["x-c-1"]

    def talk(self) -> None:
        """Caller and agent hear each other."""
        self.ask(p.Offer(rid=1, leg="l-a", call="c-1", sdp=sdp(4000)))
        self.ask(p.Offer(rid=2, leg="l-b", call="c-1"))
        self.ask(p.Answer(rid=3, leg="l-b", sdp=sdp(4002)))
        self.ask(p.Connect(rid=4, a="l-a", b="l-b"))
        self.inner.clear()

    def inner_kinds(self, kind: type[p.Request]) -> list[p.Request]:
        return [request for request in self.inner if isinstance(request, kind)]
