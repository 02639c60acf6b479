"""The C loop beside the Python loop's straight and careful way: whatever comes, nobody outside can
tell which one it was."""

import ctypes
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.media.lanes import native
from telephony.media.lanes.lanes import LaneSide
from telephony.media.lanes.native import Library, NoLibrary
from telephony.media.packets.rtp import HEADER, RtpPacket
from telephony.media.sound.g711 import Law
from telephony.media.sound.playout import Player, tone
from telephony.media.taping.tap import TapSide
from tests.support.media_leg import PHONE, STRANGER, VOICE, Leg
from tests.support.media_phone import sdp

PARTNER = ("127.0.0.1", 5000)


class Talk:
    """Two taped legs, what comes to them as steps, and all that can be seen of it."""

    def __init__(
        self, library: Library | None, law: Law = Law.PCMA, *, can_narrow: bool = True
    ) -> None:
        """`law`: of the agent; the caller's is PCMU."""
        side = TapSide if library is None else LaneSide
        self.caller = Leg(library=library, can_narrow=can_narrow)
        self.agent = Leg(library=library, can_narrow=can_narrow)
        self.caller.offer(sdp(PHONE[1]))
        self.agent.offer(sdp(PARTNER[1], law, events=96))
        self.agents_kind = 8 if law is Law.PCMA else 0
        self.caller.session.connect(self.agent.session)
        self.agent.session.connect(self.caller.session)
        self.sides = [side(0.0), side(0.0)]
        self.caller.session.sinks = (self.sides[0],)
        self.agent.session.sinks = (self.sides[1],)
        self.now = 0.0
        self.cuts: list[bytes] = []
        self._numbers = [[1, 100, 1000], [2, 65530, 2**32 - 480]]
        "Of each speaker: SSRC, sequence number, timestamp."

    def talk(self, frames: int) -> None:
        """So many packets of both, each 20 ms, nothing unusual about them."""
        for _ in range(frames):
            self.packet(0, 1, 160, 0, VOICE)
            self.packet(1, 1, 160, self.agents_kind, VOICE)
            self.wait(0.02)

    def packet(self, speaker: int, seq_step: int, ts_step: int, kind: int, payload: bytes) -> None:
        self.datagram(speaker, self._next(speaker, seq_step, ts_step, kind) + payload)

    def _next(self, speaker: int, seq_step: int, ts_step: int, kind: int) -> bytes:
        numbers = self._numbers[speaker]
        numbers[1] = (numbers[1] + seq_step) & 0xFFFF
        numbers[2] = (numbers[2] + ts_step) & 0xFFFFFFFF
        return HEADER.pack(0x80, kind, numbers[1], numbers[2], numbers[0])

    def datagram(self, speaker: int, data: bytes, *, stranger: bool = False) -> None:
        leg, phone = ((self.caller, PHONE), (self.agent, PARTNER))[speaker]
        leg.receive(data, self.now, STRANGER if stranger else phone)

    def stranger(self, speaker: int) -> None:
        self.datagram(speaker, bytes(RtpPacket(8 * speaker, 1, 1, 77, VOICE)), stranger=True)

    def new_source(self, speaker: int) -> None:
        self._numbers[speaker][0] += 10

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for leg in (self.caller, self.agent):
            leg.session.watch_silence(self.now)

    def cut(self) -> None:
        self.cuts += [side.cut(round(self.now * 8000)) for side in self.sides]

    def hold(self, on: bool) -> None:
        self.agent.session.hold(on, self.now)

    def gain(self, spoken_db: float) -> None:
        self.caller.session.set_gain(spoken_db, 0.0)

    def tick(self) -> None:
        self.caller.session.tick(self.now)

    def play(self) -> None:
        self.caller.session.play(Player("p", [tone(440, 40)], loop=False))

    def part(self) -> None:
        self.caller.session.connect(None)
        self.agent.session.connect(None)

    def meet(self) -> None:
        self.caller.session.connect(self.agent.session)
        self.agent.session.connect(self.caller.session)

    def seen(self) -> list[object]:
        self.cut()
        legs = [self.caller, self.agent]
        return [
            self.cuts,
            *[leg.rtp.sent for leg in legs],
            *[leg.digits for leg in legs],
            *[leg.session.figures() for leg in legs],
            *[leg.session.stats.block(0, 0.0) for leg in legs],
            *[leg.session.out.ts_at(self.now) for leg in legs],
            *[leg.session.out.octets for leg in legs],
            *[leg.session.is_newly_lost(self.now + 29.99) for leg in legs],
        ]

    def refused(self) -> list[tuple[int, int]]:
        """The kernel does not tell how many it has refused."""
        legs = [self.caller, self.agent]
        return [(leg.session.latch.ignored, leg.session.malformed) for leg in legs]


