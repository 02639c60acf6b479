"""When a role that ended is started again: at once, then ever later; pure."""

PAUSES_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"The last one for ever."
SETTLED_S = 30.0
"A role that ran this long had no trouble starting; its next end counts as the first."


class Restarts:
    """Of one role."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self._in_a_row = 0

    def pause_s(self, ran_s: float) -> float:
        """The role ended after `ran_s`: how long to wait before it is started again."""
        if ran_s >= SETTLED_S:
            self._in_a_row = 0
        pause = PAUSES_S[min(self._in_a_row, len(PAUSES_S) - 1)]
        self._in_a_row += 1
        self.total += 1
        return pause
