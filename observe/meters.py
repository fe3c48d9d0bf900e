"""The figures of one process, for Prometheus. Labels are names of ours, and of each only so many."""

from collections import defaultdict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0 as CONTENT_TYPE

from events.contract import Cancelled, Complete, Error, Event, ModelChunk, StepComplete, StepError, StepRetry, Usage
from observe.hearing import Facts

__all__ = ["CONTENT_TYPE", "Meters", "Reading"]

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 900.0)
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_NAMES = 100
"""Different values of a label; what comes beyond that is counted as `other`. A model's name is a server's word."""


class Names:
    """Keeps the values of labels few."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._known: defaultdict[str, set[str]] = defaultdict(set)

    def __call__(self, label: str, value: str) -> str:
        known = self._known[label]
        if value not in known and len(known) >= self._most:
            return "other"
        known.add(value)
        return value


class Figures:
    """A registry of its own, so that there may be two in a process, and its text."""

    def __init__(self) -> None:
        # When a counter was made is nothing to be drawn, and would be as many lines again.
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.refused_tokens = self._counter("refused_tokens", "Requests with a token that is not known.")

    def _counter(self, name: str, words: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"stepglass_{name}", words, labels, registry=self.registry)

    def _histogram(
        self, name: str, words: str, labels: tuple[str, ...], buckets: tuple[float, ...] = SECONDS
    ) -> Histogram:
        return Histogram(f"stepglass_{name}", words, labels, registry=self.registry, buckets=buckets)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Meters(Figures):
    """What a worker does: an `Ear` of its log."""

    def __init__(self) -> None:
        super().__init__()
        self._names = Names()
        run, step, model = ("pipeline", "status"), ("pipeline", "step"), ("model",)
        self.runs = self._counter("runs", "Runs that ended in this process.", run)
        self.run_seconds = self._histogram("run_seconds", "From a run's being accepted to its last word.", run)
        self.step_seconds = self._histogram("step_seconds", "Attempts that completed a step.", step)
        self.attempts = self._counter("attempts", "Attempts at steps that are over.", (*step, "outcome"))
        self.first_chunk = self._histogram("first_chunk_seconds", "From an attempt's start to its first text.", step)
        self.calls = self._counter("model_calls", "Calls of a model, failed ones too.", model)
        self.tokens = self._counter("tokens", "Tokens of calls of a model.", (*model, "direction"))
        self.cost = self._counter("cost_usd", "US dollars that calls have cost, where the price is known.", model)
        self.unpriced = self._counter("unpriced_calls", "Calls whose price is not known.", model)

    def hear(self, run: Facts, event: Event) -> None:
        pipeline = self._names("pipeline", run.pipeline)
        match event:
            case Usage():
                self._called(event)
            case ModelChunk():
                began = run.started.get(run.attempt_of(event))
                if began is not None:
                    self.first_chunk.labels(pipeline, self._step(event.step)).observe(_seconds(event.ts - began))
            case StepComplete() | StepRetry() | StepError():
                self._attempted(pipeline, event)
            case Complete() | Error() | Cancelled():
                self.runs.labels(pipeline, event.type).inc()
                if run.queued_at is not None:
                    self.run_seconds.labels(pipeline, event.type).observe(_seconds(event.ts - run.queued_at))
            case _:
                pass

    def _attempted(self, pipeline: str, event: StepComplete | StepRetry | StepError) -> None:
        if isinstance(event, StepComplete) and event.data.reused is not None:
            return
        step, outcome = self._step(event.step), event.type.removeprefix("step_")
        self.attempts.labels(pipeline, step, outcome).inc()
        if isinstance(event, StepComplete) and event.duration is not None:
            self.step_seconds.labels(pipeline, step).observe(_seconds(event.duration))

    def _called(self, event: Usage) -> None:
        used = event.data
        model = self._names("model", used.model)
        self.calls.labels(model).inc()
        self.tokens.labels(model, "input").inc(used.input_tokens)
        self.tokens.labels(model, "output").inc(used.output_tokens)
        if used.cost_usd is None:
            self.unpriced.labels(model).inc()
        else:
            self.cost.labels(model).inc(used.cost_usd)

    def _step(self, step: str) -> str:
        return self._names("step", step)


class Reading(Figures):
    """What an API does: its streams, and how far they are behind."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = Gauge("stepglass_streams", "Streams that are open.", registry=self.registry)
        self.opened = self._counter("streams_opened", "Streams that were asked for.")
        self.resumed = self._counter("stream_resumes", "Those of them that went on from a cursor.")
        self.failed = self._counter("stream_failures", "Streams that were refused, or broke.", ("reason",))
        self.connections = Gauge("stepglass_connections", "Connections that are open.", registry=self.registry)
        self.idle = Gauge(
            "stepglass_connections_idle", "Those of them that wait for their client.", registry=self.registry
        )
        self.dropped = self._counter("connections_dropped", "Connections that their client left waiting.", ("reason",))
        self.lag = self._histogram(
            "stream_lag_seconds", "From an event's time to its being at hand for viewers.", (), QUICK
        )


def _seconds(ms: int) -> float:
    # Wall clocks step back.
    return max(0, ms) / 1000
