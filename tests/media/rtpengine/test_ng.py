"""The ng client against an rtpengine behind a network that loses and doubles what it likes."""

from hypothesis import given
from hypothesis import strategies as st

from telephony.media.rtpengine import bencode
from telephony.media.rtpengine.ng import NO_ANSWER, Command, NgClient, NgOptions, Reply

OPTIONS = NgOptions(again_s=0.1, give_up_s=1.5)
PING = Command("ping")


class Engine:
    """Answers, and does a command that it has seen before not again."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._answers: dict[bytes, bytes] = {}

    def answer(self, data: bytes) -> bytes:
        cookie, _, body = data.partition(b" ")
        if cookie not in self._answers:
            asked = bencode.parse(body)
            assert isinstance(asked, dict)
            self.done.append(str(asked["command"]))
            said = {"result": "ok", "for": asked["command"]}
            self._answers[cookie] = cookie + b" " + bencode.encode(said)
        return self._answers[cookie]


def settle(client: NgClient, first: list[bytes], engine: Engine, copies: list[int]) -> list[Reply]:
    """All datagrams of both ways; the nth arrives so many times as `copies` says, then once."""
    fates = iter(copies)
    settled: list[Reply] = []
    waiting, now = list(first), 0.0
    while waiting or client.deadline is not None:
        for data in waiting:
            for _ in range(next(fates, 1)):
                for _ in range(next(fates, 1)):
                    received = client.receive(engine.answer(data))
                    settled += [] if received is None else [received[1]]
        assert client.deadline is None or client.deadline > now
        now = client.deadline or now
        waiting, given_up = client.tick(now)
        settled += [reply for _, reply in given_up]
    return settled


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 4))
def test_each_command_is_settled_once_and_done_at_most_once(copies: list[int], count: int) -> None:
    client, engine = NgClient("run_", OPTIONS), Engine()
    verbs = [f"verb {n}" for n in range(count)]
    first = [client.send(Command(verb), 0.0)[1] for verb in verbs]

    settled = settle(client, first, engine, copies)

    assert len(settled) == count
    assert len(set(engine.done)) == len(engine.done)
    answered = {str(reply.values["for"]) for reply in settled if reply.is_done}
    assert answered <= set(engine.done)
    assert all(reply.is_done or reply.is_unanswered for reply in settled)


def test_a_lost_datagram_is_sent_again_unchanged_after_ever_longer_waits() -> None:
    client = NgClient("run_", OPTIONS)
    _, data = client.send(PING, 10.0)

    assert client.tick(10.05) == ([], [])
    assert client.tick(10.1) == ([data], [])
    assert client.tick(10.2) == ([], [])
    assert client.tick(10.3) == ([data], [])


def test_a_command_that_nobody_answers_is_given_up() -> None:
    client = NgClient("run_", OPTIONS)
    cookie, _ = client.send(PING, 10.0)

    assert client.tick(11.5) == ([], [(cookie, Reply(NO_ANSWER))])
    assert client.deadline is None
    assert client.receive(cookie.encode() + b" d6:result4:ponge") is None


def test_an_error_is_told_with_its_reason() -> None:
    client = NgClient("run_", OPTIONS)
    cookie, _ = client.send(Command("query", "c-1"), 0.0)
    error = {"result": "error", "error-reason": "Unknown call-id"}

    settled = client.receive(cookie.encode() + b" " + bencode.encode(error))

    assert settled is not None
    assert settled[1].fault == "Unknown call-id"
    assert settled[1].is_unknown_call


def test_what_is_not_an_answer_of_ours_is_left_alone() -> None:
    client = NgClient("run_", OPTIONS)
    cookie, data = client.send(PING, 0.0)

    for stray in (b"", b"other d6:result4:ponge", cookie.encode(), cookie.encode() + b" d6:resul"):
        assert client.receive(stray) is None
    assert client.tick(0.1) == ([data], [])


def test_a_command_is_a_dictionary_with_the_call_and_its_parameters() -> None:
    command = Command("offer", "c-1", {"from-tag": "l-1", "flags": ["port-latching"]})

    assert bencode.parse(bytes(command)) == {
        "command": "offer",
        "call-id": "c-1",
        "from-tag": "l-1",
        "flags": ["port-latching"],
    }
