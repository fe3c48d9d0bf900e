"""JSON while it grows: each top-level member of the one object in an answer, as soon as nothing can change it."""

import re
from collections.abc import Iterator

import jiter
from pydantic import JsonValue

from llm.errors import InvalidOutput

# An object begins with a brace and then a quote (or is empty): prose such as "the {company}" is passed over.
_OPENING = re.compile(r'\{(?=\s*["}])')
# ... and what may yet become one when more text comes.
_MAYBE_OPENING = re.compile(r"\{\s*$")
_OUTSIDE_STRING = re.compile(r'["{}\[\],]')
_INSIDE_STRING = re.compile(r'["\\]')
_POSITION = re.compile(r" at line \d+ column \d+$")
_QUOTED = 60
_THINKING, _THOUGHT = "<think>", "</think>"


class Parts:
    """Feed it the text as it comes; it gives the members of the object that are complete.

    A member is complete when the comma or the brace after it is there: until then `12` may become `123`. Whatever
    stands around the object is passed over: Markdown fences, a sentence before or after it, a `<think>` block. The
    text is scanned once and every member is parsed once: the work grows with the answer, not with its square.

    Text that is not JSON raises nothing until `finish`: the stream goes on, and has to be read to its end anyway.
    """

    def __init__(self) -> None:
        self._members: dict[str, JsonValue] = {}
        self._problem: str | None = None
        self._before = ""
        """Text from which no object has begun yet. None is kept that cannot be the beginning of one."""
        self._thinking = False
        self._member: list[str] = []
        """Pieces of the member that is under way."""
        self._depth = 0
        """0 before the object and after it, 1 among its members, more inside one of them."""
        self._closed = False
        self._in_string = False
        self._escaped = False

    def feed(self, text: str) -> list[tuple[str, JsonValue]]:
        """The members, name and value, that `text` has completed, in their order."""
        if self._closed or self._problem:
            return []
        if not self._depth:
            text = self._opened(text)
        return list(self._complete(text)) if text else []

    def finish(self) -> dict[str, JsonValue]:
        """The whole object. Raises `InvalidOutput` where there is none, or where it is broken or broken off."""
        if self._problem:
            raise InvalidOutput(self._problem)
        if not self._depth and not self._closed:
            raise InvalidOutput("The answer has no JSON object in it.")
        if not self._closed:
            raise InvalidOutput(f"The JSON object ends too early, {self._after_what()}.")
        return self._members

    def _opened(self, text: str) -> str:
        """The text after the brace that opens the object, or "" while there is none."""
        seen = self._before + text
        self._before = ""
        if self._thinking or seen.lstrip().startswith(_THINKING):
            self._thinking = True
            head, end, seen = seen.rpartition(_THOUGHT)
            if not end:
                self._before = (head + seen)[-len(_THOUGHT) :]
                return ""
            self._thinking = False
        if opening := _OPENING.search(seen):
            self._depth = 1
            return seen[opening.end() :]
        self._before = self._undecided(seen)
        return ""

    @staticmethod
    def _undecided(seen: str) -> str:
        """The end of `seen` that more text could make into the beginning of an object, or of a block of thought."""
        if _MAYBE_OPENING.search(seen):
            return "{"  # without the space after it: a model that writes nothing else must not make us slow
        seen = seen.lstrip()
        return seen if _THINKING.startswith(seen) else ""

    def _complete(self, text: str) -> Iterator[tuple[str, JsonValue]]:
        """Walks from one mark that matters to the next: quotes, brackets, and commas among the members."""
        start = at = 0
        while not self._closed and not self._problem:
            mark = self._next_mark(text, at)
            if mark < 0:
                self._member.append(text[start:])
                return
            at = mark + 1
            if self._ends_member(text[mark]):
                self._member.append(text[start:mark])
                start = at
                yield from self._parsed()

    def _next_mark(self, text: str, at: int) -> int:
        """Where the next mark outside of strings is, or -1."""
        while True:
            if self._escaped:  # whatever follows a backslash is text
                if at >= len(text):
                    return -1
                self._escaped, at = False, at + 1
            found = (_INSIDE_STRING if self._in_string else _OUTSIDE_STRING).search(text, at)
            if not found:
                return -1
            at = found.end()
            if found[0] == "\\":
                self._escaped = True
            elif found[0] == '"':
                self._in_string = not self._in_string
            else:
                return found.start()

    def _ends_member(self, mark: str) -> bool:
        if mark in "{[":
            self._depth += 1
        elif mark in "}]":
            self._depth -= 1
            self._closed = self._depth == 0
        return self._closed or (mark == "," and self._depth == 1)

    def _parsed(self) -> Iterator[tuple[str, JsonValue]]:
        """The member whose text is complete; none for `{}`; a problem noted for what is no member."""
        source = "".join(self._member)
        self._member.clear()
        if self._closed and not self._members and not source.strip():
            return
        try:
            # The braces make it one object. `{"a": 1 "b": 2}` does not parse, an empty place beside a comma gives {}.
            parsed: dict[str, JsonValue] = jiter.from_json(f"{{{source}}}".encode(), allow_inf_nan=False)
        except (ValueError, RecursionError) as error:
            self._problem = f"The JSON object is not valid, {self._after_what()}: {_POSITION.sub('', str(error))}."
            return
        if not parsed:
            self._problem = f"The JSON object is not valid, {self._after_what()}: a comma without a member."
        for name, value in parsed.items():
            if name in self._members:
                self._problem = f"The JSON object has the member “{name[:_QUOTED]}” twice."
                return
            self._members[name] = value
            yield name, value

    def _after_what(self) -> str:
        last = next(reversed(self._members), None)
        return "before its first member was complete" if last is None else f"after the member “{last[:_QUOTED]}”"
