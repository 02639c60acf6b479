"""Small parts of sections that change while calls go on: how long recordings are kept, and what is
an alarm. The rest of their sections waits for the next start, and is named if it has changed."""

from collections.abc import Callable, Collection

from callcenter.asks import ReadAlarmRules
from callcenter.reloading import Applied
from callcenter.rules.recordings import keep_days
from callcenter.settings import Settings
from foundation.ids import QueueId
from wallboard.events import DirectoryChanged


class RetentionReload:
    """A `callcenter.reloading.Reloadable`; `queues` are taken up by `callcenter.live_house`."""

    def __init__(self, settings: Settings, served: Callable[[], Settings]) -> None:
        """`served`: with queues as they are now, live changes among them."""
        self._begun = self._now = settings
        self._served = served

    @property
    def sections(self) -> Collection[str]:
        begun, now = self._begun.recordings, self._now.recordings
        is_all = now.model_copy(update={"keep_days": begun.keep_days}) == begun
        return ("recordings",) if is_all else ()

    async def prepare(self, new: Settings) -> None:
        """Nothing takes time."""

    def apply(self, new: Settings) -> Applied:
        before, self._now = self._now.recordings.keep_days, new
        days = new.recordings.keep_days
        if days == before:
            return Applied()
        kept = "for ever" if days is None else f"for {days} days"
        return Applied(changed=[f"Recordings are kept {kept}, where a queue says nothing else."])

    def days(self, queue: QueueId) -> int | None:
        """How long its recordings are kept; None: for ever."""
        return keep_days(self._served(), queue, self._now.recordings.keep_days)


class AlarmReload:
    """A `callcenter.reloading.Reloadable`; the web process, which looks for alarms, asks for the
    rules when it hears that something has changed."""

    def __init__(self, settings: Settings, tell: Callable[[DirectoryChanged], None]) -> None:
        self._begun = self._now = settings
        self._tell = tell

    @property
    def sections(self) -> Collection[str]:
        """Who outside is told of alarms waits for the next start of the web process."""
        begun, now = self._begun.alarms, self._now.alarms
        is_all = now.model_copy(update={"rules": begun.rules}) == begun
        return ("alarms",) if is_all else ()

    async def prepare(self, new: Settings) -> None:
        """Nothing takes time."""

    def apply(self, new: Settings) -> Applied:
        before, self._now = self._now.alarm_rules, new
        after = new.alarm_rules
        names = sorted(before.keys() | after.keys())
        changed = [name for name in names if before.get(name) != after.get(name)]
        if changed:
            self._tell(DirectoryChanged())
        return Applied(changed=[f"The alarm rule {name} is changed." for name in changed])

    async def read(self, _: ReadAlarmRules) -> str:
        return self._now.alarms.model_dump_json(include={"rules"}, exclude_unset=True)
