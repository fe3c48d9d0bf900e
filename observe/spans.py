"""Runs and the attempts at their steps as spans of OpenTelemetry. No text of a model and no input is in any of them.

The trace of a run is its id without the dashes, and a span's id follows from what it is about. So the spans of a run
belong together whichever workers made them, and each is made when it is over: nothing is lost with a worker but what
it had not finished.
"""

import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Status, StatusCode, Tracer

from events.contract import Cancelled, Complete, Error, Event, Problem, StepComplete, StepError, StepRetry
from observe._span_ids import GivenIds, attempt_name, span_id, within
from observe.hearing import Facts, place_of

MS = 1_000_000
"""Nanoseconds, which OpenTelemetry counts in."""

Over = StepComplete | StepRetry | StepError


@dataclass(frozen=True, slots=True)
class _Past:
    """Something that is over. `about` tells it from the rest of its run (nothing: the run itself); times in ms."""

    name: str
    run_id: UUID
    about: str
    began: int
    ended: int
    attributes: dict[str, Any]
    problem: Problem | None


class Spans:
    """An `Ear` of a worker's log; `tracer` is for what else there is to be told of its runs."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._ids = GivenIds()
        # The environment may call us something else, and say more of us.
        resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "stepglass-worker")})
        # Ours alone, not the process's: Prefect's own instruments stay as they are.
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self.tracer: Tracer = self._provider.get_tracer("stepglass")

    def close(self) -> None:
        """Send what has not been sent; takes some seconds at most."""
        self._provider.shutdown()

    def hear(self, run: Facts, event: Event) -> None:
        match event:
            case StepComplete() | StepRetry() | StepError():
                began = run.started.get(place_of(event))
                # One that was taken over from another run has not begun in this one.
                if began is not None:
                    self._tell(_attempt(run, event, began))
            case Complete() | Error() | Cancelled():
                self._tell(_whole(run, event))
            case _:
                pass

    def _tell(self, past: _Past) -> None:
        context = within(past.run_id) if past.about else None
        with self._ids.given(past.run_id.int, span_id(past.run_id, past.about)):
            span = self.tracer.start_span(
                past.name, context, attributes=past.attributes, start_time=past.began * MS, record_exception=False
            )
        if past.problem is not None:
            span.set_attribute("error.type", past.problem.type)
            span.set_status(Status(StatusCode.ERROR, past.problem.title))
        # Wall clocks step back.
        span.end(max(past.began, past.ended) * MS)


def _attempt(run: Facts, event: Over, began: int) -> _Past:
    told = {
        "stepglass.step": event.step,
        "stepglass.attempt": event.attempt,
        "stepglass.lane": event.lane,
        "stepglass.round": event.round,
        "stepglass.outcome": event.type.removeprefix("step_"),
    }
    known = {name: value for name, value in told.items() if value is not None}
    about = attempt_name(event.step, event.attempt, event.lane, event.round)
    problem = None if isinstance(event, StepComplete) else event.data.problem
    return _Past(f"step {event.step}", run.run_id, about, began, event.ts, {**_of_run(run), **known}, problem)


def _whole(run: Facts, event: Complete | Error | Cancelled) -> _Past:
    told = {**_of_run(run), "stepglass.run.status": event.type}
    problem = event.data.problem if isinstance(event, Error) else None
    began = event.ts if run.queued_at is None else run.queued_at
    return _Past(f"run {run.pipeline}", run.run_id, "", began, event.ts, told, problem)


def _of_run(run: Facts) -> dict[str, Any]:
    return {"stepglass.run.id": str(run.run_id), "stepglass.pipeline": run.pipeline}
