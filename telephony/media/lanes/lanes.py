"""A leg's lane: what the C loop (`lanes.c`) may do by itself with the leg's packets.

    phone ─RTP─▶ lanes.c ─▶ latch · statistics · tap · the hearer's stream ─▶ phone
                    └ unusual ─▶ session.on_rtp, which may do anything, with the same numbers

There is one truth: statistics, stream and tap keep in memory that C shares those of their numbers
that it needs; everything else about them is as without it. The session tells its lane whenever
something changes that decides how packets go (`speaks`, `hears`). What a lane is not told to be
usual goes to Python: as one packet among others (digits, a source not yet believed) handed up by
C, and as a whole leg (SRTP, G.722, mixing, tones) by Python's own reading of the socket, because
handing up costs as much as the packet itself.
"""

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence

from telephony.media.packets.latch import Source
from telephony.media.packets.rtcp import ReceptionStats
from telephony.media.packets.stream import OutStream
from telephony.media.sound.g711 import Law
from telephony.media.taping.tap import TapSide

FRESH = 4800
"Codes that wait for `LaneSide`: more than a block, so that C need not ask in between."
MOST_BYTES = 2048
_LAW_NUMBERS = {Law.PCMU: 1, Law.PCMA: 2}
_PAYLOAD_TYPES = 128
_HEARS_NOTHING, _HEARS_USUAL, _HEARS_UNUSUAL = range(3)


def _numbers(*names: str) -> list[tuple[str, type[ctypes.c_int64]]]:
    return [(name, ctypes.c_int64) for name in names]


class Reception(ctypes.Structure):
    """What `ReceptionStats` and C share."""

    _fields_ = [
        *_numbers("ssrc", "max_seq", "cycles", "received"),
        ("_transit", ctypes.c_double),
        ("jitter", ctypes.c_double),
        ("heard_at", ctypes.c_double),
    ]


class Stream(ctypes.Structure):
    """What `OutStream` and C share."""

    _fields_ = [
        *_numbers("ssrc", "_feeder", "_relayed_seq", "_relayed_ts", "_seq_offset", "_ts_offset"),
        *_numbers("last_seq", "last_ts", "_last_samples", "packets", "octets"),
        ("_last_at", ctypes.c_double),
    ]


class Side(ctypes.Structure):
    """What `TapSide` and C share: codes that continue its buffer."""

    _fields_ = [*_numbers("next_ts", "law", "fresh"), ("codes", ctypes.c_uint8 * FRESH)]
    next_ts: int
    law: int
    fresh: int


class LaneStruct(ctypes.Structure):
    """`struct lane` of lanes.c."""

    _fields_ = [
        ("reception", Reception),
        ("stream", Stream),
        ("side", ctypes.c_void_p),
        ("hearer", ctypes.c_void_p),
        ("tables", ctypes.c_char_p * (len(_LAW_NUMBERS) + 1)),
        ("fd", ctypes.c_int32),
        ("locked_address", ctypes.c_uint32),
        ("target_address", ctypes.c_uint32),
        ("locked_port", ctypes.c_uint16),
        ("target_port", ctypes.c_uint16),
        ("is_usual", ctypes.c_uint8),
        ("hearing", ctypes.c_uint8),
        ("payload_type", ctypes.c_uint8),
        ("laws", ctypes.c_uint8 * _PAYLOAD_TYPES),
    ]


