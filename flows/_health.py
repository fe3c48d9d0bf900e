"""Whether Prefect answers, known without asking: one probe in the background, none on anybody's way."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

import httpx2

log = logging.getLogger("stepglass.prefect")


class Health:
    """`up` is what the last probe said. `doubt()` makes it False until the next probe that succeeds.

    A server that refuses `authorization`, our header of that name, is not up: nothing could be told to it.
    """

    def __init__(
        self, api_url: str, authorization: str | None = None, *, every: float = 2.0, timeout: float = 1.0
    ) -> None:
        self._url = api_url.rstrip("/")
        self._headers = {"Authorization": authorization} if authorization else {}
        self._every = every
        self._timeout = timeout
        self._refused = False
        self.up = False
        self._answered = asyncio.Event()

    async def answers(self) -> None:
        """Wait until a probe has succeeded."""
        await self._answered.wait()

    def doubt(self) -> None:
        if self.up:
            log.warning("Prefect does not answer: runs go on without it and are registered there later")
        self.up = False
        self._answered.clear()

    async def probe(self) -> None:
        async with httpx2.AsyncClient(timeout=self._timeout) as client:
            while True:
                well = await self._well(client)
                if well and not self.up and await self._refuses(client):
                    self.doubt()
                elif well and not self.up:
                    log.info("Prefect answers")
                    self.up = True
                    self._answered.set()
                elif not well:
                    self.doubt()
                await asyncio.sleep(self._every)

    async def _well(self, client: httpx2.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self._url}/health")).is_success
        except httpx2.HTTPError:
            return False
        except Exception:  # were the probe to end of it, Prefect would stay up, or down, for good
            log.exception("Prefect could not be asked how it is")
            return False

    async def _refuses(self, client: httpx2.AsyncClient) -> bool:
        """Whether it wants another login than ours. Its health is everybody's to ask, so that says nothing of this."""
        try:
            answer = await client.get(f"{self._url}/admin/version", headers=self._headers)
        except httpx2.HTTPError:
            return True
        refused = answer.status_code in (401, 403)
        if refused and not self._refused:
            log.error(
                "Prefect refuses us (%d): PREFECT_API_AUTH_STRING must be the server's auth string. "
                "Runs go on without Prefect.",
                answer.status_code,
            )
        self._refused = refused
        return refused

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncGenerator["Health"]:
        """Probe as long as the context is open."""
        probing = asyncio.create_task(self.probe())
        try:
            yield self
        finally:
            probing.cancel()
            await asyncio.wait([probing])
