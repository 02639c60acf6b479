"""Registrations on disk."""

from collections.abc import AsyncIterator

import pytest

from telephony.sip.entrance.store import BindingStore
from tests.support.database import fresh_sessions


@pytest.fixture
async def store() -> AsyncIterator[BindingStore]:
    async with fresh_sessions() as sessions:
        yield BindingStore(sessions)


async def test_bindings_are_read_back_by_address(store: BindingStore) -> None:
    await store.save([("eva", b"\x91one"), ("tom", b"\x91two")])

    assert await store.all() == {"eva": b"\x91one", "tom": b"\x91two"}


async def test_newest_change_of_a_phone_wins_within_a_batch_and_over_what_is_kept(
    store: BindingStore,
) -> None:
    await store.save([("eva", b"first"), ("eva", b"second")])
    assert await store.all() == {"eva": b"second"}

    await store.save([("eva", b"third")])
    assert await store.all() == {"eva": b"third"}


async def test_phone_without_bindings_is_forgotten(store: BindingStore) -> None:
    await store.save([("eva", b"one"), ("tom", b"two")])
    await store.save([("eva", b""), ("nobody", b"")])

    assert await store.all() == {"tom": b"two"}


async def test_phone_that_leaves_and_comes_back_in_one_batch_is_there(store: BindingStore) -> None:
    await store.save([("eva", b"one"), ("eva", b""), ("eva", b"two")])

    assert await store.all() == {"eva": b"two"}


async def test_writing_the_same_batch_twice_does_no_harm(store: BindingStore) -> None:
    batch = [("eva", b"one"), ("tom", b"")]
    await store.save(batch)
    await store.save(batch)

    assert await store.all() == {"eva": b"one"}


async def test_nothing_is_kept_of_an_empty_batch(store: BindingStore) -> None:
    await store.save([])

    assert await store.all() == {}
