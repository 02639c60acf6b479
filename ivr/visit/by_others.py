"""What somebody else does for the caller: look-ups, messages, callbacks, transfers."""

from typing import assert_never

from ivr.effects import Effect, OfferCallback, StopLookup, StopPrompts, Transfer
from ivr.events import CallerSent, LookupEnded
from ivr.inputs import (
    CallbackPromised,
    CallbackRefused,
    LookupDone,
    LookupFailed,
    TransferDone,
    TransferFailed,
    VoicemailEnded,
)
from ivr.language.nodes import Lookup, PromiseCallback, Record, ToOther
from ivr.visit.ground import Ground, State
from ivr.visit.lookups import found_in, start_lookup


class ByOthers(Ground):
    """What was asked of the house, and what has come of it."""

    def _look_up(self, node: Lookup, now: float) -> list[Effect]:
        self._lookup_id += 1
        self._looked_since = now
        self._found, self._is_saying = None, node.words is not None
        self._wait(State.LOOKING, now + node.timeout_s)
        start = start_lookup(node, self._lookup_id, self._course.world(now))
        return [start, *self._speak(now, node.words)]

    def _on_looked(self, given: LookupDone | LookupFailed, now: float) -> list[Effect]:
        is_late = given.lookup_id != self._lookup_id or self._found is not None
        if self.state is not State.LOOKING or is_late:
            return []
        node = self._course.node
        assert isinstance(node, Lookup)
        match given:
            case LookupDone(answer=answer):
                return self._on_found(node, answer, now)
            case LookupFailed(is_missing=True):
                return self._looked(node, "missing", node.missing, now)
            case LookupFailed():
                return self._looked(node, "failed", node.failed, now)

    def _on_found(self, node: Lookup, answer: object, now: float) -> list[Effect]:
        variables = self._course.frame.flow.variables
        found = found_in(node, answer, {name: kind for name, (kind, _) in variables.items()})
        if found is None:
            return self._looked(node, "failed", node.failed, now)
        for name, value in found.items():
            self._course.assign(name, value)
        return self._looked(node, "found", node.next, now)

    def _looked(self, node: Lookup, outcome: str, target: str, now: float) -> list[Effect]:
        took_s = round(now - self._looked_since, 3)
        ended = LookupEnded(self._call_id, self.flow, node.name, outcome, took_s)
        if self._is_saying:
            # Words of a second or two are not cut in the middle because the server was quick.
            self._found = target
            self._wait(State.LOOKING, now + self._options.prompt_limit_s)
            return [ended]
        return [ended, *self._go(target, now)]

    def _on_looking_over(self, now: float) -> list[Effect]:
        """The lookup's time is over, or that of the words while it went on."""
        stop: list[Effect] = [StopPrompts()] if self._is_saying else []
        self._is_saying = False
        if self._found is not None:
            return [*stop, *self._go(self._found, now)]
        node = self._course.node
        assert isinstance(node, Lookup)
        late = StopLookup(self._lookup_id)
        return [*stop, late, *self._looked(node, "timed_out", node.failed, now)]

    def _on_done(
        self,
        given: VoicemailEnded | CallbackPromised | CallbackRefused | TransferDone | TransferFailed,
        now: float,
    ) -> list[Effect]:
        match given:
            case VoicemailEnded():
                return self._on_recorded(now)
            case CallbackPromised() | CallbackRefused():
                return self._on_promised(isinstance(given, CallbackPromised), now)
            case TransferDone():
                sent = self._sent("done")
                return [*sent, *self._leave()] if sent else []
            case TransferFailed():
                return self._on_not_sent("failed", now)
            case _:
                assert_never(given)

    def _on_key_while_recording(self, digit: str, now: float) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Record)
        return [*self._stop(), *self._on_recorded(now)] if digit in node.keys else []

    def _on_recorded(self, now: float) -> list[Effect]:
        node = self._course.node
        if self.state is not State.RECORDING or not isinstance(node, Record):
            return []
        return self._go(node.next, now)

    def _promise(self, node: PromiseCallback, now: float) -> list[Effect]:
        self._wait(State.PROMISING, now + self._options.answer_grace_s)
        number = self._course.callback_number
        return [OfferCallback(self.flow, node.name, node.queue, number, node.priority)]

    def _on_promised(self, is_kept: bool, now: float) -> list[Effect]:
        node = self._course.node
        if self.state is not State.PROMISING or not isinstance(node, PromiseCallback):
            return []
        return self._go(node.next if is_kept else node.refused, now)

    def _send(self, node: ToOther, now: float) -> list[Effect]:
        to = node.to.fill_plain(self._course.world(now))
        self._wait(State.SENDING, now + node.ring_s + self._options.answer_grace_s)
        return [Transfer(to, node.ring_s)]

    def _on_not_sent(self, outcome: str, now: float) -> list[Effect]:
        node, told = self._course.node, self._sent(outcome)
        if not told or not isinstance(node, ToOther):
            return []
        return [*told, *self._go(node.failed, now)]

    def _sent(self, outcome: str) -> list[Effect]:
        if self.state is not State.SENDING:
            return []
        return [CallerSent(self._call_id, self.flow, self.node, outcome)]
