"""Who listens to people: flows that ask by voice, and talks that are shown while they go on.

Both go to the same listener, a process of its own, over one line.
"""

import asyncio
from collections.abc import Callable, Iterator

from callcenter.conduct.contact import Contact
from callcenter.conduct.house import HouseRules
from callcenter.conduct.media_port import MediaPort
from callcenter.configuration.settings import Settings
from callcenter.core.listener_line import ListenerLine
from callcenter.core.live_talks import LiveTalk, LiveTalks
from callcenter.core.speech_desk import SpeechDesk
from callcenter.events import HouseEvent
from callcenter.places import Places
from foundation.ids import CallId
from foundation.tasks import OnFailure, Tasks
from recordings.events import (
    CardEntryEnded,
    CardEntryStarted,
    RecordingPaused,
    RecordingResumed,
)
from recordings.following.listen_messages import FromListener
from telephony.calls.events import CallBridged, CallEnded, TalkTransferred
from telephony.calls.switchboard import Switchboard

WATCH_TALKS_S = 1.0
TURNS_OF_TALKS = (
    CallBridged,
    CallEnded,
    TalkTransferred,
    RecordingPaused,
    RecordingResumed,
    CardEntryStarted,
    CardEntryEnded,
)


class Listening:
    """The line finds a listener where one is needed; without one, questions fail at once."""

    def __init__(
        self,
        settings: Settings,
        rules: HouseRules,
        media: MediaPort,
        switchboard: Switchboard,
        find_contact: Callable[[CallId], Contact | None],
        is_media_near_limit: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._switchboard = switchboard
        self._find_contact = find_contact
        places, loop = Places(settings.data_path), asyncio.get_running_loop()
        self._line = ListenerLine(places.listener_socket, self._on_message, self._on_lost)
        self.speech = SpeechDesk(
            str(places.live_socket),
            self._line.send,
            media.ask,
            switchboard.find_caller_leg,
            loop.call_soon,
        )
        self._live_talks = LiveTalks(
            str(places.live_socket),
            self._line.send,
            media.ask,
            self._find_live_talks,
            is_media_near_limit,
            loop.time,
            settings.recordings.most_live,
        )

    def start(self, tasks: Tasks) -> None:
        if self._settings.listens or self._settings.follows:
            tasks.start("listener", self._line.run, OnFailure.RESTART)

    def start_following(self, tasks: Tasks) -> None:
        """When the calls that there are have been taken over."""
        if self._settings.follows:
            tasks.start("live-talks", self._watch)

    def on_turn(self, _event: HouseEvent) -> None:
        """A talk that begins, is paused or ends is not to wait for the next second."""
        self._live_talks.watch()

    async def _watch(self) -> None:
        while True:
            self._live_talks.watch()
            await asyncio.sleep(WATCH_TALKS_S)

    def _on_message(self, message: FromListener) -> None:
        self.speech.on_message(message)
        self._live_talks.on_message(message)

    def _on_lost(self) -> None:
        self.speech.listener_lost()
        self._live_talks.listener_lost()

    def _find_live_talks(self) -> Iterator[LiveTalk]:
        """Of the queues whose talks are shown while they go on."""
        if not any(rule.live_transcript for rule in self._rules.queues.values()):
            return
        for call_id in self._switchboard.call_ids():
            legs, contact = self._switchboard.find_talk_legs(call_id), self._find_contact(call_id)
            if legs is None or contact is None or contact.queue is None:
                continue
            rule = self._rules.queues[contact.queue]
            # What is not to be kept is not to be read either.
            is_private = contact.declined or contact.pauses or contact.card is not None
            if rule.live_transcript and not is_private:
                spoken = (contact.language,) if contact.language else rule.languages
                yield LiveTalk(call_id, *legs, spoken)
