"""The client's side of rtpengine's ng protocol: one datagram out, one back, each with a cookie.

    send ──▶ WAITING ── answer with its cookie ──▶ answered
               │  ▲
      again_s  └──┘ sent again, the same bytes: rtpengine answers a cookie that it has seen from its
               │    memory, so a command is done once however often it comes
               └── give_up_s ──▶ answered by nobody

Rule 1: every command is settled exactly once, with rtpengine's answer or with `NO_ANSWER`.
Rule 2: cookies are never used again; the prefix tells this run's from those of the one before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from telephony.media.rtpengine import bencode
from telephony.media.rtpengine.bencode import BencodeMalformed, Given, Value

NO_ANSWER = "rtpengine does not answer"


@dataclass(frozen=True, slots=True)
class Command:
    """One request to rtpengine, of the call `call` (its call-id) or of none."""

    verb: str
    call: str = ""
    parameters: Mapping[str, Given] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        call = {"call-id": self.call} if self.call else {}
        return bencode.encode({"command": self.verb, **call, **self.parameters})


@dataclass(frozen=True, slots=True)
class Reply:
    """What rtpengine said; `fault` is empty when the command was done."""

    fault: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return not self.fault

    @property
    def is_unknown_call(self) -> bool:
        """rtpengine has dropped the call, or was started again."""
        return self.fault.lower() == "unknown call-id"  # some commands say call-ID

    @property
    def is_unanswered(self) -> bool:
        return self.fault == NO_ANSWER

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        value = self.values.get(key, 0)
        return value if isinstance(value, int) else 0


@dataclass(frozen=True, slots=True)
class NgOptions:
    """How patiently rtpengine is asked; in seconds."""

    again_s: float = 0.1
    "Time to the first repetition; doubled each time."
    give_up_s: float = 1.5
    "Less than core waits for us, so that core gets a sentence that says what is wrong."


@dataclass(slots=True)
class _Waiting:
    data: bytes
    again_at: float
    wait_s: float
    give_up_at: float


class NgClient:
    """All commands under way to one rtpengine; sends nothing itself."""

    def __init__(self, prefix: str, options: NgOptions = NgOptions()) -> None:
        self._prefix = prefix
        self._options = options
        self._count = 0
        self._waiting: dict[str, _Waiting] = {}

    def send(self, command: Command, now: float) -> tuple[str, bytes]:
        """The cookie by which the reply will be known, and the datagram to be sent."""
        self._count += 1
        cookie = f"{self._prefix}{self._count}"
        data = cookie.encode() + b" " + bytes(command)
        wait_s = self._options.again_s
        self._waiting[cookie] = _Waiting(data, now + wait_s, wait_s, now + self._options.give_up_s)
        return cookie, data

    def receive(self, data: bytes) -> tuple[str, Reply] | None:
        """None: not for us, or a second answer to the same command."""
        cookie_bytes, _space, body = data.partition(b" ")
        cookie = cookie_bytes.decode("ascii", "replace")
        if cookie not in self._waiting:
            return None
        try:
            values = bencode.parse(body)
        except BencodeMalformed:
            return None
        del self._waiting[cookie]
        return cookie, _reply(values)

    def tick(self, now: float) -> tuple[list[bytes], list[tuple[str, Reply]]]:
        """Datagrams to be sent again, and commands that nobody has answered."""
        given_up = [c for c, waiting in self._waiting.items() if waiting.give_up_at <= now]
        for cookie in given_up:
            del self._waiting[cookie]
        again = [waiting for waiting in self._waiting.values() if waiting.again_at <= now]
        for waiting in again:
            waiting.wait_s *= 2
            waiting.again_at = now + waiting.wait_s
        return [each.data for each in again], [(c, Reply(NO_ANSWER)) for c in given_up]

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        return min((min(w.again_at, w.give_up_at) for w in self._waiting.values()), default=None)


def _reply(values: Value) -> Reply:
    if not isinstance(values, dict):
        return Reply(f"rtpengine answered with no dictionary: {values!r:.80}")
    if values.get("result") == "error":
        reason = values.get("error-reason")
        return Reply(reason if isinstance(reason, str) and reason else "no reason given", values)
    return Reply("", values)
