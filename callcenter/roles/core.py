"""The core process: python -m callcenter.roles core FOLDER

It inherits the SIP sockets that the parent has bound.
"""

import asyncio
import gc
import signal
import socket
import sys
from pathlib import Path

from callcenter.configuration.settings import Settings, load
from callcenter.core.app import Core
from callcenter.places import Places
from callcenter.rules.media import media_workers
from callcenter.supervise import SOCKET_NAME, inherited_sockets
from callcenter.supervise.share import share_sockets
from foundation.heap import keep_compact
from foundation.log import set_up

YOUNG_OBJECTS = 5_000
"""A call brings some hundred objects that end with it: most are gone before the collector looks."""


async def run(settings: Settings, sockets: list[socket.socket]) -> int:
    """Until SIGTERM (0) or until something fails that core can't live without (1)."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    share = share_sockets(Places(settings.data_path).run / SOCKET_NAME, sockets)
    core = Core(settings, sockets, media_workers(settings))
    await core.open()
    settle_memory()
    hang_up = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up.set)
    reloading = asyncio.create_task(reload_at(core, hang_up), name="reload")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    failing = asyncio.create_task(core.wait_failed(), name="failure")
    done, _ = await asyncio.wait({stopping, failing}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    failing.cancel()
    reloading.cancel()
    await core.close()
    share.close()
    return 1 if failing in done else 0


def settle_memory() -> None:
    """What core has built by now stays until its end: the collector need not look through it again
    and again, for a look at all of it stops the calls for a tenth of a second."""
    gc.collect()
    gc.freeze()
    # Once more, of nothing: a full look comes when a quarter as much has lived for long as there
    # was at the last one, and by all that was frozen that would be never.
    gc.collect()
    gc.set_threshold(YOUNG_OBJECTS)


async def reload_at(core: Core, hang_up: asyncio.Event) -> None:
    """Take up changed flows at each SIGHUP."""
    while True:
        await hang_up.wait()
        hang_up.clear()
        await core.reload()


def main() -> int:
    keep_compact()
    set_up("core")
    settings = load(Path(sys.argv[1]))
    sockets = inherited_sockets()
    for sock in sockets:
        sock.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    return asyncio.run(run(settings, sockets))
