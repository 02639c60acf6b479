"""What media measured of a leg, as the fact of its end."""

from foundation.ids import CallId, LegId
from telephony.calls.events import LegEnded, Side
from telephony.media import protocol as media


def leg_ended(call_id: CallId, leg_id: LegId, side: Side, stats: media.LegStats) -> LegEnded:
    """The fact that a leg is over, with what media measured of it."""
    return LegEnded(
        call_id,
        leg_id,
        side,
        packets_received=stats.packets_received,
        packets_sent=stats.packets_sent,
        packets_lost=stats.packets_lost,
        jitter_ms=stats.jitter_ms,
        remote_packets_lost=stats.remote_packets_lost,
        remote_jitter_ms=stats.remote_jitter_ms,
        round_trip_ms=stats.round_trip_ms,
        mos=stats.mos,
        remote_mos=stats.remote_mos,
    )
