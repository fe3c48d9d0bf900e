"""Every exception of openai, of httpx2 and of the wire below becomes one of `llm.errors`, once, at this border.

What a server says is shown to people, so it passes `Hidden` first: no key, no piece of a prompt, no path, one line.
"""

import os
import socket
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from math import isfinite
from time import time
from typing import Any

import anyio
import httpx2
import openai

from llm._bounded import LONGEST_NAME
from llm._hidden import Hidden
from llm.client import Usage
from llm.errors import (
    ContentFiltered,
    CutOff,
    GarbledStream,
    ModelError,
    NotAuthorized,
    RateLimited,
    Refused,
    RejectedRequest,
    ServerFailed,
    StreamCut,
    Unreachable,
)

_WIRE = (openai.APIConnectionError, httpx2.HTTPError, httpx2.StreamError, anyio.EndOfStream, OSError)
_GARBAGE = (openai.APIResponseValidationError, ValueError, RecursionError)
"""ValueError is what openai lets through for a chunk that is no JSON or no UTF-8."""

_NO_CREDIT = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"}
)
_DEEPEST = 8
_STATUS_BY_NAME = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "context_length_exceeded": 400,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
}


class Border:
    """Translates for one call. `server` is the host, for sentences; `hidden` knows what must not be in them."""

    def __init__(self, server: str, hidden: Hidden) -> None:
        self._server = server
        self._hidden = hidden

    def ours(self, error: Exception, *, answering: bool = False) -> ModelError | None:
        """The error of ours that `error` is, or None for what is no fault of the wire but a mistake in the program.

        `answering`: the server had begun its answer, so a lost connection is an answer that broke off.
        """
        match error:
            case ModelError():
                return error
            case openai.APIStatusError():
                return self.refusal(error.status_code, error.body, error.response.headers)
            case openai.LengthFinishReasonError():
                return CutOff("The answer reached its limit before it was finished.")
            case openai.ContentFilterFinishReasonError():
                return ContentFiltered("The provider's content filter stopped the answer.")
            case _ if isinstance(error, _WIRE):
                return self._lost(error, answering)
            case _ if isinstance(error, _GARBAGE):
                return GarbledStream(f"{self._server} sent something that is not the protocol.")
            case openai.APIError():
                return self.refusal(_status_in(error.body), error.body, {}, verb="stopped with")
            case openai.OpenAIError() | httpx2.InvalidURL() | httpx2.CookieConflict():
                return RejectedRequest(f"The request to {self._server} could not be made ({type(error).__name__}).")
            case _:
                return None

    def shown(self, problem: ModelError, usage: Usage) -> ModelError:
        """The error as it goes out: with what the call took, and without what the model may have quoted."""
        if isinstance(problem, Refused):
            problem = Refused(f"The model refused{self._said(problem.detail)}")
        problem.usage = usage
        return problem

    def no_stream(self, kind: str) -> ModelError:
        """The server answered with something of another content type."""
        kind = self._hidden.tidy(kind)
        return GarbledStream(f"{self._server} sent {kind}, not a stream of events. Is the base URL right?")

    def refusal(self, status: int, body: object, headers: Mapping[str, str], verb: str = "answered") -> ModelError:
        """What a status and its body mean; also for an error object in mid-stream."""
        names = _names_in(body)
        said = self._said(body)
        wait = retry_after(headers)
        if status == 402 or names & _NO_CREDIT:
            return NotAuthorized(f"The account behind the key has no credit left{said}")
        if any("content_filter" in name or "content_policy" in name for name in names):
            return ContentFiltered(f"The provider's content filter stopped the request{said}")
        if status in (401, 403):
            return NotAuthorized(f"{self._server} {verb} {status}{said}")
        if status == 429:
            return RateLimited(f"{self._server} {verb} 429, too many requests{said}", retry_after=wait)
        if status >= 500 or status in (408, 409, 425):
            return ServerFailed(f"{self._server} {verb} {status}{said}", retry_after=wait)
        if 300 <= status < 400:
            return RejectedRequest(f"{self._server} {verb} {status}: it has moved. A key goes to its own host only.")
        return RejectedRequest(f"{self._server} {verb} {status}{said}")

    def _said(self, body: object) -> str:
        text = self._hidden.tidy(_message_in(body))
        return f": {text}" if text else "."

    def _lost(self, error: Exception, answering: bool) -> ModelError:
        reason = _reason(error)
        if answering:
            return StreamCut(f"The answer broke off: the connection to {self._server} was lost{reason}.")
        if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException | TimeoutError):
            return Unreachable(f"No connection to {self._server} in time.")
        return Unreachable(f"Cannot reach {self._server}{reason}.")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms`, or `Retry-After` in seconds or as a date; None where none is readable."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    moment = _moment(value)
    if moment is None:
        return None
    # The date is on the server's clock; where it tells us what it shows, our own does not matter.
    now = _moment(headers.get("date") or "")
    return max(0.0, moment - (time() if now is None else now))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(0.0, number) if isfinite(number) else None


def _moment(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _message_in(body: Any, depth: int = 0) -> str:
    """The sentence in an error body. Servers disagree on where it is, but none hides it deeper than this."""
    if depth > _DEEPEST:
        return ""
    match body:
        case str() if not body.lstrip().startswith("<"):
            return body
        case {"error": inner} | {"message": inner} | {"detail": inner} | {"msg": inner}:
            return _message_in(inner, depth + 1)
        case [first, *_]:
            return _message_in(first, depth + 1)
        case _:
            return ""


def _names_in(body: Any, depth: int = 0) -> set[str]:
    """What the body calls its error: `code` and `type`, in lower case."""
    match body:
        case {"error": {**inner}} if depth < _DEEPEST:
            return _names_in(inner, depth + 1)
        case dict():
            named: dict[str, Any] = body  # pyright: ignore[reportUnknownVariableType]  # JSON is Any
            return {str(named[key])[:LONGEST_NAME].lower() for key in ("code", "type") if named.get(key) is not None}
        case _:
            return set()


def _status_in(body: object) -> int:
    """The status that an error object in mid-stream stands for; 500 where it does not say."""
    for name in _names_in(body):
        if name in _STATUS_BY_NAME:
            return _STATUS_BY_NAME[name]
        if len(name) == len("500") and name.isdecimal() and 400 <= int(name) <= 599:
            return int(name)
    return 500


def _reason(error: BaseException | None) -> str:
    """The system's own words for it, never the exception's: those may quote what was being sent."""
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f": its certificate is not trusted ({getattr(error, 'verify_message', 'unknown')})"
        if isinstance(error, ssl.SSLError):
            return f": no encrypted connection ({error.reason or 'TLS failed'})"
        if isinstance(error, socket.gaierror):
            return ": nobody knows an address for that name"
        if isinstance(error, OSError) and error.errno:
            return f": {os.strerror(error.errno)}"
        error = _one_of(error) or error.__cause__ or error.__context__
    return ""


def _one_of(error: BaseException) -> BaseException | None:
    """A host of several addresses has one error for each that was tried."""
    match error:
        case BaseExceptionGroup(exceptions=(BaseException() as first, *_)):
            return first
        case _:
            return None
