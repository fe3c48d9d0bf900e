"""From a run's log to its view: one pure step per entry, equal wherever it is done.

The store keeps a view beside each run with it; the hub knows the open steps by it. Texts and results are not in a view:
`result_seq` and `started_seq` say where to read them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from events.contract import (
    Cancelled,
    CancelRequested,
    Complete,
    Counts,
    Error,
    Event,
    InputReceived,
    InputRequired,
    InputRequiredData,
    PlannedStep,
    Problem,
    Progress,
    ReasonData,
    RunPaused,
    RunQueued,
    RunResumed,
    RunStart,
    RunUnpaused,
    StepComplete,
    StepError,
    StepErrorData,
    StepEvent,
    StepRetry,
    StepSkipped,
    StepStart,
    Usage,
)
from events.log import Entry
from events.view import OpenPlace, RunStatus, RunView, StepStatus, StepView

Change = dict[str, Any]


def opening(run_id: str) -> RunView:
    """The view of a run of which nothing is known yet."""
    return RunView(run_id=run_id)


def fold_all(run_id: str, entries: Iterable[Entry]) -> RunView:
    """The view after `entries`, which are those of one run from its first on, in order."""
    view = opening(run_id)
    for entry in entries:
        view = fold(view, entry)
    return view


def fold(view: RunView, entry: Entry) -> RunView:
    """`view` after one more entry. Never fails: what is unknown, or text, moves `tail_seq` and nothing else.

    Entries are folded in order and once each; `model_chunk`s may be left out, which only leaves `tail_seq` behind.
    """
    event = None if entry.type == "model_chunk" else entry.event
    change: Change = {"tail_seq": entry.seq}
    if event is None:
        return view.model_copy(update=change)
    if event.progress is not None and event.progress > view.progress:
        change["progress"] = event.progress
    if isinstance(event, StepEvent):
        change |= _of_step(view, event, entry.seq)
    else:
        change |= _of_run(view, event, entry.seq)
    return view.model_copy(update=change)


def open_steps(view: RunView) -> list[StepView]:
    """The steps with an attempt under way."""
    return [step for step in view.steps if step.status == "in_progress"]


def closing(view: RunView, problem: Problem) -> list[StepError | StepSkipped]:
    """A `step_error` for every place that is not finished, also for one that waits for its next attempt, and a
    `step_skipped` for every step that never began. To be said before the last word of a run that does not end well.
    """
    failed, skipped = StepErrorData(problem=problem), ReasonData(reason=problem.detail)
    left = [
        StepError(step=step.step, attempt=place.attempt, lane=place.lane, round=place.round, data=failed)
        for step in view.steps
        for place in step.open
    ]
    never = [step.step for step in view.steps if step.status == "pending"]
    return [*left, *(StepSkipped(step=step, message="Skipped", data=skipped) for step in never)]


def _of_run(view: RunView, event: Event, seq: int) -> Change:
    match event:
        case RunQueued(data=data):
            about = {"pipeline": data.pipeline, "title": data.title, "forked_from": data.forked_from}
            return {**about, "max_cost_usd": data.max_cost_usd, "created_at": event.ts}
        case RunStart(data=data):
            steps = _planned(data.plan, view.steps)
            return {"status": _going(view), "pipeline": data.pipeline, "started_at": event.ts, "steps": steps}
        case RunResumed():
            return {"status": _going(view)}
        case InputRequired(data=data):
            return _asking(view, [*(view.asked or ()), data])
        case InputReceived(data=data):
            return _asking(view, [each for each in view.asked or () if each.input_id != data.input_id])
        case RunPaused():
            return {"status": "paused"}
        case RunUnpaused():
            return _goes_on(view)
        case CancelRequested():
            return {"cancel_requested": True}
        case Complete():
            return {"result_seq": seq, "progress": 100.0, **_ended(view, event)}
        case Error(data=data):
            return {"problem": data.problem, "failed_step": data.failed_step, **_ended(view, event)}
        case Cancelled():
            return _ended(view, event)
        case _:
            return {}


def _asking(view: RunView, asked: Sequence[InputRequiredData]) -> Change:
    """With these questions. One that is paused stays so, whatever is asked or answered."""
    status = "waiting" if asked else "running" if view.status == "waiting" else view.status
    return {"asked": list(asked) or None, "status": "paused" if view.status == "paused" else status}


def _goes_on(view: RunView) -> Change:
    if view.status != "paused":
        return {}
    return {"status": "waiting" if view.asked else "queued" if view.started_at is None else "running"}


def _going(view: RunView) -> RunStatus:
    """A worker took the run. One that somebody paused, or that waits for an answer, still does."""
    return "running" if view.status == "queued" else view.status


def _ended(view: RunView, event: Complete | Error | Cancelled) -> Change:
    """Common to all last words. A step that a lost worker left open is no longer going on either."""
    since = view.started_at or view.created_at or event.ts
    # Wall clocks step back; a duration never does.
    duration = event.duration if event.duration is not None else max(0, event.ts - since)
    steps = [
        step.model_copy(update={"status": "error", "started_seq": None, "first_seq": None, "open": []})
        if step.status in ("in_progress", "retrying")
        else step
        for step in view.steps
    ]
    return {
        "status": event.type,
        "ended_at": event.ts,
        "duration": duration,
        "eta_ms": None,
        "asked": None,
        "steps": steps,
        "counts": view.counts and _given_up(view.counts),
    }


def _given_up(counts: Counts) -> Counts:
    """Nobody goes on with what is left of a batch that has ended."""
    left = counts.waiting + counts.running
    return counts.model_copy(update={"waiting": 0, "running": 0, "cancelled": counts.cancelled + left})


def _planned(plan: Sequence[PlannedStep], known: Sequence[StepView]) -> list[StepView]:
    """The steps in the order of the plan; what was reused from another run is complete before the plan is told."""
    before = {step.step: step for step in known}
    told = [
        before.pop(item.step, StepView(step=item.step, label=item.label)).model_copy(
            update={"label": item.label, "after": item.after, "expected_ms": item.expected_ms}
        )
        for item in plan
    ]
    return told + list(before.values())


def _of_step(view: RunView, event: StepEvent, seq: int) -> Change:
    index = next((i for i, step in enumerate(view.steps) if step.step == event.step), len(view.steps))
    step = view.steps[index] if index < len(view.steps) else StepView(step=event.step, label=event.step)
    change = _step_change(step, event, seq)
    if event.message is not None:
        change["message"] = event.message
    steps = [*view.steps[:index], step.model_copy(update=change), *view.steps[index + 1 :]]
    if isinstance(event, Usage):
        known = view.cost_complete and event.data.cost_usd is not None
        models = view.models if event.data.model in view.models else [*view.models, event.data.model]
        return {"steps": steps, "cost_complete": known, "models": models, **_spent(view, event)}
    if isinstance(event, Progress):
        told = {"eta_ms": event.data.eta_ms, "counts": event.data.counts}
        return {"steps": steps, **{name: value for name, value in told.items() if value is not None}}
    if isinstance(event, StepComplete) and event.data.reused and event.data.reused.cost_usd is not None:
        before = view.reused_cost_usd or 0.0
        return {"steps": steps, "reused_cost_usd": round(before + event.data.reused.cost_usd, 10)}
    return {"steps": steps}


def _step_change(step: StepView, event: StepEvent, seq: int) -> Change:
    match event:
        case StepStart(data=data):
            place = OpenPlace(attempt=event.attempt, lane=event.lane, round=event.round, started_seq=seq)
            change = {"started_at": event.ts, "problem": None, "expected_ms": data.expected_ms or step.expected_ms}
            return {**change, "attempt": event.attempt, **_places(step, event, "in_progress", place)}
        case StepRetry(data=data):
            place = OpenPlace(attempt=event.attempt, lane=event.lane, round=event.round)
            return {"problem": data.problem, **_closed(event), **_places(step, event, "retrying", place)}
        case StepComplete(data=data):
            reused = {"reused": data.reused, "reused_from": data.reused.run_id if data.reused else None}
            change = {"result_seq": seq, "problem": None, **reused, **_closed(event)}
            return {**change, **_places(step, event, "complete")}
        case StepError(data=data):
            return {"problem": data.problem, **_closed(event), **_places(step, event, "error")}
        case StepSkipped():
            return _places(step, event, "skipped")
        case Usage():
            return _spent(step, event)
        case _:
            return {}


def _places(step: StepView, event: StepEvent, status: StepStatus, now: OpenPlace | None = None) -> Change:
    """The open places after `event`; the step as a whole is what the busiest of them is, `status` when none is left."""
    places = [place for place in step.open if (place.lane, place.round) != (event.lane, event.round)]
    if now is not None:
        places.append(now)
    started = [place.started_seq for place in places if place.started_seq is not None]
    if places:
        status = "in_progress" if started else "retrying"
    first = None if not places else (step.first_seq or min(started, default=None))
    return {"status": status, "open": places, "started_seq": min(started, default=None), "first_seq": first}


def _closed(event: StepEvent) -> Change:
    return {"attempt": event.attempt, "duration": event.duration}


def _spent(view: RunView | StepView, event: Usage) -> Change:
    """Sums so far. A price that is unknown adds nothing, and is never taken for zero."""
    used, cost = event.data, view.cost_usd
    if used.cost_usd is not None:
        # Rounded, so that a sum of prices reads as one (0.3, not 0.30000000000000004).
        cost = round((cost or 0.0) + used.cost_usd, 10)
    return {
        "cost_usd": cost,
        "input_tokens": view.input_tokens + used.input_tokens,
        "output_tokens": view.output_tokens + used.output_tokens,
    }
