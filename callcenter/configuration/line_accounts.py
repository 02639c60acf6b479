"""What a line over pyVoIP is called in the house, and how core knows its process.

The process calls core as a trunk that proves a password; the password is derived from the centre's
secret on disk, so that only processes of this user can have it.
"""

from pathlib import Path

from callcenter.configuration.settings import Settings
from callcenter.secret import derive_key
from callcenter.sections.lines import PyVoip


def carried_lines(settings: Settings) -> dict[str, PyVoip]:
    """The accounts, by the lines' numbers."""
    return {line.number: line.pyvoip for line in settings.lines if line.pyvoip is not None}


def trunk_of(number: str) -> str:
    """In records, metrics and logs; the role is called so, too."""
    return f"line-{number}"


def account_of(number: str) -> str:
    """User part at core; no agent's id can hold a tilde."""
    return f"line~{number}"


def password_of(data: Path, number: str) -> str:
    return derive_key(data, f"line {number}").hex()


def passwords(settings: Settings) -> dict[str, str]:
    """Of all accounts."""
    return {
        account_of(number): password_of(settings.data_path, number)
        for number in carried_lines(settings)
    }


def account_trunks(settings: Settings) -> dict[str, str]:
    """The trunk that each account is."""
    return {account_of(number): trunk_of(number) for number in carried_lines(settings)}
