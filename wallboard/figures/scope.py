"""Of what a figure is: `house`, `queue:orders` or `team:day`, as boards and alarms write it."""

from dataclasses import dataclass
from enum import StrEnum

from foundation.errors import RemoteError
from wallboard.figures.catalogue import FIGURES, Of


class Kind(StrEnum):
    HOUSE = "house"
    QUEUE = "queue"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Scope:
    kind: Kind
    name: str = ""
    "Of the queue or team; `*`: of each of them for itself."

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """RemoteError for what is none."""
        kind, _, name = text.partition(":")
        if kind not in list(Kind) or (kind == Kind.HOUSE) != (name == ""):
            raise RemoteError(f"{text!r} is none of house, queue:NAME and team:NAME.")
        return cls(Kind(kind), name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)

    def has(self, figure: str) -> bool:
        of = FIGURES[figure].of
        match self.kind:
            case Kind.HOUSE:
                return True
            case Kind.QUEUE:
                return of in (Of.QUEUES, Of.BOTH)
            case Kind.TEAM:
                return of in (Of.AGENTS, Of.BOTH)


HOUSE = Scope(Kind.HOUSE)
