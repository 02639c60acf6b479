"""What one leg hears instead of the other side: a prompt, or music while the other side holds.

            play                          hold(True)
    OTHER ───────▶ PROMPT        OTHER ──────────────▶ MUSIC
      ▲              │ ended, stop                       │ hold(False), quiet
      ├──────────────┤                                   ▼
      │              └─ while held ─▶ MUSIC            OTHER

Rule 1: a prompt goes before music; music begins when the prompt is over.
Rule 2: music is started and stopped in turn; nothing is stopped that does not play.
Rule 3: the end of a prompt that was replaced or stopped is nobody's business.
"""

from collections.abc import Sequence

from foundation.ids import LegId
from telephony.calls.effects import AskMedia, Purpose
from telephony.media import protocol as media


class Hearing:
    """The player of one leg."""

    def __init__(self, leg_id: LegId, music: Sequence[str]) -> None:
        """`music`: play items for the time on hold."""
        self._leg_id = leg_id
        self._music = list(music)
        self._plays = 0
        self._prompt = ""
        "The play that goes on now, unless it is music; '' when there is none."
        self._is_loop = False
        self.is_held = False
        "The other side holds this leg: music plays, or will after the prompt."
        self._has_music = False

    def adopt(self, playing: str, *, loop: bool, bridged: bool, plays: int) -> None:
        """What media plays since before this process began.

        `bridged`: a loop is the music of a hold. `plays`: more than any play of the leg had.
        """
        self._plays = plays
        self._has_music = loop and bridged
        self._prompt, self._is_loop = ("", False) if self._has_music else (playing, loop)

    def play(self, items: Sequence[str], *, loop: bool) -> list[AskMedia]:
        """Instead of what plays now; `items` is not empty."""
        self._has_music = False
        self._is_loop = loop
        self._prompt = self._next_id()
        return [self._ask_play(self._prompt, items, loop=loop)]

    def stop(self) -> list[AskMedia]:
        """Cut the prompt, if any; who is held hears music again."""
        if not self._prompt:
            return []
        self._prompt = ""
        return self._start_music() if self.is_held else [self._ask_stop()]

    def quiet(self) -> list[AskMedia]:
        """Cut whatever plays."""
        if not self._prompt and not self._has_music:
            return []
        self._prompt, self._has_music = "", False
        return [self._ask_stop()]

    def hold(self, on: bool) -> list[AskMedia]:
        """`on`: the other side holds this leg."""
        self.is_held = on
        if on:
            return [] if self._prompt or self._has_music else self._start_music()
        if not self._has_music:
            return []
        self._has_music = False
        return [self._ask_stop()]

    def is_current(self, play_id: str) -> bool:
        """Whether somebody still waits for the end of this play."""
        return bool(play_id) and play_id == self._prompt

    def ended(self) -> list[AskMedia]:
        """The prompt has been played to its end."""
        self._prompt = ""
        return self._start_music() if self.is_held else []

    def failed(self, play_id: str) -> bool:
        """Media could not play; True when this is as good as the end of a prompt.

        Music in a loop has no end that anybody waits for: told as an end, it would only be
        asked for again, without end.
        """
        return self.is_current(play_id) and not self._is_loop

    def _start_music(self) -> list[AskMedia]:
        self._has_music = True
        return [self._ask_play(self._next_id(), self._music, loop=True)]

    def _next_id(self) -> str:
        self._plays += 1
        return f"{self._leg_id}.{self._plays}"

    def _ask_play(self, play_id: str, items: Sequence[str], *, loop: bool) -> AskMedia:
        request = media.Play(rid=0, leg=self._leg_id, play_id=play_id, items=list(items), loop=loop)
        return AskMedia(self._leg_id, Purpose.PLAY, request)

    def _ask_stop(self) -> AskMedia:
        return AskMedia(self._leg_id, Purpose.OTHER, media.Stop(rid=0, leg=self._leg_id))
