"""What the conductor goes by: lines, queues, recording, tasks."""

from datetime import timedelta

from callcenter.conduct.card_entry import CardRule
from callcenter.conduct.house import (
    AgentRule,
    Consent,
    HouseRules,
    KeyCommand,
    LineRule,
    QueueRule,
    RecordingMode,
    RecordingRule,
)
from callcenter.configuration.settings import Settings, consent_name
from callcenter.configuration.vips import tiers_by_number
from callcenter.sections.lines import Line
from desk.options import TaskOptions
from desk.task import TaskKind
from foundation.ids import AgentId, QueueId
from ivr.speech.words import CONSENT_ANNOUNCE, CONSENT_ASK
from telephony.calls.numbers import normalise
from telephony.calls.options import CallOptions

FALLBACK_LANGUAGES = ("en",)
CONSENT_PROMPTS = {"none": "", "announce": CONSENT_ANNOUNCE, "ask": CONSENT_ASK}
DAY_S = 86_400.0


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


def task_options(settings: Settings) -> TaskOptions:
    tasks = settings.tasks
    return TaskOptions(
        bad_score=tasks.bad_score,
        due={
            TaskKind.VOICEMAIL: timedelta(hours=tasks.voicemail_due_h),
            TaskKind.FOLLOW_UP: timedelta(hours=tasks.follow_up_due_h),
        },
    )
