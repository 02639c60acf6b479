"""What core and a media worker say to each other, over one Unix stream socket.

Frames are a 4-byte big-endian length and a msgpack map (`foundation.frames`). Core sends requests
with a rising `rid`; the worker answers each but `Keep` with exactly one `Done` or `Failed` of that
`rid`, in order, and sends numbered events in between. All verbs are idempotent: the client repeats
them when a worker was started again. The level is SDP, not packets, so that another media server
(rtpengine) fits behind the same verbs.

    core                                        worker
      Hello ───────────────────────────────────▶
      ◀──────────────────────────────── Welcome
      Offer(leg, caller's SDP) ─────────────────▶      caller's leg: we answer
      ◀───────────────────────── Done(sdp=ours)
      Offer(leg, sdp="") ───────────────────────▶      agent's leg: we offer
      ◀───────────────────────── Done(sdp=ours)
      Answer(leg, agent's SDP) ─────────────────▶
      Connect(a, b) · Hear · Tap · Play · Stop · Hold …
      ◀──────────────── DigitHeard, PlayEnded, MediaLost, TapEnded, Load
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

PROTOCOL_VERSION = 1


class Struct(msgspec.Struct, frozen=True, tag=True, kw_only=True, omit_defaults=True):
    """Base of all messages; the class name is the tag."""


class Srtp(StrEnum):
    """Whether a leg's audio is protected by keys in its descriptions (SDES, RFC 4568)."""

    NEVER = "never"
    "Not asked for; a peer's offer that has no other way is answered all the same."
    OFFER = "offer"
    "A key beside plain RTP: a peer that knows what it is for uses it."
    REQUIRE = "require"
    "Nothing but SRTP; a peer's offer of plain RTP is refused."


class Hidden(StrEnum):
    """What a leg sends that nobody hears (`Hide`)."""

    NOTHING = "nothing"
    KEYS = "keys"
    "Telephone events do not go on to whoever hears the leg."
    ALL = "all"
    "Silence is heard, recorded and streamed in place of the leg's audio."


