"""The ports that tests give to programs."""

from tests.support.programs import find_free_port


def test_a_port_beside_another_is_given_to_nobody_else() -> None:
    """baresip takes it for TLS, whatever transports it is to speak, and ends at once where somebody
    has it."""
    pairs = [find_free_port(beside=1) for _ in range(200)]
    single = [find_free_port() for _ in range(200)]

    taken = [*pairs, *(port + 1 for port in pairs), *single]
    assert len(taken) == len(set(taken))
