"""Which model a tier is."""

import asyncio
import logging
import re
from typing import Any

from openai import AsyncOpenAI

from llm._bounded import LONGEST_NAME
from llm._request import headers_of
from llm._translate import Border
from llm.client import Tier
from llm.config import DEFAULT_HEAVY, DEFAULT_LIGHT, ModelConfig
from llm.errors import GarbledStream, ModelError, RejectedRequest, Unreachable

log = logging.getLogger(__name__)

_TOO_MANY = 20
_NO_CHAT = re.compile(r"embed|rerank|whisper|\btts\b", re.IGNORECASE)
"""In the names of what local servers list beside their chat models."""


class Names:
    """The configured names; the other tier's where only one is set; else OpenAI's defaults, or the server's first."""

    def __init__(self, config: ModelConfig, client: AsyncOpenAI) -> None:
        self._config = config
        self._client = client
        self._first: str | None = None
        self._asking = asyncio.Lock()

    async def of(self, tier: Tier, border: Border) -> str:
        """Asks the server at most once, and only when nothing is configured. Raises `ModelError`."""
        return self.known(tier) or await self._ask(border)

    def known(self, tier: Tier) -> str | None:
        """Without asking."""
        config = self._config
        own, other = (config.heavy, config.light) if tier == "heavy" else (config.light, config.heavy)
        if own:
            return own
        if config.is_openai:
            return DEFAULT_HEAVY if tier == "heavy" else DEFAULT_LIGHT
        return other or self._first

    async def _ask(self, border: Border) -> str:
        async with self._asking:
            if self._first is None:
                self._first = self._choose(await self._listed(border))
                log.info("No model is configured; %s offers %s, so that one it is.", self._config.server, self._first)
            return self._first

    async def _listed(self, border: Border) -> Any:
        headers = headers_of({}, signed=self._config.signed)
        timer = asyncio.timeout(self._config.deadlines.connect)
        try:
            async with timer:
                return await self._client.get("/models", cast_to=object, options={"headers": headers})
        except Exception as error:
            late = Unreachable(f"{self._config.server} did not say in time which models it has.")
            problem: ModelError | None = late if timer.expired() else border.ours(error)
            if problem is None:
                raise
        raise problem

    def _choose(self, listed: Any) -> str:
        match listed:
            case {"data": [*entries]}:
                names = [name for entry in entries if (name := _id_of(entry)) and not _NO_CHAT.search(name)]
            case _:
                raise GarbledStream(f"{self._config.server} did not say which models it has.")
        if not names:
            raise RejectedRequest(f"{self._config.server} offers no model that writes.")
        if len(names) > _TOO_MANY:
            # The first of three hundred is nobody's choice, and may be the dearest.
            raise RejectedRequest(
                f"{self._config.server} offers {len(names)} models. Choose two: "
                "STEPGLASS_MODEL_HEAVY and STEPGLASS_MODEL_LIGHT are not set."
            )
        return names[0]


def _id_of(entry: Any) -> str:
    match entry:
        case {"id": str(name)} if len(name) <= LONGEST_NAME:
            return name
        case _:
            return ""
