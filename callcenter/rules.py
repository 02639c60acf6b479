"""Settings turned into the options of the parts; nobody below the roof reads settings."""

import hashlib
import hmac
import os
from datetime import timedelta
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import msgspec

from acd.events import Priority
from acd.options import (
    AgentCard,
    AgentOptions,
    CallbackOptions,
    QueueOptions,
    Relaxation,
    ServiceLevel,
    ServiceOrder,
    Surge,
)
from acd.requirement import parse_requirement
from callcenter.card_entry import CardRule
from callcenter.house import (
    AgentRule,
    Consent,
    HouseRules,
    KeyCommand,
    LineRule,
    QueueRule,
    RecordingMode,
    RecordingRule,
)
from callcenter.limits import LimitRules, LineLimits, TrunkLimits
from callcenter.line_accounts import (
    account_of,
    account_trunks,
    carried_lines,
    password_of,
    trunk_of,
)
from callcenter.lookups import LookupOptions
from callcenter.places import Places
from callcenter.queue_checks import fits
from callcenter.secret import derive_key
from callcenter.sections import Line, Queue, split_port
from callcenter.settings import Settings, consent_name
from callcenter.vips import tiers_by_number
from desk.options import TaskOptions
from desk.task import TaskKind
from foundation.ids import AgentId, QueueId
from ivr.sounds import PIPER, PromptOptions
from ivr.words import CONSENT_ANNOUNCE, CONSENT_ASK
from recordings.archive import FolderShelf
from recordings.archive_options import ArchiveOptions
from recordings.certificate import FOLDER as CERTIFICATES
from recordings.certificate import Certificates
from recordings.lease import LeaseOptions
from recordings.master_keys import FILE_NAME, KeyFile
from recordings.options import RecordingOptions
from recordings.sealed import SealedShelf
from telephony.calls.leg_media import LegMedia, MediaBook
from telephony.calls.number_rules import NumberRule, NumberRules, Purpose
from telephony.calls.numbers import normalise
from telephony.calls.options import CallOptions
from telephony.calls.trunks import Trunk, Trunks
from telephony.lines.options import CoreWay, LineOptions
from telephony.media.options import WorkerOptions
from telephony.media.protocol import Srtp
from telephony.media.rtpengine.options import DriverOptions
from telephony.sip.digest import Credentials
from telephony.sip.events import HostPort
from telephony.sip.options import Listener, SipOptions
from telephony.sip.reception import Inbound
from telephony.sip.stream import StreamLimits
from telephony.sip.targets import Wanted
from telephony.sip.trunk_line import TrunkOptions
from wallboard.alarm_post import Mail, MailOptions, Way, Webhook, WebhookOptions
from wallboard.directory import AgentCard as BoardAgent
from wallboard.directory import Directory, QueueCard, ServiceTarget
from wallboard.phone_options import PhoneOptions, SipSocket

FALLBACK_LANGUAGES = ("en",)
CONSENT_PROMPTS = {"none": "", "announce": CONSENT_ANNOUNCE, "ask": CONSENT_ASK}
DAY_S = 86_400.0
PAUSE_LIMITS_S = {"meal": 3_600.0, "training": 7_200.0, "meeting": 7_200.0}
"Of reasons that most centres have, which take longer than the 15 minutes of all others."


def house_rules(settings: Settings) -> HouseRules:
    country_code = CallOptions().country_code
    return HouseRules(
        lines={
            line.number: LineRule(
                flow=line.flow,
                languages=(line.language,)
                if line.language
                else settings.flows[line.flow].languages,
                hours=line.hours or "",
                recording=RecordingMode(line.recording),
                consent=Consent(line.consent),
                consent_prompt=_consent_prompt(line),
                decline_key=line.decline_key,
            )
            for line in settings.lines
        },
        queues={
            QueueId(name): QueueRule(
                music=queue.music,
                announce_agent=queue.announce_agent,
                languages=_languages_of(settings, name),
                number=queue.number or "",
                recording=RecordingMode(queue.recording),
                survey=queue.survey or "",
                overflow_to=QueueId(queue.overflow_to) if queue.overflow_to else None,
                sticky_within_s=queue.sticky_days * DAY_S if queue.sticky_s else 0.0,
                transcribe_priority=queue.transcribe_priority,
                live_transcript=queue.live_transcript,
            )
            for name, queue in settings.queues.items()
        },
        agents={
            AgentId(agent.id): AgentRule(number=agent.number, auto_answer=agent.auto_answer)
            for agent in settings.agents
        },
        blocked={normalise(number, country_code) for number in settings.blocked},
        recording=recording_rule(settings),
        outside_ring_s=settings.transfers.ring_s,
        vips=tiers_by_number(settings),
    )


