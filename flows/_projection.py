"""One run as Prefect shows it: a live flow run, with a live task run for every attempt of a step.

Nobody who watches the run ever waits for Prefect. The pipeline starts at once; a flow run is opened beside it, whose
function does nothing but lend its context to the task runs and return the run's last word as its state. Attempts that
begin before Prefect has opened the flow run are called bare, and their task runs await the result that is already
coming (`steps._once`). A run whose flow run or task runs could not all be shown is *degraded*: `flows._owed` tells
Prefect of it later.
"""

import asyncio
import contextvars
import logging
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Flow, State, Task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext, TagsContext
from prefect.states import Cancelled, Completed, Crashed, Failed

from events.text import one_line
from flows import _artifacts, _clients
from flows._closing import Outcome
from flows._health import Health
from flows._pipeline import Pipeline
from steps._once import Once

log = logging.getLogger("stepglass.prefect")

NOWHERE = Path(os.devnull) / "results"
"""Where Prefect would keep results, were there any. Nothing can be written there."""

OPEN_AFTER = 0.25
"""Seconds from a run's first attempt until its flow run is opened, which takes tens of milliseconds of the loop: by
then the model has been asked, for this run and for those that came with it."""

_projection: contextvars.ContextVar["Projection"] = contextvars.ContextVar("stepglass_projection")
_call: contextvars.ContextVar[Once[Any]] = contextvars.ContextVar("stepglass_call")


async def _attempt() -> State[Any] | None:
    """The body of every task run. The result stays with us: in Prefect it would be a copy to keep and to leak."""
    call = _call.get()
    try:
        await call()
    except asyncio.CancelledError:
        if call.cancelled:  # the step was stopped, not this task run
            return Cancelled(message="The attempt was stopped")
        raise
    except Exception as error:
        # Only what kind of error it was: its text may hold what a model wrote.
        return Failed(message=getattr(error, "title", type(error).__name__))
    return None


async def _show(run_id: str) -> State[Any]:
    """The body of the flow run: lend the context, wait for the end, say how it ended."""
    projection = _projection.get()
    with TagsContext(current_tags=set()):  # tags on task runs would cost a request each
        projection.opened.set_result(contextvars.copy_context())
    return await projection.closed


