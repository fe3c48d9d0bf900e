"""Which characters no text may hold, and how a text that holds some is shown.

Terminals obey control characters: they move the cursor, set the clipboard, rewrite what is on the screen. Bidirectional
embeddings, overrides and isolates show a line in another order than it is read by a program. Tabs, line breaks, joiners
and the marks of right-to-left scripts (U+200E, U+200F) are ordinary text.
"""

import re
from collections.abc import Iterator
from unicodedata import name

from pydantic import JsonValue

UNSAFE = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
"""Inside the brackets of an expression: C0 without tab, LF and CR; DEL and C1; U+202A to U+202E, U+2066 to U+2069."""
LINE_BREAKS = "\t\n\r\u2028\u2029"
"""Ordinary text that is not of one line, likewise; and tabs, which do not belong in a name either."""
_IN_TEXT = re.compile(f"[{UNSAFE}]")
_IN_LINE = re.compile(f"[{UNSAFE}{LINE_BREAKS}]")
# A lone carriage return goes back to the start of the line, where a terminal writes over what is there.
_SHOWN = re.compile(f"[{UNSAFE}\r]")
REPLACEMENT = "\ufffd"

Place = tuple[str | int, ...]


def unsafe_in(document: JsonValue, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """A place and a sentence for each text of a document, and each name of a member, that holds such a character."""
    match document:
        case str():
            if found := _IN_TEXT.search(document):
                yield place, f"It holds {named(found[0])}, which no text may hold."
        case list():
            for at, item in enumerate(document):
                yield from unsafe_in(item, (*place, at))
        case dict():
            for key, item in document.items():
                if found := _IN_TEXT.search(key):
                    yield place, f"The name of a field holds {named(found[0])}, which no text may hold."
                else:
                    yield from unsafe_in(item, (*place, key))
        case _:
            pass


def unsafe_in_line(words: str) -> str | None:
    """The first character, named, that does not belong in a name: an unsafe one, a tab or a line break."""
    found = _IN_LINE.search(words)
    return named(found[0]) if found else None


def named(letter: str) -> str:
    """`U+202E (right-to-left override)`; Unicode gives control characters no names."""
    return f"U+{ord(letter):04X} ({name(letter, 'a control character').lower()})"


def visible(text: str) -> str:
    """A text that is safe to show: U+FFFD stands for each unsafe character. Lines end in LF."""
    return _SHOWN.sub(REPLACEMENT, text.replace("\r\n", "\n"))


def escaped(json: str) -> str:
    """The same JSON, with each unsafe character as an escape sequence: it can only be inside of a string."""
    return _IN_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def one_line(words: str) -> str:
    """A text on one line that is safe to show."""
    return visible(" ".join(words.split()))
