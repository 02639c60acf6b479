"""Nothing outside is dialled but what a rule allows, and a refusal names its rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.calls.number_rules import (
    NO_NUMBER,
    NO_RULE,
    NumberRule,
    NumberRules,
    Purpose,
    Refusal,
    Route,
)

CONSULT = frozenset({Purpose.CONSULT})
RULES = NumberRules(
    rules=(
        NumberRule(name="emergency", match="110", is_denied=True),
        NumberRule(name="premium", match="+86168*", is_denied=True),
        NumberRule(
            name="home",
            match="+86*",
            trunk="carrier",
            allow=frozenset({Purpose.CONSULT, Purpose.CALLBACK}),
            rewrite="0*",
            show="+861012345678",
        ),
        NumberRule(name="desk", match="10086", trunk="carrier", allow=CONSULT, rewrite="861110086"),
        NumberRule(name="world", match="+*", trunk="world", allow=CONSULT),
    )
)


@pytest.mark.parametrize(
    ("number", "route"),
    [
        ("+8613800138000", Route("home", "carrier", "013800138000", "+861012345678")),
        ("13800138000", Route("home", "carrier", "013800138000", "+861012345678")),
        ("0086 138-0013.8000", Route("home", "carrier", "013800138000", "+861012345678")),
        ("010 1234 5678", Route("home", "carrier", "01012345678", "+861012345678")),
        ("10086", Route("desk", "carrier", "861110086")),
        ("+4930123456", Route("world", "world", "+4930123456")),
    ],
)
def test_a_number_that_a_rule_allows_goes_by_its_trunk(number: str, route: Route) -> None:
    assert RULES.decide(number, Purpose.CONSULT) == route


@pytest.mark.parametrize(
    ("number", "purpose", "rule"),
    [
        ("110", Purpose.CONSULT, "outbound: emergency"),
        ("+8616888888", Purpose.CONSULT, "outbound: premium"),
        ("+8613800138000", Purpose.AGENTS, "outbound: home"),
        ("+4930123456", Purpose.CALLBACK, "outbound: world"),
        ("12345", Purpose.CONSULT, NO_RULE),
        ("*21*13800138000#", Purpose.CONSULT, NO_NUMBER),
        ("anonymous", Purpose.CONSULT, NO_NUMBER),
        ("eva", Purpose.CONSULT, NO_NUMBER),
        ("", Purpose.CONSULT, NO_NUMBER),
        ("1", Purpose.CONSULT, NO_NUMBER),
        ("+86138\r\nX: y", Purpose.CONSULT, NO_NUMBER),
        ("+8613800138000@evil.example", Purpose.CONSULT, NO_NUMBER),
        ("٠١٢٣٤٥٦٧٨٩", Purpose.CONSULT, NO_NUMBER),
    ],
)
def test_a_refusal_names_its_rule(number: str, purpose: Purpose, rule: str) -> None:
    assert RULES.decide(number, purpose) == Refusal(rule)
    assert rule in RULES.names


@given(st.text(max_size=30), st.sampled_from(Purpose))
def test_without_rules_nothing_is_dialled(number: str, purpose: Purpose) -> None:
    assert isinstance(NumberRules().decide(number, purpose), Refusal)


@given(st.text(st.sampled_from("+0123456789*#;@ sip:x"), max_size=24), st.sampled_from(Purpose))
def test_what_is_dialled_is_digits_whatever_was_keyed(number: str, purpose: Purpose) -> None:
    decided = RULES.decide(number, purpose)
    if isinstance(decided, Route):
        assert decided.number.removeprefix("+").isdigit()
        assert not decided.number.startswith("0168")
    else:
        assert decided.rule in RULES.names
