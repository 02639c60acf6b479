"""A line's process: calls of the PBX, by pyVoIP, carried to core, by our own stack.

    PyVoipLine ─▶ invited ─▶ Carried ─▶ SipEndpoint ─▶ core
        ◀── progress, answer ── effects ◀── Progressed, Answered, Gone ──┘

One loop and no threads. A fault of ours in a step of one call ends that call and no other.
"""

import asyncio
import logging
import random
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import TypeAlias, assert_never

from foundation.clock import monotonic_s
from foundation.ids import LegId, new_leg_id
from foundation.tasks import contain
from telephony.lines import carried
from telephony.lines.caller import headers_for_core
from telephony.lines.carried import Carried, CarriedState
from telephony.lines.descriptions import Place, Stream, answer_of, offer_of
from telephony.lines.kept import KeptCalls
from telephony.lines.options import CoreWay, LineOptions
from telephony.lines.pyvoip.line import LineCall, PyVoipLine
from telephony.lines.pyvoip.registration import RETRY_S, Lost, News
from telephony.lines.reasons import reason_text
from telephony.lines.relay import Relay, open_core_socket
from telephony.media.errors import NoRtpPort, SdpRejected
from telephony.media.ports import PortPair, PortPool
from telephony.sip.endpoint import SipEndpoint, bind_udp, listener_of
from telephony.sip.errors import SipParseError
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Gone,
    Progressed,
    Refused,
    Reoffered,
    ReofferRefused,
    SipEvent,
    StackEffect,
)
from telephony.sip.options import SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.uri import make_uri

log = logging.getLogger(__name__)

