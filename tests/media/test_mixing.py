"""Who hears whom when a leg hears several; each leg sings its own tone."""

from collections.abc import Iterable

import numpy as np
import pytest

from telephony.media import protocol as p
from telephony.media.errors import UnknownLeg, VerbRefused
from telephony.media.mixing import Hearing
from telephony.media.sound.g711 import Law, Pcm, decode
from telephony.media.sound.playout import Prompt, tone
from tests.support.media_leg import Leg
from tests.support.media_phone import loudness, sdp

pytestmark = pytest.mark.usefixtures("each_loop")

TONES_HZ = {"caller": 440, "agent": 700, "boss": 1000}
LAWS = {"caller": Law.PCMU, "agent": Law.PCMA, "boss": Law.PCMU}
TYPES = {Law.PCMU: 0, Law.PCMA: 8}
FULL = 8000
"Amplitude of the tones."


class Room:
    """Caller and agent in a talk, a supervisor beside them."""

    def __init__(self) -> None:
        self.legs = {name: Leg(name=name) for name in TONES_HZ}
        for name, leg in self.legs.items():
            leg.offer(sdp(4000, LAWS[name]))
        self.hearing = Hearing({name: leg.session for name, leg in self.legs.items()})
        self.voices: dict[str, Prompt] = {name: tone(hz, 4000) for name, hz in TONES_HZ.items()}
        self.now = 0.0
        self.frame = 0
        self.connect("caller", "agent")

    def connect(self, a: str, b: str) -> None:
        self.legs[a].session.connect(self.legs[b].session)
        self.legs[b].session.connect(self.legs[a].session)

    def hear(self, leg: str, *sources: str, gain_db: float = 0.0) -> None:
        wanted = [p.Source(leg=source, gain_db=gain_db) for source in sources]
        self.hearing.hear(self.legs[leg].session, wanted)

    def talk(self, frames: int, lost: Iterable[int] = (), silent: Iterable[str] = ()) -> None:
        """All sing at once; the packets of the numbers in `lost` never come."""
        for leg in self.legs.values():
            leg.rtp.sent.clear()
        for n in range(frames):
            self.frame += 1
            self.now += 0.02
            for name, leg in self.legs.items():
                leg.seq += 1
                if n in lost or name in silent:
                    continue
                leg.seq -= 1
                law = LAWS[name]
                leg.say(self.voices[name].frame(self.frame, law), self.now, kind=TYPES[law])
            for leg in self.legs.values():
                if leg.session.needs_clock:
                    leg.session.tick(self.now + 0.005)

    def pcm(self, name: str) -> Pcm:
        """What the phone heard, without the beginning that a jitter buffer delays."""
        pieces = [decode(packet.payload, LAWS[name]) for packet in self.legs[name].heard]
        return np.concatenate([*pieces, np.zeros(0, np.int16)])[480:]

    def heard(self, name: str) -> dict[str, int]:
        """Who is heard, in percent of the loudness at which he sings."""
        pcm = self.pcm(name)
        return {
            singer: percent
            for singer, hz in TONES_HZ.items()
            if (percent := round(100 * loudness(pcm, hz) / FULL)) > 1
        }


def test_a_silent_listener_hears_both_and_nobody_hears_him() -> None:
    room = Room()
    room.hear("boss", "caller", "agent")

    room.talk(53)

    assert room.heard("boss").keys() == {"caller", "agent"}
    assert room.heard("caller").keys() == {"agent"}
    assert room.heard("agent").keys() == {"caller"}


def test_the_relay_of_a_talk_is_untouched_by_a_listener() -> None:
    room = Room()
    room.hear("boss", "caller", "agent")

    room.talk(10)

    assert not room.legs["caller"].session.needs_clock
    assert len(room.legs["caller"].heard) == len(room.legs["agent"].heard) == 10
    assert sum(packet.marker for packet in room.legs["caller"].heard) == 1


def test_a_whisper_is_heard_by_the_agent_alone() -> None:
    room = Room()
    room.hear("boss", "caller", "agent")
    room.hear("agent", "caller", "boss")

    room.talk(53)

    assert room.heard("agent").keys() == {"caller", "boss"}
    assert room.heard("caller").keys() == {"agent"}


def test_in_a_conference_of_three_each_hears_the_two_others_at_full_loudness() -> None:
    room = Room()
    for name in TONES_HZ:
        room.hear(name, *(TONES_HZ.keys() - {name}))

    room.talk(53)

    for name in TONES_HZ:
        heard = room.heard(name)
        assert heard.keys() == TONES_HZ.keys() - {name}
        assert all(95 <= percent <= 105 for percent in heard.values())


