"""The way out: all trunks that we register at, ping and call, on the running loop.

    start ─▶ DNS ─▶ TrunkLine: registration, ping ─▶ TrunkUp, TrunkDown
    dial  ─▶ trunk or group ─▶ channels ─▶ DNS ─▶ attempts ─▶ SipStack.dial_outside
                                  └────────┴─ none ─▶ Refused

Look-ups are the only tasks here; each ends by itself within the resolver's bounds.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field

from foundation.ids import LegId
from telephony.sip.dialogs.outside import Attempt, attempts_by
from telephony.sip.events import Refused, SendDatagram, TrunkDown, TrunkEvent, TrunkUp
from telephony.sip.options import Randomness
from telephony.sip.sockets.endpoint import SipEndpoint
from telephony.sip.trunks.resolver import Resolver
from telephony.sip.trunks.targets import Destination, Found, NoAnswer, destinations, draw
from telephony.sip.trunks.trunk_line import (
    LineEffect,
    TrunkLine,
    TrunkOptions,
    TrunkState,
    Way,
)
from telephony.sip.ways import Flow
from telephony.sip.wording.message import HeaderLines

log = logging.getLogger(__name__)

CHANNELS = "trunk channels"
"Reason of a `Refused` by the limit of all trunks that could have carried the call."
TICK_S = 0.001
ASK_AGAIN_S = 15.0
"After DNS was silent."
LEAVE_FOR_S = 0.2
"Time for the answers to our last REGISTERs, which may ask for the password once more."


@dataclass(slots=True)
class _Waiting:
    """A call whose trunk is being looked up."""

    task: asyncio.Task[None] | None = None
    note: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Wish:
    number: str
    body: bytes
    show: str
    headers: HeaderLines = field(default=())


class Gateway:
    """See the module; used on its running loop."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        trunks: Sequence[TrunkOptions],
        resolver: Resolver,
        random: Randomness,
        tell: Callable[[TrunkEvent], None],
        incoming: Callable[[str], int] = lambda trunk: 0,
    ) -> None:
        """incoming: how many calls have come in over a trunk and are in the house."""
        self._endpoint = endpoint
        self._resolver = resolver
        self._random = random
        self._tell = tell
        self._incoming = incoming
        self._lines = {options.name: TrunkLine(options, random) for options in trunks}
        self._waiting: dict[LegId, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: dict[str, asyncio.TimerHandle] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    # -- start and end ---------------------------------------------------------------------------

    def start(self) -> None:
        """After the endpoint has started."""
        self._endpoint.asker = self
        for line in self._lines.values():
            if line.is_watched:
                self._run(self._locate(line), f"trunk-{line.options.name}")

    async def close(self) -> None:
        """Give registrations back, and wait a moment for the answers."""
        self._is_closed = True
        for handle in self._looking.values():
            handle.cancel()
        for task in self._tasks:
            task.cancel()
        sent = [self._perform(line.leave(self._endpoint.now)) for line in self._lines.values()]
        if any(sent):
            await asyncio.sleep(LEAVE_FOR_S)
        if self._timer is not None:
            self._timer.cancel()
        self._endpoint.asker = None

    # -- questions -------------------------------------------------------------------------------

    def states(self) -> dict[str, tuple[TrunkState, str]]:
        """Of each trunk that we call: how it is, and why."""
        return {name: (line.state, line.reason) for name, line in self._lines.items()}

    def count(self, trunk: str) -> int:
        """Calls out over it."""
        return self._endpoint.stack.count_on(trunk)

    # -- dialling --------------------------------------------------------------------------------

    def dial(
        self,
        leg: LegId,
        number: str,
        trunk: str,
        *,
        body: bytes,
        show: str,
        headers: HeaderLines = (),
    ) -> None:
        """Call a number by a trunk, or by the trunks of a group; the leg's events follow."""
        lines, refusal = self._choose(trunk)
        if not lines:
            self._endpoint.perform([Refused(leg, 503, refusal)])
            return
        wish = _Wish(number, body, show, headers)
        found = [self._resolver.known(line.options.wanted) for line in lines]
        if all(each is not None for each in found):
            self._try(leg, lines, found, wish)
            return
        waiting = self._waiting[leg] = _Waiting()
        waiting.task = self._run(self._dial_later(leg, lines, wish), "trunk-dial")

    def hang_up(self, leg: LegId) -> bool:
        """True when the leg was only being looked up, and is over now."""
        waiting = self._waiting.pop(leg, None)
        if waiting is None:
            return False
        if waiting.task is not None:
            waiting.task.cancel()
        self._endpoint.perform([Refused(leg, 487, "cancelled")])
        return True

    def note(self, leg: LegId, extra: bytes) -> bool:
        """True when the leg is only being looked up; it will have the note."""
        waiting = self._waiting.get(leg)
        if waiting is not None:
            waiting.note = extra
        return waiting is not None

    def _choose(self, name: str) -> tuple[list[TrunkLine], str]:
        """Who may carry a call now, the first to try in front; or why nobody may."""
        lines = [
            line for line in self._lines.values() if name in (line.options.name, line.options.group)
        ]
        if not lines:
            return [], f"no trunk is called {name!r}"
        free = [line for line in lines if not self._is_full(line.options)]
        return self._ordered(free), f"{CHANNELS}: {name} has no free one"

    def _is_full(self, options: TrunkOptions) -> bool:
        taken = self._endpoint.stack.count_on(options.name) + self._incoming(options.name)
        return options.channels is not None and taken >= options.channels

    def _ordered(self, lines: list[TrunkLine]) -> list[TrunkLine]:
        """Those that are down come last: they may have come back without our knowing."""
        ordered = []
        keys = {(line.state is TrunkState.DOWN, line.options.priority) for line in lines}
        for key in sorted(keys):
            left = [
                line
                for line in lines
                if (line.state is TrunkState.DOWN, line.options.priority) == key
            ]
            while left:
                ordered.append(left.pop(draw([each.options.weight for each in left], self._random)))
        return ordered

    async def _dial_later(self, leg: LegId, lines: list[TrunkLine], wish: _Wish) -> None:
        found = await asyncio.gather(*(self._find(line) for line in lines))
        waiting = self._waiting.pop(leg, None)
        if waiting is None:
            return
        self._try(leg, lines, found, wish)
        if waiting.note is not None:
            self._endpoint.perform(self._endpoint.stack.note(leg, waiting.note))

    async def _find(self, line: TrunkLine) -> Found | None:
        try:
            return await self._resolver.find(line.options.wanted)
        except NoAnswer as error:
            log.warning("trunk %s: %s", line.options.name, error)
            return None

    def _try(
        self, leg: LegId, lines: list[TrunkLine], found: Sequence[Found | None], wish: _Wish
    ) -> None:
        attempts: list[Attempt] = []
        for line, where in zip(lines, found, strict=True):
            targets = self._destinations(line, where) if where is not None else []
            attempts += attempts_by(line.options, targets, wish.number, wish.show, wish.headers)
        if not attempts:
            self._endpoint.perform([Refused(leg, 503, "the trunk's address is not known")])
            return
        stack = self._endpoint.stack
        self._endpoint.perform(
            stack.dial_outside(leg, attempts, self._endpoint.now, body=wish.body)
        )

    def _destinations(self, line: TrunkLine, found: Found) -> list[Destination]:
        """The one that has answered lately comes first."""
        targets = destinations(found, self._random)
        if line.preferred in targets:
            targets.sort(key=lambda target: target != line.preferred)
        self._expect_names(line, targets)
        return targets

    def _expect_names(self, line: TrunkLine, targets: Sequence[Destination]) -> None:
        for target in targets:
            if target.transport == "TLS":
                self._endpoint.expect_name(target.address, line.options.wanted.host)

    # -- watching --------------------------------------------------------------------------------

    async def _locate(self, line: TrunkLine) -> None:
        """Look the trunk up, now and when DNS says that it may have moved."""
        name = line.options.name
        try:
            found = await self._resolver.find(line.options.wanted)
        except NoAnswer as error:
            again_s = ASK_AGAIN_S
            self._perform(line.not_found(str(error)))
        else:
            again_s = found.ttl_s
            targets = destinations(found, self._random)
            self._expect_names(line, targets)
            ways = [way for target in targets if (way := self._way(target)) is not None]
            if ways:
                self._perform(line.found(ways, self._endpoint.now))
            else:
                self._perform(line.not_found("no listener of ours reaches it"))
        if not self._is_closed:
            self._looking[name] = asyncio.get_running_loop().call_later(
                again_s, lambda: self._run(self._locate(line), f"trunk-{name}")
            )

    def _way(self, target: Destination) -> Way | None:
        listener = self._endpoint.stack.listener_for(target.transport, target.address)
        if listener is None:
            return None
        return Way(target, listener, self._endpoint.stack.options.listeners[listener].address)

    def _perform(self, effects: Sequence[LineEffect]) -> bool:
        """True when something was sent."""
        for effect in effects:
            match effect:
                case SendDatagram():
                    self._endpoint.perform([effect])
                case TrunkUp(name, reason):
                    log.info("trunk %s is up: it %s", name, reason)
                    self._tell(effect)
                case TrunkDown(name, reason):
                    log.warning("trunk %s is down: %s", name, reason)
                    self._tell(effect)
        self._rearm()
        return any(isinstance(effect, SendDatagram) for effect in effects)

    # -- what the endpoint tells -----------------------------------------------------------------

    def receive(self, data: bytes) -> bool:
        if not data.startswith(b"SIP/2.0 "):
            return False
        return self._ask_lines(lambda line: line.receive(data, self._endpoint.now))

    def unsent(self, data: bytes) -> bool:
        return self._ask_lines(lambda line: line.unsent(data, self._endpoint.now))

    def _ask_lines(self, ask: Callable[[TrunkLine], list[LineEffect] | None]) -> bool:
        for line in self._lines.values():
            effects = ask(line)
            if effects is not None:
                self._perform(effects)
                return True
        return False

    def flow_closed(self, flow: Flow) -> None:
        for line in self._lines.values():
            self._perform(line.flow_closed(flow, self._endpoint.now))

    def used_flows(self) -> set[Flow]:
        flows = (line.flow for line in self._lines.values() if line.options.registers)
        return {flow for flow in flows if flow is not None}

    # -- time ------------------------------------------------------------------------------------

    def _on_timer(self) -> None:
        self._timer = None
        for line in self._lines.values():
            if line.deadline is not None and line.deadline <= self._endpoint.now + TICK_S:
                # The loop may wake us a clock tick early; the deadline has come all the same.
                self._perform(line.tick(max(line.deadline, self._endpoint.now)))
        self._rearm()

    def _rearm(self) -> None:
        times = [line.deadline for line in self._lines.values() if line.deadline is not None]
        deadline = min(times, default=None)
        if self._timer is not None:
            if self._timer.when() == deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._on_timer)

    def _run(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
