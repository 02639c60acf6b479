"""What the driver knows of one leg: what core wants of it, and what rtpengine was told."""

from dataclasses import dataclass, field

from telephony.media import protocol as p
from telephony.media.agreeing.negotiation import Negotiation
from telephony.media.agreeing.sdp import HOLD_ADDRESS
from telephony.media.rtpengine.description import Format, described

NOWHERE_PORT = 9
_BEFORE_AN_ANSWER: tuple[Format, ...] = ((0, "PCMU"), (8, "PCMA"), (101, "telephone-event"))


@dataclass(frozen=True, slots=True)
class Pairing:
    """The two descriptions of a leg's last offer and answer with rtpengine."""

    with_tag: str
    own: str
    others: str


@dataclass(slots=True)
class Playing:
    """What is played to a leg."""

    play: p.Play
    is_refused: bool = False
    "rtpengine can't play it (it may not read the file): our own plane does."
    is_begun: bool = False
    "By rtpengine."
    ends_at: float | None = None
    "None: never, or our own plane will tell."


@dataclass(frozen=True, slots=True)
class Led:
    """What our own plane was told of a leg that is led through it."""

    connected: str = ""
    sources: tuple[p.Source, ...] = ()
    gain: tuple[float, float] = (0.0, 0.0)
    is_held: bool = False
    play_id: str = ""
    hidden: p.Hidden = p.Hidden.NOTHING


@dataclass(slots=True)
class Leg:
    """One phone's leg; its name is its tag at rtpengine."""

    leg: str
    call: str
    negotiation: Negotiation
    ssrc: int
    began_at: float
    is_reserving: bool = False
    record: bytes = b""
    inband_dtmf: bool = False
    hidden: p.Hidden = p.Hidden.NOTHING
    is_held: bool = False
    connected: str = ""
    hears: list[p.Source] = field(default_factory=list)
    listened: dict[str, bool] = field(default_factory=dict)
    "By whom, as `ListenIn` names it, and whether the stream of the copy has begun."
    spoken_db: float = 0.0
    heard_db: float = 0.0
    playing: Playing | None = None
    dialling_until: float = 0.0
    "Digits are being sent to it."
    pairing: Pairing | None = None
    led: Led | None = None
    packets: int = -1
    "That rtpengine had counted from the phone when it was asked last."
    heard_at: float = 0.0
    is_lost_told: bool = False

    @property
    def listens(self) -> bool:
        """Its phone wants to be sent something."""
        terms = self.negotiation.terms
        return not self.is_held and terms is not None and terms.direction.is_listening

    @property
    def should_send(self) -> bool:
        terms = self.negotiation.terms
        return not self.is_held and terms is not None and terms.direction.is_sending

    @property
    def is_searched(self) -> bool:
        """Its digits are told by our own plane, which searches the copy of its audio."""
        return self.inband_dtmf or self.hidden is p.Hidden.ALL

    @property
    def codec(self) -> str:
        return self.formats[0][1]

    @property
    def event_type(self) -> int | None:
        """Payload type of digits."""
        terms = self.negotiation.terms
        return None if terms is None else terms.event_type

    @property
    def house_tag(self) -> str:
        """The other side of a leg that is with nobody."""
        return f"{self.leg}~h"

    @property
    def led_name(self) -> str:
        """Its session in our own plane while it is led through it; also the tag towards it."""
        return f"{self.leg}~m"

    @property
    def ear_name(self) -> str:
        """The session in our own plane that is sent a copy of what the phone says."""
        return f"{self.leg}~e"

    @property
    def formats(self) -> tuple[Format, ...]:
        """What rtpengine is to expect and to send: the one codec, and the digits."""
        terms = self.negotiation.terms
        if terms is None:
            return _BEFORE_AN_ANSWER
        codec = (terms.payload_type, terms.codec)
        if terms.event_type is None:
            return (codec,)
        return (codec, (terms.event_type, "telephone-event"))

    @property
    def described(self) -> str:
        """The phone as rtpengine is told of it.

        Always as one that sends and listens: rtpengine plays nothing to whoever's partner is on
        hold, and who is sent something is decided here (`routes`).
        """
        terms = self.negotiation.terms
        if terms is None or terms.address == HOLD_ADDRESS:
            if self.pairing is not None and terms is not None:
                return self.pairing.own
            return described(HOLD_ADDRESS, NOWHERE_PORT, self.formats)
        return described(terms.address, terms.port, self.formats, terms.rtcp_port)
