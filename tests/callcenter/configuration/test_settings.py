"""A centre's folder gives settings, or all its problems with file and line."""

from pathlib import Path

import pytest

from acd.options import Strategy
from callcenter.configuration import settings as settings_module
from callcenter.configuration.settings import Settings, load
from callcenter.sections.recordings import async_url
from foundation.errors import ConfigurationError
from ivr.language.nodes import Ask

GOOD = """\
sip:   {listen: ["udp:127.0.0.1:5060"], domain: hotline.example}
http:  {listen: "127.0.0.1:8080"}
timezone: Asia/Shanghai
media: {address: 127.0.0.1, ports: [30000, 31999]}
store: {url: "sqlite:///data/callcenter.db"}
recordings: {path: data/recordings, transcribe: false, models: {en: tiny-en, zh: tiny-zh}}
lines: []
agents:
  - {id: agent0001, name: Li Na, sip_password: pw0001, number: "1001",
     skills: {orders: 5, english: 3}, team: day}
queues:
  orders: {skills: {orders: 1}, strategy: longest_idle,
           service_level: {percent: 80, within_s: 15}, wrap_up_s: 20, ring_s: 15,
           max_wait_s: 600, announce_agent: true}
"""


def centre(folder: Path, text: str) -> Path:
    (folder / "callcenter.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(centre(folder, text))
    return caught.value.problems


def test_the_contracts_example_is_accepted(tmp_path: Path) -> None:
    settings = load(centre(tmp_path, GOOD))

    assert str(settings.sip.listen[0]) == "udp:127.0.0.1:5060"
    assert settings.http.listen.port == 8080
    assert settings.media.ports == (30000, 31999)
    assert settings.agents[0].skills == {"orders": 5, "english": 3}
    assert settings.queues["orders"].service_level.within_s == 15
    assert settings.recordings_path == tmp_path / "data/recordings"


def test_all_problems_come_at_once_with_file_and_line(tmp_path: Path) -> None:
    text = """\
timezone: Asia/Shanghia
htpp: {listen: "127.0.0.1:8080"}
agents:
  - id: a1
    name: Li Na
    nubmer: "1001"
    number: "1001"
    sip_password: pw0001
queues:
  orders:
    strategy: fifo
    ring_s: -1
"""
    assert problems(tmp_path, text) == [
        "callcenter.yaml:1: timezone: 'Asia/Shanghia': is not a time zone; "
        "did you mean 'Asia/Shanghai'?",
        "callcenter.yaml:2: htpp: unknown key 'htpp'; did you mean 'http'?",
        "callcenter.yaml:6: agents[0].nubmer: unknown key 'nubmer'; did you mean 'number'?",
        "callcenter.yaml:11: queues.orders.strategy: 'fifo': input should be "
        + ", ".join(f"'{each}'" for each in [*Strategy][:-1])
        + f" or '{[*Strategy][-1]}'",
        "callcenter.yaml:12: queues.orders.ring_s: -1: input should be greater than 0",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sip: {listen: ['sctp:127.0.0.1:5060']}", "transport 'sctp' is not known; these are: udp"),
        ("sip: {listen: ['tls:127.0.0.1:5061']}", "needs sip.tls: {certificate: …, key: …}"),
        ("sip: {listen: ['wss:[::1]:443']}", "needs sip.tls: {certificate: …, key: …}"),
        ("sip: {listen: ['tcp:127.0.0.1:5060', 'ws:127.0.0.1:5060']}", "port 5060 is taken by"),
        ("sip: {advertised: {'udp:127.0.0.1:5061': 192.0.2.1}}", "is not in sip.listen"),
        ("sip: {advertised: '192.0.2.1:99999'}", "write an address or a name"),
        ("sip: {listen: ['127.0.0.1:5060']}", "write transport:address:port"),
        ("sip: {listen: ['udp:localhost:5060']}", "'localhost' is not an IP address"),
        ("sip: {listen: []}", "at least 1 item"),
        ("sip: {trusted: ['my trunk']}", "'my trunk' is not an IP address or network"),
        ("sip: {ring: some}", "'newest' or 'all'"),
        ("sip: {name_servers: [here]}", "'here' is not an IP address with or without a port"),
        ("sip: {name_servers: ['192.0.2.1:99999']}", "port 99999 is not within 1 to 65535"),
        ("trunks: [{name: n, host: 'a b'}]", "write an address or a name"),
        ("trunks: [{name: n, host: a, numbers: {8610: '8000'}}]", "put the number in quotes"),
        ("outbound: [{match: '8*6', deny: true}]", "outbound[0].match: '8*6'"),
        ("outbound: [{match: 110, deny: true}]", "put the number in quotes"),
        ("http: {listen: '8080'}", "write address:port, for example 127.0.0.1:5060"),
        ("media: {ports: [30001, 31999]}", "start even and end odd"),
        ("media: {ports: [31000, 30999]}", "is not a range"),
        ("media: {ports: [30000, 30001]}", "no room for one call"),
        ("media: {address: here}", "is not an IP address"),
        ("store: {url: 'mysql://localhost/x'}", "write sqlite:///"),
        ("lines: [{number: '8000'}]", "callcenter.yaml:1: lines[0].flow: is missing"),
        ("queues: {orders: {skills: {orders: 0}}}", "greater than or equal to 1"),
        ("sip: {listen: ['udp:127.0.0.1:5060'", "callcenter.yaml:1: not YAML"),
        ("blocked: [8613800000000]", "blocked[0]: 8613800000000: put the number in quotes"),
        ("- a list", "is not a mapping of sections"),
        ("timezone: UTC\ntimezone: UTC", "callcenter.yaml:2: timezone: is given twice"),
    ],
)
def test_wrong_value_is_explained(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in "\n".join(problems(tmp_path, text))


@pytest.mark.parametrize(
    ("sip", "media", "told"),
    [
        ("listen: ['tcp:10.0.0.1:5060']", "127.0.0.1", ("", 0)),
        ("listen: ['tcp:0.0.0.0:5060']", "192.0.2.1", ("192.0.2.1", 0)),
        ("listen: ['tcp:[::]:5060']", "192.0.2.1", ("", 0)),
        ("listen: ['tcp:10.0.0.1:5060'], advertised: 203.0.113.7", "10.0.0.1", ("203.0.113.7", 0)),
        (
            "listen: ['tcp:[::]:5060'], advertised: {'tcp:[::]:5060': '[2001:db8::1]:5070'}",
            "10.0.0.1",
            ("2001:db8::1", 5070),
        ),
        (
            "listen: ['tcp:[::]:5060'], advertised: 'hotline.example:5070'",
            "10.0.0.1",
            ("hotline.example", 5070),
        ),
    ],
)
def test_peers_are_told_the_advertised_address(
    sip: str, media: str, told: tuple[str, int], tmp_path: Path
) -> None:
    text = GOOD.replace('listen: ["udp:127.0.0.1:5060"]', sip)
    text = text.replace("media: {address: 127.0.0.1", f"media: {{address: {media}")
    settings = load(centre(tmp_path, text))
    assert settings.advertised(settings.sip.listen[0]) == told
    warned = any("sip.advertised" in one for one in settings.warnings)
    assert warned == (told == ("", 0) and "[::]" in sip)


def agent(agent_id: str, number: str, password: str = "pw-7f31") -> str:
    return f"  - {{id: {agent_id}, name: N, number: '{number}', sip_password: '{password}'}}\n"


def test_agents_ids_and_numbers_are_given_once(tmp_path: Path) -> None:
    text = "agents:\n" + agent("a1", "1001") + agent("a1", "1002") + agent("a3", "1001")
    assert problems(tmp_path, text) == [
        "callcenter.yaml:3: agents[1].id: 'a1' is taken by agents[0]",
        "callcenter.yaml:4: agents[2].number: '1001' is taken by agents[0]",
    ]


@pytest.mark.parametrize("password", ["", "   ", "changeme", "a1", "1001"])
def test_poor_password_is_refused(tmp_path: Path, password: str) -> None:
    found = problems(tmp_path, "agents:\n" + agent("a1", "1001", password))
    assert len(found) == 1
    assert found[0].startswith("callcenter.yaml:2: agents[0].sip_password: ")


def test_no_secret_is_ever_repeated(tmp_path: Path) -> None:
    text = "agents: [{id: a1, name: N, number: '1', sip_password: [topsecret]}]"
    assert "topsecret" not in "\n".join(problems(tmp_path, text))
    text = "agents: [{id: a1, sip_password: topsecret, sip_pasword: topsecret}]"
    assert "topsecret" not in "\n".join(problems(tmp_path, text))
    text = "store: {url: 'mysql://me:topsecret@db/x'}"
    assert "topsecret" not in "\n".join(problems(tmp_path, text))
    text = "store: {url: 'postgresql://me:topsecret@db/x'}\nagents:\n" + agent(
        "a", "1", "topsecret"
    )
    assert "topsecret" not in repr(load(centre(tmp_path, text)))


def test_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLCENTER_HTTP__LISTEN", "127.0.0.1:9999")
    monkeypatch.setenv("CALLCENTER_SIP__LISTEN", "udp:0.0.0.0:5070,udp:[::1]:5070")
    monkeypatch.setenv("CALLCENTER_MEDIA__PORTS", "[40000, 40999]")
    settings = load(centre(tmp_path, GOOD))
    assert settings.http.listen.port == 9999
    assert [str(one) for one in settings.sip.listen] == ["udp:0.0.0.0:5070", "udp:[::1]:5070"]
    assert settings.media.ports == (40000, 40999)
    assert settings.media.address == "127.0.0.1"


def test_problem_of_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCENTER_HTTP__LISTEN", "nowhere")
    monkeypatch.setenv("CALLCENTER_HTPP", "{}")
    found = problems(tmp_path, GOOD)
    assert found[0] == "environment CALLCENTER_HTPP: unknown key 'htpp'; did you mean 'http'?"
    assert found[1].startswith("environment CALLCENTER_HTTP__LISTEN: 'nowhere': write address:port")


def test_environment_that_is_no_json_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCENTER_LINES", "8000")
    monkeypatch.setenv("CALLCENTER_MEDIA", "{oops")
    assert "environment" in problems(tmp_path, GOOD)[0]


def test_queues_music_is_built_in_or_recorded(tmp_path: Path) -> None:
    text = "queues:\n  orders:\n    music: jazz\n"
    assert problems(tmp_path, text) == [
        "callcenter.yaml:3: queues.orders.music: there is no prompts/jazz.wav; known: music"
    ]
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "jazz.wav").touch()
    assert load(centre(tmp_path, text)).queues["orders"].music == "jazz"


