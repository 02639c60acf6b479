"""Pictures of flows."""

import xml.etree.ElementTree as ET

from hypothesis import HealthCheck, given, settings

from ivr.flows.flow import parse
from ivr.pictures.draw_svg import page, svg
from ivr.pictures.drawing import Shape, mermaid, shape_of
from tests.support.any_flow import flow_or_none, flow_texts

FLOW = """\
start: hello
prompts: {p: {en: Hello.}}
nodes:
  hello: {do: say, prompt: p, next: choices}
  choices: {do: menu, prompt: p, keys: {1: orders, 2: "<odd>", 9: hello}, default: orders}
  orders: {do: queue, queue: orders}
  "<odd>": {do: hangup}
""".replace('"<odd>"', "odd-one")


def flow() -> Shape:
    return shape_of(parse(FLOW, "flows/main.yaml", "main")[0])


def test_ways_between_two_nodes_are_one_edge_with_all_labels() -> None:
    found = {(edge.begin, edge.end): edge.labels for edge in flow().edges}
    assert found == {
        ("hello", "choices"): (),
        ("choices", "orders"): ("default", "1"),
        ("choices", "odd-one"): ("2",),
        ("choices", "hello"): ("9",),
    }


def test_mermaid_has_every_node_and_edge() -> None:
    text = mermaid(flow())
    assert text.startswith("flowchart TD\n")
    assert 'n2(["orders<br/>queue orders"])' in text
    assert 'n1 -- "default 1" --> n2' in text
    assert "n0 --> n1" in text


def test_counts_stand_on_the_edges() -> None:
    counted = mermaid(flow(), {("choices", "orders"): 12})
    assert 'n1 -- "default 1 (12)" --> n2' in counted
    assert 'n0 -- "(0)" --> n1' in counted


def test_svg_is_well_formed_and_shows_all() -> None:
    root = ET.fromstring(svg(flow(), {("hello", "choices"): 3}))
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"hello", "choices", "orders", "odd-one", "(3)"} <= set(texts)


def test_boxes_lie_in_layers_and_never_on_each_other() -> None:
    root = ET.fromstring(svg(flow()))
    corners = [
        (float(rect.attrib["x"]), float(rect.attrib["y"]))
        for rect in root.iter("{http://www.w3.org/2000/svg}rect")
    ]
    assert len(set(corners)) == 4
    hello, choices = corners[:2]
    assert hello[1] < choices[1], "the start is on top"


def test_page_brings_its_own_style_and_marks_what_may_be_written_on() -> None:
    bare = svg(flow(), is_bare=True)
    assert "<style" not in bare
    assert 'data-node="choices"' in bare
    assert 'data-way="0"' in bare
    assert "<style>" in page(flow())


def test_ends_are_where_nobody_drops_out() -> None:
    assert {box.name for box in flow().boxes if box.is_end} == {"orders", "odd-one"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flow_texts(calls="sub"))
def test_any_flow_can_be_drawn(text: str) -> None:
    found = flow_or_none(text)
    if found is None:
        return
    shape = shape_of(found)
    ET.fromstring(svg(shape, {}))
    assert mermaid(shape).count("\n") == 1 + len(shape.boxes) + len(shape.edges)
