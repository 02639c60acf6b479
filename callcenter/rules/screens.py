"""What the screens go by."""

from ipaddress import ip_address

from callcenter.configuration.queue_checks import fits
from callcenter.configuration.settings import Settings
from foundation.ids import AgentId, QueueId
from wallboard.directory import AgentCard as BoardAgent
from wallboard.directory import Directory, QueueCard, ServiceTarget
from wallboard.phone_options import PhoneOptions, SipSocket


def directory(settings: Settings) -> Directory:
    """Names, teams and targets for the screens."""
    return Directory(
        agents={
            AgentId(agent.id): BoardAgent(agent.name, agent.team, agent.skills, agent.backup)
            for agent in settings.agents
        },
        queues={
            QueueId(name): QueueCard(
                queue.name or name,
                ServiceTarget(
                    share=queue.service_level.percent / 100,
                    within_s=queue.service_level.within_s,
                    short_abandon_s=settings.short_abandon_s,
                ),
                frozenset(agent.team for agent in settings.agents if fits(agent, queue)),
                queue.closed,
            )
            for name, queue in settings.queues.items()
        },
        target=ServiceTarget(short_abandon_s=settings.short_abandon_s),
        sounding=frozenset(name for name, rule in settings.alarm_rules.items() if rule.sound),
        transcribes=settings.recordings.transcribe,
    )


def phone_options(settings: Settings) -> PhoneOptions:
    """Where the phone in the browser finds SIP."""
    sockets = []
    for listener in settings.sip.listen:
        if listener.transport in ("ws", "wss"):
            host, port = settings.advertised(listener)
            # An address is no name of a certificate: the page's own host is the better guess.
            name = "" if _is_address(host) else host
            sockets.append(SipSocket(listener.transport, name, port or listener.port))
    return PhoneOptions(settings.sip.domain, tuple(sockets))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
