"""A line's process: calls of the PBX, by pyVoIP, carried to core, by our own stack.

    PyVoipLine ─▶ invited ─▶ Carried ─▶ SipEndpoint ─▶ core
        ◀── progress, answer ── effects ◀── Progressed, Answered, Gone ──┘

One loop and no threads. A fault of ours in a step of one call ends that call and no other.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from foundation.clock import monotonic_s
from foundation.ids import LegId, new_leg_id
from foundation.tasks import contain
from telephony.lines import carried
from telephony.lines.caller import headers_for_core
from telephony.lines.carried import Carried, CarriedState
from telephony.lines.core_side import CoreSide, text_of
from telephony.lines.descriptions import Place, Stream, answer_of, offer_of
from telephony.lines.kept import KeptCalls
from telephony.lines.names import own_address, resolve, resolve_patiently
from telephony.lines.options import CoreWay, LineOptions
from telephony.lines.pyvoip.line import LineCall, PyVoipLine
from telephony.lines.pyvoip.registration import Lost, News
from telephony.lines.relay import Relay, open_core_socket
from telephony.media.errors import NoRtpPort, SdpRejected
from telephony.media.packets.ports import PortPair, PortPool
from telephony.sip.wording.errors import SipParseError

log = logging.getLogger(__name__)

TICK_S = 0.1
DRAIN_S = 5.0
"A port rests so long before another call gets it."
FULL = 503


@dataclass(slots=True)
class _Call:
    """A carried call with its parts."""

    machine: Carried
    leg: LegId
    offer: Stream
    "Of the PBX, the newest."
    answer: Stream | None
    "Of core, the newest."
    relay: Relay
    ports: PortPair
    session_id: str = field(default_factory=lambda: str(secrets.randbits(62)))
    versions: int = 0

    @property
    def call_id(self) -> str:
        return self.machine.call_id


class LineService:
    """Made on a running loop: `start` when core can be called, `close` at the end."""

    def __init__(
        self, options: LineOptions, folder: Path, on_registration: Callable[[News], None]
    ) -> None:
        """folder: of this line alone, for what a successor must know."""
        self._options = options
        self._kept = KeptCalls(folder)
        self._on_registration = on_registration
        self._loop = asyncio.get_running_loop()
        self._calls: dict[str, _Call] = {}
        self._by_leg: dict[LegId, _Call] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def count(self) -> int:
        return len(self._calls)

    # -- start and end ---------------------------------------------------------------------------

    async def start(self, way: CoreWay) -> None:
        """Open both sides, end what a process before us has left, register.

        Waits until the server's name has an address.
        """
        options = self._options
        server = options.server
        lost = Lost(f"{server} has no IPv4 address")
        addresses = await resolve_patiently(server, lambda: self._on_registration(lost))
        local_ip = options.local_ip or own_address(addresses[0])
        self._line = PyVoipLine(
            options.server, options.port, options.user, options.password,
            local_ip, options.sip_port,
            on_invited=self._on_invited, on_call=self._on_pbx, on_digit=self._on_info_digit,
            on_registration=self._on_registration,
        )  # fmt: skip
        self._line.sip.open()
        self._line.sip.use_addresses(addresses)
        self._loop.add_reader(self._line.sip.s, self._read)
        self._pool = PortPool(local_ip, options.rtp_ports, DRAIN_S)
        self._core = CoreSide(way, self._on_core)
        await self._core.start()
        for kept in self._kept.take_all():
            contain("a call of the process before us", self._line.finish, kept)
        self._tick()
        self._line.registration.begin()

    async def close(self) -> None:
        """Hang up all calls, give the registration back."""
        for call_id in list(self._calls):
            self._feed(call_id, carried.Close())
        self._line.registration.leave()
        await asyncio.to_thread(self._line.registration.wait_left)
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._line.sip.s)
        self._line.sip.stop()
        self._core.close()
        self._pool.close()

    def _read(self) -> None:
        contain("a message of the PBX", self._line.sip.read_some)

    def _tick(self) -> None:
        now = monotonic_s()
        contain("the line's timers", self._line.sip.on_time, now)
        self._pool.tick(now)
        self._timer = self._loop.call_later(TICK_S, self._tick)

    # -- the PBX's name --------------------------------------------------------------------------

    async def look_up_again(self) -> None:
        """Now and then: the name may have moved to another address."""
        addresses = await resolve(self._options.server)
        if addresses:
            self._line.sip.use_addresses(addresses)

    # -- a new call ------------------------------------------------------------------------------

    def _on_invited(self, invited: LineCall) -> None:
        if not contain("a call of the PBX", self._carry, invited):
            self._line.refuse(invited.call_id, carried.UNAVAILABLE)

    def _carry(self, invited: LineCall) -> None:
        call_id = str(invited.call_id)
        if len(self._calls) >= self._options.max_calls:
            log.warning("a call is refused: %d are carried", len(self._calls))
            self._line.refuse(call_id, FULL)
            return
        try:
            offer = Stream.read(text_of(invited.first.raw_body))
            headers = headers_for_core(bytes(invited.first.raw))
            relay, ports = self._open_relay()
        except (SdpRejected, SipParseError, NoRtpPort) as error:
            log.warning("a call is refused with %d: %s", error.sip_status, error)
            self._line.refuse(call_id, error.sip_status)
            return
        relay.pbx.aim(offer.target)
        call = _Call(Carried(call_id), new_leg_id(), offer, None, relay, ports)
        self._calls[call_id] = self._by_leg[call.leg] = call
        self._kept.put(call_id, invited.kept)
        log.info("[%s] < INVITE of the PBX, > INVITE core", call.leg)
        self._core.dial(call.leg, self._options.line, self._offer_to_core(call), headers)

    def _open_relay(self) -> tuple[Relay, PortPair]:
        ports = self._pool.take()
        try:
            towards_core = open_core_socket(self._core.audio_address)
        except OSError as error:
            self._pool.give_back(ports)
            raise NoRtpPort(f"no port towards core: {error}") from error
        return Relay(ports.rtp, towards_core, self._loop.time), ports

    def _offer_to_core(self, call: _Call) -> str:
        place = self._place(call, self._core.audio_address, call.relay.core.port)
        return offer_of(call.offer, place)

    @staticmethod
    def _place(call: _Call, address: str, port: int) -> Place:
        call.versions += 1
        return Place(address, port, call.session_id, call.versions)

    # -- what happens ----------------------------------------------------------------------------

    def _on_pbx(self, call_id: str, given: carried.Given) -> None:
        call = self._calls.get(call_id)
        if call is None:
            return
        if isinstance(given, carried.PbxReoffered) and not self._take_offer(call, given.sdp):
            return
        self._feed(call_id, given)

    def _take_offer(self, call: _Call, sdp: str) -> bool:
        """Whether core is to be asked; what we could not carry is refused here."""
        if call.machine.state is not CarriedState.UP or call.answer is None:
            self._line.refuse(call.call_id, 491)
            return False
        if not sdp.strip():
            # An offer is wanted: what holds. Its answer, in the ACK, cannot change the codec.
            self._line.accept(call.call_id, self._answer_to_pbx(call))
            return False
        try:
            call.offer = Stream.read(sdp)
        except SdpRejected as error:
            self._line.refuse(call.call_id, error.sip_status)
            return False
        call.relay.pbx.aim(call.offer.target)
        return True

    def _on_info_digit(self, call_id: str, digit: str) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            self._core.press(call.leg, digit)

    def _on_core(self, leg: LegId, given: carried.Given) -> None:
        call = self._by_leg.get(leg)
        if call is not None:
            self._feed(call.call_id, given)

    def _feed(self, call_id: str, given: carried.Given) -> None:
        call = self._calls.get(call_id)
        if call is None:
            return
        machine, before = call.machine, call.machine.state
        effects: list[carried.Effect] = []
        went_well = contain(f"a step of {call.leg}", lambda: effects.extend(machine.feed(given)))
        if machine.state is not before:
            log.info("[%s] - %s -> %s", call.leg, before.name, machine.state.name)
        for effect in effects:
            went_well = contain(f"work for {call.leg}", self._perform, call, effect) and went_well
        if not went_well and machine.state is not CarriedState.OVER:
            self._feed(call_id, carried.Close())

    # -- what is done ----------------------------------------------------------------------------

    def _perform(self, call: _Call, effect: carried.Effect) -> None:
        match effect:
            case carried.ProgressPbx(status, sdp):
                self._line.progress(call.call_id, status, self._to_pbx(call, sdp))
            case carried.AnswerPbx(sdp):
                self._line.accept(
                    call.call_id, self._to_pbx(call, sdp) or self._answer_to_pbx(call)
                )
                self._note(call)
            case carried.RefusePbx(status):
                self._line.refuse(call.call_id, status)
            case carried.HangUpPbx(reason):
                self._line.hang_up(call.call_id, reason)
            case carried.ReofferCore():
                self._core.reoffer(call.leg, self._offer_to_core(call))
            case carried.AcceptCore():
                self._core.accept(call.leg, self._offer_to_core(call))
            case carried.HangUpCore(reason):
                self._core.hang_up(call.leg, reason)
            case carried.Release():
                self._release(call)
            case _:
                assert_never(effect)

    def _to_pbx(self, call: _Call, sdp: str) -> str:
        """Core's SDP for the PBX; '' when it brought none."""
        if not sdp:
            return ""
        call.answer = Stream.read(sdp)
        call.relay.core.aim(call.answer.target)
        return self._answer_to_pbx(call)

    def _answer_to_pbx(self, call: _Call) -> str:
        assert call.answer is not None
        place = self._place(call, self._line.myIP, call.relay.pbx.port)
        return answer_of(call.answer, call.offer, place)

    def _note(self, call: _Call) -> None:
        answered = self._line.calls.get(call.call_id)
        if isinstance(answered, LineCall):
            self._kept.put(call.call_id, answered.kept)

    def _release(self, call: _Call) -> None:
        self._calls.pop(call.call_id, None)
        self._by_leg.pop(call.leg, None)
        self._kept.drop(call.call_id)
        call.relay.close()
        self._pool.release(call.ports, monotonic_s())
        log.info(
            "[%s] over; %d packets from the PBX, %d from core",
            call.leg, call.relay.pbx.packets, call.relay.core.packets,
        )  # fmt: skip
