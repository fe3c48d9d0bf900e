"""A step: a typed async function that tells the log what it does.

    @step("Create one-pager", retries=2, timeout=120, expected=15)
    async def one_pager(framework: Framework) -> OnePager: ...

What it said before, in this process or in one that died, is taken from the log; retries and timeouts are a loop of
ours, the same with and without Prefect.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar, get_type_hints

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json

from events.contract import (
    Expected,
    MadeOf,
    StepComplete,
    StepCompleteData,
    StepError,
    StepErrorData,
    StepStart,
    StepStartData,
)
from steps._attempt import Attempt
from steps._clock import Clock
from steps._growing import growing_in
from steps._journal import Past
from steps._made_of import Basis
from steps._once import Once
from steps._place import attempting, current_lane, current_round, current_run
from steps._rehearsal import current_rehearsal
from steps._retry import RetryPolicy, tell_retry
from steps._run import Run
from steps.errors import (
    CANCELLED_PROBLEM,
    STOPPED_PROBLEM,
    DeadlinePassed,
    OverBudget,
    RunLost,
    StepFailed,
    cause_of,
    problem_of,
    retryable,
)

log = logging.getLogger("stepglass.steps")

P = ParamSpec("P")
Out = TypeVar("Out")


class Step(Generic[P, Out]):
    """A decorated step. `id` is its name on the wire, `timeout` in seconds for each attempt."""

    def __init__(
        self, fn: Callable[P, Coroutine[Any, Any, Out]], label: str, retry: RetryPolicy, timeout: float, expected: float
    ) -> None:
        self.fn = fn
        self.id = fn.__name__
        self.label = label
        self.retry = retry
        self.timeout = timeout
        self.expected = Expected(p50=int(expected * 1000), p90=int(expected * 2000), n=0)
        self.output: TypeAdapter[Out] = TypeAdapter(get_type_hints(fn)["return"])
        self.basis = Basis(self)
        self.__doc__ = inspect.getdoc(fn)

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Out:
        if (rehearsal := current_rehearsal()) is not None:
            for growing in growing_in(args, kwargs):
                await growing.whole()
            return await rehearsal.call(self.id, self.basis.inputs(args, kwargs), self.output.validate_python)
        run = current_run()
        past = run.journal.past((self.id, current_lane(), current_round()))
        if past.done:
            run.pace.end(self.id)
            return self.output.validate_python(past.result)
        if past.problem is not None:
            raise self._failed(past.problem.title, past.problem)
        for growing in growing_in(args, kwargs):
            await growing.begun()
        async with run.gate.passed():
            return await self._tried(run, past, *args, **kwargs)

    async def _tried(self, run: Run, past: Past, *args: P.args, **kwargs: P.kwargs) -> Out:
        while True:
            past.attempts, past.open, past.waiting = past.attempts + 1, True, False
            attempt = Attempt(self.id, past.attempts, run.say, current_lane(), current_round())
            try:
                await self._start(run, attempt)
                try:
                    made = await self._attempt(run, attempt, lambda: self.fn(*args, **kwargs))
                    past.result, result = self._kept(made)
                except Exception as error:
                    await self._failure(run, attempt, past, error)
                else:
                    basis = self.basis.made_of(args, kwargs, attempt.prompts, run.models)
                    self._complete(run, attempt, past, basis)
                    return result
            except asyncio.CancelledError:
                self._cancelled(run, attempt, past)
                raise

    async def _start(self, run: Run, attempt: Attempt) -> None:
        run.pace.begin(self.id)
        data = StepStartData(expected_ms=run.pace.expected(self.id))
        # Committed before the model is called: so attempts are counted over every process that carries the run.
        await run.commit(StepStart(**attempt.where, message=self.label, progress=run.pace.percent(), data=data))

    async def _attempt(self, run: Run, attempt: Attempt, call: Callable[[], Coroutine[Any, Any, Out]]) -> Out:
        async def body() -> Out:
            with attempting(attempt):
                return await call()

        once = Once(body)
        left = max(0.0, run.seconds_left)
        attempt.clock = clock = Clock(min(self.timeout, left))
        try:
            async with clock:
                await run.host.attempt(self.id, self.label, attempt.number, once)
                return await once()
        except TimeoutError as error:
            if not clock.expired:
                raise
            if left < self.timeout:
                raise DeadlinePassed(f"The run's deadline passed during: {self.label}.") from error
            raise TimeoutError(f"{self.label} did not finish within {self.timeout:g} s.") from error
        except asyncio.CancelledError as error:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            # Nobody wants our end: something inside gave up by itself, a library's scope, say, whose server was killed.
            detail = f"{self.label} was interrupted from inside."
            raise StepFailed("The step was interrupted", detail, retryable=True) from error
        finally:
            await once.cancel()

    def _kept(self, result: Out) -> tuple[JsonValue, Out]:
        """The result as JSON, and as whoever takes it from the log finds it: what does not come back fails here."""
        try:
            plain: JsonValue = from_json(self.output.dump_json(result))
            return plain, self.output.validate_python(plain)
        except (PydanticSerializationError, ValidationError) as error:
            log.error("step %s: its result does not survive its own JSON", self.id, exc_info=error)
            detail = f"What {self.id} returned ({type(result).__name__}) cannot be read back from its own JSON."
            raise StepFailed("The step's result cannot be kept", detail) from error

    async def _failure(self, run: Run, attempt: Attempt, past: Past, error: Exception) -> None:
        """Tell of it and return for another attempt, or end the step."""
        if run.lost is not None or isinstance(error, RunLost):
            raise RunLost(str(run.lost or error)) from error
        error = cause_of(error)
        run.budget.settle()
        if retryable(error) and (spent := run.budget.problem) is not None:
            error = OverBudget(spent)
        problem = problem_of(error, self.id)
        past.failures += 1
        wait = self.retry.wait(past.failures, error)
        if retryable(error) and past.failures <= self.retry.retries and wait < run.seconds_left:
            past.open, past.waiting = False, True
            run.pace.rest(self.id)
            await tell_retry(run, attempt, problem, wait)
            await asyncio.sleep(wait)
            return
        run.pace.end(self.id)
        past.open, past.problem = False, problem
        await run.commit(
            StepError(
                **attempt.where,
                message=problem.title,
                duration=attempt.duration,
                progress=run.pace.percent(),
                data=StepErrorData(problem=problem),
            )
        )
        raise self._failed(str(error), problem) from error

    def _cancelled(self, run: Run, attempt: Attempt, past: Past) -> None:
        """Close the step, also one that waits to try again, so that no spinner is left turning.

        Of a run that goes on elsewhere nothing is said.
        """
        if past.done or past.problem is not None or run.ending in ("released", "parked", "lost"):
            return
        problem = CANCELLED_PROBLEM if run.ending == "cancelled" else STOPPED_PROBLEM
        if run.ending == "over_budget":
            problem = run.budget.problem or problem
        run.pace.end(self.id)
        past.open, past.waiting, past.problem = False, False, problem
        data = StepErrorData(problem=problem)
        run.say(StepError(**attempt.where, message=problem.title, duration=attempt.duration, data=data))

    def _complete(self, run: Run, attempt: Attempt, past: Past, basis: MadeOf | None) -> None:
        """Not waited for: whatever follows from the result is said behind it, and a step that begins commits that."""
        past.open, past.done = False, True
        run.pace.end(self.id)
        run.say(
            StepComplete(
                **attempt.where,
                message=f"{self.label}: done",
                duration=attempt.duration,
                progress=run.pace.percent(),
                data=StepCompleteData(result=past.result, text=attempt.digest, made_of=basis),
            )
        )
        run.budget.settle()

    def _failed(self, detail: str, problem: Any) -> StepFailed:
        failed = StepFailed(problem.title, detail)
        failed.step, failed.problem = self.id, problem
        return failed


def step(
    label: str, *, retries: int = 2, timeout: float = 120.0, expected: float = 10.0, backoff: float = 1.0
) -> Callable[[Callable[P, Coroutine[Any, Any, Out]]], Step[P, Out]]:
    """Make a step of an async function with typed arguments and result.

    `label` is for people, the function's name is the id. `retries` after the first attempt, for errors that can be
    helped, the first about `backoff` seconds later; `timeout` in seconds for each attempt; `expected` seconds, until
    there is a history.
    """

    def decorate(fn: Callable[P, Coroutine[Any, Any, Out]]) -> Step[P, Out]:
        return Step(fn, label, RetryPolicy(retries, base=backoff), timeout, expected)

    return decorate
