"""A recording that goes on with another leg: an agent takes the talk to another phone."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np

from telephony.media.g711 import Law, decode
from telephony.media.playout import tone
from telephony.media.recorder import Recorder
from telephony.media.tap import Block
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
