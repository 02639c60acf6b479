"""How long recordings are kept: taken up while calls go on, and of queues that are no more.

    callcenter.yaml, live changes ─▶ days(queue) ─▶ the daily sweep
            └─ at the start, with each change, daily ─▶ data/retention.json: what each said last

A queue that goes has promised something of its recordings, as a rule because the law or a customer
wants it so; its promise holds on until the last of them is deleted. Where it can't be read, nothing
of queues that are no more is deleted: that could not be undone.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec

from callcenter.changes.reloading import Applied
from callcenter.configuration.settings import Settings
from foundation.files import write_whole
from foundation.ids import QueueId

log = logging.getLogger(__name__)

FILE = "retention.json"


class RetentionReload:
    """A `changes.reloading.Reloadable`; `queues` are taken up by `changes.live_house`. What else is
    in `recordings` waits for the next start, and is named."""

    def __init__(self, settings: Settings, served: Callable[[], Settings]) -> None:
        """`served`: with queues as they are now, live changes among them."""
        self._begun = self._now = settings
        self._served = served
        self._file = settings.data_path / FILE
        self._own = self._written = _read(self._file)
        "What each queue said last; None: it can't be known of those that are no more."
        self._writing = asyncio.Lock()

    @property
    def sections(self) -> Collection[str]:
        begun, now = self._begun.recordings, self._now.recordings
        is_all = now.model_copy(update={"keep_days": begun.keep_days}) == begun
        return ("recordings",) if is_all else ()

    async def prepare(self, new: Settings) -> None:
        """A queue may be about to go."""
        await self.remember()

    def apply(self, new: Settings) -> Applied:
        before, self._now = self._now.recordings.keep_days, new
        days = new.recordings.keep_days
        if days == before:
            return Applied()
        kept = "for ever" if days is None else f"for {days} days"
        return Applied(changed=[f"Recordings are kept {kept}, where a queue says nothing else."])

    def days(self, queue: QueueId) -> int | None:
        """How long its recordings are kept; None: for ever."""
        now = self._own_now()
        if self._own is None and queue and queue not in now:
            return None
        own = {**(self._own or {}), **now}.get(queue)
        return self._now.recordings.keep_days if own is None else own

    async def remember(self) -> None:
        """What each queue says by now, for when it is no more."""
        async with self._writing:
            await self._remember()

    async def _remember(self) -> None:
        if self._own is None:
            self._own = self._written = _read(self._file)  # it may have been mended
        if self._own is None:
            return
        self._own = own = {**self._own, **self._own_now()}
        if own == self._written:
            return
        try:
            await asyncio.to_thread(write_whole, self._file, msgspec.json.encode(own))
        except OSError as error:
            log.error("how long queues keep recordings is not written down: %s", error)
        else:
            self._written = own

    def _own_now(self) -> Mapping[str, int | None]:
        queues = self._served().queues
        return {name: queue.keep_recordings_days for name, queue in queues.items()}


def _read(file: Path) -> Mapping[str, int | None] | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int | None])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        log.error(
            "%s cannot be read, and no recording of a queue that is no more is deleted until it "
            "can, or until you delete it: %s",
            file,
            error,
        )
        return None
