"""Whom a leg listens to."""

from telephony.media.packets.latch import SourceLatch

PHONE = ("192.0.2.1", 4000)
OTHER = ("192.0.2.9", 4000)


def test_the_first_source_is_believed_and_others_are_ignored_and_counted() -> None:
    latch = SourceLatch(relock_s=2.0)

    assert latch.admits(PHONE, now=0.0, heard_at=0.0)
    assert not latch.admits(OTHER, now=0.1, heard_at=0.08)
    assert not latch.admits((PHONE[0], 4002), now=0.1, heard_at=0.08)
    assert latch.ignored == 2
    assert latch.admits(PHONE, now=0.2, heard_at=0.18)


def test_another_source_counts_after_two_seconds_of_silence() -> None:
    latch = SourceLatch(relock_s=2.0)
    latch.admits(PHONE, now=0.0, heard_at=0.0)

    assert not latch.admits(OTHER, now=1.99, heard_at=0.0)
    assert latch.admits(OTHER, now=2.0, heard_at=0.0)
    assert not latch.admits(PHONE, now=2.1, heard_at=2.08)


def test_who_sends_from_where_the_sdp_says_displaces_who_does_not() -> None:
    latch = SourceLatch(relock_s=2.0)
    latch.open(PHONE)

    assert latch.admits(OTHER, now=0.0, heard_at=0.0)
    assert latch.admits((PHONE[0], 4002), now=0.02, heard_at=0.0)
    assert latch.admits(PHONE, now=0.04, heard_at=0.02)
    assert not latch.admits((PHONE[0], 4002), now=0.06, heard_at=0.04)
    assert not latch.admits(OTHER, now=0.08, heard_at=0.04)


def test_no_other_host_takes_the_place_of_a_silent_one_that_the_sdp_named() -> None:
    latch = SourceLatch(relock_s=2.0)
    latch.open(PHONE)
    latch.admits(PHONE, now=0.0, heard_at=0.0)

    assert not latch.admits(OTHER, now=60.0, heard_at=0.0)
    assert latch.admits((PHONE[0], 4002), now=60.0, heard_at=0.0)


def test_another_source_counts_after_new_sdp() -> None:
    latch = SourceLatch(relock_s=2.0)
    latch.admits(PHONE, now=0.0, heard_at=0.0)

    latch.open()

    assert latch.admits(OTHER, now=0.1, heard_at=0.08)