_Verb: TypeAlias = Callable[[LegId, bytes, float], list[StackEffect]]
TICK_S = 0.1
DRAIN_S = 5.0
"A port rests so long before another call gets it."
FULL = 503
BAD_REQUEST = 400


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
        self._way: CoreWay | None = None

    @property
    def count(self) -> int:
        return len(self._calls)

    # -- start and end ---------------------------------------------------------------------------

    async def start(self, way: CoreWay) -> None:
        """Open both sides, end what a process before us has left, register.

        Waits until the server's name has an address.
        """
        self._way = way
        options = self._options
        addresses = await self._resolve_patiently()
        local_ip = options.local_ip or _own_address(addresses[0])
        self._line = PyVoipLine(
            options.server, options.port, options.user, options.password,
            local_ip, options.sip_port,
            on_invited=self._on_invited, on_call=self._on_pbx, on_digit=self._on_info_digit,
            on_registration=self._on_registration,
        )  # fmt: skip
        self._line.sip.open()
        self._use(addresses)
        self._loop.add_reader(self._line.sip.s, self._read)
        self._pool = PortPool(local_ip, options.rtp_ports, DRAIN_S)
        await self._open_core_side(way)
        for kept in self._kept.take_all():
            contain("a call of the process before us", self._line.finish, kept)
        self._tick()
        self._line.registration.begin()

    async def _open_core_side(self, way: CoreWay) -> None:
        self._core_ip = way.address.host
        sock = bind_udp(self._core_ip, 0)
        stack = SipStack(
            SipOptions(listeners=(listener_of(sock),), domain=way.domain, server="callcenter line"),
            {},
            lines=lambda user: False,
            secret=secrets.token_bytes(16),
            random=random.SystemRandom(),
        )
        self._stack = stack
        self._endpoint = SipEndpoint(stack, [sock], self._on_core)
        await self._endpoint.start()

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
        self._endpoint.close()
        self._pool.close()

    def _read(self) -> None:
        contain("a message of the PBX", self._line.sip.read_all)

    def _tick(self) -> None:
        now = monotonic_s()
        contain("the line's timers", self._line.sip.on_time, now)
        self._pool.tick(now)
        self._timer = self._loop.call_later(TICK_S, self._tick)

    # -- the PBX's name --------------------------------------------------------------------------

    async def _resolve_patiently(self) -> list[str]:
        for pause_s in chain(RETRY_S, repeat(RETRY_S[-1])):
            addresses = await self._resolve()
            if addresses:
                break
            self._on_registration(Lost(f"{self._options.server} has no IPv4 address"))
            await asyncio.sleep(pause_s)
        return addresses

    async def _resolve(self) -> list[str]:
        """IPv4 addresses of the server; none when it cannot be looked up."""
        try:
            found = await self._loop.getaddrinfo(
                self._options.server, None, family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
        except OSError as error:
            log.warning("%s cannot be looked up: %s", self._options.server, error)
            return []
        return [str(entry[4][0]) for entry in found]

    def _use(self, addresses: list[str]) -> None:
        sip = self._line.sip
        sip.addresses = frozenset(addresses)
        sip.resolved = sip.resolved if sip.resolved in addresses else addresses[0]

    async def look_up_again(self) -> None:
        """Now and then: the name may have moved to another address."""
        addresses = await self._resolve()
        if addresses:
            self._use(addresses)

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
            offer = Stream.read(_text(invited.first.raw_body))
            headers = headers_for_core(bytes(invited.first.raw))
            ports = self._pool.take()
        except (SdpRejected, SipParseError, NoRtpPort) as error:
            log.warning("a call is refused with %d: %s", error.sip_status, error)
            self._line.refuse(call_id, error.sip_status)
            return
        relay = Relay(ports.rtp, open_core_socket(self._core_ip), self._loop.time)
        relay.pbx.aim(offer.target)
        call = _Call(Carried(call_id), new_leg_id(), offer, None, relay, ports)
        self._calls[call_id] = self._by_leg[call.leg] = call
        self._kept.put(call_id, invited.kept)
        self._dial(call, headers)

    def _dial(self, call: _Call, headers: list[tuple[str, str]]) -> None:
        way = self._way
        assert way is not None
        log.info("[%s] < INVITE of the PBX, > INVITE core", call.leg)
        self._endpoint.perform(
            self._stack.dial(
                call.leg,
                str(make_uri(self._options.line, way.domain)),
                self._endpoint.now,
                body=self._offer_to_core(call),
                caller=CallerIdentity(way.account, "", ""),
                headers=headers,
                credentials=(way.account, way.password),
                route=way.address,
            )
        )

    def _offer_to_core(self, call: _Call) -> bytes:
        return offer_of(call.offer, self._place(call, self._core_ip, call.relay.core.port)).encode()

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
            self._endpoint.perform(self._stack.press(call.leg, digit, self._endpoint.now))

    def _on_core(self, event: SipEvent) -> None:
        call = self._by_leg.get(getattr(event, "leg", LegId("")))
        given = None if call is None else _given(event)
        if call is not None and given is not None:
            self._feed(call.call_id, given)

    def _feed(self, call_id: str, given: carried.Given) -> None:
        if not contain(f"a step of {call_id}", self._step, call_id, given):
            contain(f"the end of {call_id}", self._step, call_id, carried.Close())

    def _step(self, call_id: str, given: carried.Given) -> None:
        call = self._calls.get(call_id)
        if call is None:
            return
        before = call.machine.state
        for effect in call.machine.feed(given):
            self._perform(call, effect)
        if call.machine.state is not before:
            log.info("[%s] - %s -> %s", call.leg, before.name, call.machine.state.name)

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
                self._do(self._stack.reoffer, call.leg, self._offer_to_core(call))
            case carried.AcceptCore():
                self._do(self._stack.accept, call.leg, self._offer_to_core(call))
            case carried.HangUpCore(reason):
                effects = self._stack.hang_up(call.leg, self._endpoint.now, reason)
                self._endpoint.perform(effects)
            case carried.Release():
                self._release(call)
            case _:
                assert_never(effect)

    def _do(self, verb: _Verb, leg: LegId, body: bytes) -> None:
        self._endpoint.perform(verb(leg, body, self._endpoint.now))

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


def _given(event: SipEvent) -> carried.Given | None:
    """What core's side tells, in the words of the machine; None: nothing to a carried call."""
    match event:
        case Progressed(_, status, body):
            return carried.CoreProgressed(status, _text(body))
        case Answered(_, body):
            return carried.CoreAnswered(_text(body))
        case Refused(_, status, _):
            return carried.CoreRefused(status)
        case ReofferRefused(_, status):
            return carried.CoreRefusedReoffer(status)
        case Reoffered():
            return carried.CoreReoffered()
        case Gone(_, _, reason):
            return carried.CoreHungUp(reason_text(reason))
        case _:
            return None


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _own_address(peer: str) -> str:
    """The address that the system sends to `peer` from; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
