"""The process of one line at another PBX: python -m callcenter.roles line FOLDER NUMBER

It asks core once where to call it, which also tells core that calls of the process before are over;
then it says how the line stands, at each change and every few seconds.
"""

import asyncio
import logging
import signal
import sys
from pathlib import Path

from callcenter.asks import BeginLine, CoreAddress, EndLine, TellLine
from callcenter.configuration.line_accounts import trunk_of
from callcenter.configuration.settings import Settings, load
from callcenter.core_line import LineProcessLine
from callcenter.places import Places
from callcenter.rules.ways import core_way, line_options
from foundation.errors import Unavailable
from foundation.log import set_up
from telephony.lines.options import CoreWay
from telephony.lines.pyvoip.registration import News, Registered
from telephony.lines.service import LineService
from telephony.media.worker import ask_for_realtime
from telephony.sip.events import HostPort

log = logging.getLogger(__name__)

TELL_EVERY_S = 5.0
ASK_AGAIN_S = 0.3
END_WITHIN_S = 1.0
LOOK_UP_EVERY_S = 60.0
NOT_YET = "the line is being registered"


class LineRole:
    """One line's process, from core's answer to SIGTERM."""

    def __init__(self, settings: Settings, number: str) -> None:
        self._settings = settings
        self._number = number
        places = Places(settings.data_path)
        self._core = LineProcessLine(places.core_socket)
        self._options = line_options(settings, number)
        self._service = LineService(
            self._options, places.line_calls(trunk_of(number)), self._on_registration
        )
        self._trouble = NOT_YET
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled."""
        address = await self._begin()
        way = core_way(self._settings, self._number, HostPort(address.host, address.port))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_telling(), name="tell-core")
            tasks.create_task(self._serve(way), name="line")

    async def _begin(self) -> CoreAddress:
        log.info("waiting for core")
        while True:
            try:
                return await self._core.ask(BeginLine(self._number))
            except Unavailable:
                await asyncio.sleep(ASK_AGAIN_S)

    async def _serve(self, way: CoreWay) -> None:
        try:
            await self._service.start(way)
        except OSError as error:
            self._trouble = f"the line's ports cannot be opened: {error.strerror}"
            await self._tell()
            raise  # the parent starts us again, ever later
        try:
            while True:
                await asyncio.sleep(LOOK_UP_EVERY_S)
                await self._service.look_up_again()
        finally:
            await self._end()
            await self._service.close()

    async def _end(self) -> None:
        """Have core end the calls, so that each is told as ended by the centre."""
        try:
            async with asyncio.timeout(END_WITHIN_S):
                await self._core.ask(EndLine(self._number))
        except (TimeoutError, Unavailable) as error:
            log.warning("core cannot be asked to end the calls: %s", error)

    def _on_registration(self, news: News) -> None:
        self._trouble = "" if isinstance(news, Registered) else news.why
        log.info("%s: %s", self._options.server, self._trouble or "registered")
        self._changed.set()

    async def _keep_telling(self) -> None:
        while True:
            is_known = self._trouble == NOT_YET or await self._tell()
            try:
                pause_s = TELL_EVERY_S if is_known else ASK_AGAIN_S
                await asyncio.wait_for(self._changed.wait(), pause_s)
            except TimeoutError:
                continue
            self._changed.clear()

    async def _tell(self) -> bool:
        """Whether core knows; a new one, which comes in a moment, knows nothing yet."""
        told = TellLine(self._number, self._options.server, self._trouble, self._service.count)
        try:
            await self._core.ask(told)
        except Unavailable:
            return False
        return True


async def run(settings: Settings, number: str) -> None:
    work = asyncio.create_task(LineRole(settings, number).run(), name="line")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await asyncio.wait({work})
    if not work.cancelled():
        work.result()


def main() -> None:
    number = sys.argv[2]
    set_up(trunk_of(number))
    settings = load(Path(sys.argv[1]))
    ask_for_realtime()  # a relay that waits for its turn is heard
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    asyncio.run(run(settings, number))
