"""The body of a request, from the socket to JSON: counted while it is read, bounded in size, time and depth."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from email.message import Message

from pydantic import JsonValue
from pydantic_core import from_json

from api.problems import HttpProblem
from api.state import Request
from events.contract import ProblemError

MAX_BODY = 256 * 1024
NUL = rb"\u0000"
# A body may trickle in, but not for ever.
MAX_SECONDS = 10.0


async def read_json(request: Request, types: Sequence[str] = ("application/json",)) -> JsonValue:
    """The JSON document in the body. Raises `HttpProblem`: 400, 408, 413, 415, or 422 for what cannot be stored."""
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


async def read(request: Request, limit: int = MAX_BODY, seconds: float = MAX_SECONDS) -> bytes:
    """The bytes of the body. What goes over the limit is refused by its declared length, or as soon as it arrives."""
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
    """A JSON document of at most 200 levels. `from_json` stops there by itself, in constant memory."""
    try:
        document: JsonValue = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if str(error).startswith("recursion limit exceeded"):
            raise HttpProblem("json-too-deep", "The JSON is nested in more than 200 levels.") from None
        raise HttpProblem("invalid-json", f"The body is not valid JSON: {error}.") from None
    # There is no other way to write one, and most bodies need not be gone through.
    if NUL in body and (unstorable := nul_characters(document)):
        raise HttpProblem("invalid-input", "A text has a NUL character in it.", errors=unstorable)
    return document


def is_json(content_type: str | None, types: Sequence[str]) -> bool:
    """One of `types`, whatever its parameters, unless they name a charset that JSON may not be in."""
    header = Message()
    header["Content-Type"] = content_type or ""
    charset = header.get_content_charset("utf-8")
    return header.get_content_type() in types and charset in {"utf-8", "us-ascii"}


def nul_characters(document: JsonValue, pointer: str = "") -> list[ProblemError]:
    """Where U+0000 is in a document: PostgreSQL cannot store it, so it is refused by name and early."""
    if isinstance(document, str):
        return [ProblemError(pointer=pointer, detail="Has a NUL character (U+0000) in it.")] if "\0" in document else []
    if isinstance(document, list):
        return [error for at, item in enumerate(document) for error in nul_characters(item, f"{pointer}/{at}")]
    if isinstance(document, dict):
        inside = ((name, nul_characters(item, f"{pointer}/{escape(name)}")) for name, item in document.items())
        named = [ProblemError(pointer=pointer, detail="Has a field with a NUL character in its name.")]
        return [error for name, found in inside for error in (named if "\0" in name else found)]
    return []


def escape(name: object) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")


def too_large(limit: int) -> HttpProblem:
    size = f"{limit // 1024} KB" if limit < 1024**2 else f"{limit // 1024**2} MB"
    return HttpProblem("body-too-large", f"The body is larger than {size}.")
