"""Somebody pressed cancel in Prefect's page: our runs hear of it here. Nobody there has a process to end."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter

from events.errors import RunEnded
from events.runs import Claim
from flows._carry import Tools
from flows._health import Health

log = logging.getLogger("stepglass.prefect")


async def heed(tools: Tools, live: Callable[[], Mapping[UUID, Claim]], health: Health, every: float = 1.0) -> None:
    """Ask for the end of every run whose flow run is being cancelled; until cancelled. `live` are those shown now, by
    flow run. A failure costs a run nothing: it is asked again, by another client."""
    while True:
        await asyncio.sleep(every)
        if not health.up or not live():
            continue
        try:
            async with get_client() as client:  # to make one costs far more than to ask
                while health.up and (shown := live()):
                    for flow_run_id in await _cancelling(client, list(shown)):
                        await _cancel(tools, shown[flow_run_id])
                    await asyncio.sleep(every)
        except Exception as error:
            log.warning("what was cancelled in Prefect could not be read: %s", type(error).__name__)


async def _cancelling(client: PrefectClient, flow_run_ids: list[UUID]) -> list[UUID]:
    wanted = {"id": {"any_": flow_run_ids}, "state": {"type": {"any_": ["CANCELLING"]}}}
    found = await client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted))
    return [flow_run.id for flow_run in found]


async def _cancel(tools: Tools, claim: Claim) -> None:
    """Asked twice it is said once."""
    try:
        await tools.runs.request_cancel(claim.run_id, claim.tenant, by="prefect")
    except RunEnded:
        return
