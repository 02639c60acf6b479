"""Flows of every kind of node, made by chance: ways on lead forward, keys lead anywhere."""

from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from foundation.errors import ConfigurationError
from ivr.flows.flow import Flow, parse

CONDITIONS = st.sampled_from(
    ["n > 1", "vip", "known(due)", "len(typed) == 3", "hour() < 12", "1 / 0 > n", "said == line"]
)
SETTINGS = st.sampled_from(
    [{"n": "n * n + 1"}, {"said": "said + typed + 'x'"}, {"vip": "not vip"}, {"due": "today()"}]
)
HEAD = {
    "variables": {"n": "number", "typed": "digits", "said": "text", "vip": "bool", "due": "date"},
    "hours": "office",
}


ENDS = st.sampled_from(
    [
        {"do": "queue", "queue": "q", "priority": "P1", "tier": "said"},
        {"do": "hangup", "say": "Bye {n}."},
        {"do": "hangup"},
        {"do": "echo", "limit_s": 5},
        {"do": "return"},
    ]
)


@st.composite
def flow_texts(draw: DrawFn, calls: str = "") -> str:
    """YAML of a flow that is usually accepted; `calls`: a flow it may call."""
    count = draw(st.integers(1, 6))
    nodes: dict[str, Any] = {"end": draw(ENDS)}
    for at in range(count):
        nodes[f"n{at}"] = draw(node_at(at, count, calls))
    return yaml.safe_dump({**HEAD, "start": "n0", "nodes": nodes}, allow_unicode=True)


@cache
def node_at(at: int, count: int, calls: str) -> st.SearchStrategy[dict[str, Any]]:
    """Made once for each place: to make a strategy takes longer than to draw from it."""
    names = [f"n{one}" for one in range(count)]
    forward = st.sampled_from([*names[at + 1 :], "end"])
    return node(forward, st.sampled_from([*names, "end"]), calls)


def node(
    on: st.SearchStrategy[str], anywhere: st.SearchStrategy[str], calls: str
) -> st.SearchStrategy[dict[str, Any]]:
    """`on`: where it leads by itself; `anywhere`: where what the caller does may lead."""
    few = st.integers(1, 3)
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [
        made("say", say=st.just("It is {called_at} and {n:money}, {typed}."), next=on),
        made("play", wav=st.just("jingle"), next=on),
        made(
            "menu",
            prompt=st.just("p"),
            keys=st.dictionaries(st.sampled_from("0159*#"), anywhere, min_size=1),
            default=on,
            tries=few,
            no_key=st.sampled_from([None, {"en": "Nothing."}]),
        ),
        made(
            "digits",
            prompt=st.just("p"),
            into=st.just("typed"),
            min=st.integers(1, 2),
            max=st.integers(2, 4),
            terminator=st.sampled_from(["#", "*", ""]),
            tries=few,
            check=CONDITIONS,
            next=on,
            default=on,
        ),
        made(
            "card",
            prompt=st.just("p"),
            into=st.just({"said": "token"}),
            min=st.integers(1, 2),
            max=st.integers(2, 4),
            check=st.booleans(),
            tries=few,
            next=on,
            refused=on,
            default=on,
        ),
        made(
            "ask",
            prompt=st.just("p"),
            into=st.just("said"),
            choices=st.dictionaries(
                st.sampled_from(["x", "y"]),
                made("", words=st.just({"en": ["order"]}), next=on),
                min_size=1,
            ),
            keys=st.dictionaries(st.sampled_from("19"), anywhere),
            tries=few,
            default=on,
        ),
        made("ask", prompt=st.just("p"), into=st.just("said"), next=on, default=on),
        made("hours", open=on, closed=on, holiday=on),
        made("branch", when=st.lists(case(on), min_size=1, max_size=3), default=on),
        made("set", set=SETTINGS, next=on),
        made(
            "lookup",
            url=st.just("https://x.example/{typed}?a={n}"),
            prompt=st.sampled_from([None, "p"]),
            into=st.just({"n": "a.0", "said": "b"}),
            next=on,
            failed=on,
        ),
        made("callback", queue=st.just("q"), next=on, declined=on),
        made("voicemail", next=on),
        made("survey", next=on),
        made("transfer", to=st.just("queue:{said}"), failed=on),
    ]
    if calls:
        kinds.append(made("call", flow=st.just(calls), into=st.just({"n": "n"}), next=on))
    return st.one_of(kinds)


def case(on: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"if": CONDITIONS, "next": on})


def made(do: str, **keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.fixed_dictionaries({**({"do": st.just(do)} if do else {}), **keys})
    return plain.map(lambda node_: {k: v for k, v in node_.items() if v is not None})


def flow_or_none(text: str, name: str = "main") -> Flow | None:
    try:
        return parse(text, f"flows/{name}.yaml", name)[0]
    except ConfigurationError:
        return None
