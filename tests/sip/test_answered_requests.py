"""What is kept of a request after its answer, for half a minute: a busy house has thousands."""

import gc

from telephony.sip.message import Request
from tests.sip.test_stack_as_server import arrive, give, invite, only_answer
from tests.support.wire import ANSWER, make_stack


def test_of_an_invite_that_was_answered_the_bytes_are_kept() -> None:
    stack, data = make_stack(), invite("Subject: kept as bytes")
    leg = arrive(stack, data)
    requests = [each for each in gc.get_objects() if isinstance(each, Request)]
    [kept] = [each for each in requests if bytes(each) == data]
    assert not kept.is_light
    stack.accept(leg, ANSWER, 0.1)
    assert kept.is_light

    assert only_answer(give(stack, data, 0.2)).status == 200
    assert kept.is_light
