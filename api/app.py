"""The application: what it opens, what stands before every request, and the table of its routes."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api._bodies import Bodies
from api._browsers import Origins, SecurityHeaders
from api._failures import Failures
from api._hosts import Hosts
from api._idle import Idle
from api._requests import Requests
from api._tokens import Tokens
from api.change_rate import ChangeRate
from api.health import PrefectProbe
from api.nowhere import handlers
from api.operations import routes
from api.run_tokens import RunTokens
from api.state import State
from api.streams import Streams
from events.errors import UnsupportedStore
from events.feeds import Feeds
from events.hub import Hub
from events.snapshot import Known
from events.store import STARTING, Store, open_store
from observe.lag import timed
from observe.meters import Reading
from observe.refused import Refusals
from settings import Settings

ASKED = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "Stepglass-Author",
    "X-Request-ID",
]
TOLD = [
    "ETag",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
    "X-Run-ID",
]


def create_app(settings: Settings, store: Store | None = None, idle: Idle | None = None) -> Starlette:
    """The API over `store`; without one, the lifespan opens that at `settings.database_url`. `idle` is there for tests
    that do not wait."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[State, None]:
        async with AsyncExitStack() as stack:
            opened = store or await stack.enter_async_context(open_store(database_url(settings), STARTING))
            feeds = await stack.enter_async_context(Feeds(opened))
            reading = Reading() if settings.metrics else None
            hub = await stack.enter_async_context(Hub(timed(opened.log, reading)))
            prefect = PrefectProbe(settings)
            shared = len(settings.api_tokens) > 1
            counted = Streams(reading, settings.streams, shared=shared)
            streams = await stack.enter_async_context(counted.told(opened.alerts))
            run_tokens = RunTokens(settings.token_secret, opened.keys)
            yield State(
                settings=settings,
                store=opened,
                hub=hub,
                feeds=feeds,
                known=Known(),
                prefect=prefect,
                streams=streams,
                idle=idle or Idle(reading),
                run_tokens=run_tokens,
                refusals=Refusals(reading and reading.refused_tokens),
                change_rate=ChangeRate(settings.changes_per_minute),
            )

    app = Starlette(routes=routes(), middleware=middleware(settings), exception_handlers=handlers(), lifespan=lifespan)
    # An address has one spelling; a redirect would lose the body of a POST in many clients.
    app.router.redirect_slashes = False
    return app


def middleware(settings: Settings) -> list[Middleware]:
    """The outermost first. CORS stands before the tokens, since a preflight carries none."""
    origins = settings.cors_origins
    methods = ["GET", "POST", "PATCH"]
    cors = Middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=methods, allow_headers=ASKED, expose_headers=TOLD
    )
    return [
        Middleware(Bodies),
        Middleware(SecurityHeaders, origins),
        Middleware(Requests),
        Middleware(Hosts, settings.names),
        *([cors] if origins else []),
        Middleware(Failures),
        Middleware(Origins, origins),
        Middleware(Tokens, settings.api_tokens),
    ]


def database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise UnsupportedStore("No DATABASE_URL: set it, or use `stepglass up`, which starts a database of its own.")
    return settings.database_url.get_secret_value()
