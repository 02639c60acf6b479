"""What the parts are told of the settings."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.options import CallbackOptions
from callcenter.conduct.limits import LimitRules, LineLimits, TrunkLimits
from callcenter.configuration.settings import Settings, load
from callcenter.rules import floor, flows, house, media, recordings, screens, ways
from callcenter.sections.queues import Callbacks, ServiceLevel
from foundation.ids import AgentId, QueueId
from telephony.calls.leg_media import LegMedia
from telephony.calls.number_rules import Purpose, Refusal, Route
from telephony.media.protocol import Srtp
from telephony.sip.digest import Credentials
from telephony.sip.entrance.reception import Inbound
from telephony.sip.events import HostPort
from telephony.sip.trunks.targets import Wanted
from telephony.sip.trunks.trunk_line import TrunkOptions
from wallboard.directory import ServiceTarget
from wallboard.phone_options import PhoneOptions, SipSocket

CENTRE = """\
timezone: Asia/Shanghai
media: {address: 192.0.2.9, ports: [40000, 40019], limits: {busy: 0.5, legs: 40, lost_after_s: 9}}
recordings: {path: voices, transcribe: false}
speech: {speed: 120}
auto_ready: true
short_abandon_s: 3
lines:
  - {number: "8000", flow: main}
  - {number: "8001", flow: main, language: zh, channels: 3, max_call_s: 900}
trunks:
  - {name: north, addresses: [192.0.2.10, "2001:db8::/64"], channels: 30, numbers: ["8000"]}
  - {name: south, addresses: [198.51.100.0/24], srtp: offer, inband_dtmf: true}
  - {name: east, host: "sip.example:5070", register: true, user: acc, password: pw-of-acc,
     numbers: {"01012345678": "8000", "8001": "8001"}, group: out, priority: 2, weight: 3,
     channels: 5, max_call_s: 60, options_ping_s: 30, from_user: acc}
outbound:
  - {match: "110", deny: true, name: emergency}
  - {match: "+86*", trunk: out, allow: [consult], rewrite: "0*", show: "+8610"}
limits: {calls: 90, calls_per_caller: 2, calls_per_caller_per_minute: 5, anonymous: as_one,
         max_ring_s: 20}
agents:
  - {id: eva, name: Eva Berg, sip_password: pw-of-eva, number: "1001", skills: {orders: 5},
     team: day, auto_answer: true, languages: [zh, en], srtp: require}
queues:
  orders: {skills: {orders: 2}, service_level: {percent: 90, within_s: 10}, ring_s: 7,
           wrap_up_s: 0, max_wait_s: 60, announce_agent: false, announce_position_every_s: 0}
  support: {language: en}
  unused: {}
blocked: ["13900000009", "+8613900000010"]
"""
FLOW = """\
languages: [zh, en]
start: choices
prompts:
  choices: {zh: 请按一, en: Press one.}
nodes:
  choices: {do: menu, prompt: choices, keys: {"1": orders, "2": support}, default: orders}
  orders: {do: queue, queue: orders}
  support: {do: queue, queue: support}