FLOW = "start: q\nnodes:\n  q: {do: queue, queue: orders}\n"


def flow_file(folder: Path, name: str, text: str) -> None:
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "flows" / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_flows_are_read_and_their_queues_looked_up(tmp_path: Path) -> None:
    flow_file(tmp_path, "main", FLOW)
    settings = load(centre(tmp_path, GOOD.replace("[]", '[{number: "8000", flow: main}]')))
    assert settings.flows["main"].queues() == {"orders"}

    flow_file(tmp_path, "main", FLOW.replace("queue: orders", "queue: order"))
    assert problems(tmp_path, GOOD) == [
        "flows/main.yaml:3: nodes.q.queue: no queue is called 'order'; did you mean 'orders'?"
    ]


def test_lines_flow_and_language_must_exist(tmp_path: Path) -> None:
    flow_file(tmp_path, "main", FLOW)
    text = GOOD.replace(
        "lines: []",
        "lines:\n  - {number: '1', flow: mian}\n  - {number: '2', flow: main, language: zh}",
    )
    assert problems(tmp_path, text) == [
        "callcenter.yaml:8: lines[0].flow: there is no flows/mian.yaml; did you mean 'main'?",
        "callcenter.yaml:9: lines[1].language: the flow does not speak 'zh'; known: en",
    ]


