"""When the server that runs us was told to stop: whichever it is, sse-starlette knows how to find out."""

from sse_starlette import EventSourceResponse


class _Exit(EventSourceResponse):
    """Lends us what each of its responses does for itself."""

    @classmethod
    async def told(cls) -> None:
        await cls._listen_for_exit_signal()


async def exiting() -> None:
    """Returns when it was; at once, when that is so already."""
    await _Exit.told()
