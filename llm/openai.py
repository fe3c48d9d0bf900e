"""The model behind any server that speaks OpenAI's chat completions: one open client, its pool and its places."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
from openai import APIStatusError, AsyncOpenAI, AsyncStream, Omit

from llm._answer import Answer
from llm._deadlines import Clock
from llm._dialect import Dialect, after_refusal, first_dialect
from llm._hidden import Hidden
from llm._listen import listen
from llm._names import Names
from llm._request import body_of, call_header, form_of
from llm._translate import Border
from llm.client import Call, Delta, Model
from llm.config import ModelConfig, check_allowed

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_model(config: ModelConfig) -> AsyncGenerator[Model]:
    """One client for a whole process: its connections are kept for the next call, its places are shared.

    Opens no connection by itself. Raises `RemoteModelForbidden` in tests, `ValueError` for a key that can be none.
    """
    check_allowed(config)
    async with _client(config) as client:
        yield OpenAIModel(config, client)


def _client(config: ModelConfig) -> AsyncOpenAI:
    key = config.api_key.get_secret_value().strip() if config.api_key else ""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("The key for the model server has characters in it that no key has. Was more than it pasted?")
    http = httpx2.AsyncClient(
        base_url=config.url,
        # Reading and writing have our own deadlines; the pool is never short, as there are no more calls than places.
        timeout=httpx2.Timeout(None, connect=config.deadlines.connect),
        limits=httpx2.Limits(
            max_connections=None, max_keepalive_connections=config.max_concurrent, keepalive_expiry=30
        ),
        # A key goes to the host that it was configured for and to no other.
        follow_redirects=False,
        # A proxy is for the world outside.
        trust_env=not config.is_local,
    )
    # Compression would hold tokens back until there are enough of them.
    headers: dict[str, Any] = {"Accept-Encoding": "identity"}
    if not key:
        headers["Authorization"] = Omit()
    return AsyncOpenAI(
        base_url=config.url,
        api_key=key or "none",
        max_retries=0,
        timeout=httpx2.Timeout(None, connect=config.deadlines.connect),
        default_headers=headers,
        http_client=http,
    )


class OpenAIModel:
    """`llm.client.Model` on an open client. Made by `open_model`."""

    def __init__(self, config: ModelConfig, client: AsyncOpenAI) -> None:
        self._config = config
        self._client = client
        self._places = asyncio.Semaphore(config.max_concurrent)
        self._names = Names(config, client)
        self._dialects: dict[str, Dialect] = {}
        """By model, what was taken last time, so that a refusal is paid for once and not at every call."""

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[Delta]]:
        """See `llm.client.Model`. The deadlines begin when there is a free place, first come first served."""
        border = self._border(call)
        async with self._places:
            model = call.model or await self._names.of(call.tier, border)
            answer = Answer(call, model, self._config.prices, self._config.max_chars)
            clock = Clock(self._config.deadlines)
            chunks = await self._open(call, model, answer, clock, border)
            async with aclosing(chunks), aclosing(listen(chunks, answer, clock, border)) as deltas:
                yield deltas

    def _border(self, call: Call) -> Border:
        key = self._config.api_key
        return Border(self._config.server, Hidden(key.get_secret_value() if key else "", (call.system, call.user)))

    async def _open(self, call: Call, model: str, answer: Answer, clock: Clock, border: Border) -> AsyncStream[object]:
        """Send the request; when the server does not take it as it is put, put it otherwise. Raises `ModelError`."""
        dialect = self._dialects.get(model) or first_dialect(openai=self._config.is_openai)
        refused: set[Dialect] = set()
        while True:
            timer = asyncio.timeout_at(clock.until)
            try:
                async with timer:
                    chunks = await self._post(call, body_of(call, model, dialect))
                self._dialects[model] = dialect
                return chunks
            except Exception as error:
                refused.add(dialect)
                another = _another(error, call, dialect)
                problem = clock.missed() if timer.expired() else border.ours(error)
                if problem is None:
                    raise
            if another is None or another in refused:
                raise border.shown(problem, answer.usage if timer.expired() else answer.untouched)
            log.info("%s does not take our request for %s as it is; trying %s.", self._config.server, model, another)
            dialect = another

    async def _post(self, call: Call, body: dict[str, Any]) -> AsyncStream[object]:
        # `cast_to=object` leaves a chunk the dictionary that it is: to make a pydantic model of it takes openai five
        # times as long as all the rest.
        return await self._client.post(
            "/chat/completions",
            cast_to=object,
            body=body,
            options={"headers": call_header(call.labels)},
            stream=True,
            stream_cls=AsyncStream[object],
        )


def _another(error: Exception, call: Call, dialect: Dialect) -> Dialect | None:
    if not isinstance(error, APIStatusError):
        return None
    return after_refusal(dialect, form_of(call.schema, dialect), error.status_code, error.response.text)
