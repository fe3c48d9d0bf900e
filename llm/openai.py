"""The model behind any server that speaks OpenAI's chat completions: one open client, its pool and its places."""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import cache
from typing import Any

import httpx2
from openai import APIStatusError, AsyncOpenAI, AsyncStream

from llm._answer import Answer
from llm._bounded import bound
from llm._deadlines import Clock
from llm._dialect import Dialect, after_refusal, first_dialect
from llm._hidden import Hidden
from llm._listen import listen
from llm._names import Names
from llm._places import Places
from llm._request import body_of, form_of, headers_of
from llm._translate import Border
from llm._turns import Turns
from llm.client import Call, Delta, Model, Usage
from llm.config import ModelConfig, check_allowed
from llm.tokens import estimate

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_model(config: ModelConfig) -> AsyncGenerator[Model]:
    """One client for a whole process: its connections are kept for the next call, its places are shared.

    Opens no connection by itself. Raises `RemoteModelForbidden` in tests.
    """
    check_allowed(config)
    # To make a client reads certificates and imports half of the wire: some 50 ms, in which nobody else should stand.
    async with await asyncio.to_thread(_client, config) as client:
        yield OpenAIModel(config, client)


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: that takes longer than everything else here."""
    return httpx2.create_ssl_context()


def _client(config: ModelConfig) -> AsyncOpenAI:
    http = httpx2.AsyncClient(
        base_url=config.url,
        verify=_certificates(),
        # Reading and writing have our own deadlines; the pool is never short, as there are no more calls than places.
        timeout=httpx2.Timeout(None, connect=config.deadlines.connect),
        limits=httpx2.Limits(
            max_connections=None, max_keepalive_connections=config.max_concurrent, keepalive_expiry=30
        ),
        # A key goes to the host that it was configured for and to no other.
        follow_redirects=False,
        event_hooks={"response": [bound]},
        # A proxy is for the world outside.
        trust_env=not config.is_local,
    )
    return AsyncOpenAI(
        base_url=config.url,
        api_key=config.key or "none",
        max_retries=0,
        timeout=httpx2.Timeout(None, connect=config.deadlines.connect),
        # Compression would hold tokens back until there are enough of them.
        default_headers={"Accept-Encoding": "identity"},
        http_client=http,
    )


class OpenAIModel:
    """`llm.client.Model` on an open client. Made by `open_model`."""

    def __init__(self, config: ModelConfig, client: AsyncOpenAI) -> None:
        self._config = config
        self._client = client
        self._places = Places(config.max_concurrent)
        self._turns = Turns()
        self._names = Names(config, client)
        self._dialects: dict[str, Dialect] = {}
        """By model, what was taken last time, so that a refusal is paid for once and not at every call."""

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[Delta]]:
        """See `llm.client.Model`. The deadlines begin when there is a free place for this run."""
        border = self._border(call)
        async with self._places.taken(call.labels.get("run", "")):
            model = call.model or await self._names.of(call.tier, border)
            answer = Answer(call, model, self._config.prices, self._config.max_chars)
            clock = Clock(self._config.deadlines)
            chunks = await self._open(call, model, answer, clock, border)
            async with aclosing(chunks), aclosing(listen(chunks, answer, clock, border, self._turns)) as deltas:
                yield deltas

    def estimate(self, call: Call, written: str) -> Usage:
        """See `llm.client.Model`."""
        model = call.model or self._names.known(call.tier) or call.tier
        given, wrote = estimate(call.system + call.user), estimate(written)
        return Usage(model, given, wrote, self._config.prices.cost(model, given, wrote), estimated=True)

    def _border(self, call: Call) -> Border:
        return Border(self._config.server, Hidden(self._config.key, (call.system, call.user)))

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
            options={"headers": headers_of(call.labels, signed=self._config.signed)},
            stream=True,
            stream_cls=AsyncStream[object],
        )


def _another(error: Exception, call: Call, dialect: Dialect) -> Dialect | None:
    if not isinstance(error, APIStatusError):
        return None
    return after_refusal(dialect, form_of(call.schema, dialect), error.status_code, error.response.text)
