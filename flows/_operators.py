"""What the worker does for the people who watch runs in Prefect: show them live, end them there, and catch up."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client

from events.runs import Claim
from flows import _cancelling, _clients, _owed
from flows._carry import Tools
from flows._closing import Outcome
from flows._health import Health
from flows._pipeline import Pipeline
from flows._projection import Projection

log = logging.getLogger("stepglass.prefect")


class Operators:
    """`most` runs at once are shown live; `budget` seconds a step waits for Prefect's engine; `url` is where we are;
    `documents` says of a tenant whether its results are published there."""

    def __init__(
        self, tools: Tools, health: Health, *, url: str, most: int, budget: float, documents: Callable[[str], bool]
    ) -> None:
        self._tools = tools
        self._health = health
        self._url = url
        self._most = most
        self._budget = budget
        self._documents = documents
        self._live: dict[Projection, Claim] = {}
        self._asides: set[asyncio.Task[None]] = set()

    def show(self, claim: Claim, pipeline: Pipeline) -> Projection | None:
        """A host that opens the run in Prefect beside its work; None when as many are shown as it carries at once."""
        if claim.taken_over:
            self._aside(self._mark_predecessor(claim))
        if len(self._live) >= self._most:
            return None
        projection = Projection(
            pipeline, claim.run_id, self._url, self._health, self._budget, documents=self._documents(claim.tenant)
        )
        self._live[projection] = claim
        projection.opened.add_done_callback(lambda opened: self._opened(projection))
        return projection

    async def ended(self, run_id: UUID, projection: Projection | None, outcome: Outcome, grace: float) -> None:
        """Let Prefect see how the run ended, and remember whether it has seen all. Four times `grace` seconds at most.

        `projection` is what `show` gave for this claim: the same run may be shown again already, under the next epoch.
        """
        try:
            if projection is not None:
                await projection.close(outcome, grace)
            if outcome.kind in ("released", "parked", "lost"):
                return
            if projection is not None and projection.complete:
                await self._told(projection)
            else:
                await self._tools.runs.note_prefect(run_id, "degraded", projection.flow_run_id if projection else None)
        except Exception as error:
            log.warning("run %s: Prefect could not be told how it ended: %s", run_id, type(error).__name__)
        finally:
            if projection is not None:
                self._live.pop(projection, None)

    async def _told(self, projection: Projection) -> None:
        """Prefect has seen it all. Said only then: a worker that is lost before leaves it to others."""
        run_id, flow_run_id = projection.run_id, projection.flow_run_id
        assert flow_run_id is not None
        if (claim := self._live.get(projection)) is not None and claim.taken_over:
            async with get_client() as client:
                await _owed.mark_lost(client, projection.pipeline, run_id, but=flow_run_id)
        await self._tools.runs.note_prefect(run_id, "live", flow_run_id)
        await self._tools.runs.prefect_told(run_id, flow_run_id)

    def _shown(self) -> dict[UUID, Claim]:
        return {each.flow_run_id: claim for each, claim in self._live.items() if each.flow_run_id is not None}

    def _opened(self, projection: Projection) -> None:
        if projection.flow_run_id is not None:
            self._aside(self._tools.runs.note_prefect(projection.run_id, "live", projection.flow_run_id))

    async def _mark_predecessor(self, claim: Claim) -> None:
        header = await self._tools.runs.header(claim.run_id, claim.tenant)
        if header.prefect_flow_run_id is not None:
            await self._health.answers()  # a worker that has just begun has not heard of Prefect yet
            async with get_client() as client:
                await _owed.mark_predecessor(client, header.prefect_flow_run_id)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that nobody waits for, and whose failure costs no run anything."""

        async def quietly() -> None:
            try:
                await work
            except Exception as error:
                log.warning("beside the runs: %s: %s", type(error).__name__, error)

        task = asyncio.create_task(quietly())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    @contextlib.asynccontextmanager
    async def at_work(self, pipelines: dict[str, Pipeline]) -> AsyncGenerator["Operators"]:
        """Keep probing Prefect, pay what is owed to it and heed who cancels there, as long as the context is open."""
        async with _clients.kept(), self._health.watched():
            paying = asyncio.create_task(_owed.pay(self._tools, pipelines, self._health))
            heeding = asyncio.create_task(_cancelling.heed(self._tools, self._shown, self._health))
            try:
                yield self
            finally:
                paying.cancel()
                heeding.cancel()
                await asyncio.wait([paying, heeding, *self._asides], timeout=2)
                for aside in self._asides:
                    aside.cancel()
