"""A run of ours inside a flow run that Prefect started: accepted under its id, and carried in its process."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID

from prefect import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import JsonValue

from events.errors import StoreUnavailable, UnknownRun
from events.log import Entry
from events.runs import NewRun
from events.text import one_line, unsafe_in
from flows import _cancelling, _prefect_env
from flows._carry import Carry, Tools
from flows._health import Health
from flows._opening import read_all
from flows._owed import outcome_of
from flows._patience import patiently
from flows._pipeline import Pipeline
from flows._projection import Projection, state_of
from flows.catalogue import find
from flows.process import open_tools
from settings import Settings

log = logging.getLogger("stepglass.deployments")

Make = Callable[[Settings, Tools, str], Awaitable[NewRun]]


class CannotStart(Exception):
    """There is no such run to be started; `str()` is a sentence for an operator."""


class NothingToDo(CannotStart):
    """And that is as it should be."""


def refuse_unsafe(given: JsonValue) -> None:
    """Raises `CannotStart` for a text that holds a character which no text may hold."""
    for place, detail in unsafe_in(given):
        raise CannotStart(f"{'.'.join(map(str, place)) or 'input'}: {detail}")


async def carry(make: Make) -> State:
    """Accept the run that `make` gives for an idempotency key, and carry it; gives the flow run its last word."""
    settings = Settings()
    async with AsyncExitStack() as stack:
        tools = await open_tools(settings, stack)
        health = await stack.enter_async_context(Health(_prefect_env.api_url(), _prefect_env.authorization()).watched())
        holder = f"{socket.gethostname()}:{os.getpid()}"
        try:
            new = await patiently(lambda: make(settings, tools, f"prefect:{flow_run.id}"))
        except NothingToDo as error:
            return Completed(message=one_line(str(error)))
        except CannotStart as error:
            return Failed(message=one_line(str(error)))
        pipeline = find(new.pipeline)
        accepted = await patiently(lambda: tools.runs.accept(new, holder=holder))
        claim = await patiently(
            lambda: tools.runs.claim(holder, run_id=accepted.run_id, profile=tools.profile, shown=True)
        )
        if claim is None:  # started again by Prefect, while a worker of ours has taken the run over
            return await followed(tools, pipeline, accepted.run_id)
        projection = Projection(
            pipeline,
            claim.run_id,
            settings.url,
            health,
            settings.prefect_budget,
            documents=settings.publishes_documents_of(claim.tenant),
        )
        projection.inside()
        flow_run_id = UUID(str(flow_run.id))
        heeding = asyncio.create_task(_cancelling.heed(tools, lambda: {flow_run_id: claim}, health))
        stack.callback(heeding.cancel)
        outcome = await Carry(claim, pipeline, tools, projection).go()
        await projection.close(outcome)
        elsewhere = outcome.kind in ("lost", "parked")
        await noted(tools, claim.run_id, projection.flow_run_id, told=not elsewhere and outcome.kind != "released")
        return await followed(tools, pipeline, claim.run_id) if elsewhere else state_of(pipeline, outcome)


async def noted(tools: Tools, run_id: UUID, flow_run_id: UUID | None, *, told: bool) -> None:
    """Remember how Prefect saw the run, and whether its end too. One that ended well does not fail for want of this."""
    try:
        await patiently(lambda: tools.runs.note_prefect(run_id, "live", flow_run_id))
        if told and flow_run_id is not None:
            await patiently(lambda: tools.runs.prefect_told(run_id, flow_run_id))
    except (StoreUnavailable, UnknownRun) as error:
        log.warning("run %s: what Prefect saw of it could not be stored: %s", run_id, error)


async def followed(tools: Tools, pipeline: Pipeline, run_id: UUID) -> State:
    """The end of a run that somebody else carries."""
    after = 0
    while True:
        entries: list[Entry] = await patiently(lambda: tools.log.read(run_id, after, wait=15))  # noqa: B023
        if entries and entries[-1].final:
            outcome = outcome_of(str(run_id), await patiently(lambda: read_all(tools.log, run_id)))
            return state_of(pipeline, outcome)
        after = entries[-1].seq if entries else after
