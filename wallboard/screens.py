"""Sends the board to all screens: rendered once for all, at most four times a second.

    BoardService ─▶ Screens.publish ─▶ Mailbox (one slot) ─▶ a screen's socket

A screen that takes longer to read than the board to change finds, instead of a backlog, one mark
in its mailbox: take a snapshot.
"""

import asyncio

from msgspec import json

from wallboard.document import Document, changes, render
from wallboard.service import BoardService

PERIOD_S = 0.25
"Between two deltas at least."
HEARTBEAT_PERIODS = 18
"A delta at least this often (4.5 s), so that a screen notices silence."


class Mailbox:
    """Holds at most one message for one screen."""

    def __init__(self) -> None:
        self._filled = asyncio.Event()
        self._delta: str | None = None
        "None in a filled mailbox: the screen missed something and needs a snapshot."

    def offer(self, delta: str) -> None:
        self._delta = None if self._filled.is_set() else delta
        self._filled.set()

    async def take(self) -> str | None:
        """The next delta; None when a snapshot is due instead."""
        await self._filled.wait()
        self._filled.clear()
        return self._delta


class Screens:
    """All connected screens and the document they were told last."""

    def __init__(self, service: BoardService) -> None:
        self._service = service
        self._mailboxes: set[Mailbox] = set()
        self._seq = 0
        self._told = self._render()
        self._silent_periods = 0

    def __len__(self) -> int:
        return len(self._mailboxes)

    def join(self) -> Mailbox:
        if not self._mailboxes:
            self._service.turn_day()
            self._told = self._render()  # nobody was told anything while nobody looked
        mailbox = Mailbox()
        self._mailboxes.add(mailbox)
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        self._mailboxes.discard(mailbox)

    def snapshot(self) -> str:
        """What all screens know; the next delta continues it."""
        return self._message("snapshot", self._told)

    def publish(self) -> None:
        """Tell all screens what changed since the last time; called once each period."""
        self._service.turn_day()
        if not self._mailboxes:
            return
        document = self._render()
        delta = changes(self._told, document)
        self._silent_periods += 1
        if not delta and self._silent_periods < HEARTBEAT_PERIODS:
            return
        self._seq += 1
        self._silent_periods = 0
        self._told = document
        message = self._message("delta", delta)
        for mailbox in self._mailboxes:
            mailbox.offer(message)

    async def run(self) -> None:
        """Publishes until cancelled."""
        while True:
            self.publish()
            await asyncio.sleep(PERIOD_S)

    def _render(self) -> Document:
        service = self._service
        return render(service.board, service.now_s(), core_up=service.core_up)

    def _message(self, kind: str, body: Document) -> str:
        head = {"type": kind, "seq": self._seq, "at_s": round(self._service.now_s(), 3)}
        return json.encode({**head, **body}).decode()
