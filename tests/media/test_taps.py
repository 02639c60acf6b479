"""A recording that goes on with another leg: an agent takes the talk to another phone."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pytest

from telephony.media.errors import UnknownTap
from telephony.media.sound.g711 import Law, decode
from telephony.media.sound.playout import tone
from telephony.media.taping.recorder import Recorder
from telephony.media.taping.tap import Block
from telephony.media.taping.wav import interleave
from telephony.media.taps import Taps
from tests.support.media_leg import Leg
from tests.support.media_phone import sdp


@dataclass
class Pages:
    """A recorder that writes into lists."""

    begun: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def begin(self, tap_id: str, path: str) -> None:
        self.begun.append(path)

    def write(self, tap_id: str, block: Block) -> None:
        self.blocks.append(block)

    def end(self, tap_id: str) -> None:
        self.ended.append(tap_id)


def legs(*names: str) -> list[Leg]:
    made = [Leg(name=name) for name in names]
    for leg in made:
        leg.offer(sdp(4000))
    return made


def test_tap_that_moves_goes_on_in_its_file_with_the_new_leg() -> None:
    pages = Pages()
    taps = Taps(cast(Recorder, pages))
    caller, desk, mobile = legs("caller", "desk", "mobile")
    voice = tone(700, 4000)
    taps.begin("r-1", caller.session, desk.session, "talk.wav", 0.0)
    for frame in range(100):
        now = 0.02 * (frame + 1)
        if frame == 50:
            taps.begin("r-1", caller.session, mobile.session, "", now)
        speaking = desk if frame < 50 else mobile
        speaking.say(voice.frame(frame, Law.PCMU), now)
        taps.tick(now)
    taps.end("r-1", 2.1)

    right = b"".join(block.right for block in pages.blocks)
    seconds = [decode(right[at : at + 4000], Law.PCMU).astype(np.float64) for at in (2000, 10000)]
    assert [float(np.abs(heard).mean()) > 1000 for heard in seconds] == [True, True]
    assert pages.begun == ["talk.wav"]
    assert pages.ended == ["r-1"]
    assert [len(leg.session.sinks) for leg in (caller, desk, mobile)] == [0, 0, 0]


def test_leg_that_the_tap_has_left_is_recorded_no_more() -> None:
    taps = Taps(cast(Recorder, Pages()))
    caller, desk, mobile = legs("caller", "desk", "mobile")
    taps.begin("r-1", caller.session, desk.session, "talk.wav", 0.0)
    taps.begin("r-1", caller.session, mobile.session, "", 1.0)

    assert taps.of_leg("desk") == []
    assert taps.of_leg("mobile") == taps.of_leg("caller") == ["r-1"]
    assert desk.session.sinks == ()
    assert len(caller.session.sinks) == 1


def said_and_silent(silence_s: float) -> tuple[Pages, float]:
    """One leg on both sides: a second of voice, then a line's faint noise; and when it ended."""
    pages = Pages()
    taps = Taps(cast(Recorder, pages))
    [caller] = legs("caller")
    voice, noise = tone(700, 4000), tone(120, 60)
    taps.begin("vm-1", caller.session, caller.session, "message.wav", 0.0, silence_s)
    for frame in range(600):
        now = 0.02 * (frame + 1)
        caller.say((voice if frame < 50 else noise).frame(frame, Law.PCMU), now)
        taps.tick(now)
        if pages.ended:
            assert len(caller.session.sinks) == 0
            return pages, now
    return pages, 0.0


def test_message_ends_by_itself_when_the_caller_has_been_silent() -> None:
    pages, ended_at = said_and_silent(3.0)
    assert 4.0 <= ended_at <= 5.5
    assert pages.ended == ["vm-1"]
    left = b"".join(block.left for block in pages.blocks)
    assert left == b"".join(block.right for block in pages.blocks)


def test_without_a_limit_silence_ends_nothing() -> None:
    pages, _ = said_and_silent(0.0)
    assert pages.ended == []


# -- pauses and guests ---------------------------------------------------------------------------


