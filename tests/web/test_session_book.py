"""Who is signed in where, as far as one process has seen."""

from starlette.datastructures import Headers

from foundation.web.session_book import SessionBook
from foundation.web.sessions import Session


def session(session_id: str, user_id: str = "ann", expires_s: float = 100.0) -> Session:
    return Session(session_id, user_id, "stamp", 0.0, expires_s)


def see(book: SessionBook, seen: Session, now_s: float) -> None:
    book.seen(seen, ("192.0.2.7", 4000), Headers({"user-agent": "Firefox"}), now_s)


def test_sessions_of_a_user_come_the_last_used_first_with_where_they_are() -> None:
    book = SessionBook()
    see(book, session("a"), 1.0)
    see(book, session("b"), 2.0)
    see(book, session("c", "bob"), 3.0)
    see(book, session("a"), 4.0)

    listed = book.of("ann", 5.0)
    assert [each.session.session_id for each in listed] == ["a", "b"]
    assert (listed[0].address, listed[0].browser, listed[0].used_s) == ("192.0.2.7", "Firefox", 4.0)


def test_sessions_that_are_over_or_ended_are_not_listed() -> None:
    book = SessionBook()
    for name, expires_s in (("a", 10.0), ("b", 100.0), ("c", 100.0)):
        see(book, session(name, expires_s=expires_s), 1.0)
    book.forget("b")
    assert [each.session.session_id for each in book.of("ann", 50.0)] == ["c"]
    book.forget_user("ann")
    assert book.of("ann", 50.0) == []


def test_the_one_used_longest_ago_makes_room() -> None:
    book = SessionBook(most=2)
    for now_s, name in enumerate("abac"):
        see(book, session(name), float(now_s))
    assert [each.session.session_id for each in book.of("ann", 9.0)] == ["c", "a"]
