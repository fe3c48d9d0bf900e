"""What happens to an exception that nobody expected: our log gets all of it, the client an id to ask about."""

import structlog
from sse_starlette.sse import SendTimeoutError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import internal_error

log = structlog.stdlib.get_logger("stepglass.api")


class Failures:
    """Answers with a problem where there is no answer yet. In mid-stream it can only break the connection off."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except SendTimeoutError:
            # A viewer that does not read. The server drops its connection (`api._wire`); it can come back and go on.
            log.info("viewer dropped: it did not read")
            raise
        except Exception:
            log.exception("unexpected error")
            if begun or scope["type"] != "http":
                raise
            await internal_error(scope["state"]["request_id"]).response()(scope, receive, send)
