"""What an installation signs with, on every store."""

import asyncio

from events.keys import LENGTH
from events.store import Store, open_store


async def test_the_key_is_made_once_and_is_long_enough(store: Store) -> None:
    first = await store.keys.signing()
    assert len(first) == LENGTH
    assert await store.keys.signing() == first


async def test_two_stores_have_two_keys(store: Store) -> None:
    async with open_store("memory://") as other:
        assert await store.keys.signing() != await other.keys.signing()


async def test_twenty_who_need_it_first_at_once_find_one_key(database_url: str) -> None:
    async with open_store(database_url) as one, open_store(database_url) as other:
        assert len(set(await asyncio.gather(*(store.keys.signing() for store in (one, other) * 10)))) == 1
