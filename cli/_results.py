"""The results of a batch, from the API into a file or to the standard output, without holding them."""

import sys
from asyncio import to_thread
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from cli._client import Api
from cli._errors import BadInput


async def save_results(api: Api, batch_id: UUID, output: Path | None) -> None:
    """A line for every item that has ended. Raises `CommandFailed` when not all of them came: then there is no file."""
    if output is None:
        return await write(api, batch_id, sys.stdout.buffer)
    part = output.with_name(f"{output.name}.part")
    try:
        file = await to_thread(part.open, "wb")
        try:
            await write(api, batch_id, file)
        finally:
            await to_thread(file.close)
        await to_thread(part.replace, output)
    except OSError as error:
        raise BadInput(f"{output} cannot be written: {error.strerror}.") from None
    finally:
        await to_thread(part.unlink, missing_ok=True)
    sys.stderr.write(f"Saved {output}\n")


async def write(api: Api, batch_id: UUID, file: BinaryIO) -> None:
    async with aclosing(api.results(batch_id)) as pieces:
        async for piece in pieces:
            await to_thread(file.write, piece)
    await to_thread(file.flush)
