"""Which way each leg's audio takes, decided anew from what core wants after every verb.

    ALONE    phone ◀═▶ rtpengine                 rtpengine plays to it; what it says goes nowhere
    DIRECT   phone ◀═▶ rtpengine ◀═▶ phone       both hear each other
    LED      phone ◀═▶ rtpengine ◀═▶ own plane   the session `LEG~m` there does all that is wanted

Rule 1: a talk in which both hear each other is direct, one in which nobody hears the other (the
        one has music, the other is on hold) is two that are alone.
Rule 2: what rtpengine 10.5 can't do leads a leg through our own plane: the sum of several legs,
        gain, echo, digits to be sent, and a pair of which one hears the other and not the reverse
        (it can block what a leg says, but then for its recording too), and one whose audio is
        hidden, which is to be searched for digits.
        Two phones whose digits have different payload types are led, too, but for those with
        different codecs: it passes such digits on under the wrong type and does not tell them.
Rule 3: who is connected with a leg that is led is led as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from telephony.media.protocol import Hidden
from telephony.media.rtpengine.legs import Leg


class Way(Enum):
    ALONE = "alone"
    DIRECT = "direct"
    LED = "led"


@dataclass(frozen=True, slots=True)
class Route:
    way: Way
    other: str = ""
    "Of a direct one, the other leg."


ALONE, LED = Route(Way.ALONE), Route(Way.LED)


def routes(legs: Mapping[str, Leg], now: float) -> dict[str, Route]:
    """For the legs of one call."""
    return {name: _route(leg, legs.get(leg.connected), now) for name, leg in legs.items()}


def _route(leg: Leg, other: Leg | None, now: float) -> Route:
    if leg is other or any(_is_beyond(each, now) for each in (leg, other) if each is not None):
        return LED
    if other is None:
        return _alone(leg)
    heard, hears = _hears_partner(other), _hears_partner(leg)
    if heard and hears and _suit(leg, other):
        return Route(Way.DIRECT, other.leg)
    return LED if heard or hears else _alone(leg)


def _suit(leg: Leg, other: Leg) -> bool:
    has_events = leg.event_type is not None and other.event_type is not None
    return leg.event_type == other.event_type or (has_events and leg.codec != other.codec)


def _is_beyond(leg: Leg, now: float) -> bool:
    """What is wanted of it is beyond rtpengine."""
    is_refused = leg.playing is not None and leg.playing.is_refused
    is_louder = bool(leg.spoken_db or leg.heard_db)
    is_hidden = leg.hidden is not Hidden.NOTHING
    return bool(leg.hears) or is_louder or leg.dialling_until > now or is_refused or is_hidden


def _hears_partner(leg: Leg) -> bool:
    return leg.listens and leg.playing is None


def _alone(leg: Leg) -> Route:
    """To a phone that is not to be sent anything, our own plane plays without sending."""
    return LED if leg.playing is not None and not leg.listens else ALONE
