"""From what is written in a pack's file to the values that judging works with."""

import hashlib
import json
from collections.abc import Iterable, Iterator

from recordings.quality.pack import (
    EmotionSigns,
    Forbidden,
    HoldLimit,
    HungUp,
    LoudnessLimit,
    Pack,
    Place,
    Price,
    Required,
    SilenceLimit,
    SpeedLimit,
    TalkOverLimit,
    Window,
)
from recordings.quality.tokens import Phrase, Spelling
from recordings.quality.written_pack import (
    Priced,
    WrittenEmotion,
    WrittenForbidden,
    WrittenHold,
    WrittenHungUp,
    WrittenLoudness,
    WrittenPack,
    WrittenRequired,
    WrittenSilence,
    WrittenSpeed,
    WrittenTalkOver,
    WrittenWindow,
)


def pack_of(written: WrittenPack, name: str) -> Pack:
    """`written` has no problems any more."""
    return _Maker(written).pack(name)


def version_of(written: WrittenPack) -> str:
    """Ten hexadecimal figures; the same for the same rules, however the file is laid out."""
    dumped = json.dumps(written.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(dumped.encode()).hexdigest()[:10]


def spelling_of(written: WrittenPack) -> Spelling:
    return Spelling(written.language, tuple(frozenset(group) for group in written.same))


class _Maker:
    """Turns a pack without problems into values."""

    def __init__(self, written: WrittenPack) -> None:
        self._written = written
        self._spelling = spelling_of(written)

    def pack(self, name: str) -> Pack:
        written = self._written
        return Pack(
            name=name,
            version=version_of(written),
            language=written.language,
            title=written.title or name,
            most_times=written.most_times,
            least_confidence=written.least_confidence,
            forbidden=tuple(self._forbidden(rule) for rule in written.forbidden),
            harmless=tuple(
                phrase for rule in written.forbidden for phrase in self._phrases(rule.unless)
            ),
            required=tuple(self._required(rule) for rule in written.required),
            silence=self._silence(written.silence),
            talk_over=self._talk_over(written.talk_over),
            speed=self._speed(written.speed),
            loudness=self._loudness(written.loudness),
            hold=self._hold(written.hold),
            hung_up=self._hung_up(written.hung_up),
            emotion=self._emotion(written.emotion),
            same=self._spelling.same,
        )

    def _price(self, rule: Priced) -> Price:
        penalty = rule.penalty
        return Price(
            rule.severity, self._written.penalties[rule.severity] if penalty is None else penalty
        )

    def _phrases(self, texts: Iterable[str]) -> tuple[Phrase, ...]:
        return tuple(dict.fromkeys(self._spelling.phrase(text) for text in texts))

    def _forbidden(self, rule: WrittenForbidden) -> Forbidden:
        texts = [rule.phrase, *rule.also]
        if not rule.exact:
            texts = [each for text in texts for each in self._with_each_address(text)]
        return Forbidden(rule.phrase, self._price(rule), self._phrases(texts))

    def _with_each_address(self, text: str) -> Iterator[str]:
        yield text
        forms = self._written.address
        for said in forms:
            if said in text:
                yield from (text.replace(said, other) for other in forms)

    def _required(self, rule: WrittenRequired) -> Required:
        return Required(rule.name, self._price(rule), self._phrases(rule.say), _window(rule.window))

    def _silence(self, rule: WrittenSilence | None) -> SilenceLimit | None:
        return (
            None if rule is None else SilenceLimit(self._price(rule), rule.most_share, rule.least_s)
        )

    def _talk_over(self, rule: WrittenTalkOver | None) -> TalkOverLimit | None:
        return (
            None
            if rule is None
            else TalkOverLimit(self._price(rule), rule.most_share, rule.least_s)
        )

    def _speed(self, rule: WrittenSpeed | None) -> SpeedLimit | None:
        return (
            None
            if rule is None
            else SpeedLimit(self._price(rule), rule.least_per_min, rule.most_per_min)
        )

    def _loudness(self, rule: WrittenLoudness | None) -> LoudnessLimit | None:
        return (
            None
            if rule is None
            else LoudnessLimit(
                self._price(rule), rule.least_dbfs, rule.most_dbfs, rule.most_apart_db
            )
        )

    def _hold(self, rule: WrittenHold | None) -> HoldLimit | None:
        return None if rule is None else HoldLimit(self._price(rule), rule.most_s)

    def _hung_up(self, rule: WrittenHungUp | None) -> HungUp | None:
        return None if rule is None else HungUp(self._price(rule), self._phrases(rule.unless))

    def _emotion(self, rule: WrittenEmotion | None) -> EmotionSigns | None:
        return (
            None
            if rule is None
            else EmotionSigns(
                price=self._price(rule),
                upset=self._phrases(rule.upset),
                pleased=self._phrases(rule.pleased),
                pitch_up_st=rule.pitch_up_st,
                level_up_db=rule.level_up_db,
                rate_up=rule.rate_up,
            )
        )


def _window(written: WrittenWindow) -> Window:
    places = {
        Place.FIRST: written.first_s,
        Place.LAST: written.last_s,
        Place.AFTER_HOLD: written.after_hold_s,
    }
    for place, within_s in places.items():
        if within_s is not None:
            return Window(place, within_s)
    return Window(Place.ANYWHERE)
