"""What the phone's page is told. Apart from its routes: core and `serve` need no web framework."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SipSocket:
    """Where browsers reach SIP; `host` empty: where the page came from."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class PhoneOptions:
    domain: str = "localhost"
    sockets: tuple[SipSocket, ...] = ()
