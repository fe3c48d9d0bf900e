"""What a process has for all the runs that it carries."""

from collections.abc import Callable
from dataclasses import dataclass

from events.log import EventLog
from events.runs import Claim, Runs
from flows._spending import Spending
from llm.client import Model
from steps._children import Children
from steps._run import DAY


@dataclass(frozen=True, slots=True)
class Tools:
    """What a process has for all the runs that it carries. `profile` names the models and their server, for the history
    of durations; `models` the models alone, for knowing what a result was made with. `answer_within` is how many
    seconds a person is waited for; `children` gives what a run can start others with; `spending` stops the
    runs of a tenant whose day is spent."""

    log: EventLog
    runs: Runs
    model: Model
    profile: str = ""
    lease: float = 10.0
    renew_every: float = 3.0
    models: str | None = None
    answer_within: float = DAY
    children: Callable[[Claim], Children | None] = lambda claim: None
    spending: Spending | None = None
