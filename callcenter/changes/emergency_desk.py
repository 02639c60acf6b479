"""Switching the emergency announcement: made audible, kept on disk, audited, then on.

SwitchEmergency ─▶ words made ─▶ data/emergency.json ─▶ ActionTaken, EmergencySwitched ─▶ on
EndEmergency, its time is over ─────▶ off, whatever the disk says ─▶ file gone, or tried again
a new core ─▶ file read ─▶ on, before the first caller is answered
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from callcenter.asks import EmergencyStatus, EndEmergency, ReadEmergency, SwitchEmergency
from callcenter.changes.reloading import Applied
from callcenter.conduct.emergency import Announcement, Then
from callcenter.conduct.journey import Journey
from callcenter.configuration.settings import Settings
from callcenter.events import ActionTaken
from callcenter.sections.flows import Emergency as Prepared
from foundation.errors import Conflict, NotFound, RemoteError, Unavailable
from foundation.files import write_whole
from foundation.journal import Journal
from foundation.yaml_lines import nearest
from ivr.events import EmergencySwitched
from ivr.speech.words import Words
from wallboard.events import DirectoryChanged

log = logging.getLogger(__name__)

FILE = "emergency.json"
CLOCK = "clock"
"Who switches it off when its time is over."
LONGEST_TIMER_S = 3600.0
"The wall clock may be set meanwhile."
TRY_AGAIN_S = 60.0
"With a file that could not be deleted."


class Speaks(Protocol):
    """`changes.reload.CurrentPrompts`."""

    def has(self, name: str) -> bool: ...
    async def add_words(self, name: str, words: Words) -> list[str]:
        """Make them audible; what could not be is told in sentences, one for each language."""
        ...


class EmergencyDesk:
    """Asks by API and terminal; also a `changes.reloading.Reloadable`."""

    sections: Collection[str] = ("emergency",)

    def __init__(
        self,
        settings: Settings,
        journey: Journey,
        prompts: Speaks,
        journal: Journal,
        tell: Callable[[ActionTaken | EmergencySwitched | DirectoryChanged], None],
        utc_now: Callable[[], datetime],
        *,
        try_again_s: float = TRY_AGAIN_S,
    ) -> None:
        self._prepared: Mapping[str, Prepared] = settings.emergency
        self._languages = {
            line.number: (line.language,) if line.language else settings.flows[line.flow].languages
            for line in settings.lines
        }
        self._file = settings.data_path / FILE
        self._journey = journey
        self._emergency = journey.emergency
        self._prompts = prompts
        self._journal = journal
        self._tell = tell
        self._utc_now = utc_now
        self._try_again_s = try_again_s
        self._is_left = False
        "The file of one that is off: a restart would switch it on again."
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    # -- changes.reloading.Reloadable ---------------------------------------------------------

    async def prepare(self, new: Settings) -> None:
        """The words are made with all other prompts."""

    def apply(self, new: Settings) -> Applied:
        before, self._prepared = self._prepared, new.emergency
        changed = [name for name, one in new.emergency.items() if before.get(name) != one]
        return Applied(changed=[f"The emergency announcement {name} is ready." for name in changed])

    # -- start and end ---------------------------------------------------------------------------

    async def restore(self) -> None:
        """What was on when the last core ended is on; its words are in the cache of prompts."""
        kept = await asyncio.to_thread(_read, self._file)
        if kept is None:
            return
        for problem in await self._make(kept):
            log.error("emergency announcement: %s", problem)
        self._emergency.current = kept
        log.warning("the emergency announcement is on, by %s since %s", kept.by, kept.since)
        self._watch()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._ending is not None:
            self._ending.cancel()

    # -- asks ------------------------------------------------------------------------------------

    async def switch(self, ask: SwitchEmergency) -> EmergencyStatus:
        """On, instead of what was on; RemoteError and NotFound leave that as it was."""
        async with self._lock:
            wanted = self._wanted(ask)
            problems = await self._make(wanted)
            if not wanted.prompt and len(problems) == len(wanted.text):
                raise Unavailable(f"Nothing can be spoken: {'; '.join(problems)}")
            await self._keep(wanted)
            self._emergency.current = wanted
            self._audit(ask.by, "emergency on", wanted.name)
            self._tell(_switched_on(wanted))
            self._tell(DirectoryChanged())
            self._journey.announce()
            self._watch()
            await self._journal.settled(self._journal.last_seq)
            return self._status()

    async def end(self, ask: EndEmergency) -> EmergencyStatus:
        """Conflict when none is on; Unavailable when it is off and a restart would switch it on."""
        async with self._lock:
            await self._end(ask.by)
            await self._journal.settled(self._journal.last_seq)
            return self._status()

    async def show(self, _: ReadEmergency) -> EmergencyStatus:
        return self._status()

    # -- how -------------------------------------------------------------------------------------

    def _wanted(self, ask: SwitchEmergency) -> Announcement:
        now = self._utc_now()
        if ask.name:
            if ask.name not in self._prepared:
                hint = nearest(ask.name, self._prepared)
                raise NotFound(f"There is no emergency announcement {ask.name!r}; {hint}.")
            announcement = replace(
                announcement_of(ask.name, self._prepared[ask.name], now, ask.by), until=ask.until
            )
        else:
            announcement = Announcement(
                text=ask.text,
                prompt=ask.prompt,
                lines=tuple(ask.lines),
                then=ask.then,
                queue=ask.queue,
                to_waiting=ask.to_waiting,
                until=ask.until,
                since=now,
                by=ask.by,
            )
        if ask.lines:
            announcement = replace(announcement, lines=tuple(ask.lines))
        self._check(announcement, now)
        return announcement

    def _check(self, wanted: Announcement, now: datetime) -> None:
        if not wanted.text and not wanted.prompt:
            raise RemoteError("Give the name of a prepared announcement, or words, or a prompt.")
        if wanted.prompt and not self._prompts.has(wanted.prompt):
            raise NotFound(f"There is no prompt {wanted.prompt!r}.")
        if unknown := sorted(set(wanted.lines) - self._languages.keys()):
            raise NotFound(f"There is no line {unknown[0]!r}.")
        if (wanted.then is Then.QUEUE) is not bool(wanted.queue):
            raise RemoteError("A queue is needed for `queue`, and for nothing else.")
        if wanted.queue and not self._journey.has_queue(wanted.queue):
            raise NotFound(f"There is no queue {wanted.queue!r}.")
        if wanted.until is not None and wanted.until <= now:
            raise RemoteError(f"{wanted.until.isoformat()} is over already.")

    async def _make(self, wanted: Announcement) -> list[str]:
        if wanted.prompt:
            return []
        return await self._prompts.add_words(wanted.prompt_name, wanted.text)

    async def _keep(self, wanted: Announcement) -> None:
        try:
            await asyncio.to_thread(write_whole, self._file, msgspec.json.encode(wanted))
        except OSError as error:
            raise Unavailable(
                f"{self._file} cannot be written, nothing was changed: {error}"
            ) from None
        self._is_left = False

    async def _delete_file(self) -> None:
        """Raises Unavailable; it is tried again then."""
        try:
            await asyncio.to_thread(self._file.unlink, missing_ok=True)
        except OSError as error:
            self._is_left = True
            raise Unavailable(
                f"The emergency announcement is off, but {self._file} cannot be deleted, and a "
                f"restart would switch it on again; that is tried again: {error}"
            ) from None
        else:
            self._is_left = False
        finally:
            self._watch()

    async def _end(self, by: str) -> None:
        """Callers hear it no more, whatever the disk says. Raises as `end`."""
        current = self._emergency.current
        if current is None:
            raise Conflict("No emergency announcement is on.")
        self._emergency.current = None
        if by != CLOCK:
            self._audit(by, "emergency off", current.name)
        self._tell(EmergencySwitched(is_on=False, by=by, name=current.name))
        self._tell(DirectoryChanged())
        await self._delete_file()

    def _audit(self, by: str, action: str, name: str) -> None:
        self._tell(ActionTaken(by, action, name))

    def _watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        current, wait_s = self._emergency.current, None
        if current is None and self._is_left:
            wait_s = self._try_again_s
        elif current is not None and current.until is not None:
            left_s = (current.until - self._utc_now()).total_seconds()
            wait_s = min(max(left_s, 0.0), LONGEST_TIMER_S)
        if wait_s is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._on_time)

    def _on_time(self) -> None:
        self._ending = asyncio.create_task(self._end_in_time(), name="emergency-over")

    async def _end_in_time(self) -> None:
        async with self._lock:
            current = self._emergency.current
            try:
                if current is None:
                    await self._delete_file()
                elif current.until is not None and current.until <= self._utc_now():
                    await self._end(CLOCK)
                else:
                    self._watch()
            except Unavailable as error:
                log.error("%s", error)

    def _status(self) -> EmergencyStatus:
        current = self._emergency.current
        covered = {
            language
            for line, languages in self._languages.items()
            if current is not None and not current.prompt and current.covers(line)
            for language in languages
        }
        lacks = sorted(covered - set(current.text)) if current is not None else []
        return EmergencyStatus(current, list(self._prepared), lacks)


def announcement_of(name: str, prepared: Prepared, now: datetime, by: str) -> Announcement:
    return Announcement(
        name=name,
        text=prepared.text,
        prompt=prepared.prompt or "",
        lines=prepared.lines,
        then=Then(prepared.then),
        queue=prepared.queue or "",
        to_waiting=prepared.to_waiting,
        since=now,
        by=by,
    )


def _switched_on(on: Announcement) -> EmergencySwitched:
    return EmergencySwitched(
        is_on=True,
        by=on.by,
        name=on.name,
        text=dict(on.text),
        lines=on.lines,
        then=on.then.value,
        queue=on.queue,
        until=on.until,
    )


def _read(file: Path) -> Announcement | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Announcement)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        log.error("%s cannot be read, no emergency announcement is on: %s", file, error)
        return None
