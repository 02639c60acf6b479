"""Fakes with a log for what stands below the switchboard: SIP verbs and media requests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from foundation.ids import CallId, LegId, PartyId
from telephony.calls.events import CallEvent
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.switchboard import Joining, Switchboard
from telephony.media import protocol as media
from telephony.sip import events as sip


@dataclass
class FakeSip:
    """Writes down each verb as (verb, leg, detail)."""

    done: list[tuple[str, str, object]] = field(default_factory=list)
    registered: set[str] = field(default_factory=set)
    noted: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    "Of each INVITE, by leg."
    on_note: Callable[[LegId], None] = lambda leg: None
    "The stack tells a new dialog record when something is noted."

    def progress(self, leg: LegId, status: int, body: bytes) -> None:
        self.done.append(("progress", leg, (status, body)))

    def accept(self, leg: LegId, body: bytes) -> None:
        self.done.append(("accept", leg, body))

    def reject(self, leg: LegId, status: int) -> None:
        self.done.append(("reject", leg, status))

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
        self.done.append(("dial", leg, to))
        self.headers[leg] = dict(headers)

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
        self.done.append(("dial_outside", leg, (number, trunk, show)))

    def hang_up(self, leg: LegId, reason: str) -> None:
        self.done.append(("hang_up", leg, reason))

    def accept_refer(self, leg: LegId) -> None:
        self.done.append(("accept_refer", leg, None))

    def refuse_refer(self, leg: LegId, status: int) -> None:
        self.done.append(("refuse_refer", leg, status))

    def notify_refer(self, leg: LegId, status: int) -> None:
        self.done.append(("notify_refer", leg, status))

    def note(self, leg: LegId, extra: bytes) -> None:
        self.noted[leg] = extra
        self.on_note(leg)

    def is_registered(self, aor: str) -> bool:
        return aor in self.registered

    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.done]

    def last_leg(self, verb: str) -> LegId:
        return LegId(next(leg for done, leg, _ in reversed(self.done) if done == verb))


@dataclass
class FakeMedia:
    """Answers at once, unless told to keep or to refuse."""

    asked: list[media.Request] = field(default_factory=list)
    refuse: dict[type, int] = field(default_factory=dict)
    direction: str = "sendrecv"
    codec: str = "PCMA"
    keeps: bool = False
    kept: list[Callable[[], None]] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    def ask(
        self, request: media.Request, on_reply: Callable[[media.Done | media.Failed], None]
    ) -> None:
        self.asked.append(request)
        if self.keeps:
            self.kept.append(lambda: on_reply(self._reply(request)))
        else:
            on_reply(self._reply(request))

    def keep(self, leg: str, record: bytes, *, is_urgent: bool) -> None:
        self.asked.append(media.Keep(rid=0, leg=leg, record=record))

    def let_go(self) -> None:
        self.keeps = False
        waiting, self.kept = self.kept, []
        for reply in waiting:
            reply()

    def of(self, kind: type) -> list[media.Request]:
        return [request for request in self.asked if isinstance(request, kind)]

    def _reply(self, request: media.Request) -> media.Done | media.Failed:
        if type(request) in self.refuse:
            return media.Failed(rid=0, status=self.refuse[type(request)], sentence="refused")
        stats = None
        codec = self.codec
        match request:
            case media.Offer(leg=leg, sdp=sdp):
                self.sessions.add(leg)
                codec = codec if sdp else ""
            case media.Release(leg=leg) if leg in self.sessions:
                self.sessions.remove(leg)
                stats = media.LegStats(packets_received=7)
            case _:
                pass
        return media.Done(
            rid=0, sdp="v=0 ours", codec=codec, peer_direction=self.direction, stats=stats
        )


class Lines:
    """A switchboard between fake SIP and fake media, with everything it told."""

    def __init__(
        self,
        options: CallOptions | None = None,
        is_line: Callable[[str], bool] = lambda dialled: True,
    ) -> None:
        self.sip = FakeSip()
        self.media = FakeMedia()
        self.told: list[CallEvent] = []
        self.now = 100.0
        self.joining: Joining | None = None
        "What accounts that dial want to join."
        self.saved: list[tuple[PartyId, str]] = []
        self.parties = PartyBook({}, lambda party, number: self.saved.append((party, number)))
        self.switchboard = Switchboard(
            options or CallOptions(hold_music=("music.wav",)),
            self.sip,
            self.media,
            self.parties,
            self.told.append,
            lambda: self.now,
            is_line,
            lambda phone, dialled: self.joining if phone else None,
        )

    def invite(
        self,
        leg: str = "l-1",
        *,
        body: bytes = b"v=0",
        agent_aor: str = "",
        reliable: bool = False,
    ) -> CallId:
        self.switchboard.on_sip(
            sip.IncomingCall(
                LegId(leg),
                "8000",
                sip.CallerIdentity("13900000001", "", "sip:13900000001@127.0.0.1"),
                body,
                sip.HostPort("127.0.0.1", 5062),
                f"sip-{leg}",
                agent_aor,
                reliable,
            )
        )
        return next(
            (event.call_id for event in self.told if hasattr(event, "call_id")), CallId("none")
        )

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.told]
