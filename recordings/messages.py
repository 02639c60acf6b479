"""What a transcriber and core say to each other over core's Unix socket.

    transcriber                                core
      LeaseWork(worker, run) ──────────────────▶
      ◀──────────────── Work | NoWork(ask_again_s)
      KeepWork(worker, recording) ─────────────▶     after every piece of audio
      ◀──────────────── CarryOn(pause_s) | WorkGone
      WorkDone(worker, recording, sides) ──────▶     once; repeating it does no harm
      WorkFailed(worker, recording, sentence) ─▶
      ◀──────────────── Noted

The transcriber only asks and core only answers, so that a core started again needs to find nobody.
"""

from typing import Protocol, TypeAlias

import msgspec

EITHER = "|"
""""en|zh" for a side's language: it is one of these, and what was said decides. The transcriber
listens with each model and keeps the words of the one that understood most."""


class Struct(msgspec.Struct, frozen=True, tag=True, kw_only=True, omit_defaults=True):
    """Base of all messages; the class name is the tag."""


class HeardWord(msgspec.Struct, frozen=True, array_like=True):
    """`recordings.recogniser.Word` on the wire: an hour of talk has ten thousand."""

    text: str
    start_s: float
    end_s: float
    confidence: float


class HeardVoice(msgspec.Struct, frozen=True, kw_only=True):
    """`recordings.quality.talk.Voice` on the wire."""

    duration_s: float
    level_dbfs: float
    stretches: list[tuple[float, float, float, float]]
    "From, to, pitch in Hz, level in dBFS."


class HeardPart(msgspec.Struct, frozen=True, array_like=True):
    """`recordings.terms.IndexPart` on the wire."""

    words: str
    letters: str


class HeardSide(msgspec.Struct, frozen=True, kw_only=True):
    """One side's words in order."""

    side: str
    "'caller' or 'agent'."
    language: str
    "The one that was spoken."
    words: list[HeardWord]
    voice: HeardVoice | None = None
    "None from a transcriber of an earlier version."
    parts: list[HeardPart] = []
    "What it is found by: core must not take texts apart, which costs it a second at first."


# -- requests --------------------------------------------------------------------------------------


class LeaseWork(Struct, frozen=True):
    """Nothing to do here; what an earlier `run` of this worker's process had was not finished."""

    worker: str
    run: str = ""


class KeepWork(Struct, frozen=True):
    """Still listening: renews the lease."""

    worker: str
    recording_id: str
    done: float = 0.0
    "Share of the work, 0 to 1."


class WorkDone(Struct, frozen=True):
    worker: str
    recording_id: str
    sides: list[HeardSide]
    indexed: bool = False
    "The sides have their parts."
    audio_s: float = 0.0
    "That was listened to: of one channel with one model."
    cpu_s: float = 0.0
    "Which that cost, all of it."


class WorkFailed(Struct, frozen=True):
    worker: str
    recording_id: str
    sentence: str


Request: TypeAlias = LeaseWork | KeepWork | WorkDone | WorkFailed

# -- replies ---------------------------------------------------------------------------------------


class Work(Struct, frozen=True):
    recording_id: str
    file: str
    "Relative to the recordings' folder."
    languages: tuple[str, str]
    "Of the caller's side and the agent's; several joined by `EITHER`."
    archive_key: str = ""
    "Where the audio is when its WAV is gone."


class NoWork(Struct, frozen=True):
    """Nothing to transcribe, or not now."""

    ask_again_s: float


class CarryOn(Struct, frozen=True):
    """The lease is renewed; first rest for `pause_s`, the media workers need the processor."""

    pause_s: float = 0.0


class WorkGone(Struct, frozen=True):
    """The lease was lost meanwhile: drop what is done of it and ask for other work."""


class Noted(Struct, frozen=True):
    """Done or failed, core knows it and it is on disk."""


Reply: TypeAlias = Work | NoWork | CarryOn | WorkGone | Noted


class Core(Protocol):
    """The transcriber's line to core."""

    async def ask(self, message: Request) -> Reply:
        """Sends a request and waits for its reply; raises `Unavailable` when core is away."""
