"""Starting and watching in one response, in the small dialect: the addresses that older clients know."""

from contextlib import ExitStack
from uuid import UUID

from starlette.responses import Response

from api.body import parse, read, read_json
from api.cursor import last_event_id
from api.dialect import SMALL_DIALECT
from api.headers import idempotency_key
from api.limits import Admitted
from api.problems import HttpProblem
from api.start import accept, checked
from api.state import Request
from api.views import view_of
from api.watch import at_the_end, place, stream
from events.errors import KeyReused
from flows.catalogue import CATALOGUE, Pipeline


async def generate_stream(request: Request) -> Response:
    """`POST /api/vision-framework-v2/generate-stream`: the bare brief."""
    return await start_and_watch(request, CATALOGUE["vision_framework"])


async def refine(request: Request) -> Response:
    """`POST /api/vision-framework-v2/refine`: a section, the framework, the answers and what to change."""
    return await start_and_watch(request, CATALOGUE["refine"])


async def start_and_watch(request: Request, pipeline: Pipeline) -> Response:
    """Starts a run, or, with a `Last-Event-ID`, goes on watching the one that the `Idempotency-Key` started."""
    after = last_event_id(request)
    with ExitStack() as until_sent:
        # Before anything is started that could not be watched.
        held = until_sent.enter_context(place(request))
        if after is None:
            accepted = await accept(request, pipeline, await read_json(request))
        else:
            accepted = Admitted(await resumed(request, pipeline))
        view = await view_of(request, accepted.run_id)
        headers = {"X-Run-ID": str(accepted.run_id), **accepted.headers}
        if at_the_end(view, after):
            return Response(status_code=204, headers=headers)
        # The dialect has no words for a gap: who is ahead of the log (it was restored) sees it whole, once more.
        known = after if after is not None and after <= view.tail_seq else None
        response = stream(request, view, known, SMALL_DIALECT, headers=headers, held=held)
        until_sent.pop_all()
        return response


async def resumed(request: Request, pipeline: Pipeline) -> UUID:
    """The run that this `Idempotency-Key` started. Raises `HttpProblem` 400 or 404, `KeyReused` for another request's.

    A client that repeats its POST repeats the body; one that knows better leaves it out.
    """
    key = idempotency_key(request)
    if key is None:
        detail = "Last-Event-ID goes on watching a run, and the Idempotency-Key of its start says which: send it, too."
        raise HttpProblem("bad-request", detail)
    tenant, runs = request.state["tenant"], request.state["store"].runs
    run_id = await runs.find(tenant, key)
    if run_id is None:
        raise HttpProblem("unknown-run", "No run was started with this Idempotency-Key.")
    body = (await read(request)).strip()
    same = not body or checked(pipeline, parse(body)) == await runs.input(run_id, tenant)
    if not same or (await runs.view(run_id, tenant)).pipeline != pipeline.name:
        raise KeyReused("another pipeline or another input")
    return run_id
