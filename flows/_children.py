"""The runs of a batch's items: accepted under the limits of its tenant, and done again from where others have failed.

Whoever holds the batch begins them; they are claimed like all others, by any worker.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError

from events.batches import Batches, Member
from events.contract import Event, Problem, ProblemError, RunQueued, RunQueuedData
from events.errors import KeyReused, OverLimit, UnknownRun
from events.limits import Limits, Standing
from events.log import EventLog
from events.runs import Claim, NewRun, Runs
from flows._fork import NothingToRetry, fork
from flows._patience import patiently
from flows._pipeline import Pipeline
from settings import Settings
from steps._children import Children, Held, Unfit, Wanted
from steps.errors import StepFailed

SOON = 2.0
"""Seconds after which it is worth while to ask again, where nobody knows when a run will end."""
LATEST = 60.0
"""Seconds after which it is asked again in any case: limits and what is counted may change."""
MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Means:
    """What a process begins runs with, for all batches that it carries. `deadline` in seconds, `max_cost_usd` for runs
    of which nobody said otherwise, `models` as `Settings.models` has them."""

    log: EventLog
    runs: Runs
    batches: Batches
    pipelines: Mapping[str, Pipeline]
    limits: Limits
    deadline: float
    max_cost_usd: float | None = None
    models: str | None = None


class ItemRuns:
    """`Children` of one batch."""

    def __init__(self, batch: UUID, tenant: str, means: Means) -> None:
        self._batch = batch
        self._tenant = tenant
        self._means = means

    async def known(self, keys: Sequence[str]) -> dict[str, Member]:
        return await patiently(lambda: self._means.batches.keyed(self._tenant, keys))

    async def ended(self, run_ids: Collection[UUID], wait: float) -> list[Member]:
        return await patiently(lambda: self._means.batches.ended(self._batch, run_ids, wait=wait))

    async def begin(self, wanted: Wanted) -> Member:
        pipeline = self._means.pipelines.get(wanted.pipeline)
        if pipeline is None or pipeline.aside:
            raise StepFailed("There is no such pipeline", f"There are no items of a pipeline {wanted.pipeline!r}.")
        given = fitting(pipeline, wanted.input)
        plain, first = given.model_dump(mode="json"), await self._first(pipeline, given, wanted)
        new = NewRun(
            pipeline.name,
            plain,
            first,
            self._tenant,
            self._means.deadline,
            idempotency_key=wanted.key,
            about=self._batch,
        )
        try:
            accepted = await patiently(lambda: self._means.runs.accept(new, limits=self._means.limits))
            if accepted.created:
                return Member(accepted.run_id, "queued", self._batch)
        except OverLimit as error:
            raise held(error, self._means.limits) from None
        except KeyReused:  # it is the same item all the same: another version began it, or forked it from elsewhere
            pass
        return (await self.known([wanted.key]))[wanted.key]

    async def _first(self, pipeline: Pipeline, given: BaseModel, wanted: Wanted) -> Sequence[Event]:
        """How its log begins: with what the run that has failed had finished, where there is one that can be read."""
        limit = wanted.max_cost_usd or self._means.max_cost_usd
        if wanted.before is not None:
            try:
                source = await patiently(lambda: self._means.runs.view(wanted.before or UUID(int=0), self._tenant))
                models = self._means.models
                forked = await fork(
                    pipeline, self._means.log, source, given, same_input=True, models=models, max_cost_usd=limit
                )
                return forked.first
            except (UnknownRun, NothingToRetry):  # it is gone meanwhile
                pass
        data = RunQueuedData(pipeline=pipeline.name, title=pipeline.titled(given), max_cost_usd=limit)
        return [RunQueued(message="Queued", progress=0, data=data)]


def beginners(
    log: EventLog, runs: Runs, batches: Batches, pipelines: Mapping[str, Pipeline], settings: Settings
) -> Callable[[Claim], Children | None]:
    """For `Tools`: what a batch that is claimed begins its runs with. Only a pipeline that stands aside does."""
    live = settings.live_runs + 1  # the batch does not count itself: one that is alone could never begin anything
    limits = Limits(settings.runs_per_minute, live, settings.spend_per_day_usd)
    means = Means(log, runs, batches, pipelines, limits, settings.run_deadline, settings.max_cost_usd, settings.models)

    def of(claim: Claim) -> Children | None:
        pipeline = pipelines.get(claim.pipeline)
        return ItemRuns(claim.run_id, claim.tenant, means) if pipeline is not None and pipeline.aside else None

    return of


def fitting(pipeline: Pipeline, given: Mapping[str, JsonValue]) -> BaseModel:
    """Raises `Unfit`."""
    try:
        return pipeline.input_model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [ProblemError(pointer=pointer(each["loc"]), detail=each["msg"]) for each in found[:MOST_ERRORS]]
        detail = f"It is not of the form that {pipeline.label} takes."
        raise Unfit(
            Problem(type="/problems/invalid-input", title="The input does not fit", detail=detail, errors=errors)
        ) from None


def pointer(where: Sequence[int | str]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in where)


def held(error: OverLimit, limits: Limits) -> Held:
    """Why no other run may begin now, and until when."""
    used: Standing = error.standing
    match error.limit:
        case "runs_per_minute":
            words, seconds = f"Waiting: {limits.runs_per_minute} runs a minute may begin", used.minute_left
        case "live_runs":
            words, seconds = f"Waiting: {(limits.live_runs or 0) - 1} runs may go on at once", SOON
        case "spend_per_day":
            words, seconds = f"Waiting: ${limits.spend_per_day:.2f} a day may be spent", used.day_left
    return Held(words, min(max(seconds, 0.05), LATEST))