"""
EVA, ORDERS, SUPPORT = AgentId("eva"), QueueId("orders"), QueueId("support")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "callcenter.yaml").write_text(CENTRE, encoding="utf-8")
    return load(tmp_path)


def test_line_speaks_its_own_language_or_those_of_its_flow(settings: Settings) -> None:
    lines = house.house_rules(settings).lines

    assert (lines["8000"].flow, lines["8000"].languages) == ("main", ("zh", "en"))
    assert lines["8001"].languages == ("zh",)


def test_limits_of_lines_trunks_callers_and_the_house(settings: Settings) -> None:
    assert ways.limit_rules(settings) == LimitRules(
        lines={"8000": LineLimits(), "8001": LineLimits(channels=3, max_call_s=900)},
        trunks={
            "north": TrunkLimits(channels=30, numbers=frozenset({"8000"})),
            "south": TrunkLimits(),
            "east": TrunkLimits(channels=5, numbers=frozenset({"8000", "8001"})),
        },
        calls=90,
        calls_per_caller=2,
        calls_per_caller_per_minute=5,
        anonymous_as_one=True,
        max_ring_s=20,
    )


def test_trunks_are_known_by_their_addresses(settings: Settings) -> None:
    trunks = ways.trunks(settings)

    hosts = ("192.0.2.10", "2001:db8::1", "198.51.100.7", "192.0.2.11")
    assert [trunks.find(host) for host in hosts] == ["north", "north", "south", None]


def test_how_media_is_spoken_is_said_of_phones_and_trunks(settings: Settings) -> None:
    book = media.media_book(settings)

    assert book.of_phone(EVA).srtp is Srtp.REQUIRE
    assert book.of_caller("8000", "south", "") == LegMedia(srtp=Srtp.OFFER, inband_dtmf=True)
    assert book.of_caller("8000", "north", "") == LegMedia()


def test_a_registered_trunk_is_known_by_its_token_and_its_numbers_lead_to_lines(
    settings: Settings,
) -> None:
    trunks = ways.trunks(settings, b"secret")
    [east] = ways.outside_trunks(settings, b"secret")
    token = east.contact_token

    assert len(token) == 20
    assert token != ways.outside_trunks(settings, b"other")[0].contact_token
    assert ways.find_inbound(trunks, "203.0.113.1", token, ("acc", "+861012345678")) == Inbound(
        "east", ("8000", "acc", "+861012345678")
    )
    assert ways.find_inbound(trunks, "203.0.113.1", "", ("8000",)) is None
    assert ways.find_inbound(trunks, "192.0.2.10", "", ("8000", "x")) == Inbound(
        "north", ("8000", "8000", "x")
    )


def test_trunks_with_a_host_can_be_called(settings: Settings) -> None:
    [east] = ways.outside_trunks(settings, b"secret")
    assert east == TrunkOptions(
        name="east",
        wanted=Wanted("sip.example", 5070),
        group="out",
        priority=2,
        weight=3,
        registers=True,
        credentials=Credentials("acc", "pw-of-acc"),
        from_user="acc",
        contact_token=east.contact_token,
        options_ping_s=30,
        channels=5,
        max_call_s=60,
    )
    assert ways.trunk_credentials(settings) == {"east": Credentials("acc", "pw-of-acc")}
    assert ways.wanted_host("[2001:db8::1]:5061", "tls") == Wanted("2001:db8::1", 5061, "TLS")
    assert ways.wanted_host("2001:db8::1", None) == Wanted("2001:db8::1")


def test_number_rules_keep_their_order(settings: Settings) -> None:
    numbers = ways.number_rules(settings)
    assert numbers.decide("110", Purpose.CONSULT) == Refusal("outbound: emergency")
    assert numbers.decide("+8613800138000", Purpose.CONSULT) == Route(
        "+86*", "out", "013800138000", "+8610"
    )
    assert numbers.decide("+8613800138000", Purpose.AGENTS) == Refusal("outbound: +86*")


def test_queue_speaks_its_own_language_or_those_of_the_flows_that_lead_to_it(
    settings: Settings,
) -> None:
    queues = house.house_rules(settings).queues

    assert queues[SUPPORT].languages == ("en",)
    assert queues[ORDERS].languages == ("zh", "en")
    assert queues[QueueId("unused")].languages == house.FALLBACK_LANGUAGES
    assert queues[ORDERS].announce_agent is False


def test_blocked_numbers_are_compared_as_callers_numbers_are_kept(settings: Settings) -> None:
    assert house.house_rules(settings).blocked == {"+8613900000009", "+8613900000010"}


def test_agents_keep_their_number_and_how_they_answer(settings: Settings) -> None:
    rule = house.house_rules(settings).agents[EVA]
    [card] = floor.agent_cards(settings)

    assert (rule.number, rule.auto_answer) == ("1001", True)
    assert (card.agent_id, card.name, card.skills) == (EVA, "Eva Berg", {"orders": 5})
    assert (card.team, card.languages) == ("day", ("zh", "en"))
    assert floor.agent_options(settings).auto_ready is True


def test_every_pause_has_a_limit_that_is_its_reasons_own_or_the_usual_one(
    settings: Settings,
) -> None:
    usual = floor.agent_options(settings)
    reasons = (*settings.pause_reasons, "rona", "unreachable", "signed_in", "rest")
    assert {reason: usual.pause_limit_of(reason) for reason in reasons} == {
        **dict.fromkeys(reasons, 900.0),
        "meal": 3600.0,
        "training": 7200.0,
        "meeting": 7200.0,
    }
    own = settings.model_copy(
        update={"pause_limits": {"meal": 1800.0, "training": 0.0}, "pause_limit_s": 0.0}
    )
    options = floor.agent_options(own)
    wanted = {"meal": 1800.0, "training": None, "meeting": 7200.0, "rona": None}
    assert {reason: options.pause_limit_of(reason) for reason in wanted} == wanted


def test_floor_is_told_all_of_a_queues_times(settings: Settings) -> None:
    queue = floor.queue_options(settings)[ORDERS]

    assert (queue.ring_s, queue.wrap_up_s, queue.max_wait_s) == (7, 0, 60)
    assert queue.short_abandon_s == 3
    assert queue.announce_position_every_s is None, "0 is never"
    assert (queue.service_level.percent, queue.service_level.within_s) == (90, 10)
    assert queue.skills == {"orders": 2}


def test_a_queue_that_says_nothing_is_measured_as_the_house() -> None:
    usual, house_target = ServiceLevel(), ServiceTarget()

    assert (usual.percent / 100, usual.within_s) == (house_target.share, house_target.within_s)


def test_screens_measure_by_the_queues_own_targets(settings: Settings) -> None:
    directory = screens.directory(settings)

    target = directory.target_of(ORDERS)
    assert (target.share, target.within_s, target.short_abandon_s) == (0.9, 10, 3)
    assert directory.agent_card(EVA).team == "day"
    assert directory.target.short_abandon_s == 3


def test_workers_share_the_ports_in_even_pairs(settings: Settings) -> None:
    ports = [media.worker_options(settings, n, 3, "/s").ports for n in range(3)]

    assert ports == [(40000, 40005), (40006, 40011), (40012, 40017)]


def test_worker_is_told_address_and_limits(settings: Settings) -> None:
    options = media.worker_options(settings, 0, 1, "/run/media-0.sock")

    assert (options.socket, options.address) == ("/run/media-0.sock", "192.0.2.9")
    assert options.ports == (40000, 40019)
    assert (options.busy_limit, options.max_legs, options.media_lost_s) == (0.5, 40, 9)
    assert options.preload == [str(settings.prompt_cache_path)]
    assert options.codecs == ("PCMU", "PCMA")
    assert options.loop == "python"


def test_g722_and_opus_are_served_where_the_centre_asks_for_it(
    settings: Settings, tmp_path: Path
) -> None:
    text = CENTRE.replace("media: {", "media: {g722: true, opus: true, ")
    (tmp_path / "callcenter.yaml").write_text(text, encoding="utf-8")

    options = media.worker_options(load(tmp_path), 0, 1, "/s")

    assert options.codecs == ("PCMU", "PCMA", "G722", "OPUS")


@pytest.mark.parametrize(
    ("sip", "sockets"),
    [
        ("listen: ['udp:127.0.0.1:5060']", ()),
        ("listen: ['ws:127.0.0.1:5066']", (SipSocket("ws", "", 5066),)),
        (
            "listen: ['wss:0.0.0.0:5067'], advertised: 'sip.example:443', "
            "tls: {certificate: a.pem, key: b.pem}",
            (SipSocket("wss", "sip.example", 443),),
        ),
    ],
)
def test_the_phone_in_the_browser_is_told_where_sip_is(
    tmp_path: Path, sip: str, sockets: tuple[SipSocket, ...]
) -> None:
    (tmp_path / "callcenter.yaml").write_text(f"sip: {{domain: hotline.example, {sip}}}\n")

    assert screens.phone_options(load(tmp_path)) == PhoneOptions("hotline.example", sockets)


def test_the_c_loop_is_compiled_below_the_data_folder(settings: Settings, tmp_path: Path) -> None:
    text = CENTRE.replace("media: {", "media: {loop: auto, ")
    (tmp_path / "callcenter.yaml").write_text(text, encoding="utf-8")

    options = media.worker_options(load(tmp_path), 0, 1, "/s")

    assert options.loop == "auto"
    assert options.library_folder == str(settings.data_path / "lib")


def test_workers_are_one_less_than_the_processors_unless_given(
    settings: Settings, tmp_path: Path
) -> None:
    assert media.media_workers(settings) >= 1

    text = CENTRE.replace("media: {", "media: {workers: 5, ")
    (tmp_path / "callcenter.yaml").write_text(text, encoding="utf-8")
    assert media.media_workers(load(tmp_path)) == 5


def test_recordings_and_prompts_lie_in_the_centres_folder(
    settings: Settings, tmp_path: Path
) -> None:
    recording, prompt = recordings.recording_options(settings), flows.prompt_options(settings)

    assert (recording.path, recording.transcribe) == (tmp_path / "voices", False)
    assert recording.timezone == ZoneInfo("Asia/Shanghai")
    assert (prompt.own, prompt.speed) == (tmp_path / "prompts", 120)


def test_line_at_another_pbx_is_a_trunk_with_a_password_for_its_own_number(tmp_path: Path) -> None:
    pyvoip = "pyvoip: {server: pbx.example, user: '200', password: secret}"
    text = CENTRE.replace(
        '{number: "8000", flow: main}', f'{{number: "8000", flow: main, {pyvoip}}}'
    )
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "callcenter.yaml").write_text(text, encoding="utf-8")
    settings = load(tmp_path)

    way = ways.core_way(settings, "8000", HostPort("127.0.0.1", 5060))
    options = ways.line_options(settings, "8000")

    assert ways.trunks(settings).find_account("line~8000") == "line-8000"
    assert ways.limit_rules(settings).trunks["line-8000"].numbers == frozenset({"8000"})
    assert ways.sip_options(settings, ()).asserting == {"line~8000"}
    assert (way.account, len(way.password)) == ("line~8000", 64)
    assert way == ways.core_way(settings, "8000", HostPort("127.0.0.1", 5060))
    assert (options.server, options.port, options.password) == ("pbx.example", 5060, "secret")


def test_queues_call_back_when_they_say_so(settings: Settings) -> None:
    assert floor.queue_options(settings)[ORDERS].callbacks is None
    said = settings.queues["orders"].model_copy(update={"callbacks": Callbacks(tries=3)})
    assert floor.queue_option(said).callbacks == CallbackOptions(tries=3)