class LoopStruct(ctypes.Structure):
    """`struct loop` of lanes.c: its descriptor, and the datagram that it hands up."""

    _fields_ = [
        ("unusual", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("epoll", ctypes.c_int32),
        ("address", ctypes.c_uint32),
        ("port", ctypes.c_uint16),
        ("data", ctypes.c_uint8 * MOST_BYTES),
    ]


LAYOUT = [
    *(ctypes.sizeof(each) for each in (Reception, Stream, Side, LaneStruct, LoopStruct)),
    LaneStruct.laws.offset,
    LoopStruct.data.offset,
]
"Compared with `lanes_layout` of the library: two descriptions of one memory must not differ."


def _shared(name: str) -> property:
    return property(
        lambda self: getattr(self.shared, name),
        lambda self, value: setattr(self.shared, name, value),
    )


class LaneReception(ReceptionStats):
    """`ReceptionStats` whose numbers C counts on."""

    __slots__ = ("shared",)

    def __init__(self, shared: Reception) -> None:
        self.shared = shared
        super().__init__()


class LaneStream(OutStream):
    """`OutStream` whose numbers C counts on."""

    __slots__ = ("shared",)

    def __init__(
        self, shared: Stream, ssrc: int, now: float, *, restarted: bool, began_at: float = 0.0
    ) -> None:
        self.shared = shared
        super().__init__(ssrc, now, restarted=restarted, began_at=began_at)


for _name, *_ in Reception._fields_:
    setattr(LaneReception, _name, _shared(_name))
for _name, *_ in Stream._fields_:
    setattr(LaneStream, _name, _shared(_name))


class LaneSide(TapSide):
    """`TapSide` whose buffer C continues; fetched before anything else is done with it."""

    __slots__ = ("shared",)

    def __init__(self, zero_at: float) -> None:
        super().__init__(zero_at)
        self.shared = Side()
        self._publish()

    def take(self, payload: bytes, rtp_ts: int, law: Law, now: float) -> None:
        self._fetch()
        super().take(payload, rtp_ts, law, now)
        self._publish()

    def cut(self, upto: int) -> bytes:
        self._fetch()
        piece = super().cut(upto)
        self._publish()
        return piece

    def _fetch(self) -> None:
        fresh = self.shared.fresh
        if fresh:
            self._buffer += ctypes.string_at(
                ctypes.addressof(self.shared) + Side.codes.offset, fresh
            )
            self._next_ts = self.shared.next_ts
            self.shared.fresh = 0

    def _publish(self) -> None:
        self.shared.next_ts = self._next_ts
        self.shared.law = _LAW_NUMBERS[self.law]


class Lane:
    """One leg's memory that C shares."""

    __slots__ = ("_can_be_usual", "_hearer", "_laws", "_side", "moved", "reception", "shared")

    def __init__(self, fd: int) -> None:
        """`fd`: of the socket that C reads and sends on."""
        self.shared = LaneStruct(fd=fd)
        self.reception = LaneReception(self.shared.reception)
        self.moved: Callable[[Lane], None] | None = None
        "Called when `is_for_c` may have changed."
        self._can_be_usual = False
        self._hearer: Lane | None = None
        self._laws: Mapping[int, Law] = {}
        self._side: LaneSide | None = None

    def stream(self, ssrc: int, now: float, *, restarted: bool, began_at: float) -> LaneStream:
        shared = self.shared.stream
        return LaneStream(shared, ssrc, now, restarted=restarted, began_at=began_at)

    @property
    def address(self) -> int:
        return ctypes.addressof(self.shared)

    def speaks(
        self,
        locked: Source | None,
        laws: Mapping[int, Law],
        sinks: Sequence[object],
        hearer: "Lane | None",
    ) -> None:
        """What counts as usual of this leg's packets: whose, which payload types, who takes them.

        No laws: nothing.
        """
        shared = self.shared
        side = sinks[0] if len(sinks) == 1 and isinstance(sinks[0], LaneSide) else None
        self._can_be_usual = bool(laws) and len(sinks) == (side is not None)
        shared.is_usual = locked is not None and self._can_be_usual
        self._side, self._hearer = side, hearer  # C has no more than their addresses
        shared.side = None if side is None else ctypes.addressof(side.shared)
        shared.hearer = None if hearer is None else hearer.address
        if locked is not None:
            shared.locked_address, shared.locked_port = in_network_order(locked)
        if laws is not self._laws:
            self._laws = laws
            numbers = (
                _LAW_NUMBERS[laws[kind]] if kind in laws else 0 for kind in range(_PAYLOAD_TYPES)
            )
            shared.laws[:] = list(numbers)
        self.partner_changed()

    def partner_changed(self) -> None:
        """What the hearer takes is part of what is usual."""
        if self.moved is not None:
            self.moved(self)

    @property
    def is_for_c(self) -> bool:
        """Most packets will be usual, so that C had better read them."""
        hearer = self._hearer
        return self._can_be_usual and (hearer is None or hearer.shared.hearing != _HEARS_UNUSUAL)

    def hears(
        self, target: Source | None, payload_type: int, tables: Mapping[Law, bytes | None] | None
    ) -> None:
        """Where packets of the connected leg go, and by which table, if any, from its law.

        No target: nowhere. No tables: each must be made by Python.
        """
        shared = self.shared
        if target is None:
            shared.hearing = _HEARS_NOTHING
            return
        shared.target_address, shared.target_port = in_network_order(target)
        shared.payload_type = payload_type
        shared.hearing = _HEARS_UNUSUAL if tables is None else _HEARS_USUAL
        for law, table in (tables or {}).items():
            shared.tables[_LAW_NUMBERS[law]] = table


def in_network_order(source: Source) -> tuple[int, int]:
    """Address and port as C's `sockaddr_in` has them in memory."""
    address, port = source
    packed = bytes(int(part) for part in address.split("."))
    return int.from_bytes(packed, sys.byteorder), int.from_bytes(port.to_bytes(2), sys.byteorder)


def from_network_order(address: int, port: int) -> Source:
    packed = address.to_bytes(4, sys.byteorder)
    return ".".join(map(str, packed)), int.from_bytes(port.to_bytes(2, sys.byteorder))
