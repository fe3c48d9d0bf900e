"""What Prefect's UI, its schedules and its work pools start: every pipeline, doing a run again, a batch from a file.

A pipeline's flow takes the pipeline's input, which is its form in Prefect's UI. It accepts a run in our log, under its
own flow run's id as idempotency key, and carries it in its own process: watched and counted like any other. A batch
has thousands of inputs, which fit in no form: it takes the name of a file.
`prefect.yaml` names the flows here as `flows.deployments.<pipeline>` and `flows.deployments.retry_step`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from prefect import Flow, State
from pydantic import BaseModel, TypeAdapter, ValidationError

from events.contract import LAST_WORDS, RunQueued, RunQueuedData
from events.errors import UnknownRun
from events.limits import smaller
from events.runs import NewRun
from flows._batch_file import order_from
from flows._carry import Tools
from flows._deployed import CannotStart, carry, refuse_unsafe
from flows._fork import NoSuchStep, NothingToRetry, fork
from flows._pipeline import Pipeline
from flows._projection import NOWHERE
from flows.catalogue import CATALOGUE, find
from settings import Settings
from steps.batch.order import AT_ONCE

T = TypeVar("T")
TOLD = 5
"""Faults of a form that are named."""


def __getattr__(name: str) -> Flow[..., Any]:
    """The deployment's flow of the pipeline of this name."""
    if name not in CATALOGUE:
        raise AttributeError(name)
    flow = globals()[name] = _of_pipeline(CATALOGUE[name])
    return flow


def _flow(fn: Callable[..., Any], slug: str, description: str) -> Flow[..., Any]:
    return Flow(
        fn=fn,
        name=slug,
        description=description,
        flow_run_name=None,
        retries=0,
        persist_result=False,
        # Without it Prefect asks its server where to keep errors: whoever may write there would choose the folder.
        result_storage=NOWHERE,
        log_prints=False,
        # `checked` does it: Prefect would write all that was filled in into the log.
        validate_parameters=False,
    )


def checked(shape: type[T], value: object, name: str) -> T:
    """A parameter as its form says. Raises `CannotStart`, which repeats none of what was filled in."""
    try:
        return TypeAdapter(shape).validate_python(value)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{'.'.join([name, *map(str, each['loc'])])}: {each['msg']}" for each in wrong[:TOLD]]
        raise CannotStart("; ".join(told)) from None


def _of_pipeline(pipeline: Pipeline) -> Flow[..., Any]:
    async def run(answers: object) -> State[Any]:
        async def make(settings: Settings, tools: Tools, key: str) -> NewRun:
            return started(pipeline, checked(pipeline.input_model, answers, "answers"), settings, key)

        return await carry(make)

    run.__doc__ = pipeline.description
    run.__annotations__ = {"answers": pipeline.input_model, "return": State[Any]}
    return _flow(run, pipeline.slug, pipeline.description)


def started(pipeline: Pipeline, answers: BaseModel, settings: Settings, key: str) -> NewRun:
    """A run on what somebody filled in. Raises `CannotStart`."""
    given = answers.model_dump(mode="json")
    refuse_unsafe(given)
    limit = settings.max_cost_usd
    data = RunQueuedData(pipeline=pipeline.name, title=pipeline.titled(answers), max_cost_usd=limit)
    first = [RunQueued(message="Queued", data=data)]
    return NewRun(pipeline.name, given, first, deadline=settings.run_deadline, idempotency_key=key)


async def _retry_step(run_id: UUID, from_step: str | None = None) -> State[Any]:
    """Do a run again: from a step on, or from the one that failed.

    Args:
        run_id: The run, which has ended. Its results are taken over as far as they hold.
        from_step: The step to do again with all that depends on it, such as `scoring`. Empty: the first that is not
            complete.
    """

    async def make(settings: Settings, tools: Tools, key: str) -> NewRun:
        asked, step = checked(UUID, run_id, "run_id"), checked(str, from_step or "", "from_step")
        return await again(settings, tools, key, asked, step or None)

    return await carry(make)


async def again(settings: Settings, tools: Tools, key: str, run_id: UUID, from_step: str | None) -> NewRun:
    """A run that does another again, for whoever it belongs to. Raises `CannotStart`."""
    try:
        tenant = await tools.runs.owner(run_id)
        source = await tools.runs.view(run_id, tenant)
        if source.status not in LAST_WORDS:
            raise CannotStart(f"Run {run_id} is {source.status}: it can be done again when it has ended.")
        pipeline = find(source.pipeline)
        given = pipeline.input_model.model_validate(await tools.runs.input(run_id, tenant))
        forked = await fork(
            pipeline,
            tools.log,
            source,
            given,
            same_input=True,
            from_step=from_step,
            models=tools.models,
            max_cost_usd=smaller(source.max_cost_usd, settings.max_cost_usd),
        )
    except ValidationError as error:
        raise CannotStart(f"What run {run_id} was started with is not what its pipeline takes now.") from error
    except (UnknownRun, LookupError, NoSuchStep, NothingToRetry) as error:
        raise CannotStart(str(error)) from error
    about = (await tools.runs.header(run_id, tenant)).about
    plain = given.model_dump(mode="json")
    deadline = settings.batch_deadline if pipeline.aside else settings.run_deadline
    return NewRun(pipeline.name, plain, forked.first, tenant, deadline, idempotency_key=key, about=about)


retry_step = _flow(_retry_step, "retry-step", "Do a run again, from the step that failed or from any other.")


async def _batch(
    file: str = "nightly.jsonl", pipeline: str = "vision_framework", concurrency: int = AT_ONCE
) -> State[Any]:
    """Do what a file lists, each line as a run of its own; what was complete before is not done again.

    Args:
        file: Name of a file in the folder `STEPGLASS_BATCHES` (by default `batches` in the data directory). Each line
            is an input as JSON, or `{"key": …, "input": …}`. What it is called without its ending names the batch.
        pipeline: What is made of each input.
        concurrency: How many go on at once, 100 at most.
    """

    async def make(settings: Settings, tools: Tools, key: str) -> NewRun:
        folder = settings.batches_dir
        asked = checked(str, file, "file"), checked(str, pipeline, "pipeline"), checked(int, concurrency, "concurrency")
        order = await asyncio.to_thread(order_from, folder, *asked)
        data = RunQueuedData(pipeline="batch", title=CATALOGUE["batch"].titled(order))
        first = [RunQueued(message="Queued", data=data)]
        given = order.model_dump(mode="json", exclude_none=True)
        return NewRun("batch", given, first, deadline=settings.batch_deadline, idempotency_key=key)

    return await carry(make)


batch = _flow(_batch, "batch", "Many inputs of one pipeline, out of a file, each as a run of its own.")
