"""A child of the stack on uvloop, for whoever runs it so: the same as `python -m cli._children` but for the loop."""

import asyncio
import sys

import uvicorn.config
import uvloop

from cli._children import run
from cli._lifeline import hold
from settings import Settings

if __name__ == "__main__":
    hold()
    # The one way that reaches every `asyncio.run` of the process; Python keeps it up to 3.15.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # pyright: ignore[reportDeprecated]
    # We name asyncio's own loop to uvicorn, which would not look at the policy then.
    uvicorn.config.LOOP_FACTORIES["asyncio"] = uvicorn.config.LOOP_FACTORIES["uvloop"]
    sys.exit(run(sys.argv[1], Settings()))
