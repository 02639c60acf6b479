"""Core's side of following talks while they go on: who is followed, joins media and listener.

    each second, and when a talk begins or ends:
    talks of queues with `live_transcript` ─▶ Follow ─────────▶ listener
                                              ◀── Listening ────┘
                                              ListenIn ─▶ media worker ─ audio ─▶ listener ─▶ web

What should be followed is looked up each time anew, so a transfer, a restarted core, listener or
media worker and a changed queue need no case of their own. No call waits for any of it. When media
is near its limit, following is what goes first, and comes back some seconds after it.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from foundation.ids import CallId, LegId
from recordings.following import listen_messages as m
from telephony.calls.events import Side
from telephony.media import protocol as media

log = logging.getLogger(__name__)

RETRY_S = 5.0
"After a side could not be followed."
REST_S = 10.0
"After media was near its limit."

OnReply: TypeAlias = Callable[[media.Done | media.Failed], None]


@dataclass(frozen=True, slots=True)
class LiveTalk:
    """A talk that is to be followed."""

    call_id: CallId
    caller: LegId
    agent: LegId
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Followed:
    call_id: CallId
    side: Side
    leg: LegId

    @property
    def key(self) -> tuple[CallId, Side]:
        return self.call_id, self.side


class LiveTalks:
    """At most `most` talks at once, both sides of each."""

    def __init__(
        self,
        live_socket: str,
        send: Callable[[m.FromCore], bool],
        ask_media: Callable[[media.Request, OnReply], None],
        talks: Callable[[], Iterable[LiveTalk]],
        is_media_near_limit: Callable[[], bool],
        now_s: Callable[[], float],
        most: int,
    ) -> None:
        """`send`: false when no listener is there; `talks`: those that go on now."""
        self._live_socket = live_socket
        self._send = send
        self._ask_media = ask_media
        self._talks = talks
        self._is_media_near_limit = is_media_near_limit
        self._now_s = now_s
        self._most = most
        self._followed: dict[str, _Followed] = {}
        self._not_before: dict[tuple[CallId, Side], float] = {}
        self._rest_until = 0.0
        self._numbers = count(1)

    def __len__(self) -> int:
        """Sides that are followed."""
        return len(self._followed)

    def watch(self) -> None:
        """Stops what should not be followed any more, begins what should."""
        now = self._now_s()
        if self._is_media_near_limit():
            self._rest_until = now + REST_S
        talks = {talk.call_id: talk for talk in self._chosen()} if now >= self._rest_until else {}
        for listen_id, followed in list(self._followed.items()):
            talk = talks.get(followed.call_id)
            if talk is None or _leg(talk, followed.side) != followed.leg:
                self._stop(listen_id)
        self._not_before = {key: at for key, at in self._not_before.items() if key[0] in talks}
        keys = {followed.key for followed in self._followed.values()}
        for talk in talks.values():
            for side in Side:
                key = talk.call_id, side
                if key not in keys and now >= self._not_before.get(key, 0.0):
                    self._begin(talk, side)

    def on_message(self, message: m.FromListener) -> None:
        followed = self._followed.get(message.listen_id)
        if followed is None:
            return  # a flow's question, or stopped meanwhile
        match message:
            case m.Listening(listen_id=listen_id):
                self._bring_audio(listen_id, followed)
            case m.Failed(listen_id=listen_id, sentence=sentence):
                self._fail(listen_id, followed, sentence)
            case _:
                pass

    def listener_lost(self) -> None:
        self._followed.clear()

    def _chosen(self) -> list[LiveTalk]:
        """Who is followed already goes on; of the others those that came first."""
        followed = {one.call_id for one in self._followed.values()}
        in_order = sorted(self._talks(), key=lambda talk: talk.call_id not in followed)
        return in_order[: self._most]

    def _begin(self, talk: LiveTalk, side: Side) -> None:
        listen_id = f"live.{talk.call_id}.{side}.{next(self._numbers)}"
        follow = m.Follow(
            listen_id=listen_id,
            call_id=talk.call_id,
            side=side.value,
            languages=talk.languages,
        )
        if self._send(follow):
            self._followed[listen_id] = _Followed(talk.call_id, side, _leg(talk, side))

    def _stop(self, listen_id: str) -> None:
        del self._followed[listen_id]
        self._send(m.StopListening(listen_id=listen_id))

    def _bring_audio(self, listen_id: str, followed: _Followed) -> None:
        def on_reply(reply: media.Done | media.Failed) -> None:
            if isinstance(reply, media.Failed) and listen_id in self._followed:
                self._send(m.StopListening(listen_id=listen_id))
                self._fail(listen_id, followed, reply.sentence)

        request = media.ListenIn(
            rid=0, leg=followed.leg, listen_id=listen_id, socket=self._live_socket
        )
        self._ask_media(request, on_reply)

    def _fail(self, listen_id: str, followed: _Followed, sentence: str) -> None:
        del self._followed[listen_id]
        self._not_before[followed.key] = self._now_s() + RETRY_S
        log.info("[%s] the %s is not followed: %s", followed.call_id, followed.side, sentence)


def _leg(talk: LiveTalk, side: Side) -> LegId:
    return talk.caller if side is Side.CALLER else talk.agent
