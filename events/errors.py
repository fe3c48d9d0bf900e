"""What can go wrong between a writer or reader and the store.

StoreError
├── UnknownRun          no such run, or not this tenant's
├── RunEnded            the run has its last word; nothing may follow it
├── Fenced              somebody else holds the run now: stop, and say no more
├── NotAllowed          an outsider tried to append what only the holder of the run may
├── KeyReused           the idempotency key was used before, with another body
├── OverLimit           the tenant has used what it may, for now
├── UnknownInput        the run asks, and asked, no such question
├── Answered            somebody has answered the question before
├── Outrun              somebody else changed the document before
├── StoreUnavailable    the database does not answer or is full; nothing is known to be stored
└── UnsupportedStore    the URL names a store that we do not have, or one that cannot work
"""

from events.limits import Limit, Standing


class StoreError(Exception):
    """Base of everything that the store raises on purpose."""


class UnknownRun(StoreError):
    """No such run, or not this tenant's: the two are never told apart."""


class RunEnded(StoreError):
    """The run has its last word; nothing may follow it."""


class Fenced(StoreError):
    """Somebody else holds the run now, or nobody does: stop the work and say no more."""


class NotAllowed(StoreError):
    """An append without an epoch of something that only the holder of a run may say."""


class KeyReused(StoreError):
    """The idempotency key belongs to a request with another body."""


class OverLimit(StoreError):
    """The tenant may not start another run now: `limit` says why, `standing` what it has used."""

    def __init__(self, limit: Limit, standing: Standing) -> None:
        super().__init__(f"The limit of {limit} is reached.")
        self.limit: Limit = limit
        self.standing = standing


class UnknownInput(StoreError):
    """The run asks, and asked, no such question."""


class Answered(StoreError):
    """Somebody, or the end of the waiting time, has answered the question before."""


class Outrun(StoreError):
    """Somebody else changed the document before: look at what it is now, and try again."""


class StoreUnavailable(StoreError):
    """The database does not answer, or cannot write. `retry_after` is a hint in seconds."""

    retry_after: int = 2


class UnsupportedStore(StoreError):
    """The URL names a store that we do not have, or one that cannot work for us, and why."""
