"""What the lifespan owns and the requests borrow."""

from typing import TypedDict

import anyio
import starlette.requests

from events.hub import Hub
from events.store import Store
from settings import Settings


class State(TypedDict):
    """`store`, `hub`, `settings` and `stopping` (set when the server begins to shut down) live as long as the
    application; `tenant` and `request_id` belong to one request, and are put there by the middleware."""

    settings: Settings
    store: Store
    hub: Hub
    stopping: anyio.Event
    tenant: str
    request_id: str


Request = starlette.requests.Request[State]
