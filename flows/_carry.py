"""Carrying one run from its claim to its last word, or to the point where somebody else goes on with it."""

import asyncio
import contextlib
import logging
import time
from functools import partial
from uuid import UUID

from events.contract import Problem
from events.errors import StoreError, StoreUnavailable
from events.runs import Claim
from events.wishes import Wish
from flows import _lease
from flows._ancestors import inherited
from flows._closing import CRASH_LOOP, TOO_LATE, Outcome, close_run, problem_of_run
from flows._opening import open_run, read_all
from flows._patience import PATIENCE
from flows._pipeline import Pipeline, UnfitInput
from flows._ticker import tick
from flows._tools import Tools as Tools
from steps._host import Host
from steps._journal import Journal
from steps._place import entered
from steps._run import Ending, Run
from steps.errors import CANCELLED, RunLost, leaves

log = logging.getLogger("stepglass.carry")

MAX_LOSSES = 3
TRIAL = 30.0
"""Seconds after which a worker that carries a run on its last chance may be taken to survive it."""


class Carry:
    """One run in this process. `end` it from outside; await `go()` for how it ended."""

    def __init__(self, claim: Claim, pipeline: Pipeline, tools: Tools, host: Host | None = None) -> None:
        self.claim = claim
        self.pipeline = pipeline
        self._tools = tools
        self._host = host
        self._run: Run | None = None
        self._ending: Ending | None = None
        self._leaving = asyncio.Event()
        self._away: BaseException | None = None
        self._body: asyncio.Task[Outcome] | None = None
        self._nudge = asyncio.Event()
        self._wish: Wish | None = None
        self._since, self._marks = time.monotonic(), 0

    @property
    def on_trial(self) -> bool:
        """Would it be given up if this worker were lost now? Until it has a checkpoint: it may be what kills workers,
        and is to take no other such run with it."""
        if self.claim.losses != MAX_LOSSES - 1 or time.monotonic() - self._since > TRIAL:
            return False
        return self._run is None or self._run.journal.marks == self._marks

    @property
    def run_id(self) -> UUID:
        return self.claim.run_id

    def end(self, ending: Ending) -> None:
        """Stop the work: `cancelled` closes the run, `released` and `lost` leave it to another, `parked` to a later
        time. The first wins."""
        if ending == "released":
            self._leaving.set()
        if self._ending is not None:
            return
        self._ending = ending
        if self._run is not None:
            self._run.ending = ending
        if self._body is not None:
            self._body.cancel()

    def heed(self) -> None:
        """Somebody wants something of the run: ask the store what, now."""
        self._nudge.set()

    async def go(self) -> Outcome:
        keeping = asyncio.create_task(self._keep())
        try:
            return await self._carry()
        except RunLost as error:
            log.info("run %s goes on elsewhere: %s", self.run_id, error)
            return Outcome("lost")
        except StoreUnavailable as error:
            self._lost(error)
            return Outcome("lost")
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            if self._ending in ("released", "parked"):
                await self._release()
            elif self._away is not None:
                await self._give_back()

    async def _carry(self) -> Outcome:
        # Side by side, since the model is waiting for both.
        entries, history = await asyncio.gather(
            read_all(self._tools.log, self.run_id, self.claim.tail_seq),
            self._tools.runs.history(self.claim.tenant, self.pipeline.name, self._tools.profile),
        )
        journal = Journal.of(entries)
        self._marks = journal.marks
        plan = self.pipeline.planned(history)
        self._run = run = Run(
            self.run_id,
            self.claim.epoch,
            self._tools.log,
            self._tools.model,
            journal=journal,
            plan=plan,
            host=self._host,
            seconds_left=self.claim.seconds_left,
            models=self._tools.models,
            inherited=await inherited(self._tools.log, entries, self._tools.models),
            answer_within=self._tools.answer_within,
            children=self._tools.children(self.claim),
            day=partial(spending.problem, self.claim.tenant) if (spending := self._tools.spending) else None,
            on_lost=self._lost,
            on_spent=lambda: self.end("over_budget"),
            on_idle=lambda: self.end("parked"),
        )
        if journal.cancel_requested:
            self.end("cancelled")
        elif journal.paused or self._wish == "pause":  # its holder was lost before it could give it up
            self.end("parked")
        run.ending = self._ending
        lost = f"worker lost ({self.claim.losses} in a row)" if self.claim.losses else "the worker before was stopped"
        open_run(run, self.pipeline, plan, journal.called_back or lost)
        outcome = await self._body_of(run)
        await close_run(run, plan, outcome)
        return outcome

    async def _body_of(self, run: Run) -> Outcome:
        if self.claim.losses >= MAX_LOSSES:
            return Outcome("error", problem=CRASH_LOOP)
        self._body = asyncio.create_task(self._pipeline(run))
        if self._ending is not None:
            self._body.cancel()
        ticking = asyncio.create_task(tick(run))
        try:
            return await asyncio.shield(self._body)
        except asyncio.CancelledError:
            if self._ending is None:  # this process is being torn down around us
                self.end("released")
                await asyncio.wait([self._body])
            return self._ended(run)
        finally:
            ticking.cancel()

    async def _pipeline(self, run: Run) -> Outcome:
        deadline = asyncio.timeout(max(0.0, run.seconds_left))
        try:
            async with deadline:
                with entered(run):
                    return Outcome("complete", result=await self.pipeline(self.claim.input))
        except Exception as error:
            if self._ending is not None:
                return self._ended(run)
            if any(isinstance(leaf, RunLost) for leaf in leaves(error)):
                raise RunLost(str(error)) from error
            if deadline.expired():
                return Outcome("error", problem=TOO_LATE)
            return self._failed(run, error)

    def _ended(self, run: Run) -> Outcome:
        """As somebody, or the budget, wanted it."""
        if self._ending == "over_budget":
            problem, step = run.journal.cause() or (None, None)
            return Outcome("error", problem=run.budget.problem or problem, failed_step=step)
        return Outcome(self._ending or "released")

    def _failed(self, run: Run, error: Exception) -> Outcome:
        if isinstance(error, UnfitInput):
            log.error("run %s: its input does not fit this version", self.run_id, exc_info=error)
            title = "The input does not fit"
            detail = f"Its input is not of the form that {self.pipeline.label} takes in this version."
            return Outcome("error", problem=Problem(type="/problems/invalid-input", title=title, detail=detail))
        problem, step = problem_of_run(error)
        if problem.type == CANCELLED:  # an earlier worker got as far as stopping its siblings: what for is in the log
            problem, step = run.journal.cause() or ((TOO_LATE, None) if run.seconds_left <= 0 else (problem, step))
            return Outcome("error", problem=problem, failed_step=step)
        if step is None:
            log.error("run %s failed outside of its steps", self.run_id, exc_info=error)
        return Outcome("error", problem=problem, failed_step=step)

    async def _keep(self) -> None:
        await _lease.keep(
            self._tools.runs,
            self.run_id,
            self.claim.epoch,
            heard=self._heard,
            nudge=self._nudge,
            lost=self._lost,
            lease=self._tools.lease,
            every=self._tools.renew_every,
        )

    def _lost(self, error: BaseException) -> None:
        """It is not ours any more; or nobody knows, for the store is away."""
        if isinstance(error, StoreUnavailable):
            self._away = error
        self.end("lost")

    def _heard(self, wish: Wish | None) -> None:
        self._wish = wish
        if wish == "cancel":
            self.end("cancelled")
        elif self._run is not None and wish == "pause":
            self._run.gate.close()
        elif self._run is not None:
            self._run.gate.open()

    async def _release(self) -> None:
        runs, epoch = self._tools.runs, self.claim.epoch
        try:
            if self._ending == "parked":
                await runs.park(self.run_id, epoch, self._run.gate.seconds if self._run else None)
            else:
                await runs.release(self.run_id, epoch)
        except Exception as error:  # the lease runs out by itself then
            log.warning("run %s could not be released: %s", self.run_id, error)

    async def _give_back(self) -> None:
        """The store was away for too long, not we: release the run once it is back, so that this counts as no loss."""
        log.warning("run %s was given up while the store is away: %s", self.run_id, self._away)
        until = time.monotonic() + PATIENCE
        while not self._leaving.is_set() and time.monotonic() < until:
            try:
                return await self._tools.runs.release(self.run_id, self.claim.epoch)
            except StoreUnavailable:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self._leaving.wait()
            except StoreError as error:
                return log.info("run %s goes on elsewhere: %s", self.run_id, error)
