"""What is said in the talks that are followed, as the web role keeps it for screens.

    listener ─ Began, Saying, Said, Over (`recordings.following.live_words`) ─▶ LiveWords ─▶ sockets

Kept while a talk goes on and forgotten with it; the listener tells it all again to a web role that
was started again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, assert_never

import msgspec

from foundation import unix
from foundation.errors import RemoteError
from foundation.frames import FrameReader
from foundation.ids import CallId
from recordings.following.live_words import Began, Over, Said, Saying, Told

log = logging.getLogger(__name__)

RECONNECT_S = 1.0
MOST_PARTS = 800
"Sentences of a talk that a screen which comes late is shown."


@dataclass(slots=True, eq=False)
class TalkWords:
    """One talk."""

    began_s: float | None = None
    parts: deque[tuple[int, Said]] = field(default_factory=lambda: deque(maxlen=MOST_PARTS))
    "Each with its number; numbers rise."
    saying: dict[str, str] = field(default_factory=dict)
    "By side, what may still change."
    sides: set[str] = field(default_factory=set)
    "That are followed now."
    last: int = 0

    def add(self, said: Said) -> None:
        self.last += 1
        self.parts.append((self.last, said))


class LiveWords:
    """Of all talks; who shows one waits for `changed`."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._talks: dict[CallId, TalkWords] = {}
        self.generation = 0
        "Of the numbers of parts: in another one they begin anew."
        self._changed = asyncio.Condition()
        self._version = 0

    def find(self, call_id: CallId) -> TalkWords | None:
        """None for a talk that was never followed, or is over."""
        return self._talks.get(call_id)

    def keep_only(self, is_living: Callable[[CallId], bool]) -> None:
        """Forgets the words of talks that are over."""
        for call_id in [one for one in self._talks if not is_living(one)]:
            del self._talks[call_id]

    async def changed(self, seen: int) -> int:
        """Returns when something was said after `seen`, with the number to see next."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._version > seen)
        return self._version

    async def run(self) -> NoReturn:
        """Reads until it is cancelled; a listener that is away is waited for."""
        while True:
            try:
                with unix.address(self._socket) as name:
                    reader, writer = await asyncio.open_unix_connection(name)
            except OSError:
                await asyncio.sleep(RECONNECT_S)
                continue
            try:
                await self._read(reader)
            except (OSError, RemoteError, msgspec.MsgspecError) as error:
                log.warning("the connection to the listener broke: %s", error)
            finally:
                writer.close()
            await asyncio.sleep(RECONNECT_S)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        self.begin_anew()
        frame_reader, decoder = FrameReader(), msgspec.msgpack.Decoder[Told](Told)
        while data := await reader.read(65536):
            for frame in frame_reader.feed(data):
                self.take(decoder.decode(frame))
            await self.publish()

    def begin_anew(self) -> None:
        """The listener begins with all that it has: what we had is told again."""
        self._talks.clear()
        self.generation += 1

    def take(self, told: Told) -> None:
        talk = self._talks.setdefault(CallId(told.call_id), TalkWords())
        match told:
            case Began(side=side, at_s=at_s):
                talk.began_s = at_s if talk.began_s is None else min(at_s, talk.began_s)
                talk.sides.add(side)
            case Saying(side=side, text=text):
                talk.saying[side] = text
            case Said(side=side):
                talk.saying.pop(side, None)
                talk.add(told)
            case Over(side=side):
                talk.saying.pop(side, None)
                talk.sides.discard(side)
            case _:
                assert_never(told)

    async def publish(self) -> None:
        async with self._changed:
            self._version += 1
            self._changed.notify_all()


class TalkScreen:
    """What one screen has been sent of a talk, and is to be sent next."""

    def __init__(self, words: LiveWords, call_id: CallId) -> None:
        self._words = words
        self._call_id = call_id
        self._generation: int | None = None
        self._after = 0
        "The number of the last part that was sent."
        self._told: dict[str, Any] = {}

    def news(self) -> dict[str, Any] | None:
        """None: it has all that there is. What came in another generation counts no more."""
        is_all = self._generation != self._words.generation
        self._generation = self._words.generation
        message = message_of(self._words.find(self._call_id), 0 if is_all else self._after)
        numbers = [part["number"] for part in message["parts"]]
        if not (is_all or numbers or message != self._told):
            return None
        self._after = max([0 if is_all else self._after, *numbers])
        self._told = message | {"parts": []}
        return {"all": is_all, **message}


def message_of(talk: TalkWords | None, after: int) -> dict[str, Any]:
    """What a screen is sent that has seen the parts up to `after`."""
    if talk is None:
        return {"live": False, "parts": [], "saying": {}}
    began_s = talk.began_s or 0.0
    parts = [
        {
            "number": number,
            "side": said.side,
            "text": said.text,
            "start_s": round(max(0.0, said.at_s - began_s), 2),
            "end_s": round(max(0.0, said.end_s - began_s), 2),
        }
        for number, said in talk.parts
        if number > after
    ]
    return {"live": bool(talk.sides), "parts": parts, "saying": dict(talk.saying)}
