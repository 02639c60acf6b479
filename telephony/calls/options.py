"""What can be set about calls."""

from dataclasses import dataclass, field

from telephony.calls.leg_media import MediaBook
from telephony.calls.trunks import Trunks


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """How the switchboard treats calls."""

    hold_music: tuple[str, ...] = ("silence:1000",)
    "Play items (see telephony.media.protocol.Play) for whoever is put on hold."

    max_monitors: int = 3
    "Supervisors' phones at one talk; each costs a mixer of its own and makes the others' dearer."

    country_code: str = "86"
    "For numbers in national form (leading 0): E.164 needs a country."

    trunks: Trunks = field(default_factory=Trunks)
    "When there are any, only they and our own phones may call."

    media: MediaBook = field(default_factory=MediaBook)
    "SRTP and the like, by phone, trunk and line."

    agent_keys: bool = False
    "Keys of an agent's phone may be commands within a talk: the other side is not to hear them."

    double_digit_s: float = 0.2
    "The same key by RTP and by SIP INFO within this time is one key."
