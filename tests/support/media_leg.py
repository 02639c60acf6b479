"""One leg of the media plane without a network: its sockets are lists."""

import ctypes
from dataclasses import dataclass, field
from typing import ClassVar, cast

from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.lanes.lanes import Lane, from_network_order, in_network_order
from telephony.media.lanes.native import Library
from telephony.media.options import WorkerOptions
from telephony.media.packets.ports import PortPair
from telephony.media.packets.rtp import RtpPacket
from telephony.media.packets.stream import OutStream
from telephony.media.session import Session

Source = tuple[str, int]
PHONE: Source = ("127.0.0.1", 4000)
STRANGER: Source = ("127.0.0.1", 6666)
VOICE = b"\x10" * 160
SEND = 2
"lanes.c"


@dataclass
class FakeSocket:
    """Datagrams that wait to be read, and those that were sent."""

    waiting: list[tuple[bytes, Source]] = field(default_factory=list)
    sent: list[tuple[bytes, Source]] = field(default_factory=list)
    peer: Source | None = None
    "The only one whose datagrams come in."
    refused: int = 0
    "Datagrams of others."

    def arrive(self, data: bytes, source: Source) -> bool:
        if self.peer not in (None, source):
            self.refused += 1
            return False
        self.waiting.append((data, source))
        return True

    def recv_into(self, buffer: bytearray) -> int:
        return self.recvfrom_into(buffer)[0]

    def send(self, data: memoryview) -> int:
        assert self.peer is not None
        return self.sendto(bytes(data), self.peer)

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, Source]:
        if not self.waiting:
            raise BlockingIOError
        data, source = self.waiting.pop(0)
        buffer[: len(data)] = data
        return len(data), source

    def recvfrom(self, _most: int) -> tuple[bytes, Source]:
        return self.waiting.pop(0)

    def sendto(self, data: bytes, target: Source) -> int:
        self.sent.append((data, target))
        return len(data)


@dataclass
class _Pair:
    port: int
    rtp: FakeSocket
    rtcp: FakeSocket
    can_narrow: bool

    def narrow(self, peer: Source) -> FakeSocket | None:
        if self.can_narrow:
            self.rtp.peer = peer
        return self.rtp if self.can_narrow else None

    def widen(self) -> None:
        self.rtp.peer = None


@dataclass
class Leg:
    """A session and what its phone can see and do; with a `library` C has each packet first."""

    default_library: ClassVar[Library | None] = None
    default_can_narrow: ClassVar[bool] = True
    "Set by the fixture `each_loop`."

    rtp: FakeSocket = field(default_factory=FakeSocket)
    rtcp: FakeSocket = field(default_factory=FakeSocket)
    digits: list[tuple[str, float]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    seq: int = 100
    name: str = "l-1"
    serves_g722: bool = False
    serves_opus: bool = False
    srtp_key: bytes = b""
    began_at: float = 0.0
    "Before a restart of the worker; 0: there was none."
    now: float = 0.0
    library: Library | None = field(default_factory=lambda: Leg.default_library)
    can_narrow: bool = field(default_factory=lambda: Leg.default_can_narrow)

    def __post_init__(self) -> None:
        lane = None if self.library is None else Lane(0)
        stream = OutStream if lane is None else lane.stream
        can_narrow = self.can_narrow and lane is None
        pair = cast(PortPair, _Pair(30000, self.rtp, self.rtcp, can_narrow))
        self.session = Session(
            self.name,
            "c-1",
            pair,
            stream(55, self.now, restarted=bool(self.began_at), began_at=self.began_at),
            Negotiation(
                LocalEnd(1, 1, "127.0.0.1", 30000, self.srtp_key),
                serves_g722=self.serves_g722,
                serves_opus=self.serves_opus,
            ),
            WorkerOptions(socket=""),
            self,
            self.now,
            lane,
        )
        self.session.began_at = self.began_at or self.now

    def digit_heard(self, session: Session, digit: str, at_s: float) -> None:
        assert session is self.session
        self.digits.append((digit, at_s))

    def play_ended(self, session: Session, play_id: str) -> None:
        assert session is self.session
        self.ended.append(play_id)

    def secured(self, session: Session, kept: bytes) -> None:
        assert session is self.session
        self.kept.append(kept)

    def offer(self, text: str, now: float = 0.0) -> None:
        self.session.negotiation.answer(text)
        self.session.agreed(now)

    def say(
        self, payload: bytes = VOICE, now: float = 0.0, source: Source = PHONE, kind: int = 0
    ) -> None:
        self.seq += 1
        rtp_ts = self.seq * 160 & 0xFFFFFFFF
        packet = RtpPacket(kind, self.seq & 0xFFFF, rtp_ts, 9, payload)
        self.receive(bytes(packet), now, source)

    def receive(self, data: bytes, now: float = 0.0, source: Source = PHONE) -> None:
        if self.library is not None and self._is_usual(self.library, data, now, source):
            return
        if self.rtp.arrive(data, source):
            self.session.on_rtp(now)

    def _is_usual(self, library: Library, data: bytes, now: float, source: Source) -> bool:
        """What `lanes_drain` does with what it has read."""
        assert self.session.lane is not None
        packet = ctypes.create_string_buffer(data, len(data) + 1)
        lane = ctypes.byref(self.session.lane.shared)
        fate = library.lane_take(lane, packet, len(data), *in_network_order(source), now)
        if fate == SEND:
            hearer = self.session.connected
            assert hearer is not None
            assert hearer.lane is not None
            shared = hearer.lane.shared
            target = from_network_order(shared.target_address, shared.target_port)
            hearer.pair.rtp.sendto(packet.raw[: len(data)], target)
        return bool(fate)

    @property
    def ignored(self) -> int:
        """Datagrams of others, whoever refused them."""
        return self.rtp.refused + self.session.latch.ignored

    @property
    def heard(self) -> list[RtpPacket]:
        return [RtpPacket.parse(data) for data, _ in self.rtp.sent]
