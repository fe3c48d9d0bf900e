"""Doing a run again: which of its results the new run takes over, and which steps it does anew.

Anew are the step that was named (or the first that is not complete) and all that depends on it by the plan. Of the rest
a result is taken over where it is known to follow from the same: arguments, prompts, models, form. What a person has
answered goes along with the results that were made of it, and is asked anew where those are made anew.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from events.contract import InputReceived, Reused, RunQueued, RunQueuedData, StepComplete, Usage
from events.log import Entry, EventLog
from events.view import RunView
from flows._opening import read_all
from flows._pipeline import Pipeline
from steps._journal import Place
from steps._rehearsal import Rehearsal


class NoSuchStep(ValueError):
    """The pipeline has no such step; says which it has."""


class NothingToRetry(ValueError):
    """Every step is complete, so that it must be said which to do again."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The first events of the new run: `run_queued`, then what it takes over."""

    first: list[RunQueued | StepComplete | InputReceived]
    from_step: str | None

    @property
    def reused(self) -> set[str]:
        return {event.step for event in self.first if isinstance(event, StepComplete)}


async def fork(
    pipeline: Pipeline,
    log: EventLog,
    source: RunView,
    given: BaseModel,
    *,
    same_input: bool,
    from_step: str | None = None,
    models: str | None = None,
    max_cost_usd: float | None = None,
) -> Fork:
    """What doing `source`, which has ended, again on `given` begins with. `models` as `Settings.models` has them;
    `max_cost_usd` is what the new run may cost.

    Raises `NoSuchStep`, `NothingToRetry`.
    """
    run_id = UUID(source.run_id)
    entries = await read_all(log, run_id)
    before = results_in(entries)
    start = first_step(pipeline, source, from_step, same_input=same_input)
    anew = behind(pipeline, start)
    kept = {
        place: done
        for place, done in before.items()
        if place[0] not in anew and holds(pipeline, place[0], done, models) and ended_well(source, place[0])
    }
    answers, led = answers_in(entries), dict[Place, frozenset[str]]()
    if answers or not same_input:
        said = {input_id: answer.data.value for input_id, answer in answers.items()}
        led = {**await Rehearsal(kept, anew, said).go(lambda: pipeline.fn(given))}
        kept = {place: done for place, done in kept.items() if place in led}
    steps = whole(pipeline, {place[0] for place in kept}, {place[0] for place in before.keys() - kept.keys()})
    labels = {planned.step: planned.label for planned in pipeline.plan}
    kept = {place: done for place, done in kept.items() if place[0] in steps}
    taken = [again(done, labels[place[0]], run_id, entries) for place, done in kept.items()]
    behind_them = frozenset[str]().union(*(led.get(place, frozenset()) for place in kept))
    heard = [heard_before(answer) for input_id, answer in answers.items() if input_id in behind_them]
    return Fork([queued(pipeline, source, given, start, max_cost_usd), *taken, *heard], start)


def queued(
    pipeline: Pipeline, source: RunView, given: BaseModel, start: str | None, max_cost_usd: float | None
) -> RunQueued:
    data = RunQueuedData(
        pipeline=pipeline.name,
        title=pipeline.titled(given),
        forked_from=source.run_id,
        from_step=start,
        max_cost_usd=max_cost_usd,
    )
    return RunQueued(message="Queued", progress=0, data=data)


def first_step(pipeline: Pipeline, source: RunView, named: str | None, *, same_input: bool) -> str | None:
    """The step to begin with. None for an input that has changed, unless one was named: then the inputs decide."""
    order = [planned.step for planned in pipeline.plan]
    if named is not None:
        if named not in order:
            raise NoSuchStep(f"{pipeline.label} has no step {named!r}; there is {', '.join(order)}.")
        return named
    complete = {step.step for step in source.steps if step.status == "complete"}
    left = next((step for step in order if step not in complete), None)
    if left is None and same_input and source.status == "complete":
        raise NothingToRetry(f"The run is complete. Say which step to do again: {', '.join(order)}.")
    return left


def behind(pipeline: Pipeline, start: str | None) -> set[str]:
    """The step and all that depends on it, at however many removes."""
    anew = set[str]() if start is None else {start}
    for _ in pipeline.plan:  # a plan is read in any order, so as often as it is long
        anew |= {planned.step for planned in pipeline.plan if anew & set(planned.after)}
    return anew


def whole(pipeline: Pipeline, kept: Set[str], lost: Set[str]) -> set[str]:
    """Of the steps that may be kept those of which nothing is lost, and that wait for none but such."""
    after = {planned.step: planned.after for planned in pipeline.plan}
    steps = {step for step in kept - lost if step in after}
    for _ in after:
        steps = {step for step in steps if steps.issuperset(after[step])}
    return steps


def holds(pipeline: Pipeline, name: str, done: StepComplete, models: str | None) -> bool:
    """Would the step, as this version has it, say the same of what the result was made of?"""
    step = next((step for step in pipeline.steps if step.id == name), None)
    return step is not None and step.basis.holds(done.data.made_of, models)


def ended_well(source: RunView, name: str) -> bool:
    """A step with several places is complete only when all of them are."""
    return any(step.step == name and step.status == "complete" for step in source.steps)


def results_in(entries: Sequence[Entry]) -> dict[Place, StepComplete]:
    """What is complete, by place, in the order of the log."""
    done = (entry.event for entry in entries if entry.type == "step_complete")
    return {(event.step, event.lane, event.round): event for event in done if isinstance(event, StepComplete)}


def answers_in(entries: Sequence[Entry]) -> dict[str, InputReceived]:
    """What persons said, by question; the first answer counts."""
    given: dict[str, InputReceived] = {}
    for event in (entry.event for entry in entries if entry.type == "input_received"):
        if isinstance(event, InputReceived):
            given.setdefault(event.data.input_id, event)
    return given


def again(done: StepComplete, label: str, run_id: UUID, entries: Sequence[Entry]) -> StepComplete:
    """A result as the new run takes it over: what it took stays with the run that made it."""
    reused = done.data.reused or spent(done, str(run_id), entries)
    data = done.data.model_copy(update={"reused": reused, "text": None})
    words = f"{label}: taken from an earlier run"
    return StepComplete(step=done.step, lane=done.lane, round=done.round, message=words, data=data)


def heard_before(answer: InputReceived) -> InputReceived:
    """An answer as the new run takes it over: it is not asked for again."""
    return InputReceived(message="Answered in an earlier run", data=answer.data)


def spent(done: StepComplete, run_id: str, entries: Sequence[Entry]) -> Reused:
    """What a result took in the run that made it. Of a step in several lanes each has what was said in its own."""
    lanes = done.lane is not None or done.round is not None
    usages: list[Usage] = []
    for event in (entry.event for entry in entries if entry.type == "usage"):
        if isinstance(event, Usage) and event.step == done.step:
            if not lanes or (event.lane, event.round) == (done.lane, done.round):
                usages.append(event)
    costs = [usage.data.cost_usd for usage in usages if usage.data.cost_usd is not None]
    return Reused(
        run_id=run_id,
        duration=done.duration,
        cost_usd=round(sum(costs), 10) if costs else None,
        input_tokens=sum(usage.data.input_tokens for usage in usages),
        output_tokens=sum(usage.data.output_tokens for usage in usages),
        models=sorted({usage.data.model for usage in usages}),
    )
