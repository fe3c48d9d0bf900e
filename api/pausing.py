"""Pausing a run between its steps, and letting it go on."""

from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.runs import answer
from api.state import Request
from api.views import run_id_in, view_of
from events.view import RunStatus


class PauseAccepted(BaseModel):
    """What the run is now. One that is paused begins no step; those that are at work end first."""

    run_id: str
    status: RunStatus


async def pause_run(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/pause`: 202; asked again, it says the same; 409 when the run had ended before."""
    await request.state["store"].runs.pause(run_id_in(request), request.state["tenant"], by="api")
    return await _now(request)


async def unpause_run(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/unpause`: 202, also for a run that is not paused; 409 when it had ended before."""
    await request.state["store"].runs.unpause(run_id_in(request), request.state["tenant"], by="api")
    return await _now(request)


async def _now(request: Request) -> JSONResponse:
    view = await view_of(request, run_id_in(request))
    return answer(PauseAccepted(run_id=view.run_id, status=view.status), 202)