def test_prompt_needs_words_in_each_language_or_a_recording(tmp_path: Path) -> None:
    text = """\
languages: [en, zh]
start: hello
prompts:
  hello: {en: Hello.}
nodes:
  hello: {do: say, prompt: hello, next: bye}
  bye: {do: hangup, prompt: helo}
"""
    flow_file(tmp_path, "main", text)
    assert problems(tmp_path, GOOD) == [
        "flows/main.yaml:4: prompts.hello: has no words in 'zh', a language of this flow",
        "flows/main.yaml:7: nodes.bye: the prompt 'helo' has neither words nor a WAV; "
        "did you mean 'hello'?",
    ]
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "hello.wav").touch()
    (tmp_path / "prompts" / "helo.zh.wav").touch()
    load(centre(tmp_path, GOOD))


def test_language_of_a_flow_needs_a_voice_and_announcements_have_words(tmp_path: Path) -> None:
    text = """\
languages: [en, fr]
start: hello
prompts: {hello: {en: Hello., fr: Salut.}}
nodes:
  hello: {do: say, prompt: hello, next: bye}
  bye: {do: hangup, prompt: all_busy}
"""
    flow_file(tmp_path, "main", text)
    assert problems(tmp_path, GOOD) == [
        "flows/main.yaml:1: languages: speech.voices has no voice for 'fr'"
    ]
    load(centre(tmp_path, GOOD + "speech: {voices: {en: en-us, fr: fr}}\n"))


