"""What no section can know by itself: names that must exist elsewhere, and be given once.

`problems_across` must be empty before a centre is served; `doubts` works, but is probably not
meant. Both give the path in `callcenter.yaml` and a sentence.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from callcenter.configuration import alarm_settings
from callcenter.configuration.queue_checks import queue_doubts, queue_problems
from callcenter.configuration.recording_checks import recording_doubts, recording_problems
from callcenter.configuration.vips import vip_problems
from callcenter.sections.lines import Trunk
from callcenter.sections.people import Phone
from callcenter.sections.values import SECURE_TRANSPORTS
from foundation.yaml_lines import Path, nearest
from ivr.language.nodes import Ask

if TYPE_CHECKING:  # settings.py calls this file while it loads
    from callcenter.configuration.settings import Settings

BUILT_IN_MUSIC = "music"
Finding: TypeAlias = tuple[Path, str]


def problems_across(settings: Settings) -> Iterable[Finding]:
    yield from _doubles("lines", "number", [line.number for line in settings.lines])
    yield from _doubles("agents", "id", [agent.id for agent in settings.agents])
    yield from _doubles("agents", "number", [agent.number for agent in settings.agents])
    yield from _doubles("trunks", "name", [trunk.name for trunk in settings.trunks])
    yield from _shared_numbers(settings)
    yield from _trunk_lines(settings)
    yield from _trunk_parts(settings)
    yield from _outbound(settings)
    yield from _shared_addresses(settings.trunks)
    yield from _doubles("phones", "id", [phone.id for phone in settings.phones])
    yield from _clashes(settings)
    yield from _missing_flows(settings)
    yield from _missing_calendars(settings)
    yield from _missing_music(settings)
    yield from _passwords("agents", [(agent, agent.number) for agent in settings.agents])
    yield from _passwords("phones", [(phone, "") for phone in settings.phones])
    yield from _missing_models(settings)
    yield from queue_problems(settings)
    yield from vip_problems(settings)
    yield from recording_problems(settings)
    yield from _sip_listeners(settings)
    yield from _carried_lines(settings)
    yield from alarm_settings.problems_of(settings.alarms, settings.inventory())
    yield from _emergencies(settings)


def doubts(settings: Settings) -> Iterable[Finding]:
    yield from _unreachable_listeners(settings)
    yield from _browsers_without_a_door(settings)
    yield from _languages_nobody_understands(settings)
    yield from queue_doubts(settings)
    yield from recording_doubts(settings)
    if not settings.trunks and not all(_is_loopback(one.host) for one in settings.sip.listen):
        yield ("sip", "listen"), "anybody who reaches it may call: no trunks are configured"
    yield from _hidden_rules(settings)
    if settings.media.driver == "rtpengine" and settings.media.g722:
        yield ("media", "g722"), "rtpengine is asked for G.711 only; no phone is offered G.722"
    yield from _narrow_lines(settings)
    if not settings.lines:
        yield ("lines",), "no number leads in; callers will get 404"


def _emergencies(settings: Settings) -> Iterable[Finding]:
    numbers = {line.number for line in settings.lines}
    known = settings.own_prompts() | settings.prompt_words.keys()
    for name, one in settings.emergency.items():
        path = ("emergency", name)
        if one.prompt is not None and one.prompt not in known:
            yield (*path, "prompt"), f"there is no prompt {one.prompt!r}"
        if one.queue is not None and one.queue not in settings.queues:
            hint = nearest(one.queue, settings.queues)
            yield (*path, "queue"), f"there is no queue {one.queue!r}; {hint}"
        for line in one.lines:
            if line not in numbers:
                yield (*path, "lines"), f"there is no line {line!r}; {nearest(line, numbers)}"


def _languages_nobody_understands(settings: Settings) -> Iterable[Finding]:
    for flow in settings.flows.values():
        asks = any(isinstance(node, Ask) for node in flow.nodes.values())
        missing = [one for one in flow.languages if one not in settings.recordings.models]
        if asks and missing:
            languages = ", ".join(missing)
            yield (
                ("recordings", "models"),
                f"flows/{flow.name}.yaml asks callers to speak, and no model knows: {languages}",
            )


def _browsers_without_a_door(settings: Settings) -> Iterable[Finding]:
    if any(one.transport in ("ws", "wss") for one in settings.sip.listen):
        return
    for section, accounts in (("agents", settings.agents), ("phones", settings.phones)):
        for index, account in enumerate(accounts):
            if account.webrtc:
                yield (section, index, "webrtc"), "no `ws:` or `wss:` listener lets a browser in"


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def _shared_numbers(settings: Settings) -> Iterable[Finding]:
    """A queue's number is nobody else's: whoever dials it means one thing by it."""
    taken = {line.number: f"the line {line.number}" for line in settings.lines}
    taken |= {agent.number: f"the agent {agent.id}" for agent in settings.agents}
    for name, queue in settings.queues.items():
        if queue.number in taken:
            yield ("queues", name, "number"), f"{queue.number!r} is of {taken[queue.number]}"
        elif queue.number is not None:
            taken[queue.number] = f"the queue {name}"


def _trunk_lines(settings: Settings) -> Iterable[Finding]:
    lines = [line.number for line in settings.lines]
    for index, trunk in enumerate(settings.trunks):
        for place, (number, line) in enumerate((trunk.numbers or {}).items()):
            if line not in lines:
                hint = nearest(line, lines)
                where = ("trunks", index, "numbers", place if number == line else number)
                yield where, f"{line!r} is no line; {hint}"


def _trunk_parts(settings: Settings) -> Iterable[Finding]:
    """What a trunk needs to be of use, and what it can't do without a host."""
    names = {trunk.name for trunk in settings.trunks}
    spoken = {listener.transport for listener in settings.sip.listen}
    for index, trunk in enumerate(settings.trunks):
        where = ("trunks", index)
        if not trunk.addresses and trunk.host is None:
            yield where, "needs addresses that calls come from, a host that calls go to, or both"
        has_account = trunk.user and trunk.password.get_secret_value()
        if trunk.registers and (trunk.host is None or not has_account):
            yield (*where, "register"), "needs host, user and password"
        if trunk.options_ping_s and trunk.host is None:
            yield (*where, "options_ping_s"), "needs a host"
        if trunk.group in names:
            yield (*where, "group"), f"{trunk.group!r} is a trunk's name"
        usable = {trunk.transport} if trunk.transport else {"udp", "tcp", "tls"}
        if trunk.host is not None and not usable & spoken:
            wanted = " or ".join(f"`{each}:`" for each in sorted(usable))
            yield (*where, "transport"), f"no {wanted} entry of sip.listen could be used for it"


