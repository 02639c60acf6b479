"""Each call in one worker: where requests go, with clients that only write down."""

import pytest

from callcenter.conduct.media_port import MediaPort
from telephony.media import protocol as media
from telephony.media.client import MediaClient, OnReply


class FakeClient(MediaClient):
    """A worker that is asked and never answers by itself."""

    def __init__(self, *, is_up: bool = True) -> None:
        super().__init__("/nowhere", lambda event: None)
        self.asked: list[tuple[media.Request, OnReply]] = []
        self._up = is_up

    @property
    def is_up(self) -> bool:
        return self._up

    def tell(self, request: media.Request, on_reply: OnReply = lambda reply: None) -> None:
        self.asked.append((request, on_reply))

    def loaded(self, busy: float, *, admitting: bool = True) -> None:
        self.last_load = media.Load(seq=1, legs=0, busy=busy, late_ticks=0, admitting=admitting)

    @property
    def legs(self) -> list[str]:
        return [asked.leg for asked, _ in self.asked if isinstance(asked, media.Offer)]


class Desk:
    """A port over two workers, and what was replied."""

    def __init__(self) -> None:
        self.one, self.two = FakeClient(), FakeClient()
        self.port = MediaPort([self.one, self.two])
        self.replies: list[media.Done | media.Failed] = []

    def ask(self, request: media.Request) -> None:
        self.port.ask(request, self.replies.append)

    def offer(self, leg: str, call: str) -> None:
        self.ask(media.Offer(rid=0, leg=leg, call=call))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_all_legs_of_a_call_meet_in_one_worker(desk: Desk) -> None:
    desk.offer("l-1", "c-1")
    desk.offer("l-2", "c-2")
    desk.offer("l-3", "c-1")

    assert desk.one.legs == ["l-1", "l-3"]
    assert desk.two.legs == ["l-2"]


def test_burst_of_callers_is_spread_before_any_load_is_told(desk: Desk) -> None:
    for number in range(6):
        desk.offer(f"l-{number}", f"c-{number}")

    assert (len(desk.one.legs), len(desk.two.legs)) == (3, 3)


def test_equal_workers_are_told_apart_by_how_busy_they_are(desk: Desk) -> None:
    desk.one.loaded(0.5)
    desk.two.loaded(0.1)
    desk.offer("l-1", "c-1")

    assert desk.two.legs == ["l-1"]


def test_worker_that_admits_nobody_gets_nobody_while_another_does(desk: Desk) -> None:
    desk.offer("l-1", "c-1")
    desk.offer("l-2", "c-2")
    desk.offer("l-3", "c-3")
    desk.two.loaded(0.1, admitting=False)
    desk.offer("l-4", "c-4")

    assert desk.one.legs == ["l-1", "l-3", "l-4"]


def test_worker_that_is_away_gets_nobody_while_another_is_up() -> None:
    away, up = FakeClient(is_up=False), FakeClient()
    port = MediaPort([away, up])
    for number in range(3):
        port.ask(media.Offer(rid=0, leg=f"l-{number}", call=f"c-{number}"), lambda _: None)

    assert (away.legs, len(up.legs)) == ([], 3)


def test_verbs_follow_their_leg_and_its_recording(desk: Desk) -> None:
    desk.offer("l-1", "c-1")
    desk.offer("l-2", "c-2")
    verbs: list[media.Request] = [
        media.Play(rid=0, leg="l-2", play_id="p", items=["a.wav"]),
        media.Connect(rid=0, a="l-2", b="l-3"),
        media.Tap(rid=0, tap_id="r-1", left="l-2", right="l-3", file="/r.wav"),
        media.Untap(rid=0, tap_id="r-1"),
        media.Release(rid=0, leg="l-2"),
    ]
    for verb in verbs:
        desk.ask(verb)

    assert [asked for asked, _ in desk.two.asked[1:]] == verbs
    assert desk.one.legs == ["l-1"]


def test_leg_that_is_not_known_any_more_is_asked_for_all_the_same(desk: Desk) -> None:
    desk.offer("l-1", "c-1")
    desk.offer("l-2", "c-2")
    desk.ask(media.Release(rid=0, leg="l-2"))
    desk.ask(media.Stop(rid=0, leg="l-2"))

    assert isinstance(desk.one.asked[-1][0], media.Stop), "some worker answers it 481"


def test_leg_that_was_refused_is_forgotten_and_the_reply_passed_on(desk: Desk) -> None:
    desk.offer("l-1", "c-1")
    desk.offer("l-2", "c-2")
    refused = media.Failed(rid=1, status=503, sentence="no room")
    desk.two.asked[0][1](refused)
    desk.ask(media.Stop(rid=0, leg="l-2"))

    assert desk.replies == [refused]
    assert isinstance(desk.one.asked[-1][0], media.Stop)


def test_leg_whose_new_offer_was_refused_stays_where_it_is(desk: Desk) -> None:
    desk.offer("l-1", "c-1")
    desk.offer("l-2", "c-2")
    desk.two.asked[0][1](media.Done(rid=1))
    desk.offer("l-2", "c-2")
    desk.two.asked[1][1](media.Failed(rid=2, status=488, sentence="no common codec"))
    desk.ask(media.Stop(rid=0, leg="l-2"))

    assert isinstance(desk.two.asked[-1][0], media.Stop)


def test_call_that_is_over_no_longer_weighs_on_its_worker(desk: Desk) -> None:
    desk.offer("l-1", "c-1")
    desk.port.forget_call("c-1")
    desk.offer("l-2", "c-2")

    assert desk.one.legs == ["l-1", "l-2"]


def test_session_that_a_worker_kept_is_spoken_to_there(desk: Desk) -> None:
    kept = media.Session(leg="l-9", call="c-9", port=30000, ssrc=1, taps=["r-9"])
    desk.port.adopt(kept, desk.two)
    desk.ask(media.Untap(rid=0, tap_id="r-9"))
    desk.ask(media.Release(rid=0, leg="l-9"))
    desk.offer("l-10", "c-9")

    assert len(desk.two.asked) == 3
    assert desk.one.asked == []


def test_a_planned_end_drains_all_workers(desk: Desk) -> None:
    desk.port.drain(on=True)

    for client in (desk.one, desk.two):
        assert [asked for asked, _ in client.asked] == [media.Drain(rid=0, on=True)]
