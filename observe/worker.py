"""All that is seen of a worker: what its log and its model are wrapped in, and what is open meanwhile."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from events.log import EventLog
from llm.client import Model
from observe.exposing import exposed
from observe.hearing import Ear, Heard
from observe.meters import Meters
from observe.refused import Refusals

if TYPE_CHECKING:
    from observe.spans import Spans

log = logging.getLogger("stepglass.observe")

CLOSING = 5.0
"""Seconds that the last spans have to be sent."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a worker writes to, and what it asks."""

    log: EventLog
    model: Model


@dataclass(frozen=True, slots=True)
class Wanted:
    """`metrics`: figures on a port of `host` (0: on none), which answers for `names`, for requests with the token
    of `digest`. `traces`: spans to where the variables of OpenTelemetry say."""

    metrics: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    names: Sequence[str] = ()
    digest: bytes | None = None
    traces: bool = False


@asynccontextmanager
async def observed(watched: Watched, wanted: Wanted) -> AsyncGenerator[Watched, None]:
    """`watched`, with eyes on it where that is wanted; as it is where not."""
    ears: list[Ear] = []
    async with _traced(watched, wanted.traces, ears) as watched:
        with _counted(wanted, ears):
            yield replace(watched, log=Heard(watched.log, ears)) if ears else watched


@contextmanager
def _counted(wanted: Wanted, ears: list[Ear]) -> Generator[None, None, None]:
    if not wanted.metrics or not wanted.port:
        yield
        return
    meters = Meters()
    ears.append(meters)
    refusals = Refusals(meters.refused_tokens)
    with exposed(meters.text, wanted.host, wanted.port, wanted.digest, refusals, wanted.names):
        yield


@asynccontextmanager
async def _traced(watched: Watched, wanted: bool, ears: list[Ear]) -> AsyncGenerator[Watched, None]:
    if not wanted:
        yield watched
        return
    try:
        # In a thread: it imports a lot, and reads its variables and what they name.
        spans, model = await asyncio.to_thread(_spans, watched.model)
    except ImportError as error:
        log.error("No spans are sent: %s is missing. Install stepglass[otel], or unset the endpoint.", error.name)
        yield watched
        return
    ears.append(spans)
    try:
        yield replace(watched, model=model)
    finally:
        # A thread that ends with the process: whoever does not take our spans holds up nothing.
        closing = threading.Thread(target=spans.close, name="spans", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSING)


def _spans(model: Model) -> "tuple[Spans, Model]":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from observe.calls import Traced
    from observe.spans import Spans

    spans = Spans(BatchSpanProcessor(OTLPSpanExporter()))
    return spans, Traced(model, spans.tracer)
