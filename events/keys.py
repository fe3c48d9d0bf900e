"""The key that all processes of an installation sign with: made once, and kept where they all find it."""

import secrets
from typing import Protocol

LENGTH = 32
"""Bytes: as long as the digest that is made with it (RFC 7518, section 3.2)."""


class Keys(Protocol):
    async def signing(self) -> bytes:
        """The key; whoever asks first makes it. Raises `StoreUnavailable`."""
        ...


class MemoryKeys:
    """For one process."""

    def __init__(self) -> None:
        self._signing = secrets.token_bytes(LENGTH)

    async def signing(self) -> bytes:
        return self._signing
