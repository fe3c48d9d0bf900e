"""The results of a batch, from the API into a file or to the standard output, without holding them."""

import secrets
import shutil
from asyncio import to_thread
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from cli._client import Api
from cli._errors import BadInput
from cli._terminal import complain, document

CSV, LINES = "text/csv", "application/x-ndjson"


async def save_results(api: Api, batch_id: UUID, output: Path | None, media_type: str = LINES) -> None:
    """A line for every item that has ended. Raises `CommandFailed` when not all of them came: then there is no file."""
    if output is None:
        return await write(api, batch_id, media_type, document(json=media_type == LINES))
    try:
        draft = await to_thread(Draft, output)
        try:
            await write(api, batch_id, media_type, draft.file.write)
            await to_thread(draft.publish)
        finally:
            await to_thread(draft.discard)
    except OSError as error:
        raise BadInput(f"{output} cannot be written: {error.strerror}.") from None
    complain(f"Saved {output}")


async def write(api: Api, batch_id: UUID, media_type: str, out: Callable[[bytes], object]) -> None:
    async with aclosing(api.results(batch_id, media_type)) as pieces:
        async for piece in pieces:
            await to_thread(out, piece)


class Draft:
    """A file that takes the place of the one at `path` when it is published, and has its permissions; without one, it
    has those of any new file. A pipe or a device is written to directly.

    The name meanwhile cannot be guessed, and "x" fails if it exists, so that no link is followed that somebody else has
    put into the folder. `tempfile` would make a file that only its owner may read, whatever the umask says.
    """

    def __init__(self, path: Path) -> None:
        in_place = path.exists() and not path.is_file()
        # A redirection follows a link, too, and leaves it one. The link of a pipe holds no path.
        self._path = path if in_place else path.resolve()
        self._part = self._path if in_place else self._path.with_name(f".stepglass-{secrets.token_hex(8)}")
        self.file: BinaryIO = self._part.open("wb" if in_place else "xb")
        if not in_place and self._path.exists():
            shutil.copymode(self._path, self._part)

    def publish(self) -> None:
        self.file.close()
        if self._part != self._path:
            self._part.replace(self._path)

    def discard(self) -> None:
        """Leave nothing behind of what was not published."""
        self.file.close()
        if self._part != self._path:
            self._part.unlink(missing_ok=True)
