"""Settings turned into the options of the parts; nobody below the roof reads settings."""

import os
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import msgspec

from acd.options import AgentCard, AgentOptions, QueueOptions, ServiceLevel, Strategy
from callcenter.journey import AgentRule, HouseRules, LineRule, QueueRule
from callcenter.limits import LimitRules, LineLimits, TrunkLimits
from callcenter.line_accounts import (
    account_of,
    account_trunks,
    carried_lines,
    password_of,
    trunk_of,
)
from callcenter.places import Places
from callcenter.sections import Queue
from callcenter.settings import Settings
from foundation.ids import AgentId, QueueId
from ivr.sounds import PIPER, PromptOptions
from recordings.options import RecordingOptions
from telephony.calls.leg_media import LegMedia, MediaBook
from telephony.calls.numbers import normalise
from telephony.calls.options import CallOptions
from telephony.calls.trunks import Trunk, Trunks
from telephony.lines.options import CoreWay, LineOptions
from telephony.media.options import WorkerOptions
from telephony.media.protocol import Srtp
from telephony.media.rtpengine.options import DriverOptions
from telephony.sip.events import HostPort
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stream import StreamLimits
from wallboard.directory import AgentCard as BoardAgent
from wallboard.directory import Directory, QueueCard, ServiceTarget
from wallboard.pages import PhoneOptions, SipSocket

FALLBACK_LANGUAGES = ("en",)


def house_rules(settings: Settings) -> HouseRules:
    country_code = CallOptions().country_code
    return HouseRules(
        lines={
            line.number: LineRule(
                flow=line.flow,
                languages=(line.language,)
                if line.language
                else settings.flows[line.flow].languages,
            )
            for line in settings.lines
        },
        queues={
            QueueId(name): QueueRule(
                music=queue.music,
                announce_agent=queue.announce_agent,
                languages=_languages_of(settings, name),
            )
            for name, queue in settings.queues.items()
        },
        agents={
            AgentId(agent.id): AgentRule(number=agent.number, auto_answer=agent.auto_answer)
            for agent in settings.agents
        },
        blocked={normalise(number, country_code) for number in settings.blocked},
    )


def _languages_of(settings: Settings, queue: str) -> tuple[str, ...]:
    """The queue's own language, or all those of the flows that lead to it."""
    own = settings.queues[queue].language
    if own:
        return (own,)
    flows = [flow for flow in settings.flows.values() if queue in flow.queues()]
    # A dictionary keeps the flows' order.
    spoken = dict.fromkeys(language for flow in flows for language in flow.languages)
    return tuple(spoken) or FALLBACK_LANGUAGES


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
                numbers=None if trunk.numbers is None else frozenset(trunk.numbers),
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


def trunks(settings: Settings) -> Trunks:
    return Trunks(
        [Trunk(trunk.name, trunk.addresses) for trunk in settings.trunks],
        account_trunks(settings),
    )


def media_book(settings: Settings) -> MediaBook:
    """Who is spoken with by SRTP, and whose keys are listened for in the audio."""
    return MediaBook(
        phones={
            phone.id: LegMedia(srtp=Srtp(phone.srtp), webrtc=phone.webrtc)
            for phone in (*settings.agents, *settings.phones)
        },
        trunks={
            trunk.name: LegMedia(srtp=Srtp(trunk.srtp), inband_dtmf=trunk.inband_dtmf)
            for trunk in settings.trunks
        },
        lines={line.number: LegMedia(inband_dtmf=line.inband_dtmf) for line in settings.lines},
    )


def queue_options(settings: Settings) -> dict[QueueId, QueueOptions]:
    return {
        QueueId(name): queue_option(queue, settings.short_abandon_s)
        for name, queue in settings.queues.items()
    }


def queue_option(queue: Queue, short_abandon_s: float = 5.0) -> QueueOptions:
    return QueueOptions(
        skills=queue.skills,
        strategy=Strategy(queue.strategy),
        ring_s=queue.ring_s,
        wrap_up_s=queue.wrap_up_s,
        max_wait_s=queue.max_wait_s,
        short_abandon_s=short_abandon_s,
        service_level=ServiceLevel(
            percent=queue.service_level.percent, within_s=queue.service_level.within_s
        ),
        announce_agent=queue.announce_agent,
        announce_position_every_s=queue.announce_position_every_s or None,
        music=queue.music,
    )


