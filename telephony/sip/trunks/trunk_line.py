"""One trunk as we see it: where it is, whether it holds our registration, whether it lives. Pure.

              found (DNS)                 Registered, Alive
    UNKNOWN ───────────────▶ UNKNOWN ─────────────────────────▶ UP
                                │                              │  ▲
                                └─ all addresses failed ─┐     │  │ Registered, Alive
                                                         ▼     ▼  │
                                       refused, no DNS ─▶ DOWN ───┘

Rule 1: a trunk that registers is up while it holds our registration; one that is pinged, while it
        answers; one with both needs both. One with neither is never known, and tried all the same.
Rule 2: an address that fails (408, 503, no connection) gives way to the next of those that DNS
        gave; the trunk is down when all have failed.
Rule 3: `TrunkUp` and `TrunkDown` are told when it changes, and no oftener.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from telephony.sip.digest import Credentials
from telephony.sip.events import HostPort, SendDatagram, TrunkDown, TrunkUp
from telephony.sip.options import Randomness
from telephony.sip.trunks.ping import Alive, Ping, PingEffect, Silent
from telephony.sip.trunks.registration import (
    Registered,
    Registration,
    RegistrationEffect,
    RegistrationOptions,
    RegistrationRefused,
    Unregistered,
)
from telephony.sip.trunks.targets import Destination, Wanted
from telephony.sip.ways import Flow

RETRY_S, MAX_RETRY_S = 5.0, 300.0
"Between tries to register, at first and in the long run."
ANOTHER_ADDRESS_FOR = (408, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkOptions:
    """A trunk that we call, as configured."""

    name: str
    wanted: Wanted
    group: str = ""
    priority: int = 0
    "Of a group's trunks those with the lowest number are tried first ..."
    weight: int = 1
    "... and among equals each as often as its weight says."
    registers: bool = False
    credentials: Credentials | None = None
    from_user: str = ""
    "User part of From; '': the number shown."
    contact_token: str = ""
    expires_s: int = 600
    options_ping_s: float = 0.0
    "0: never."
    channels: int | None = None
    max_call_s: float | None = None


class TrunkState(StrEnum):
    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


LineEffect: TypeAlias = SendDatagram | TrunkUp | TrunkDown


@dataclass(frozen=True, slots=True)
class Way:
    """A destination, and the listener of ours that reaches it."""

    destination: Destination
    listener: int
    local: HostPort


class TrunkLine:
    """Registration, ping and state of one trunk."""

    def __init__(self, options: TrunkOptions, random: Randomness) -> None:
        self.options = options
        self.state = TrunkState.UNKNOWN
        self.reason = "not tried yet"
        self._ways: list[Way] = []
        self._place = 0
        "Of the way that registration and ping go."
        self._failed = 0
        "Ways that have failed one after the other."
        self._is_held: bool | None = None if options.registers else True
        self._is_alive: bool | None = None if options.options_ping_s else True
        self._random = random
        self._registration: Registration | None = None
        self._ping: Ping | None = None
        if options.options_ping_s:
            self._ping = Ping(options.wanted.host, options.options_ping_s, random)

    @property
    def is_watched(self) -> bool:
        """Its state is known by registration or ping."""
        return self.options.registers or self._ping is not None

    @property
    def deadline(self) -> float | None:
        machines = (self._registration, self._ping)
        times = [each.deadline for each in machines if each is not None]
        return min((at for at in times if at is not None), default=None)

    @property
    def flow(self) -> Flow | None:
        """The connection that keeps us reachable, if it is one."""
        way = self._way
        return None if way is None else (way.listener, way.destination.address)

    @property
    def preferred(self) -> Destination | None:
        """Where it answered last."""
        is_known = self._way is not None and self.state is TrunkState.UP and self.is_watched
        return self._way.destination if self._way is not None and is_known else None

    @property
    def _way(self) -> Way | None:
        return self._ways[self._place] if self._ways else None

    # -- where it is -----------------------------------------------------------------------------

    def found(self, ways: Sequence[Way], now: float) -> list[LineEffect]:
        """DNS has said where the trunk is; the one that serves is kept when it is among them."""
        before = self._way
        self._ways = list(ways)
        if before in self._ways:
            self._place = self._ways.index(before)
            return []
        self._place = self._failed = 0
        return self._begin(now) if self.is_watched else []

    def not_found(self, sentence: str) -> list[LineEffect]:
        """DNS does not say where it is, and never has."""
        return self._turn(TrunkState.DOWN, sentence) if not self._ways else []

    def _begin(self, now: float) -> list[LineEffect]:
        """Ask on the present way."""
        way = self._way
        if way is None:
            return []
        address, transport = way.destination.address, way.destination.transport
        effects: list[LineEffect] = []
        if self._ping is not None:
            asked = self._ping.ask(address, way.local, way.listener, transport, now)
            effects += self._on_ping(asked, now)
        if self.options.registers:
            if self._registration is None:
                self._registration = self._make_registration(way)
            self._registration.aim(address, way.local, way.listener, transport)
            effects += self._on_registration(self._registration.begin(now), now)
        return effects

    def _make_registration(self, way: Way) -> Registration:
        options = self.options
        return Registration(
            RegistrationOptions(
                registrar=way.destination.address,
                domain=options.wanted.host,
                local=way.local,
                credentials=options.credentials or Credentials("", ""),
                contact_token=options.contact_token,
                expires_s=options.expires_s,
                retry_s=RETRY_S,
                max_retry_s=MAX_RETRY_S,
            ),
            self._random,
        )

    # -- what happens ----------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[LineEffect] | None:
        """None: the datagram is no answer to anything of this trunk's."""
        if self._ping is not None and (pinged := self._ping.receive(data, now)) is not None:
            return self._on_ping(pinged, now)
        if self._registration is not None:
            told = self._registration.receive(data, now)
            if told is not None:
                return self._on_registration(told, now)
        return None

    def unsent(self, data: bytes, now: float) -> list[LineEffect] | None:
        if self._ping is not None and (pinged := self._ping.unsent(data, now)) is not None:
            return self._on_ping(pinged, now)
        if self._registration is not None:
            told = self._registration.unsent(data, now)
            if told is not None:
                return self._on_registration(told, now)
        return None

    def flow_closed(self, flow: Flow, now: float) -> list[LineEffect]:
        """The connection is gone on which the trunk reached us: open and register another."""
        if flow != self.flow or not self.options.registers or self._registration is None:
            return []
        return self._on_registration(self._registration.begin(now), now)

    def tick(self, now: float) -> list[LineEffect]:
        effects: list[LineEffect] = []
        if self._ping is not None:
            effects += self._on_ping(self._ping.tick(now), now)
        if self._registration is not None:
            effects += self._on_registration(self._registration.tick(now), now)
        return effects

    def leave(self, now: float) -> list[LineEffect]:
        """The centre closes: give the registration back."""
        if self._ping is not None:
            self._ping.stop()
        if self._registration is None:
            return []
        left = self._registration.leave(now)
        return [effect for effect in left if isinstance(effect, SendDatagram)]

    # -- what it means ---------------------------------------------------------------------------

    def _on_ping(self, told: Sequence[PingEffect], now: float) -> list[LineEffect]:
        effects: list[LineEffect] = []
        for each in told:
            match each:
                case SendDatagram():
                    effects.append(each)
                case Alive():
                    self._is_alive = True
                    effects += self._settle("answers OPTIONS")
                case Silent(status):
                    self._is_alive = False
                    effects += self._failed_way(status, f"OPTIONS: {_said(status)}", now)
        return effects

    def _on_registration(self, told: Sequence[RegistrationEffect], now: float) -> list[LineEffect]:
        effects: list[LineEffect] = []
        for each in told:
            match each:
                case SendDatagram():
                    effects.append(each)
                case Registered():
                    self._is_held = True
                    effects += self._settle("holds our registration")
                case RegistrationRefused(status):
                    self._is_held = False
                    effects += self._failed_way(status, f"REGISTER: {_said(status)}", now)
                case Unregistered():
                    pass
        return effects

    def _failed_way(self, status: int, sentence: str, now: float) -> list[LineEffect]:
        self._failed += 1
        if status in ANOTHER_ADDRESS_FOR and self._failed < len(self._ways):
            self._place = (self._place + 1) % len(self._ways)
            return self._begin(now)
        effects = self._turn(TrunkState.DOWN, sentence)
        if status in ANOTHER_ADDRESS_FOR and len(self._ways) > 1:
            # The next try, when its time has come, begins with another address.
            self._failed = 0
            self._place = (self._place + 1) % len(self._ways)
            self._aim()
        return effects

    def _aim(self) -> None:
        way = self._way
        if way is None:
            return
        destination = way.destination
        for machine in (self._registration, self._ping):
            if machine is not None:
                machine.aim(destination.address, way.local, way.listener, destination.transport)

    def _settle(self, sentence: str) -> list[LineEffect]:
        self._failed = 0
        if self._is_held and self._is_alive:
            return self._turn(TrunkState.UP, sentence)
        return []

    def _turn(self, state: TrunkState, reason: str) -> list[LineEffect]:
        before, self.state, self.reason = self.state, state, reason
        if before is state:
            return []
        name = self.options.name
        return [TrunkUp(name, reason) if state is TrunkState.UP else TrunkDown(name, reason)]


def _said(status: int) -> str:
    return {408: "no answer", 503: "cannot be reached, or says 503"}.get(status, f"says {status}")
