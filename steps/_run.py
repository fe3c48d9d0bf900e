"""A run as its steps see it: what was done before, how to speak, which model to ask."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

from events.contract import Event, PlannedStep, Progress, ProgressData, Usage, UsageData
from events.errors import StoreError
from events.log import EventLog
from llm.client import Model, Usage as ModelUsage
from steps._budget import Budget, Day
from steps._children import Children
from steps._gate import Gate
from steps._host import Bare, Host
from steps._journal import Checkpoints, Journal
from steps._pace import Pace
from steps._place import current_attempt
from steps.errors import RunLost

DAY = 86_400.0
Ending = Literal["cancelled", "released", "parked", "lost", "over_budget"]


class Run:
    """Ambient while a pipeline runs. Everything it says goes to the log, in order, under the holder's epoch.

    `models` are those that are named to the model server; `inherited` are the checkpoints of the run that this one does
    again, as far as they are good for it. `answer_within` is how many seconds a person is waited for. `children` starts
    runs about this one, where whoever carries it can. `day` says whether the run's tenant may spend more today.
    """

    def __init__(
        self,
        run_id: UUID,
        epoch: int,
        log: EventLog,
        model: Model,
        *,
        journal: Journal | None = None,
        plan: Sequence[PlannedStep] = (),
        host: Host | None = None,
        seconds_left: float = 900.0,
        models: str | None = None,
        inherited: Checkpoints | None = None,
        answer_within: float = DAY,
        children: Children | None = None,
        day: Day | None = None,
        on_lost: Callable[[BaseException], object] = lambda error: None,
        on_spent: Callable[[], object] = lambda: None,
        on_idle: Callable[[], object] = lambda: None,
    ) -> None:
        self.id = run_id
        self.epoch = epoch
        self.log = log
        self.model = model
        self.journal = journal or Journal()
        self.host: Host = host or Bare()
        self.models = models
        self.inherited = inherited or {}
        self.answer_within = answer_within
        self.children = children
        self.pace = Pace(plan, floor=self.journal.progress)
        for step in self.journal.finished():
            self.pace.end(step)
        self.deadline = time.monotonic() + seconds_left
        self.ending: Ending | None = None
        self.lost: BaseException | None = None
        self.usages: list[UsageData] = [usage.data for usage in self.journal.usages]
        self.budget = Budget(self.journal.max_cost_usd, self.journal.warned, stop=on_spent, day=day)
        self.budget.count(self.usages)
        self.gate = Gate(on_idle)
        self._on_lost = on_lost

    def say(self, event: Event) -> "asyncio.Future[int]":
        """Append without waiting; the log keeps the order. A refusal ends the run in this process."""
        said = self.log.submit(self.id, [event], epoch=self.epoch)
        said.add_done_callback(self._heard)
        self.journal.board.hear(event)
        return said

    async def commit(self, event: Event) -> int:
        """Append and wait until it is committed. Raises `RunLost` when the run is not ours any more."""
        try:
            # Who is cancelled waits no more. The event is stored all the same, and is heard by whoever listens.
            return await asyncio.shield(self.say(event))
        except StoreError as error:
            raise RunLost(str(error)) from error

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def cost_usd(self) -> float | None:
        """The sum of the known costs of this run's calls; None while none is known."""
        known = [usage.cost_usd for usage in self.usages if usage.cost_usd is not None]
        return round(sum(known), 8) if known else None

    def spent(self, usage: ModelUsage) -> None:
        """Tell the log what a call took, failed ones too; and once, that most of the budget is spent."""
        data = UsageData(
            model=usage.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            estimated=usage.estimated,
        )
        self.usages.append(data)
        data = data.model_copy(update={"run_cost_usd": self.cost_usd})
        where = current_attempt().where
        self.say(Usage(**where, data=data))
        self.budget.count([data])
        if warning := self.budget.warning():
            words, use = warning
            told = ProgressData(basis=self.pace.basis(where["step"]), budget=use)
            self.say(Progress(**where, message=words, progress=self.pace.percent(), data=told))

    def _heard(self, said: "asyncio.Future[int]") -> None:
        if said.cancelled() or (error := said.exception()) is None or self.lost is not None:
            return
        self.lost, self.ending = error, "lost"
        self._on_lost(error)
