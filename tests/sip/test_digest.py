"""Digest authentication: the RFC's numbers, and nonces that age, serve once, and are ours."""

import itertools

import pytest

from telephony.sip.digest import Credentials, DigestClient, DigestServer, Verdict, digest_response
from telephony.sip.events import HostPort
from telephony.sip.options import Listener, SipOptions
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import AuthValue

SALTS = itertools.count()
SOURCE = HostPort("192.0.2.2", 5060)
OPTIONS = SipOptions(listeners=(Listener(address=HostPort("192.0.2.1", 5060)),))


def make_server(secret: bytes = b"secret", algorithms: tuple[str, ...] = ("MD5",)) -> DigestServer:
    options = SipOptions(listeners=OPTIONS.listeners, digest_algorithms=algorithms)
    return DigestServer(options, "here", secret, lambda: f"{next(SALTS)}")


def check(server: DigestServer, lines: list[str], now: float, aor: str = "li") -> Verdict:
    return server.check(lines, aor=aor, password="pw", method="REGISTER", source=SOURCE, now=now)


def make_client(server: DigestServer, now: float, password: str = "pw") -> DigestClient:
    client = DigestClient(Credentials("li", password))
    assert client.take(401, [value for _, value in server.challenges(now)])
    return client


def sign(client: DigestClient) -> list[str]:
    return [value for _, value in client.answer("REGISTER", "sip:here", "c0ffee")]


def test_the_example_of_rfc_2617_comes_out_right() -> None:
    assert (
        digest_response(
            algorithm="MD5",
            user="Mufasa",
            realm="testrealm@host.com",
            password="Circle Of Life",
            method="GET",
            uri="/dir/index.html",
            nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
            qop="auth",
            nc="00000001",
            cnonce="0a4f113b",
        )
        == "6629fae49393a05397450978507c4ef1"
    )


def test_the_sha_256_example_of_rfc_7616_comes_out_right() -> None:
    assert (
        digest_response(
            algorithm="SHA-256",
            user="Mufasa",
            realm="http-auth@example.org",
            password="Circle of Life",
            method="GET",
            uri="/dir/index.html",
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            qop="auth",
            nc="00000001",
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
        == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    )


def test_without_credentials_comes_a_challenge() -> None:
    assert check(make_server(), [], 0.0) is Verdict.CHALLENGE


def test_two_phones_challenged_in_the_same_millisecond_do_not_share_a_counter() -> None:
    server = make_server()
    one, two = make_client(server, 0.0), make_client(server, 0.0)
    assert check(server, sign(one), 0.1) is Verdict.ACCEPTED
    assert check(server, sign(two), 0.1) is Verdict.ACCEPTED


def test_the_right_password_is_accepted_and_its_counter_must_rise() -> None:
    server = make_server()
    client = make_client(server, 0.0)
    first, second = sign(client), sign(client)

    assert check(server, second, 1.0) is Verdict.ACCEPTED
    assert check(server, second, 1.0) is Verdict.STALE, "a replay"
    assert check(server, first, 1.0) is Verdict.STALE, "an older one"
    assert check(server, sign(client), 1.0) is Verdict.ACCEPTED


def test_a_nonce_ages_and_the_client_takes_the_new_one() -> None:
    server = make_server()
    client = make_client(server, 0.0)
    assert check(server, sign(client), 301.0) is Verdict.STALE

    assert client.take(401, [value for _, value in server.challenges(301.0, stale=True)])
    assert check(server, sign(client), 301.0) is Verdict.ACCEPTED


def test_a_nonce_survives_a_restart_with_the_same_secret_only() -> None:
    client = make_client(make_server(), 0.0)
    assert check(make_server(b"other"), sign(client), 1.0) is Verdict.STALE
    assert check(make_server(), sign(client), 1.0) is Verdict.ACCEPTED


def test_a_nonce_from_the_future_is_not_taken() -> None:
    server = make_server()
    assert check(server, sign(make_client(server, 1000.0)), 5.0) is Verdict.STALE


def test_an_old_phone_without_qop_may_use_a_nonce_once() -> None:
    server = make_server()
    (challenge,) = (value for _, value in server.challenges(0.0))
    client = DigestClient(Credentials("li", "pw"))
    client.take(401, [challenge.replace(', qop="auth"', "")])
    assert check(server, sign(client), 1.0) is Verdict.ACCEPTED
    assert check(server, sign(client), 1.0) is Verdict.STALE


def test_a_client_that_was_refused_does_not_try_again_and_again() -> None:
    server = make_server()
    client = make_client(server, 0.0, password="wrong")
    assert check(server, sign(client), 0.0) is Verdict.CHALLENGE
    assert not client.take(401, [value for _, value in server.challenges(1.0)])


def test_a_client_chooses_an_algorithm_that_it_knows() -> None:
    server = make_server(algorithms=("SHA-256", "MD5"))
    challenges = [value for _, value in server.challenges(0.0)]
    client = DigestClient(Credentials("li", "pw"))
    assert client.take(401, ['Digest realm="here", nonce="1", algorithm=SHA3', *challenges])
    assert AuthValue.parse(sign(client)[0]).params["algorithm"] == "SHA-256"
    assert check(server, sign(client), 0.0) is Verdict.ACCEPTED


def test_a_407_is_answered_in_its_own_header() -> None:
    client = DigestClient(Credentials("li", "pw"))
    client.take(407, ['Digest realm="r", nonce="n", opaque="o", algorithm=MD5-sess, qop="auth"'])
    ((name, value),) = client.answer("INVITE", "sip:x", "c")
    assert name == "Proxy-Authorization"
    assert AuthValue.parse(value).params["opaque"] == "o"


@pytest.mark.parametrize("line", ["Basic bGk6cHc=", 'Digest realm="elsewhere", nonce="n"'])
def test_credentials_for_somebody_else_are_none(line: str) -> None:
    assert check(make_server(), [line], 0.0) is Verdict.CHALLENGE


@pytest.mark.parametrize(
    "line", ['Digest realm="here"', 'Digest username="li', "Digest realm=here,,"]
)
def test_malformed_credentials_are_an_error_of_the_peer(line: str) -> None:
    with pytest.raises(SipParseError):
        check(make_server(), [line], 0.0)
