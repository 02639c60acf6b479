"""Any REFERs, verbs, answers and pauses: each REFER is answered once, each report has one end."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.sip.events import SendDatagram, StackEffect
from telephony.sip.wording.message import Request, Response, parse_message
from tests.sip.dialogs.test_refer import TARGET, Talk

DEEDS = st.one_of(
    st.tuples(st.just("refer"), st.sampled_from([(TARGET,), (TARGET, "Refer-Sub: false"), ()])),
    st.tuples(st.just("accept"), st.none()),
    st.tuples(st.just("refuse"), st.sampled_from([403, 603])),
    st.tuples(st.just("notify"), st.sampled_from([180, 183, 200, 486])),
    st.tuples(st.just("answer"), st.sampled_from([200, 481, 500])),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 5.0, 25.0, 200.0])),
    st.tuples(st.just("bye"), st.none()),
    st.tuples(st.just("hang_up"), st.none()),
)


class Story:
    def __init__(self) -> None:
        self.call = Talk()
        self.now = 0.0
        self.answers: Counter[int] = Counter()
        "Final ones to REFERs, by CSeq."
        self.reports: dict[str, list[int]] = {}
        "Statuses of the NOTIFYs, by Event."
        self.asked: list[int] = []
        self.silent: set[int] = set()
        self.waiting: list[Request] = []
        self.seen: set[str] = set()

    def take(self, effects: list[StackEffect]) -> None:
        for effect in effects:
            if not isinstance(effect, SendDatagram):
                continue
            message = parse_message(effect.data)
            if isinstance(message, Response) and message.cseq.method == "REFER":
                self.answers[message.cseq.number] += 1
            elif isinstance(message, Request) and message.method == "NOTIFY":
                self._reported(message)

    def _reported(self, notify: Request) -> None:
        if notify.via.branch in self.seen:
            return
        self.seen.add(notify.via.branch)
        self.waiting.append(notify)
        status = int(notify.body.split()[1])
        self.reports.setdefault(notify.find("event") or "", []).append(status)
        is_last = (notify.find("subscription-state") or "").startswith("terminated")
        assert is_last == (status >= 200)

    def do(self, deed: str, how: object) -> None:
        stack, leg = self.call.stack, self.call.leg
        match deed:
            case "refer":
                assert isinstance(how, tuple)
                effects = self.call.refer(*how, now=self.now) if how else self.bad_refer()
                self.asked.append(self.call.cseq)
                if len(how) > 1:
                    self.silent.add(self.call.cseq)
                self.take(effects)
            case "accept":
                self.take(stack.accept_refer(leg, self.now))
            case "refuse":
                self.take(stack.refuse_refer(leg, int(str(how)), self.now))
            case "notify":
                self.take(stack.notify_refer(leg, int(str(how)), self.now))
            case "answer" if self.waiting:
                self.take(self.call.answer(self.waiting.pop(), int(str(how)), self.now))
            case "wait":
                self.pass_s(float(str(how)))
            case "bye":
                self.take(self.call.ask("BYE", now=self.now))
            case "hang_up":
                self.take(stack.hang_up(leg, self.now))
            case _:
                pass

    def bad_refer(self) -> list[StackEffect]:
        return self.call.refer("Subject: none", now=self.now)

    def pass_s(self, seconds: float) -> None:
        end = self.now + seconds
        stack = self.call.stack
        while stack.deadline is not None and stack.deadline <= end:
            self.now = max(self.now, stack.deadline)
            self.take(stack.tick(self.now))
        self.now = end


@settings(max_examples=200, deadline=None)
@given(st.lists(DEEDS, max_size=14))
def test_whatever_happens_each_refer_is_answered_once_and_reported_to_one_end(
    deeds: list[tuple[str, object]],
) -> None:
    story = Story()
    for deed, how in deeds:
        story.do(deed, how)
    story.pass_s(30.0)
    assert story.answers == Counter(story.asked)
    story.do("hang_up", None)
    story.pass_s(400.0)

    for event, statuses in story.reports.items():
        assert int(event.partition("id=")[2]) not in story.silent
        finals = [status for status in statuses if status >= 200]
        assert len(finals) <= 1
        assert finals == statuses[len(statuses) - len(finals) :], "nothing after the last word"
    assert (story.call.stack.leg_count, story.call.stack.transaction_count) == (0, 0)
