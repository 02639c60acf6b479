"""`lines`, `trunks`, `outbound` and `limits`: who may call whom, by which way."""

import ipaddress
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from callcenter.sections.values import (
    HOST_NAME,
    Advertised,
    DialNumber,
    Language,
    Name,
    Part,
    Pattern,
    Seconds,
    SecondsOrNever,
    SrtpPolicy,
    TrunkNetwork,
    _numbers,
    pairs_of_ports,
)


class PyVoip(Part):
    """An account at a PBX or provider, kept by pyVoIP in a process of its own."""

    server: str = Field(max_length=253, pattern=HOST_NAME)
    "Name or IPv4 address of the PBX; it is registered at, and calls come from it alone."
    port: int = Field(default=5060, ge=1, le=65535)
    "Its UDP port."
    user: str = Field(pattern=r"^[A-Za-z0-9+_.~*-]{1,64}$")
    "User part of the account, also the name its password is asked for."
    password: SecretStr = Field(min_length=1)
    "Of the account."
    address: str = ""
    "IPv4 address of this machine to use towards the PBX; not given: the one that leads there."
    sip_port: int = Field(default=0, ge=0, le=65535)
    "UDP port that the PBX sends calls to; 0: any free one."
    rtp_ports: tuple[int, int] = (32000, 32767)
    "First (even) and last (odd) RTP port towards the PBX; lines may share the range."
    calls: int = Field(default=150, ge=1, le=300)
    "Calls at once in the process; the PBX gets 503 for the next one."

    @field_validator("address")
    @classmethod
    def _is_ipv4(cls, address: str) -> str:
        try:
            return str(ipaddress.IPv4Address(address)) if address else ""
        except ValueError:
            raise ValueError("is not an IPv4 address, and pyVoIP knows no other") from None

    @field_validator("rtp_ports")
    @classmethod
    def _are_pairs(cls, ports: tuple[int, int]) -> tuple[int, int]:
        return pairs_of_ports(ports)


class Line(Part):
    number: DialNumber
    "What callers dial."
    flow: Name
    "Which of `flows/*.yaml` answers."
    language: Language | None = None
    "Prompts are played in this language only; not given: in each language of the flow."
    inband_dtmf: bool = False
    "Hear keys in the audio too, for callers whose network sends no telephone events."
    channels: int | None = Field(default=None, ge=1)
    "Calls at once; the next one gets 486. Not given: no limit."
    max_call_s: Seconds | None = None
    "Then a call is hung up, also in the middle of a talk. Not given: never."
    hours: Name | None = None
    "Calendar of the flow's `hours` nodes; not given: the flow's own."
    recording: Literal["always", "on_demand", "never"] = "always"
    "Whether its talks are recorded; the stricter of line and queue decides."
    consent: Literal["none", "announce", "ask"] = "none"
    """Before the flow: `announce`, callers hear that the call may be recorded; `ask`, they may
    decline by a key, and are then not recorded, whoever they talk with."""
    consent_words: dict[Language, str] = {}
    "What they hear, by language; not given: our own words."
    consent_prompt: Name | None = None
    "Or a prompt of a flow, or a WAV of `prompts/`."
    decline_key: str = Field(default="9", pattern=r"^[0-9*#]$")
    "With `ask`."
    pyvoip: PyVoip | None = None
    "The number is an account at somebody else's PBX; see `docs/lines.md`."


class Trunk(Part):
    """A network that calls come from, known by its addresses or by our registration, and that
    calls may be made to when it has a `host`; which ones, `outbound` says."""

    name: Name
    "For log, records and metrics."
    addresses: tuple[TrunkNetwork, ...] = ()
    "What it sends from: addresses or networks, `192.0.2.10` or `192.0.2.0/28`."
    channels: int | None = Field(default=None, ge=1)
    "Calls at once, both ways; the next one gets 503. Not given: no limit."
    numbers: Annotated[dict[DialNumber, DialNumber] | None, BeforeValidator(_numbers)] = None
    """Lines that it may call, others get 403: a list, or what number is which line,
    `{"+861012345678": "8000"}`. Not given: all."""
    host: Advertised | None = None
    """Where it is called, registered at and pinged: a name (NAPTR, SRV and addresses are looked up,
    RFC 3263) or an address, and a port if it is another one than SIP's."""
    transport: Literal["udp", "tcp", "tls"] | None = None
    "Not given: what its NAPTR and SRV records like best, else UDP."
    registers: bool = Field(default=False, alias="register")
    "Register there, for trunks that know their customers so; calls then come by the registration."
    user: str = Field(default="", max_length=64)
    "Account for `register` and for calls."
    password: SecretStr = SecretStr("")
    "Of the account."
    from_user: str = Field(default="", max_length=64)
    "User part of From in our calls, if it must be the account; not given: the number shown."
    group: Name | None = None
    "Trunks of a group stand in for each other; `outbound` may name the group."
    priority: int = Field(default=0, ge=0)
    "Of the group's free trunks those with the lowest are tried first."
    weight: int = Field(default=1, ge=1, le=1000)
    "Among those with the same priority, how often this one is the first."
    max_call_s: Seconds | None = None
    "Then a call out is hung up. Not given: never."
    options_ping_s: SecondsOrNever = 0.0
    "Ask it by OPTIONS so often whether it lives; 0: never."
    srtp: SrtpPolicy = "never"
    """`require`: calls without SRTP get 488. `offer`: a key beside plain RTP is used, and given in
    offers of ours. With `never` SRTP is only answered where nothing else is offered."""
    inband_dtmf: bool = False
    "Hear keys in the audio too, for trunks that send no telephone events."


class Outbound(Part):
    """Numbers outside that may be dialled, and by which trunk; the first that fits decides."""

    match: Pattern
    "A number as E.164, `+86*` for all that begin so, or a short number as it is dialled."
    name: Name | None = None
    "For log, journal and metrics; not given: `match`."
    trunk: Name | None = None
    "A trunk's name or that of a group."
    allow: tuple[Literal["consult", "callback", "flows", "agents"], ...] = ()
    """For what: `consult`, agents in a call; `callback`, the centre itself; `flows`, a flow's
    `transfer`; `agents`, agents' phones without a caller."""
    deny: bool = False
    "Never dialled."
    rewrite: Pattern | None = None
    "What the trunk is given: `0*` puts a 0 in place of what stands before the `*` of `match`."
    show: DialNumber | None = None
    "The number of ours that the other side sees; not given: the trunk's."


class Limits(Part):
    """What refuses a new call; calls that are in the house are let be. Not given: no limit."""

    calls: int | None = Field(default=None, ge=1)
    "Calls in the house at once; the next one gets 503."
    calls_per_caller: int | None = Field(default=None, ge=1)
    "Calls of one number at once; the next one gets 486."
    calls_per_caller_per_minute: int | None = Field(default=None, ge=1, le=1000)
    "Calls of one number that are taken in within any minute; the next one gets 486."
    anonymous: Literal["exempt", "as_one"] = "exempt"
    "What the limits for callers mean to those who withhold the number."
    max_ring_s: Seconds = 60.0
    "A call that has got no final answer of ours by then gets 480."
