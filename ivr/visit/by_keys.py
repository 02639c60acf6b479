"""Menus and digits: the caller answers by keys."""

from ivr.effects import Effect
from ivr.events import DigitsEntered, MenuChosen, SurveyAnswered
from ivr.language.nodes import Digits, Menu
from ivr.language.templates import Words
from ivr.visit.ground import Ground, State


class ByKeys(Ground):
    """What a key means where one is waited for."""

    def _on_menu_key(self, menu: Menu, digit: str, now: float) -> list[Effect]:
        if digit in menu.keys:
            return [self._chosen(menu, digit), *self._go(menu.keys[digit], now)]
        return self._try_again(menu, digit, menu.wrong_key, now)

    def _on_no_key(self, now: float) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Menu)
        return self._try_again(node, "", node.no_key, now)

    def _try_again(self, menu: Menu, key: str, apology: Words | None, now: float) -> list[Effect]:
        self._tries += 1
        if self._tries >= menu.tries:
            return [self._chosen(menu, key), *self._go(menu.default, now)]
        return self._ask(now, apology)

    def _chosen(self, menu: Menu, key: str) -> Effect:
        if menu.question:
            score = int(key) if key in menu.keys else 0
            agent = self._course.caller.agent_id
            return SurveyAnswered(self._call_id, self.flow, menu.question, score, agent)
        return MenuChosen(self._call_id, self.flow, menu.name, key)

    def _on_typed(self, node: Digits, digit: str, now: float) -> list[Effect]:
        if digit == node.terminator:
            return self._on_pause(now)
        self._typed += digit
        if len(self._typed) >= node.most:
            return self._on_number(node, now)
        self._wait(State.TYPING, now + node.between_s)
        return []

    def _on_pause(self, now: float) -> list[Effect]:
        node = self._course.node
        assert isinstance(node, Digits)
        return self._on_number(node, now) if self._typed else self._type_again(node, node.none, now)

    def _on_number(self, node: Digits, now: float) -> list[Effect]:
        typed, before = self._typed, self._course.copy()
        self._course.assign(node.into, typed)
        is_right = len(typed) >= node.least and typed.isdecimal()
        if is_right and self._course.evaluate(node.check, now) is True:
            return [self._entered(node, True), *self._go(node.next, now)]
        self._course = before
        return self._type_again(node, node.wrong, now)

    def _type_again(self, node: Digits, apology: Words | None, now: float) -> list[Effect]:
        self._tries += 1
        self._typed = ""
        if self._tries >= node.tries:
            return [self._entered(node, False), *self._go(node.default, now)]
        return self._ask(now, apology)

    def _entered(self, node: Digits, accepted: bool) -> DigitsEntered:
        tries = self._tries + 1 if accepted else self._tries
        return DigitsEntered(self._call_id, self.flow, node.name, accepted, tries)
