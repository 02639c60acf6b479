"""From what is stored of a talk to what is judged."""

from collections.abc import Mapping, Sequence

from recordings.quality.store import Circumstances
from recordings.quality.talk import SideTalk, Talk, Voice
from recordings.recording import Recording, SideTranscript
from telephony.calls.events import Side


def language_of(sides: Sequence[SideTranscript]) -> str:
    """The agent's: his are the manners. '' without a transcript of him."""
    return next((side.language for side in sides if side.side is Side.AGENT), "")


def talk_of(
    recording: Recording,
    sides: Sequence[SideTranscript],
    voices: Mapping[Side, Voice],
    known: Circumstances,
) -> Talk:
    said = {side.side: side for side in sides}

    def one(side: Side) -> SideTalk:
        transcript = said.get(side, SideTranscript(side, "", ()))
        return SideTalk(transcript.language, transcript.words, voices.get(side))

    return Talk(
        caller=one(Side.CALLER),
        agent=one(Side.AGENT),
        duration_s=recording.duration_s or 0.0,
        holds=known.holds,
        ended_by=known.ended_by,
    )
