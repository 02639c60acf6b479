"""Agents and queues that change while calls go on: the settings that are served, and their parts.

    Settings, LiveFile ─▶ overlaid ─▶ what differs ─▶ ChangeQueue, ChangeAgent, RemoveAgent
                                          └─▶ the journey's rules, SIP accounts, media's book

Who is to be offered a call must be known to the journey before the floor can offer it: rules first,
the floor then, and what is gone is forgotten last.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from acd.events import AgentState
from acd.inputs import (
    ChangeAgent,
    ChangeQueue,
    Move,
    MoveCallback,
    RemoveAgent,
    RemoveQueue,
    SignOut,
)
from acd.views import Presence
from callcenter.asks import QueueView
from callcenter.changes import live_file
from callcenter.changes.live_file import LiveFile
from callcenter.changes.queue_uses import uses_of
from callcenter.changes.reloading import Applied
from callcenter.conduct.drivers import FloorDriver
from callcenter.conduct.house import HouseRules
from callcenter.configuration.settings import Settings
from callcenter.rules.floor import agent_cards, queue_options
from callcenter.rules.house import house_rules
from callcenter.rules.media import media_book
from callcenter.rules.screens import directory
from callcenter.sections.queues import Queue
from foundation.errors import ConfigurationError, Conflict
from foundation.ids import AgentId, QueueId
from telephony.calls.leg_media import LegMedia
from wallboard.directory import Directory
from wallboard.events import DirectoryChanged

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParts:
    """What is told of changes; the dictionaries are those that the parts look into."""

    floor: FloorDriver
    rules: HouseRules
    accounts: dict[str, str]
    "SIP password by account; those of lines are among them and stay."
    phones: dict[str, LegMedia]
    tell: Callable[[DirectoryChanged], None]
    look_at_phone: Callable[[AgentId], None]
    "Has the floor told whether the phone of a new agent is registered."
    speak_numbers: Callable[[list[str]], Awaitable[None]]
    "Makes the prompts of agents' numbers."
    speaks_of: Callable[[QueueId], bool]
    "Whether some call may still ask what the queue's rules are, or be led there."


class LiveHouse:
    """Knows what is configured, what was changed, and what is served."""

    sections = frozenset({"agents", "queues", "vip"})

    def __init__(self, configured: Settings, live: LiveFile, parts: LiveParts) -> None:
        """The parts are as `overlaid(configured, live)` has it."""
        self.configured = configured
        self.live = live
        self.served = live_file.overlaid(configured, live)
        self._lost: set[str] = set()
        "Queues that the file has no more, and that are served on."
        self._parts = parts

    def directory(self) -> Directory:
        """With what was changed live."""
        known, live = directory(self.served), self.live
        queues = {
            name: replace(card, leaving=name in live.leaving) for name, card in known.queues.items()
        }
        removed = tuple(QueueId(name) for name in live.removed_queues)
        return replace(known, queues=queues, removed_queues=removed)

    def agent_ids(self) -> set[str]:
        """Of those whom configuration and live changes want; one who is to go may work still."""
        return {agent.id for agent in live_file.overlaid(self.configured, self.live).agents}

    def queue_ids(self) -> set[str]:
        """Of those that configuration and live changes want."""
        return set(live_file.overlaid(self.configured, self.live).queues)

    def with_gone_queues(self) -> Settings:
        """As served, with the queues that were removed: what is kept of them is kept on."""
        return live_file.with_gone_queues(self.served, self.configured, self.live)

    def view(self, queue: str) -> QueueView:
        section = self.served.queues[queue]
        state = "leaving" if queue in self.live.leaving else "closed" if section.closed else "open"
        at_work = self._parts.floor.floor.at_work(QueueId(queue))
        return QueueView(QueueId(queue), section.name, state, self.presence(queue), at_work)

    def presence(self, queue: str) -> Presence:
        return self._parts.floor.floor.presence(QueueId(queue))

    def why_stays(self, queue: str) -> str:
        """Who is in it, or may still come to it; '' when it may go."""
        present = self.presence(queue)
        if present.is_empty and self._parts.speaks_of(QueueId(queue)):
            return "a call that may still come to it"
        return "" if present.is_empty else str(present)

    def move_all(self, queue: QueueId, target: QueueId) -> None:
        """Who waits and who is promised a callback, with place and age; whose agent's phone rings
        and who is being dialled are left there."""
        for caller in self._parts.floor.floor.waiting(queue):
            if not caller.agents:
                self._parts.floor.feed(Move(caller.call_id, target))
        for callback_id in self._parts.floor.floor.movable_callbacks(queue, target):
            self._parts.floor.feed(MoveCallback(callback_id, target))

    async def speak(self, number: str) -> None:
        """Make the prompt of a new agent's number."""
        await self._parts.speak_numbers([number])

    def sign_out(self, agent_id: AgentId) -> None:
        """Who is to be removed; Conflict for who has a call, on whatever line."""
        view = self._parts.floor.floor.agent(agent_id)
        if view.busy or view.state in (AgentState.RINGING, AgentState.TALKING):
            raise Conflict(f"{agent_id} has a call and cannot be removed before its end.")
        if view.state is not AgentState.OFF:
            self._parts.floor.feed(SignOut(agent_id))

    # -- changes.reloading.Reloadable ----------------------------------------------------------

    async def prepare(self, new: Settings) -> None:
        live_file.overlaid(new, self.live)
        known = {agent.number for agent in self.served.agents}
        await self._parts.speak_numbers(
            [agent.number for agent in new.agents if agent.number not in known]
        )

    def apply(self, new: Settings) -> Applied:
        return self.change(new, self.live, is_reload=True)

    # -- changes ---------------------------------------------------------------------------------

    def change(self, configured: Settings, live: LiveFile, *, is_reload: bool = False) -> Applied:
        """Serve these from now on; `overlaid` has passed them. Only a reload removes queues that
        the file has no more: whoever changes something else does not expect it."""
        wanted = live_file.overlaid(configured, live)
        applied = Applied()
        known = self.directory()
        now = self._with_agents_who_stay(wanted, applied)
        lost = self._lost_queues(wanted, live)
        if is_reload:
            self._let_go(lost, now, applied)
        was, now = self.served, _with_queues(now, lost)
        self.configured, self.live, self.served = configured, live, now
        rules = house_rules(now)
        self._parts.rules.agents.update(rules.agents)
        self._parts.rules.queues.update(rules.queues)
        self._change_phones(was, now)
        self._change_vips(rules.vips, applied)
        self._change_queues(was, now, applied)
        self._change_agents(was, now, applied)
        if self.directory() != known:
            self._parts.tell(DirectoryChanged())
        return applied

    def _with_agents_who_stay(self, wanted: Settings, applied: Applied) -> Settings:
        """Who works cannot be removed."""
        agents = {agent.id for agent in wanted.agents}
        staying = []
        for agent in self.served.agents:
            if agent.id in agents:
                continue
            state = self._parts.floor.floor.state_of(AgentId(agent.id))
            if state is not AgentState.OFF:
                staying.append(agent)
                applied.refused.append(
                    f"{agent.id} is {state} and stays; sign the agent out and reload again."
                )
        return wanted.model_copy(update={"agents": (*wanted.agents, *staying)})

    def _lost_queues(self, wanted: Settings, live: LiveFile) -> dict[str, Queue]:
        """That the file has no more; those that were removed live are known to be empty."""
        return {
            name: queue
            for name, queue in self.served.queues.items()
            if name not in wanted.queues and self._is_lost(name, live)
        }

    def _let_go(self, lost: dict[str, Queue], wanted: Settings, applied: Applied) -> None:
        """Of lost queues those that `callcenter queue remove` would remove."""
        for name in list(lost):
            if uses := uses_of(_with_queues(wanted, lost), name):
                applied.refused.append(f"The queue {name} stays: it is named in {', '.join(uses)}.")
            elif why := self.why_stays(name):
                applied.refused.append(
                    f"The queue {name} is in use and stays: {why}. Reload again when it is empty, "
                    f"or say `callcenter queue remove {name} --when-empty` or `--move-to QUEUE`."
                )
            else:
                del lost[name]
                self._lost.discard(name)

    def _is_lost(self, queue: str, live: LiveFile) -> bool:
        """The file has it no more, which is no reason to lose who waits there."""
        if queue in self.configured.queues:
            self._lost.add(queue)
        return queue in self._lost and queue not in live.removed_queues

    def _change_phones(self, was: Settings, now: Settings) -> None:
        """Passwords and how the phones' media is spoken."""
        gone = {agent.id for agent in was.agents} - {agent.id for agent in now.agents}
        for account in gone:
            self._parts.accounts.pop(account, None)
            self._parts.phones.pop(account, None)
        for agent in now.agents:
            self._parts.accounts[agent.id] = agent.sip_password.get_secret_value()
        self._parts.phones.update(media_book(now).phones)

    def _change_vips(self, vips: dict[str, str], applied: Applied) -> None:
        if self._parts.rules.vips != vips:
            self._parts.rules.vips.clear()
            self._parts.rules.vips.update(vips)
            applied.changed.append("The VIPs are changed.")

    def _change_queues(self, was: Settings, now: Settings, applied: Applied) -> None:
        before = queue_options(was)
        for queue, options in queue_options(now).items():
            if before.get(queue) != options:
                self._parts.floor.feed(ChangeQueue(queue, options))
            if was.queues.get(queue) != now.queues[queue]:
                applied.changed.append(f"The queue {queue} is {_news(queue in before)}.")
        for queue in before.keys() - now.queues.keys():
            self._parts.floor.feed(RemoveQueue(queue))
            del self._parts.rules.queues[queue]
            applied.changed.append(f"The queue {queue} is removed.")

    def _change_agents(self, was: Settings, now: Settings, applied: Applied) -> None:
        before = {card.agent_id: card for card in agent_cards(was)}
        after = {card.agent_id: card for card in agent_cards(now)}
        for agent_id, card in after.items():
            if before.get(agent_id) != card:
                self._parts.floor.feed(ChangeAgent(card))
            if agent_id not in before:
                self._parts.look_at_phone(agent_id)
        sections = {agent.id: agent for agent in was.agents}
        for agent in now.agents:
            if sections.get(agent.id) != agent:
                applied.changed.append(f"The agent {agent.id} is {_news(agent.id in sections)}.")
        for agent_id in before.keys() - after.keys():
            self._parts.floor.feed(RemoveAgent(agent_id))
            del self._parts.rules.agents[agent_id]
            applied.changed.append(f"The agent {agent_id} is removed.")


def _with_queues(settings: Settings, lost: dict[str, Queue]) -> Settings:
    return settings.model_copy(update={"queues": {**settings.queues, **lost}})


def _news(was_there: bool) -> str:
    return "changed" if was_there else "new"


def read_live(settings: Settings) -> LiveFile:
    """For a start, which must not fail: a file that cannot be used is put aside."""
    path = live_file.path_of(settings)
    try:
        live = _with_those_of_flows(settings, live_file.read(path))
        live_file.overlaid(settings, live)
    except ConfigurationError as error:
        aside = path.with_suffix(".bad")
        path.replace(aside)
        log.error("live changes are left out, the file is kept as %s: %s", aside, error)
        return LiveFile()
    return live


def _with_those_of_flows(settings: Settings, live: LiveFile) -> LiveFile:
    """A queue that was removed and that a changed flow names comes back: callers are led there."""
    named = {name for flow in settings.flows.values() for name in flow.queues()}
    for name in named.intersection(live.removed_queues):
        log.error("the queue %s, which was removed, is named in a flow and comes back", name)
        live = live.with_new_queue(name, {})
    return live
