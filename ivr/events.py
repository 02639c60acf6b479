"""Facts about a caller's way through the menus; they go to the journal."""

from dataclasses import dataclass
from typing import TypeAlias

from foundation.ids import CallId


@dataclass(frozen=True, slots=True)
class FlowStarted:
    """The caller was answered and is in the flow."""

    call_id: CallId
    flow: str


@dataclass(frozen=True, slots=True)
class MenuChosen:
    """`key` is what was pressed, '' when nothing was and the default was taken."""

    call_id: CallId
    flow: str
    node: str
    key: str


@dataclass(frozen=True, slots=True)
class FlowEnded:
    """`node` is where the caller left the flow: a queue node, a hang-up, or in the middle."""

    call_id: CallId
    flow: str
    node: str


IvrEvent: TypeAlias = FlowStarted | MenuChosen | FlowEnded
