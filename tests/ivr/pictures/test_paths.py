"""The ways that callers took, by the steps of their visits."""

from ivr.pictures.paths import WayCounts, places, ways

PATH = ("a", "b", "sub/x", "sub/y", "c")


def test_steps_are_of_the_flow_that_they_name_or_of_the_first() -> None:
    assert list(places("main", PATH)) == [
        ("main", "a"),
        ("main", "b"),
        ("sub", "x"),
        ("sub", "y"),
        ("main", "c"),
    ]


def test_what_lies_in_a_flow_that_was_called_is_one_way_of_the_caller() -> None:
    assert list(ways("main", PATH)) == [
        ("main", "a", "b"),
        ("sub", "x", "y"),
        ("main", "b", "c"),
    ]


def test_visits_are_counted_by_way_flow_and_last_step() -> None:
    counts = WayCounts()
    counts.add("main", PATH)
    counts.add("main", ("a", "b"))
    counts.add("main", ())
    assert counts.ways["main", "a", "b"] == 2
    assert counts.starts == {"main": 2, "sub": 1}
    assert counts.last == {("main", "c"): 1, ("main", "b"): 1}
