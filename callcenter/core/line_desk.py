"""Core's knowledge of the lines at other PBXs: what their processes tell, and what it means.

BeginLine ─▶ calls of the process before: ended by FAULT      TellLine ─▶ LineRegistered, LineLost
                                                                    └▶ gauges of the metrics
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from callcenter.asks import BeginLine, CoreAddress, EndLine, TellLine
from callcenter.configuration.line_accounts import trunk_of
from foundation.errors import NotFound, Unavailable
from foundation.ids import CallId
from telephony.calls.events import EndedBy
from telephony.lines.carried import CLOSED
from telephony.lines.events import LineEvent, LineLost, LineRegistered

SILENT_S = 15.0
"A process that tells nothing for so long does not run."
PROCESS_ENDED = "the line's process ended"
NO_PROCESS = "the line's process does not run"


@dataclass(frozen=True, slots=True)
class LineReading:
    """A line as its process told it last."""

    is_registered: bool = False
    calls: int = 0
    told_at: float = float("-inf")


class Calls(Protocol):
    """What is asked of the switchboard."""

    def calls_of_trunk(self, trunk: str) -> list[CallId]: ...

    def hang_up(self, call_id: CallId, by: EndedBy, reason: str) -> None: ...


class LineDesk:
    """Answers the lines' processes."""

    def __init__(
        self,
        numbers: Iterable[str],
        sockets: Sequence[socket.socket],
        switchboard: Calls,
        tell: Callable[[LineEvent], None],
        now: Callable[[], float],
    ) -> None:
        self._switchboard = switchboard
        self._address = core_address(sockets)
        self._tell = tell
        self._now = now
        self._lines = {number: LineReading() for number in numbers}
        self._troubles: dict[str, str] = {}
        "The last that was told of each line."

    async def begin(self, ask: BeginLine) -> CoreAddress:
        self._check(ask.number)
        self._hang_up(ask.number, EndedBy.FAULT, PROCESS_ENDED)
        if self._lines[ask.number].is_registered:
            self._lose(ask.number, PROCESS_ENDED)
        if self._address is None:
            raise Unavailable("core has no UDP listener that a line could call")
        return self._address

    async def end(self, ask: EndLine) -> None:
        self._check(ask.number)
        self._hang_up(ask.number, EndedBy.CENTRE, CLOSED)

    async def take(self, ask: TellLine) -> None:
        self._check(ask.number)
        if ask.trouble:
            self._lose(ask.number, ask.trouble)
        else:
            self._troubles[ask.number] = ""
            if not self._lines[ask.number].is_registered:
                self._tell(LineRegistered(ask.number, ask.server))
        self._lines[ask.number] = LineReading(not ask.trouble, ask.calls, self._now())

    def readings(self) -> Mapping[str, LineReading]:
        """Of a process that is silent nothing is known, which is as good as lost."""
        alive_since = self._now() - SILENT_S
        return {
            number: reading if reading.told_at >= alive_since else LineReading()
            for number, reading in self._lines.items()
        }

    def watch(self) -> None:
        """Now and then: a process that fell silent is told."""
        for number, reading in self._lines.items():
            if reading.is_registered and reading.told_at < self._now() - SILENT_S:
                self._lose(number, NO_PROCESS)

    def _hang_up(self, number: str, by: EndedBy, reason: str) -> None:
        for call_id in self._switchboard.calls_of_trunk(trunk_of(number)):
            self._switchboard.hang_up(call_id, by, reason)

    def _lose(self, number: str, trouble: str) -> None:
        self._lines[number] = LineReading()
        if self._troubles.get(number) != trouble:
            self._troubles[number] = trouble
            self._tell(LineLost(number, trouble))

    def _check(self, number: str) -> None:
        if number not in self._lines:
            raise NotFound(f"{number!r} is no line at another PBX in core's configuration")


def core_address(sockets: Sequence[socket.socket]) -> CoreAddress | None:
    """The first UDP listener, as this machine reaches it."""
    for sock in sockets:
        if sock.type == socket.SOCK_DGRAM:
            host, port = sock.getsockname()[:2]
            bound = ipaddress.ip_address(host)
            if bound.is_unspecified:
                host = "::1" if bound.version == 6 else "127.0.0.1"
            return CoreAddress(host, port)
    return None
