"""A floor that takes over keeps each caller's place and wishes, and each agent's code."""

from acd.events import Priority
from acd.floor import Floor
from acd.kept import KeptCaller
from acd.options import QueueOptions, Relaxation
from acd.requirement import parse_requirement
from foundation.ids import CallId
from tests.support.floors import BEN, EVA, ORDERS, build_floor, card, offers, seat


def test_places_urgency_and_wishes_outlive_the_process() -> None:
    relax = (Relaxation(60.0, parse_requirement("orders")),)
    options = QueueOptions(skills={"orders": 5}, relax=relax, max_wait_s=900)
    floor: Floor = build_floor(
        card(EVA, orders=1), card(BEN, orders=9, english=1), queues={ORDERS: options}
    )
    wish = parse_requirement("english")
    floor.restore(
        [],
        [
            KeptCaller(call_id=CallId("a"), queue=ORDERS, priority=Priority.P3, entered_at=0.0),
            KeptCaller(
                call_id=CallId("b"),
                queue=ORDERS,
                priority=Priority.P0,
                entered_at=20.0,
                requires=wish,
            ),
            KeptCaller(
                call_id=CallId("c"),
                queue=ORDERS,
                priority=Priority.P3,
                entered_at=30.0,
                waited_s=100.0,
            ),
        ],
        40.0,
    )
    assert [caller.call_id for caller in floor.waiting(ORDERS)] == ["b", "c", "a"]
    assert offers(seat(floor, EVA, 41.0)) == [], "nobody's needs are relaxed yet"
    assert offers(floor.tick(60.0)) == [("a", EVA)]
    assert offers(seat(floor, BEN, 61.0)) == [("b", BEN)]