def test_a_barge_ends_and_the_two_hear_each_other_as_before() -> None:
    room = Room()
    for name in TONES_HZ:
        room.hear(name, *(TONES_HZ.keys() - {name}))
    room.talk(20)
    for name in TONES_HZ:
        room.hear(name)

    room.talk(53)

    assert room.heard("caller").keys() == {"agent"}
    assert room.heard("agent").keys() == {"caller"}
    assert room.heard("boss") == {}
    assert not any(leg.session.needs_clock for leg in room.legs.values())
    assert not any(leg.session.sinks for leg in room.legs.values())


def test_a_gain_makes_a_source_louder_for_this_hearer() -> None:
    room = Room()
    room.hear("boss", "caller", gain_db=-12.0)
    room.talk(53)
    quiet = room.heard("boss")["caller"]
    room.hear("boss", "caller", gain_db=6.0)
    room.talk(53)

    assert quiet == pytest.approx(25, abs=2)
    assert room.heard("boss")["caller"] == pytest.approx(200, abs=8)


def test_the_gains_of_source_and_hearer_add_up() -> None:
    room = Room()
    room.hear("boss", "caller", "agent", gain_db=-6.0)
    room.legs["caller"].session.set_gain(-6.0, 0.0)
    room.legs["boss"].session.set_gain(0.0, 3.0)

    room.talk(53)

    assert room.heard("boss") == {
        "caller": pytest.approx(35.5, abs=2),
        "agent": pytest.approx(70.8, abs=3),
    }


def test_too_loud_a_sum_stays_at_the_limit() -> None:
    room = Room()
    room.hear("boss", "caller", "agent", gain_db=12.0)
    room.talk(53)

    pcm = room.pcm("boss").astype(int)
    assert pcm.max() > 32000
    assert pcm.min() < -32000
    assert np.abs(np.diff(pcm)).max() < 50000, "no sample turned over into the other sign"


def test_a_lost_packet_leaves_no_hole_in_what_is_mixed() -> None:
    room = Room()
    room.hear("boss", "caller", "agent")

    room.talk(53, lost=[30])

    pcm = room.pcm("boss").astype(float).reshape(-1, 160)
    strength = np.sqrt((pcm * pcm).mean(axis=1))
    assert len(pcm) == 50
    assert strength[2:].min() > 0.6 * np.median(strength)


def test_a_silent_source_is_silence_and_the_stream_goes_on() -> None:
    room = Room()
    room.hear("boss", "caller", "agent")

    room.talk(30, silent=["caller"])

    assert room.heard("boss").keys() == {"agent"}
    assert len(room.legs["boss"].heard) == 30
    assert [packet.marker for packet in room.legs["boss"].heard] == [True] + [False] * 29


def test_a_released_source_is_left_out_and_the_last_ends_the_mixer() -> None:
    room = Room()
    room.hear("agent", "caller", "boss")

    assert room.hearing.released(room.legs["boss"].session) == []
    assert room.hearing.heard_by("agent") == [p.Source(leg="caller")]
    assert room.hearing.released(room.legs["caller"].session) == [room.legs["agent"].session]
    assert room.hearing.heard_by("agent") == []
    assert not room.legs["agent"].session.needs_clock


def test_a_third_who_joins_does_not_interrupt_the_second() -> None:
    room = Room()
    room.hear("boss", "caller")
    room.talk(20)
    room.hear("boss", "caller", "agent")
    room.talk(20)

    pcm = room.pcm("boss").astype(float).reshape(-1, 160)
    assert np.sqrt((pcm * pcm).mean(axis=1)).min() > 4000
    assert room.heard("boss").keys() == {"caller", "agent"}


def test_what_cannot_be_mixed_is_refused_and_changes_nothing() -> None:
    room = Room()
    room.hear("boss", "caller")

    with pytest.raises(UnknownLeg):
        room.hear("boss", "agent", "nobody")
    with pytest.raises(VerbRefused, match="itself"):
        room.hear("boss", "boss")
    for gain_db in (21.0, -21.0, float("nan")):
        with pytest.raises(VerbRefused, match="gain"):
            room.hear("boss", "agent", gain_db=gain_db)

    assert room.hearing.heard_by("boss") == [p.Source(leg="caller")]
