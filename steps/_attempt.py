"""One try of one step: what it has written so far, and how it speaks."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from events.contract import Event, ModelChunk, ModelChunkData, TextDigest
from steps._clock import Clock
from steps._place import current_lane, current_round

Say = Callable[[Event], "asyncio.Future[int]"]


@dataclass(slots=True)
class Attempt:
    """`number` counts from 1 over all workers that ever carried the run. Durations: monotonic clock, ms."""

    step: str
    number: int
    say: Say
    lane: str | None = None
    round: int | None = None
    started: float = field(default_factory=time.monotonic)
    chunks: int = 0
    chars: int = 0
    clock: Clock = field(default_factory=Clock)
    prompts: dict[str, str] = field(default_factory=dict[str, str])
    """Those that were used, by name, with their digests."""
    _sha: Any = field(default_factory=hashlib.sha256)
    _first: "asyncio.Future[int] | None" = None
    _last: "asyncio.Future[int] | None" = None

    @property
    def duration(self) -> int:
        return int((time.monotonic() - self.started) * 1000)

    @property
    def where(self) -> dict[str, Any]:
        """The envelope's fields for something said by this attempt, from where the code now stands."""
        return {"step": self.step, "attempt": self.number, "lane": current_lane(), "round": current_round()}

    def wrote(self, text: str) -> None:
        """Text as the model writes it. Does not wait: the log keeps the order, and merges what piles up."""
        said = self.say(ModelChunk(**self.where, data=ModelChunkData(text=text)))
        self._first, self._last = self._first or said, said
        self.chunks += 1
        self.chars += len(text)
        self._sha.update(text.encode(errors="surrogatepass"))

    @property
    def digest(self) -> TextDigest | None:
        """What the chunks of this attempt add up to; None when it wrote nothing."""
        if not self.chunks:
            return None
        return TextDigest(chunks=self.chunks, chars=self.chars, sha256=self._sha.hexdigest())

    async def span(self) -> tuple[int, int] | None:
        """First and last `seq` of the text, once it is committed; None when it wrote nothing."""
        if self._first is None or self._last is None:
            return None
        return await self._first, await self._last
