"""Sends boards to all screens: each view rendered once for all who look at it, when something
changed and at most so often.

    BoardService ─▶ Screens.publish ─▶ Channel (one view) ─▶ Mailbox (one slot) ─▶ a screen's socket

A screen that takes longer to read than the board to change finds, instead of a backlog, one mark
in its mailbox: take a snapshot. One that comes back within half a minute gets what it missed.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from msgspec import json

from foundation.ids import TvLinkId
from wallboard.figures.boards import DEFAULT, DEFAULT_PLAN, Plans
from wallboard.figures.curve import Past
from wallboard.host import NOTHING_KNOWN, Host
from wallboard.screens.document import Document, changes, render
from wallboard.service import BoardService

GAP_S = 0.15
"""Between two deltas at least. News of a floor at rest goes out at once; on a busy one a fact waits
up to so long, which with the time to reach 500 screens stays below a quarter of a second."""
QUIET_S = 1.0
"Without news the board is looked at so often: waits grow by themselves."
HEARTBEAT_PERIODS = 4
"Looks without a change before a delta with the time alone, so that a screen notices silence."
RING_DELTAS = 200
"Kept for screens that come back: at least half a minute."
RING_BYTES = 2_000_000
NO_SUCH_BOARD, REVOKED, TOO_SLOW, TOO_MANY = 4404, 4401, 4408, 1013
"Close codes; those of four thousands are an application's own, RFC 6455 section 7.4.2."
FIRST_SEQ_BELOW = 2**48
"Below 2^53, the numbers that JavaScript knows exactly."


@dataclass(frozen=True, slots=True)
class View:
    """What a screen is shown: a board, by its name, and whether agents have names on it."""

    board: str = DEFAULT
    hides_names: bool = False


WHOLE = View()


class Mailbox:
    """Holds at most one message for one screen."""

    def __init__(self, link_id: TvLinkId | None = None) -> None:
        self.link_id = link_id
        "The TV link that the screen came by."
        self.dropped_because: Drop | None = None
        self._filled = asyncio.Event()
        self._delta: str | None = None
        "None in a filled mailbox: the screen missed something and needs a snapshot."

    def offer(self, delta: str) -> None:
        self._delta = None if self._filled.is_set() else delta
        self._filled.set()

    def drop(self, why: "Drop") -> None:
        """The screen is to go; its next `take` gives nothing more."""
        self.dropped_because = why
        self._filled.set()

    async def take(self) -> str | None:
        """The next delta; None when a snapshot is due instead. Raises `Dropped`."""
        await self._filled.wait()
        if self.dropped_because is not None:
            raise Dropped(self.dropped_because)
        self._filled.clear()
        return self._delta


@dataclass(frozen=True, slots=True)
class Drop:
    """How a screen is told that it is to go: a close code of RFC 6455 and a sentence."""

    code: int
    reason: str


class Dropped(Exception):
    """The screen is to go."""

    def __init__(self, why: Drop) -> None:
        super().__init__(why.reason)
        self.why = why


@dataclass(slots=True)
class _Ring:
    """The latest deltas, for who missed some of them."""

    deltas: deque[tuple[int, str]] = field(default_factory=deque)
    size: int = 0

    def put(self, seq: int, message: str) -> None:
        self.deltas.append((seq, message))
        self.size += len(message)
        while len(self.deltas) > RING_DELTAS or self.size > RING_BYTES:
            self.size -= len(self.deltas.popleft()[1])

    def after(self, seq: int, last_seq: int) -> list[str] | None:
        """None when some of them are not here any more, or never were."""
        if seq == last_seq:
            return []
        if not self.deltas or not self.deltas[0][0] - 1 <= seq < last_seq:
            return None
        return [message for number, message in self.deltas if number > seq]


class Channel:
    """One view, the document that its screens were told last, and those screens."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.mailboxes: set[Mailbox] = set()
        # Begins anywhere, so that no number of another board, or of an earlier process, is taken
        # for one of ours.
        self.seq = secrets.randbelow(FIRST_SEQ_BELOW)
        self.told: Document = {}
        self._ring = _Ring()
        self._silent_periods = 0
        self._snapshot: tuple[int, str] = (-1, "")

    def snapshot(self, at_s: float) -> str:
        """What all its screens know; the next delta continues it."""
        if self._snapshot[0] != self.seq:  # a hall of screens that comes back is told the same
            self._snapshot = (self.seq, _message("snapshot", self.seq, at_s, self.told))
        return self._snapshot[1]

    def since(self, seq: int, at_s: float) -> list[str]:
        """The deltas after `seq`, or a snapshot where they are gone or longer than that."""
        missed, whole = self._ring.after(seq, self.seq), self.snapshot(at_s)
        if missed is None or sum(map(len, missed)) > len(whole):
            return [whole]
        return missed

    def catch_up(self, document: Document, at_s: float) -> None:
        """To be called while no screen is here."""
        if self.told:
            self.publish(document, at_s)
        self.told = document

    def publish(self, document: Document, at_s: float) -> None:
        delta = changes(self.told, document)
        self._silent_periods += 1
        if not delta and self._silent_periods < HEARTBEAT_PERIODS:
            return
        self.seq += 1
        self._silent_periods = 0
        self.told = document
        message = _message("delta", self.seq, at_s, delta)
        self._ring.put(self.seq, message)
        for mailbox in self.mailboxes:
            mailbox.offer(message)


