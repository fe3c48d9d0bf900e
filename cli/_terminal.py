"""The border to a terminal: everything that a command prints goes through here.

Texts come from models, from users and from other machines. A terminal obeys the control characters in them, so each is
shown as U+FFFD, also in a pipe: what passes through `less -R` or a CI log is in a terminal in the end. In JSON the
characters are escaped, so that it means the same. A document that is saved or piped (`export`) stays as it is.
"""

import io
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import BinaryIO, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from events.text import escaped, visible

# Columns of a file or a pipe.
WIDE = 160


class Terminal(Console):
    """Rich's console for texts that nobody has checked: no markup, no emoji codes, no control characters."""

    def __init__(
        self,
        *,
        file: TextIO | None = None,
        width: int | None = None,
        height: int | None = None,
        force_terminal: bool | None = None,
    ) -> None:
        super().__init__(
            file=file,
            width=width,
            height=height,
            force_terminal=force_terminal,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Rich calls this for everything that it draws, also inside of tables and panels."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def open_terminal() -> Terminal:
    return Terminal(width=None if sys.stdout.isatty() else WIDE)


def say(text: str, end: str = "\n") -> None:
    """A text on the standard output."""
    sys.stdout.write(visible(text) + end)
    sys.stdout.flush()


def complain(text: str, end: str = "\n") -> None:
    """A text on the standard error, so that it is no part of the output."""
    sys.stderr.write(visible(text) + end)
    sys.stderr.flush()


def say_json(line: str | bytes, out: BinaryIO | None = None) -> None:
    """JSON on the standard output, or on `out`: the same to a program, and harmless in a terminal."""
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    to = sys.stdout.buffer if out is None else out
    to.write(escaped(text).encode() + b"\n")
    to.flush()


def document(json: bool) -> Callable[[bytes], None]:
    """A writer of a document to the standard output, in pieces that may end anywhere. A file or a pipe gets its bytes;
    a terminal gets `json` escaped, and any other text as it can be shown."""
    if not sys.stdout.isatty():
        return write_bytes
    show = escaped if json else visible
    decoder = io.IncrementalNewlineDecoder(getincrementaldecoder("utf-8-sig")("replace"), translate=True)

    def write(piece: bytes) -> None:
        sys.stdout.write(show(decoder.decode(piece)))
        sys.stdout.flush()

    return write


def write_bytes(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.flush()
