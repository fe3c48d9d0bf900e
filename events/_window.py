"""The end of one run's log, kept at hand for all its viewers: entries by position, and their bytes joined once."""

from collections.abc import Sequence

from events.log import Entry
from events.sse import Format

WRITE = 64 * 1024
"""Bytes after which a batch is not made longer: one write of the server."""
SHARED = 8
"""Joined batches that are kept for the next viewer at the same place."""


class Window:
    """Entries `first` to `tail`, at most `frames` of them and about `size` bytes; `tail` is `first` - 1 when empty."""

    def __init__(self, tail: int, *, frames: int, size: int) -> None:
        self.first = tail + 1
        self.tail = tail
        self.final = False
        self._most, self._size = frames, size
        self._entries: list[Entry] = []
        self._bytes = 0
        self._joined: dict[tuple[int, int, Format], tuple[bytes, int]] = {}

    def add(self, entries: Sequence[Entry]) -> None:
        """`entries` follow `tail` without a gap."""
        self._entries += entries
        self.tail, self.final = entries[-1].seq, entries[-1].final
        self._bytes += sum(len(entry.body) for entry in entries)
        self._joined.clear()
        # Cut with some slack, so that a long list is not moved for every entry.
        if len(self._entries) > self._most * 5 // 4 or self._bytes > self._size * 5 // 4:
            self._cut()

    def _cut(self) -> None:
        gone = 0
        while len(self._entries) - gone > self._most or (self._bytes > self._size and gone < len(self._entries)):
            self._bytes -= len(self._entries[gone].body)
            gone += 1
        del self._entries[:gone]
        self.first += gone

    def batch(self, after: int, upto: int, form: Format) -> tuple[bytes, int]:
        """The bytes of what follows `after`, up to `upto` or one write, and the `seq` of the last; once for all."""
        key = (after, upto, form)
        if (ready := self._joined.get(key)) is None:
            start = after + 1 - self.first
            ready = joined(self._entries[start : start + upto - after], form)
            if len(self._joined) >= SHARED:
                self._joined.clear()
            self._joined[key] = ready
        return ready


def joined(entries: Sequence[Entry], form: Format) -> tuple[bytes, int]:
    """The first of `entries`, as many as make one write, and the `seq` of the last."""
    frames: list[bytes] = []
    size = seq = 0
    for entry in entries:
        frames.append(form.entry(entry))
        seq, size = entry.seq, size + len(frames[-1])
        if size >= WRITE:
            break
    return (frames[0] if len(frames) == 1 else b"".join(frames)), seq
