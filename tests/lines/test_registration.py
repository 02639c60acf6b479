"""A line's place at its PBX: kept, lost, found again; time is a number."""

import pytest

from telephony.lines.pyvoip.registration import ANSWER_WITHIN_S, RETRY_S, Lost, Registered
from telephony.lines.pyvoip.sip import PlainMessage
from tests.support.pbx_wire import PaperLine, answer

CHALLENGE = 'WWW-Authenticate: Digest realm="pbx", nonce="n1"\r\n'
NOW = 1000.0


@pytest.fixture
def pbx() -> PaperLine:
    pbx = PaperLine()
    pbx.line.registration.begin()
    return pbx


def take(pbx: PaperLine, status: str, more: str = "", now: float = NOW) -> None:
    response = PlainMessage(answer(pbx.last, status, more).encode())
    pbx.line.sip.again.stop(response.branch)
    pbx.line.registration.take(response, now)


def test_challenge_is_answered_and_the_binding_is_told_once(pbx: PaperLine) -> None:
    take(pbx, "401 Unauthorized", CHALLENGE)
    assert 'Authorization: Digest username="200", realm="pbx"' in pbx.last
    take(pbx, "200 OK")

    pbx.tick(NOW + 60)
    take(pbx, "200 OK", now=NOW + 60)

    assert pbx.news == [Registered()]
    assert "Expires: 120" in pbx.last


def test_refresh_comes_after_half_of_what_was_granted(pbx: PaperLine) -> None:
    contact = (
        "Contact: <sip:200@192.0.2.7:5060>;expires=900, <sip:200@192.0.2.1:5070>;expires=40\r\n"
    )
    take(pbx, "200 OK", contact)

    assert pbx.tick(NOW + 19.9) == []
    assert pbx.tick(NOW + 20) == ["REGISTER sip:pbx.example SIP/2.0"]


def test_second_challenge_is_a_wrong_password_and_is_told_once(pbx: PaperLine) -> None:
    for attempt in range(3):
        now = NOW + 1000 * attempt
        pbx.tick(now)
        take(pbx, "401 Unauthorized", CHALLENGE, now)
        take(pbx, "401 Unauthorized", CHALLENGE, now)

    assert pbx.news == [Lost("the server refused the registration with 401")]


def test_attempts_come_ever_later(pbx: PaperLine) -> None:
    now, pauses = NOW, []
    for _ in range(len(RETRY_S) + 1):
        take(pbx, "503 Service Unavailable", now=now)
        began = now
        while not pbx.tick(now):
            now += 0.5
        pauses.append(now - began)

    assert pauses == [*RETRY_S, RETRY_S[-1]]


def test_silent_server_is_lost_and_found_again(pbx: PaperLine) -> None:
    take(pbx, "200 OK")
    pbx.tick(NOW + 60)
    pbx.tick(NOW + 60)

    pbx.tick(NOW + 60 + ANSWER_WITHIN_S)
    assert pbx.news[-1] == Lost("the server does not answer")
    again_at = NOW + 60 + ANSWER_WITHIN_S + RETRY_S[0]
    assert pbx.tick(again_at) == ["REGISTER sip:pbx.example SIP/2.0"]
    take(pbx, "200 OK", now=again_at)

    assert pbx.news == [Registered(), Lost("the server does not answer"), Registered()]


def test_answer_that_comes_too_late_is_nobody_s(pbx: PaperLine) -> None:
    late = pbx.last
    pbx.tick(NOW)
    pbx.tick(NOW + ANSWER_WITHIN_S)

    pbx.line.registration.take(PlainMessage(answer(late, "200 OK").encode()), NOW + 11)

    assert pbx.news == [Lost("the server does not answer")]


def test_registrar_s_least_time_is_taken(pbx: PaperLine) -> None:
    take(pbx, "423 Interval Too Brief", "Min-Expires: 600\r\n")

    assert "Expires: 600" in pbx.last
    assert pbx.news == []


def test_registrar_that_is_never_content_is_not_asked_without_a_pause(pbx: PaperLine) -> None:
    take(pbx, "423 Interval Too Brief", "Min-Expires: 7200\r\n")
    assert pbx.news == [Lost("the server refused the registration with 423")]
    assert pbx.tick(NOW + RETRY_S[0] - 0.1) == []

    assert pbx.tick(NOW + RETRY_S[0]) == ["REGISTER sip:pbx.example SIP/2.0"]


@pytest.mark.parametrize(
    ("challenges", "proof"),
    [
        ('Digest realm="pbx", nonce="n", qop="auth-int, auth"', "qop=auth, nc=00000001"),
        ('Digest realm="pbx", nonce="n", algorithm=SHA-256, qop="auth"', "algorithm=SHA-256"),
        ('Digest realm="pbx", nonce="n", algorithm=MD5-sess, qop="auth"', "algorithm=MD5-sess"),
        ('Bearer realm="x"\r\nWWW-Authenticate: Digest realm="pbx", nonce="n2"', 'nonce="n2"'),
    ],
)
def test_challenge_of_any_kind_is_answered(pbx: PaperLine, challenges: str, proof: str) -> None:
    take(pbx, "401 Unauthorized", f"WWW-Authenticate: {challenges}\r\n")

    assert proof in pbx.last


@pytest.mark.parametrize("challenge", ["", "Digest realm=", 'Digest nonce="n"'])
def test_challenge_that_nobody_could_answer_is_a_refusal(pbx: PaperLine, challenge: str) -> None:
    take(pbx, "401 Unauthorized", f"WWW-Authenticate: {challenge}\r\n")

    assert pbx.news == [Lost("the server refused the registration with 401")]


def test_leaving_gives_the_binding_back(pbx: PaperLine) -> None:
    take(pbx, "200 OK")

    pbx.line.registration.leave()
    assert "Expires: 0" in pbx.last
    assert not pbx.line.registration.has_left
    take(pbx, "200 OK")

    assert pbx.line.registration.has_left
    assert pbx.tick(NOW + 10_000) == []


def test_who_was_never_registered_leaves_at_once() -> None:
    pbx = PaperLine()

    pbx.line.registration.leave()

    assert pbx.line.registration.has_left
    assert pbx.socket.sent == []
