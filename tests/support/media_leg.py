"""One leg of the media plane without a network: its sockets are lists."""

from dataclasses import dataclass, field
from typing import cast

from telephony.media.negotiation import LocalEnd, Negotiation
from telephony.media.options import WorkerOptions
from telephony.media.ports import PortPair
from telephony.media.rtp import RtpPacket
from telephony.media.session import Session
from telephony.media.stream import OutStream

Source = tuple[str, int]
PHONE: Source = ("127.0.0.1", 4000)
STRANGER: Source = ("127.0.0.1", 6666)
VOICE = b"\x10" * 160


@dataclass
class FakeSocket:
    """Datagrams that wait to be read, and those that were sent."""

    waiting: list[tuple[bytes, Source]] = field(default_factory=list)
    sent: list[tuple[bytes, Source]] = field(default_factory=list)

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, Source]:
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


@dataclass
class Leg:
    """A session and what its phone can see and do."""

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

    def __post_init__(self) -> None:
        pair = cast(PortPair, _Pair(30000, self.rtp, self.rtcp))
        self.session = Session(
            self.name,
            "c-1",
            pair,
            OutStream(55, self.now, restarted=bool(self.began_at), began_at=self.began_at),
            Negotiation(
                LocalEnd(1, 1, "127.0.0.1", 30000, self.srtp_key),
                serves_g722=self.serves_g722,
                serves_opus=self.serves_opus,
            ),
            WorkerOptions(socket=""),
            self,
            self.now,
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
        self.rtp.waiting.append((data, source))
        self.session.on_rtp(now)

    @property
    def heard(self) -> list[RtpPacket]:
        return [RtpPacket.parse(data) for data, _ in self.rtp.sent]
