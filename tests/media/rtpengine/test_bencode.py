"""Bencode: the round trip, and whatever else may come in a datagram."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.rtpengine.bencode import DEEPEST, BencodeMalformed, Value, encode, parse

values: st.SearchStrategy[Value] = st.recursive(
    st.integers(-(2**62), 2**62) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(values)
def test_what_is_encoded_is_parsed_again(value: Value) -> None:
    assert parse(encode(value)) == value


@given(st.binary() | st.text("ilde0123456789:-").map(str.encode))
def test_any_bytes_give_a_value_or_are_refused(data: bytes) -> None:
    try:
        value = parse(data)
    except BencodeMalformed:
        return
    assert parse(encode(value)) == value


@given(values, st.data())
def test_a_value_that_was_cut_is_refused(value: Value, data: st.DataObject) -> None:
    whole = encode(value)
    cut = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(BencodeMalformed):
        parse(whole[:cut])


@pytest.mark.parametrize(
    "data", [b"", b"i-e", b"i--1e", b"i1", b"-1:a", b"5:abc", b"d1:ae", b"1:ab"]
)
def test_malformed_values_are_refused(data: bytes) -> None:
    with pytest.raises(BencodeMalformed):
        parse(data)


def test_deep_nesting_is_refused_and_does_not_exhaust_the_stack() -> None:
    with pytest.raises(BencodeMalformed, match=str(DEEPEST)):
        parse(b"l" * 60_000)


def test_text_that_is_not_utf8_is_taken_as_far_as_it_goes() -> None:
    assert parse(b"2:a\xff") == "a\ufffd"
