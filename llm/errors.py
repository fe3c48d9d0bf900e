"""Everything that can go wrong with a model, each with whether another try can help.

ModelError
├── Unreachable         no connection, or it took too long                     retryable
├── RateLimited         429; `retry_after` in seconds when the server said so  retryable
├── ServerFailed        5xx, or an error object in mid-stream                  retryable
├── StreamCut           the stream ended without a `finish_reason`             retryable
├── StreamStalled       no content for too long, keep-alives or not            retryable
├── CallTimedOut        the whole call took too long                           retryable
├── GarbledStream       a chunk that is not what the protocol says             retryable
├── EmptyAnswer         finished, and said nothing                             retryable
├── InvalidOutput       finished, and it is not the JSON that was asked for    retryable
├── TooLong             longer than its step can use; we stopped listening     retryable
├── Refused             the model said no
├── ContentFiltered     the provider's filter said no
├── CutOff              the answer reached the limit of its length
├── RejectedRequest     400 and the like: the request itself is wrong
└── NotAuthorized       401 or 403: the key is missing, wrong, or not good for this model
"""

from llm.client import Usage


class ModelError(Exception):
    """Base: a sentence for a person in `str(error)`, a `title`, and what the failed call took, if known."""

    retryable: bool = False
    title: str = "The model call failed"

    def __init__(self, detail: str, *, usage: Usage | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.usage = usage
        self.retry_after = retry_after


class Unreachable(ModelError):
    """No connection, or it took too long to get one."""

    retryable = True
    title = "The model server cannot be reached"


class RateLimited(ModelError):
    """429. `retry_after` in seconds when the server said so."""

    retryable = True
    title = "The model server asks us to slow down"


class ServerFailed(ModelError):
    """5xx, or an error object in mid-stream."""

    retryable = True
    title = "The model server failed"


class StreamCut(ModelError):
    """The stream ended without a `finish_reason`, which `openai` reports as a normal end."""

    retryable = True
    title = "The answer broke off"


class StreamStalled(ModelError):
    """No content for too long; keep-alive comments do not count."""

    retryable = True
    title = "The model stopped writing"


class CallTimedOut(ModelError):
    """The whole call took longer than its deadline."""

    retryable = True
    title = "The model took too long"


class GarbledStream(ModelError):
    """A chunk that is not what the protocol says."""

    retryable = True
    title = "The model server sent something unreadable"


class EmptyAnswer(ModelError):
    """Finished, and said nothing."""

    retryable = True
    title = "The model gave an empty answer"


class InvalidOutput(ModelError):
    """Finished, and it is not the JSON that was asked for."""

    retryable = True
    title = "The answer is not in the form that was asked for"


class TooLong(ModelError):
    """Longer than its step can use. A model that repeats itself seldom does so twice."""

    retryable = True
    title = "The answer is too long"


class Refused(ModelError):
    """The model said no."""

    title = "The model refused to answer"


class ContentFiltered(ModelError):
    """The provider's filter said no."""

    title = "The provider's content filter stopped the answer"


class CutOff(ModelError):
    """The answer reached the limit of its length."""

    title = "The answer was longer than its limit"


class RejectedRequest(ModelError):
    """400 and the like: the request itself is wrong, and would be again."""

    title = "The model server rejected the request"


class NotAuthorized(ModelError):
    """401 or 403: the key is missing, wrong, or not good for this model."""

    title = "The model server does not accept the key"