class Projection:
    """`Host` of one run: opened soon after its first attempt, closed with `close(outcome)` behind the last word.

    `documents`: its result's texts and tables are published there, too.
    """

    def __init__(
        self, pipeline: Pipeline, run_id: UUID, url: str, health: Health, budget: float, *, documents: bool
    ) -> None:
        self.pipeline = pipeline
        self.run_id = run_id
        self.url = url
        self.flow_run_id: UUID | None = None
        self.opened: asyncio.Future[contextvars.Context] = asyncio.get_running_loop().create_future()
        self.opened.add_done_callback(self._here)  # before anybody else's: they ask for the flow run's id
        self.closed: asyncio.Future[State[Any]] = asyncio.get_running_loop().create_future()
        self._health = health
        self._budget = budget
        self._documents = documents
        self._flow: asyncio.Task[Any] | None = None
        self._opening: asyncio.TimerHandle | None = None
        self._shown: set[asyncio.Task[bool]] = set()
        self._missed = 0
        self._order = {step.step: number for number, step in enumerate(pipeline.plan, 1)}

    @property
    def complete(self) -> bool:
        """Whether Prefect shows the run and every attempt of it."""
        return self.flow_run_id is not None and not self._missed

    @property
    def _coming(self) -> bool:
        return self._opening is not None or self._flow is not None or self.opened.done()

    def _open_soon(self) -> None:
        if not self._coming and self._health.up:
            self._opening = asyncio.get_running_loop().call_later(OPEN_AFTER, self._open_now)

    def _open_now(self) -> None:
        if self._opening is None:
            return
        self._opening.cancel()
        self._opening = None
        try:
            self._open()
        except Exception as error:
            log.warning("run %s: Prefect: %s", self.run_id, type(error).__name__)
        if self._flow is None:
            self.opened.cancel()

    def _open(self) -> None:
        if not self._health.up:
            return
        flow: Flow[..., Any] = Flow(
            fn=_show,
            name=f"{self.pipeline.slug}-live",
            flow_run_name=f"{self.pipeline.slug}-{self.run_id.hex[-8:]}",
            retries=0,
            persist_result=False,
            # Nothing is kept there. Unless it is named, Prefect asks its server for it, and blocks our loop meanwhile:
            # one that hangs would hold every run of this worker, and its end, for a minute.
            result_storage=NOWHERE,
            log_prints=False,
            validate_parameters=False,
        )
        context = contextvars.copy_context()
        context.run(_projection.set, self)
        context.run(TagsContext(current_tags=tags_of(self.pipeline, self.run_id)).__enter__)
        self._flow = asyncio.create_task(_run_flow(flow, str(self.run_id)), context=context)
        self._flow.add_done_callback(self._gone)

    def inside(self) -> None:
        """Use the flow run in whose function we already are (a deployment's)."""
        with TagsContext(current_tags=set()):
            self.opened.set_result(contextvars.copy_context())
        self._here(self.opened)

    async def attempt(self, step: str, label: str, number: int, call: Once[Any]) -> None:
        """Let Prefect's engine make the call where it is there already; after the budget it is made without it."""
        self._open_soon()
        if not self._coming:
            self._missed += 1
            return
        name = f"{self._order.get(step, 0)}-{step}" + (f"-attempt-{number}" if number > 1 else "")
        shown = asyncio.create_task(self._task_run(name, call))
        self._shown.add(shown)
        if self.opened.done() and self._health.up:
            begun = asyncio.create_task(call.begun.wait())
            try:
                await asyncio.wait([begun, shown], timeout=self._budget, return_when=asyncio.FIRST_COMPLETED)
            finally:
                begun.cancel()

    async def close(self, outcome: Outcome, grace: float = 5.0) -> None:
        """Let Prefect see the end. Whatever does not work within `grace` seconds leaves the run degraded."""
        self._open_now()
        if self._shown:
            done, late = await asyncio.wait(self._shown, timeout=grace)
            for task in late:
                task.cancel()
            self._missed += len(late) + sum(task.cancelled() or not task.result() for task in done)
        if self.opened.done() and not self.opened.cancelled():
            told = _artifacts.publish(self.pipeline, outcome, self.url, self.run_id, documents=self._documents)
            await self._in_flow(told, grace)
            if not self.closed.done():
                self.closed.set_result(state_of(self.pipeline, outcome))
        if self._flow is None:
            return
        await asyncio.wait([self._flow], timeout=grace)
        if not self._flow.done():
            self._health.doubt()
            self._flow.cancel()
            await asyncio.wait([self._flow], timeout=grace)
            self.flow_run_id = None

    async def _task_run(self, name: str, call: Once[Any]) -> bool:
        """Show one attempt as a task run; False when Prefect could not."""
        try:
            context = (await asyncio.shield(self.opened)).copy()
            context.run(_call.set, call)
            task: Task[..., Any] = Task(
                fn=_attempt, name=name, task_run_name=name, retries=0, cache_policy=NO_CACHE, persist_result=False
            )
            state = await asyncio.create_task(_run_task(task), context=context)
            return state is not None
        except asyncio.CancelledError:
            return False
        except Exception as error:
            log.warning("run %s: Prefect could not show %s: %s", self.run_id, name, type(error).__name__)
            return False

    async def _in_flow(self, work: Coroutine[Any, Any, None], grace: float) -> None:
        task = asyncio.create_task(work, context=self.opened.result().copy())
        await asyncio.wait([task], timeout=grace)
        if not task.done():
            task.cancel()
        elif not task.cancelled() and (error := task.exception()):
            log.warning("run %s: no artifacts in Prefect: %s", self.run_id, type(error).__name__)

    def _here(self, opened: "asyncio.Future[contextvars.Context]") -> None:
        if opened.cancelled():
            return
        context = opened.result().run(FlowRunContext.get)
        self.flow_run_id = context.flow_run.id if context and context.flow_run else None

    def _gone(self, flow: "asyncio.Task[Any]") -> None:
        """The flow run ended, as it should after `closed`, or Prefect failed us before it was even opened."""
        if not flow.cancelled() and (error := flow.exception()):
            log.warning("run %s: Prefect: %s", self.run_id, type(error).__name__)
            self._health.doubt()
            self._missed += 1
        if not self.opened.done():
            self.opened.cancel()


async def _run_flow(flow: "Flow[..., Any]", run_id: str) -> Any:
    await _clients.compatible()
    return await flow(run_id, return_state=True)


async def _run_task(task: "Task[..., Any]") -> Any:
    return await task(return_state=True)


def tags_of(pipeline: Pipeline, run_id: UUID) -> set[str]:
    """Tags of a flow run. On the flow only, never on tasks."""
    return {"stepglass", f"pipeline:{pipeline.slug}", f"run:{run_id}"}


def state_of(pipeline: Pipeline, outcome: Outcome) -> State[Any]:
    """The run's last word as a Prefect state, with a line that says what came of it."""
    match outcome.kind:
        case "complete":
            return Completed(message=one_line(pipeline.headline(outcome.result)) or "Complete")
        case "error":
            problem = outcome.problem
            words = f"{outcome.failed_step or 'run'}: {problem.title if problem else 'failed'}"
            return Failed(message=one_line(words))
        case "cancelled":
            return Cancelled(message="Cancelled on request")
        case "released":
            return Crashed(message="The worker was stopped; another one goes on with the run")
        case "parked":
            return Completed(name="Paused", message="Paused; it goes on in another flow run")
        case "lost":
            return Crashed(message="Another worker holds the run")
