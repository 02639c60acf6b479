"""Where a centre's processes meet, and the secret that they share."""

from pathlib import Path

from callcenter.places import Places
from callcenter.secret import FILE_NAME, LENGTH, derive_key, make_secret


def test_everything_that_processes_leave_lies_below_the_data_folder() -> None:
    places = Places(Path("/centre/data"))

    for path in (places.run, places.logs, places.core_socket, places.media_socket(3)):
        assert path.is_relative_to("/centre/data")
    assert len({places.core_socket, places.media_socket(0), places.media_socket(1)}) == 3


def test_secret_is_long_and_only_its_owners(tmp_path: Path) -> None:
    make_secret(tmp_path / "data")

    file = tmp_path / "data" / FILE_NAME
    assert len(file.read_bytes()) == LENGTH
    assert file.stat().st_mode & 0o777 == 0o600


def test_secret_that_is_there_stays(tmp_path: Path) -> None:
    make_secret(tmp_path)
    first = (tmp_path / FILE_NAME).read_bytes()
    make_secret(tmp_path)

    assert (tmp_path / FILE_NAME).read_bytes() == first


def test_two_centres_have_different_secrets(tmp_path: Path) -> None:
    assert derive_key(tmp_path / "one", "sessions") != derive_key(tmp_path / "two", "sessions")


def test_each_purpose_has_a_key_of_its_own_that_survives_a_restart(tmp_path: Path) -> None:
    nonces, sessions = derive_key(tmp_path, "sip nonces"), derive_key(tmp_path, "web sessions")

    assert nonces != sessions
    assert derive_key(tmp_path, "sip nonces") == nonces
    assert (tmp_path / FILE_NAME).read_bytes() not in (nonces, sessions)
