"""How good a leg sounded, as a listener would score it: the E-model of ITU-T G.107, simplified.

    R = 93.2 − Id(delay) − Ie,eff(loss)        MOS = f(R), 1 (bad) to 4.41 (as good as G.711 gets)

All of G.107's parameters that we cannot measure (noise, loudness, echo) have their defaults, which
are the 93.2. Loss is taken as random and concealed, as every phone does it.
"""

from dataclasses import dataclass

_BEST = 93.2
_PACKET_MS = 20.0
_LEAST_BUFFER_MS = 40.0
_NOTICED_MS = 177.3
"Longer delays disturb the turns of a talk (G.107 Id in the form of Cole and Rosenbluth)."


@dataclass(frozen=True, slots=True)
class Impairment:
    """A codec's figures of ITU-T G.113 appendix I."""

    equipment: float
    "Ie: what it costs by itself."
    robustness: float
    "Bpl: the larger, the less a lost packet is heard."


G711 = Impairment(equipment=0.0, robustness=25.1)
"With concealment."


def mos(codec: Impairment, loss: float, jitter_ms: float, round_trip_ms: float) -> float:
    """`loss` is the share of packets, 0 to 1; a round trip that is not known is 0."""
    # What jitter costs is the delay of the buffer that evens it out.
    buffer_ms = max(_LEAST_BUFFER_MS, 2 * jitter_ms)
    delay_ms = round_trip_ms / 2 + _PACKET_MS + buffer_ms
    return round(_from_rating(_BEST - _delay(delay_ms) - _loss(codec, loss)), 2)


def _delay(ms: float) -> float:
    return 0.024 * ms + 0.11 * max(0.0, ms - _NOTICED_MS)


def _loss(codec: Impairment, loss: float) -> float:
    percent = 100 * min(max(loss, 0.0), 1.0)
    # A stream of which nothing comes has no robustness left: Ie,eff is 95 by definition then.
    share = percent / (percent + codec.robustness) if percent < 100 else 1.0
    return codec.equipment + (95 - codec.equipment) * share


def _from_rating(rating: float) -> float:
    """G.107 annex B."""
    bounded = min(max(rating, 0.0), 100.0)
    score = 1 + 0.035 * bounded + bounded * (bounded - 60) * (100 - bounded) * 7e-6
    return max(score, 1.0)
