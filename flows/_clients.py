"""Prefect's clients, made once for a worker and used for all its runs.

To make one takes ten milliseconds of the loop that carries the runs, since it reads all certificates there are, and
its first request is another one about forgery; Prefect makes four for every flow run, unless there are some already.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.client.orchestration import get_client
from prefect.context import AsyncClientContext, SyncClientContext


@asynccontextmanager
async def kept() -> AsyncGenerator[None]:
    """Whatever is begun inside finds these clients; asks Prefect for nothing. Leaving closes them."""
    # The one without `await` is for Prefect's engine, which makes it and then has no question for it.
    with await asyncio.to_thread(SyncClientContext):
        async with await asyncio.to_thread(AsyncClientContext):
            yield


async def compatible() -> None:
    """Raises `RuntimeError` where the server is too old for this client, or does not answer; asks it once a process."""
    await get_client().raise_for_api_version_mismatch_once()
