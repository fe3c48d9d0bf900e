"""The figures of this process for Prometheus. They are sums over all tenants: no tenant's token opens them."""

from starlette.responses import Response

from api._tokens import slow_down
from api.problems import HttpProblem
from api.state import Request
from observe.exposing import may_see
from observe.meters import CONTENT_TYPE

REALM = {"WWW-Authenticate": 'Bearer realm="stepglass metrics"'}
TEXT = CONTENT_TYPE.partition(";")[0]


async def show_metrics(request: Request) -> Response:
    """`GET /metrics`. 404 unless they are wanted."""
    settings, reading = request.state["settings"], request.state["streams"].reading
    if reading is None:
        raise HttpProblem("not-found", "There are no figures here: STEPGLASS_METRICS=1 wants them.")
    if settings.api_tokens and settings.metrics_token is None:
        detail = "Nobody may see this: where the API has tokens, STEPGLASS_METRICS_TOKEN says who may."
        raise HttpProblem("unauthorized", detail, headers=REALM)
    given = request.headers.get("authorization")
    if not may_see(given, settings.metrics_digest):
        if given:
            await slow_down(request.scope)
        raise HttpProblem("unauthorized", "This is for the bearer of STEPGLASS_METRICS_TOKEN.", headers=REALM)
    return Response(reading.text(), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
