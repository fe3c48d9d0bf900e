"""Telling Prefect afterwards of the runs that went on without it: their final state, and their steps and times."""

import asyncio
import json
import logging
from collections import Counter
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, FlowRunCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Crashed, to_state_create

from events.fold import fold_all
from events.log import Entry
from events.view import RunView
from flows._carry import Tools
from flows._closing import Outcome
from flows._health import Health
from flows._opening import read_all
from flows._pipeline import Pipeline
from flows._projection import state_of, tags_of
from steps._journal import Journal

log = logging.getLogger("stepglass.prefect")

TIMES = 5
"""A run that was refused so often is given up, with the reason in the log."""


async def pay(tools: Tools, pipelines: dict[str, Pipeline], health: Health, every: float = 5.0) -> None:
    """As long as Prefect answers, register what is owed to it; until cancelled."""
    refused: Counter[UUID] = Counter()
    while True:
        await asyncio.sleep(every)
        if not health.up:
            continue
        try:
            async with get_client() as client:
                # Who was refused often enough stands in nobody's way. A worker that starts anew asks again.
                given_up = [run_id for run_id, times in refused.items() if times >= TIMES]
                for run_id in await tools.runs.owed_to_prefect(but=given_up):
                    await _register_one(client, tools, pipelines, run_id, refused)
        except Exception as error:
            log.warning("Prefect could not be told of earlier runs yet: %s", type(error).__name__)
            health.doubt()


async def _register_one(
    client: PrefectClient, tools: Tools, pipelines: dict[str, Pipeline], run_id: UUID, refused: Counter[UUID]
) -> None:
    """One that Prefect refuses, or that we cannot tell of, holds up no other; raises where Prefect does not answer."""
    try:
        await register(client, tools, pipelines, run_id)
        del refused[run_id]
    except (PrefectHTTPStatusError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError) as error:
        if isinstance(error, PrefectHTTPStatusError) and error.response.is_server_error:
            raise
        refused[run_id] += 1
        if refused[run_id] < TIMES:
            log.warning("run %s could not be registered in Prefect: %s", run_id, type(error).__name__)
        else:
            log.error("run %s is not registered in Prefect: given up after %d times", run_id, TIMES, exc_info=error)


async def register(client: PrefectClient, tools: Tools, pipelines: dict[str, Pipeline], run_id: UUID) -> None:
    """Give Prefect one ended run. Asked twice, it is the same flow run: its idempotency key is our run id.

    Raises `LookupError` for a run of a pipeline that this version does not have.
    """
    entries = await read_all(tools.log, run_id)
    view = fold_all(str(run_id), entries)
    pipeline = pipelines[view.pipeline]
    flow_run_id = await _flow_run(client, pipeline, run_id)
    await mark_lost(client, pipeline, run_id, but=flow_run_id)
    outcome = outcome_of(str(run_id), entries)
    await client.create_artifact(
        ArtifactCreate(key="steps", type="table", data=json.dumps(_steps(view)), flow_run_id=flow_run_id)
    )
    await client.set_flow_run_state(flow_run_id, state_of(pipeline, outcome), force=True)
    await tools.runs.prefect_told(run_id, flow_run_id)
    log.info("run %s is registered in Prefect now", run_id)


async def mark_predecessor(client: PrefectClient, flow_run_id: UUID) -> None:
    """Say of the flow run of a worker that was lost that it crashed; nobody else will."""
    flow_run = await client.read_flow_run(flow_run_id)
    if flow_run.state is None or not flow_run.state.is_final():
        await client.set_flow_run_state(flow_run_id, Crashed(message="The worker was lost"), force=True)


async def mark_lost(client: PrefectClient, pipeline: Pipeline, run_id: UUID, *, but: UUID) -> None:
    """The same of every flow run of a run that has ended, but for one: also of one that a worker had just opened when
    it was lost, so that nobody had heard of it."""
    for flow_run in await _flow_runs(client, pipeline, run_id):
        if flow_run.id != but and (flow_run.state is None or not flow_run.state.is_final()):
            await client.set_flow_run_state(flow_run.id, Crashed(message="The worker was lost"), force=True)


async def _flow_runs(client: PrefectClient, pipeline: Pipeline, run_id: UUID) -> list[FlowRun]:
    """One of each worker that had the run, the last one's first."""
    ours = FlowRunFilter.model_validate({"tags": {"all_": sorted(tags_of(pipeline, run_id))}})
    return await client.read_flow_runs(flow_run_filter=ours, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=20)


async def _flow_run(client: PrefectClient, pipeline: Pipeline, run_id: UUID) -> UUID:
    # One may have been opened before Prefect stopped answering; of several workers' it is the last one's.
    if there := await _flow_runs(client, pipeline, run_id):
        return there[0].id
    wanted = FlowRunCreate(
        flow_id=await client.create_flow_from_name(f"{pipeline.slug}-live"),
        name=f"{pipeline.slug}-{run_id.hex[-8:]}",
        parameters={"run_id": str(run_id)},
        tags=sorted(tags_of(pipeline, run_id)),
        idempotency_key=str(run_id),
        state=to_state_create(Crashed(message="Ran while Prefect did not answer")),
    )
    # The client's own method for this takes no idempotency key.
    answer = await client.request("POST", "/flow_runs/", json=wanted.model_dump(mode="json", exclude_unset=True))
    answer.raise_for_status()
    return UUID(answer.json()["id"])


def outcome_of(run_id: str, entries: list[Entry]) -> Outcome:
    """How a run ended, out of its log."""
    view = fold_all(run_id, entries)
    match view.status:
        case "complete":
            return Outcome("complete", result=Journal.of(entries).result)
        case "cancelled":
            return Outcome("cancelled")
        case _:
            return Outcome("error", problem=view.problem, failed_step=view.failed_step)


def _steps(view: RunView) -> list[dict[str, Any]]:
    return [
        {
            "step": step.label,
            "status": step.status,
            "attempts": step.attempt,
            "seconds": None if step.duration is None else round(step.duration / 1000, 2),
            "cost_usd": step.cost_usd,
            "taken_from": step.reused_from,
        }
        for step in view.steps
    ]
