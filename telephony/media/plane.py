"""The media plane of one worker: all its sessions and taps, and what each verb does to them.

A verb that names an unknown leg fails with 481, except `Release` and `Untap`: what is gone already
was released. All verbs may be repeated. Facts leave through `tell` as numbered events.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, assert_never

import msgspec

from foundation.clock import utc_now
from foundation.errors import CallCentreError, Overloaded
from telephony.media import protocol as p
from telephony.media.admission import Admission, committed_legs
from telephony.media.agreeing.browser_sdp import BrowserEnd
from telephony.media.agreeing.crypto import KEY_BYTES
from telephony.media.agreeing.dtls import Identity
from telephony.media.agreeing.kept_keys import read_keys
from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.desired import Desired
from telephony.media.errors import PromptUnusable, SdpRejected, UnknownLeg, VerbRefused
from telephony.media.lanes.lane_loop import LaneLoop
from telephony.media.lanes.lanes import Lane, LaneSide
from telephony.media.last_words import LastWords
from telephony.media.live import LiveTaps
from telephony.media.mixing import Hearing, check_gain
from telephony.media.options import WorkerOptions
from telephony.media.packets.ports import LegPorts, PortPool
from telephony.media.packets.stream import OutStream
from telephony.media.session import Session
from telephony.media.sound import g722, opus
from telephony.media.sound.dtmf import is_digits
from telephony.media.sound.playout import SLOTS, Player, PromptCache
from telephony.media.taping.recorder import Recorder, Report, Troubled
from telephony.media.taping.tap import TapSide
from telephony.media.taps import Taps
from telephony.media.wires import srtp

_LegRequest: TypeAlias = (
    p.Play | p.Stop | p.Disconnect | p.Hear | p.Gain | p.Hold | p.Hide | p.SendDigits
)
Tell: TypeAlias = Callable[[p.Event], None]
Watch: TypeAlias = Callable[[Session], None]


class MediaPlane:
    """Everything one worker serves."""

    def __init__(
        self,
        options: WorkerOptions,
        recorder: Recorder,
        tell: Tell,
        watch: Watch,
        unwatch: Watch,
        identity: Identity | None = None,
        lanes: LaneLoop | None = None,
    ) -> None:
        """`identity`: shown to browsers; None: they are not served."""
        self._options = options
        self._identity = identity
        self._recorder = recorder
        self._tell = tell
        self._watch = watch
        self._unwatch = unwatch
        self.sessions: dict[str, Session] = {}
        self.ports = PortPool(options.address, options.ports, options.drain_s)
        self.prompts = PromptCache(options.prompt_cache_bytes)
        self.admission = Admission(options.max_legs, options.busy_limit, options.late_ticks_limit)
        self._lanes = lanes
        self._taps = Taps(recorder, TapSide if lanes is None else LaneSide)
        self._live = LiveTaps()
        self._wanted = Desired()
        "Granted so far: told to a core that was started again."
        self._last = LastWords()
        self._hearing = Hearing(self.sessions)
        self._slots: tuple[dict[str, Session], ...] = tuple({} for _ in range(SLOTS))
        self._seq = 0

    # -- verbs ------------------------------------------------------------------------------------

    def handle(self, request: p.Request, now: float) -> p.Done | p.Failed:
        try:
            done = self._do(request, now)
        except CallCentreError as error:
            return p.Failed(rid=request.rid, status=error.sip_status, sentence=str(error))
        self._wanted.granted(request, done)
        return done

    def _do(self, request: p.Request, now: float) -> p.Done:
        match request:
            case p.Keep(leg=leg, record=record):  # first what comes most often
                self._get(leg).record = record
            case p.Offer():
                return self._offer(request, now)
            case p.Answer():
                return self._answer(request, now)
            case p.Release():
                return self._release(request, now)
            case p.ListSessions():
                wanted = [_without_record(each) for each in self._wanted.requests()]
                return p.Done(
                    rid=request.rid,
                    sessions=self._list(),
                    wanted=wanted,
                    ended_taps=list(self._last.taps),
                    ended_calls=list(self._last.calls),
                )
            case p.Drain():
                self.admission.is_draining = request.on
            case p.Hello():
                raise VerbRefused("Hello opens a connection and was said already")
            case p.Tap() | p.PauseTap() | p.Untap() | p.ListenIn():
                self._tap(request, now)
            case p.Connect():
                self._connect(self._get(request.a), self._get(request.b))
            case _:
                self._do_with(self._get(request.leg), request, now)
        return p.Done(rid=request.rid)

    def is_listening(self, listen_id: str) -> bool:
        """Whether somebody takes the stream that `ListenIn` began."""
        return listen_id in self._live

    def _tap(self, request: p.Tap | p.PauseTap | p.Untap | p.ListenIn, now: float) -> None:
        match request:
            case p.Tap():
                left, right = self._get(request.left), self._get(request.right)
                # A guest who has just gone is no reason not to record the others.
                legs = (self.sessions.get(leg) for leg in request.beside)
                self._taps.begin(
                    request.tap_id,
                    left,
                    right,
                    request.file,
                    now,
                    request.silence_s,
                    [session for session in legs if session is not None],
                    paused=request.paused,
                )
            case p.PauseTap():
                self._taps.pause(request.tap_id, request.on, now)
            case p.Untap():
                self._taps.end(request.tap_id, now)
            case p.ListenIn():
                session = self._get(request.leg)
                self._live.begin(request.listen_id, session, request.socket, now)
            case _:
                assert_never(request)

    def _do_with(self, session: Session, request: _LegRequest, now: float) -> None:
        match request:
            case p.Play():
                self._play(session, request)
            case p.Stop():
                self._set_player(session, None)
            case p.Disconnect():
                self._disconnect(session)
                self._hear(session, [])
            case p.Hear():
                self._hear(session, request.sources)
            case p.Gain():
                check_gain(request.spoken_db)
                check_gain(request.heard_db)
                session.set_gain(request.spoken_db, request.heard_db)
            case p.Hold():
                session.hold(request.on, now)
            case p.Hide():
                session.hide(request.what, now)
            case p.SendDigits():
                self._send_digits(session, request)
            case _:
                assert_never(request)

    def _get(self, leg: str) -> Session:
        try:
            return self.sessions[leg]
        except KeyError:
            raise UnknownLeg(f"there is no session for the leg {leg}") from None

    def _offer(self, request: p.Offer, now: float) -> p.Done:
        session = self.sessions.get(request.leg)
        is_new = session is None
        if session is None:
            session = self._open(request, now)
        try:
            if request.sdp:
                sdp = session.negotiation.answer(request.sdp, request.srtp)
                session.agreed(now)
            else:
                sdp = session.negotiation.offer(request.prefer, request.srtp, webrtc=request.webrtc)
        except SdpRejected:
            if is_new:
                self.ports.give_back(session.pair)
            raise
        if is_new:
            self.sessions[request.leg] = session
            self._watch(session)
        session.record = request.record or session.record
        if request.inband_dtmf:
            session.listen_for_tones()
        return self._described(request.rid, session, sdp)

    def _open(self, request: p.Offer, now: float) -> Session:
        if request.reserve:
            self._admit()
        taken = self.ports.take(request.port)
        pair: LegPorts = taken
        ssrc = request.ssrc or random.getrandbits(32) or 1
        version = int(utc_now().timestamp())
        # The id must survive a restart within the dialog, and so does the SSRC.
        key = (request.srtp_key or os.urandom(KEY_BYTES)) if srtp.IS_INSTALLED else b""
        browser = self._browser_end(key, request.kept_keys)
        local = LocalEnd(ssrc, version, self._options.sdp_address, pair.port, key, browser)
        restarted = bool(request.ssrc)
        lane: Lane | None = None
        if self._lanes is not None:
            lane, pair = self._lanes.lane(taken)
        stream = OutStream if lane is None else lane.stream
        out = stream(ssrc, now, restarted=restarted, began_at=request.began_at)
        negotiation = Negotiation(
            local,
            serves_g722=g722.NAME in self._options.codecs,
            serves_opus=opus.NAME in self._options.codecs,
        )
        session = Session(
            request.leg, request.call, pair, out, negotiation, self._options, self, now, lane
        )
        session.is_reserving = request.reserve
        if restarted and request.began_at:
            session.began_at = request.began_at
        session.hide(request.hidden, now)
        return session

    def _browser_end(self, secret: bytes, kept: bytes) -> BrowserEnd | None:
        if self._identity is None or not secret:
            return None
        return BrowserEnd(self._identity, secret, read_keys(kept))

    def _admit(self) -> None:
        refusal = self.admission.refusal(self._committed())
        if refusal is not None:
            raise Overloaded(refusal)
        self.admission.admitted()

    def _committed(self) -> int:
        legs = ((session.call, session.is_reserving) for session in self.sessions.values())
        return committed_legs(legs)

    def _answer(self, request: p.Answer, now: float) -> p.Done:
        session = self._get(request.leg)
        session.negotiation.accept(request.sdp)
        session.agreed(now)
        session.record = request.record or session.record
        return self._described(request.rid, session, "")

    def _described(self, rid: int, session: Session, sdp: str) -> p.Done:
        terms = session.negotiation.terms
        return p.Done(
            rid=rid,
            sdp=sdp,
            codec=terms.codec if terms else "",
            peer_direction=terms.direction.value if terms else "sendrecv",
            port=session.pair.port,
            ssrc=session.out.ssrc,
            began_at=session.began_at,
            srtp_key=session.negotiation.local.srtp_key,
        )

    def _release(self, request: p.Release, now: float) -> p.Done:
        session = self.sessions.pop(request.leg, None)
        if session is None:
            return p.Done(rid=request.rid)
        self._last.released(request, session.call)
        self._disconnect(session)
        for deserted in self._hearing.released(session):
            self._clock(deserted)
        self._set_player(session, None)
        if session.slot is not None:
            self._slots[session.slot].pop(session.leg)
        self._unwatch(session)
        self._taps.released(session)
        session.send_report(now, bye=True)
        self.ports.release(session.pair, now)
        self._taps.end_deserted(self.sessions, now)
        self._live.end_of(session)
        return p.Done(rid=request.rid, stats=session.figures())

    def _list(self) -> list[p.Session]:
        return [
            p.Session(
                leg=session.leg,
                call=session.call,
                port=session.pair.port,
                ssrc=session.out.ssrc,
                connected_to=session.connected.leg if session.connected else "",
                hears=self._hearing.heard_by(session.leg),
                spoken_db=session.spoken_db,
                heard_db=session.heard_db,
                inband_dtmf=session.hiding.wants_tones,
                taps=self._taps.of_leg(session.leg),
                paused_taps=self._taps.paused_of_leg(session.leg),
                hidden=session.hiding.what,
                record=session.record,
                sdp=str(session.negotiation.sent or ""),
                codec=session.negotiation.terms.codec if session.negotiation.terms else "",
                is_offering=self._wanted.is_offering(session.leg),
                is_held=session.is_held,
                playing=session.player.play_id if session.player else "",
                is_looping=session.player is not None and session.player.is_loop,
            )
            for session in self.sessions.values()
        ]

    def _connect(self, a: Session, b: Session) -> None:
        for session, other in ((a, b), (b, a)):
            if session.connected is not None and session.connected is not other:
                self._disconnect(session)
        a.connect(b)
        b.connect(a)

    def _disconnect(self, session: Session) -> None:
        other = session.connected
        session.connect(None)
        if other is not None:
            other.connect(None)

    def _hear(self, session: Session, sources: list[p.Source]) -> None:
        self._hearing.hear(session, sources)
        self._clock(session)

    def _send_digits(self, session: Session, request: p.SendDigits) -> None:
        if not is_digits(request.digits):
            raise VerbRefused(f"{request.digits!r} are not telephone digits")
        if not session.send_digits(request.digits):
            raise VerbRefused(f"the peer of the leg {request.leg} takes no digits, or no more now")
        self._clock(session)

    # -- playing ----------------------------------------------------------------------------------

    def _play(self, session: Session, request: p.Play) -> None:
        prompts = [self.prompts.get(item) for item in request.items]
        self._set_player(session, Player(request.play_id, prompts, loop=request.loop))

    def _set_player(self, session: Session, player: Player | None) -> None:
        session.play(player)
        self._clock(session)

    def _clock(self, session: Session) -> None:
        """Have the session served by the clock exactly while it needs it."""
        if session.needs_clock and session.slot is None:
            session.slot = min(range(SLOTS), key=lambda slot: len(self._slots[slot]))
            self._slots[session.slot][session.leg] = session
        elif not session.needs_clock and session.slot is not None:
            self._slots[session.slot].pop(session.leg, None)
            session.slot = None

    def tick(self, slot: int, now: float) -> None:
        """5 ms have passed; each slot comes round every 20 ms."""
        for session in list(self._slots[slot].values()):
            session.tick(now)
            self._clock(session)
        if slot == 0:
            self._taps.tick(now)
            self._live.tick(now)

    @property
    def needs_clock(self) -> bool:
        return bool(self._taps) or bool(self._live) or any(self._slots)

    def preload(self) -> list[str]:
        """Read the prompts of the configured folders; the sentences tell which cannot be used."""
        problems = []
        for folder in self._options.preload:
            for path in sorted(Path(folder).glob("*.wav")):
                try:
                    self.prompts.get(str(path))
                except PromptUnusable as error:
                    problems.append(str(error))
        return problems

    # -- facts ------------------------------------------------------------------------------------

    def digit_heard(self, session: Session, digit: str, at_s: float) -> None:
        self._tell(p.DigitHeard(seq=self.next_seq(), leg=session.leg, digit=digit, at_s=at_s))

    def play_ended(self, session: Session, play_id: str) -> None:
        self._wanted.play_ended(session.leg, play_id)
        self._tell(p.PlayEnded(seq=self.next_seq(), leg=session.leg, play_id=play_id))

    def secured(self, session: Session, kept: bytes) -> None:
        self._wanted.secured(session.leg, kept)
        self._tell(p.Secured(seq=self.next_seq(), leg=session.leg, kept_keys=kept))

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def housekeep(self, now: float) -> None:
        """Ten times a second: reports, silence, the writer's news, rested ports."""
        for session in self.sessions.values():
            if now >= session.rtcp_at:
                session.send_report(now)
            if session.wires.link is not None:
                session.wires.link.tick(now)
            session.watch_silence(now)
            is_silent = now - session.heard_at >= self._options.media_lost_s
            has_failed = session.wires.has_failed
            if (is_silent or has_failed) and session.is_newly_lost(now):
                seq = self.next_seq()
                self._tell(p.MediaLost(seq=seq, leg=session.leg, is_silent=not has_failed))
        for report in self._recorder.collect():
            self._tell(self._tap_event(report))
        self.ports.tick(now)

    def _tap_event(self, report: Report) -> p.TapEnded | p.TapTroubled:
        if isinstance(report, Troubled):
            return p.TapTroubled(
                seq=self.next_seq(), tap_id=report.tap_id, sentence=report.sentence
            )
        self._wanted.tap_ended(report.tap_id)
        ended = p.TapEnded(
            seq=self.next_seq(),
            tap_id=report.tap_id,
            frames=report.frames,
            complete=report.complete,
            sentence=report.sentence,
        )
        self._last.taps.append(ended)
        return ended

    def tell_load(self) -> None:
        gate = self.admission
        self._tell(
            p.Load(
                seq=self.next_seq(),
                legs=len(self.sessions),
                busy=round(gate.busy, 3),
                late_ticks=gate.late_ticks,
                admitting=gate.refusal(self._committed()) is None,
            )
        )

    def close(self, now: float) -> None:
        """The end of the process: say goodbye on each leg, end the recordings."""
        for leg in list(self.sessions):
            self.handle(p.Release(rid=0, leg=leg), now)
        self.ports.close()


def _without_record(request: p.Request) -> p.Request:
    """The sessions carry the records; twice they would make a long message longer."""
    if isinstance(request, p.Offer | p.Answer):
        return msgspec.structs.replace(request, record=b"")
    return request
