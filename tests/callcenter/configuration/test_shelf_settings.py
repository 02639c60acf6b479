"""`recordings.shelf`: what reaches the archive, and what is refused with its place."""

from pathlib import Path

import pytest

from callcenter.configuration.settings import load
from callcenter.configuration.shelves import make_bucket, moving_shelf, shelf_keys
from callcenter.rules.recordings import archive_options, archive_shelf
from foundation.errors import ConfigurationError
from tests.support.centres import run_command, write_centre

GOOD = """\
timezone: UTC
recordings:
  transcribe: false
  shelf: {kind: s3, endpoint: "https://s3.example", bucket: talks, prefix: a/, keys_file: s3.keys}
"""


def centre(folder: Path, text: str = GOOD, keys: str = "AKEXAMPLE\nof-nobody\n") -> Path:
    (folder / "s3.keys").write_text(keys)
    (folder / "s3.keys").chmod(0o600)
    return write_centre(folder, text)


def test_without_a_word_recordings_stay_on_the_disk(tmp_path: Path) -> None:
    settings = load(write_centre(tmp_path))

    assert moving_shelf(settings) is None
    archive_shelf(settings)


def test_what_the_file_says_reaches_the_bucket(tmp_path: Path) -> None:
    text = GOOD.replace("bucket: talks,", "bucket: talks, backlog_gb: 2,")
    settings = load(centre(tmp_path, text))

    assert str(make_bucket(settings)) == "the bucket 'talks' at https://s3.example"
    assert shelf_keys(settings) == ("AKEXAMPLE", "of-nobody")
    assert archive_options(settings).shelf.most_bytes == 2 << 30


def test_keys_may_come_from_the_environment_and_are_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCENTER_RECORDINGS__SHELF__ACCESS_KEY", "AKOTHER")
    monkeypatch.setenv("CALLCENTER_RECORDINGS__SHELF__SECRET_KEY", "a-secret")

    settings = load(centre(tmp_path, GOOD.replace(", keys_file: s3.keys", "")))

    assert shelf_keys(settings) == ("AKOTHER", "a-secret")
    assert "a-secret" not in repr(settings)
    bucket = make_bucket(settings)
    assert "a-secret" not in repr(vars(bucket))


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        (("https://s3.example", ""), "shelf.endpoint", "is needed"),
        (("https://s3.example", "s3.example"), "shelf.endpoint", "no address of a store"),
        (("https://s3.example", "https://s3.example/talks"), "shelf.endpoint", "has a path"),
        (("https://s3.example", "https://me:pw@s3.example"), "shelf.endpoint", "has a password"),
        (("https://s3.example", "https://s3.example:0"), "shelf.endpoint", "no address"),
        (("bucket: talks", 'bucket: ""'), "shelf.bucket", "is needed"),
        (("bucket: talks", "bucket: Talks_1"), "shelf.bucket", ""),
        (("prefix: a/", "prefix: a"), "shelf.prefix", ""),
        ((", keys_file: s3.keys", ""), "shelf.keys_file", "SHELF__ACCESS_KEY"),
        (("keys_file: s3.keys", "keys_file: none"), "shelf.keys_file", "No such file"),
        (
            ("keys_file: s3.keys", "keys_file: s3.keys, secret_key: x"),
            "shelf.keys_file",
            "give one",
        ),
        (("bucket: talks", "bucket: talks, ca_file: s3.keys"), "shelf.ca_file", "no certificate"),
        (("kind: s3, ", ""), "shelf.bucket", "is for kind: s3"),
        (
            ('transcribe: false\n  shelf: {kind: s3, endpoint: "https', 'encrypt: false\n  '
             'shelf: {kind: s3, endpoint: "http'),
            "shelf.endpoint",
            "by https only",
        ),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, sentence: str
) -> None:
    assert change[0] in GOOD
    with pytest.raises(ConfigurationError) as raised:
        load(centre(tmp_path, GOOD.replace(*change)))

    assert any(place in each and sentence in each for each in raised.value.problems)
    assert "of-nobody" not in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "mode", "sentence"),
    [
        ("AKEXAMPLE of-nobody", 0o644, "may be read by others"),
        ("AKEXAMPLE", 0o600, "has 1 words; write two lines"),
    ],
)
def test_key_file_that_cannot_be_used_is_told_without_what_is_in_it(
    tmp_path: Path, keys: str, mode: int, sentence: str
) -> None:
    folder = centre(tmp_path, GOOD, keys)
    (folder / "s3.keys").chmod(mode)

    with pytest.raises(ConfigurationError, match=sentence) as raised:
        load(folder)
    assert "of-nobody" not in str(raised.value)


def test_what_is_probably_not_meant_is_said(tmp_path: Path) -> None:
    text = GOOD.replace("transcribe: false", "transcribe: false\n  archive: none\n  encrypt: false")

    warnings = " ".join(load(centre(tmp_path, text)).warnings)

    assert "nothing is archived" in warnings
    assert "whoever reads the bucket hears the recordings" in warnings


def test_check_says_where_recordings_go(tmp_path: Path) -> None:
    checked = run_command("check", centre(tmp_path))

    assert checked.exit_code == 0
    assert "bucket talks at https://s3.example, a/" in checked.stdout
    assert "of-nobody" not in checked.output
