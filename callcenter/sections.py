"""The sections of `callcenter.yaml`: what may be written, its limits and its defaults."""

import ipaddress
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from acd.options import Strategy
from acd.requirement import RequirementError, parse_requirement
from ivr.hours import Hours, HoursError
from ivr.hours import parse as parse_hours

POOR_PASSWORDS = {
    "password",
    "passwd",
    "secret",
    "changeme",
    "change-me",
    "admin",
    "1234",
    "123456",
}

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


class MediaLimits(Part):
    """When new callers are refused (503); calls that are in the house are never refused."""

    busy: float = Field(default=0.7, gt=0, le=1)
    "Share of the last second that a worker's loop may have been working."
    legs: int = Field(default=600, ge=2)
    "Legs of one worker; a call with an agent has two."
    lost_after_s: Seconds = 30.0
    "A leg that sends nothing for this long, not held, is hung up."


class Media(Part):
    driver: Literal["own", "rtpengine"] = "own"
    """Who serves the phones' RTP: media processes of our own, or an rtpengine that runs beside us
    (docs/media-rtpengine.md)."""
    rtpengine: UdpAddress = Listener("udp", "127.0.0.1", 22222)
    "Where rtpengine listens for commands (its `--listen-ng`): `udp:ADDRESS:PORT`, IPv4."
    rtpengine_digits: UdpAddress = Listener("udp", "127.0.0.1", 22223)
    "Where we listen for the digits that it hears (its `--dtmf-log-dest`)."
    address: str = "127.0.0.1"
    "IP address that our SDP names."
    ports: tuple[int, int] = (30000, 31999)
    """First (even) and last (odd) RTP port; each leg takes two. With rtpengine, which has ports of
    its own for phones: where it sends us what is recorded or mixed."""
    workers: int | None = Field(default=None, ge=1, le=64)
    "Media processes; not given: one less than the cores, at least one. With rtpengine it is one."
    g722: bool = False
    """Serve G.722 to phones that put it first (needs the extra `hd`). Wideband from phone to phone;
    where only one of the two speaks it, the call costs about twice the CPU."""
    opus: bool = False
    """Serve Opus to phones and browsers that put it first (needs libopus: Debian's `libopus0`, or
    the extra `hd`). Untouched from Opus to Opus; where only one of the two speaks it, the call
    costs about three times the CPU."""
    loop: Literal["python", "c", "auto"] = "python"
    """What passes packets on: `python`; `c`, the same for less CPU, compiled at the first start; or
    `auto`, which is `c` where there is a compiler. Without a compiler all are `python`."""
    limits: MediaLimits = MediaLimits()
    "When new callers are refused."

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            raise ValueError("is not an IP address") from None

    @field_validator("ports")
    @classmethod
    def _are_pairs(cls, ports: tuple[int, int]) -> tuple[int, int]:
        first, last = pairs_of_ports(ports)
        if last - first < 3:
            raise ValueError(f"{first} to {last} has no room for one call, which takes 4 ports")
        return ports


class Store(Part):
    """`sqlite:///relative/to/the/centre.db`, `sqlite:////absolute.db` or `postgresql://…`."""

    url: SecretStr = SecretStr("sqlite:///data/callcenter.db")
    "A SQLite file below the centre's folder, or `postgresql://user:password@host/name`."

    @field_validator("url")
    @classmethod
    def _is_ours(cls, url: SecretStr) -> SecretStr:
        async_url(url.get_secret_value(), Path())
        return url


class RecordingKeys(Part):
    """What an agent presses on the phone during a talk; the caller does not hear these keys, others
    a moment later. Not given: no such command, and keys pass as they come."""

    pause: KeySequence | None = None
    "Pauses the recording, and goes on with it: `*9`."
    record: KeySequence | None = None
    "Begins a recording on demand, and ends it."
    card: KeySequence | None = None
    "Takes card digits from the caller, and stops taking them."


