"""Supervisors who dial themselves into a talk: a key sequence, then the agent's number or id.

    *91 1001   listen to the talk of the agent with the number 1001
    *92 1001   whisper to the agent
    *93 1001   barge in

Once there, the keys 1, 2 and 3 change between the three.
"""

from collections.abc import Callable, Collection

from callcenter.actions.monitors import MonitorActions
from callcenter.conduct.destinations import Busy, find_agent
from callcenter.conduct.house import Floor, HouseRules
from callcenter.events import ActionTaken
from foundation.errors import NotAllowed, NotFound
from foundation.ids import PhoneId
from telephony.calls.events import MonitorMode
from telephony.calls.switchboard import Joining

MODES = {"*91": MonitorMode.LISTEN, "*92": MonitorMode.WHISPER, "*93": MonitorMode.BARGE}
KEYS = 3
"How many lead to a mode."


class DialledMonitors:
    """Decides what a phone may join; the audit has a line of each that it lets in."""

    def __init__(
        self,
        rules: HouseRules,
        floor: Floor,
        checks: MonitorActions,
        allowed: Collection[str],
        tell: Callable[[ActionTaken], None],
    ) -> None:
        """`allowed`: accounts with `monitors: true`."""
        self._rules = rules
        self._floor = floor
        self._checks = checks
        self._allowed = frozenset(allowed)
        self._tell = tell

    def find(self, phone: PhoneId, dialled: str) -> Joining | None:
        """None: nobody's talk was dialled. Raises NotAllowed, NotFound, Busy or Conflict."""
        mode = MODES.get(dialled[:KEYS])
        if mode is None:
            return None
        if phone not in self._allowed:
            raise NotAllowed(f"The account {phone} has no `monitors: true`.")
        agent_id = find_agent(self._rules, dialled[KEYS:])
        if agent_id is None:
            raise NotFound(f"No agent has the number or id {dialled[KEYS:]!r}.")
        call_id = self._floor.agent(agent_id).call_id
        if call_id is None:
            raise Busy(f"{agent_id} has no call now.")
        self._checks.check(call_id, phone)
        self._tell(ActionTaken(phone, f"monitor {mode}", call_id, phone))
        return Joining(call_id, mode)
