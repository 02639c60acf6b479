"""What a line process must know."""

from dataclasses import dataclass

from telephony.sip.events import HostPort


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """One account at one PBX, and the line of ours that its calls go to."""

    line: str
    "The number of ours that core is called at."
    server: str
    "Name or IPv4 address of the PBX."
    port: int = 5060
    user: str
    password: str
    local_ip: str = ""
    "IPv4 address of this machine to use; '': the one that the system would send from."
    sip_port: int = 0
    rtp_ports: tuple[int, int]
    max_calls: int = 150
    "Beyond that the PBX is told 503."


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreWay:
    """How to call core, and who we are to it."""

    address: HostPort
    domain: str
    account: str
    password: str
