"""Calls of a model as spans, with the attributes of OpenTelemetry's conventions for generative AI.

No prompt, no answer and no key: what was asked of which model, how much it took and how long.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from llm.client import Call, Delta, Model, Usage
from llm.errors import ModelError
from observe._span_ids import attempt_name, within

LABELS = frozenset({"run", "step", "attempt"})
"""What a call must say of itself, to have a place in a trace."""


class Traced:
    """A `Model` over another one."""

    def __init__(self, inner: Model, tracer: Tracer) -> None:
        self._inner, self._tracer = inner, tracer

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[Delta], None]:
        if not call.labels.keys() >= LABELS:
            async with self._inner.stream(call) as deltas:
                yield deltas
            return
        with _span(self._tracer, call) as asked:
            async with self._inner.stream(call) as deltas:
                yield asked.overhear(deltas)

    def estimate(self, call: Call, written: str) -> Usage:
        return self._inner.estimate(call, written)


class _Asked:
    """What is known of a call while it goes on. Seconds since it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: float | None = None
        self.used: Usage | None = None

    async def overhear(self, deltas: AsyncIterator[Delta]) -> AsyncIterator[Delta]:
        async for delta in deltas:
            if delta.text and self._first is None:
                self._first = time.monotonic() - self._began
            self.used = delta.usage or self.used
            yield delta

    def attributes(self, call: Call) -> dict[str, Any]:
        told: dict[str, Any] = {
            "gen_ai.request.model": self.used.model if self.used else call.model,
            "gen_ai.response.time_to_first_chunk": self._first,
        }
        if self.used is not None:
            told["gen_ai.usage.input_tokens"] = self.used.input_tokens
            told["gen_ai.usage.output_tokens"] = self.used.output_tokens
            told["stepglass.cost_usd"] = self.used.cost_usd
        return {name: value for name, value in told.items() if value is not None}


@contextmanager
def _span(tracer: Tracer, call: Call) -> Generator[_Asked, None, None]:
    """Inside the attempt that makes the call. Whatever is raised goes on."""
    labels = call.labels
    run_id = UUID(labels["run"])
    # Not the lane of the call: one attempt may make many, side by side.
    place = attempt_name(labels["step"], labels["attempt"], labels.get("attempt_lane"), labels.get("attempt_round"))
    context = within(run_id, place)
    asked, span = _Asked(), tracer.start_span("chat", context, SpanKind.CLIENT, _before(call))
    try:
        yield asked
    except ModelError as error:
        asked.used = asked.used or error.usage
        # Its words are not ours to tell: a server may quote the prompt.
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        span.set_attributes(asked.attributes(call))
        if asked.used is not None:
            span.update_name(f"chat {asked.used.model}")
        span.end()


def _before(call: Call) -> dict[str, Any]:
    told: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        # The dialect that is spoken, which is all that we know of a server.
        "gen_ai.provider.name": "openai",
        "gen_ai.output.type": "json" if call.schema else "text",
        "gen_ai.request.stream": True,
        "stepglass.run.id": call.labels["run"],
        "stepglass.step": call.labels["step"],
    }
    told |= {f"stepglass.{name}": call.labels[name] for name in ("lane", "round") if name in call.labels}
    if call.max_output_tokens is not None:
        told["gen_ai.request.max_tokens"] = call.max_output_tokens
    return told
