"""All callers that are in a menu: one visit per call.

Returns what is to be done; whoever conducts the calls (`callcenter.conduct.journey`) does it.
"""

from collections.abc import Mapping

from foundation.ids import CallId, QueueId
from ivr.effects import KeepHeard
from ivr.events import SpeechSettled
from ivr.flows.flow import Flow
from ivr.language.hours import Hours
from ivr.options import IvrOptions
from ivr.pictures.drawing import Shape, shape_of
from ivr.pictures.paths import WayCounts
from ivr.visit.caller import Caller
from ivr.visit.engine import CallerLeft, Digit, Effect, Input, PromptEnded, Start, State, Visit


class Ivr:
    """Inputs for a call that is not, or no longer, in a menu are silently nothing."""

    def __init__(
        self,
        flows: Mapping[str, Flow],
        options: IvrOptions | None = None,
        hours: Mapping[str, Hours] | None = None,
    ) -> None:
        self._flows = flows
        self._hours = hours or {}
        self._options = options or IvrOptions()
        self._visits: dict[CallId, Visit] = {}

    def replace(self, flows: Mapping[str, Flow], hours: Mapping[str, Hours]) -> None:
        """For callers who come from now on; who is in a flow goes on in it as it was."""
        self._flows, self._hours = flows, hours

    def shapes(self) -> list[Shape]:
        """Of all flows as they are now."""
        return [shape_of(flow) for flow in self._flows.values()]

    def present(self) -> WayCounts:
        """The ways of those who are in a flow now."""
        counts = WayCounts()
        for visit in self._visits.values():
            counts.add(visit.outer, visit.path)
        return counts

    def leads_to(self, queue: QueueId) -> bool:
        """Somebody who is in a flow may come to it still, whatever the flows say by now."""
        return any(visit.leads_to(queue) for visit in self._visits.values())

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._visits

    @property
    def deadline(self) -> float | None:
        """When `tick` is wanted next."""
        return min(
            (visit.deadline for visit in self._visits.values() if visit.deadline is not None),
            default=None,
        )

    def start(
        self,
        call_id: CallId,
        flow: str,
        now: float,
        languages: tuple[str, ...] = (),
        caller: Caller | None = None,
    ) -> list[Effect]:
        """The call was answered; `languages`: the line's, else the flow's."""
        self._visits[call_id] = Visit(
            call_id,
            self._flows[flow],
            languages,
            self._options,
            caller=caller,
            flows=self._flows,
            hours=self._hours,
        )
        return self.feed(call_id, Start(), now)

    def digit(self, call_id: CallId, digit: str, now: float) -> list[Effect]:
        return self.feed(call_id, Digit(digit), now)

    def prompt_ended(self, call_id: CallId, now: float) -> list[Effect]:
        return self.feed(call_id, PromptEnded(), now)

    def caller_left(self, call_id: CallId, now: float) -> list[Effect]:
        return self.feed(call_id, CallerLeft(), now)

    def feed(self, call_id: CallId, given: Input, now: float) -> list[Effect]:
        visit = self._visits.get(call_id)
        return [] if visit is None else self._settle(call_id, visit.feed(given, now))

    def tick(self, now: float) -> list[tuple[CallId, list[Effect]]]:
        """What is due in each call by its deadline."""
        due = [
            call_id
            for call_id, visit in self._visits.items()
            if visit.deadline is not None and visit.deadline <= now
        ]
        return [
            (call_id, self._settle(call_id, self._visits[call_id].tick(now))) for call_id in due
        ]

    def _settle(self, call_id: CallId, effects: list[Effect]) -> list[Effect]:
        visit = self._visits[call_id]
        for settled in [one for one in effects if isinstance(one, SpeechSettled)]:
            text, confidence = visit.take_heard()
            if text:
                effects.append(KeepHeard(settled, text, confidence))
        if visit.state is State.ENDED:
            del self._visits[call_id]
        return effects