def test_phones_are_accounts_of_their_own(tmp_path: Path) -> None:
    text = (
        "phones:\n"
        "  - {id: boss, name: Chen Jing, sip_password: a-good-one}\n"
        "  - {id: boss, name: Li Min, sip_password: boss}\n"
        "  - {id: a1, name: Li Na, sip_password: secret}\n"
    )
    assert problems(tmp_path, text) == [
        "callcenter.yaml:4: phones[2].sip_password: is the first that anybody would try; "
        "choose another",
    ]
    text = text.replace("secret", "another") + "agents:\n" + agent("a1", "1001")
    assert problems(tmp_path, text) == [
        "callcenter.yaml:3: phones[1].id: 'boss' is taken by phones[0]",
        "callcenter.yaml:4: phones[2].id: 'a1' is an agent's id",
        "callcenter.yaml:3: phones[1].sip_password: is the phone's id; choose another",
    ]


@pytest.mark.parametrize(
    ("number", "of"),
    [("8000", "the line 8000"), ("1001", "the agent a1"), ("7001", "the queue orders")],
)
def test_queues_number_is_nobody_elses(tmp_path: Path, number: str, of: str) -> None:
    flow_file(tmp_path, "main", FLOW)
    text = "lines: [{number: '8000', flow: main}]\nagents:\n" + agent("a1", "1001")
    text += f"queues:\n  orders: {{number: '7001'}}\n  repairs: {{number: '{number}'}}\n"
    found = problems(tmp_path, text)
    assert any(f"queues.repairs.number: {number!r} is of {of}" in one for one in found), found


def test_agents_number_must_not_be_a_lines(tmp_path: Path) -> None:
    flow_file(tmp_path, "main", FLOW)
    text = GOOD.replace("[]", "[{number: '1001', flow: main}]")
    assert problems(tmp_path, text) == [
        "callcenter.yaml:9: agents[0].number: '1001' is a line's number"
    ]


def test_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "callcenter.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path)


def test_two_flows_must_not_give_one_prompt_different_words(tmp_path: Path) -> None:
    flow_file(tmp_path, "a", FLOW + "prompts:\n  hello: {en: Hello.}\n")
    flow_file(tmp_path, "b", FLOW + "prompts:\n  hello: {en: Hi.}\n")
    assert problems(tmp_path, GOOD) == [
        "flows/b.yaml:5: prompts.hello: has other words in flows/a.yaml"
    ]


def test_problems_of_all_files_come_together(tmp_path: Path) -> None:
    flow_file(tmp_path, "a", "start: [")
    flow_file(tmp_path, "b", "oops: 1")
    found = problems(tmp_path, "oops: 1")
    assert [one.split(":")[0] for one in found] == [
        "callcenter.yaml",
        "flows/a.yaml",
        "flows/b.yaml",
        "flows/b.yaml",
        "flows/b.yaml",
    ]


def test_missing_file_points_at_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="callcenter init"):
        load(tmp_path)


def test_missing_model_is_a_problem_only_when_transcribing(
    tmp_path: Path,
) -> None:
    text = "recordings:\n  transcribe: true\n  models:\n    en: tiny-em\n"
    assert problems(tmp_path, text) == [
        "callcenter.yaml:4: recordings.models.en: 'tiny-em' is neither a folder nor a built-in "
        "model; did you mean 'tiny-en'?"
    ]
    right = load(centre(tmp_path, text.replace("tiny-em", "tiny-en")))
    assert right.model_path("en") == settings_module.BUILT_IN_MODELS / "tiny-en"
    assert right.model_path("fr") is None
    load(centre(tmp_path, text.replace("true", "false")))


