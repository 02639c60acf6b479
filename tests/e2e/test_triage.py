"""Callers say what they want, through a served centre: a few requests in each language, and what
becomes of the callers when the listener dies. `python -m bench.triage` has all of them."""

import asyncio
from collections.abc import Iterator

import pytest

from bench.centre import Centre, running
from bench.triage import QUESTION, ask_all, flow, flows, read, requests_of
from bench.triage_caller import PROMPT_S
from bench.triage_outcome import Request
from callcenter.demo.softphone import PhoneOptions, Softphone
from ivr.speech.synthesis import Utterance, synthesise_all
from telephony.sip.events import HostPort

pytestmark = pytest.mark.e2e

EITHER_LANGUAGE = "8002"


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    """Two in each language, in different voices."""
    every = requests_of(read(), "requests")
    return [every[at] for at in (0, 11, 32, 47)]


@pytest.fixture(scope="module")
def speech(requests: list[Request]) -> list[bytes]:
    return synthesise_all([Utterance(one.text, one.voice, one.speed) for one in requests])


@pytest.fixture(scope="module")
def centre() -> Iterator[Centre]:
    with running(agents=1, flows=flows(read())) as centre:
        yield centre


@pytest.mark.parametrize("line", ["", EITHER_LANGUAGE], ids=["own line", "either language"])
async def test_spoken_request_ends_where_it_should(
    centre: Centre, requests: list[Request], speech: list[bytes], line: str
) -> None:
    outcomes = await ask_all(centre, requests, speech, line)
    assert [(one.got, one.how) for one in outcomes if not one.is_right] == []
    assert {one.how for one in outcomes} <= {"understood", "confirmed"}


async def test_listener_that_dies_sends_the_caller_to_the_keys_and_comes_back(
    centre: Centre, requests: list[Request], speech: list[bytes]
) -> None:
    server = HostPort("127.0.0.1", centre.ports.sip)
    async with Softphone.opened(PhoneOptions(server=server, user="10999")) as phone:
        call = phone.dial("8000")
        await call.answered()
        await asyncio.sleep(PROMPT_S)
        centre.kill("listener")
        end = await asyncio.wait_for(call.over(), 4)
    assert end.status == 0, "the flow went its way out at once, not after its time limits"

    log = centre.folder / "data" / "log" / "core.log"
    async with asyncio.timeout(30):
        while log.read_text().count("the listener is there") < 2:  # noqa: ASYNC110  # polls a log
            await asyncio.sleep(0.1)
    [outcome] = await ask_all(centre, requests[:1], speech[:1])
    assert outcome.is_right


async def test_caller_speaks_over_a_long_question(
    requests: list[Request], speech: list[bytes]
) -> None:
    """Half a minute is asked; who answers after two seconds is not made to hear the rest."""
    long = {**QUESTION, "en": "Please tell us in a few words what we can do for you today. " * 6}
    with running(agents=1, flows={"only-en": flow(read(), ["en"], long)}) as centre:
        [outcome] = await ask_all(centre, requests[:1], speech[:1])
    assert (outcome.got, outcome.is_right) == (requests[0].wanted, True)
    assert outcome.after_s < 10