class Card(Part):
    """Card digits that callers key during a talk: the agent hears nothing of the caller meanwhile,
    the recording is paused, and the digits go to one server and nowhere else."""

    post_to: str = Field(pattern=r"^https?://[^\s?#]+$")
    """Who charges: gets `{"call_id": …, "agent_id": …, "digits": "…"}` by POST and answers 2xx with
    JSON. Its host must be one of `lookups.hosts`; its headers are those of `lookups.headers`."""
    least: int = Field(default=12, ge=1, le=32)
    "Digits."
    most: int = Field(default=19, ge=1, le=32)
    "Ends the entry; fewer are ended by `#`, and `*` begins anew."
    check: bool = True
    "The last digit must fit the others, as that of a card number does (Luhn)."
    wait_s: Seconds = 30.0
    "For the first key and for each next one."
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    "For the server's answer."


class Shelf(Part):
    """Where archived recordings are kept: on this disk, or in a bucket of an S3-compatible store,
    to which they go on from this disk. Its keys are in `keys_file`, or in the environment:
    `CALLCENTER_RECORDINGS__SHELF__ACCESS_KEY` and `…__SECRET_KEY`."""

    kind: Literal["disk", "s3"] = "disk"
    "`s3` needs the extra: `pip install callcenter[s3]`."
    endpoint: str = Field(default="", max_length=300)
    "Of the store: `https://s3.example`."
    bucket: str = Field(default="", pattern=r"^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    "It must be there already."
    prefix: str = Field(default="", max_length=200, pattern=r"^([A-Za-z0-9._-]+/)*$")
    "Before the name of each file: `hotline/`."
    region: str = Field(default="us-east-1", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    "As the store calls its own."
    path_style: bool = True
    "`https://s3.example/bucket/…`; else `https://bucket.s3.example/…`."
    access_key: SecretStr = SecretStr("")
    "Of who may read, write, delete and list in the bucket."
    secret_key: SecretStr = SecretStr("")
    "The other half; both come from the environment, or from `keys_file`."
    keys_file: Path | None = None
    "Two lines: access key, secret key. Its owner's only: `chmod 600`."
    ca_file: Path | None = None
    "PEM of who has signed the store's certificate, if the system does not know him."
    timeout_s: float = Field(default=20.0, ge=1, le=300)
    "For a request, its answer and its repetitions. Files go in parts of 8 MB."
    backlog_gb: float = Field(default=20.0, gt=0, le=100_000)
    "When more waits on this disk because the store takes nothing, the backlog counts as full."


class Recordings(Part):
    path: Path = Path("data/recordings")
    "Folder of the WAV files, one folder for each day."
    transcribe: bool = True
    "Write down what was said, by Vosk."
    archive: Literal["flac", "none"] = "flac"
    """What becomes of a WAV when its talk is over and transcribed: `flac`, the same samples in half
    the room or less, by a process of its own; `none`, it stays."""
    shelf: Shelf = Shelf()
    "Where archived recordings are kept."
    keep_days: int | None = Field(default=None, ge=1, le=36_500)
    """Recordings of talks that began longer ago are deleted, with their transcripts, once a day;
    not given: never. What is held (`/api/v1/recordings/{id}/hold`) stays."""
    encrypt: bool = True
    """Archived audio is encrypted on the disk, with the keys of `data/recordings.keys`: have a copy
    of that file elsewhere, for without it nobody hears a recording again."""
    plain_at_most_s: Seconds = 600.0
    """A talk that began longer ago is archived before all others, whether it is transcribed yet or
    not and whatever calls need, so that no WAV stays unencrypted; of no use without `encrypt`."""
    keys: RecordingKeys = RecordingKeys()
    "Commands by the keys of an agent's phone."
    card: Card | None = None
    "Who takes card digits; not given: nobody."
    models: dict[Language, str] = {"en": "tiny-en", "zh": "tiny-zh"}
    "For each language a built-in model's name or a folder."
    agents_hear_own: bool = False
    "An agent may hear the recordings of his own talks, and read their transcripts."
    newest_first: bool = False
    "Of talks with the same `transcribe_priority` the newest is transcribed first, not the oldest."
    most_live: int = Field(default=4, ge=0, le=16)
    "Talks that may be transcribed at once while they go on (`queues[].live_transcript`)."


class Quality(Part):
    """How talks are judged once they are written down; docs/quality.md."""

    packs: dict[Language, str] = {"en": "en", "zh": "zh"}
    "For each language of agents the pack of rules: `rules/quality/NAME.yaml`, or one of ours."


class Speech(Part):
    """How synthesised prompts sound; espeak-ng's names, `+f3` is a variant of the voice."""

    voices: dict[Language, str] = {"en": "en-us+f3", "zh": "cmn-latn-pinyin+f3"}
    "espeak-ng's voice for each language of the prompts, or a voice file: `piper:voices/amy.onnx`."
    speed: int = Field(default=150, ge=80, le=400)
    "Words a minute."
    currency: Literal["CNY", "USD", "EUR"] = "CNY"
    "What amounts of money in prompts are in."
    free_text_mb: int = Field(default=50, ge=1, le=100_000)
    "Speech made while a caller waits, of names and the like, is kept up to so much."
    most_listened: int = Field(default=16, ge=1, le=64)
    "Callers who may answer a flow by voice at once; the next one is asked for keys."
    keep_heard_days: float = Field(default=30, ge=0, le=3660)
    "What callers answer to flows is kept so long, for people to put right; 0: not at all."
    answer_pause_s: float = Field(default=0.7, ge=0.3, le=3)
    "A silence of so long ends what a caller says to a flow."


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


class Phone(Part):
    id: Name
    "User part of the phone's SIP address; never changes."
    name: str = Field(min_length=1)
    "For people; may change."
    sip_password: SecretStr
    "Of the phone; `callcenter init` makes good ones."

    srtp: SrtpPolicy = "never"
    """How calls to it are offered: plain, with a key beside plain RTP for phones that take it, or
    SRTP alone (`require`, for its own calls too). Keys are only as secret as the SIP transport."""

    monitors: bool = False
    """May dial itself into any talk: `*91` and an agent's number to listen, `*92` to whisper, `*93`
    to barge in."""

    webrtc: bool = False
    """It is a browser: calls to it are offered with ICE and DTLS. Calls of browsers are known by
    what they offer."""

    @field_validator("sip_password")
    @classmethod
    def _is_not_poor(cls, password: SecretStr) -> SecretStr:
        word = password.get_secret_value()
        if not word.strip():
            raise ValueError("is empty; every phone needs a password of its own")
        if word.lower() in POOR_PASSWORDS:
            raise ValueError("is the first that anybody would try; choose another")
        return password


class Agent(Phone):
    number: DialNumber
    "Told to callers before the talk, and the agent's short number."
    skills: Skills = {}
    "Level of each skill, 1 (learning) to 10."
    team: str = ""
    "For the wallboard."
    auto_answer: bool = False
    "Ask the phone to pick up by itself, after a short tone."
    languages: tuple[Language, ...] = ()
    "What the agent speaks, the mother tongue first."
    backup: bool = False
    "Is offered calls only in a queue's `surge`."
    allocation: dict[Name, Annotated[float, Field(gt=0, le=100)]] = {}
    "For the strategy `percent_allocation`: percent of the busy time for each queue."


class Ordering(Part):
    """Who is served before whom: everybody by entry time, some with a head start."""

    p0_s: SecondsOrNever = 1800.0
    "Head start of the fast channel: who is P0 goes before all who came up to so long earlier."
    p1_s: SecondsOrNever = 600.0
    "Head start of P1."
    p2_s: SecondsOrNever = 180.0
    "Head start of P2; P3, the usual, has none."
    tiers: dict[Name, SecondsOrNever] = {}
    "Head start of VIP tiers, added to that of the priority."
    front_s: SecondsOrNever = 1200.0
    "Of callers who come back because their agent or transfer was lost; added as well."
    longest_s: SecondsOrNever = 3600.0
    "Nobody's is longer: who has waited so long is passed by no later arrival."


class ServiceLevel(Part):
    percent: float = Field(default=80, gt=0, le=100)
    "Share of the callers that is to be answered in time."
    within_s: Seconds = 20.0
    "In time means within so long."


class Relaxation(Part):
    after_s: Seconds
    "Of waiting; then …"
    requires: Expression
    "… this will do, instead of `skills` and `requires`."


class Surge(Part):
    join_waiting: int = Field(default=10, ge=1)
    "When so many callers wait, agents with `backup: true` are offered them, too."
    leave_waiting: int = Field(default=3, ge=0)
    "When so few are left, not any more."

    @model_validator(mode="after")
    def _has_hysteresis(self) -> "Surge":
        if self.leave_waiting >= self.join_waiting:
            raise ValueError("leave_waiting must be below join_waiting")
        return self


class Transfers(Part):
    ring_s: Seconds = 30.0
    """How long a number outside may ring, and anybody whom an agent dials by the own phone. Who is
    asked into a talk of a queue rings for the queue's `ring_s`."""


class Callbacks(Part):
    """Whoever waits in the queue, or is asked for by the API, may be called back."""

    tries: int = Field(default=2, ge=1, le=10)
    "How often somebody who is not reached is dialled in all."
    retry_after_s: Seconds = 300.0
    "How long after one try the next may be."
    ring_s: Seconds = 40.0
    "How long one try may take until somebody answers; an agent is reserved meanwhile."
    give_up_after_s: Seconds = 28800.0
    "Then the promise is given up, when no agent was there for it."
    max_pending: int = Field(default=500, ge=1, le=10_000)
    "Who asks when so many are promised already is refused."
    furthest_days: float = Field(default=60, gt=0, le=366)
    "How far ahead the time may be at which somebody wants to be called back."


class Queue(Part):
    name: str = Field(default="", max_length=200)
    "For people, on screens; left out: its id. Renamed it is the same queue."
    number: DialNumber | None = None
    "What an agent dials to send a caller to this queue."
    skills: Skills = {}
    "Lowest level of each skill that an agent needs."
    requires: Expression = ""
    "What an agent needs besides, for example `english or (cantonese>=3 and not trainee)`."
    relax: tuple[Relaxation, ...] = ()
    "What will do after a longer wait, step by step."
    strategy: Strategy = Strategy.LONGEST_IDLE
    "Which of the available agents is offered the call; docs/acd.md tells what each does."
    ring_all_most: int = Field(default=20, ge=1, le=100)
    "How many phones ring for one caller, with the strategy `ring_all`."
    sticky_s: SecondsOrNever = 0.0
    "How long a caller waits for the agent who talked with him last; 0: not at all."
    sticky_days: float = Field(default=7, gt=0, le=366)
    "How long ago that may have been."
    max_waiting: int | None = Field(default=None, ge=0)
    "Who comes when so many wait already overflows at once."
    max_expected_wait_s: Seconds | None = None
    "Who would have to wait longer, by what is expected, overflows at once."
    needs_agents: bool = False
    "Who comes while no agent who suits takes calls or has one overflows at once."
    closed: bool = False
    "Who comes overflows at once; who waits already is served. The console's switch."
    overflow_to: Name | None = None
    "The queue that takes who overflows; left out: an apology, and the call ends."
    surge: Surge | None = None
    "When backup agents are called in; left out: never."
    service_level: ServiceLevel = ServiceLevel()
    "The target that the wallboard measures."
    wrap_up_s: SecondsOrNever = 20.0
    "For notes after a talk; 0: none."
    wrap_up_codes: tuple[Name, ...] = ()
    "What an agent may say a call was about."
    needs_wrap_up_code: bool = False
    "No call is offered to the agent before the last one has its code."
    ring_s: Seconds = 15.0
    "Then the call is offered to the next agent, and this one is paused (`rona`)."
    max_wait_s: Seconds = 600.0
    "Then an apology, and the call ends."
    callbacks: Callbacks | None = None
    "Left out: nobody is called back from this queue; `callbacks: {}`: as usual."
    announce_agent: bool = True
    "The caller hears the agent's number before the talk."
    announce_position_every_s: SecondsOrNever = 30.0
    "0: never."
    music: Name = "music"
    "The prompt that is played in a loop while callers wait."
    recording: Literal["always", "on_demand", "never"] = "always"
    "Whether its talks are recorded; on demand it is begun by the agent's key or by the API."
    keep_recordings_days: int | None = Field(default=None, ge=1, le=36_500)
    "Instead of `recordings.keep_days`."
    survey: Name | None = None
    "Which of `flows/*.yaml` a caller hears when the agent has hung up after a talk."
    language: Language | None = None
    "What agents of this queue and their callers speak; chooses the model of the transcript."
    transcribe_priority: int = Field(default=0, ge=0, le=9)
    "Talks of a queue with a higher one are transcribed first: complaints, for example."
    live_transcript: bool = False
    "What is said is shown to agent and supervisors while they talk."


def _calendar(written: object) -> Hours:
    """`{mon-fri: ["09:00-12:00"], holidays: [2026-10-01..2026-10-07], special: {…}}`"""
    if isinstance(written, Hours):
        return written
    if not isinstance(written, dict):
        raise ValueError('write days and their spans: {mon-fri: ["09:00-18:00"]}')
    days = {str(name): value for name, value in written.items()}
    holidays, special = days.pop("holidays", ()), days.pop("special", {})
    if not isinstance(special, dict):
        raise ValueError("special is a mapping of dates to spans")
    try:
        return parse_hours(
            {name: _texts_of(name, spans) for name, spans in days.items()},
            _texts_of("holidays", holidays),
            {str(day): _texts_of(str(day), spans) for day, spans in special.items()},
        )
    except HoursError as error:
        raise ValueError(str(error)) from None


def _texts_of(name: str, given: object) -> list[str]:
    if isinstance(given, list | tuple) and not any(isinstance(one, list | dict) for one in given):
        return [str(one) for one in given]
    raise ValueError(f"{name}: write a list")


Calendar = Annotated[Hours, PlainValidator(_calendar)]


class Emergency(Part):
    """An announcement that a supervisor switches on by its name; its words are made ahead."""

    text: dict[Language, Annotated[str, Field(min_length=1, max_length=500)]] = {}
    "The words by language."
    prompt: Name | None = None
    "A recording of `prompts/` instead: `storm` for `storm.en.wav`."
    lines: tuple[DialNumber, ...] = ()
    "Only callers of these hear it; none: all do."
    then: Literal["continue", "hang_up", "queue"] = "continue"
    "What comes after the words: the line's flow, the end, or a queue."
    queue: Name | None = None
    "Of `then: queue`."
    to_waiting: bool = False
    "Who waits already hears it once, too."

    @model_validator(mode="after")
    def _can_be_said(self) -> "Emergency":
        if bool(self.text) is (self.prompt is not None):
            raise ValueError("needs text or prompt, and not both")
        if (self.then == "queue") is not (self.queue is not None):
            raise ValueError("a queue is needed for `then: queue`, and for nothing else")
        return self


class Lookups(Part):
    """What flows may ask on the network."""

    hosts: tuple[Annotated[str, Field(pattern=HOST_AND_PORT)], ...] = ()
    "Servers that flows may ask, `crm.example` or `127.0.0.1:8000`; without any none may."
    headers: dict[str, dict[str, SecretStr]] = {}
    "Sent to a server with each question: `{crm.example: {Authorization: Bearer …}}`."
    at_once: int = Field(default=20, ge=1, le=500)
    "Questions that are open at a time; the next one has failed."
    max_bytes: int = Field(default=65_536, ge=100, le=1_000_000)
    "Longest answer."


class Tasks(Part):
    """What people have still to do about calls that are over."""

    bad_score: int = Field(default=2, ge=0, le=5)
    "A caller who answers a survey with so little or less is followed up; 0: nobody is."
    voicemail_due_h: float = Field(default=4, gt=0, le=720)
    "Hours within which somebody should have heard a message."
    follow_up_due_h: float = Field(default=24, gt=0, le=720)
    "Hours within which a caller who was not content should be followed up."
    keep_days: float = Field(default=90, gt=0, le=3660)
    "What is done is forgotten after so long."


def async_url(url: str, folder: Path) -> str:
    """The URL with the asyncio driver; a relative SQLite file lies in `folder`."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return f"sqlite+aiosqlite:///{folder / rest[1:]}"
    if scheme in ("postgresql", "postgres") and rest:
        return f"postgresql+asyncpg://{rest}"
    raise ValueError("write sqlite:///path/to/file.db or postgresql://user:password@host/name")
