"""Skills, backup and queues changed by command: checked, kept on disk, audited, done."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from callcenter.asks import (
    AddAgentLive,
    AgentAdded,
    ChangeAgentLive,
    ChangeQueueLive,
    ReadDirectory,
    RemoveAgentLive,
    ResetLive,
    ShowLive,
)
from callcenter.changes import live_file
from callcenter.changes.live_file import LiveAgent, LiveFile
from callcenter.changes.live_house import LiveHouse
from callcenter.changes.new_agents import check_new, new_agent
from callcenter.events import ActionTaken
from foundation.errors import ConfigurationError, Conflict, NotFound, Unavailable
from foundation.ids import AgentId
from foundation.journal import Journal
from wallboard.commands import Done
from wallboard.directory import Directory


class LiveActions:
    """One method for each ask."""

    def __init__(
        self,
        house: LiveHouse,
        journal: Journal,
        tell: Callable[[ActionTaken], None],
        lock: asyncio.Lock,
        remember: Callable[[], Awaitable[None]],
        emergency_words: Callable[[], Mapping[str, str] | None] = lambda: None,
    ) -> None:
        """`lock`: held by whoever changes the settings that are served. `remember`: what queues
        wish by now (`changes.retention`). `emergency_words`: of the announcement that is on."""
        self._remember = remember
        self._emergency_words = emergency_words
        self._house = house
        self._journal = journal
        self._tell = tell
        self._lock = lock

    async def change_agent(self, ask: ChangeAgentLive) -> Done:
        """NotFound, or RemoteError with what is wrong; then nothing was changed."""
        self._get_agent(ask.agent_id)
        change = LiveAgent(skills=ask.skills, backup=ask.backup)
        said = change.model_dump(exclude_none=True)
        return await self.change(
            lambda live: live.with_agent(ask.agent_id, change),
            ActionTaken(ask.by, "agent changed", ask.agent_id, told(said)),
        )

    async def add_agent(self, ask: AddAgentLive) -> AgentAdded:
        """Conflict for what is somebody's, RemoteError with what is wrong."""
        agent = new_agent(self._house.served, ask.fields)
        check_new(self._house.configured, self._house.served, self._house.live, agent)
        await self._house.speak(agent.number)
        said = {name: it for name, it in ask.fields.items() if name != "id"}
        done = await self.change(
            lambda live: live.with_new(agent),
            ActionTaken(ask.by, "agent added", agent.id, told(said)),
        )
        return AgentAdded(done.seq, agent.sip_password.get_secret_value())

    async def remove_agent(self, ask: RemoveAgentLive) -> Done:
        """NotFound, or Conflict for who has a call."""
        self._get_agent(ask.agent_id)
        self._house.sign_out(AgentId(ask.agent_id))
        return await self.change(
            lambda live: live.without(ask.agent_id),
            ActionTaken(ask.by, "agent removed", ask.agent_id),
        )

    def _get_agent(self, agent_id: str) -> None:
        if agent_id not in self._house.agent_ids():
            raise NotFound(f"There is no agent {agent_id!r} in the configuration.")

    async def change_queue(self, ask: ChangeQueueLive) -> Done:
        if ask.queue not in self._house.queue_ids():
            raise NotFound(f"There is no queue {ask.queue!r} in the configuration.")
        fields: dict[str, Any] = dict(ask.fields)
        return await self.change(
            lambda live: live.with_queue(ask.queue, fields),
            ActionTaken(ask.by, "queue changed", ask.queue, told(fields)),
        )

    async def reset(self, ask: ResetLive) -> Done:
        """Conflict while somebody is in a queue that would be gone."""
        for queue in set(self._house.live.added_queues) - self._house.configured.queues.keys():
            is_served = queue in self._house.served.queues
            if is_served and not (present := self._house.presence(queue)).is_empty:
                raise Conflict(f"The queue {queue!r} would be gone and is in use: {present}.")
        return await self.change(
            lambda live: live.undone({agent.id for agent in self._house.configured.agents}),
            ActionTaken(ask.by, "live changes undone", "live.yaml"),
        )

    async def show(self, _: ShowLive) -> str:
        return "" if self._house.live.is_empty else live_file.text_of(self._house.live)

    async def read_directory(self, _: ReadDirectory) -> Directory:
        return replace(self._house.directory(), emergency=self._emergency_words())

    async def change(
        self, changed: Callable[[LiveFile], LiveFile], audit: ActionTaken | None = None
    ) -> Done:
        """RemoteError with all that is wrong with it; then nothing was changed. `audit` None: of
        what somebody asked for before."""
        async with self._lock:
            configured = self._house.configured
            live = changed(self._house.live)
            try:
                live_file.overlaid(configured, live)
            except ConfigurationError as error:
                raise live_file.refusal(error) from None
            await self._keep(live)
            if audit is not None:
                self._tell(audit)
            self._house.change(configured, live)
            await self._remember()
            seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)

    async def _keep(self, live: LiveFile) -> None:
        path = live_file.path_of(self._house.configured)
        try:
            await asyncio.to_thread(live_file.write, path, live)
        except OSError as error:
            raise Unavailable(f"{path} cannot be written, nothing was changed: {error}") from None


def told(change: dict[str, Any]) -> str:
    return json.dumps(change, ensure_ascii=False)
