"""Whose telephone network a call comes from: trunks, known by the addresses they send from, or by
the token that stood in the Contact of our registration, or by the account whose password they have
proved.

A trunk is trusted for its address alone, so list nobody else's: over UDP a stranger may write any
sender's address, but gets none of our answers and so can't keep up a call (RFC 3261 26.1.2). The
token is known to the registrar that we gave it to, and can't be guessed.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from telephony.calls.numbers import normalise

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN_TRUNK = "unknown trunk"
"Rule of `CallRefused` for a call that comes neither from a trunk nor from a phone of ours."
UNKNOWN_TRUNK_STATUS = 403


@dataclass(frozen=True, slots=True)
class Trunk:
    name: str
    networks: tuple[Network, ...] = ()
    token: str = ""
    "'' for a trunk that we do not register at."
    numbers: Mapping[str, str] = field(default_factory=dict)
    "The line that a number of ours is, as E.164 where it has that form."


class Trunks:
    """Finds a trunk by the address a request came from, or by its account."""

    def __init__(
        self, trunks: Sequence[Trunk] = (), accounts: Mapping[str, str] | None = None
    ) -> None:
        """accounts: the trunk's name for each account."""
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self._by_token = {trunk.token: trunk.name for trunk in trunks if trunk.token}
        self._accounts = dict(accounts or {})
        pairs = [(network, trunk.name) for trunk in trunks for network in trunk.networks]
        # The longest prefix decides, as in routing.
        self._networks = sorted(pairs, key=lambda pair: -pair[0].prefixlen)

    def __bool__(self) -> bool:
        """Without any trunk everybody may call."""
        return bool(self._trunks)

    def find_by_token(self, token: str) -> str | None:
        """The trunk that shows it."""
        return self._by_token.get(token) if token else None

    def lines_of(self, trunk: str, dialled: Sequence[str], country_code: str) -> tuple[str, ...]:
        """What the dialled number may stand for: what the trunk's `numbers` say, or itself."""
        numbers = self._trunks[trunk].numbers
        mapped = [numbers.get(normalise(each, country_code)) for each in dialled]
        return (*(line for line in mapped if line is not None), *dialled)

    def find_account(self, account: str) -> str | None:
        """The trunk's name; None for an account that is a phone's."""
        return self._accounts.get(account)

    def find(self, host: str) -> str | None:
        """The trunk's name; `host` is a literal IP address."""
        address = _parse(host)
        if address is None:
            return None
        return next((name for network, name in self._networks if address in network), None)


def _parse(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    # A listener for both families sees IPv4 peers as ::ffff:192.0.2.1.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
