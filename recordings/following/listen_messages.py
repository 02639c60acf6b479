"""What core and the listener say to each other, as msgpack in frames on one Unix stream socket.

    core                                         listener
      Listen(listen_id, languages, …) ──────────▶
      ◀──────────────────── Listening(listen_id)       now core has media send the audio
      PromptOver(listen_id) ────────────────────▶      of a question that may be spoken over
      ◀──────────────────── Began(listen_id)           somebody speaks, or coughs
      ◀──────────────────── Partly(listen_id, text)    as it comes
      ◀──────────────────── Heard | Silent | Failed    exactly one of them, unless stopped
      StopListening(listen_id) ─────────────────▶
      Follow(listen_id, call_id, side, …) ──────▶
      ◀──────────────────── Listening(listen_id)       the same; what is said goes to the web role
      ◀──────────────────── Failed                     no audio, or no model  (`live_words`)

The audio comes from a media worker on a socket beside this one (`telephony.media.protocol`).
"""

from typing import TypeAlias

import msgspec


class _Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The class name is the tag."""

    listen_id: str


class Listen(_Message, frozen=True):
    languages: tuple[str, ...]
    "In which the caller may answer; the one that is understood best wins."
    wait_s: float
    "For the first word."
    limit_s: float
    "For all of them."
    phrases: dict[str, tuple[str, ...]] = {}
    "By language, what may be said; few and short ones become a grammar. Empty: anything."
    over_prompt: bool = False
    "The question is still being said; `wait_s` begins with `PromptOver`."


class PromptOver(_Message, frozen=True):
    """The question has been said, or was cut."""


class Follow(_Message, frozen=True):
    """Transcribe one side of a talk while it goes on, until `StopListening`; it only ever fails."""

    call_id: str
    side: str
    "'caller' or 'agent'."
    languages: tuple[str, ...]
    "What may be spoken; after a few words it is known which of them is."


class StopListening(_Message, frozen=True):
    pass


class Listening(_Message, frozen=True):
    """The audio may come."""


class Began(_Message, frozen=True):
    """Something is being said: 0.2 s of sound, or a word."""


class Partly(_Message, frozen=True):
    """What has been understood so far; it may still change."""

    text: str


class SpokenWord(msgspec.Struct, frozen=True):
    text: str
    start_s: float
    end_s: float
    confidence: float


class Heard(_Message, frozen=True):
    language: str
    text: str
    "'' when something was said and no word of it is known."
    confidence: float
    "0 to 1: of all that was said, by time; what is no known word counts as 0."
    words: tuple[SpokenWord, ...] = ()


class Silent(_Message, frozen=True):
    """Nothing was said in time."""


class Failed(_Message, frozen=True):
    sentence: str


FromCore: TypeAlias = Listen | PromptOver | Follow | StopListening
FromListener: TypeAlias = Listening | Began | Partly | Heard | Silent | Failed
Outcome: TypeAlias = Heard | Silent | Failed
