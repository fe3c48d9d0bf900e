"""Whether we live, and whether we can work: asked by people who start us and by what restarts us."""

import asyncio
import http.client
import time
import urllib.request
from typing import Literal

from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.problems import HttpProblem
from api.state import Request
from events.errors import StoreError, StoreUnavailable
from settings import Settings

NO_STORE = {"Cache-Control": "no-store"}
STORE_SECONDS = 2.0
PREFECT_SECONDS = 1.0
# Probes come often and from many sides; Prefect is asked at most this often.
REMEMBERED_SECONDS = 5.0


class Health(BaseModel):
    """The process answers. It says nothing about the others: see `/api/ready`."""

    status: Literal["ok"] = "ok"


class Part(BaseModel):
    """`degraded`: we work without it. `down`: we do not."""

    status: Literal["ready", "degraded", "down"]
    detail: str | None = None


class Readiness(BaseModel):
    """Ready means that a run can be accepted and watched. Without Prefect runs go on, and are told to it later."""

    status: Literal["ready"] = "ready"
    parts: dict[str, Part]


async def health(request: Request) -> JSONResponse:
    """`GET /api/health`."""
    return JSONResponse(Health().model_dump(), headers=NO_STORE)


async def ready(request: Request) -> JSONResponse:
    """`GET /api/ready`: 200, or 503 with the part that is down."""
    store, prefect = await asyncio.gather(store_part(request), request.state["prefect"].part())
    parts = {"store": store, "prefect": prefect}
    if store.status == "down":
        plain = {name: part.model_dump(exclude_none=True) for name, part in parts.items()}
        detail = f"The store is down: {store.detail}"
        raise HttpProblem("not-ready", detail, headers={"Retry-After": "2"}, parts=plain)
    return JSONResponse(Readiness(parts=parts).model_dump(exclude_none=True), headers=NO_STORE)


async def store_part(request: Request) -> Part:
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await request.state["store"].ready()
    except TimeoutError:
        return Part(status="down", detail=f"It did not answer within {STORE_SECONDS:.0f} s.")
    except StoreUnavailable:
        return Part(status="down", detail="It does not answer or cannot write.")
    except StoreError:
        return Part(status="down", detail="It cannot work for us; the log says why.")
    return Part(status="ready")


class PrefectProbe:
    """Asks Prefect's server whether it lives, by its public address only, and remembers the answer for a while."""

    def __init__(self, settings: Settings) -> None:
        url = settings.prefect_api_url or f"http://127.0.0.1:{settings.prefect_port}/api"
        self._url = f"{url.rstrip('/')}/health"
        self._known: Part | None = None
        self._asked = 0.0
        self._lock = asyncio.Lock()

    async def part(self) -> Part:
        async with self._lock:
            if self._known is None or time.monotonic() - self._asked > REMEMBERED_SECONDS:
                answers = await asyncio.to_thread(self._answers)
                self._known = Part(status="ready") if answers else Part(status="degraded", detail="It does not answer.")
                self._asked = time.monotonic()
            return self._known

    def _answers(self) -> bool:
        # Prefect is near or on this machine: no proxy of the environment is asked the way.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self._url, timeout=PREFECT_SECONDS) as response:
                return response.status == 200
        except (OSError, http.client.HTTPException, ValueError):
            return False
