"""A worker: claims runs and carries them, many at once, until it is told to drain."""

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING, Any
from uuid import UUID

from events.errors import StoreUnavailable
from events.runs import Claim
from flows._carry import MAX_LOSSES, Carry, Tools
from flows._closing import Outcome
from flows._pipeline import Pipeline

if TYPE_CHECKING:
    from flows._operators import Operators
    from flows._projection import Projection

log = logging.getLogger("stepglass.worker")

TOGETHER = 10
"""Runs that a worker takes at a time, where many wait: so that others find some, too."""
PAUSE = 1.0
"""Seconds before it listens again, when listening has failed."""


class Worker:
    """Holds at most `most` runs at once, beside those that only wait for others. `operators` is None where there is no
    Prefect."""

    def __init__(
        self, tools: Tools, pipelines: dict[str, Pipeline], *, most: int = 100, operators: "Operators | None" = None
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._tools = tools
        self._pipelines = pipelines
        self._most = most
        self._operators = operators
        self._live: dict[UUID, Carry] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._draining = False

    def drain(self) -> None:
        """Take no more runs and release those that are held; `work()` returns when that is done."""
        self._draining = True
        for carry in self._live.values():
            carry.end("released")
        self._wake.set()

    async def work(self, look_every: float = 2.0) -> None:
        """Claim and carry. Woken by notifications, and looks by itself every `look_every` seconds: they get lost."""
        listening = asyncio.create_task(self._listen())
        try:
            while not self._draining:
                self._wake.clear()
                try:
                    await self._claim_all()
                except StoreUnavailable as error:
                    log.warning("the store does not answer: %s", error)
                except Exception:  # the runs that are carried already must go on, and so must the worker
                    log.exception("claiming failed; trying again")
                try:
                    async with asyncio.timeout(look_every):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            listening.cancel()
            await asyncio.wait([listening, *self._tasks])

    async def _claim_all(self) -> None:
        wanted: dict[str, Any] = {
            "lease": self._tools.lease,
            "profile": self._tools.profile,
            "pipelines": list(self._pipelines),
            "shown": self._operators is not None,
        }
        while not self._draining and self._room:
            # One at a time, so that the run that kills a worker is given up, and not who happens to be there, too.
            but_losses = MAX_LOSSES - 1 if any(carry.on_trial for carry in self._live.values()) else None
            claim = await self._tools.runs.claim(self.name, **wanted, but_losses=but_losses)
            if claim is None:
                return
            self._begin(claim)
            if self._room:
                more = await self._tools.runs.claim_more(
                    min(self._room, TOGETHER), self.name, **wanted, but_losses=MAX_LOSSES - 1
                )
                for claim in more:
                    self._begin(claim)

    @property
    def _room(self) -> int:
        """How many more runs it may carry."""
        return max(0, self._most - sum(not carry.pipeline.aside for carry in self._live.values()))

    def _begin(self, claim: Claim) -> None:
        task = asyncio.create_task(self._carry(*self._taken(claim)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _taken(self, claim: Claim) -> "tuple[Carry, Projection | None]":
        pipeline = self._pipelines[claim.pipeline]
        host = self._operators.show(claim, pipeline) if self._operators else None
        if before := self._live.get(claim.run_id):
            before.end("lost")  # to ourselves: its lease ran out before it heard of it
        carry = self._live[claim.run_id] = Carry(claim, pipeline, self._tools, host)
        if self._draining:
            carry.end("released")
        return carry, host

    async def _carry(self, carry: Carry, host: "Projection | None") -> None:
        try:
            outcome = await carry.go()
            log.info("run %s: %s", carry.run_id, outcome.kind)
        except Exception:
            # Not ours to end: another worker takes it when the lease has run out, or gives it up after three of these.
            log.exception("run %s: this worker failed to carry it", carry.run_id)
            outcome = Outcome("lost")
        finally:
            if self._live.get(carry.run_id) is carry:
                del self._live[carry.run_id]
            self._wake.set()
        if self._operators:
            await self._operators.ended(carry.run_id, host, outcome, grace=1.0 if self._draining else 5.0)

    async def _listen(self) -> None:
        """Until cancelled. Deaf, a worker would still find its runs, but hear of a cancel seconds later."""
        while True:
            try:
                async with self._tools.runs.wakeups() as wakeups:
                    async for run_id in wakeups:
                        self._hear(run_id)
            except Exception:
                log.exception("listening for what is wanted failed; listening again")
            await asyncio.sleep(PAUSE)

    def _hear(self, run_id: UUID | None) -> None:
        if run_id is None:
            self._wake.set()
        elif carry := self._live.get(run_id):
            carry.heed()
