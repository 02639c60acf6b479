"""Room for another caller."""

from telephony.media.admission import Admission, committed_legs


def test_a_reserving_leg_counts_for_its_agent_until_the_agents_leg_is_there() -> None:
    assert committed_legs([("c-1", True), ("c-2", False)]) == 3
    assert committed_legs([("c-1", True), ("c-1", False), ("c-2", True)]) == 4


def test_both_legs_of_a_caller_must_find_room() -> None:
    gate = Admission(max_legs=4, busy_limit=0.7, late_ticks_limit=3)

    assert gate.refusal(2) is None
    assert gate.refusal(3) == "3 of 4 legs are in use or reserved"


def test_a_busy_second_closes_the_gate_and_a_quiet_one_opens_it() -> None:
    gate = Admission(max_legs=1000, busy_limit=0.7, late_ticks_limit=3)

    gate.measured(0.71, 0)
    assert gate.refusal(2) == "the media worker is 71% busy"
    gate.measured(0.69, 0)
    assert gate.refusal(2) is None


def test_late_ticks_close_the_gate() -> None:
    gate = Admission(max_legs=1000, busy_limit=0.7, late_ticks_limit=3)

    gate.measured(0.1, 4)

    assert gate.refusal(2) == "4 ticks of the last second came too late"


def test_callers_admitted_since_the_measurement_count_by_experience() -> None:
    gate = Admission(max_legs=1000, busy_limit=0.7, late_ticks_limit=3)
    gate.measured(0.69, 0)

    admitted = 0
    while gate.refusal(2) is None:
        gate.admitted()
        admitted += 1

    assert admitted == 4


def test_a_draining_worker_takes_no_new_callers_until_it_stays_after_all() -> None:
    gate = Admission(max_legs=1000, busy_limit=0.7, late_ticks_limit=3)

    gate.is_draining = True
    assert gate.refusal(0) == "the media worker is about to end and takes no new callers"
    gate.is_draining = False
    assert gate.refusal(0) is None
