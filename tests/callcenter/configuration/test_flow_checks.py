"""What a flow needs of its centre is checked before anybody calls."""

from pathlib import Path

import pytest

from callcenter.configuration.settings import load
from foundation.errors import ConfigurationError

CENTRE = """\
hours: {office: {mon-fri: ["09:00-12:00"], holidays: [2026-10-01..2026-10-07]}}
lookups: {hosts: ["crm.example", "127.0.0.1:8090"]}
lines: [{number: "8000", flow: main}]
queues: {orders: {}}
agents: [{id: a1, name: A, number: "1001", sip_password: very-secret-1}]
"""
END = "  end: {do: queue, queue: orders}\n"


def flow(nodes: str, head: str = "") -> str:
    return f"start: a\n{head}\nnodes:\n{END}{nodes}\n"


def written(folder: Path, *, centre: str = CENTRE, **flows: str) -> Path:
    (folder / "callcenter.yaml").write_text(centre, encoding="utf-8")
    (folder / "flows").mkdir(exist_ok=True)
    for name, text in flows.items():
        (folder / "flows" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    return caught.value.problems


def test_flow_that_has_all_it_needs_is_served(tmp_path: Path) -> None:
    sub = "start: a\nvariables: {x: text}\nnodes: {a: {do: return}}"
    main = flow(
        "  a: {do: hours, hours: office, open: b, closed: end}\n"
        "  b: {do: lookup, url: 'http://127.0.0.1:8090/x?y={line}', next: c, failed: end}\n"
        "  c: {do: call, flow: sub, with: {x: line}, into: {y: x}, next: end}",
        "variables: {y: text}",
    )
    settings = load(written(tmp_path, main=main, sub=sub))
    assert settings.flows["main"].sub_flows() == {"sub"}
    assert settings.warnings == ()


def test_dialogues_beside_a_flow_are_no_flows(tmp_path: Path) -> None:
    folder = written(tmp_path, main=flow("  a: {do: hangup}"))
    (folder / "flows" / "main.test.yaml").write_text("tests: {}")
    assert set(load(folder).flows) == {"main"}


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        ("{do: hours, hours: offfice, open: end, closed: end}", "did you mean 'office'?"),
        ("{do: hours, open: end, closed: end}", "neither do the flow and the lines 8000"),
        ("{do: lookup, url: 'https://evil.example/', next: end, failed: end}", "none of lookups"),
        ("{do: card, say: Key., next: end, refused: end, default: end}", "recordings.card"),
        ("{do: lookup, url: 'https://crm.example:444/', next: end, failed: end}", "none of"),
        ("{do: lookup, url: 'https://{line}/', next: end, failed: end}", "none of it a value"),
        ("{do: lookup, url: 'https://crm.example{line}', next: end, failed: end}", "none of it"),
        ("{do: lookup, url: 'ftp://crm.example/', next: end, failed: end}", "begins with http"),
        ("{do: lookup, url: 'http://a:b@crm.example/', next: end, failed: end}", "password"),
        ("{do: lookup, url: 'http://crm.example:99999/', next: end, failed: end}", "no URL"),
        ("{do: queue, queue: ordrs}", "did you mean 'orders'?"),
        ("{do: callback, queue: ordrs, next: end, declined: end}", "did you mean 'orders'?"),
        ("{do: queue, queue: orders, requires: 'english >'}", "requires"),
        ("{do: call, flow: sbu, next: end}", "there is no flows/sbu.yaml; did you mean 'sub'?"),
        ("{do: call, flow: main, next: end}", "leads back to flows/main.yaml"),
        ("{do: call, flow: sub, with: {z: line}, next: end}", "has no variable 'z'"),
        ("{do: call, flow: sub, with: {x: called_at}, next: end}", "is a moment, 'x' there is"),
        ("{do: call, flow: sub, into: {n: x}, next: end}", "'x' there is a text"),
        ("{do: call, flow: sub, into: {n: q}, next: end}", "has no variable 'q'"),
        ("{do: play, wav: jingle, next: end}", "'jingle' has neither words nor a WAV"),
    ],
)
def test_what_is_not_there_is_told_with_file_and_line(
    tmp_path: Path, node: str, problem: str
) -> None:
    sub = "start: a\nvariables: {x: text}\nnodes: {a: {do: return}}"
    main = flow(f"  a: {node}", "variables: {n: number}")
    found = problems(written(tmp_path, main=main, sub=sub))
    assert len(found) == 1
    assert found[0].startswith("flows/main.yaml:5: nodes.a")
    assert problem in found[0]


def test_nodes_that_nobody_reaches_are_a_warning(tmp_path: Path) -> None:
    settings = load(written(tmp_path, main=flow("  a: {do: hangup}")))
    assert settings.warnings == ("flows/main.yaml:4: nodes.end: no way leads here",)


def test_callback_for_a_queue_that_calls_nobody_back_is_a_warning(tmp_path: Path) -> None:
    node = "{do: callback, queue: orders, next: end, declined: end}"
    settings = load(written(tmp_path, main=flow(f"  a: {node}")))
    (warning,) = settings.warnings
    assert warning.startswith("flows/main.yaml:5: nodes.a.queue: 'orders' has no `callbacks`")


def test_flows_that_call_each_other_are_refused(tmp_path: Path) -> None:
    other = "start: a\nnodes:\n  a: {do: call, flow: main, next: b}\n  b: {do: hangup}"
    found = problems(written(tmp_path, main=flow("  a: {do: call, flow: b, next: end}"), b=other))
    assert len(found) == 2
    assert all("without end" in one for one in found)


def test_flows_too_deep_within_each_other_are_refused(tmp_path: Path) -> None:
    chain = {
        f"f{at}": f"start: a\nnodes:\n  a: {{do: call, flow: f{at + 1}, next: b}}\n"
        "  b: {do: return}"
        for at in range(6)
    }
    chain["f6"] = "start: a\nnodes: {a: {do: return}}"
    found = problems(written(tmp_path, main=flow("  a: {do: hangup}"), **chain))
    assert any("more than 5 flows deep" in one for one in found)


def test_sub_flow_must_speak_the_languages_of_who_calls_it(tmp_path: Path) -> None:
    main = flow("  a: {do: call, flow: sub, next: end}", "languages: [en, zh]")
    sub = "start: a\nnodes: {a: {do: return}}"
    assert "does not speak 'zh'" in problems(written(tmp_path, main=main, sub=sub))[0]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"09:00-12:00"', '"9-12"', "hours.office: '9-12' is no span"),
        ("mon-fri", "mon-friday", "is no day"),
        ("flow: main", "flow: main, hours: offic", "lines[0].hours: no calendar"),
        (
            "{orders: {}}",
            "{orders: {survey: maim}}",
            "queues.orders.survey: there is no flows/maim",
        ),
        ("crm.example", "crm example", "lookups.hosts[0]"),
    ],
)
def test_sections_that_flows_use_are_checked(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    centre = CENTRE.replace(old, new, 1)
    found = problems(written(tmp_path, centre=centre, main=flow("  a: {do: hangup}")))
    assert any(problem in one for one in found), found
