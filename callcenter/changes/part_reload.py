"""Small parts that change while calls go on: how long recordings are kept, what is an alarm and who
outside is told. What else is in `recordings` waits for the next start, and is named."""

from collections.abc import Callable, Collection

from msgspec import json
from pydantic import SecretStr

from callcenter.asks import ReadAlarmRules
from callcenter.changes.reloading import Applied
from callcenter.configuration.settings import Settings
from callcenter.rules.recordings import keep_days
from callcenter.sections.values import Part
from foundation.ids import QueueId
from wallboard.events import DirectoryChanged


class RetentionReload:
    """A `changes.reloading.Reloadable`; `queues` are taken up by `changes.live_house`."""

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
    """A `changes.reloading.Reloadable`; the web process, which looks for alarms and tells of
    them, asks for the section when it hears that something has changed."""

    def __init__(self, settings: Settings, tell: Callable[[DirectoryChanged], None]) -> None:
        self._now = settings
        self._tell = tell

    @property
    def sections(self) -> Collection[str]:
        return ("alarms",)

    async def prepare(self, new: Settings) -> None:
        """Nothing takes time."""

    def apply(self, new: Settings) -> Applied:
        before, self._now = self._now, new
        had, has = before.alarm_rules, new.alarm_rules
        changed = [
            f"The alarm rule {name} is changed."
            for name in sorted(had.keys() | has.keys())
            if had.get(name) != has.get(name)
        ]
        if before.alarms.webhook != new.alarms.webhook:
            changed.append("The alarms' webhook is changed.")
        if before.alarms.mail != new.alarms.mail:
            changed.append("The alarms' mail is changed.")
        if changed:
            self._tell(DirectoryChanged())
        return Applied(changed=changed)

    async def read(self, _: ReadAlarmRules) -> str:
        """With the secrets: the socket is for the processes of the house alone."""
        alarms = self._now.alarms
        rules = alarms.model_dump(mode="json", include={"rules"}, exclude_unset=True)
        ways = {"webhook": _revealed(alarms.webhook), "mail": _revealed(alarms.mail)}
        return json.encode({**rules, **ways}).decode()


def _revealed(part: Part | None) -> dict[str, object] | None:
    if part is None:
        return None
    return {name: it.get_secret_value() if isinstance(it, SecretStr) else it for name, it in part}
