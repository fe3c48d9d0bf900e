"""What the lifespan owns and the requests borrow."""

from typing import TYPE_CHECKING, TypedDict

import starlette.requests

from events.feeds import Feeds
from events.hub import Hub
from events.snapshot import Known
from events.store import Store
from observe.refused import Refusals
from settings import Settings

if TYPE_CHECKING:
    from api._idle import Idle
    from api.change_rate import ChangeRate
    from api.health import PrefectProbe
    from api.run_tokens import Reader, RunTokens
    from api.streams import Streams


class State(TypedDict):
    """These live as long as the application."""

    settings: Settings
    store: Store
    hub: Hub
    feeds: Feeds
    known: Known
    prefect: "PrefectProbe"
    streams: "Streams"
    idle: "Idle"
    run_tokens: "RunTokens"
    refusals: Refusals
    change_rate: "ChangeRate"


class RequestState(State):
    """And these belong to one request: the middleware puts them there. `reader` is who has a token for one run only."""

    tenant: str
    reader: "Reader | None"
    request_id: str


Request = starlette.requests.Request[RequestState]