def _outbound(settings: Settings) -> Iterable[Finding]:
    ways = {trunk.name for trunk in settings.trunks if trunk.host is not None}
    ways |= {trunk.group for trunk in settings.trunks if trunk.host and trunk.group}
    names = [rule.name or rule.match for rule in settings.outbound]
    yield from _doubles("outbound", "name", names)
    for index, rule in enumerate(settings.outbound):
        where = ("outbound", index)
        if rule.deny == bool(rule.allow):
            yield where, "needs either `allow: [consult, callback, agents]` or `deny: true`"
        if not rule.deny and rule.trunk not in ways:
            hint = nearest(rule.trunk or "", ways) if ways else "no trunk has a host"
            sentence = f"no trunk with a host and no group is called {rule.trunk!r}; {hint}"
            yield (*where, "trunk"), sentence
        if (rule.rewrite or "").endswith("*") and not rule.match.endswith("*"):
            yield (*where, "rewrite"), "ends with `*`, but `match` does not"


def _hidden_rules(settings: Settings) -> Iterable[Finding]:
    for index, rule in enumerate(settings.outbound):
        for above in settings.outbound[:index]:
            covers = above.match.endswith("*") and rule.match.startswith(above.match[:-1])
            if covers or above.match == rule.match:
                where = ("outbound", index, "match")
                yield where, f"never counts, for {above.match!r} above fits first"
                break


def _shared_addresses(trunks: Sequence[Trunk]) -> Iterable[Finding]:
    first: dict[object, str] = {}
    for index, trunk in enumerate(trunks):
        for place, network in enumerate(trunk.addresses):
            if network in first:
                where = ("trunks", index, "addresses", place)
                yield where, f"{network} is of the trunk {first[network]!r} already"
            first.setdefault(network, trunk.name)


def _missing_flows(settings: Settings) -> Iterable[Finding]:
    for index, line in enumerate(settings.lines):
        flow = settings.flows.get(line.flow)
        if not settings.has_flow_file(line.flow):
            hint = nearest(line.flow, settings.flows)
            yield ("lines", index, "flow"), f"there is no flows/{line.flow}.yaml; {hint}"
        elif flow is not None and line.language and line.language not in flow.languages:
            hint = nearest(line.language, flow.languages)
            yield ("lines", index, "language"), f"the flow does not speak {line.language!r}; {hint}"
    for name, queue in settings.queues.items():
        if queue.survey is not None and not settings.has_flow_file(queue.survey):
            hint = nearest(queue.survey, settings.flows)
            yield ("queues", name, "survey"), f"there is no flows/{queue.survey}.yaml; {hint}"


def _missing_calendars(settings: Settings) -> Iterable[Finding]:
    for index, line in enumerate(settings.lines):
        if line.hours is not None and line.hours not in settings.hours:
            hint = nearest(line.hours, settings.hours)
            yield ("lines", index, "hours"), f"no calendar is called {line.hours!r}; {hint}"


