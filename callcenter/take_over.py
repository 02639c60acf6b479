"""What a new core does with the talks that media kept while there was no core.

Each media session carries its leg's dialog record; with it the new core can speak for the old one.
It ends these legs, so that nobody is left off the hook: a talk by BYE, an agent's phone that rings
by CANCEL, a caller without an answer by 500. Recordings are closed. The journal's open ends are
settled by `callcenter.settle`.
"""

import logging

from callcenter.media_port import MediaPort
from foundation.errors import CallCentreError
from telephony.media import protocol as media
from telephony.media.client import MediaClient
from telephony.media.errors import MediaRefused
from telephony.sip.endpoint import SipEndpoint

log = logging.getLogger(__name__)

REASON = "the centre was restarted"
UNANSWERED = 500
"To a caller whose INVITE has no final answer yet: Server Internal Error."


async def end_kept_sessions(
    clients: list[MediaClient], port: MediaPort, endpoint: SipEndpoint
) -> int:
    """Returns how many legs were ended."""
    ended = 0
    for client in clients:
        if not client.is_up:
            continue
        for session in await _sessions_of(client):
            port.adopt(session, client)
            _end(session, port, endpoint)
            ended += 1
    return ended


async def _sessions_of(client: MediaClient) -> list[media.Session]:
    """None of a worker that goes away meanwhile: its sessions go with it."""
    try:
        reply = await client.ask(media.ListSessions(rid=0))
    except MediaRefused as error:
        log.error("a media worker does not tell its sessions: %s", error)
        return []
    return reply.sessions or []


def _end(session: media.Session, port: MediaPort, endpoint: SipEndpoint) -> None:
    if session.record:
        try:
            stack, now = endpoint.stack, endpoint.now
            leg = stack.adopt(session.record, now)
            endpoint.perform(stack.reject(leg, UNANSWERED, now, REASON))
            endpoint.perform(stack.hang_up(leg, now, REASON))
        except CallCentreError as error:
            log.error("leg %s of call %s cannot be ended: %s", session.leg, session.call, error)
    for tap in session.taps:
        port.ask(media.Untap(rid=0, tap_id=tap), lambda _: None)
    port.ask(media.Release(rid=0, leg=session.leg), lambda _: None)
    log.info("[%s] leg %s ended: %s", session.call, session.leg, REASON)
