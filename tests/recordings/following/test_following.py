"""Talks while they go on: which language it is, what is final, what is left out when it is late."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from recordings.following import listen_messages as m
from recordings.following.following import MOST_BEHIND_S, Followers
from recordings.following.live_audio import NoAudio
from recordings.following.live_words import Began, Over, Said, Saying, Told
from recordings.recogniser import Word

SECOND = 8000


def words(text: str, at_s: float, confidence: float = 1.0) -> list[Word]:
    """Half a second each."""
    return [
        Word(one, at_s + n / 2, at_s + n / 2 + 0.5, confidence)
        for n, one in enumerate(text.split())
    ]


@dataclass
class Ear:
    """Hears what was written down for it: for each piece of audio, the sure words and the rest."""

    script: list[tuple[list[Word], str]]
    fed: list[int] = field(default_factory=list)
    "Samples of each piece."

    def follow(self, rate: int) -> "Ear":
        assert rate == SECOND
        return self

    def feed(self, pcm: bytes) -> tuple[list[Word], str]:
        self.fed.append(len(pcm) // 2)
        return self.script.pop(0)

    def finish(self) -> list[Word]:
        return []


@dataclass
class Audio:
    """Pieces of so many samples, then the end."""

    pieces: list[int]

    async def samples(self) -> np.ndarray:
        if not self.pieces:
            raise NoAudio("the audio has ended")
        return np.zeros(self.pieces.pop(0), np.int16)


async def followed(
    models: dict[str, Ear], pieces: list[int], languages: tuple[str, ...] = ("en",)
) -> list[Told]:
    told: list[Told] = []
    follow = m.Follow(listen_id="live.c-1", call_id="c-1", side="caller", languages=languages)
    with pytest.raises(NoAudio):
        await Followers(models, told.append).follow(follow, Audio(pieces))
    assert isinstance(told[0], Began)
    assert told[-1] == Over(call_id="c-1", side="caller")
    return told[1:-1]


def said(told: Sequence[Told]) -> list[tuple[str, str]]:
    return [(one.language, one.text) for one in told if isinstance(one, Said)]


def saying(told: Sequence[Told]) -> list[str]:
    return [one.text for one in told if isinstance(one, Saying)]


async def test_what_may_change_is_told_when_it_changes_and_the_sentence_when_it_is_sure() -> None:
    ear = Ear([([], "one"), ([], "one"), ([], "one mom"), (words("one moment", 0.2), "")])

    told = await followed({"en": ear}, [800] * 4)

    assert saying(told) == ["one", "one mom", ""]
    assert said(told) == [("en", "One moment.")]


async def test_a_sentence_has_its_time_on_the_clock_that_all_sides_share() -> None:
    told = await followed({"en": Ear([(words("one moment", 0.5), "")])}, [800])

    (sentence,) = [one for one in told if isinstance(one, Said)]
    assert sentence.end_s - sentence.at_s == pytest.approx(1.0)


async def test_of_several_languages_the_one_that_is_understood_is_told_from_its_beginning() -> None:
    chinese = Ear([(words("您好", 0), ""), (words("我 要 退款", 1), ""), (words("谢谢", 4), "")])
    english = Ear([(words("knee how", 0, 0.3), ""), ([], "woe"), ([], "")])

    told = await followed({"en": english, "zh": chinese}, [800] * 3, ("en", "zh"))

    assert said(told) == [("zh", "您好，我要退款。"), ("zh", "谢谢。")]
    assert len(english.fed) == 2, "nobody listens in English any more"


async def test_before_it_is_sure_the_best_guess_is_shown_and_nothing_is_final() -> None:
    models = {"en": Ear([(words("one", 0), "moment")]), "zh": Ear([([], "旺")])}

    told = await followed(models, [800], ("en", "zh"))

    assert (saying(told), said(told)) == (["one moment"], [])


async def test_audio_that_has_waited_too_long_is_skipped_and_later_words_keep_their_time() -> None:
    late = int((MOST_BEHIND_S + 2) * SECOND)
    ear = Ear([(words("hello", 0), ""), (words("bye", 1), "")])

    told = await followed({"en": ear}, [800, late, 800])

    assert ear.fed == [800, 800]
    hello, bye = [one for one in told if isinstance(one, Said)]
    assert bye.at_s - hello.at_s == pytest.approx(1 + MOST_BEHIND_S + 2)


async def test_reader_who_comes_late_is_told_all_that_still_counts() -> None:
    ear = Ear([(words("hello", 0), ""), ([], "one"), ([], "one mom")])
    seen: list[list[Told]] = []
    followers = Followers({"en": ear}, lambda _: seen.append(list(followers.told_so_far())))
    follow = m.Follow(listen_id="live.c-1", call_id="c-1", side="agent", languages=("en",))

    with pytest.raises(NoAudio):
        await followers.follow(follow, Audio([800] * 3))

    assert [type(one) for one in seen[-2]] == [Began, Said, Saying]
    assert saying(seen[-2]) == ["one mom"]
    assert seen[-1] == []


@pytest.mark.parametrize(
    ("languages", "problem"),
    [(("fr", "en"), ""), (("fr",), "there is no speech model for fr")],
)
def test_language_without_a_model_is_refused_with_a_sentence(
    languages: tuple[str, ...], problem: str
) -> None:
    follow = m.Follow(listen_id="live.c-1", call_id="c-1", side="agent", languages=languages)

    assert Followers({"en": Ear([])}, lambda _: None).why_not(follow) == problem
