"""One leg's media: its two sockets, what it hears and what it is sent.

    phone ─RTP─▶ on_rtp ─▶ latch · statistics · sinks · digits
                              └─▶ the connected leg's `relay` ─▶ stream ─▶ its phone
    clock ─▶ tick ─▶ digits, player or mixer ─▶ stream ─▶ phone

`on_rtp` and `relay` run for each packet, ten thousand times a second with a hundred calls: they
are written out where a call per step would read better, and everything that changes seldom is kept
ready in a field by `_refresh`.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from telephony.media.agreeing.coding import Coding
from telephony.media.agreeing.negotiation import Negotiation
from telephony.media.agreeing.sdp import HOLD_ADDRESS
from telephony.media.agreeing.terms import Terms
from telephony.media.errors import RtcpMalformed, RtpMalformed
from telephony.media.hiding import HIDES_ALL, Hiding
from telephony.media.lanes.lanes import Lane
from telephony.media.lanes.straight import BUFFER, GONE, VIEW, Run
from telephony.media.options import WorkerOptions
from telephony.media.packets import rtcp
from telephony.media.packets.latch import Source, SourceLatch
from telephony.media.packets.ports import LegPorts, NarrowRtp
from telephony.media.packets.rtp import COMFORT_NOISE, HEADER, MARKER, PLAIN, RtpPacket
from telephony.media.packets.stream import OutStream
from telephony.media.protocol import Hidden, LegStats
from telephony.media.reports import LegReports
from telephony.media.sound.dtmf import DigitReceiver, DigitSender
from telephony.media.sound.g711 import Law
from telephony.media.sound.playout import Player
from telephony.media.taping.tap import TapSide
from telephony.media.wires.srtp import Past, RtcpSocket
from telephony.media.wires.wires import Wires, weakly

MOST_WAITING = 300
"Datagrams that fit into a socket's buffer."


class Listener(Protocol):
    """Whom a session tells what happened on it."""

    def digit_heard(self, session: "Session", digit: str, at_s: float) -> None: ...

    def play_ended(self, session: "Session", play_id: str) -> None: ...

    def secured(self, session: "Session", kept: bytes) -> None: ...


class Sink(Protocol):
    """Who takes all audio packets of a leg beside the leg that it is connected with."""

    def take(self, payload: bytes, rtp_ts: int, law: Law, now: float) -> None: ...


class FrameSource(Protocol):
    """Who makes what a leg hears, 20 ms by 20 ms."""

    def next_frame(self, law: Law) -> bytes: ...


class Session:
    """The RTP session of one leg."""

    __slots__ = (
        "__weakref__",
        "_can_narrow",
        "_coding",
        "_digits_in",
        "_digits_out",
        "_expected_since",
        "_given_sinks",
        "_is_plain",
        "_laws",
        "_listener",
        "_locked",
        "_lost_told_at",
        "_may_send",
        "_mixer",
        "_named",
        "_narrow",
        "_options",
        "_passed_on",
        "_payload_type",
        "_recv",
        "_rtcp_socket",
        "_rtcp_target",
        "_run",
        "_send",
        "_sinks",
        "_target",
        "began_at",
        "call",
        "connected",
        "heard_db",
        "hiding",
        "is_held",
        "is_open_for_relay",
        "is_reserving",
        "lane",
        "latch",
        "leg",
        "malformed",
        "negotiation",
        "out",
        "pair",
        "player",
        "record",
        "reports",
        "rtcp_at",
        "slot",
        "spoken_db",
        "stats",
        "unsent",
        "wires",
    )

    def __init__(
        self,
        leg: str,
        call: str,
        pair: LegPorts,
        out: OutStream,
        negotiation: Negotiation,
        options: WorkerOptions,
        listener: Listener,
        now: float,
        lane: Lane | None = None,
    ) -> None:
        """With a `lane` the C loop deals with what is usual."""
        self.leg = leg
        self.call = call
        self.pair = pair
        self.out = out
        self.lane = lane
        self.negotiation = negotiation
        self.record = b""
        self.is_reserving = False
        self.is_held = False
        self.connected: Session | None = None
        self.player: Player | None = None
        self.slot: int | None = None
        "Which of the clock's slots this leg is served in; None: the clock is not needed."
        self._given_sinks: tuple[Sink, ...] = ()
        self._sinks: tuple[Sink, ...] = ()
        "With the ear for keys in the audio."
        self.stats = rtcp.ReceptionStats() if lane is None else lane.reception
        self.reports = LegReports(leg, self.stats, out, now)
        self.latch = SourceLatch(options.relock_s)
        self.stats.heard_at = now
        self.rtcp_at = now + options.rtcp_interval_s * random.uniform(0.5, 1.5)
        self.spoken_db = 0.0
        self.heard_db = 0.0
        self.malformed = 0
        self.unsent = 0
        self.is_open_for_relay = False
        # Weakly: the worker collects no circles of objects while people talk.
        self.hiding = Hiding(weakly(self._tone_heard))
        self._options = options
        self._listener = listener
        self.began_at = now
        "Before a restart of the worker, if there was one."
        self.wires = Wires(pair, self.on_rtcp, self._secured)
        self._rtcp_socket: RtcpSocket = pair.rtcp
        self._recv: Callable[[bytearray], tuple[int, Source]] = pair.rtp.recvfrom_into
        self._send: Callable[[bytes, Source], int] = pair.rtp.sendto
        self._is_plain = True
        "The sockets are read and written without anything between."
        self._can_narrow = False
        self._narrow: NarrowRtp | None = None
        "RTP, while the kernel takes that of `_locked` only."
        self._run = Run(self.stats)
        self._coding = Coding()
        self._digits_in = DigitReceiver()
        self._digits_out: DigitSender | None = None
        self._laws: dict[int, Law] = {}
        self._locked: Source | None = None
        self._named: Source | None = None
        self._target: Source | None = None
        self._rtcp_target: Source | None = None
        self._payload_type = 0
        self._passed_on: Law | None = Law.PCMU
        "The law of which packets need no table: what we send, unless the gain changes it."
        self._may_send = False
        self._mixer: FrameSource | None = None
        self._expected_since = now
        self._lost_told_at = -1.0

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Halves of recordings, and ears of legs that hear several."""
        return self._given_sinks

    @sinks.setter
    def sinks(self, sinks: tuple[Sink, ...]) -> None:
        self._given_sinks = sinks
        self._gather_sinks()

    def _gather_sinks(self) -> None:
        ear = self.hiding.ear
        self._sinks = self._given_sinks if ear is None else (*self._given_sinks, ear)
        self._tell_lane()

    # -- what core decides ------------------------------------------------------------------------

    def agreed(self, now: float) -> None:
        """New terms came out of offer and answer."""
        terms = self.negotiation.terms
        if terms is None:
            return
        self._listen_to_all()
        self._laws = terms.laws
        self._coding.agreed(terms)
        self._wire(terms, now)
        self._set_passed_on()
        self._payload_type = terms.payload_type
        self._aim(terms)
        self.latch.open(self._named)
        self._locked = None
        self._expected_since = now
        self._refresh()

    def _wire(self, terms: Terms, now: float) -> None:
        """Read and write through what was agreed on."""
        wires = self.wires
        wires.agree(terms, self.negotiation.local.browser, self._past(now))
        self._recv, self._send, self._rtcp_socket = (
            wires.rtp.recvfrom_into,
            wires.rtp.sendto,
            wires.rtcp,
        )
        self._is_plain = self._can_narrow = wires.rtp is self.pair.rtp

    def _secured(self, kept: bytes) -> None:
        self._listener.secured(self, kept)

    def _past(self, now: float) -> Past:
        if not self.out.restarted:
            return Past()
        return Past(now - self.began_at, self.out.first_index, self.out.ssrc)

    def hold(self, on: bool, now: float) -> None:
        self.is_held = on
        self._expected_since = now
        self._refresh()

    def connect(self, other: "Session | None") -> None:
        """Who hears this leg; both directions are the caller's business."""
        self._end_runs()
        if self.connected is not other:
            self.connected = other
            self.out.pause()
        self._set_passed_on()

    def set_gain(self, spoken_db: float, heard_db: float) -> None:
        self.spoken_db, self.heard_db = spoken_db, heard_db
        self._set_passed_on()
        if self.connected is not None:
            self.connected._set_passed_on()

    @property
    def _relay_gain_db(self) -> float:
        return self.heard_db + (0.0 if self.connected is None else self.connected.spoken_db)

    def _set_passed_on(self) -> None:
        self._passed_on = self._coding.law_passed_on(self._relay_gain_db)
        self._tell_lane()

    def _tell_lane(self) -> None:
        """Something changed that decides how packets go."""
        self._end_runs()
        terms = self.negotiation.terms
        if self.lane is None or terms is None:
            return
        # What is hidden must not be passed on by anybody but `_veiled`.
        speaks = self._is_plain and self.hiding.what is not HIDES_ALL
        gain_db = self._relay_gain_db
        tables = {law: self._coding.table(law, gain_db) for law in Law}
        self.lane.hears(
            self._target if self.is_open_for_relay else None,
            self._payload_type,
            tables if self._is_plain and terms.codec == terms.law else None,
        )
        hearer = None if self.connected is None else self.connected.lane
        self.lane.speaks(self._locked, self._laws if speaks else {}, self._sinks, hearer)
        if hearer is not None:
            hearer.partner_changed()

    def hide(self, what: Hidden, now: float) -> None:
        """See `protocol.Hide`. Every packet of a leg that hides all goes by `_veiled`."""
        self.hiding.hide(what, now)
        self._gather_sinks()

    def _veiled(self, payload: bytes, rtp_ts: int, law: Law, now: float) -> bytes:
        """What may be heard of a packet of a leg that hides all."""
        heard = self.hiding.veil(payload, rtp_ts, law, now)
        if self.hiding.what is not HIDES_ALL:
            self._gather_sinks()
        return heard

    def play(self, player: Player | None) -> None:
        self.player = player
        self._refresh()

    def mix(self, mixer: FrameSource | None) -> None:
        """Hear this instead of the connected leg; None: the connected leg again."""
        self._mixer = mixer
        self._refresh()

    def listen_for_tones(self) -> None:
        self.hiding.listen_for_tones()
        self._gather_sinks()

    def _tone_heard(self, digit: str, now: float) -> None:
        self._listener.digit_heard(self, digit, now)

    def send_digits(self, digits: str) -> bool:
        """After those that are being sent; False: the peer takes no telephone events, or too many
        wait."""
        terms = self.negotiation.terms
        if terms is None or terms.event_type is None:
            return False
        self._digits_out = self._digits_out or DigitSender()
        self._refresh()
        return self._digits_out.add(digits)

    @property
    def needs_clock(self) -> bool:
        return self.player is not None or self._digits_out is not None or self._mixer is not None

    def _aim(self, terms: Terms) -> None:
        """Send where the SDP says, or still to the locked source when the SDP says as before."""
        named = (terms.address, terms.port)
        if terms.address == HOLD_ADDRESS:
            return
        if named != self._named:
            self._target = named
            self._rtcp_target = (terms.address, terms.rtcp_port)
        self._named = named

    def _refresh(self) -> None:
        self._end_runs()
        terms = self.negotiation.terms
        self._may_send = (
            self._target is not None
            and not self.is_held
            and terms is not None
            and terms.direction.is_listening
        )
        self.is_open_for_relay = self._may_send and not self.needs_clock
        if not self.is_open_for_relay:
            self.out.pause()
        self._tell_lane()

    # -- packets in -------------------------------------------------------------------------------

    def on_rtp(self, now: float) -> None:
        """One datagram is waiting."""
        run = self._run
        try:
            if not run.is_on:
                size, source = self._recv(BUFFER)
            elif (size := run.pass_on(now)) == GONE:
                return
            else:
                run.end()
                source = self._locked  # type: ignore[assignment]  # never None while narrow
        except OSError:
            return  # gone again, or an ICMP error of something we sent
        self._take(size, source, now)

    def _take(self, size: int, source: Source, now: float) -> None:
        flags, kind, seq, rtp_ts, ssrc = HEADER.unpack_from(BUFFER)
        if flags != PLAIN or size < HEADER.size:
            self._unusual(bytes(BUFFER[:size]), source, now)
            return
        law = self._laws.get(kind & 0x7F)
        if law is None:
            self._take_other(RtpPacket.parse(bytes(BUFFER[:size])), source, now)
            return
        if source != self._locked and not self._locks_on(source, now):
            return
        self.stats.take(ssrc, seq, rtp_ts, now)
        payload = VIEW[12:size].tobytes()
        if self.hiding.what is HIDES_ALL:
            payload = self._veiled(payload, rtp_ts, law, now)
        for sink in self._sinks:
            sink.take(payload, rtp_ts, law, now)
        hearer = self.connected
        if hearer is not None and hearer.is_open_for_relay:
            hearer.relay(kind & MARKER, seq, rtp_ts, ssrc, payload, law, now)
        if self._can_narrow and source == self._named:
            self._go_straight(size, law, now)

    def _go_straight(self, size: int, law: Law, now: float) -> None:
        """This packet's followers, if there is nothing else to be done for them."""
        if self._narrow is None:
            self._listen_to_phone_only(now)
            return
        hearer, sinks = self.connected, self._sinks
        if (
            hearer is None
            or hearer._narrow is None
            or not hearer.is_open_for_relay
            or hearer._passed_on is not law
            or self.hiding.what is HIDES_ALL
        ):
            return
        side = sinks[0] if len(sinks) == 1 and type(sinks[0]) is TapSide else None
        if len(sinks) == (side is not None):
            self._run.begin(
                *(size, side, self._narrow.recv_into),
                *(hearer.out, hearer._payload_type, hearer._narrow.send),
            )

    def _listen_to_phone_only(self, now: float) -> None:
        """It sends from where its SDP says, so that nobody may take its place while it does."""
        assert self._named is not None
        self._narrow = self.pair.narrow(self._named)
        self._can_narrow = self._narrow is not None
        if self._can_narrow:
            self._take_waiting(now)

    def _take_waiting(self, now: float) -> None:
        """What came while anybody could send."""
        with suppress(OSError):
            for _ in range(MOST_WAITING):
                size, source = self._recv(BUFFER)
                self._run.end()
                self._take(size, source, now)

    def _listen_to_all(self) -> None:
        if self._narrow is not None:
            self._end_runs()
            self.pair.widen()
            self._narrow = None

    def watch_silence(self, now: float) -> None:
        """Another source may take the place of a phone that sends nothing any more."""
        if self._narrow is not None and now - self.heard_at >= self._options.relock_s:
            self._listen_to_all()

    def _end_runs(self) -> None:
        self._run.end()
        if self.connected is not None:
            self.connected._run.end()

    def _settle(self) -> None:
        self._run.settle()
        if self.connected is not None:
            self.connected._run.settle()

    @property
    def heard_at(self) -> float:
        """When its phone's last packet came."""
        return self._run.heard_at if self._run.is_on else self.stats.heard_at

    def relay(
        self, marker: int, seq: int, rtp_ts: int, ssrc: int, payload: bytes, law: Law, now: float
    ) -> None:
        """Send this leg a packet of the leg that it is connected with."""
        if law is not self._passed_on:
            payload = self._converted(payload, law)
        kind = self._payload_type | marker
        header = self.out.relayed(kind, seq, rtp_ts, ssrc, len(payload), now)
        try:  # as _send_rtp
            self._send(header + payload, self._target)  # type: ignore[arg-type]  # never None here
        except OSError:
            self.unsent += 1

    def _converted(self, payload: bytes, law: Law) -> bytes:
        coding = self._coding
        return coding.sent(payload.translate(coding.table(law, self._relay_gain_db)))

    def _send_rtp(self, packet: bytes) -> None:
        try:
            self._send(packet, self._target)  # type: ignore[arg-type]  # never None while _may_send
        except OSError:
            self.unsent += 1  # a full buffer or no route: RTP is not repeated

    def _unusual(self, data: bytes, source: Source, now: float) -> None:
        """A header with an extension, CSRCs or padding, or no RTP at all."""
        try:
            packet = RtpPacket.parse(data)
        except RtpMalformed:
            self.malformed += 1
            return
        law = self._laws.get(packet.payload_type)
        if law is None:
            self._take_other(packet, source, now)
            return
        if source != self._locked and not self._locks_on(source, now):
            return
        self._heard(packet, now)
        payload = packet.payload
        if self.hiding.what is HIDES_ALL:
            payload = self._veiled(payload, packet.rtp_ts, law, now)
        for sink in self._sinks:
            sink.take(payload, packet.rtp_ts, law, now)
        if self.connected is not None and self.connected.is_open_for_relay:
            marker = MARKER if packet.marker else 0
            self.connected.relay(marker, packet.seq, packet.rtp_ts, packet.ssrc, payload, law, now)

    def _take_other(self, packet: RtpPacket, source: Source, now: float) -> None:
        """G.722, Opus, digits and comfort noise; anything else was never agreed on."""
        terms = self.negotiation.terms
        if terms is not None and packet.payload_type in terms.wide_types:
            self._take_wide(packet, terms.wide_types[packet.payload_type], source, now)
            return
        is_event = terms is not None and packet.payload_type in terms.event_types
        if not is_event and packet.payload_type != COMFORT_NOISE:
            return
        if source != self._locked and not self._locks_on(source, now):
            return
        if packet.ssrc != self.stats.ssrc:
            self._digits_in = DigitReceiver()
        self._heard(packet, now)
        hearer = self.connected
        if hearer is not None and hearer.is_open_for_relay:
            passes = is_event and self.hiding.what is Hidden.NOTHING
            hearer.relay_other(packet, now, is_event=passes)
        if is_event:
            if self.hiding.key_came_as_event(now):
                self._gather_sinks()
            digit = self._digits_in.feed(packet.payload, packet.rtp_ts)
            if digit is not None:
                self._listener.digit_heard(self, digit, now)

    def _take_wide(self, packet: RtpPacket, codec: str, source: Source, now: float) -> None:
        """It goes to a partner who speaks the same as it is, to all others as G.711."""
        if source != self._locked and not self._locks_on(source, now):
            return
        self._heard(packet, now)
        hearer = self.connected
        if hearer is not None and not hearer.is_open_for_relay:
            hearer = None
        is_hidden = self.hiding.what is HIDES_ALL
        if hearer is not None and hearer.passes_on(codec) and not is_hidden:
            hearer.relay_wide(packet, now)
            hearer = None
        coder = self._coding.coder
        if coder is None or not (self._sinks or hearer or is_hidden):
            return
        for heard in coder.heard(packet):
            payload = heard.payload
            if self.hiding.what is HIDES_ALL:
                payload = self._veiled(payload, heard.rtp_ts, Law.PCMU, now)
            for sink in self._sinks:
                sink.take(payload, heard.rtp_ts, Law.PCMU, now)
            if hearer is not None:
                marker = MARKER if heard.marker else 0
                hearer.relay(marker, heard.seq, heard.rtp_ts, heard.ssrc, payload, Law.PCMU, now)

    def passes_on(self, codec: str) -> bool:
        """Packets of this codec go to the phone as they are."""
        return self._coding.passes_on(codec, self._relay_gain_db)

    def relay_wide(self, packet: RtpPacket, now: float) -> None:
        coder = self._coding.coder
        assert coder is not None
        kind = self._payload_type | (MARKER if packet.marker else 0)
        samples = coder.samples(packet.payload)
        header = self.out.relayed(kind, packet.seq, packet.rtp_ts, packet.ssrc, samples, now)
        self._send_rtp(header + packet.payload)

    def relay_other(self, packet: RtpPacket, now: float, *, is_event: bool) -> None:
        """Digits go on with this leg's payload type; what it cannot take leaves no hole."""
        terms = self.negotiation.terms
        if not is_event or terms is None or terms.event_type is None:
            self.out.leave_out(packet.seq, packet.ssrc)
            return
        kind = terms.event_type | (MARKER if packet.marker else 0)
        header = self.out.relayed(kind, packet.seq, packet.rtp_ts, packet.ssrc, 0, now)
        self._send_rtp(header + packet.payload)

    def _heard(self, packet: RtpPacket, now: float) -> None:
        self.stats.take(packet.ssrc, packet.seq, packet.rtp_ts, now)

    def _locks_on(self, source: Source, now: float) -> bool:
        if not self.latch.admits(source, now, self.stats.heard_at):
            return False
        self._locked = source
        self._aim_at(source)
        self._tell_lane()
        return True

    def _aim_at(self, source: Source) -> None:
        """Send where packets come from, whatever the SDP said."""
        if self._target is not None and source != self._target:
            if self._rtcp_target is not None and source[0] != self._target[0]:
                self._rtcp_target = (source[0], source[1] + 1)
            self._target = source

    # -- the clock --------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """20 ms of digits, of what is played, or of several legs together."""
        if self.wires.is_waiting:
            return  # a greeting begins when it can be heard
        if self._digits_out is not None:
            self._tick_digits(self._digits_out, now)
        elif self.player is not None:
            self._tick_player(self.player, now)
        elif self._mixer is not None:
            self._send_own(self._mixer.next_frame(self._coding.law), now)

    def _tick_player(self, player: Player, now: float) -> None:
        frame = player.next_frame(self._coding.law)
        if frame is None:
            self.play(None)
            self._listener.play_ended(self, player.play_id)
        else:
            self._send_own(frame, now)

    def _send_own(self, frame: bytes, now: float) -> None:
        if self._may_send:
            header = self.out.own_frame(self._payload_type, len(frame), now)
            self._send_rtp(header + self._coding.sent(frame))

    def _tick_digits(self, digits: DigitSender, now: float) -> None:
        terms = self.negotiation.terms
        packets = digits.next_frame()
        if packets is None:
            self._digits_out = None
            self._refresh()
            return
        if terms is None or terms.event_type is None or not self._may_send:
            return
        for packet in packets:
            header = self.out.own_event(terms.event_type, first=packet.first, now=now)
            self._send_rtp(header + packet.payload)

    # -- RTCP and life ----------------------------------------------------------------------------

    def on_rtcp(self, now: float) -> None:
        try:
            data, source = self._rtcp_socket.recvfrom(2048)
        except OSError:
            return
        if self._target is None or source[0] != self._target[0]:
            self.latch.ignored += 1
            return
        try:
            compound = rtcp.parse(data)
        except RtcpMalformed:
            self.malformed += 1
            return
        self.reports.take(compound, now)
        self._rtcp_target = source

    def send_report(self, now: float, *, bye: bool = False) -> None:
        """SR or RR with SDES, at the end with BYE."""
        self._settle()
        interval = self._options.rtcp_interval_s
        self.rtcp_at = now + interval * random.uniform(0.5, 1.5)
        if self._rtcp_target is None:
            return
        data = self.reports.next(now, bye=bye)
        try:
            self._rtcp_socket.sendto(data, self._rtcp_target)
        except OSError:
            self.unsent += 1

    def is_newly_lost(self, now: float) -> bool:
        """True once when the peer should be sending and nothing came for too long."""
        terms = self.negotiation.terms
        if terms is None or self.is_held or not terms.direction.is_sending:
            return False
        if self.wires.has_failed and self._lost_told_at < self._expected_since:
            self._lost_told_at = now
            return True
        alive_at = max(self.heard_at, self.reports.heard_at, self._expected_since)
        if now - alive_at < self._options.media_lost_s or self._lost_told_at >= alive_at:
            return False
        self._lost_told_at = now
        return True

    def figures(self) -> LegStats:
        self._settle()
        figures = self.reports.figures()
        return msgspec.structs.replace(figures, packets_rejected=self.wires.rejected)
