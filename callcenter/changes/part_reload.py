"""What is an alarm and who outside is told: changed while calls go on."""

from collections.abc import Callable, Collection

from msgspec import json
from pydantic import SecretStr

from callcenter.asks import ReadAlarmRules
from callcenter.changes.reloading import Applied
from callcenter.configuration.settings import Settings
from callcenter.sections.values import Part
from wallboard.events import DirectoryChanged


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
