"""What may happen below the switchboard, as the diagrams of telephony.sip and telephony.media say.

`PeerStack` keeps each leg's state as the real stack does and tells the same facts for the same
verbs; `PeerMedia` answers each worker's requests in order, later. Both refuse what the parts above
must never do: a verb for a leg in the wrong state, a request for a session that was released.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from foundation.ids import LegId
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.ears import Ears

MUSIC = "music.wav"


class At(Enum):
    INVITED = "invited"
    ANSWERED = "answered"
    UP = "up"
    DIALLING = "dialling"
    CANCELLING = "cancelling"
    GONE = "gone"


@dataclass
class PeerLeg:
    leg_id: LegId
    at: At
    is_offerless: bool = False
    "The ACK that comes will carry SDP."
    has_reoffer: bool = False
    is_unacked: bool = False
    hang_ups: int = 0
    to: str = ""
    "Whose phone it is that was dialled."
    refer: str = ""
    "'asked', 'accepted', or '' without a REFER that waits for a word."


class PeerStack:
    """Implements `telephony.calls.ports.SipPort`; peers are moved by the test."""

    def __init__(self) -> None:
        self.legs: dict[LegId, PeerLeg] = {}
        self.on_sip: Callable[[sip.SipEvent], None] = lambda event: None
        self.refuse_dial = False

    def at(self, *states: At) -> list[PeerLeg]:
        return [leg for leg in self.legs.values() if leg.at in states]

    # -- verbs -----------------------------------------------------------------------------------

    def progress(self, leg: LegId, status: int, body: bytes) -> None:
        assert self.legs[leg].at is At.INVITED
        assert not (body and self.legs[leg].is_offerless), "an offer in an unreliable 183"

    def accept(self, leg: LegId, body: bytes) -> None:
        found = self.legs[leg]
        assert found.at is At.INVITED or found.has_reoffer, f"nothing to accept in {found}"
        assert body
        found.at = At.ANSWERED if found.at is At.INVITED else found.at
        found.has_reoffer, found.is_unacked = False, True
        self.on_sip(sip.DialogKept(leg, b"record"))

    def reject(self, leg: LegId, status: int) -> None:
        found = self.legs[leg]
        assert found.at is At.INVITED or found.has_reoffer, f"nothing to reject in {found}"
        assert status >= 400
        found.has_reoffer = False
        found.at = At.GONE if found.at is At.INVITED else found.at

    def dial(
        self,
        leg: LegId,
        to: str,
        *,
        body: bytes,
        caller_user: str,
        caller_name: str,
        headers: Sequence[tuple[str, str]],
    ) -> None:
        assert leg not in self.legs
        self.legs[leg] = PeerLeg(leg, At.GONE if self.refuse_dial else At.DIALLING, to=to)
        if self.refuse_dial:
            self.on_sip(sip.Refused(leg, 480, "not registered"))

    def dial_outside(
        self,
        leg: LegId,
        number: str,
        trunk: str,
        *,
        body: bytes,
        show: str,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.dial(leg, number, body=body, caller_user="", caller_name="", headers=headers)

    def accept_refer(self, leg: LegId) -> None:
        found = self.legs[leg]
        assert found.refer == "asked", f"{found.refer}: there is no REFER to be accepted"
        assert found.at is not At.GONE
        found.refer = "accepted"

    def refuse_refer(self, leg: LegId, status: int) -> None:
        found = self.legs[leg]
        assert found.refer == "asked"
        assert status >= 400
        found.refer = ""

    def notify_refer(self, leg: LegId, status: int) -> None:
        found = self.legs[leg]
        assert found.refer == "accepted"
        assert found.at is not At.GONE
        if status >= 200:
            found.refer = ""

    def hang_up(self, leg: LegId, reason: str) -> None:
        found = self.legs[leg]
        assert not found.refer, "hung up without a last word on its REFER"
        assert found.at is not At.GONE, "hung up after its end was told"
        found.hang_ups += 1
        assert found.hang_ups == 1, "hung up twice"
        if found.at is At.DIALLING:
            found.at = At.CANCELLING
        elif found.at is At.UP:
            self._gone(found, sip.GoneWhy.OURS)
        else:
            # Waits for the ACK, RFC 3261 15. A leg without a 200 wants a final answer instead.
            assert found.at is At.ANSWERED

    def note(self, leg: LegId, extra: bytes) -> None:
        pass

    def is_registered(self, aor: str) -> bool:
        return True

    # -- peers -----------------------------------------------------------------------------------

    def acknowledge(self, leg: PeerLeg, *, has_sdp: bool) -> None:
        body = b"v=0 late answer" if leg.is_offerless and has_sdp else b""
        leg.at, leg.is_unacked, leg.is_offerless = At.UP, False, False
        self.on_sip(sip.Confirmed(leg.leg_id, body))
        if leg.hang_ups and leg.at is At.UP:
            self._gone(leg, sip.GoneWhy.OURS)

    def reoffer(self, leg: PeerLeg, *, has_sdp: bool) -> None:
        leg.has_reoffer, leg.is_offerless = True, not has_sdp
        self.on_sip(sip.Reoffered(leg.leg_id, b"v=0 again" if has_sdp else b""))

    def refer(self, leg: PeerLeg, target: str, replaces: LegId | None) -> None:
        leg.refer = "asked"
        self.on_sip(sip.Referred(leg.leg_id, target, "127.0.0.1", replaces))

    def pick_up(self, leg: PeerLeg) -> None:
        leg.at = At.UP
        self.on_sip(sip.DialogKept(leg.leg_id, b"record"))
        self.on_sip(sip.Answered(leg.leg_id, b"v=0 agent"))

    def refuse(self, leg: PeerLeg, status: int) -> None:
        leg.at = At.GONE
        self.on_sip(sip.Refused(leg.leg_id, status, ""))

    def end(self, leg: PeerLeg, why: sip.GoneWhy) -> None:
        """From outside: BYE, an error in the dialog, no ACK."""
        asked = leg.hang_ups and why is sip.GoneWhy.NO_ACK
        self._gone(leg, sip.GoneWhy.OURS if asked else why)

    def cancel(self, leg: PeerLeg) -> None:
        leg.at = At.GONE
        self.on_sip(sip.Cancelled(leg.leg_id))

    def _gone(self, leg: PeerLeg, why: sip.GoneWhy) -> None:
        leg.at, leg.has_reoffer, leg.refer = At.GONE, False, ""
        self.on_sip(sip.Gone(leg.leg_id, why))


OnReply = Callable[[media.Done | media.Failed], None]


@dataclass
class PeerMedia:
    """Implements `telephony.calls.ports.MediaPort` with two workers."""

    queues: tuple[deque[tuple[media.Request, OnReply]], ...] = field(
        default_factory=lambda: (deque(), deque())
    )
    calls: list[str] = field(default_factory=list)
    by_leg: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, None] = field(default_factory=dict)
    "Granted and not released, in the order of their making."
    released: set[str] = field(default_factory=set)
    "Asked to be released."
    tapped: set[str] = field(default_factory=set)
    untapped: set[str] = field(default_factory=set)
    closed: list[str] = field(default_factory=list)
    "Taps whose file is closed, not told yet."
    music: set[str] = field(default_factory=set)
    "Legs that were last asked to play hold music."
    prompts: dict[str, str] = field(default_factory=dict)
    "Prompts that play, by leg."
    ears: Ears = field(default_factory=Ears)
    "Who hears whom when all that was asked is granted."

    def ask(self, request: media.Request, on_reply: OnReply) -> None:
        self._check(request)
        self.ears.take(request)
        self.queues[self._worker_of(request)].append((request, on_reply))

    def keep(self, leg: str, record: bytes, *, is_urgent: bool) -> None:
        pass

    def answer(self, worker: int, *, fails: bool, direction: str) -> None:
        request, on_reply = self.queues[worker].popleft()
        on_reply(self._reply(request, fails=fails, direction=direction))

    def _check(self, request: media.Request) -> None:
        match request:
            case media.Release(leg=leg):
                assert leg in self.by_leg, "released before it was asked for"
                assert leg not in self.released, "released twice"
                self.released.add(leg)
                self.music.discard(leg)
            case media.Tap(tap_id=tap_id, left=left, right=right):
                assert tap_id not in self.untapped, "moved after its end"
                assert not {left, right} & self.released
                self.tapped.add(tap_id)
            case media.Hear(leg=leg, sources=sources):
                assert not {leg, *(source.leg for source in sources)} & self.released
            case media.PauseTap(tap_id=tap_id) | media.Untap(tap_id=tap_id):
                assert tap_id in self.tapped - self.untapped, "after its end"
                self.untapped |= {tap_id} if isinstance(request, media.Untap) else set()
            case media.Connect(a=a, b=b):
                assert not {a, b} & self.released
            case media.Offer(leg=leg, call=call):
                assert leg not in self.released, "a session is made after its release"
                self.by_leg[leg] = call
            case media.Play(leg=leg, items=items):
                assert leg not in self.released
                assert not (items == [MUSIC] and leg in self.music), "music started twice"
                self.music.discard(leg)
                self.music |= {leg} if items == [MUSIC] else set()
            case media.Stop(leg=leg):
                assert leg not in self.released
                self.music.discard(leg)
            case media.Hello() | media.ListSessions() | media.Drain():
                raise AssertionError("the client's own business")
            case _:
                assert request.leg not in self.released, f"{request} after the release"

    def _worker_of(self, request: media.Request) -> int:
        match request:
            case media.Connect(a=leg) | media.Tap(left=leg):
                call = self.by_leg[leg]
            case media.Untap() | media.PauseTap():
                return 0
            case media.Hello() | media.ListSessions() | media.Drain():
                return 0
            case _:
                call = self.by_leg[request.leg]
        if call not in self.calls:
            self.calls.append(call)
        return self.calls.index(call) % len(self.queues)

    def _reply(
        self, request: media.Request, *, fails: bool, direction: str
    ) -> media.Done | media.Failed:
        if fails and not isinstance(request, media.Release | media.Untap):
            return media.Failed(rid=0, status=488, sentence="refused")
        codec, stats = "", None
        match request:
            case media.Offer(leg=leg, sdp=sdp):
                self.sessions[leg] = None
                codec = "PCMU" if sdp else ""
            case media.Answer():
                codec = "PCMU"
            case media.Play(leg=leg, play_id=play_id, loop=False):
                self.prompts[leg] = play_id
            case media.Play(leg=leg) | media.Stop(leg=leg):
                self.prompts.pop(leg, None)
            case media.Release(leg=leg):
                stats = media.LegStats() if leg in self.sessions else None
                self.sessions.pop(leg, None)
                self.prompts.pop(leg, None)
            case media.Untap(tap_id=tap_id):
                self.closed.append(tap_id)
            case _:
                pass
        if fails:
            # These two are never refused, but the worker may have been away for too long.
            return media.Failed(rid=0, status=503, sentence="late")
        agreed = direction if codec else "sendrecv"
        return media.Done(rid=0, sdp="v=0 ours", codec=codec, peer_direction=agreed, stats=stats)
