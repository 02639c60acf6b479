"""How fast calls went while memory was watched."""

from bench.media import pace


def test_pace_is_told_when_settled_and_at_the_end_and_how_it_wavered() -> None:
    stretches = [{"calls": {"ok_per_s": each}} for each in (20.0, 31.4, 30.0, 31.2, 55.0, 52.6)]
    row = pace(stretches)
    assert row.value == "30 / 53 calls a second (between 20 and 55)"