def agent_cards(settings: Settings) -> list[AgentCard]:
    return [
        AgentCard(
            agent_id=AgentId(agent.id),
            name=agent.name,
            number=agent.number,
            skills=agent.skills,
            team=agent.team,
            languages=agent.languages,
            auto_answer=agent.auto_answer,
        )
        for agent in settings.agents
    ]


def agent_options(settings: Settings) -> AgentOptions:
    return AgentOptions(auto_ready=settings.auto_ready)


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


def worker_options(settings: Settings, number: int, workers: int, socket: str) -> WorkerOptions:
    """Each worker has an even share of the ports."""
    first, last = settings.media.ports
    pairs = (last - first + 1) // 2
    share = pairs // workers * 2
    limits = settings.media.limits
    return WorkerOptions(
        socket=socket,
        address=settings.media.address,
        ports=(first + number * share, first + (number + 1) * share - 1),
        codecs=(
            "PCMU",
            "PCMA",
            *["G722"] * settings.media.g722,
            *["OPUS"] * settings.media.opus,
        ),
        identity=str(settings.data_path / "media.pem"),
        max_legs=limits.legs,
        busy_limit=limits.busy,
        media_lost_s=limits.lost_after_s,
        loop=settings.media.loop,
        library_folder=str(Places(settings.data_path).libraries),
        preload=[str(settings.prompt_cache_path)],
    )


def driver_options(settings: Settings, socket: str) -> DriverOptions:
    """One driver for one rtpengine, with all of our ports."""
    media = settings.media
    is_near = ip_address(media.rtpengine.host).is_loopback
    worker = msgspec.structs.replace(
        worker_options(settings, 0, 1, socket),
        address=media.rtpengine.host if is_near else media.address,
        codecs=("PCMU", "PCMA"),
    )
    return DriverOptions(
        worker=worker,
        ng=(media.rtpengine.host, media.rtpengine.port),
        digits=(media.rtpengine_digits.host, media.rtpengine_digits.port),
        prefix=f"{settings.sip.domain}-",
        scratch=str(settings.data_path / "cache" / "rtpengine"),
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


def prompt_options(settings: Settings) -> PromptOptions:
    return PromptOptions(
        own=settings.prompts_path,
        cache=settings.prompt_cache_path,
        voices={
            language: _voice(settings, voice) for language, voice in settings.speech.voices.items()
        },
        speed=settings.speech.speed,
        currency=settings.speech.currency,
        free_text_bytes=settings.speech.free_text_mb * 1_000_000,
    )


def _voice(settings: Settings, voice: str) -> str:
    """A voice file is named from the centre's folder."""
    file = voice.removeprefix(PIPER)
    return voice if file == voice else f"{PIPER}{settings.folder / file}"


def recording_options(settings: Settings) -> RecordingOptions:
    return RecordingOptions(
        path=settings.recordings_path,
        transcribe=settings.recordings.transcribe,
        timezone=ZoneInfo(settings.timezone),
    )


def directory(settings: Settings) -> Directory:
    """Names, teams and targets for the screens."""
    return Directory(
        agents={AgentId(agent.id): BoardAgent(agent.name, agent.team) for agent in settings.agents},
        queues={
            QueueId(name): QueueCard(
                name,
                ServiceTarget(
                    share=queue.service_level.percent / 100,
                    within_s=queue.service_level.within_s,
                    short_abandon_s=settings.short_abandon_s,
                ),
            )
            for name, queue in settings.queues.items()
        },
        target=ServiceTarget(short_abandon_s=settings.short_abandon_s),
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


def media_workers(settings: Settings) -> int:
    """One less than the cores, so that core has one, and at least one; one driver of rtpengine."""
    if settings.media.driver == "rtpengine":
        return 1
    return settings.media.workers or max(1, (os.cpu_count() or 2) - 1)
