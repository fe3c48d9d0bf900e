"""A parser of Server-Sent Events from the grammar (WHATWG HTML, 9.2.5 and 9.2.6): bytes in as they come, frames out."""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """What an `EventSource` would dispatch. `id` is the last event id as it then stands, `own_id` this frame's."""

    event: str
    data: str
    id: str
    own_id: str | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class SseParser:
    """`feed` bytes, cut anywhere, and get the frames that they finish. What has no blank line behind it is no frame."""

    def __init__(self) -> None:
        self.retry: int | None = None
        self.last_id = self._id = ""
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._after_cr = False
        self._reset()

    def feed(self, data: bytes) -> list[Frame]:
        return [frame for line in self._lines(self._decoder.decode(data)) for frame in self._line(line)]

    def _lines(self, text: str) -> Iterator[str]:
        """Lines end with CRLF, LF or CR, and with nothing else that Python takes for a line end."""
        for char in text:
            if char == "\n" and self._after_cr:
                self._after_cr = False
                continue
            self._after_cr = char == "\r"
            if char in "\r\n":
                yield self._rest
                self._rest = ""
            else:
                self._rest += char

    def _line(self, line: str) -> Iterator[Frame]:
        if not line:
            # Here, and not where it was read: of a message that was cut behind its id nobody has seen anything.
            self.last_id = self._id
            if self._data:
                yield Frame(self._event or "message", "\n".join(self._data), self.last_id, self._own_id)
            return self._reset()
        if line.startswith(":"):
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._event = value
        elif field == "data":
            self._data.append(value)
        elif field == "id" and "\0" not in value:
            self._id = self._own_id = value
        elif field == "retry" and value.isascii() and value.isdecimal():
            self.retry = int(value)

    def _reset(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._own_id: str | None = None


def parse(stream: bytes) -> list[Frame]:
    """The frames of a whole stream."""
    return SseParser().feed(stream)
