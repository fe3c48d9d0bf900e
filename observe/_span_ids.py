"""Ids of traces and spans that follow from what they are about, so that whoever makes a span knows those around it."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context


class GivenIds(RandomIdGenerator):
    """Random ids, but for a span that is made inside `given`."""

    def __init__(self) -> None:
        self._given: tuple[int, int] | None = None

    @contextmanager
    def given(self, trace: int, span: int) -> Generator[None, None, None]:
        """Nothing may be awaited inside."""
        self._given = trace, span
        try:
            yield
        finally:
            self._given = None

    def generate_trace_id(self) -> int:
        return self._given[0] if self._given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self._given[1] if self._given else super().generate_span_id()


def span_id(run_id: UUID, about: str = "") -> int:
    """Of the run itself, or of something that is unique in it. Never 0, which means none."""
    digest = hashlib.blake2b(f"{run_id} {about}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1


def attempt_name(step: str, attempt: int | str, lane: str | None = None, turn: int | str | None = None) -> str:
    return f"{step} {attempt} {lane or ''} {turn or ''}".rstrip()


def within(run_id: UUID, about: str = "") -> Context:
    """The context of a span that is inside that one, wherever that is made."""
    parent = SpanContext(run_id.int, span_id(run_id, about), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(parent), Context())