def test_queue_that_no_agent_fits_is_a_doubt(tmp_path: Path) -> None:
    settings = load(centre(tmp_path, "timezone: UTC\nqueues:\n  vip: {skills: {vip: 3}}\n"))
    assert settings.warnings[0] == (
        "callcenter.yaml:3: queues.vip: no agent has the skills that this queue asks for"
    )


def test_database_urls_get_the_asyncio_driver_and_the_centres_folder(tmp_path: Path) -> None:
    settings = load(centre(tmp_path, GOOD))
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/data/callcenter.db"
    assert async_url("sqlite:////var/x.db", tmp_path) == "sqlite+aiosqlite:////var/x.db"
    assert async_url("postgresql://u:p@h/d", tmp_path) == "postgresql+asyncpg://u:p@h/d"


def test_journal_has_a_file_of_its_own_beside_postgresql_too(tmp_path: Path) -> None:
    settings: Settings = load(centre(tmp_path, "store: {url: 'postgresql://u:p@h/d'}"))
    assert settings.database_url == "postgresql+asyncpg://u:p@h/d"
    assert settings.journal_path == tmp_path / "data" / "journal.db"


def test_watch_tokens_open_only_when_they_are_hard_to_guess(tmp_path: Path) -> None:
    good = load(centre(tmp_path, 'http: {watch_tokens: ["0123456789abcdef0123"]}'))
    assert good.http.watch_tokens[0].get_secret_value() == "0123456789abcdef0123"

    [problem] = problems(tmp_path, 'http: {watch_tokens: ["0123456789abcdef0123", tooshort]}')
    assert problem.startswith("callcenter.yaml:1: http.watch_tokens[1]: needs 20 characters")
    assert "tooshort" not in problem


@pytest.mark.parametrize(
    "token", ["a token with some blanks in it", "一二三四五六七八九十一二三四五六七八九十"]
)
def test_watch_token_that_no_header_can_carry_is_refused(tmp_path: Path, token: str) -> None:
    [problem] = problems(tmp_path, f'http: {{watch_tokens: ["{token}"]}}')

    assert "ASCII without spaces" in problem


def test_watch_tokens_are_never_shown(tmp_path: Path) -> None:
    settings = load(centre(tmp_path, 'http: {watch_tokens: ["0123456789abcdef0123"]}'))

    assert "0123456789abcdef0123" not in repr(settings)


def test_trunks_problems_come_with_their_lines(tmp_path: Path) -> None:
    text = """\
lines:
  - {number: "8000", flow: main}
trunks:
  - {name: north, addresses: [192.0.2.0/28], numbers: ["8001"]}
  - {name: north, addresses: [192.0.2.0/28]}
"""
    flow_file(tmp_path, "main", "nodes: {echo: {do: echo}}\nstart: echo\nlanguages: [en]\n")
    assert problems(tmp_path, text) == [
        "callcenter.yaml:5: trunks[1].name: 'north' is taken by trunks[0]",
        "callcenter.yaml:4: trunks[0].numbers[0]: '8001' is no line; did you mean '8000'?",
        "callcenter.yaml:5: trunks[1].addresses[0]: 192.0.2.0/28 is of the trunk 'north' already",
    ]
    [problem] = problems(tmp_path, "trunks:\n  - {name: n, addresses: [192.0.2.1/28]}\n")
    assert problem == (
        "callcenter.yaml:2: trunks[0].addresses[0]: '192.0.2.1/28': write an address, "
        "192.0.2.10, or a network whose host bits are 0, 192.0.2.0/28"
    )


