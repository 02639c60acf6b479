"""The legs that media kept while there was no core: read, and ended when nobody goes on with them.

Each media session carries its leg's dialog record; with it the new core can speak for the old one.
What becomes of each leg is decided by `callcenter.revive`. Who is not gone on with must not be left
off the hook: a talk is ended by BYE, an agent's phone that rings by CANCEL, a caller without an
answer by 500. The journal's open ends are then settled.
"""

import logging
from collections.abc import Iterable, Mapping

from callcenter.media_port import MediaPort
from callcenter.settle import REASON
from foundation.errors import CallCentreError
from foundation.ids import LegId
from telephony.calls.kept import KeptSide, read_note
from telephony.media import protocol as media
from telephony.media.client import MediaClient
from telephony.media.errors import MediaRefused
from telephony.sip.endpoint import SipEndpoint

log = logging.getLogger(__name__)

UNANSWERED = 500
"To a caller whose INVITE has no final answer yet: Server Internal Error."


async def adopt_sessions(clients: Iterable[MediaClient], port: MediaPort) -> list[media.Session]:
    """All sessions of all workers; `port` and clients know them from now on."""
    sessions: list[media.Session] = []
    for client in clients:
        if not client.is_up:
            continue
        try:
            kept = await client.adopt()
        except MediaRefused as error:
            log.error("a media worker does not tell its sessions: %s", error)
            continue
        for session in kept:
            port.adopt(session, client)
        sessions += kept
    return sessions


def tap_files(clients: Iterable[MediaClient]) -> Mapping[str, str]:
    """The recordings that are being written, and where."""
    return {
        request.tap_id: request.file
        for client in clients
        for request in client.desired.requests()
        if isinstance(request, media.Tap)
    }


def adopt_legs(
    sessions: Iterable[media.Session], endpoint: SipEndpoint
) -> tuple[list[KeptSide], list[media.Session]]:
    """Sessions whose dialogs the SIP stack goes on with, and those that nobody can speak for."""
    sides: list[KeptSide] = []
    others: list[media.Session] = []
    for session in sessions:
        side = _adopt_leg(session, endpoint)
        if side is None:
            others.append(session)
        else:
            sides.append(side)
    return sides, others


def _adopt_leg(session: media.Session, endpoint: SipEndpoint) -> KeptSide | None:
    if not session.record:
        return None
    stack = endpoint.stack
    try:
        dialog = stack.kept(stack.adopt(session.record, endpoint.now))
    except CallCentreError as error:
        log.error("leg %s of call %s cannot be read: %s", session.leg, session.call, error)
        return None
    note = read_note(dialog.extra) if dialog is not None else None
    if dialog is None or note is None:
        return None
    return KeptSide(dialog, session, note)


def end_leg(session: media.Session, port: MediaPort, endpoint: SipEndpoint) -> None:
    """Whatever can still be said to its peer is said; its media is released."""
    stack, now = endpoint.stack, endpoint.now
    leg = LegId(session.leg)
    endpoint.perform(stack.reject(leg, UNANSWERED, now, REASON))
    endpoint.perform(stack.hang_up(leg, now, REASON))
    port.ask(media.Release(rid=0, leg=session.leg), lambda _: None)
    log.info("[%s] leg %s ended: %s", session.call, session.leg, REASON)


def end_tap(tap_id: str, port: MediaPort) -> None:
    port.ask(media.Untap(rid=0, tap_id=tap_id), lambda _: None)
