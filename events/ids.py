"""Names that we give: run ids that sort by time, and the fingerprint of what a run was started with."""

import hashlib
import json
import os
import threading
import time
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then randomness. Never lower than the one before it here.

    Within one millisecond, or when the clock steps back, the random part of the last one is counted up instead.
    """
    global _last
    fresh = (time.time_ns() // 1_000_000) << 74 | int.from_bytes(os.urandom(10), "big") >> 6
    with _lock:
        # 122 bits: time, then 74 random ones. Without the lowest random bits in use, counting up has room for ever.
        _last = fresh if fresh > _last else _last + 1
        bits = _last
    return _of(bits)


def lowest_uuid7(since: datetime) -> UUID:
    """Below every one that is given from then on, and above every one from before."""
    return _of(int(since.timestamp() * 1000) << 74)


def _of(bits: int) -> UUID:
    high, low = bits >> 62, bits & (1 << 62) - 1
    return UUID(int=(high >> 12) << 80 | 0x7 << 76 | (high & 0xFFF) << 64 | 0x2 << 62 | low)


def body_hash(pipeline: str, value: JsonValue) -> bytes:
    """SHA-256 of the canonical JSON of a request: two bodies that mean the same have the same hash."""
    text = json.dumps([pipeline, value], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).digest()
