"""`sip` and `http`: where we are called and looked at."""

import ipaddress
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from callcenter.sections.values import (
    Advertised,
    HttpListener,
    Listener,
    NameServer,
    Part,
    Seconds,
    SipListener,
    WatchToken,
)


class SipTls(Part):
    """Two PEM files; new contents are taken up within seconds, without a restart."""

    certificate: Path
    "Of this server, with the chain of those who signed it; relative to the centre's folder."
    key: Path
    "Its private key, without a password."


class SipStreams(Part):
    """What connections (TCP, TLS, WebSocket) may cost."""

    connections: int = Field(default=2_000, ge=1, le=100_000)
    "At most so many are accepted; the system's limit of open files must allow it."
    per_source: int = Field(default=300, ge=1)
    "Of one address; an office behind one NAT has as many as it has phones."
    idle_s: Seconds = 180.0
    "A connection is closed when nothing came for so long and no registration or call needs it."


class Sip(Part):
    listen: Annotated[tuple[SipListener, ...], NoDecode] = Field(
        default=(Listener("udp", "127.0.0.1", 5060),), min_length=1
    )
    "Where SIP is spoken: `TRANSPORT:ADDRESS:PORT`; `udp`, `tcp`, `tls`, `ws` or `wss`."
    domain: str = Field(default="localhost", min_length=1)
    "What agents' phones register at; the realm of their passwords."
    trusted: tuple[str, ...] = ()
    "Addresses or networks (`192.0.2.0/24`) of trunks whose P-Asserted-Identity names the caller."
    ring: Literal["newest", "all"] = "newest"
    "Which of an agent's phones ring: the one that registered last, or all until one answers."
    session_expires_s: int = Field(default=1800, ge=0, le=86_400)
    "Calls are refreshed within this time, and end when the phone has vanished; 0: only if asked."
    advertised: Annotated[Advertised | dict[str, Advertised], NoDecode] = {}
    """What peers are told to reach us at, behind a NAT: one `ADDRESS` or `ADDRESS:PORT` for all
    listeners, or one for each entry of `listen`. Not given: the address listened on, and
    `media.address` for a listener on all addresses."""
    digest: tuple[Literal["SHA-256", "MD5"], ...] = Field(default=("MD5",), min_length=1)
    """How phones prove their passwords, the best first; each is a challenge of its own (RFC 8760).
    Many phones know MD5 only, and some of those fail when SHA-256 is offered beside it."""
    tls: SipTls | None = None
    "Certificate and key of the listeners `tls` and `wss`."
    streams: SipStreams = SipStreams()
    "Limits of connections."
    name_servers: tuple[NameServer, ...] = ()
    "Whom to ask about trunks' names: `ADDRESS` or `ADDRESS:PORT`. Not given: the system's."

    @field_validator("trusted")
    @classmethod
    def _are_networks(cls, trusted: tuple[str, ...]) -> tuple[str, ...]:
        for each in trusted:
            try:
                ipaddress.ip_network(each, strict=False)
            except ValueError:
                raise ValueError(f"{each!r} is not an IP address or network") from None
        return trusted

    @field_validator("listen", mode="before")
    @classmethod
    def _split(cls, listen: object) -> object:
        """The environment gives one string; commas separate."""
        return [one.strip() for one in listen.split(",")] if isinstance(listen, str) else listen

    @field_validator("advertised", mode="before")
    @classmethod
    def _read(cls, advertised: object) -> object:
        """The environment gives a mapping as JSON."""
        is_json = isinstance(advertised, str) and advertised.startswith("{")
        return json.loads(advertised) if is_json else advertised  # type: ignore[arg-type]  # a str


class Http(Part):
    listen: HttpListener = Listener("http", "127.0.0.1", 8080)
    "Where the wallboard and the API are served: `ADDRESS:PORT`."
    watch_tokens: tuple[WatchToken, ...] = ()
    "Secrets that open `/metrics` and the wallboard's socket, and nothing else, to programs."
