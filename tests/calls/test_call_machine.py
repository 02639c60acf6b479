"""Any interleaving of SIP facts, media facts and commands keeps the rules of a call."""

import logging
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from foundation.ids import AgentId, CallId, LegId, OfferId, PhoneId, RecordingId
from telephony.calls.events import (
    AgentHungUp,
    AgentPickedUp,
    AgentRefused,
    AgentRinging,
    CallArrived,
    CallBridged,
    CallEnded,
    CallEvent,
    CallHeld,
    CallResumed,
    EndedBy,
    LegEnded,
    MediaTroubled,
    MonitorChanged,
    MonitorEnded,
    MonitorMode,
    MonitorStarted,
    PhoneChanged,
    Side,
    TalkRecorded,
)
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.switchboard import Switchboard
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.line_model import MUSIC, At, PeerLeg, PeerMedia, PeerStack

MAX_CALLS = 3
DIRECTIONS = st.sampled_from(["sendrecv", "sendonly", "inactive", "recvonly"])
RARELY = st.sampled_from([False, False, False, True])
"Endings are few, or nothing else would ever happen."
GONE_OF_ITSELF = [why for why in sip.GoneWhy if why is not sip.GoneWhy.OURS]
EVA = AgentId("eva")
BOSSES = [PhoneId("boss-1"), PhoneId("boss-2")]


class Story:
    """All that was told, held to the rules of `telephony.calls.events` as it is told."""

    def __init__(self, stack: PeerStack) -> None:
        self._stack = stack
        self.arrived: list[CallId] = []
        self.ended: set[CallId] = set()
        self.bridged: set[CallId] = set()
        self.held: set[tuple[CallId, Side]] = set()
        self.withdrawn: set[OfferId] = set()
        self.refused: set[OfferId] = set()
        self.picked_up: set[OfferId] = set()
        self.talking: dict[CallId, AgentId] = {}
        self.recorded: list[str] = []
        self.listening: dict[PhoneId, CallId] = {}
        self.react: Callable[[], None] | None = None
        "Done inside the next tell, as the journey does it."

    def tell(self, event: CallEvent) -> None:
        self._check_order(event)
        self._check_offer(event)
        self._check_talk(event)
        self._check_monitor(event)
        react, self.react = self.react, None
        if react is not None:
            react()

    def _check_monitor(self, event: CallEvent) -> None:
        match event:
            case MonitorStarted(call_id, phone):
                assert call_id in self.bridged, "listens where nobody talks"
                assert phone not in self.listening, "in two talks, or started twice"
                self.listening[phone] = call_id
            case MonitorChanged(call_id, phone):
                assert self.listening[phone] == call_id
            case MonitorEnded(call_id, phone):
                assert self.listening.pop(phone, call_id) == call_id
            case CallEnded(call_id) | AgentHungUp(call_id):
                assert call_id not in self.listening.values(), "a phone outlives the talk"
            case _:
                pass

    def _check_order(self, event: CallEvent) -> None:
        match event:
            case CallArrived(call_id):
                assert call_id not in self.arrived, "arrived twice"
                self.arrived.append(call_id)
            case CallEnded(call_id):
                assert call_id in self.arrived
                assert call_id not in self.ended, "ended twice"
                self.ended.add(call_id)
            case TalkRecorded(recording_id):
                self.recorded.append(recording_id)
            case LegEnded() | PhoneChanged() | MediaTroubled():
                pass
            case _:
                assert event.call_id in self.arrived, f"{event} before the arrival"
                assert event.call_id not in self.ended, f"{event} after the end"

    def _check_offer(self, event: CallEvent) -> None:
        match event:
            case AgentRinging(offer_id=offer) | AgentPickedUp(offer_id=offer):
                assert offer not in self.withdrawn | self.refused
                if isinstance(event, AgentPickedUp):
                    assert offer not in self.picked_up
                    self.picked_up.add(offer)
            case AgentRefused(offer_id=offer):
                assert offer not in self.withdrawn | self.refused | self.picked_up
                self.refused.add(offer)
            case _:
                pass

    def _check_talk(self, event: CallEvent) -> None:
        match event:
            case AgentPickedUp(call_id, agent_id):
                self.talking[call_id] = agent_id
            case AgentHungUp(call_id):
                assert self.talking.pop(call_id, None) is not None, "hung up without picking up"
                self._part(call_id)
            case CallBridged(call_id):
                assert call_id in self.talking
                self.bridged.add(call_id)
            case CallHeld(call_id, side):
                assert call_id in self.bridged
                assert (call_id, side) not in self.held
                self.held.add((call_id, side))
            case CallResumed(call_id, side):
                assert call_id in self.bridged
                self.held.remove((call_id, side))
            case CallEnded(call_id):
                self._part(call_id)
            case _:
                pass

    def withdrew(self, call_id: CallId, offer_id: OfferId) -> None:
        self.withdrawn.add(offer_id)
        if offer_id in self.picked_up:
            self.talking.pop(call_id, None)
            self._part(call_id)

    def _part(self, call_id: CallId) -> None:
        self.bridged.discard(call_id)
        self.held = {(call, side) for call, side in self.held if call != call_id}


