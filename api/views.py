"""A run as a whole: its folded view with the texts, results and the header that are kept elsewhere."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, JsonValue

from api.problems import HttpProblem, unknown_run
from api.state import Request
from events.contract import LAST_WORDS, Complete, Error
from events.runs import Prefect
from events.snapshot import snapshot
from events.view import RunView, StepView


class DraftBody(BaseModel):
    """What one lane, or one round, has written so far."""

    lane: str | None = None
    round: int | None = None
    text: str


class StepBody(StepView):
    """A step with what its open attempt has written so far (by lane, and by round, where it has any), the parts that
    hold by their JSON Pointers, which of them a retry leaves alone, and its result when it has one."""

    text: str | None = None
    lanes: dict[str, str] = {}
    drafts: list[DraftBody] = []
    partials: dict[str, JsonValue] = {}
    checkpoints: list[str] = []
    result: JsonValue = None


class RunBody(RunView):
    """A run as its log says it is at `tail_seq`, from which on `/events?after=` goes on. `forks` are the runs that do
    it again, newest first; `about` is the run on whose document it works. `prefect` is `degraded` for a run that
    Prefect did not see live."""

    input: JsonValue = None
    steps: list[StepBody] = []  # pyright: ignore[reportIncompatibleVariableOverride] # frozen: nobody appends to it
    result: JsonValue = None
    forks: list[UUID] = []
    about: UUID | None = None
    prefect: Prefect | None = None
    prefect_flow_run_id: UUID | None = None


def run_id_in(request: Request) -> UUID:
    """The run that the path names. Raises `HttpProblem` 404: what is no id names no run either."""
    named = request.path_params["run_id"]
    try:
        return UUID(named)
    except ValueError:
        raise unknown_run(named) from None


async def view_of(request: Request, run_id: UUID) -> RunView:
    """The kept view, if the run is the tenant's. Raises `UnknownRun`."""
    return await request.state["store"].runs.view(run_id, request.state["tenant"])


async def full_view(request: Request, run_id: UUID) -> dict[str, Any]:
    """The view as `GET /api/runs/{id}` gives it, with input, texts and results. Raises `UnknownRun`."""
    store, tenant = request.state["store"], request.state["tenant"]
    view = await store.runs.view(run_id, tenant)
    header = await store.runs.header(run_id, tenant)
    names = ("about", "prefect", "prefect_flow_run_id")
    known = {name: str(value) for name in names if (value := getattr(header, name)) is not None}
    forks = [str(fork) for fork in await store.runs.forks(run_id, tenant)]
    given = await store.runs.input(run_id, tenant)
    shown = await snapshot(store.log, view, request.state["known"])
    return {**shown, "input": given, "forks": forks, **known}


async def result_of(request: Request, run_id: UUID) -> JsonValue:
    """The result of a complete run. Raises `UnknownRun`, `HttpProblem` 409 while it goes on, 404 when it ended without.

    404, not 409: what is in conflict may be tried again, and this will never be there.
    """
    view = await view_of(request, run_id)
    if view.status not in LAST_WORDS:
        raise HttpProblem("not-finished", f"The run is {view.status}.", headers={"Retry-After": "2"})
    entries = await request.state["store"].log.read(run_id, (view.result_seq or view.tail_seq) - 1, limit=1)
    if not entries:  # it has gone since we looked
        raise unknown_run(str(run_id))
    match entries[0].event:
        case Complete(data=data):
            return data.result
        case Error(data=data):
            raise HttpProblem("no-result", f"The run ended in an error: {data.problem.detail}")
        case _:
            raise HttpProblem("no-result", "The run was cancelled.")
