"""What one leg hears instead of the other side: a prompt, or what it rests on meanwhile.

            play                          rest_on(MUSIC)
    OTHER ───────▶ PROMPT        OTHER ──────────────────▶ MUSIC
      ▲              │ ended, stop                           │ rest_on(NOTHING), quiet
      ├──────────────┤                                       ▼
      │              └─ while it rests ─▶ MUSIC            OTHER

Rule 1: a prompt goes before the bed that the leg rests on; the bed begins when the prompt is over.
Rule 2: a bed is started and stopped in turn; nothing is stopped that does not play.
Rule 3: the end of a prompt that was replaced or stopped is nobody's business.
Rule 4: who must not be heard is not heard either when the music can't be played: silence is.
"""

from collections.abc import Sequence
from enum import Enum

from foundation.ids import LegId
from telephony.calls.effects import AskMedia, Purpose
from telephony.media import protocol as media

RING_BACK = ("tone:450:1000", "silence:4000")
"As phones in China and most of Europe ring for who calls: 1 s on, 4 s off."
SILENCE = ("silence:1000",)


class Bed(Enum):
    """What plays in a loop, for as long as there is nothing else to be heard."""

    NOTHING = "nothing"
    "The other side is heard."
    MUSIC = "music"
    RING_BACK = "ring back"
    SILENCE = "silence"
    ADOPTED = "adopted"
    "One that an earlier process began: the one that is to be, if any is."


class Hearing:
    """The player of one leg."""

    def __init__(self, leg_id: LegId, music: Sequence[str]) -> None:
        """`music`: play items for the time on hold."""
        self._leg_id = leg_id
        self._items = {Bed.MUSIC: music, Bed.RING_BACK: RING_BACK, Bed.SILENCE: SILENCE}
        self._plays = 0
        self._prompt = ""
        "The play that goes on now, unless it is a bed; '' when there is none."
        self._is_loop = False
        self._bed = Bed.NOTHING
        "What the leg is to rest on."
        self._made = Bed.NOTHING
        "What media was asked to play of it, and what not."
        self._bed_play = ""

    def adopt(self, playing: str, *, loop: bool, bridged: bool, plays: int) -> None:
        """What media plays since before this process began.

        `bridged`: a loop is a bed. `plays`: more than any play of the leg had.
        """
        self._plays = plays
        is_bed = loop and bridged
        self._made = Bed.ADOPTED if is_bed else Bed.NOTHING
        self._prompt, self._is_loop = ("", False) if is_bed else (playing, loop)

    def play(self, items: Sequence[str], *, loop: bool) -> list[AskMedia]:
        """Instead of what plays now; `items` is not empty."""
        self._made = Bed.NOTHING
        self._is_loop = loop
        self._prompt = self._next_id()
        return [self._ask_play(self._prompt, items, loop=loop)]

    def stop(self) -> list[AskMedia]:
        """Cut the prompt, if any; the bed is heard again."""
        if not self._prompt:
            return []
        self._prompt = ""
        return [self._ask_stop()] if self._bed is Bed.NOTHING else self._make_bed()

    def quiet(self) -> list[AskMedia]:
        """Cut whatever plays."""
        if not self._prompt and self._made is Bed.NOTHING:
            return []
        self._prompt, self._made = "", Bed.NOTHING
        return [self._ask_stop()]

    def rest_on(self, bed: Bed) -> list[AskMedia]:
        """From now on, and after the prompt that plays."""
        self._bed = bed
        if self._prompt:
            return []
        if self._made is Bed.ADOPTED and bed is not Bed.NOTHING:
            self._made = bed
        if self._made is bed:
            return []
        if bed is Bed.NOTHING:
            self._made = bed
            return [self._ask_stop()]
        return self._make_bed()

    def is_current(self, play_id: str) -> bool:
        """Whether somebody still waits for the end of this play."""
        return bool(play_id) and play_id == self._prompt

    def ended(self) -> list[AskMedia]:
        """The prompt has been played to its end."""
        self._prompt = ""
        return [] if self._bed is Bed.NOTHING else self._make_bed()

    def failed(self, play_id: str) -> bool:
        """Media could not play; True when this is as good as the end of a prompt.

        Music in a loop has no end that anybody waits for: told as an end, it would only be
        asked for again, without end.
        """
        return self.is_current(play_id) and not self._is_loop

    def bed_failed(self, play_id: str) -> list[AskMedia]:
        """Media could not play the bed: silence instead, which it can make by itself."""
        if not self._bed_play or play_id != self._bed_play or self._made is Bed.NOTHING:
            return []
        self._bed_play = ""
        return [self._ask_play(self._next_id(), SILENCE, loop=True)]

    def _make_bed(self) -> list[AskMedia]:
        self._made = self._bed
        self._bed_play = self._next_id()
        return [self._ask_play(self._bed_play, self._items[self._bed], loop=True)]

    def _next_id(self) -> str:
        self._plays += 1
        return f"{self._leg_id}.{self._plays}"

    def _ask_play(self, play_id: str, items: Sequence[str], *, loop: bool) -> AskMedia:
        request = media.Play(rid=0, leg=self._leg_id, play_id=play_id, items=list(items), loop=loop)
        return AskMedia(self._leg_id, Purpose.PLAY, request)

    def _ask_stop(self) -> AskMedia:
        return AskMedia(self._leg_id, Purpose.OTHER, media.Stop(rid=0, leg=self._leg_id))
