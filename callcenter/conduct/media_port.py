"""All media workers as one: each call lives in one worker, chosen when it arrives.

Caller's and agent's legs of a call must meet in the same worker, so the call is what is placed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

from telephony.media import protocol as media
from telephony.media.client import MediaClient

OnReply: TypeAlias = Callable[[media.Done | media.Failed], None]


class MediaPort:
    """Implements `telephony.calls.ports.MediaPort` over several `MediaClient`s."""

    def __init__(self, clients: Sequence[MediaClient]) -> None:
        self._clients = clients
        self._by_leg: dict[str, MediaClient] = {}
        self._by_call: dict[str, MediaClient] = {}
        self._by_tap: dict[str, MediaClient] = {}

    def ask(self, request: media.Request, on_reply: OnReply) -> None:
        if isinstance(request, media.Offer) and request.leg not in self._by_leg:
            on_reply = self._forgetting_refused(request.leg, on_reply)
        self._client_for(request).tell(request, on_reply)

    def keep(self, leg: str, record: bytes, *, is_urgent: bool) -> None:
        self._of_leg(leg).keep(leg, record, is_urgent=is_urgent)

    def write_urgent(self) -> None:
        """Before a phone is told anything: what the workers are to know by then."""
        for client in self._clients:
            client.write_urgent()

    def adopt(self, session: media.Session, client: MediaClient) -> None:
        """A session that a worker kept over core's restart."""
        self._by_leg[session.leg] = client
        self._by_call[session.call] = client
        self._by_tap |= dict.fromkeys(session.taps, client)

    def drain(self, *, on: bool) -> None:
        """All workers: whether new callers are refused while those in the house go on."""
        for client in self._clients:
            client.tell(media.Drain(rid=0, on=on))

    def forget_call(self, call: str) -> None:
        self._by_call.pop(call, None)

    def _forgetting_refused(self, leg: str, on_reply: OnReply) -> OnReply:
        """A leg that no worker took will never be released."""

        def forget_refused(reply: media.Done | media.Failed) -> None:
            if isinstance(reply, media.Failed):
                self._by_leg.pop(leg, None)
            on_reply(reply)

        return forget_refused

    def _client_for(self, request: media.Request) -> MediaClient:
        match request:
            case media.Offer(leg=leg, call=call):
                client = self._by_call.get(call) or self._least_loaded()
                self._by_call[call] = self._by_leg[leg] = client
                return client
            case media.Connect(a=leg):
                return self._of_leg(leg)
            case media.Tap(tap_id=tap_id, left=leg):
                client = self._by_tap[tap_id] = self._of_leg(leg)
                return client
            case media.PauseTap(tap_id=tap_id):
                return self._by_tap.get(tap_id, self._clients[0])
            case media.Untap(tap_id=tap_id):
                return self._by_tap.pop(tap_id, self._clients[0])
            case media.Release(leg=leg):
                return self._by_leg.pop(leg, self._clients[0])
            case media.Hello() | media.ListSessions() | media.Drain():
                return self._clients[0]
            case _:
                return self._of_leg(request.leg)

    def _of_leg(self, leg: str) -> MediaClient:
        # A leg that is not known any more is answered 481 by whichever worker is asked.
        return self._by_leg.get(leg, self._clients[0])

    def _least_loaded(self) -> MediaClient:
        """Up and admitting before all; then the fewest calls, which a burst of callers moves at
        once, while `Load` comes only once a second."""
        if len(self._clients) == 1:
            return self._clients[0]
        calls = Counter(map(id, self._by_call.values()))

        def load(client: MediaClient) -> tuple[bool, bool, int, float]:
            last = client.last_load
            refuses = last is not None and not last.admitting
            return not client.is_up, refuses, calls[id(client)], last.busy if last else 0.0

        return min(self._clients, key=load)
