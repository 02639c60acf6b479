"""Where a PBX is: the IPv4 addresses of its name, and ours towards it."""

import asyncio
import logging
import socket
from collections.abc import Callable
from itertools import chain, repeat

from telephony.lines.pyvoip.registration import RETRY_S

log = logging.getLogger(__name__)


async def resolve(server: str) -> list[str]:
    """IPv4 addresses of the server; none when it cannot be looked up."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(server, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except OSError as error:
        log.warning("%s cannot be looked up: %s", server, error)
        return []
    return [str(entry[4][0]) for entry in found]


async def resolve_patiently(server: str, on_failure: Callable[[], None]) -> list[str]:
    """Tried again and again, ever later, until there is one."""
    for pause_s in chain(RETRY_S, repeat(RETRY_S[-1])):
        addresses = await resolve(server)
        if addresses:
            break
        on_failure()
        await asyncio.sleep(pause_s)
    return addresses


def own_address(peer: str) -> str:
    """The address that the system sends to `peer` from; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
