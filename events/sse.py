"""The bytes of a stream: one log entry or control frame as Server-Sent Events, or as a line of NDJSON."""

from typing import Protocol

from events.frames import Control, RunLeft, StreamOpen
from events.log import Entry

RETRY_MS = 2000
"""How long a client waits before it connects again; said once, in the first frame."""


class Format(Protocol):
    """What the hub is given to write with. Nothing (`b""`) for what a format does not tell."""

    def entry(self, entry: Entry) -> bytes: ...
    def control(self, frame: Control) -> bytes: ...


class Lines(Protocol):
    """The same for numbered lines of JSON that are no log entries."""

    def line(self, number: int, line: bytes) -> bytes: ...
    def control(self, frame: Control | RunLeft) -> bytes: ...


class Sse:
    """A log entry has an `id` and no `event`, a control frame an `event` and no `id`: it never moves the cursor.

    One `data:` line each, and LF alone: JSON has no line ends of its own, so that no text can break out of its field.
    """

    def entry(self, entry: Entry) -> bytes:
        return self.line(entry.seq, entry.line)

    def line(self, number: int, line: bytes) -> bytes:
        return b"id: %d\ndata: %b\n\n" % (number, line)

    def control(self, frame: Control | RunLeft) -> bytes:
        retry = b"retry: %d\n" % RETRY_MS if isinstance(frame, StreamOpen) else b""
        return b"event: %b\n%bdata: %b\n\n" % (frame.type.encode(), retry, _json(frame))


class NdJson:
    """The same objects, one to a line."""

    def entry(self, entry: Entry) -> bytes:
        return self.line(entry.seq, entry.line)

    def line(self, number: int, line: bytes) -> bytes:
        return line + b"\n"

    def control(self, frame: Control | RunLeft) -> bytes:
        return _json(frame) + b"\n"


SSE = Sse()
NDJSON = NdJson()


def _json(frame: Control | RunLeft) -> bytes:
    return frame.model_dump_json(exclude_none=True).encode()