def recording_rule(settings: Settings) -> RecordingRule:
    keys, card = settings.recordings.keys, settings.recordings.card
    given = {KeyCommand(name): code for name, code in keys if code is not None}
    return RecordingRule(
        keys={code: command for command, code in given.items()},
        card=None
        if card is None
        else CardRule(
            post_to=card.post_to,
            least=card.least,
            most=card.most,
            check=card.check,
            wait_s=card.wait_s,
            timeout_s=card.timeout_s,
        ),
    )


def _consent_prompt(line: Line) -> str:
    if line.consent_words:
        return consent_name(line.number)
    return line.consent_prompt or CONSENT_PROMPTS[line.consent]


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


def find_inbound(trunks: Trunks, host: str, token: str, dialled: tuple[str, ...]) -> Inbound | None:
    """As the SIP stack asks (`telephony.sip.reception`)."""
    trunk = trunks.find_by_token(token) or trunks.find(host)
    if trunk is None:
        return None
    return Inbound(trunk, trunks.lines_of(trunk, dialled, CallOptions().country_code))


def _token(trunk: str, secret: bytes) -> str:
    return hmac.new(secret, trunk.encode(), hashlib.sha256).hexdigest()[:20]


def outside_trunks(settings: Settings, secret: bytes) -> list[TrunkOptions]:
    """Those that we call."""
    return [
        TrunkOptions(
            name=trunk.name,
            wanted=wanted_host(trunk.host, trunk.transport),
            group=trunk.group or "",
            priority=trunk.priority,
            weight=trunk.weight,
            registers=trunk.registers,
            credentials=Credentials(trunk.user, trunk.password.get_secret_value())
            if trunk.user
            else None,
            from_user=trunk.from_user,
            contact_token=_token(trunk.name, secret) if trunk.registers else "",
            options_ping_s=trunk.options_ping_s,
            channels=trunk.channels,
            max_call_s=trunk.max_call_s,
        )
        for trunk in settings.trunks
        if trunk.host is not None
    ]


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


def queue_options(settings: Settings) -> dict[QueueId, QueueOptions]:
    return {
        QueueId(name): queue_option(queue, settings.short_abandon_s)
        for name, queue in settings.queues.items()
    }


def queue_option(queue: Queue, short_abandon_s: float = 5.0) -> QueueOptions:
    return QueueOptions(
        skills=queue.skills,
        requires=parse_requirement(queue.requires),
        relax=tuple(
            Relaxation(step.after_s, parse_requirement(step.requires)) for step in queue.relax
        ),
        strategy=queue.strategy,
        ring_all_most=queue.ring_all_most,
        sticky_s=queue.sticky_s,
        max_waiting=queue.max_waiting,
        max_expected_wait_s=queue.max_expected_wait_s,
        is_closed=queue.closed,
        needs_agents=queue.needs_agents,
        wrap_up_codes=queue.wrap_up_codes,
        needs_wrap_up_code=queue.needs_wrap_up_code,
        surge=_surge(queue),
        ring_s=queue.ring_s,
        wrap_up_s=queue.wrap_up_s,
        max_wait_s=queue.max_wait_s,
        short_abandon_s=short_abandon_s,
        service_level=ServiceLevel(
            percent=queue.service_level.percent, within_s=queue.service_level.within_s
        ),
        callbacks=_callbacks(queue),
        announce_agent=queue.announce_agent,
        announce_position_every_s=queue.announce_position_every_s or None,
        music=queue.music,
    )


def _callbacks(queue: Queue) -> CallbackOptions | None:
    wanted = queue.callbacks
    if wanted is None:
        return None
    return CallbackOptions(
        tries=wanted.tries,
        retry_after_s=wanted.retry_after_s,
        ring_s=wanted.ring_s,
        give_up_after_s=wanted.give_up_after_s,
        max_pending=wanted.max_pending,
        furthest_s=wanted.furthest_days * DAY_S,
    )


