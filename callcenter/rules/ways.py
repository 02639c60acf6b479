"""How calls come and go: limits, trunks, numbers, SIP, lines at other PBXs."""

import hashlib
import hmac

from callcenter.conduct.limits import LimitRules, LineLimits, TrunkLimits
from callcenter.configuration.line_accounts import (
    account_of,
    account_trunks,
    carried_lines,
    password_of,
    trunk_of,
)
from callcenter.configuration.settings import Settings
from callcenter.sections.values import split_port
from telephony.calls.number_rules import NumberRule, NumberRules, Purpose
from telephony.calls.numbers import normalise
from telephony.calls.options import CallOptions
from telephony.calls.trunks import Trunk, Trunks
from telephony.lines.options import CoreWay, LineOptions
from telephony.sip.digest import Credentials
from telephony.sip.entrance.reception import Inbound
from telephony.sip.events import HostPort
from telephony.sip.options import Listener, SipOptions
from telephony.sip.trunks.targets import Wanted
from telephony.sip.trunks.trunk_line import TrunkOptions
from telephony.sip.wording.stream import StreamLimits


def limit_rules(settings: Settings) -> LimitRules:
    limits = settings.limits
    return LimitRules(
        lines={
            line.number: LineLimits(channels=line.channels, max_call_s=line.max_call_s)
            for line in settings.lines
        },
        trunks={
            trunk.name: TrunkLimits(
                channels=trunk.channels,
                numbers=None if trunk.numbers is None else frozenset(trunk.numbers.values()),
            )
            for trunk in settings.trunks
        }
        # What is registered elsewhere for one number may call no other.
        | {
            trunk_of(number): TrunkLimits(numbers=frozenset({number}))
            for number in carried_lines(settings)
        },
        calls=limits.calls,
        calls_per_caller=limits.calls_per_caller,
        calls_per_caller_per_minute=limits.calls_per_caller_per_minute,
        anonymous_as_one=limits.anonymous == "as_one",
        max_ring_s=limits.max_ring_s,
    )


def trunks(settings: Settings, secret: bytes = b"") -> Trunks:
    """`secret`: makes the tokens of registered trunks; the same after a restart."""
    country_code = CallOptions().country_code
    return Trunks(
        [
            Trunk(
                trunk.name,
                trunk.addresses,
                token=_token(trunk.name, secret) if trunk.registers else "",
                numbers={
                    normalise(number, country_code): line
                    for number, line in (trunk.numbers or {}).items()
                },
            )
            for trunk in settings.trunks
        ],
        account_trunks(settings),
    )


def find_inbound(trunks: Trunks, host: str, token: str, dialled: tuple[str, ...]) -> Inbound | None:
    """As the SIP stack asks (`telephony.sip.entrance.reception`)."""
    trunk = trunks.find_by_token(token) or trunks.find(host)
    if trunk is None:
        return None
    return Inbound(trunk, trunks.lines_of(trunk, dialled, CallOptions().country_code))


def _token(trunk: str, secret: bytes) -> str:
    return hmac.new(secret, trunk.encode(), hashlib.sha256).hexdigest()[:20]


def outside_trunks(settings: Settings, secret: bytes) -> list[TrunkOptions]:
    """Those that we call."""
    known = trunk_credentials(settings)
    return [
        TrunkOptions(
            name=trunk.name,
            wanted=wanted_host(trunk.host, trunk.transport),
            group=trunk.group or "",
            priority=trunk.priority,
            weight=trunk.weight,
            registers=trunk.registers,
            credentials=known.get(trunk.name),
            from_user=trunk.from_user,
            contact_token=_token(trunk.name, secret) if trunk.registers else "",
            options_ping_s=trunk.options_ping_s,
            channels=trunk.channels,
            max_call_s=trunk.max_call_s,
        )
        for trunk in settings.trunks
        if trunk.host is not None
    ]


def trunk_credentials(settings: Settings) -> dict[str, Credentials]:
    """By the trunk's name."""
    return {
        trunk.name: Credentials(trunk.user, trunk.password.get_secret_value())
        for trunk in settings.trunks
        if trunk.user
    }


def wanted_host(host: str, transport: str | None) -> Wanted:
    name, port = split_port(host, 0)
    return Wanted(name, port or None, transport.upper() if transport else None)


def number_rules(settings: Settings) -> NumberRules:
    return NumberRules(
        rules=tuple(
            NumberRule(
                name=rule.name or rule.match,
                match=rule.match,
                trunk=rule.trunk or "",
                allow=frozenset(Purpose(each) for each in rule.allow),
                is_denied=rule.deny,
                rewrite=rule.rewrite or "",
                show=rule.show or "",
            )
            for rule in settings.outbound
        ),
        country_code=CallOptions().country_code,
    )


def name_servers(settings: Settings) -> tuple[HostPort, ...]:
    return tuple(HostPort(*split_port(each)) for each in settings.sip.name_servers)


def sip_options(settings: Settings, listeners: tuple[Listener, ...]) -> SipOptions:
    sip = settings.sip
    return SipOptions(
        listeners=listeners,
        domain=sip.domain,
        trusted=sip.trusted,
        callers=tuple(str(each) for trunk in settings.trunks for each in trunk.addresses),
        asserting=frozenset(account_trunks(settings)),
        ring_all=sip.ring == "all",
        session_expires_s=sip.session_expires_s,
        digest_algorithms=sip.digest,
        streams=StreamLimits(
            connections=sip.streams.connections,
            per_source=sip.streams.per_source,
            idle_s=sip.streams.idle_s,
        ),
    )


def line_options(settings: Settings, number: str) -> LineOptions:
    account = carried_lines(settings)[number]
    return LineOptions(
        line=number,
        server=account.server,
        port=account.port,
        user=account.user,
        password=account.password.get_secret_value(),
        local_ip=account.address,
        sip_port=account.sip_port,
        rtp_ports=account.rtp_ports,
        max_calls=account.calls,
    )


def core_way(settings: Settings, number: str, address: HostPort) -> CoreWay:
    """How the line's process calls core at `address`."""
    return CoreWay(
        address=address,
        domain=settings.sip.domain,
        account=account_of(number),
        password=password_of(settings.data_path, number),
    )
