"""Datagrams that are sent again until an answer comes (RFC 3261 timers A, E and G).

pyVoIP 1.6.8 sends everything once. Pure: time is a number, what is due is returned.
"""

from dataclasses import dataclass

T1_S = 0.5
T2_S = 4.0
LIFE_S = 64 * T1_S
"Timers B, F and H: then the peer is given up."


@dataclass(slots=True)
class _Sending:
    datagram: bytes
    to: tuple[str, int]
    due_at: float
    wait_s: float
    until: float
    longest_s: float


class SendAgain:
    """Keyed by what will stop it: the branch of a request, the Call-ID of a final answer."""

    def __init__(self) -> None:
        self._sendings: dict[str, _Sending] = {}

    def add(
        self, key: str, datagram: bytes, to: tuple[str, int], now: float, *, invite: bool = False
    ) -> None:
        """An INVITE doubles its wait without end (timer A), all else up to T2."""
        longest_s = LIFE_S if invite else T2_S
        self._sendings[key] = _Sending(datagram, to, now + T1_S, T1_S, now + LIFE_S, longest_s)

    def stop(self, key: str) -> None:
        self._sendings.pop(key, None)

    def due(self, now: float) -> list[tuple[bytes, tuple[str, int]]]:
        out = []
        for sending in self._sendings.values():
            if sending.due_at <= now < sending.until:
                sending.wait_s = min(2 * sending.wait_s, sending.longest_s)
                sending.due_at = now + sending.wait_s
                out.append((sending.datagram, sending.to))
        return out

    def given_up(self, now: float) -> list[str]:
        """Keys whose peer never answered; they are forgotten."""
        dead = [key for key, sending in self._sendings.items() if sending.until <= now]
        for key in dead:
            self.stop(key)
        return dead