class Breaches(logging.Handler):
    """What the switchboard contained: here each is a failure, a broken rule of the fakes too."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.found.append(record.exc_info[1])

    def check(self) -> None:
        if self.found:
            raise self.found[0]


class CallMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.breaches = Breaches()
        logging.getLogger("foundation.tasks").addHandler(self.breaches)
        self.stack = PeerStack()
        self.media = PeerMedia()
        self.story = Story(self.stack)
        self.board = Switchboard(
            CallOptions(hold_music=(MUSIC,)),
            self.stack,
            self.media,
            PartyBook({}, lambda party_id, number: None),
            self.story.tell,
            lambda: self.now,
        )
        self.stack.on_sip = self.board.on_sip
        self.now = 0.0
        self.made = 0
        self.last_offer: dict[CallId, OfferId] = {}
        self.asked_to_record: list[str] = []

    # -- callers and phones ----------------------------------------------------------------------

    @precondition(lambda self: len(self.stack.legs) < 12)
    @rule(has_sdp=st.booleans(), is_agent=st.booleans())
    def invite(self, has_sdp: bool, is_agent: bool) -> None:
        if len(self.board.call_ids()) < MAX_CALLS:
            self._invite(has_sdp=has_sdp, is_agent=is_agent)

    @precondition(lambda self: len(self.stack.legs) < 12)
    @rule(steps=st.sampled_from([1, 2, 3, 4, 6, 6]), has_sdp=st.booleans())
    def begin_talk(self, steps: int, has_sdp: bool) -> None:
        """Some way towards a talk at once: what is rare by chance alone is most of the day."""
        if len(self.board.call_ids()) >= MAX_CALLS:
            return
        self.stack.refuse_dial = False
        self.story.react = None
        leg = self._invite(has_sdp=has_sdp, is_agent=False)
        call_id = CallId(self.media.by_leg[leg.leg_id])

        def pick_up() -> None:
            phones = self.stack.at(At.DIALLING)
            mine = [each for each in phones if self.media.by_leg[each.leg_id] == call_id]
            self.stack.pick_up(mine[0])

        way: list[Callable[[], None]] = [
            lambda: self.board.answer(call_id),
            lambda: self.stack.acknowledge(leg, has_sdp=True),
            lambda: self._ring(call_id),
            pick_up,
            lambda: self._record(call_id),
            lambda: self.board.bridge(call_id),
        ]
        for step in way[:steps]:
            self.media_catches_up("sendrecv")
            step()

    def _invite(self, *, has_sdp: bool, is_agent: bool) -> PeerLeg:
        leg = PeerLeg(LegId(f"caller-{self._number()}"), At.INVITED, is_offerless=not has_sdp)
        self.stack.legs[leg.leg_id] = leg
        self.board.on_sip(
            sip.IncomingCall(
                leg.leg_id,
                "8000",
                sip.CallerIdentity("1390", "", "sip:1390@h"),
                b"v=0" if has_sdp else b"",
                sip.HostPort("127.0.0.1", 5060),
                leg.leg_id,
                EVA if is_agent else "",
            )
        )
        return leg

    @precondition(lambda self: self.stack.at(At.INVITED))
    @rule(data=st.data(), is_meant=RARELY)
    def cancel(self, data: st.DataObject, is_meant: bool) -> None:
        if is_meant:
            self.stack.cancel(data.draw(st.sampled_from(self.stack.at(At.INVITED))))

    @precondition(lambda self: any(leg.is_unacked for leg in self.stack.legs.values()))
    @rule(data=st.data(), has_sdp=st.booleans())
    def acknowledge(self, data: st.DataObject, has_sdp: bool) -> None:
        waiting = [leg for leg in self.stack.at(At.ANSWERED, At.UP) if leg.is_unacked]
        if waiting:
            self.stack.acknowledge(data.draw(st.sampled_from(waiting)), has_sdp=has_sdp)

    @precondition(lambda self: self.stack.at(At.UP))
    @rule(data=st.data(), has_sdp=st.booleans())
    def reoffer(self, data: st.DataObject, has_sdp: bool) -> None:
        leg = data.draw(st.sampled_from(self.stack.at(At.UP)))
        if not leg.has_reoffer and not leg.is_unacked:
            self.stack.reoffer(leg, has_sdp=has_sdp)

    @precondition(lambda self: self.story.bridged)
    @rule(data=st.data(), direction=DIRECTIONS)
    def hold_or_resume(self, data: st.DataObject, direction: str) -> None:
        """A whole re-INVITE in a talk."""
        leg = data.draw(st.sampled_from([*self.stack.at(At.UP), *self.stack.at(At.ANSWERED)]))
        if leg.is_unacked:
            self.stack.acknowledge(leg, has_sdp=True)
        if leg.at is At.UP and not leg.has_reoffer:
            self.stack.reoffer(leg, has_sdp=True)
            self.media_catches_up(direction)
            if leg.is_unacked:
                self.stack.acknowledge(leg, has_sdp=False)

    @precondition(lambda self: self.stack.at(At.UP, At.ANSWERED))
    @rule(data=st.data(), why=st.sampled_from(GONE_OF_ITSELF), is_meant=RARELY)
    def peer_ends(self, data: st.DataObject, why: sip.GoneWhy, is_meant: bool) -> None:
        if is_meant:
            self.stack.end(data.draw(st.sampled_from(self.stack.at(At.UP, At.ANSWERED))), why)

    @precondition(lambda self: self.stack.at(At.DIALLING))
    @rule(data=st.data(), status=st.sampled_from([180, 183, 200, 408, 486, 603]))
    def phone_answers(self, data: st.DataObject, status: int) -> None:
        leg = data.draw(st.sampled_from(self.stack.at(At.DIALLING)))
        if status < 200:
            self.board.on_sip(sip.Progressed(leg.leg_id, status, b""))
        elif status == 200:
            self.stack.pick_up(leg)
        else:
            self.stack.refuse(leg, status)

    @precondition(lambda self: self.stack.at(At.CANCELLING))
    @rule(data=st.data())
    def cancelled_phone_answers(self, data: st.DataObject) -> None:
        """Whether by 487 or by a 200 that crossed, the stack tells it as 487."""
        self.stack.refuse(data.draw(st.sampled_from(self.stack.at(At.CANCELLING))), 487)

    @rule(refuses=st.booleans())
    def phones_are_unregistered(self, refuses: bool) -> None:
        self.stack.refuse_dial = refuses

    @precondition(lambda self: self.stack.legs)
    @rule(data=st.data(), digit=st.sampled_from("1#"), later=st.floats(0, 0.3))
    def press(self, data: st.DataObject, digit: str, later: float) -> None:
        self.now += later
        leg = data.draw(st.sampled_from(list(self.stack.legs.values())))
        if leg.at is not At.GONE:
            self.board.on_sip(sip.InfoDigit(leg.leg_id, digit))

    # -- media -----------------------------------------------------------------------------------

    @precondition(lambda self: any(self.media.queues))
    @rule(worker=st.integers(0, 1), fails=st.integers(0, 7), direction=DIRECTIONS)
    def media_answers(self, worker: int, fails: int, direction: str) -> None:
        worker = worker if self.media.queues[worker] else 1 - worker
        self.media.answer(worker, fails=fails == 7, direction=direction)

    @rule(direction=DIRECTIONS)
    def media_catches_up(self, direction: str) -> None:
        while any(self.media.queues):
            worker = 0 if self.media.queues[0] else 1
            self.media.answer(worker, fails=False, direction=direction)

    @precondition(lambda self: self.media.sessions)
    @rule(data=st.data(), what=st.sampled_from(["lost", "digit", "play"]), is_meant=RARELY)
    def media_tells(self, data: st.DataObject, what: str, is_meant: bool) -> None:
        leg = data.draw(st.sampled_from(list(self.media.sessions)))
        if what == "lost" and is_meant:
            self.board.on_media_event(media.MediaLost(seq=1, leg=leg))
        elif what == "digit":
            heard = media.DigitHeard(seq=1, leg=leg, digit="1", at_s=self.now)
            self.board.on_media_event(heard)
        elif leg in self.media.prompts:
            play_id = self.media.prompts.pop(leg)
            self.board.on_media_event(media.PlayEnded(seq=1, leg=leg, play_id=play_id))

    @precondition(lambda self: self.media.closed)
    @rule()
    def file_is_closed(self) -> None:
        tap_id = self.media.closed.pop()
        self.board.on_media_event(media.TapEnded(seq=1, tap_id=tap_id, frames=8000, complete=True))

    # -- commands --------------------------------------------------------------------------------

    @precondition(lambda self: self.story.arrived)
    @rule(data=st.data(), verb=st.integers(0, 18), inside=st.booleans())
    def command(self, data: st.DataObject, verb: int, inside: bool) -> None:
        call_id = data.draw(st.sampled_from(self.story.arrived))
        if inside:
            self.story.react = lambda: self._command(call_id, verb, inside=True)
        else:
            self._command(call_id, verb, inside=False)

    def _command(self, call_id: CallId, verb: int, *, inside: bool) -> None:
        board = self.board
        verbs: list[Callable[[], None]] = [
            lambda: board.answer(call_id),
            lambda: board.answer_early(call_id),
            lambda: board.play(call_id, ["a.wav"]),
            lambda: board.play(call_id, ["a.wav"], loop=True),
            lambda: board.play(call_id, []),
            lambda: board.stop_playing(call_id),
            lambda: self._ring(call_id),
            lambda: None if inside else self._withdraw(call_id),
            lambda: board.play_to_agent(call_id, ["tone:880:150"]),
            lambda: board.bridge(call_id),
            lambda: board.echo(call_id),
            lambda: self._record(call_id),
            lambda: board.release_agent(call_id),
            lambda: board.refuse(call_id, 480, "test"),
            lambda: self._monitor(call_id, MonitorMode.LISTEN),
            lambda: self._monitor(call_id, MonitorMode.WHISPER),
            lambda: self._monitor(call_id, MonitorMode.BARGE),
            lambda: board.stop_monitor(call_id, BOSSES[0], "test"),
            lambda: board.stop_monitor(call_id, BOSSES[1], "test"),
        ]
        verbs[verb]()

    @precondition(lambda self: self.story.bridged)
    @rule(data=st.data(), mode=st.sampled_from(MonitorMode), picks_up=st.booleans())
    def monitor_a_talk(self, data: st.DataObject, mode: MonitorMode, picks_up: bool) -> None:
        self.stack.refuse_dial = False
        # In the order of arrival: ids are random, and a failure must repeat.
        talks = [call_id for call_id in self.story.arrived if call_id in self.story.bridged]
        self._monitor(data.draw(st.sampled_from(talks)), mode)
        self.media_catches_up("sendrecv")
        ringing = [leg for leg in self.stack.at(At.DIALLING) if leg.to in BOSSES]
        if picks_up and ringing:
            self.stack.pick_up(ringing[0])

    @precondition(lambda self: self.story.arrived)
    @rule(data=st.data(), by=st.sampled_from(EndedBy), is_meant=RARELY)
    def hang_up(self, data: st.DataObject, by: EndedBy, is_meant: bool) -> None:
        if not is_meant:
            return
        call_id = data.draw(st.sampled_from(self.story.arrived))
        self.board.hang_up(call_id, by, "test")

    def _ring(self, call_id: CallId) -> None:
        offer_id = OfferId(f"o-{self._number()}")
        if not self._has_live_agent(call_id):
            self.last_offer[call_id] = offer_id
        self.board.ring_agent(call_id, EVA, offer_id, auto_answer=False)

    def _withdraw(self, call_id: CallId) -> None:
        offer_id = self.last_offer.get(call_id)
        if offer_id is not None:
            self.board.stop_ringing(call_id, offer_id)
            self.story.withdrew(call_id, offer_id)

    def _record(self, call_id: CallId) -> None:
        recording_id = RecordingId(f"r-{self._number()}")
        self.asked_to_record.append(recording_id)
        self.board.record(call_id, recording_id, f"/recordings/{recording_id}.wav")

    def _monitor(self, call_id: CallId, mode: MonitorMode) -> None:
        phone = BOSSES[self._number() % len(BOSSES)]
        self.board.monitor(call_id, phone, mode, by="sue")

    def _has_live_agent(self, call_id: CallId) -> bool:
        offer = self.last_offer.get(call_id)
        over = self.story.refused | self.story.withdrawn
        return (
            offer is not None
            and offer not in over
            and (offer not in self.story.picked_up or call_id in self.story.talking)
        )

    def _number(self) -> int:
        self.made += 1
        return self.made

    # -- rules that hold at every moment ---------------------------------------------------------

    @invariant()
    def a_call_has_at_most_one_live_agents_leg(self) -> None:
        live = [
            self.media.by_leg[leg.leg_id]
            for leg in self.stack.at(At.DIALLING, At.UP)
            if leg.to == EVA and leg.leg_id not in self.media.released
        ]
        assert len(live) == len(set(live))

    @invariant()
    def music_plays_only_for_who_is_held(self) -> None:
        held = {call_id for call_id, _ in self.story.held}
        assert {self.media.by_leg[leg] for leg in self.media.music} <= held

    @invariant()
    def no_work_is_left_over_and_nothing_went_wrong(self) -> None:
        self.breaches.check()
        assert self.board.is_idle

    # -- when all is over ------------------------------------------------------------------------

    def teardown(self) -> None:
        for _ in range(3):
            self._let_all_end()
        logging.getLogger("foundation.tasks").removeHandler(self.breaches)
        self.breaches.check()
        assert set(self.story.arrived) == self.story.ended
        assert self.media.released == set(self.media.by_leg)
        assert not self.media.sessions
        assert self.media.untapped == self.media.tapped
        assert set(self.asked_to_record) <= set(self.story.recorded)
        tables = [
            value
            for part in (self.board, self.board._supervision)
            for value in vars(part).values()
            if isinstance(value, dict)
        ]
        assert len(tables) == 6
        assert not any(tables)

    def _let_all_end(self) -> None:
        self.story.react = None
        self.media_catches_up("sendrecv")
        for leg in list(self.stack.legs.values()):
            if leg.at is At.INVITED:
                self.stack.cancel(leg)
            elif leg.at in (At.ANSWERED, At.UP):
                self.stack.end(leg, sip.GoneWhy.BYE)
            elif leg.at in (At.DIALLING, At.CANCELLING):
                self.stack.refuse(leg, 487)
        while self.media.closed:
            self.file_is_closed()


CallMachine.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, print_blob=False
)
TestCallMachine = CallMachine.TestCase
