"""Whether Prefect answers, known without asking: one probe in the background, none on anybody's way."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

import httpx2

log = logging.getLogger("stepglass.prefect")


class Health:
    """`up` is what the last probe said. `doubt()` makes it False until the next probe that succeeds."""

    def __init__(self, api_url: str, *, every: float = 2.0, timeout: float = 1.0) -> None:
        self._url = api_url.rstrip("/") + "/health"
        self._every = every
        self._timeout = timeout
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
                if well and not self.up:
                    log.info("Prefect answers")
                    self.up = True
                    self._answered.set()
                elif not well:
                    self.doubt()
                await asyncio.sleep(self._every)

    async def _well(self, client: httpx2.AsyncClient) -> bool:
        try:
            return (await client.get(self._url)).is_success
        except httpx2.HTTPError:
            return False
        except Exception:  # were the probe to end of it, Prefect would stay up, or down, for good
            log.exception("Prefect could not be asked how it is")
            return False

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncGenerator["Health"]:
        """Probe as long as the context is open."""
        probing = asyncio.create_task(self.probe())
        try:
            yield self
        finally:
            probing.cancel()
            await asyncio.wait([probing])
