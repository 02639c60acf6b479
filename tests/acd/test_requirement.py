"""Skill expressions: what they mean, what they refuse, and that they read back the same."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.requirement import (
    EVERYBODY,
    AllOf,
    AnyOf,
    Level,
    Not,
    Requirement,
    RequirementError,
    least_levels,
    parse_requirement,
    skills_in,
)

LI_NA = {"orders": 5, "english": 3}
WANG = {"orders": 2, "cantonese": 9}
TRAINEE = {"orders": 6, "english": 6, "trainee": 1}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("orders", "LWT"),
        ("orders>=3", "LT"),
        ("orders > 5", "T"),
        ("orders <= 2", "W"),
        ("orders=5", "L"),
        ("orders>=3 and (english or cantonese)", "LT"),
        ("english or cantonese", "LWT"),
        ("orders and not trainee", "LW"),
        ("not (english or orders=2)", ""),
        ("cantonese>=0", "LWT"),
        ("english or cantonese and orders>=5", "LT"),
        ("", "LWT"),
    ],
)
def test_an_expression_suits_whom_it_says(text: str, who: str) -> None:
    requirement = parse_requirement(text)
    agents = {"L": LI_NA, "W": WANG, "T": TRAINEE}
    assert "".join(name for name, skills in agents.items() if requirement.suits(skills)) == who


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("orders and", "ends where a skill should be"),
        ("orders english", "'english' at 7 should be 'and' or 'or'"),
        ("(orders", "ends where ')' should be"),
        ("orders>=11", "'11' at 9 should be a level from 0 to 10"),
        ("orders>=-1", "'-' at 9 should be a level"),
        ("orders)", "')' at 7 should be 'and' or 'or'"),
        ("and", "'and' at 1 should be a skill"),
        ("__import__('os')", "should be 'and' or 'or'"),
        ("orders>=3.5", "'.' at 10 should be 'and' or 'or'"),
        ("(" * 30 + "a" + ")" * 30, "nested more than 20 deep"),
        ("a" * 501, "at most 500 characters"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_place(text: str, sentence: str) -> None:
    with pytest.raises(RequirementError) as refused:
        parse_requirement(text)
    assert sentence in str(refused.value)


def test_skills_in_another_script_are_names_too() -> None:
    assert parse_requirement("投诉>=3").suits({"投诉": 4})


def test_the_simple_form_and_the_expression_are_one_value() -> None:
    assert least_levels({"orders": 3, "english": 1}) == parse_requirement("english and orders>=3")
    assert least_levels({"orders": 2}) == parse_requirement("orders>=2")
    assert least_levels({}) == EVERYBODY


def test_levels_that_are_excluded_do_not_make_an_agent_better() -> None:
    requirement = parse_requirement("orders>=3 and not trainee and english<=4")
    assert list(skills_in(requirement)) == ["orders"]


levels = st.builds(
    lambda skill, a, b: Level(skill, min(a, b), max(a, b)),
    st.sampled_from(["a", "b", "vip.x", "中文"]),
    st.integers(0, 10),
    st.integers(0, 10),
)
requirements: st.SearchStrategy[Requirement] = st.recursive(
    levels,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: AllOf(tuple(parts)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda parts: AnyOf(tuple(parts)), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=8,
)
agents = st.dictionaries(st.sampled_from(["a", "b", "vip.x", "中文"]), st.integers(0, 10))


@given(requirements, agents)
def test_what_is_written_reads_back_with_the_same_meaning(
    requirement: Requirement, skills: dict[str, int]
) -> None:
    again = parse_requirement(str(requirement))
    assert again.suits(skills) == requirement.suits(skills)
    assert str(parse_requirement(str(again))) == str(again)


@given(st.text(max_size=60))
def test_any_text_gives_a_requirement_or_a_requirement_error(text: str) -> None:
    with suppress(RequirementError):
        parse_requirement(text).suits({})