TRUNKS_OUT = """\
sip: {listen: ["tls:127.0.0.1:5061"], tls: {certificate: c.pem, key: k.pem}}
lines:
  - {number: "8000", flow: main}
trunks:
  - {name: bare}
  - {name: reg, host: sip.example, register: true, user: acc}
  - {name: ping, addresses: [192.0.2.1], options_ping_s: 10}
  - {name: udp, host: sip.example, transport: udp, group: bare}
  - {name: map, addresses: [192.0.2.2], numbers: {"+8610": "8001"}}
outbound:
  - {match: "+86*"}
  - {match: "+1*", allow: [consult], deny: true, trunk: reg}
  - {match: "+44*", allow: [consult], trunk: ping}
  - {match: "112", allow: [agents], trunk: reg, rewrite: "9*"}
  - {match: "+86*", deny: true}
"""


def test_what_trunks_and_rules_lack_comes_with_its_line(tmp_path: Path) -> None:
    flow_file(tmp_path, "main", "nodes: {echo: {do: echo}}\nstart: echo\nlanguages: [en]\n")
    assert problems(tmp_path, TRUNKS_OUT) == [
        "callcenter.yaml:9: trunks[4].numbers.+8610: '8001' is no line; did you mean '8000'?",
        "callcenter.yaml:5: trunks[0]: needs addresses that calls come from, a host that calls "
        "go to, or both",
        "callcenter.yaml:6: trunks[1].register: needs host, user and password",
        "callcenter.yaml:7: trunks[2].options_ping_s: needs a host",
        "callcenter.yaml:8: trunks[3].group: 'bare' is a trunk's name",
        "callcenter.yaml:8: trunks[3].transport: no `udp:` entry of sip.listen could be used "
        "for it",
        "callcenter.yaml:15: outbound[4].name: '+86*' is taken by outbound[0]",
        "callcenter.yaml:11: outbound[0]: needs either `allow: [consult, callback, agents]` or "
        "`deny: true`",
        "callcenter.yaml:11: outbound[0].trunk: no trunk with a host and no group is called None; "
        "known: bare, reg, udp",
        "callcenter.yaml:12: outbound[1]: needs either `allow: [consult, callback, agents]` or "
        "`deny: true`",
        "callcenter.yaml:13: outbound[2].trunk: no trunk with a host and no group is called "
        "'ping'; known: bare, reg, udp",
        "callcenter.yaml:14: outbound[3].rewrite: ends with `*`, but `match` does not",
    ]


def test_a_rule_that_never_counts_is_a_doubt(tmp_path: Path) -> None:
    text = """\
trunks: [{name: out, host: 192.0.2.1}]
outbound:
  - {match: "+8616*", deny: true}
  - {match: "+86*", trunk: out, allow: [consult]}
  - {match: "+8617*", deny: true}
"""
    found = [one for one in load(centre(tmp_path, text)).warnings if "outbound" in one]
    assert found == [
        "callcenter.yaml:5: outbound[2].match: never counts, for '+86*' above fits first"
    ]


def test_open_door_without_trunks_is_a_doubt(tmp_path: Path) -> None:
    def doubts(text: str) -> list[str]:
        return [one for one in load(centre(tmp_path, text)).warnings if "anybody" in one]

    world = 'sip: {listen: ["udp:127.0.0.1:5060", "udp:0.0.0.0:5060"]}\n'
    assert doubts(world) == [
        "callcenter.yaml:1: sip.listen: anybody who reaches it may call: no trunks are configured"
    ]
    assert doubts(world + "trunks: [{name: north, addresses: [192.0.2.10]}]\n") == []
    assert doubts('sip: {listen: ["udp:[::1]:5060"]}\n') == []


def test_a_browser_without_a_socket_to_come_by_is_a_doubt(tmp_path: Path) -> None:
    phones = "phones: [{id: boss, name: Boss, sip_password: pw-of-boss, webrtc: true}]\n"

    def doubts(text: str) -> list[str]:
        return [one for one in load(centre(tmp_path, text)).warnings if "browser" in one]

    assert doubts(phones) == [
        "callcenter.yaml:1: phones[0].webrtc: no `ws:` or `wss:` listener lets a browser in"
    ]
    assert doubts(phones + 'sip: {listen: ["ws:127.0.0.1:5066"]}\n') == []


LINES = """\
lines:
  - {number: "8000", flow: main, pyvoip: {server: pbx.example, user: "200", password: hidden-pw}}
  - {number: "8001", flow: main, pyvoip: {server: pbx.example, user: "200", password: hidden-pw}}
"""


