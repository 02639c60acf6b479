"""`boards/*.yaml` and the section `alarms`: what may be written, and where a mistake is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from callcenter.configuration.settings import Settings, load
from foundation.errors import ConfigurationError
from wallboard.alarms.alarm_rules import DEFAULT_RULES, FigureRule, RushRule
from wallboard.events import Level
from wallboard.figures.boards import DEFAULT, DEFAULT_PLAN, Compare, Norm, Panel, Tile
from wallboard.figures.scope import Kind, Scope
from wallboard.words import Words

CENTRE: dict[str, Any] = {
    "recordings": {"transcribe": False},
    "queues": {"orders": {}, "support": {}},
    "agents": [
        {"id": "ann", "name": "Ann", "number": "1001", "sip_password": "xk2-9f", "team": "day"}
    ],
}


def centre(folder: Path, alarms: str = "", **boards: str) -> Settings:
    text = yaml.safe_dump(CENTRE, sort_keys=False)
    (folder / "callcenter.yaml").write_text(f"{alarms}{text}", encoding="utf-8")
    (folder / "boards").mkdir()
    for name, board in boards.items():
        (folder / "boards" / f"{name}.yaml").write_text(board, encoding="utf-8")
    return load(folder)


def problems(folder: Path, alarms: str = "", **boards: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        centre(folder, alarms, **boards)
    return caught.value.problems


def test_there_is_a_board_without_any_file(tmp_path: Path) -> None:
    assert centre(tmp_path).boards == {DEFAULT: DEFAULT_PLAN}


def test_board_is_what_its_file_says(tmp_path: Path) -> None:
    board = """
title: {en: Orders, zh: 订单}
queues: [orders]
teams: [day]
tiles:
  - waiting
  - {figure: service_level, formula: with_abandons, target: 85%, beside: [answered]}
  - {figure: agents_ready, of: "team:day", title: Ready}
panels: [curve, alarms]
formulas: {answer_rate: raw}
norms: [nena15, {figure: answer_rate, value: 95%, title: House rule}]
compare: yesterday
alarms: [disk]
"""
    plan = centre(tmp_path, floor=board).boards["floor"]

    assert (plan.title, plan.queues, plan.teams) == (Words("Orders", "订单"), ("orders",), ("day",))
    assert plan.tiles == (
        Tile(figure="waiting"),
        Tile(figure="service_level", formula="with_abandons", target=0.85, beside=("answered",)),
        Tile(figure="agents_ready", of=Scope(Kind.TEAM, "day"), title=Words("Ready", "Ready")),
    )
    assert plan.panels == (Panel.CURVE, Panel.ALARMS)
    assert plan.formula("answer_rate") == "raw"
    assert plan.norms[1] == Norm("answer_rate", 0.95, Words("House rule", "House rule"))
    assert (plan.compare, plan.alarms) == (Compare.YESTERDAY, ("disk",))


def test_file_named_default_is_the_board_that_is_shown_when_none_is_named(tmp_path: Path) -> None:
    assert centre(tmp_path, default="title: Floor").boards[DEFAULT].title.en == "Floor"


@pytest.mark.parametrize(
    ("board", "sentence"),
    [
        ("tile: []", "boards/b.yaml:1: tile: unknown key 'tile'; did you mean 'title'?"),
        (
            "queues:\n  - orders\n  - order",
            "boards/b.yaml:3: queues[1]: there is no queue 'order'; did you mean 'orders'?",
        ),
        ("teams: [nite]", "boards/b.yaml:1: teams[0]: there is no team 'nite'; known: day"),
        (
            "tiles:\n  - waiting\n  - {figure: wating}",
            "boards/b.yaml:3: tiles[1].figure: there is no figure 'wating'; "
            "did you mean 'waiting'?",
        ),
        (
            "tiles:\n  - figure: answer_rate\n    formula: brutto",
            "boards/b.yaml:3: tiles[0].formula: answer_rate has no formula 'brutto'; "
            "known: raw, standard, with_short, without_overflow",
        ),
        (
            "tiles:\n  - figure: occupancy\n    of: queue:orders",
            "boards/b.yaml:3: tiles[0].of: a queue has no figure occupancy",
        ),
        (
            "tiles: [{figure: waiting, of: 'queue:sales'}]",
            "boards/b.yaml:1: tiles[0].of: there is no queue 'sales'; known: orders, support",
        ),
        (
            "tiles: [{figure: waiting, of: all}]",
            "boards/b.yaml:1: tiles[0].of: 'all' is none of house, queue:NAME and team:NAME.",
        ),
        (
            "formulas: {offered: raw}",
            "boards/b.yaml:1: formulas.offered: 'offered' has no formulas to choose from; "
            "known: abandon_rate, answer_rate, service_level",
        ),
        ("norms: [nena]", "boards/b.yaml:1: norms[0]: there is no norm 'nena'; did you mean"),
        ("alarms: [long]", "boards/b.yaml:1: alarms[0]: there is no alarm rule 'long'; "),
        ("title: [", "boards/b.yaml:1: not YAML"),
    ],
)
def test_mistake_is_told_with_its_file_and_line(tmp_path: Path, board: str, sentence: str) -> None:
    found = problems(tmp_path, b=board)

    assert len(found) == 1, found
    assert found[0].startswith(sentence), found[0]


def test_rules_are_changed_added_and_switched_off(tmp_path: Path) -> None:
    alarms = """