def _surge(queue: Queue) -> Surge | None:
    surge = queue.surge
    if surge is None:
        return None
    return Surge(join_waiting=surge.join_waiting, leave_waiting=surge.leave_waiting)


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
            backup=agent.backup,
            allocation={QueueId(name): share for name, share in agent.allocation.items()},
        )
        for agent in settings.agents
    ]


def agent_options(settings: Settings) -> AgentOptions:
    order = settings.order
    return AgentOptions(
        auto_ready=settings.auto_ready,
        selection=settings.selection,
        pause_limit_s={**PAUSE_LIMITS_S, **settings.pause_limits},
        other_pauses_s=settings.pause_limit_s,
        away_grace_s=settings.away_grace_s,
        max_wrap_up_s=settings.max_wrap_up_s,
        order=ServiceOrder(
            priority_s={Priority.P0: order.p0_s, Priority.P1: order.p1_s, Priority.P2: order.p2_s},
            tier_s=order.tiers,
            front_s=order.front_s,
            longest_s=order.longest_s,
        ),
    )


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


def lookup_options(settings: Settings) -> LookupOptions:
    lookups = settings.lookups
    return LookupOptions(
        hosts=frozenset(lookups.hosts),
        headers={
            host: {name: value.get_secret_value() for name, value in headers.items()}
            for host, headers in lookups.headers.items()
        },
        at_once=lookups.at_once,
        max_bytes=lookups.max_bytes,
    )


def archive_shelf(settings: Settings) -> SealedShelf:
    """Where the audio of ended recordings is kept."""
    return SealedShelf(
        FolderShelf(settings.recordings_path),
        archive_keys(settings),
        seals=settings.recordings.encrypt,
    )


def archive_keys(settings: Settings) -> KeyFile:
    return KeyFile(settings.data_path / FILE_NAME)


def certificates(settings: Settings) -> Certificates:
    """Of deletions."""
    key = derive_key(settings.data_path, "certificates of deletion")
    return Certificates(settings.data_path / CERTIFICATES, key)


def keep_days(settings: Settings, queue: QueueId) -> int | None:
    """How long its recordings are kept; None: for ever. A queue that is no more has the centre's
    days."""
    of_queue = settings.queues[queue].keep_recordings_days if queue in settings.queues else None
    return settings.recordings.keep_days if of_queue is None else of_queue


def archive_options(settings: Settings) -> ArchiveOptions:
    return ArchiveOptions(
        recordings=settings.recordings_path, transcribe=settings.recordings.transcribe
    )


def recording_options(settings: Settings) -> RecordingOptions:
    return RecordingOptions(
        path=settings.recordings_path,
        transcribe=settings.recordings.transcribe,
        timezone=ZoneInfo(settings.timezone),
        lease=LeaseOptions(newest_first=settings.recordings.newest_first),
    )


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


def alarm_ways(settings: Settings) -> dict[str, Way]:
    """Who outside is told of alarms."""
    alarms, centre = settings.alarms, settings.sip.domain
    ways: dict[str, Way] = {}
    if alarms.webhook is not None:
        secret = alarms.webhook.secret.get_secret_value().encode()
        ways["webhook"] = Webhook(
            WebhookOptions(url=alarms.webhook.url, secret=secret, centre=centre)
        )
    if alarms.mail is not None:
        mail = alarms.mail
        host, port = split_port(mail.server, 587)
        options = MailOptions(
            host=host,
            port=port,
            tls=mail.tls,
            user=mail.user,
            password=mail.password.get_secret_value(),
            sender=mail.sender,
            to=mail.to,
            centre=centre,
        )
        ways["mail"] = Mail(options)
    return ways


def task_options(settings: Settings) -> TaskOptions:
    tasks = settings.tasks
    return TaskOptions(
        bad_score=tasks.bad_score,
        due={
            TaskKind.VOICEMAIL: timedelta(hours=tasks.voicemail_due_h),
            TaskKind.FOLLOW_UP: timedelta(hours=tasks.follow_up_due_h),
        },
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
