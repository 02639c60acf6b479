"""A carried call: every input in every state, and what each side is told."""

from typing import get_args

import pytest

from foundation.errors import IllegalTransition
from telephony.lines import carried
from telephony.lines.carried import (
    TRANSITIONS,
    AnswerPbx,
    Carried,
    CarriedState,
    Close,
    CoreAnswered,
    CoreHungUp,
    CoreProgressed,
    CoreRefused,
    CoreRefusedReoffer,
    CoreReoffered,
    Effect,
    Given,
    HangUpCore,
    HangUpPbx,
    PbxHungUp,
    PbxReoffered,
    PbxVanished,
    ProgressPbx,
    RefusePbx,
    Release,
    ReofferCore,
    pbx_status,
)

S = CarriedState
EXAMPLES: dict[type, Given] = {
    PbxReoffered: PbxReoffered("held"),
    PbxHungUp: PbxHungUp("bye"),
    PbxVanished: PbxVanished(),
    CoreProgressed: CoreProgressed(183, "early"),
    CoreAnswered: CoreAnswered("sdp"),
    CoreRefused: CoreRefused(486),
    CoreRefusedReoffer: CoreRefusedReoffer(488),
    CoreReoffered: CoreReoffered(),
    CoreHungUp: CoreHungUp("bye"),
    Close: Close(),
}
WAY_TO: dict[CarriedState, list[Given]] = {
    S.DIALLING: [],
    S.UP: [CoreAnswered("sdp")],
    S.REOFFERING: [CoreAnswered("sdp"), PbxReoffered("held")],
    S.OVER: [Close()],
}


def in_state(state: CarriedState) -> Carried:
    call = Carried("abc@pbx")
    for given in WAY_TO[state]:
        call.feed(given)
    assert call.state is state
    return call


def test_every_input_has_an_example() -> None:
    assert set(EXAMPLES) == set(get_args(Given))


@pytest.mark.parametrize("state", [S.DIALLING, S.UP, S.REOFFERING])
@pytest.mark.parametrize("kind", EXAMPLES)
def test_machine_goes_where_its_table_says_and_nowhere_else(
    state: CarriedState, kind: type
) -> None:
    call = in_state(state)
    expected = TRANSITIONS.get((state, kind))

    if expected is None:
        with pytest.raises(IllegalTransition):
            call.feed(EXAMPLES[kind])
        assert call.state is state
    else:
        effects = call.feed(EXAMPLES[kind])
        assert call.state is expected
        assert (Release() in effects) == (expected is S.OVER)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_crosses_the_end_does_nothing(kind: type) -> None:
    assert in_state(S.OVER).feed(EXAMPLES[kind]) == []


@pytest.mark.parametrize(
    ("state", "given", "effects"),
    [
        (S.DIALLING, CoreProgressed(180, ""), [ProgressPbx(180, "")]),
        (S.DIALLING, CoreAnswered("sdp"), [AnswerPbx("sdp")]),
        (S.DIALLING, CoreRefused(486), [RefusePbx(486), Release()]),
        (S.DIALLING, PbxHungUp("elsewhere"), [HangUpCore("elsewhere"), Release()]),
        (S.DIALLING, CoreHungUp(""), [RefusePbx(503), Release()]),
        (S.DIALLING, Close(), [HangUpCore(carried.CLOSED), RefusePbx(503), Release()]),
        (S.UP, PbxReoffered("held"), [ReofferCore("held")]),
        (S.UP, PbxHungUp(""), [HangUpCore(""), Release()]),
        (S.UP, CoreHungUp("closing"), [HangUpPbx("closing"), Release()]),
        (S.UP, Close(), [HangUpCore(carried.CLOSED), HangUpPbx(carried.CLOSED), Release()]),
        (S.UP, PbxVanished(), [HangUpCore(carried.VANISHED), Release()]),
        (S.REOFFERING, CoreAnswered("music"), [AnswerPbx("music")]),
        (S.REOFFERING, CoreRefusedReoffer(488), [RefusePbx(488)]),
        (S.REOFFERING, CoreRefusedReoffer(500), [RefusePbx(503)]),
        (S.REOFFERING, CoreHungUp("bye"), [HangUpPbx("bye"), Release()]),
    ],
)
def test_what_happens_on_one_side_is_done_on_the_other(
    state: CarriedState, given: Given, effects: list[Effect]
) -> None:
    assert in_state(state).feed(given) == effects


@pytest.mark.parametrize(
    ("core", "pbx"),
    [
        (486, 486),
        (480, 480),
        (403, 403),
        (503, 503),
        (401, 503),
        (408, 503),
        (500, 503),
        (604, 603),
    ],
)
def test_pbx_is_told_what_concerns_the_caller_and_else_that_it_may_try_again(
    core: int, pbx: int
) -> None:
    assert pbx_status(core) == pbx