Step = Callable[[Talk], None]
speakers = st.sampled_from([0, 1])
payloads = st.sampled_from([VOICE, VOICE[:80], b"", b"\x55" * 240, b"\x01\x0a\x00\xa0"])
kinds = st.sampled_from([0, 0, 0, 0x80, 8, 8, 8, 96, 101, 13, 18])
SEQ_STEPS = [1, 0, 2, -1, -2, 50, 2999, 3000, 3001, -98, -99, -100, -101, -102, -3000, 30000, 32768]
TS_STEPS = [
    160,
    0,
    320,
    -160,
    1600,
    -79_999,
    -80_000,
    -80_001,
    -90_000,
    240_000,
    300_000,
    2**31,
    2**31 - 1,
]
seq_steps = st.one_of(st.just(1), st.sampled_from(SEQ_STEPS))
ts_steps = st.one_of(st.just(160), st.sampled_from(TS_STEPS))


def packets() -> st.SearchStrategy[Step]:
    parts = st.tuples(speakers, seq_steps, ts_steps, kinds, payloads)
    return parts.map(lambda given: lambda talk: talk.packet(*given))


def usual() -> st.SearchStrategy[Step]:
    return st.integers(1, 10).map(lambda frames: lambda talk: talk.talk(frames))


def waits() -> st.SearchStrategy[Step]:
    return st.sampled_from([0.0, 0.01, 0.02, 0.3, 2.5]).map(lambda s: lambda talk: talk.wait(s))


def datagrams() -> st.SearchStrategy[Step]:
    heads = st.sampled_from([b"", b"\x80", b"\x80\x00", b"\x80\x65", b"\x90\x08", b"\xa0\x00"])
    parts = st.tuples(speakers, heads, st.binary(max_size=40), st.booleans())
    return parts.map(
        lambda given: lambda talk: talk.datagram(given[0], given[1] + given[2], stranger=given[3])
    )


ORDERS: list[Step] = [
    Talk.cut,
    Talk.tick,
    Talk.play,
    Talk.part,
    Talk.meet,
    lambda talk: talk.hold(True),
    lambda talk: talk.hold(False),
    lambda talk: talk.gain(6.0),
    lambda talk: talk.gain(0.0),
    lambda talk: talk.stranger(0),
    lambda talk: talk.stranger(1),
    lambda talk: talk.new_source(0),
    lambda talk: talk.new_source(1),
]
steps = st.one_of(usual(), usual(), waits(), packets(), datagrams(), st.sampled_from(ORDERS))


def assert_both_loops_do_the_same(library: Library, given: Iterable[Step]) -> None:
    for law in Law:
        talks = Talk(None, law), Talk(None, law, can_narrow=False), Talk(library, law)
        for talk in talks:
            talk.talk(3)
            for step in given:
                step(talk)

        straight, careful, in_c = [talk.seen() for talk in talks]
        assert straight == careful == in_c
        assert talks[1].refused() == talks[2].refused()


@settings(deadline=None)  # the first call compiles
@given(st.lists(steps, max_size=60))
def test_fuzz_both_loops_do_the_same_whatever_comes(library: Library, given: list[Step]) -> None:
    assert_both_loops_do_the_same(library, given)


@pytest.mark.parametrize("taped", [True, False])
@pytest.mark.parametrize("ts_step", TS_STEPS)
@pytest.mark.parametrize("seq_step", SEQ_STEPS)
def test_both_loops_take_a_step_for_the_same(
    library: Library, seq_step: int, ts_step: int, taped: bool
) -> None:
    """After half a second of silence, so that arrival and timestamp disagree too."""

    def step(talk: Talk) -> None:
        if not taped:
            talk.caller.session.sinks = ()
        for kind, payload in ((0, VOICE), (0x80, b""), (0, VOICE[:80])):
            talk.wait(0.17)
            talk.packet(0, seq_step, ts_step, kind, payload)
            talk.talk(2)

    assert_both_loops_do_the_same(library, [step])


