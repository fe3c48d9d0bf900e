"""What a run may cost: warned of at four fifths, stopped at the whole, counted over every process that carried it.

What was paid for is kept: the call that reaches the limit comes to its end, those beside it are cancelled, and no other
is begun. A run to which that last call was all that was missing is complete.

The day of the run's tenant can be spent as well: then the run makes no further call that costs anything.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from events.contract import BudgetUse, Problem, UsageData
from steps.errors import BUDGET_EXCEEDED, BUDGET_UNKNOWN, OverBudget

WARN_AT = 0.8
Day = Callable[[], Awaitable[Problem | None]]
"""Asks why the run's tenant may spend nothing more today; None where it may."""


@dataclass(slots=True)
class Budget:
    """`limit` in US dollars, None where there is none. `spent` sums the known costs, `unpriced` is the first model
    whose price is not known. `calls` are under way; `stop` ends the run's work. `day` is asked before each paid call,
    and `day_problem` is what it said."""

    limit: float | None = None
    warned: bool = False
    spent: float = 0.0
    unpriced: str | None = None
    calls: int = 0
    stop: Callable[[], object] = lambda: None
    day: Day | None = None
    day_problem: Problem | None = None

    def count(self, usages: Iterable[UsageData]) -> None:
        for usage in usages:
            if usage.cost_usd is not None:
                self.spent = round(self.spent + usage.cost_usd, 10)
            elif self.unpriced is None:
                self.unpriced = usage.model

    def warning(self) -> tuple[str, BudgetUse] | None:
        """What to tell of the budget now, once: when four fifths of it are spent."""
        if self.limit is None or self.warned or self.spent < WARN_AT * self.limit:
            return None
        self.warned = True
        percent = int(100 * self.spent / self.limit)
        words = f"{percent} % of the budget is spent: {dollars(self.spent)} of {dollars(self.limit)}"
        return words, BudgetUse(spent_usd=self.spent, max_cost_usd=self.limit)

    @property
    def problem(self) -> Problem | None:
        """Why nothing more may be spent, if it may not."""
        if self.day_problem is not None:
            return self.day_problem
        if self.limit is None:
            return None
        if self.spent >= self.limit:
            detail = (
                f"The run has cost {dollars(self.spent)}, and may cost {dollars(self.limit)}. What is finished is "
                "kept: do it again with a larger budget, and only the rest is to be paid."
            )
            return Problem(type=BUDGET_EXCEEDED, title="The budget is spent", detail=detail)
        if self.unpriced is not None:
            detail = (
                f"The run may cost {dollars(self.limit)}, and nobody here knows what {self.unpriced} costs: its price "
                "is missing in the file that STEPGLASS_PRICES names. Add it, or start the run without a budget."
            )
            return Problem(type=BUDGET_UNKNOWN, title="The budget cannot be kept", detail=detail)
        return None

    @asynccontextmanager
    async def calling(self) -> AsyncGenerator[None]:
        """Around a model call. Raises `OverBudget` where it may not be made."""
        self.check()
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1

    async def check_day(self, is_paid: Callable[[], bool]) -> None:
        """Before a model call. Raises `OverBudget` where it costs something and the tenant's day is spent."""
        if self.day is not None and is_paid():
            self.day_problem = self.day_problem or await self.day()
            self.check()

    def check(self) -> None:
        """Raises `OverBudget`, and stops whatever else goes on in the run."""
        if (problem := self.problem) is not None:
            self.stop()
            raise OverBudget(problem)

    def settle(self) -> None:
        """What a call made is kept now: calls beside it need not go on when there is nothing left to pay them with."""
        if self.calls and self.problem is not None:
            self.stop()


def dollars(amount: float) -> str:
    """With the cents, and with as much behind them as tells small amounts from nothing."""
    digits = 2 if amount >= 1 or amount == round(amount, 2) else 4 if amount >= 0.01 else 6
    return f"${amount:.{digits}f}"
