"""Recordings in the configuration: what reaches the house, and what is refused with its place."""

from pathlib import Path

import pytest

from callcenter.conduct.card_entry import CardRule
from callcenter.conduct.house import Consent, KeyCommand, RecordingMode
from callcenter.configuration.settings import load
from callcenter.rules.house import house_rules
from foundation.errors import ConfigurationError
from foundation.ids import QueueId
from tests.support.centres import write_centre

FLOW = """
languages: [en, zh]
start: hear
prompts: {legal: {en: We record., zh: 我们录音。}}
nodes: {hear: {do: queue, queue: orders}}
"""
GOOD = """
lines:
  - {number: "8000", flow: main, consent: ask, recording: on_demand}
  - {number: "8001", flow: main, consent: announce, consent_words: {en: Recorded., zh: 录音。}}
  - {number: "8002", flow: main, consent: ask, consent_prompt: legal, decline_key: "0"}
queues:
  orders: {recording: never}
lookups: {hosts: ["127.0.0.1:9000"]}
recordings:
  transcribe: false
  keys: {pause: "*9", card: "*7"}
  card: {post_to: "http://127.0.0.1:9000/cards", least: 13, check: false}
"""


def centre(folder: Path, text: str) -> Path:
    written = write_centre(folder, "timezone: UTC\n" + text)
    (written / "flows").mkdir(exist_ok=True)
    (written / "flows" / "main.yaml").write_text(FLOW, encoding="utf-8")
    return written


def test_what_the_file_says_reaches_the_house(tmp_path: Path) -> None:
    settings = load(centre(tmp_path, GOOD))

    rules = house_rules(settings)

    asked, told, own = (rules.lines[number] for number in ("8000", "8001", "8002"))
    assert (asked.consent, asked.consent_prompt) == (Consent.ASK, "consent_ask")
    assert (told.consent, told.consent_prompt) == (Consent.ANNOUNCE, "consent_8001")
    assert (own.consent_prompt, own.decline_key) == ("legal", "0")
    assert asked.recording is RecordingMode.ON_DEMAND
    assert rules.queues[QueueId("orders")].recording is RecordingMode.NEVER
    assert rules.recording.keys == {"*9": KeyCommand.PAUSE, "*7": KeyCommand.CARD}
    assert rules.recording.card == CardRule(
        post_to="http://127.0.0.1:9000/cards", least=13, check=False
    )
    assert settings.prompt_words["consent_8001"] == {"en": "Recorded.", "zh": "录音。"}


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        (('pause: "*9"', 'pause: "*7"'), "recordings.keys", "begins as"),
        (('pause: "*9"', 'pause: "*71"'), "recordings.keys.pause", "begins as card (*7) does"),
        (('pause: "*9"', 'pause: "19"'), "recordings.keys.pause", ""),
        (('pause: "*9"', "pause: 19"), "recordings.keys.pause", "quotes"),
        (("least: 13", "least: 30"), "recordings.card.least", "more than most"),
        (('hosts: ["127.0.0.1:9000"]', "hosts: [x]"), "recordings.card.post_to", "none of lookups"),
        (("http://127.0.0.1:9000", "http://me:pw@127.0.0.1:9000"), "recordings.card", "password"),
        (("127.0.0.1:9000", "pay.example"), "recordings.card.post_to", "https only"),
        (('decline_key: "0"', "decline_key: a"), "lines[2].decline_key", ""),
        (("consent_prompt: legal", "consent_prompt: legl"), "lines[2].consent_prompt", "'legl'"),
        (("consent: announce", "consent: none"), "lines[1].consent", "there are words for it"),
        (
            ("consent: ask, recording", 'consent: ask, decline_key: "0", recording'),
            "lines[0].decline_key",
            "the built-in words say 9",
        ),
        (
            (
                "consent_words: {en: Recorded.",
                "consent_prompt: legal, consent_words: {en: Recorded.",
            ),
            "lines[1].consent_words",
            "give one",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, sentence: str
) -> None:
    assert change[0] in GOOD
    folder = centre(tmp_path, GOOD.replace(*change))
    with pytest.raises(ConfigurationError) as raised:
        load(folder)

    assert any(place in each and sentence in each for each in raised.value.problems)


def test_card_key_without_a_server_is_refused(tmp_path: Path) -> None:
    text = 'recordings: {transcribe: false, keys: {card: "*7"}}\n'

    with pytest.raises(ConfigurationError, match=r"give recordings\.card"):
        load(centre(tmp_path, "queues: {orders: {}}\n" + text))


def test_what_is_probably_not_meant_is_said(tmp_path: Path) -> None:
    text = GOOD.replace(
        "consent_words: {en: Recorded., zh: 录音。}", "consent_words: {en: Recorded.}"
    )
    settings = load(centre(tmp_path, text + "media: {driver: rtpengine}\n"))

    warnings = " ".join(settings.warnings)

    assert "lines[1].consent_words: there are none in: zh" in warnings
    assert "recordings.keys: behind rtpengine callers hear these keys" in warnings