def _message(kind: str, seq: int, at_s: float, body: Document) -> str:
    head = {"type": kind, "seq": seq, "at_s": round(at_s, 3)}
    return json.encode({**head, **body}).decode()


class Screens:
    """All connected screens, by what they look at."""

    def __init__(self, service: BoardService, plans: Plans | None = None) -> None:
        self._service = service
        self.plans: Plans = plans or {DEFAULT: DEFAULT_PLAN}
        self._channels: dict[View, Channel] = {}
        self.read_host: Callable[[], Host] = lambda: NOTHING_KNOWN
        self.past: Past | None = None

    def __len__(self) -> int:
        return sum(len(channel.mailboxes) for channel in self._channels.values())

    def join(self, view: View = WHOLE, link_id: TvLinkId | None = None) -> Mailbox:
        """To be followed by `first`, before anything else is awaited."""
        channel = self._channels.get(view)
        if channel is None or not channel.mailboxes:
            self._service.turn_day()
            channel = self._channels.setdefault(view, Channel(view))
            # Nobody was told anything while nobody looked. It is one more delta, so that who comes
            # back now can go on, too.
            channel.catch_up(self._render(view), self._service.now_s())
        mailbox = Mailbox(link_id)
        channel.mailboxes.add(mailbox)
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        for channel in self._channels.values():
            channel.mailboxes.discard(mailbox)

    def snapshot(self, view: View = WHOLE) -> str:
        return self._channels[view].snapshot(self._service.now_s())

    def first(self, view: View, after: int | None) -> list[str]:
        """What a screen that has just joined is told; `after`: the last `seq` that it has."""
        channel, now_s = self._channels[view], self._service.now_s()
        return [channel.snapshot(now_s)] if after is None else channel.since(after, now_s)

    def drop_link(self, link_id: TvLinkId, why: Drop) -> None:
        """All screens that came by this TV link."""
        for channel in self._channels.values():
            for mailbox in channel.mailboxes:
                if mailbox.link_id == link_id:
                    mailbox.drop(why)

    def change_plans(self, plans: Plans) -> None:
        """Screens of a board that is gone are dropped, the others get what changed."""
        for view in [view for view in self._channels if view.board not in plans]:
            for mailbox in self._channels.pop(view).mailboxes:
                mailbox.drop(Drop(NO_SUCH_BOARD, f"There is no board {view.board!r} any more."))
        self.plans = plans

    def publish(self) -> None:
        """Tell all screens what changed since the last time."""
        self._service.turn_day()
        for view, channel in self._channels.items():
            if channel.mailboxes:
                channel.publish(self._render(view), self._service.now_s())

    async def run(self) -> None:
        """Publishes until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET_S):
                    await self._service.wait_for_news()
            self.publish()
            await asyncio.sleep(GAP_S)

    def _render(self, view: View) -> Document:
        service = self._service
        return render(
            service.board,
            service.now_s(),
            core_up=service.core_up,
            plan=self.plans[view.board],
            hides_names=view.hides_names,
            host=self.read_host(),
            past=self.past,
            floor=service.floor,
        )