alarms:
  rules:
    disk: off
    long_wait: {above: 60, clear: 20, sound: false}
    group_complaint: {watch: ["choice:main/menu/3"], least: 5}
    few_ready: {figure: agents_ready, of: "team:day", below: 2, for_s: 30, level: warning}
"""
    settings = centre(tmp_path, alarms)
    rules = settings.alarm_rules

    assert set(rules) == {*DEFAULT_RULES, "few_ready"} - {"disk"}
    long_wait, rush, few = rules["long_wait"], rules["group_complaint"], rules["few_ready"]
    assert isinstance(long_wait, FigureRule)
    assert (long_wait.limit, long_wait.clear, long_wait.sound) == (60, 20, False)
    assert long_wait.of == Scope(Kind.QUEUE, "*"), "what is not written stays"
    assert isinstance(rush, RushRule)
    assert (rush.watch, rush.least, rush.within_s) == (("choice:main/menu/3",), 5, 600)
    assert isinstance(few, FigureRule)
    assert (few.is_above, few.limit, few.clear, few.level) == (False, 2, 2, Level.WARNING)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("low: {below: 3}", "there is no figure ''; a rule of a new name needs one"),
        ("low: {figure: waiting}", "needs one of above and below"),
        ("low: {figure: waiting, above: 3, clear: 4}", "4 is beyond the limit 3 itself"),
        ("low: {figure: waiting, above: 3, below: 1}", "give one of above and below"),
        ("low: {figure: waiting, of: 'queue:x', above: 3}", "there is no queue 'x'"),
        ("line_down: {figure: waiting}", "is not for a rule of this kind"),
        ("long_wait: {least: 3}", "is not for a rule of this kind"),
        ("nothing: off", "there is no rule 'nothing' to switch off"),
    ],
)
def test_wrong_rule_is_told_with_its_line(tmp_path: Path, rule: str, sentence: str) -> None:
    found = problems(tmp_path, f"alarms:\n  rules:\n    {rule}\n")

    assert len(found) == 1, found
    assert found[0].startswith("callcenter.yaml:3: alarms.rules.")
    assert sentence in found[0]


def test_secrets_of_webhook_and_mail_are_not_repeated(tmp_path: Path) -> None:
    alarms = 'alarms: {webhook: {url: "ftp://x", secret: "hush"}}\n'

    found = problems(tmp_path, alarms)

    assert len(found) == 2
    assert "hush" not in str(found)
