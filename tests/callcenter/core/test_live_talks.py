"""Who is followed while he talks, and what happens when somebody on the way is away or busy."""

from callcenter.core.live_talks import REST_S, RETRY_S, LiveTalk, LiveTalks, OnReply
from foundation.ids import CallId, LegId
from recordings.following import listen_messages as m
from telephony.media import protocol as media


def talk(number: int, agent: str = "a", languages: tuple[str, ...] = ("en",)) -> LiveTalk:
    call_id = CallId(f"c-{number}")
    return LiveTalk(call_id, LegId(f"{call_id}-c"), LegId(f"{call_id}-{agent}"), languages)


class House:
    """A listener, media and talks, all played."""

    def __init__(self, most: int = 2) -> None:
        self.talks: list[LiveTalk] = []
        self.sent: list[m.FromCore] = []
        self.asked: list[media.ListenIn] = []
        self.now = 100.0
        self.is_busy = False
        self.has_listener = True
        self.media_refuses = False
        self.live = LiveTalks(
            "live.sock",
            self.send,
            self.ask,
            lambda: self.talks,
            lambda: self.is_busy,
            lambda: self.now,
            most,
        )

    def send(self, message: m.FromCore) -> bool:
        if self.has_listener:
            self.sent.append(message)
        return self.has_listener

    def ask(self, request: media.Request, on_reply: OnReply) -> None:
        assert isinstance(request, media.ListenIn)
        if self.media_refuses:
            on_reply(media.Failed(rid=0, status=503, sentence="no listen-in here"))
        else:
            self.asked.append(request)
            on_reply(media.Done(rid=0))

    def watch(self) -> list[m.FromCore]:
        """What is sent to the listener, which is ready at once."""
        self.sent.clear()
        self.live.watch()
        for message in list(self.sent):
            if isinstance(message, m.Follow):
                self.live.on_message(m.Listening(listen_id=message.listen_id))
        return list(self.sent)

    def followed(self) -> list[tuple[str, str]]:
        """Of the last watch."""
        return [(one.call_id, one.side) for one in self.sent if isinstance(one, m.Follow)]


def test_both_sides_of_a_talk_are_followed_from_their_own_legs() -> None:
    house = House()
    house.talks = [talk(1, languages=("en", "zh"))]

    house.watch()

    assert house.followed() == [("c-1", "caller"), ("c-1", "agent")]
    assert [request.leg for request in house.asked] == ["c-1-c", "c-1-a"]
    assert house.asked[0].socket == "live.sock"
    assert [one.languages for one in house.sent if isinstance(one, m.Follow)] == 2 * [("en", "zh")]
    assert house.watch() == []


def test_a_talk_that_is_over_is_let_go_and_the_next_takes_its_place() -> None:
    house = House(most=1)
    house.talks = [talk(1), talk(2)]
    house.watch()
    assert {call for call, _ in house.followed()} == {"c-1"}

    house.talks = [talk(2)]
    sent = house.watch()

    assert sum(isinstance(one, m.StopListening) for one in sent) == 2
    assert {call for call, _ in house.followed()} == {"c-2"}


def test_who_is_followed_already_is_not_given_up_for_an_earlier_talk() -> None:
    house = House(most=1)
    house.talks = [talk(2)]
    house.watch()
    house.talks = [talk(1), talk(2)]

    assert house.watch() == []


def test_after_a_transfer_the_new_agent_is_followed_and_the_caller_goes_on() -> None:
    house = House()
    house.talks = [talk(1)]
    house.watch()
    house.talks = [talk(1, agent="b")]

    sent = house.watch()

    assert house.followed() == [("c-1", "agent")]
    assert [type(one) for one in sent] == [m.StopListening, m.Follow]
    assert house.asked[-1].leg == "c-1-b"


def test_following_goes_first_when_media_is_near_its_limit_and_comes_back_later() -> None:
    house = House()
    house.talks = [talk(1)]
    house.watch()
    house.is_busy = True
    assert [type(one) for one in house.watch()] == 2 * [m.StopListening]
    assert len(house.live) == 0

    house.is_busy = False
    house.now += REST_S - 0.1
    assert house.watch() == []
    house.now += 0.2
    house.watch()
    assert len(house.followed()) == 2


def test_side_that_failed_is_tried_again_after_a_while() -> None:
    house = House()
    house.talks = [talk(1)]
    house.watch()
    first = house.sent[0]
    house.live.on_message(m.Failed(listen_id=first.listen_id, sentence="no audio comes"))
    assert house.watch() == []
    house.now += RETRY_S

    house.watch()

    assert house.followed() == [("c-1", "caller")]


def test_media_that_cannot_is_asked_again_but_not_each_second() -> None:
    house = House()
    house.media_refuses = True
    house.talks = [talk(1)]

    assert [type(one) for one in house.watch()] == [
        m.Follow,
        m.Follow,
        m.StopListening,
        m.StopListening,
    ]
    assert (len(house.live), house.watch()) == (0, [])


def test_listener_that_comes_back_is_asked_for_all_anew() -> None:
    house = House()
    house.talks = [talk(1)]
    house.watch()
    house.live.listener_lost()
    house.has_listener = False
    assert (house.watch(), len(house.live)) == ([], 0)
    house.has_listener = True

    house.watch()

    assert len(house.followed()) == 2


def test_what_the_listener_says_of_flows_questions_is_not_ours() -> None:
    house = House()
    house.live.on_message(m.Heard(listen_id="c-1.1", language="en", text="yes", confidence=1.0))
    house.live.on_message(m.Listening(listen_id="c-1.1"))
    assert house.asked == []
