"""When to try again, and how that is told."""

import random
from dataclasses import dataclass

from events.contract import Problem, StepRetry, StepRetryData
from llm.errors import ModelError
from steps._attempt import Attempt
from steps._run import Run


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter, in seconds; what the server asks for is honoured up to `cap`."""

    retries: int = 2
    base: float = 1.0
    cap: float = 30.0

    def wait(self, failures: int, error: BaseException) -> float:
        """Seconds until the next attempt after `failures` failed ones.

        Half of the backoff is fixed and half is random ("equal jitter", M. Brooker, Exponential Backoff and Jitter),
        so that runs that failed together do not come back together. A tenth of `Retry-After` is added to it by chance
        for the same reason: a server that is down says the same to everybody.
        """
        asked = error.retry_after if isinstance(error, ModelError) else None
        if asked is not None:
            asked = min(asked, self.cap)
            return asked + random.uniform(0, 0.1 * max(asked, self.base))
        backoff = min(self.cap, self.base * 2 ** (failures - 1))
        return backoff / 2 + random.uniform(0, backoff / 2)


async def tell_retry(run: Run, attempt: Attempt, problem: Problem, wait: float) -> None:
    """Withdraw what the attempt wrote, and say when the next one begins."""
    await run.commit(
        StepRetry(
            **attempt.where,
            message=f"{problem.title}; trying again",
            duration=attempt.duration,
            data=StepRetryData(problem=problem, next_attempt_in_ms=int(wait * 1000), supersedes=await attempt.span()),
        )
    )