def test_both_loops_believe_the_same_source_only(library: Library) -> None:
    """From another port, and from another address with the same port."""

    def step(talk: Talk) -> None:
        for source in (("127.0.0.1", 4001), ("127.0.0.2", 4000)):
            talk.caller.receive(bytes(RtpPacket(0, 104, 1640, 1, VOICE)), talk.now, source)

    assert_both_loops_do_the_same(library, [step])
    talk = Talk(library)
    talk.talk(3)
    step(talk)
    assert talk.caller.ignored == 2


def test_both_loops_change_a_law_that_was_taped_in_another(library: Library) -> None:
    def step(talk: Talk) -> None:
        both = sdp(PHONE[1]).replace("RTP/AVP 0", "RTP/AVP 0 8")
        talk.caller.offer(both, talk.now)
        talk.talk(2)
        talk.packet(0, 1, 160, 8, VOICE)
        talk.packet(0, 1, 160, 0, VOICE)
        talk.wait(0.1)

    assert_both_loops_do_the_same(library, [step])


def test_what_goes_straight_is_not_looked_at_again() -> None:
    talk = Talk(None, Law.PCMU)
    talk.talk(3)
    talk.caller.session._recv = no_reading
    talk.talk(22)

    assert len(talk.agent.heard) == 25
    assert talk.caller.session.figures().packets_received == 25


def test_what_is_usual_never_reaches_python(library: Library) -> None:
    talk = Talk(library)
    talk.packet(0, 1, 160, 0, VOICE)
    talk.caller.session._recv = no_reading
    for _ in range(24):
        talk.wait(0.02)
        talk.packet(0, 1, 160, 0, VOICE)

    assert len(talk.agent.heard) == 25
    assert talk.caller.session.figures().packets_received == 25


def no_reading(_buffer: bytearray) -> tuple[int, tuple[str, int]]:
    raise AssertionError("a usual packet was handed up")


def test_legs_of_which_nothing_is_usual_are_read_by_python(library: Library) -> None:
    talk = Talk(library)
    caller, agent = talk.caller.session.lane, talk.agent.session.lane
    assert caller is not None
    assert agent is not None
    seen = [(caller.is_for_c, agent.is_for_c)]
    moved: list[bool] = []
    caller.moved = lambda lane: moved.append(lane.is_for_c)

    talk.caller.session.sinks += (talk.sides[1],)
    seen.append((caller.is_for_c, agent.is_for_c))
    talk.caller.session.sinks = (talk.sides[0],)
    seen.append((caller.is_for_c, agent.is_for_c))
    talk.caller.session.listen_for_tones()
    seen.append((caller.is_for_c, agent.is_for_c))

    assert seen == [(True, True), (False, True), (True, True), (False, True)]
    assert moved == [False, True, False]


def test_who_talks_to_a_phone_with_g722_is_read_by_python(library: Library) -> None:
    talk = Talk(library)
    caller, agent = talk.caller.session.lane, talk.agent.session.lane
    assert caller is not None
    assert agent is not None
    moved: list[bool] = []
    caller.moved = lambda lane: moved.append(lane.is_for_c)

    agent.hears(PARTNER, 9, None)
    caller.partner_changed()

    assert moved == [False]


def test_a_side_that_python_does_not_fetch_hands_up_before_it_is_full(library: Library) -> None:
    talk = Talk(library)
    for _ in range(200):
        talk.wait(0.02)
        talk.packet(0, 1, 160, 0, VOICE)
    talk.cut()

    assert talk.cuts[0].count(VOICE) == 199


def test_without_a_compiler_there_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoLibrary, match="no C compiler"):
        native.load(tmp_path)


def test_a_library_of_another_layout_is_refused(library: Library, tmp_path: Path) -> None:
    compiler = native.find_compiler()
    assert compiler is not None
    other = tmp_path / "other.c"
    other.write_text("const long long lanes_layout[7] = {1, 2, 3, 4, 5, 6, 7};")
    path = tmp_path / native._name()
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, other], check=True)

    with pytest.raises(NoLibrary, match="lays out its memory"):
        native.load(tmp_path)


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / native._name()).write_bytes(b"no library")

    with pytest.raises(NoLibrary, match="cannot be loaded"):
        native.load(tmp_path)


def test_a_compiled_library_is_not_compiled_again(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native.load(tmp_path)
    monkeypatch.setenv("PATH", "")

    assert isinstance(native.load(tmp_path), ctypes.CDLL)
    assert len(list(tmp_path.iterdir())) == 1