@dataclass
class Recorded:
    """Two legs that speak all the time, and a third who may."""

    pages: Pages = field(default_factory=Pages)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.taps = Taps(cast(Recorder, self.pages))
        self.caller, self.agent, self.guest = legs("caller", "agent", "guest")
        self.voices = {leg.name: tone(hz, 10_000) for leg, hz in self._speakers()}

    def _speakers(self) -> list[tuple[Leg, int]]:
        return [(self.caller, 500), (self.agent, 800), (self.guest, 1100)]

    def begin(self, *, paused: bool = False) -> None:
        self.taps.begin(
            "r-1", self.caller.session, self.agent.session, "f", self.now, paused=paused
        )

    def confer(self, *guests: Leg) -> None:
        caller, agent = self.caller.session, self.agent.session
        self.taps.begin(
            "r-1", caller, agent, "", self.now, beside=[guest.session for guest in guests]
        )

    def talk(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            for leg, _hz in self._speakers():
                frame = round(self.now / 0.02)
                leg.say(self.voices[leg.name].frame(frame, Law.PCMU), self.now)
            self.now += 0.02
            self.taps.tick(self.now)

    def end(self) -> np.ndarray:
        self.taps.end("r-1", self.now)
        return np.concatenate(
            [np.frombuffer(interleave(block), "<i2").reshape(-1, 2) for block in self.pages.blocks]
        )


def loud_s(samples: np.ndarray, hz: float) -> list[int]:
    """In which tenths of a second the tone is there."""
    found = []
    for tenth in range(len(samples) // 800):
        piece = samples[tenth * 800 : (tenth + 1) * 800].astype(float)
        turned = np.mean(piece * np.exp(-2j * np.pi * hz * np.arange(800) / 8000))
        if abs(turned) > 300:
            found.append(tenth)
    return found


def test_pause_is_silence_on_both_sides_from_its_sample_to_its_sample() -> None:
    recorded = Recorded()
    recorded.begin()
    recorded.talk(1.0)
    recorded.taps.pause("r-1", True, recorded.now)
    recorded.taps.pause("r-1", True, recorded.now)
    recorded.talk(1.5)
    recorded.taps.pause("r-1", False, recorded.now)
    recorded.talk(1.0)

    frames = recorded.end()

    assert abs(len(frames) - 28_000) <= 160
    assert not frames[8000:20_000].any()
    assert loud_s(frames[:, 0], 500) == loud_s(frames[:, 1], 800) == [*range(10), *range(25, 35)]


def test_tap_may_begin_paused_and_says_so() -> None:
    recorded = Recorded()
    recorded.begin(paused=True)
    assert recorded.taps.paused_of_leg("agent") == ["r-1"]
    recorded.talk(0.7)
    recorded.begin()
    assert recorded.taps.paused_of_leg("agent") == ["r-1"]
    recorded.taps.pause("r-1", False, recorded.now)
    recorded.talk(0.5)

    frames = recorded.end()

    assert recorded.taps.paused_of_leg("agent") == []
    assert loud_s(frames[:, 0], 500) == [*range(7, 12)]


def test_pause_of_no_recording_is_refused() -> None:
    with pytest.raises(UnknownTap, match="no recording r-9"):
        Recorded().taps.pause("r-9", True, 0.0)


def test_guest_of_a_conference_is_on_the_right_side_to_the_last_word() -> None:
    recorded = Recorded()
    recorded.begin()
    recorded.talk(1.0)
    recorded.confer(recorded.guest)
    recorded.talk(1.3)
    recorded.confer()
    recorded.talk(1.0)

    frames = recorded.end()

    assert loud_s(frames[:, 1], 800) == [*range(33)]
    assert loud_s(frames[:, 1], 1100) == [*range(10, 23)]
    assert loud_s(frames[:, 0], 1100) == []
    assert recorded.guest.session.sinks == ()


def test_guest_who_is_gone_takes_nobody_along() -> None:
    recorded = Recorded()
    recorded.begin()
    recorded.confer(recorded.guest)
    recorded.talk(0.5)
    recorded.taps.released(recorded.guest.session)
    recorded.taps.pause("r-1", True, recorded.now)
    recorded.talk(0.5)

    frames = recorded.end()

    assert loud_s(frames[:, 1], 800) == loud_s(frames[:, 1], 1100) == [*range(5)]
