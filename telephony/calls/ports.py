"""What the switchboard needs below it: SIP's verbs and media's requests."""

from collections.abc import Callable, Sequence
from typing import Protocol

from foundation.ids import LegId
from telephony.media import protocol as media


class SipPort(Protocol):
    """The SIP verbs the switchboard uses; events come back by `Switchboard.on_sip`."""

    def progress(self, leg: LegId, status: int, body: bytes) -> None: ...
    def accept(self, leg: LegId, body: bytes) -> None: ...
    def reject(self, leg: LegId, status: int) -> None: ...
    def dial(
        self,
        leg: LegId,
        to: str,
        *,
        body: bytes,
        caller_user: str,
        caller_name: str,
        headers: Sequence[tuple[str, str]],
    ) -> None: ...
    def dial_outside(
        self,
        leg: LegId,
        number: str,
        trunk: str,
        *,
        body: bytes,
        show: str,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None: ...
    def hang_up(self, leg: LegId, reason: str) -> None: ...
    def accept_refer(self, leg: LegId) -> None: ...
    def refuse_refer(self, leg: LegId, status: int) -> None: ...
    def notify_refer(self, leg: LegId, status: int) -> None: ...
    def note(self, leg: LegId, extra: bytes) -> None: ...
    def is_registered(self, aor: str) -> bool: ...


class MediaPort(Protocol):
    """Asks the worker that keeps the call; the reply comes later, exactly once."""

    def ask(
        self, request: media.Request, on_reply: Callable[[media.Done | media.Failed], None]
    ) -> None: ...

    def keep(self, leg: str, record: bytes, *, is_urgent: bool) -> None:
        """Keep a dialog record (`media.Keep`), so that it outlives this process; no reply comes.

        Media takes requests in order, so this may follow an Offer that is still under way.
        """