def _missing_music(settings: Settings) -> Iterable[Finding]:
    known = settings.own_prompts() | {BUILT_IN_MUSIC}
    for name, queue in settings.queues.items():
        if queue.music not in known:
            hint = nearest(queue.music, known)
            yield ("queues", name, "music"), f"there is no prompts/{queue.music}.wav; {hint}"


def _doubles(section: str, key: str, values: Sequence[str]) -> Iterable[Finding]:
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in first:
            yield (section, index, key), f"{value!r} is taken by {section}[{first[value]}]"
        first.setdefault(value, index)


def _clashes(settings: Settings) -> Iterable[Finding]:
    lines = {line.number for line in settings.lines}
    for index, agent in enumerate(settings.agents):
        if agent.number in lines:
            yield ("agents", index, "number"), f"{agent.number!r} is a line's number"
    agents = {agent.id for agent in settings.agents}
    for index, phone in enumerate(settings.phones):
        if phone.id in agents:
            yield ("phones", index, "id"), f"{phone.id!r} is an agent's id"


def _passwords(section: str, accounts: Sequence[tuple[Phone, str]]) -> Iterable[Finding]:
    """`accounts`: each with its number, if it has one."""
    for index, (account, number) in enumerate(accounts):
        if account.sip_password.get_secret_value() in (account.id, number):
            what = "the agent's id or number" if number else "the phone's id"
            yield (section, index, "sip_password"), f"is {what}; choose another"


def _sip_listeners(settings: Settings) -> Iterable[Finding]:
    sip = settings.sip
    taken: set[tuple[bool, str, int]] = set()
    for index, listener in enumerate(sip.listen):
        if listener.transport in SECURE_TRANSPORTS and sip.tls is None:
            yield ("sip", "listen", index), "needs sip.tls: {certificate: …, key: …}"
        place = (listener.transport == "udp", listener.host, listener.port)
        if listener.port and place in taken:
            yield ("sip", "listen", index), f"port {listener.port} is taken by another listener"
        taken.add(place)
    if isinstance(sip.advertised, dict):
        known = [str(listener) for listener in sip.listen]
        for name in sip.advertised:
            if name not in known:
                hint = nearest(name, known)
                yield ("sip", "advertised", name), f"is not in sip.listen; {hint}"


def _carried_lines(settings: Settings) -> Iterable[Finding]:
    """Lines at other PBXs: each an account of its own, which calls core by UDP."""
    has_udp = any(listener.transport == "udp" for listener in settings.sip.listen)
    names = {trunk.name for trunk in settings.trunks}
    first: dict[object, str] = {}
    for index, line in enumerate(settings.lines):
        if line.pyvoip is None:
            continue
        where = ("lines", index, "pyvoip")
        if not has_udp:
            yield where, "calls the centre by UDP, and sip.listen has no udp listener"
        if f"line-{line.number}" in names:
            yield where, f"is the trunk line-{line.number}, and trunks has one of that name"
        account = line.pyvoip
        taken: list[object] = [(account.server, account.port, account.user)]
        if account.sip_port:
            taken.append((account.address, account.sip_port))
        for thing in taken:
            if thing in first:
                yield where, f"has the account or sip_port of the line {first[thing]!r}"
            first.setdefault(thing, line.number)


def _narrow_lines(settings: Settings) -> Iterable[Finding]:
    """Ports towards a PBX that would not do."""
    media_first, media_last = settings.media.ports
    for index, line in enumerate(settings.lines):
        if line.pyvoip is None:
            continue
        first, last = line.pyvoip.rtp_ports
        where = ("lines", index, "pyvoip", "rtp_ports")
        if (last - first + 1) // 2 < line.pyvoip.calls:
            yield where, f"have room for {(last - first + 1) // 2} of {line.pyvoip.calls} calls"
        if first <= media_last and last >= media_first:
            yield where, f"overlap with media.ports, {media_first} to {media_last}"


def _unreachable_listeners(settings: Settings) -> Iterable[Finding]:
    for index, listener in enumerate(settings.sip.listen):
        host, _ = settings.advertised(listener)
        if ipaddress.ip_address(listener.host).is_unspecified and not host:
            sentence = "phones would be told this address; name a real one in sip.advertised"
            yield ("sip", "listen", index), sentence


def _missing_models(settings: Settings) -> Iterable[Finding]:
    for language, name in settings.recordings.models.items():
        folder = settings.model_path(language)
        if settings.recordings.transcribe and (folder is None or not folder.is_dir()):
            hint = nearest(name, settings.built_in_models())
            yield (
                ("recordings", "models", language),
                f"{name!r} is neither a folder nor a built-in model; {hint}",
            )
