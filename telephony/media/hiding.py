"""What of a leg nobody may hear: its keys, or all that it says, as while card digits are keyed.

    NOTHING, KEYS ── hide(ALL) ──▶ ALL ── hide(another), no key for `HIDDEN_TAIL_S` ──▶ that other

While all is hidden silence goes on in place of the audio, and the audio is searched for keys, for a
phone may send them as tones.
"""

from collections.abc import Callable

from telephony.media.protocol import Hidden
from telephony.media.sound.g711 import SILENCE, Law
from telephony.media.sound.tones import ToneListener

HIDDEN_TAIL_S = 0.5
"After the last key, before what was hidden is heard again: a key is told when it goes down."
HIDES_ALL = Hidden.ALL
"Looked up once: before Python 3.12 a member of an enum is the answer of a function."


class Hiding:
    """One leg's, with its ear for keys in the audio. Whoever hides looks at `ear` afterwards."""

    __slots__ = ("_heard", "_next", "_tones", "_until", "wants_tones", "what")

    def __init__(self, heard: Callable[[str, float], None]) -> None:
        """`heard` is told of each key in the audio, and when."""
        self.what = Hidden.NOTHING
        self.wants_tones = False
        "Keys in the audio are wanted, whether all is hidden or not."
        self._heard = heard
        self._tones: ToneListener | None = None
        self._until: float | None = None
        "When ALL may end, as long as nobody presses a key; None: it goes on."
        self._next = Hidden.NOTHING

    @property
    def ear(self) -> ToneListener | None:
        """Takes all packets as recordings do; None: nobody listens, or `veil` does."""
        return None if self.what is HIDES_ALL else self._tones

    def hide(self, what: Hidden, now: float) -> None:
        """See `protocol.Hide`."""
        if self.what is HIDES_ALL:
            self._until = None if what is HIDES_ALL else now + HIDDEN_TAIL_S
            self._next = what
            return
        self.what = what
        if what is HIDES_ALL:
            self._listen()

    def listen_for_tones(self) -> None:
        self.wants_tones = True
        self._listen()

    def _listen(self) -> None:
        if self._tones is None:
            self._tones = ToneListener(self._heard)

    def key_came_as_event(self, now: float) -> bool:
        """Whoever sends telephone events (RFC 4733) may send tones beside them: one is enough.

        True: nobody listens for tones any more."""
        if self._until is not None:
            self._until = now + HIDDEN_TAIL_S
        has_listened = self._tones is not None
        self._tones, self.wants_tones = None, False
        return has_listened

    def veil(self, payload: bytes, rtp_ts: int, law: Law, now: float) -> bytes:
        """While all is hidden: silence in place of what came, or what came when that is over."""
        if self._tones is not None:
            self._tones.take(payload, rtp_ts, law, now)
        if self._until is not None:
            if self._tones is not None and self._tones.is_pressed:
                self._until = now + HIDDEN_TAIL_S
            elif now >= self._until:
                self._end()
                return payload
        return SILENCE[law] * len(payload)

    def _end(self) -> None:
        self.what, self._until = self._next, None
        if not self.wants_tones:
            self._tones = None