def flow(folder: Path) -> None:
    (folder / "flows").mkdir()
    (folder / "flows" / "main.yaml").write_text(
        "languages: [en]\nstart: echo\nnodes: {echo: {do: echo}}\n", encoding="utf-8"
    )


def test_lines_at_other_pbxs_have_accounts_of_their_own_and_call_by_udp(tmp_path: Path) -> None:
    flow(tmp_path)
    clash = "trunks: [{name: line-8000, addresses: [192.0.2.1]}]\n"
    found = problems(tmp_path, LINES + clash + 'sip: {listen: ["tcp:127.0.0.1:5060"]}\n')

    assert found == [
        "callcenter.yaml:2: lines[0].pyvoip: calls the centre by UDP, and sip.listen has no udp "
        "listener",
        "callcenter.yaml:2: lines[0].pyvoip: is the trunk line-8000, and trunks has one of that "
        "name",
        "callcenter.yaml:3: lines[1].pyvoip: calls the centre by UDP, and sip.listen has no udp "
        "listener",
        "callcenter.yaml:3: lines[1].pyvoip: has the account or sip_port of the line '8000'",
    ]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('server: "no host!", user: u, password: p', "lines[0].pyvoip.server"),
        ("server: h, user: u, password: ''", "lines[0].pyvoip.password"),
        ("server: h, user: 'a b', password: p", "lines[0].pyvoip.user"),
        ("server: h, user: u, password: p, address: '::1'", "is not an IPv4 address"),
        ("server: h, user: u, password: p, rtp_ports: [32001, 32100]", "start even and end odd"),
    ],
)
def test_wrong_account_of_a_line_is_explained(tmp_path: Path, written: str, sentence: str) -> None:
    flow(tmp_path)
    [problem] = problems(tmp_path, f'lines: [{{number: "1", flow: main, pyvoip: {{{written}}}}}]\n')

    assert sentence in problem


def test_ports_of_a_line_that_would_not_do_are_a_doubt(tmp_path: Path) -> None:
    flow(tmp_path)
    account = "{server: h, user: u, password: p, rtp_ports: [31000, 31099]}"
    text = f'lines: [{{number: "1", flow: main, pyvoip: {account}}}]\n'

    assert doubts_of(tmp_path, text) == [
        "callcenter.yaml:1: lines[0].pyvoip.rtp_ports: have room for 50 of 150 calls",
        "callcenter.yaml:1: lines[0].pyvoip.rtp_ports: overlap with media.ports, 30000 to 31999",
    ]


def doubts_of(folder: Path, text: str) -> list[str]:
    return list(load(centre(folder, text)).warnings)


ASKING = """
languages: [en]
start: what
prompts: {what: {en: "What?"}}
nodes:
  what:
    do: ask
    prompt: what
    choices: {refund: {words: {en: [refund]}, next: end}}
    default: end
  end: {do: hangup}
"""


def asking_centre(folder: Path, corrections: str = "") -> Path:
    (folder / "flows").mkdir()
    (folder / "flows" / "main.yaml").write_text(ASKING, encoding="utf-8")
    if corrections:
        (folder / "rules").mkdir()
        (folder / "rules" / "speech.yaml").write_text(corrections, encoding="utf-8")
    lines = "lines: [{number: '8000', flow: main}]\n"
    return centre(folder, f"{lines}recordings: {{models: {{zh: tiny-zh}}}}\n")


def test_flow_that_asks_in_a_language_without_a_model_is_warned_of(tmp_path: Path) -> None:
    settings = load(asking_centre(tmp_path))
    assert settings.listens
    assert [one for one in settings.warnings if "no model knows: en" in one]


def test_corrections_become_examples_of_the_flow(tmp_path: Path) -> None:
    settings = load(asking_centre(tmp_path, "main: {what: {take it away: refund}}"))
    node = settings.flows["main"].nodes["what"]
    assert isinstance(node, Ask)
    assert node.choices["refund"].phrases["en"] == ("refund", "take it away")


def test_correction_to_a_choice_that_is_none_is_a_problem_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(asking_centre(tmp_path, "main:\n  what:\n    take it away: refnd\n"))
    assert caught.value.problems == [
        "rules/speech.yaml:3: main.what.take it away: there is no choice 'refnd'; "
        "did you mean 'refund'?"
    ]
