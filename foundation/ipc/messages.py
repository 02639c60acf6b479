"""What core and the other roles say to each other, over one Unix stream socket.

Frames (`foundation.frames`) of msgpack; the first one each way is the version handshake.

    role                                         core
      Hello(version) ───────────────────────────▶
      ◀──────────────────────── Welcome(version) or Failed
      Ask(rid, kind, body) ─────────────────────▶      any number at once
      ◀──────────────────────── Reply(rid, body) or Failed(rid, …)     in any order
      Follow(rid, after_seq) ───────────────────▶      on a connection of its own
      ◀──────────────────────── Following(last_seq), Rows, Rows, …     without end

A request is a dataclass or msgspec struct that inherits `Request[What it is answered with]`; its
class name is the `kind`.
"""

from typing import Any, Generic, TypeAlias, TypeVar, get_args

import msgspec

from foundation.errors import CallCentreError, ConfigurationError, LocalError, Unavailable
from foundation.journal import Row

PROTOCOL_VERSION = 1

ReplyT = TypeVar("ReplyT")


class Request(Generic[ReplyT]):
    """Base of all requests; its parameter is the type of the reply."""

    __slots__ = ()


class WrongVersion(Unavailable):
    """The other process runs another release; one of the two is about to be restarted."""


class _Message(msgspec.Struct, frozen=True, tag=True):
    """The class name is the tag."""


class Hello(_Message, frozen=True):
    version: int


class Welcome(_Message, frozen=True):
    version: int


class Ask(_Message, frozen=True):
    rid: int
    kind: str
    body: msgspec.Raw


class Reply(_Message, frozen=True):
    rid: int
    body: msgspec.Raw


class Failed(_Message, frozen=True):
    """`errors` are the names of the error's class and its parents, nearest first."""

    rid: int
    errors: list[str]
    http_status: int
    sentence: str


class Follow(_Message, frozen=True):
    rid: int
    after_seq: int


class Following(_Message, frozen=True):
    """The journal's last number just now: who has read up to there is up to date."""

    last_seq: int


class Rows(_Message, frozen=True):
    rows: list[Row]


FromRole: TypeAlias = Hello | Ask | Follow
FromCore: TypeAlias = Welcome | Reply | Failed | Following | Rows


def reply_type(request: type[Request[Any]]) -> Any:  # noqa: ANN401  a type form has no type
    """The parameter of `Request[…]` in the bases of the class."""
    for base in getattr(request, "__orig_bases__", ()):
        if getattr(base, "__origin__", None) is Request:
            return get_args(base)[0]
    raise LocalError(f"{request.__name__} does not say what it is answered with: Request[…]")


def to_failed(rid: int, error: CallCentreError) -> Failed:
    names = [cls.__name__ for cls in type(error).__mro__ if issubclass(cls, CallCentreError)]
    return Failed(rid, names, int(error.http_status), str(error))


def to_error(failed: Failed) -> CallCentreError:
    """The same class where it is known here, else its nearest known parent; same sentence."""
    known = _known_errors(CallCentreError)
    cls = next((known[name] for name in failed.errors if name in known), CallCentreError)
    # Some classes build their sentence from other arguments; the sentence is already there.
    error = cls.__new__(cls, failed.sentence)
    if isinstance(error, ConfigurationError):
        error.problems = failed.sentence.split("\n")
    if error.http_status != failed.http_status:
        error.http_status = type(error.http_status)(failed.http_status)
    return error


def _known_errors(root: type[CallCentreError]) -> dict[str, type[CallCentreError]]:
    known = {root.__name__: root}
    for child in root.__subclasses__():
        known |= _known_errors(child)
    return known