class LegStats(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 3550 figures of one leg; remote_* come from the peer's last receiver report.

    The scores are estimates by the E-model (`quality`), 1 to 4.41: `mos` of what came from the
    peer, `remote_mos` of what the peer hears of us. None: nothing was measured, and for
    `remote_mos` also after a restart of the worker, whose gap the peer counts as loss.
    """

    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    packets_rejected: int = 0
    "Of SRTP: a wrong tag, or a packet that came before."
    jitter_ms: float = 0.0
    remote_packets_lost: int | None = None
    remote_jitter_ms: float | None = None
    round_trip_ms: float | None = None
    "By the peer's last report (RFC 3550 section 6.4.1)."
    mos: float | None = None
    remote_mos: float | None = None


# -- requests ------------------------------------------------------------------------------------


class Hello(Struct, frozen=True):
    version: int
    rid: int = 0


class Offer(Struct, frozen=True):
    """Make or renew the session `leg`.

    `sdp` given: the peer's offer; the reply's `sdp` is our answer (RFC 3264), direction mirrored.
    `sdp` empty: the reply's `sdp` is our own offer; the peer's answer follows by `Answer`.
    """

    rid: int
    leg: str
    call: str
    sdp: str = ""
    prefer: str = ""
    "Codec to put first in our own offer, by its name in `Done.codec`."
    port: int = 0
    "RTP port to take again after a restart of the worker; 0: any free one."
    ssrc: int = 0
    "SSRC to take again; 0: a new one."
    began_at: float = 0.0
    srtp_key: bytes = b""
    "What `Done` told of the leg, to take again after a restart: SRTP cannot go on without."
    srtp: Srtp = Srtp.NEVER
    "What the leg's account or trunk says."
    webrtc: bool = False
    "Our own first offer is for a browser: ICE, DTLS, one port. A peer's offer says so by itself."
    kept_keys: bytes = b""
    "What `Secured` told of the leg, to take again after a restart."
    reserve: bool = False
    "Two-leg admission: refuse (503) unless there is room for this leg and an agent's leg too."
    record: bytes = b""
    "The SIP side's dialog record, opaque; kept and returned by `ListSessions`."
    inband_dtmf: bool = False
    """Listen for digits in the audio too, from now on: for trunks that send no telephone events.
    The first event that comes all the same ends it, so that no digit is told twice."""
    hidden: Hidden = Hidden.NOTHING
    "Of a new session: as by `Hide` before its first packet, after a restart of the worker."


class Answer(Struct, frozen=True):
    """The peer's answer to our last offer; sets where we send and what. It may come twice, in a
    183 and in the 200: the last one counts."""

    rid: int
    leg: str
    sdp: str
    record: bytes = b""


class Keep(Struct, frozen=True):
    """Replace the dialog record of a leg; nothing else changes.

    It may follow the leg's first Offer at once, and is not answered: most of what core asks are
    these, and a failure would say no more than that the leg is over.
    """

    rid: int
    leg: str
    record: bytes


class Play(Struct, frozen=True):
    """Play WAV files one after the other to the leg, instead of what it was hearing.

    Files are 8 kHz mono 16-bit PCM WAV, or an item 'tone:FREQ_HZ:MS' / 'silence:MS'. When the last
    has ended (never with `loop`), a `PlayEnded` comes and the connected leg is heard again.
    """

    rid: int
    leg: str
    play_id: str
    items: list[str]
    loop: bool = False


class Stop(Struct, frozen=True):
    """Stop what `Play` started; the connected leg, if any, is heard again. No `PlayEnded` comes."""

    rid: int
    leg: str


class Connect(Struct, frozen=True):
    """The two legs hear each other, whenever nothing is played to them. a == b is an echo."""

    rid: int
    a: str
    b: str


class Disconnect(Struct, frozen=True):
    """The leg and whoever it was connected with hear silence; a `Hear` of the leg is over too."""

    rid: int
    leg: str


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A leg that is heard, so many decibels louder than it speaks (-20 to 20)."""

    leg: str
    gain_db: float = 0.0


class Hear(Struct, frozen=True):
    """The leg hears all of `sources` at once, whenever nothing is played to it.

    It goes before `Connect`: while there are sources the connected leg is not heard (unless it is
    one of them); who hears the leg is not changed. No sources: the connected leg is heard again.
    A source that is released is left out. Digits that a source presses do not go on to the leg.

    silent listener s    Hear(s, [caller, agent])
    whisper of s         Hear(agent, [caller, s]) · Hear(s, [caller, agent])
    conference of three  each hears the two others
    """

    rid: int
    leg: str
    sources: list[Source]


class Gain(Struct, frozen=True):
    """How much louder the leg is heard by others, and others by the leg; -20 to 20 dB each.

    For what comes by `Connect` and `Hear`; prompts and recordings stay as they are.
    """

    rid: int
    leg: str
    spoken_db: float = 0.0
    heard_db: float = 0.0


class Hold(Struct, frozen=True):
    """`on`: the leg's peer put us on hold, do not miss its RTP and send none."""

    rid: int
    leg: str
    on: bool


class Tap(Struct, frozen=True):
    """Record what two legs send into one stereo file: left what `left` sends, right `right`.

    A tap that runs moves to these legs, and its file goes on. The same leg for both is a message,
    which has nobody on the other side.
    """

    rid: int
    tap_id: str
    left: str
    right: str
    file: str
    "Absolute path of the WAV; when it exists already it is continued after a gap."
    silence_s: float = 0.0
    "End it, as by `Untap`, when `left` has been silent for so long; 0: never."
    beside: list[str] = []
    "Legs that are heard on the right side, too: a guest in a conference."
    paused: bool = False
    "Of a new tap: as by `PauseTap` from its first sample on, after a restart of the worker."


class PauseTap(Struct, frozen=True):
    """`on`: from now on the file has silence on both sides, and its time goes on; off: no more.

    It stays so whatever legs the tap moves to, and over a restart of the worker.
    """

    rid: int
    tap_id: str
    on: bool


class Hide(Struct, frozen=True):
    """What of the leg is not heard by anybody, from now on; digits are told as ever (`DigitHeard`).

    With ALL, digits are listened for in the audio too. From ALL back to less it goes when no key
    is down any more and half a second has passed, so that the last digit is not heard either.
    """

    rid: int
    leg: str
    what: Hidden


class Untap(Struct, frozen=True):
    """End the tap; `TapEnded` follows when the file is closed."""

    rid: int
    tap_id: str


class ListenIn(Struct, frozen=True):
    """Stream what the leg sends, as it comes, to the listener at a Unix stream socket.

    The first frame is a `LiveHeader`, those after it are `LiveBlock`s. It ends when the listener
    closes the connection, or with the leg; no event tells it, and a restarted worker forgets it.
    Audio that the listener does not take in time is dropped.
    """

    rid: int
    leg: str
    listen_id: str
    socket: str


class SendDigits(Struct, frozen=True):
    """Send RFC 4733 events to the leg, 100 ms each with 60 ms between, after those under way."""

    rid: int
    leg: str
    digits: str


class Release(Struct, frozen=True):
    """End the session, RTCP BYE included. `Done.stats` are the leg's last figures."""

    rid: int
    leg: str
    ended_by: str = ""
    "With the caller's leg: who has ended the whole call; kept for `Done.ended_calls`."
    reason: str = ""
    "In words, with `ended_by`."


class ListSessions(Struct, frozen=True):
    """What the worker keeps: the reply's `sessions` and `wanted`."""

    rid: int


class Drain(Struct, frozen=True):
    """`on`: take no new callers any more, for a planned end; calls that are here go on.

    `Load.admitting` is false from now on, and `Load.legs` 0 when nobody is left.
    """

    rid: int
    on: bool


Request: TypeAlias = (
    Hello
    | Offer
    | Answer
    | Keep
    | Play
    | Stop
    | Connect
    | Disconnect
    | Hear
    | Gain
    | Hold
    | Hide
    | Tap
    | PauseTap
    | Untap
    | ListenIn
    | SendDigits
    | Release
    | ListSessions
    | Drain
)

# -- replies -------------------------------------------------------------------------------------


class Welcome(Struct, frozen=True):
    version: int
    worker: str
    "Names this run of the worker; another value means its sessions are gone."
    capabilities: list[str]
    """Of 'relay', 'play', 'dtmf', 'tap', 'echo', 'transcode', 'mix', 'whisper', 'listen-in';
    'pause' (`PauseTap`), 'hide' (`Hide` ALL) and 'hide-keys' (`Hide` KEYS);
    'figures': all of `LegStats`, not only what came; 'one-stream': a phone hears one SSRC all
    along; 'restart': sessions can be built again on the same ports when all of it was killed;
    with what is installed or permitted 'g722', 'opus', 'srtp', 'webrtc', 'realtime', 'c-loop'."""
    rid: int = 0


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One leg's session, as a core that was started again must know it."""

    leg: str
    call: str
    port: int
    ssrc: int
    connected_to: str = ""
    hears: list[Source] = []
    "What `Hear` gave it."
    spoken_db: float = 0.0
    heard_db: float = 0.0
    inband_dtmf: bool = False
    taps: list[str] = []
    paused_taps: list[str] = []
    "Those of `taps` that are paused."
    hidden: Hidden = Hidden.NOTHING
    "By `Hide`."
    record: bytes = b""
    sdp: str = ""
    "Our last description."
    codec: str = ""
    "As in `Done`; '' before anything was agreed on."
    is_offering: bool = False
    "Our last description is an offer that the peer has not answered yet."
    is_held: bool = False
    "By `Hold`."
    playing: str = ""
    "The `play_id` of what is being played; '' when nothing is."
    is_looping: bool = False


class EndedCall(Struct, frozen=True):
    """How a call ended, in core's words."""

    call: str
    by: str
    reason: str


class Done(Struct, frozen=True):
    rid: int
    sdp: str = ""
    codec: str = ""
    "What we receive and send on this leg once negotiated: 'PCMU', 'PCMA', 'G722', 'OPUS'."
    peer_direction: str = "sendrecv"
    "After Offer and Answer: what the peer's SDP says (0.0.0.0 counts as inactive)."
    port: int = 0
    ssrc: int = 0
    began_at: float = 0.0
    "After Offer: CLOCK_MONOTONIC of the leg's beginning."
    srtp_key: bytes = b""
    "After Offer: our master key and salt, a secret of this leg."
    stats: LegStats | None = None
    sessions: list[Session] | None = None
    wanted: list[Request] | None = None
    "With `sessions`: requests that would build them all again, for a worker that comes after us."
    ended_taps: "list[TapEnded] | None" = None
    "With `sessions`: the last ones told, for a core that died before it had noted them."
    ended_calls: list[EndedCall] | None = None
    "With `sessions`: the last ones, which a core may have ended and not come to write down."


class Failed(Struct, frozen=True):
    """`status` is the SIP status that the request's cause deserves: 415/488, 481, 503, 500."""

    rid: int
    status: int
    sentence: str


# -- events --------------------------------------------------------------------------------------


class DigitHeard(Struct, frozen=True):
    seq: int
    leg: str
    digit: str
    at_s: float
    "CLOCK_MONOTONIC of the digit's first packet."


class Secured(Struct, frozen=True):
    """A browser's leg has its keys."""

    seq: int
    leg: str
    kept_keys: bytes
    "A secret of this leg (`kept_keys`), by which another worker goes on without a handshake."


class PlayEnded(Struct, frozen=True):
    seq: int
    leg: str
    play_id: str


class MediaLost(Struct, frozen=True):
    """A leg that is not on hold has no audio any more."""

    seq: int
    leg: str
    is_silent: bool = False
    """The session is there: its peer has sent nothing (RTP, RTCP, comfort noise) for the configured
    time. Before the 200 that is no fault, and only core knows when that was."""


class TapEnded(Struct, frozen=True):
    seq: int
    tap_id: str
    frames: int
    complete: bool
    sentence: str = ""
    "Why it is not complete."


class TapTroubled(Struct, frozen=True):
    """The writer fell behind or the disk refused; the talk goes on, its file will have gaps."""

    seq: int
    tap_id: str
    sentence: str


class Load(Struct, frozen=True):
    """Once a second."""

    seq: int
    legs: int
    busy: float
    "Share of the last second that the loop was working, 0 to 1."
    late_ticks: int
    "Playing-out ticks of the last second that came over 20 ms late."
    admitting: bool


Event: TypeAlias = DigitHeard | Secured | PlayEnded | MediaLost | TapEnded | TapTroubled | Load
Message: TypeAlias = (
    Welcome
    | Done
    | Failed
    | DigitHeard
    | Secured
    | PlayEnded
    | MediaLost
    | TapEnded
    | TapTroubled
    | Load
)

# -- what a listener gets (`ListenIn`), framed as above -------------------------------------------


class LiveHeader(Struct, frozen=True):
    listen_id: str


class LiveBlock(Struct, frozen=True):
    """A stretch of the leg's audio as G.711 codes, one for each sample at 8 kHz."""

    law: str
    "'PCMU' or 'PCMA'."
    codes: bytes
    lost: int = 0
    "Samples that were dropped right before."


LiveMessage: TypeAlias = LiveHeader | LiveBlock
