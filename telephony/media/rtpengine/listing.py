"""A leg as `ListSessions` tells of it, for a core that was started again."""

import msgspec

from telephony.media import protocol as p
from telephony.media.desired import Desired
from telephony.media.rtpengine.legs import Leg
from telephony.media.rtpengine.wiring import Call


def listed(leg: Leg, call: Call, wanted: Desired) -> p.Session:
    terms = leg.negotiation.terms
    playing = leg.playing
    return p.Session(
        leg=leg.leg,
        call=leg.call,
        port=leg.negotiation.local.port,
        ssrc=leg.ssrc,
        connected_to=leg.connected,
        hears=list(leg.hears),
        spoken_db=leg.spoken_db,
        heard_db=leg.heard_db,
        inband_dtmf=leg.inband_dtmf,
        taps=[tap_id for tap_id, tap in call.taps.items() if leg.leg in (tap.left, tap.right)],
        paused_taps=[
            tap_id
            for tap_id, tap in call.taps.items()
            if leg.leg in (tap.left, tap.right) and wanted.is_paused(tap_id)
        ],
        hidden=leg.hidden,
        record=leg.record,
        sdp=str(leg.negotiation.sent or ""),
        codec=terms.codec if terms else "",
        is_offering=wanted.is_offering(leg.leg),
        is_held=leg.is_held,
        playing=playing.play.play_id if playing is not None else "",
        is_looping=playing is not None and playing.play.loop,
    )


def without_record(request: p.Request) -> p.Request:
    """The sessions carry the records; twice they would make a long message longer."""
    if isinstance(request, p.Offer | p.Answer):
        return msgspec.structs.replace(request, record=b"")
    return request
