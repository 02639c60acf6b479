"""Every error this system raises on purpose.

* CallCentreError
  x RemoteError        the other side broke the rules; answer and carry on
    + SipParseError      (telephony.sip)
    + SdpRejected        (telephony.media)
    + NotAllowed         who asks may not
    + NotFound           what is asked for does not exist
    + Conflict           it exists, but not in a state that allows this
  x LocalError         our own code asked for something illegal; a bug: the task ends
    + IllegalTransition
    + StuckMachine
  x ResourceError      we are out of something; refuse politely
    + Unavailable        another process is away
    + Overloaded         no room for another call
  x ConfigurationError the administrator's files; all problems in one go

Packages derive their own from these and keep the answers that a SIP or HTTP peer should get.
"""

from http import HTTPStatus


class CallCentreError(Exception):
    """Root of the tree; the message is a full sentence with the offending value."""

    sip_status = 500
    http_status = HTTPStatus.INTERNAL_SERVER_ERROR


class RemoteError(CallCentreError):
    """The peer sent something that the protocol forbids."""

    sip_status = 400
    http_status = HTTPStatus.UNPROCESSABLE_ENTITY


class NotAllowed(RemoteError):
    """The peer is known but may not do this."""

    sip_status = 403
    http_status = HTTPStatus.FORBIDDEN


class NotFound(RemoteError):
    """The named thing does not exist."""

    sip_status = 404
    http_status = HTTPStatus.NOT_FOUND


class Conflict(RemoteError):
    """The named thing is in a state that does not allow this."""

    sip_status = 491
    http_status = HTTPStatus.CONFLICT


class LocalError(CallCentreError):
    """Our own code broke a rule."""


class IllegalTransition(LocalError):
    """A machine was given an input that its table does not list."""

    def __init__(self, who: object, state: object, given: object) -> None:
        super().__init__(f"{who} in state {state} cannot take {given!r}")


class StuckMachine(LocalError):
    """A machine left its deadline in the past; running it again would spin for ever."""


class ResourceError(CallCentreError):
    """We are out of something."""

    sip_status = 503
    http_status = HTTPStatus.SERVICE_UNAVAILABLE


class Unavailable(ResourceError):
    """A process that is needed for this does not answer."""


class Overloaded(ResourceError):
    """There is no room for another call."""


class ConfigurationError(CallCentreError):
    """The configuration cannot be used; `problems` are sentences with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
