"""What a killed line process leaves behind."""

from pathlib import Path

from telephony.lines.kept import KeptCall, KeptCalls

CALL = KeptCall(b"INVITE sip:8000@h SIP/2.0\r\n", ("192.0.2.9", 5060), "tag", is_answered=False)
ANSWERED = KeptCall(CALL.invite, CALL.source, CALL.tag, is_answered=True)


def test_successor_finds_the_newest_of_each_call_and_takes_it_once(tmp_path: Path) -> None:
    before = KeptCalls(tmp_path / "line")
    before.put("a/../b@pbx", CALL)
    before.put("a/../b@pbx", ANSWERED)
    before.put("other", CALL)
    before.drop("other")

    successor = KeptCalls(tmp_path / "line")

    assert successor.take_all() == [ANSWERED]
    assert successor.take_all() == []


def test_half_a_file_costs_that_call_alone(tmp_path: Path) -> None:
    kept = KeptCalls(tmp_path)
    kept.put("one", CALL)
    (tmp_path / "0.call").write_bytes(b"\x84half")

    assert KeptCalls(tmp_path).take_all() == [CALL]


def test_full_disk_keeps_the_call_and_only_says_so(tmp_path: Path) -> None:
    kept = KeptCalls(tmp_path / "line")
    (tmp_path / "line").rmdir()

    kept.put("one", CALL)

    assert KeptCalls(tmp_path / "line").take_all() == []
