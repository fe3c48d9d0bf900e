"""Having a section of a run's document written anew by a model, and taking over what came of it."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.responses import JSONResponse

from api.body import read_json
from api.document import Present, change, present
from api.headers import author, idempotency_key
from api.limits import Admitted
from api.problems import HttpProblem, unknown_run
from api.start import accept, told
from api.state import Request
from api.validation import validated
from api.views import result_of, run_id_in
from events.errors import KeyReused, UnknownRun
from events.versions import Version, changed
from flows.catalogue import CATALOGUE


class Apply(BaseModel):
    """A finished run about this one, whose result is to be taken over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refine_run_id: UUID


async def refine_section(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/refine`: starts a run about this one, of the document as it is now."""
    run_id = run_id_in(request)
    now = await present(request, run_id)
    wish = validated(now.document.form.wish, await read_json(request))
    if (started := await started_before(request, now, wish)) is None:
        asked = now.form.refinement(wish, await request.state["store"].runs.input(run_id, request.state["tenant"]))
        if asked is None:
            raise HttpProblem("no-result", "What this run was started with cannot be refined.")
        try:
            started = await accept(request, CATALOGUE[now.document.refiner], asked, about=run_id)
        except KeyReused:
            # The same request, a moment ago, and of the document as it was then?
            if (started := await started_before(request, now, wish)) is None:
                raise
    body, headers = told(started)
    return JSONResponse(body, 202, headers)


async def started_before(request: Request, now: Present, wish: BaseModel) -> Admitted | None:
    """The run that this `Idempotency-Key` started, although the document may have changed since.

    Raises `KeyReused` when it was another wish, or about another run.
    """
    runs, tenant = request.state["store"].runs, request.state["tenant"]
    key = idempotency_key(request)
    if key is None or (run_id := await runs.find(tenant, key)) is None:
        return None
    header = await runs.header(run_id, tenant)
    same = header.about == now.run_id and header.pipeline == now.document.refiner
    if not same or not wished(wish, await runs.input(run_id, tenant)):
        raise KeyReused("another run, section or wish")
    return Admitted(run_id)


def wished(wish: BaseModel, given: JsonValue) -> bool:
    """Was a run with this input started for this wish?"""
    return isinstance(given, dict) and all(
        given.get(name) == value for name, value in wish.model_dump(mode="json").items()
    )


async def apply_refinement(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/framework/apply`: takes over what a refinement came to. Twice is as good as once."""
    by = author(request)
    await present(request, run_id_in(request))
    refined_by = validated(Apply, await read_json(request)).refine_run_id
    result: JsonValue = None

    async def take_over(now: Present) -> Version | None:
        nonlocal result
        if result is None:
            result = await refinement_of(request, now, refined_by)
        before = now.form
        try:
            after = before.refined(result)
        except ValueError:
            raise HttpProblem("no-result", f"Run {refined_by} refined nothing.") from None
        if after is None:
            if await taken_over(request, now, refined_by):
                return None
            detail = "The section was changed since this refinement began. Refine it anew, or edit it."
            raise HttpProblem("outrun", detail, status=409, version=now.last.number)
        sections = after.changed_since(before)
        return changed(now.last, after.content, sections, by, refined_by) if sections else None

    return await change(request, take_over)


async def refinement_of(request: Request, now: Present, run_id: UUID) -> JsonValue:
    """Its result. Raises `HttpProblem` 404 when that run is not there or not about this one, 409 while it goes on."""
    try:
        header = await request.state["store"].runs.header(run_id, request.state["tenant"])
    except UnknownRun:
        raise unknown_run(run_id) from None
    if header.about != now.run_id:
        raise unknown_run(run_id)
    return await result_of(request, run_id)


async def taken_over(request: Request, now: Present, run_id: UUID) -> bool:
    """Has this refinement been in the document already?"""
    versions, before = request.state["store"].versions, None
    while page := await versions.page(now.run_id, request.state["tenant"], before):
        if any(version.refined_by == run_id for version in page):
            return True
        before = page[-1].number
    return False
