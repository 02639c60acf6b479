"""What is written in many sections: addresses, numbers, names, times, and how each is checked."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

from acd.requirement import RequirementError, parse_requirement

MIN_TOKEN_LENGTH = 20
SIP_TRANSPORTS = ("udp", "tcp", "tls", "ws", "wss")
SECURE_TRANSPORTS = ("tls", "wss")
HOST_NAME = r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}(\.[A-Za-z0-9-]{1,63})*$"
"Also an IPv4 address."
HOST_AND_PORT = r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$"


@dataclass(frozen=True, slots=True)
class Listener:
    """Where we listen: `udp:127.0.0.1:5060`, `tcp:[::1]:5060`. Port 0 takes any free one."""

    transport: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Listener":
        transport, _, address = text.partition(":")
        host, _, port = address.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not transport or not host or not port.isascii() or not port.isdigit():
            raise ValueError("write transport:address:port, for example udp:127.0.0.1:5060")
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"{host!r} is not an IP address") from None
        if int(port) > 65535:
            raise ValueError(f"port {port} is above 65535")
        return cls(transport.lower(), host, int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{host}:{self.port}"


def _sip_listener(text: object) -> Listener:
    if isinstance(text, Listener):
        return text
    listener = Listener.parse(str(text))
    if listener.transport not in SIP_TRANSPORTS:
        known = ", ".join(SIP_TRANSPORTS)
        raise ValueError(f"transport {listener.transport!r} is not known; these are: {known}")
    return listener


def _advertised(text: object) -> object:
    """`hotline.example`, `203.0.113.7:5062`, `[2001:db8::1]:5060`."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?", str(text))
    if found is None or int(found[2] or 1) not in range(1, 65536):
        raise ValueError("write an address or a name, and if need be a port: 203.0.113.7:5060")
    return text


def _name_server(text: object) -> object:
    """An IP address, with a port if need be."""
    if isinstance(text, str):
        host, port = split_port(text)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"{text!r} is not an IP address with or without a port") from None
        if port not in range(1, 65536):
            raise ValueError(f"port {port} is not within 1 to 65535")
    return text


def split_port(text: str, default: int = 53) -> tuple[str, int]:
    """`192.0.2.1`, `192.0.2.1:5353`, `[::1]:5353`."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):([0-9]{1,5})", text)
    host, port = (found[1], int(found[2])) if found else (text, default)
    return host.removeprefix("[").removesuffix("]"), port


def _numbers(given: object) -> object:
    """A list names lines that are dialled as they are called here."""
    return {each: each for each in given} if isinstance(given, list | tuple) else given


def _udp_address(value: object) -> Listener:
    address = Listener.parse(str(value))
    if address.transport != "udp" or ":" in address.host or not address.port:
        raise ValueError("write udp:ADDRESS:PORT with an IPv4 address")
    return address


def _http_listener(text: object) -> Listener:
    if isinstance(text, Listener):
        return text
    try:
        return Listener.parse(f"http:{text}")
    except ValueError as error:
        raise ValueError(
            str(error).replace("transport:address", "address").replace("udp:", "")
        ) from None


def _quoted(number: object) -> object:
    if isinstance(number, int):
        raise ValueError("put the number in quotes; YAML drops zeros at the beginning")
    return number


def _hard_to_guess(token: SecretStr) -> SecretStr:
    secret = token.get_secret_value()
    if len(secret) < MIN_TOKEN_LENGTH or not re.fullmatch(r"[\x21-\x7e]+", secret):
        raise ValueError(
            f"needs {MIN_TOKEN_LENGTH} characters or more, ASCII without spaces; "
            "`openssl rand -hex 16` makes a good one"
        )
    return token


def _network(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(
            "write an address, 192.0.2.10, or a network whose host bits are 0, 192.0.2.0/28"
        ) from None


def pairs_of_ports(ports: tuple[int, int]) -> tuple[int, int]:
    first, last = ports
    if not 1024 <= first < last <= 65535:
        raise ValueError(f"{first} to {last} is not a range within 1024 to 65535")
    if first % 2 or not last % 2:
        raise ValueError(f"{first} to {last}: RTP takes pairs, start even and end odd")
    return ports


SipListener = Annotated[Listener, BeforeValidator(_sip_listener)]
HttpListener = Annotated[Listener, NoDecode, BeforeValidator(_http_listener)]
UdpAddress = Annotated[Listener, NoDecode, BeforeValidator(_udp_address)]
Advertised = Annotated[str, BeforeValidator(_advertised)]
WatchToken = Annotated[SecretStr, AfterValidator(_hard_to_guess)]
NameServer = Annotated[str, BeforeValidator(_name_server)]
TrunkNetwork = Annotated[ipaddress.IPv4Network | ipaddress.IPv6Network, BeforeValidator(_network)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
DialNumber = Annotated[str, BeforeValidator(_quoted), Field(pattern=r"^\+?[0-9*#]{1,20}$")]
Pattern = Annotated[
    str, BeforeValidator(_quoted), Field(pattern=r"^(\+?[0-9]{0,20}\*|\+?[0-9]{1,20})$")
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
KeySequence = Annotated[str, BeforeValidator(_quoted), Field(pattern=r"^[*#][0-9*#]{1,5}$")]
Skills = dict[Name, Annotated[int, Field(ge=1, le=10)]]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
SrtpPolicy = Literal["never", "offer", "require"]
SecondsOrNever = Annotated[float, Field(ge=0, le=86_400)]


def _expression(text: str) -> str:
    """Kept as text, which is what people write and read."""
    try:
        parse_requirement(text)
    except RequirementError as error:
        raise ValueError(str(error)) from None
    return text


Expression = Annotated[str, AfterValidator(_expression)]


class Part(BaseModel):
    """Base of all sections: what is not listed is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=False, arbitrary_types_allowed=True
    )
