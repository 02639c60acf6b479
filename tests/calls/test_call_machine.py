"""Any interleaving of SIP facts, media facts and commands keeps the rules of a call."""

import logging
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, PhoneId, RecordingId
from telephony.calls.control import AgentTarget, GuestTarget, OutsideTarget
from telephony.calls.events import EndedBy, GuestWay, MonitorMode
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.switchboard import Switchboard
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.call_story import Breaches, Story
from tests.support.effort import tries
from tests.support.line_model import MUSIC, At, PeerLeg, PeerMedia, PeerStack

MAX_CALLS = 3
DIRECTIONS = st.sampled_from(["sendrecv", "sendonly", "inactive", "recvonly"])
RARELY = st.sampled_from([False, False, False, True])
"Endings are few, or nothing else would ever happen."
GONE_OF_ITSELF = [why for why in sip.GoneWhy if why is not sip.GoneWhy.OURS]
MAX_LEGS = 24
EVA, BEN, ZOE = AgentId("eva"), AgentId("ben"), AgentId("zoe")
LINE = "8000"
BOSSES = [PhoneId("boss-1"), PhoneId("boss-2")]


class CallMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.breaches = Breaches()
        logging.getLogger("foundation.tasks").addHandler(self.breaches)
        self.stack = PeerStack()
        self.media = PeerMedia()
        self.story = Story()
        self.board = Switchboard(
            CallOptions(hold_music=(MUSIC,)),
            self.stack,
            self.media,
            PartyBook({}, lambda party_id, number: None),
            self.story.tell,
            lambda: self.now,
            is_line=lambda dialled: dialled == LINE,
        )
        self.stack.on_sip = self.board.on_sip
        self.now = 0.0
        self.made = 0
        self.offers: dict[CallId, list[OfferId]] = {}
        self.asked_to_record: list[str] = []

    # -- callers and phones ----------------------------------------------------------------------

    @precondition(lambda self: len(self.stack.legs) < MAX_LEGS)
    @rule(has_sdp=st.booleans(), is_agent=st.booleans())
    def invite(self, has_sdp: bool, is_agent: bool) -> None:
        if len(self.board.call_ids()) < MAX_CALLS:
            self._invite(has_sdp=has_sdp, is_agent=is_agent)

    @precondition(lambda self: len(self.stack.legs) < MAX_LEGS)
    @rule(steps=st.sampled_from([1, 2, 3, 4, 6, 6]), has_sdp=st.booleans())
    def begin_talk(self, steps: int, has_sdp: bool) -> None:
        self.begin_talk_now(steps, has_sdp=has_sdp)

    def begin_talk_now(self, steps: int, *, has_sdp: bool) -> None:
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

    @precondition(lambda self: self.story.arrived and len(self.stack.legs) < MAX_LEGS)
    @rule(data=st.data(), pick_up=st.integers(0, 3), beaten=st.booleans())
    def ring_all(self, data: st.DataObject, pick_up: int, beaten: bool) -> None:
        """Three phones, of which some are picked up at once; `beaten`: the others are withdrawn."""
        call_id = data.draw(st.sampled_from(self.story.arrived))
        self.stack.refuse_dial, self.story.react = False, None
        for agent_id in (EVA, BEN, ZOE):
            self._ring(call_id, agent_id)
        self.media_catches_up("sendrecv")
        mine = [
            leg
            for leg in self.stack.at(At.DIALLING)
            if self.media.by_leg[leg.leg_id] == call_id and leg.to in (EVA, BEN, ZOE)
        ]
        for leg in mine[:pick_up]:
            self.stack.pick_up(leg)
        self.media_catches_up("sendrecv")
        over = self.story.refused | self.story.withdrawn
        for offer_id in self.offers[call_id] if beaten else ():
            if offer_id not in over and self.story.talking.get(call_id) != offer_id:
                self.story.withdrew(call_id, offer_id)
                self.board.stop_ringing(call_id, offer_id)

    def _invite(
        self,
        *,
        has_sdp: bool,
        is_agent: bool,
        dialled: str = LINE,
        replaces: LegId | None = None,
    ) -> PeerLeg:
        leg = PeerLeg(LegId(f"caller-{self._number()}"), At.INVITED, is_offerless=not has_sdp)
        self.stack.legs[leg.leg_id] = leg
        self.board.on_sip(
            sip.IncomingCall(
                leg.leg_id,
                dialled,
                sip.CallerIdentity("1390", "", "sip:1390@h"),
                b"v=0" if has_sdp else b"",
                sip.HostPort("127.0.0.1", 5060),
                leg.leg_id,
                EVA if is_agent else "",
                replaces=replaces,
            )
        )
        return leg

    @precondition(lambda self: len(self.stack.legs) < MAX_LEGS)
    @rule(has_sdp=st.booleans())
    def second_line(self, has_sdp: bool) -> None:
        """Of Eva's phone; a call of its own where she talks with nobody."""
        if self.story.bridged or len(self.board.call_ids()) < MAX_CALLS:
            self._invite(has_sdp=has_sdp, is_agent=True, dialled="tom")

    @precondition(lambda self: self.story.bridged and len(self.stack.legs) < MAX_LEGS)
    @rule(data=st.data(), has_sdp=st.booleans(), is_agent=st.booleans())
    def other_phone(self, data: st.DataObject, has_sdp: bool, is_agent: bool) -> None:
        legs = self.stack.at(At.UP)
        if legs:
            replaced = data.draw(st.sampled_from(legs)).leg_id
            self._invite(has_sdp=has_sdp, is_agent=is_agent, replaces=replaced)

    @precondition(lambda self: self.stack.at(At.UP))
    @rule(data=st.data(), to=st.sampled_from(["tom", "tom", ""]))
    def refer(self, data: st.DataObject, to: str) -> None:
        leg = data.draw(st.sampled_from(self.stack.at(At.UP)))
        # The stack itself refuses one that comes meanwhile, or for a leg that we hang up on.
        if leg.refer or leg.hang_ups:
            return
        others = [each.leg_id for each in self.stack.legs.values() if each is not leg]
        replaces = data.draw(st.sampled_from([None, *others]))
        self.stack.refer(leg, to, replaces)

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
    @rule(data=st.data(), status=st.sampled_from([180, 183, 200, 302, 408, 486]))
    def phone_answers(self, data: st.DataObject, status: int) -> None:
        leg = data.draw(st.sampled_from(self.stack.at(At.DIALLING)))
        if status < 200:
            body = b"v=0 early" if status == 183 else b""
            self.board.on_sip(sip.Progressed(leg.leg_id, status, body))
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
            is_silent = data.draw(st.booleans())
            self.board.on_media_event(media.MediaLost(seq=1, leg=leg, is_silent=is_silent))
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
    @rule(data=st.data(), verb=st.integers(0, 28), inside=st.booleans())
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
            lambda: board.hold(call_id),
            lambda: board.resume(call_id),
            lambda: board.consult(call_id, self._target()),
            lambda: board.transfer(call_id, self._target()),
            lambda: board.dial_guest(call_id, self._target()),
            lambda: board.conference(call_id),
            lambda: board.take_back(call_id),
            lambda: None if inside else self._complete(call_id),
            lambda: None if inside else self._release_for_transfer(call_id),
            lambda: self._refuse(call_id),
        ]
        verbs[verb]()

    @precondition(lambda self: self.story.bridged)
    @rule(data=st.data(), mode=st.sampled_from(MonitorMode), picks_up=st.booleans())
    def monitor_a_talk(self, data: st.DataObject, mode: MonitorMode, picks_up: bool) -> None:
        self.stack.refuse_dial = False
        self._monitor(data.draw(st.sampled_from(self._talks)), mode)
        self.media_catches_up("sendrecv")
        ringing = [leg for leg in self.stack.at(At.DIALLING) if leg.to in BOSSES]
        if picks_up and ringing:
            self.stack.pick_up(ringing[0])

    @precondition(lambda self: len(self.stack.legs) < MAX_LEGS)
    @rule(
        data=st.data(),
        is_consult=st.booleans(),
        by_second=st.booleans(),
        picks_up=st.booleans(),
        then=st.sampled_from(["nothing", "conference", "complete"]),
    )
    def bring_a_guest(
        self, data: st.DataObject, is_consult: bool, by_second: bool, picks_up: bool, then: str
    ) -> None:
        """Some way towards a consultation, a conference or a transfer at once."""
        if not self._talks:
            self.begin_talk_now(6, has_sdp=True)
            self.media_catches_up("sendrecv")
        if not self._talks:
            return
        self.stack.refuse_dial, self.story.react = False, None
        call_id = data.draw(st.sampled_from(self._talks))
        if by_second and is_consult:
            self._invite(has_sdp=True, is_agent=True, dialled="tom")
            self.media_catches_up("sendrecv")
        invite = self.board.consult if is_consult else self.board.transfer
        target = self._target()
        invite(call_id, target)
        self.media_catches_up("sendrecv")
        rung = [leg for leg in self.stack.at(At.DIALLING) if leg.to == target.offer_id]
        if not picks_up or not rung:
            return
        self.stack.pick_up(rung[0])
        self.media_catches_up("sendrecv")
        if then == "conference":
            self.board.conference(call_id)
        elif then == "complete":
            self._complete(call_id)

    @precondition(lambda self: len(self.stack.legs) < MAX_LEGS)
    @rule(picks_up=st.booleans())
    def call_by_own_phone(self, picks_up: bool) -> None:
        if self.story.bridged or len(self.board.call_ids()) >= MAX_CALLS:
            return
        self.stack.refuse_dial, self.story.react = False, None
        leg = self._invite(has_sdp=True, is_agent=True, dialled="tom")
        self.media_catches_up("sendrecv")
        target = self._target()
        self.board.dial_guest(CallId(self.media.by_leg[leg.leg_id]), target)
        self.media_catches_up("sendrecv")
        for rung in self.stack.at(At.DIALLING):
            if picks_up and rung.to == target.offer_id:
                self.stack.pick_up(rung)

    @property
    def _talks(self) -> list[CallId]:
        """In the order of arrival: ids are random, and a failure must repeat."""
        return [call_id for call_id in self.story.arrived if call_id in self.story.bridged]

    @precondition(lambda self: self.story.bridged and len(self.stack.legs) < MAX_LEGS)
    @rule(data=st.data(), has_replaces=st.booleans(), verb=st.integers(0, 4))
    def refer_and_obey(self, data: st.DataObject, has_replaces: bool, verb: int) -> None:
        """A REFER of somebody in a talk, and what is commanded for it."""
        call_id = data.draw(st.sampled_from(self._talks))
        mine = [leg for leg in self.stack.at(At.UP) if self.media.by_leg[leg.leg_id] == call_id]
        if not mine:
            return
        leg, other = data.draw(st.sampled_from(mine)), data.draw(st.sampled_from(mine))
        if leg.refer or leg.hang_ups:
            return
        self.stack.refer(leg, "tom", other.leg_id if has_replaces else None)
        verbs: list[Callable[[], None]] = [
            lambda: self.board.transfer(call_id, self._target()),
            lambda: self._complete(call_id),
            lambda: self._release_for_transfer(call_id),
            lambda: self.board.refuse_transfer(call_id, 404),
            lambda: None,
        ]
        verbs[verb]()

    def _target(self) -> GuestTarget:
        """Whose phone is dialled is the offer's name: so the leg can be found."""
        number = self._number()
        name = f"guest-{number}"
        if number % 2:
            return AgentTarget(AgentId(name), OfferId(name))
        return OutsideTarget(PartyId("p-9"), OfferId(name), number=name, trunk="carrier")

    def _complete(self, call_id: CallId) -> None:
        guest = self.story.guests.get(call_id)
        self.board.complete_transfer(call_id)
        if guest is not None and not guest.has_joined:
            self.story.agent_left_silently(call_id)

    def _release_for_transfer(self, call_id: CallId) -> None:
        is_talk = call_id in self.story.bridged
        self.board.release_for_transfer(call_id)
        if is_talk:
            self.story.agent_left_silently(call_id)

    def _refuse(self, call_id: CallId) -> None:
        self.board.refuse_consult(call_id, 404)
        self.board.refuse_transfer(call_id, 404)

    @precondition(lambda self: self.story.arrived)
    @rule(data=st.data(), by=st.sampled_from(EndedBy), is_meant=RARELY)
    def hang_up(self, data: st.DataObject, by: EndedBy, is_meant: bool) -> None:
        if not is_meant:
            return
        call_id = data.draw(st.sampled_from(self.story.arrived))
        self.board.hang_up(call_id, by, "test")

    def _ring(self, call_id: CallId, agent_id: AgentId = EVA) -> None:
        offer_id = OfferId(f"o-{self._number()}")
        self.offers.setdefault(call_id, []).append(offer_id)
        self.board.ring_agent(call_id, agent_id, offer_id, auto_answer=False)

    def _withdraw(self, call_id: CallId) -> None:
        """One that is open, or accepted."""
        over = self.story.refused | self.story.withdrawn
        live = [offer_id for offer_id in self.offers.get(call_id, []) if offer_id not in over]
        if live:
            offer_id = live[self._number() % len(live)]
            # What happens to the other phones is told within the command.
            self.story.withdrew(call_id, offer_id)
            self.board.stop_ringing(call_id, offer_id)

    def _record(self, call_id: CallId) -> None:
        recording_id = RecordingId(f"r-{self._number()}")
        self.asked_to_record.append(recording_id)
        self.board.record(call_id, recording_id, f"/recordings/{recording_id}.wav")

    def _monitor(self, call_id: CallId, mode: MonitorMode) -> None:
        phone = BOSSES[self._number() % len(BOSSES)]
        self.board.monitor(call_id, phone, mode, by="sue")

    def _number(self) -> int:
        self.made += 1
        return self.made

    # -- rules that hold at every moment ---------------------------------------------------------

    @invariant()
    def a_caller_is_connected_with_one_agent_at_most(self) -> None:
        for call_id in self.story.arrived:
            legs = [each for each, call in self.media.by_leg.items() if call == call_id]
            phones = [leg for leg in legs if self._phone_of(leg) in (EVA, BEN, ZOE)]
            connected = [leg for leg in phones if leg in self.media.ears.connected]
            assert len(connected) <= 1
            assert not connected or call_id in self.story.talking

    def _phone_of(self, leg_id: str) -> str:
        leg = self.stack.legs.get(LegId(leg_id))
        return "" if leg is None else leg.to

    @invariant()
    def music_plays_only_for_who_is_held(self) -> None:
        held = {call_id for call_id, _ in self.story.held} | self.story.guests.keys()
        assert {self.media.by_leg[leg] for leg in self.media.music} <= held

    @invariant()
    def a_caller_hears_no_guest_who_is_not_there_for_him(self) -> None:
        """Neither does the guest hear the caller, nor the caller the agent meanwhile."""
        ears = self.media.ears
        for call_id, guest in self.story.guests.items():
            if guest.way is GuestWay.DIAL or guest.in_conference:
                continue
            caller = self._callers_leg(call_id)
            if not self._has_second_line(call_id):
                assert ears.reachable(caller) == []
            rung = [leg.leg_id for leg in self.stack.legs.values() if leg.to == guest.offer_id]
            for leg_id in rung:
                assert leg_id not in [*ears.of(caller), *ears.reachable(caller)]
                assert caller not in ears.reachable(leg_id)

    @invariant()
    def nobody_is_connected_with_a_released_leg(self) -> None:
        ears = self.media.ears
        heard = [leg for mixed in ears.mixed.values() for leg in mixed]
        assert not {*ears.connected, *ears.connected.values(), *heard} & self.media.released

    @invariant()
    def no_leg_outlives_its_call(self) -> None:
        for leg in self.stack.legs.values():
            if self.media.by_leg.get(leg.leg_id) in self.story.ended:
                assert leg.at in (At.GONE, At.CANCELLING) or leg.hang_ups == 1, leg

    def _has_second_line(self, call_id: CallId) -> bool:
        """The agent may then go back to the caller for a while."""
        lines = [
            leg
            for leg in self.stack.legs.values()
            if self.media.by_leg.get(leg.leg_id) == call_id and not leg.to and leg.at is not At.GONE
        ]
        return len(lines) > 1

    def _callers_leg(self, call_id: CallId) -> str:
        return next(leg for leg, call in self.media.by_leg.items() if call == call_id)

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
        assert len(tables) == 7
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
    max_examples=tries(50), stateful_step_count=50, deadline=None, print_blob=False
)
TestCallMachine = CallMachine.TestCase
