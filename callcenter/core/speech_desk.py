"""Core's side of listening to callers: joins a flow's question, the media worker and the listener.

    AskSpeech ─▶ Listen ─────────▶ listener
                 ◀── Listening ────┘
                 ListenIn ─▶ media worker ─ audio ─▶ listener
    QuestionOver ─▶ PromptOver ─▶ listener
                 ◀── Began · Heard · Silent · Failed
    SpeechBegan · SpeechHeard · SpeechSilent · SpeechFailed ─▶ the flow

Answers come later, never from within `start`; nothing waits here, the flow has its own deadline.
Without a listener (killed, or not configured) a question fails and the flow goes on by keys.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from foundation.ids import CallId, LegId
from ivr.effects import AskSpeech
from ivr.inputs import SpeechBegan, SpeechFailed, SpeechHeard, SpeechSilent
from recordings.following import listen_messages as m
from telephony.media import protocol as media

log = logging.getLogger(__name__)

Result: TypeAlias = SpeechBegan | SpeechHeard | SpeechSilent | SpeechFailed
Answer: TypeAlias = Callable[[CallId, Result], None]
OnReply: TypeAlias = Callable[[media.Done | media.Failed], None]


@dataclass(frozen=True, slots=True)
class _Question:
    call_id: CallId
    ask_id: int
    leg_id: LegId
    answer: Answer


class SpeechDesk:
    """Questions under way, one for each call at most, by what the listener calls them."""

    def __init__(
        self,
        live_socket: str,
        send: Callable[[m.FromCore], bool],
        ask_media: Callable[[media.Request, OnReply], None],
        find_leg: Callable[[CallId], LegId | None],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        """`send`: false when no listener is there; `find_leg`: the caller's; `later`: as
        `loop.call_soon` does it."""
        self._live_socket = live_socket
        self._send = send
        self._ask_media = ask_media
        self._find_leg = find_leg
        self._later = later
        self._questions: dict[str, _Question] = {}

    def __len__(self) -> int:
        return len(self._questions)

    # -- the flow --

    def start(self, call_id: CallId, asked: AskSpeech, answer: Answer) -> None:
        self.stop(call_id)
        leg_id = self._find_leg(call_id)
        listen_id = f"{call_id}.{asked.ask_id}"
        listen = m.Listen(
            listen_id=listen_id,
            languages=asked.languages,
            phrases=dict(asked.phrases),
            wait_s=asked.wait_s,
            limit_s=asked.limit_s,
            over_prompt=asked.over_prompt,
        )
        if leg_id is None or not self._send(listen):
            self._later(lambda: answer(call_id, SpeechFailed(asked.ask_id)))
        else:
            self._questions[listen_id] = _Question(call_id, asked.ask_id, leg_id, answer)

    def question_over(self, call_id: CallId) -> None:
        """The time to answer begins."""
        for listen_id, question in self._questions.items():
            if question.call_id == call_id:
                self._send(m.PromptOver(listen_id=listen_id))

    def stop(self, call_id: CallId) -> None:
        """No answer comes any more: a key was pressed, the caller has left."""
        for listen_id, question in list(self._questions.items()):
            if question.call_id == call_id:
                del self._questions[listen_id]
                self._send(m.StopListening(listen_id=listen_id))

    # -- the listener --

    def on_message(self, message: m.FromListener) -> None:
        question = self._questions.get(message.listen_id)
        if question is None:
            return  # answered by a key meanwhile
        match message:
            case m.Listening(listen_id=listen_id):
                self._bring_audio(listen_id, question)
            case m.Began():
                self._answer(question, SpeechBegan(question.ask_id))
            case m.Partly(text=text):
                log.debug("[%s] … %d characters", question.call_id, len(text))
            case m.Heard() | m.Silent() | m.Failed():
                self._settle(message, question)
            case _:
                assert_never(message)

    def listener_lost(self) -> None:
        for listen_id, question in list(self._questions.items()):
            self._fail(listen_id, question, "the listener went away")

    def _bring_audio(self, listen_id: str, question: _Question) -> None:
        def on_reply(reply: media.Done | media.Failed) -> None:
            if isinstance(reply, media.Failed) and listen_id in self._questions:
                self._fail(listen_id, question, reply.sentence)
                self._send(m.StopListening(listen_id=listen_id))

        request = media.ListenIn(
            rid=0, leg=question.leg_id, listen_id=listen_id, socket=self._live_socket
        )
        self._ask_media(request, on_reply)

    def _settle(self, outcome: m.Outcome, question: _Question) -> None:
        match outcome:
            case m.Heard(listen_id=listen_id, text=text, confidence=confidence):
                del self._questions[listen_id]
                words = len(outcome.words)
                log.info("[%s] > %d words, %.2f sure", question.call_id, words, confidence)
                self._answer(question, SpeechHeard(question.ask_id, text, confidence))
            case m.Silent(listen_id=listen_id):
                del self._questions[listen_id]
                self._answer(question, SpeechSilent(question.ask_id))
            case m.Failed(listen_id=listen_id, sentence=sentence):
                self._fail(listen_id, question, sentence)
            case _:
                assert_never(outcome)

    def _fail(self, listen_id: str, question: _Question, sentence: str) -> None:
        del self._questions[listen_id]
        log.warning("[%s] nobody listens to the caller: %s", question.call_id, sentence)
        self._answer(question, SpeechFailed(question.ask_id))

    def _answer(self, question: _Question, result: Result) -> None:
        self._later(lambda: question.answer(question.call_id, result))
