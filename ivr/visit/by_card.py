"""A card's digits: keyed, handed over, taken or refused; `visit.cards` has them meanwhile."""

from ivr.effects import Effect, HandOverCard
from ivr.events import CardKeyed
from ivr.inputs import LookupDone, LookupFailed
from ivr.language.nodes import Card
from ivr.visit.cards import Keyed
from ivr.visit.ground import Ground, State
from ivr.visit.lookups import found_in


class ByCard(Ground):
    """From the first key to what the server says."""

    def _on_card_key(self, node: Card, digit: str, now: float) -> list[Effect]:
        keyed = self._card.key(node, digit)
        if keyed is not Keyed.MORE:
            return self._on_card(node, keyed, now)
        self._wait(State.TYPING, now + node.between_s)
        return []

    def _on_card_pause(self, now: float) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Card)
        return self._on_card(node, self._card.end(node), now)

    def _on_card(self, node: Card, keyed: Keyed, now: float) -> list[Effect]:
        if keyed is Keyed.FITS:
            self._lookup_id += 1
            self._wait(State.CHECKING, now + node.timeout_s)
            return [HandOverCard(self._lookup_id, self._card.take(), node.timeout_s)]
        self._tries += 1
        if self._tries >= node.tries:
            return [self._card_keyed(node, "wrong"), *self._go(node.default, now)]
        return self._ask(now, node.none if keyed is Keyed.NONE else node.wrong)

    def _on_checked(self, given: LookupDone | LookupFailed, now: float) -> list[Effect]:
        if given.lookup_id != self._lookup_id:
            return []
        if isinstance(given, LookupFailed):
            return self._on_card_answer("refused", now)
        return self._on_card_answer("taken", now, given.answer)

    def _on_card_answer(self, outcome: str, now: float, answer: object = None) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Card)
        variables = self._course.frame.flow.variables
        types = {name: kind for name, (kind, _) in variables.items()}
        found = found_in(node, answer, types) if outcome == "taken" else None
        if found is None:
            # An answer without what the flow needs of it is none that it can go on with.
            outcome = "refused" if outcome == "taken" else outcome
            return [self._card_keyed(node, outcome), *self._go(node.refused, now)]
        for name, value in found.items():
            self._course.assign(name, value)
        return [self._card_keyed(node, outcome), *self._go(node.next, now)]

    def _card_keyed(self, node: Card, outcome: str) -> CardKeyed:
        tries = min(self._tries + 1, node.tries)
        return CardKeyed(self._call_id, self.flow, node.name, outcome, tries)
