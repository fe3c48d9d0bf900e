"""Every pipeline as a deployment: what Prefect's UI, its schedules and its work pools start.

A deployment's flow takes the pipeline's input, which is its form in Prefect's UI. It accepts a run in our log, under
its own flow run's id as idempotency key, and carries it in its own process: watched and counted like any other.
`prefect.yaml` names the flows here as `flows.deployments.<pipeline>`.
"""

import os
import socket
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from prefect import Flow, State
from prefect.runtime import flow_run
from prefect.states import Failed
from pydantic import BaseModel

from events.contract import RunQueued, RunQueuedData
from events.log import tail
from events.runs import NewRun
from flows import _prefect_env
from flows._carry import Carry, Tools
from flows._closing import Outcome
from flows._health import Health
from flows._opening import read_all
from flows._owed import outcome_of
from flows._pipeline import Pipeline
from flows._projection import Projection, state_of
from flows.catalogue import CATALOGUE
from flows.process import open_tools
from settings import Settings


def __getattr__(name: str) -> Flow[..., Any]:
    """The deployment's flow of the pipeline of this name."""
    if name not in CATALOGUE:
        raise AttributeError(name)
    flow = globals()[name] = _flow(CATALOGUE[name])
    return flow


def _flow(pipeline: Pipeline) -> Flow[..., Any]:
    async def run(answers: BaseModel) -> State[Any]:
        return await _run(pipeline, answers)

    run.__doc__ = pipeline.description
    run.__annotations__ = {"answers": pipeline.input_model, "return": State[Any]}
    return Flow(
        fn=run,
        name=pipeline.slug,
        description=pipeline.description,
        flow_run_name=None,
        retries=0,
        persist_result=False,
        log_prints=False,
    )


async def _run(pipeline: Pipeline, answers: BaseModel) -> State[Any]:
    settings = Settings()
    async with AsyncExitStack() as stack:
        tools = await open_tools(settings, stack)
        health = await stack.enter_async_context(Health(_prefect_env.api_url()).watched())
        holder = f"{socket.gethostname()}:{os.getpid()}"
        queued = RunQueued(message="Queued", data=RunQueuedData(pipeline=pipeline.name, title=pipeline.titled(answers)))
        accepted = await tools.runs.accept(
            NewRun(
                pipeline=pipeline.name,
                input=answers.model_dump(mode="json"),
                first=[queued],
                deadline=settings.run_deadline,
                idempotency_key=f"prefect:{flow_run.id}",
            ),
            holder=holder,
        )
        claim = await tools.runs.claim(holder, run_id=accepted.run_id, profile=tools.profile)
        if claim is None:  # started again by Prefect, while a worker of ours has taken the run over
            return await _followed(tools, pipeline, accepted.run_id)
        projection = Projection(pipeline, claim.run_id, settings.url, health, settings.prefect_budget)
        projection.inside()
        outcome = await Carry(claim, pipeline, tools, projection).go()
        await projection.close(outcome)
        await tools.runs.note_prefect(claim.run_id, "live", projection.flow_run_id)
        if outcome.kind == "lost":
            return await _followed(tools, pipeline, claim.run_id)
        return state_of(pipeline, outcome)


async def _followed(tools: Tools, pipeline: Pipeline, run_id: UUID) -> State[Any]:
    """The end of a run that somebody else carries."""
    async for entry in tail(tools.log, run_id):
        if entry.final:
            outcome: Outcome = outcome_of(str(run_id), await read_all(tools.log, run_id))
            return state_of(pipeline, outcome)
    return Failed(message="The run has no last word")
