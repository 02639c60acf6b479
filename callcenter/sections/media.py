"""`media`: who carries the voices, through which ports."""

import ipaddress
from typing import Literal

from pydantic import Field, field_validator

from callcenter.sections.values import Listener, Part, Seconds, UdpAddress, pairs_of_ports


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
