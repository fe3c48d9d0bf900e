"""The body of a request, from the socket to JSON: counted while it is read, bounded in size, time and depth."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from email.message import Message

from pydantic import JsonValue
from pydantic_core import from_json

from api.problems import HttpProblem
from api.state import Request
from api.validation import escape, invalid
from events.contract import ProblemError
from events.text import unsafe_in

MAX_BODY = 256 * 1024
# A body may trickle in, but not for ever.
MAX_SECONDS = 10.0


async def read_json(request: Request, types: Sequence[str] = ("application/json",)) -> JsonValue:
    """The JSON document in the body. Raises `HttpProblem`: 400, 408, 413, 415, or 422 for a text with an unsafe
    character in it."""
    content_type(request, types)
    return parse(await read(request))


def content_type(request: Request, types: Sequence[str]) -> str:
    """What the body is called, one of `types`. Raises `HttpProblem` 415."""
    given = request.headers.get("content-type")
    if not is_json(given, types):
        headers = {f"Accept-{request.method.capitalize()}": ", ".join(types)}
        detail = f"The body's Content-Type is not {' or '.join(types)}."
        raise HttpProblem("unsupported-media-type", detail, headers=headers)
    return next(each for each in types if is_json(given, [each]))


async def read(request: Request, limit: int = MAX_BODY, seconds: float | None = None) -> bytes:
    """The bytes of the body, which has `MAX_SECONDS` unless `seconds` says otherwise. What goes over the limit is
    refused by its declared length, or as soon as it arrives."""
    seconds = MAX_SECONDS if seconds is None else seconds
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > limit:
                    raise too_large(limit)
    except TimeoutError:
        detail = f"The body was not complete after {seconds:.0f} s."
        raise HttpProblem("request-timeout", detail, headers={"Connection": "close"}) from None
    return bytes(body)


def parse(body: bytes) -> JsonValue:
    """A JSON document whose texts are safe. Raises `HttpProblem` 422 that points to each of those that are not."""
    document = json_in(body)
    if errors := list(unsafe_texts(document)):
        raise invalid(errors)
    return document


def json_in(body: bytes) -> JsonValue:
    """Any JSON document of at most 200 levels. `from_json` stops there by itself, in constant memory."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if str(error).startswith("recursion limit exceeded"):
            raise HttpProblem("json-too-deep", "The JSON is nested in more than 200 levels.") from None
        raise HttpProblem("invalid-json", f"The body is not valid JSON: {error}.") from None


def is_json(content_type: str | None, types: Sequence[str]) -> bool:
    """One of `types`, whatever its parameters, unless they name a charset that JSON may not be in."""
    header = Message()
    header["Content-Type"] = content_type or ""
    charset = header.get_content_charset("utf-8")
    return header.get_content_type() in types and charset in {"utf-8", "us-ascii"}


def unsafe_texts(document: JsonValue, at: str = "") -> Iterator[ProblemError]:
    """A pointer to each text with an unsafe character in it, which is named; `at` is where the document stands."""
    for place, detail in unsafe_in(document):
        yield ProblemError(pointer=at + "".join(f"/{escape(part)}" for part in place), detail=detail)


def too_large(limit: int) -> HttpProblem:
    size = f"{limit // 1024} KB" if limit < 1024**2 else f"{limit // 1024**2} MB"
    return HttpProblem("body-too-large", f"The body is larger than {size}.")
