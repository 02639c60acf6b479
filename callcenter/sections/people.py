"""`agents` and `phones`: who has a phone of ours."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from callcenter.sections.values import DialNumber, Language, Name, Part, Skills, SrtpPolicy

POOR_PASSWORDS = {
    "password",
    "passwd",
    "secret",
    "changeme",
    "change-me",
    "admin",
    "1234",
    "123456",
}


class Phone(Part):
    id: Name
    "User part of the phone's SIP address; never changes."
    name: str = Field(min_length=1)
    "For people; may change."
    sip_password: SecretStr
    "Of the phone; `callcenter init` makes good ones."

    srtp: SrtpPolicy = "never"
    """How calls to it are offered: plain, with a key beside plain RTP for phones that take it, or
    SRTP alone (`require`, for its own calls too). Keys are only as secret as the SIP transport."""

    monitors: bool = False
    """May dial itself into any talk: `*91` and an agent's number to listen, `*92` to whisper, `*93`
    to barge in."""

    webrtc: bool = False
    """It is a browser: calls to it are offered with ICE and DTLS. Calls of browsers are known by
    what they offer."""

    @field_validator("sip_password")
    @classmethod
    def _is_not_poor(cls, password: SecretStr) -> SecretStr:
        word = password.get_secret_value()
        if not word.strip():
            raise ValueError("is empty; every phone needs a password of its own")
        if word.lower() in POOR_PASSWORDS:
            raise ValueError("is the first that anybody would try; choose another")
        return password


class Agent(Phone):
    number: DialNumber
    "Told to callers before the talk, and the agent's short number."
    skills: Skills = {}
    "Level of each skill, 1 (learning) to 10."
    team: str = ""
    "For the wallboard."
    auto_answer: bool = False
    "Ask the phone to pick up by itself, after a short tone."
    languages: tuple[Language, ...] = ()
    "What the agent speaks, the mother tongue first."
    backup: bool = False
    "Is offered calls only in a queue's `surge`."
    allocation: dict[Name, Annotated[float, Field(gt=0, le=100)]] = {}
    "For the strategy `percent_allocation`: percent of the busy time for each queue."
