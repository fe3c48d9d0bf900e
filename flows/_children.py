"""The runs of a batch's items: accepted under the limits of its tenant, and done again from where others have failed.

Whoever holds the batch begins them; they are claimed like all others, by any worker.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError

from events.batches import Batches, Member
from events.contract import Event, Problem, ProblemError, RunQueued, RunQueuedData
from events.errors import KeyReused, OverLimit, UnknownRun
from events.limits import Limits, Standing, smaller
from events.log import EventLog
from events.runs import Claim, NewRun, Runs
from flows._fork import NothingToRetry, fork
from flows._patience import patiently
from flows._pipeline import Pipeline
from settings import Settings
from steps._children import Children, Held, Unfit, Wanted
from steps.errors import StepFailed

log = logging.getLogger("stepglass.batch")

SOON = 2.0
"""Seconds after which it is worth while to ask again, where nobody knows when a run will end."""
LATEST = 60.0
"""Seconds after which it is asked again in any case: limits and what is counted may change."""
MOST_ERRORS = 20
NOT_STORED = Problem(
    type="/problems/invalid-input",
    title="The input does not fit",
    detail="It has something in it that cannot be stored.",
)


@dataclass(frozen=True, slots=True)
class Means:
    """What a process begins runs with, for all batches that it carries. `deadline` in seconds, `max_cost_usd` is the
    most that any of the runs may cost, `models` as `Settings.models` has them."""

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
        try:
            new = await self._new(pipeline, given, wanted)
            accepted = await patiently(lambda: self._means.runs.accept(new, limits=self._means.limits))
            if accepted.created:
                return Member(accepted.run_id, "queued", self._batch)
        except OverLimit as error:
            raise held(error, self._means.limits) from None
        except KeyReused:  # it is the same item all the same: another version began it, or forked it from elsewhere
            pass
        except ValueError as error:  # half a surrogate pair in a text, say, which no JSON of ours can carry
            log.error("item %s of batch %s cannot be begun", wanted.key, self._batch, exc_info=error)
            raise Unfit(NOT_STORED) from error
        return (await self.known([wanted.key]))[wanted.key]

    async def _new(self, pipeline: Pipeline, given: BaseModel, wanted: Wanted) -> NewRun:
        limit = smaller(wanted.max_cost_usd, self._means.max_cost_usd)
        first = await self._again(pipeline, given, wanted.before, limit) if wanted.before is not None else None
        if first is None:
            data = RunQueuedData(pipeline=pipeline.name, title=pipeline.titled(given), max_cost_usd=limit)
            first = [RunQueued(message="Queued", progress=0, data=data)]
        return NewRun(
            pipeline.name,
            given.model_dump(mode="json"),
            first,
            self._tenant,
            self._means.deadline,
            idempotency_key=wanted.key,
            about=self._batch,
        )

    async def _again(
        self, pipeline: Pipeline, given: BaseModel, before: UUID, limit: float | None
    ) -> Sequence[Event] | None:
        """How the log begins of a run that takes over what a failed one had finished. None where that one is gone."""
        means = self._means
        try:
            source = await patiently(lambda: means.runs.view(before, self._tenant))
            return (
                await fork(pipeline, means.log, source, given, same_input=True, models=means.models, max_cost_usd=limit)
            ).first
        except (UnknownRun, NothingToRetry):
            return None


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
        errors = [ProblemError(pointer=pointer(each["loc"]), detail=whole(each["msg"])) for each in found[:MOST_ERRORS]]
        detail = f"It is not of the form that {pipeline.label} takes."
        raise Unfit(
            Problem(type="/problems/invalid-input", title="The input does not fit", detail=detail, errors=errors)
        ) from None


def pointer(where: Sequence[int | str]) -> str:
    return whole("".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in where))


def whole(text: str) -> str:
    """Without halves of surrogate pairs, which an input may have anywhere."""
    return text.encode(errors="replace").decode()


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
