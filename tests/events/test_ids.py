"""Ids that sort by time, and fingerprints of what a run was started with."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from events.ids import body_hash, lowest_uuid7, uuid7


def test_an_id_is_a_uuid_version_7_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    # Another test may have had a clock that is ahead, and ids never go back.
    monkeypatch.setattr("events.ids._last", 0)
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_the_lowest_id_of_a_moment_is_above_all_from_before_and_below_all_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("events.ids._last", 0)
    before = datetime.now(UTC)
    made = uuid7()
    assert lowest_uuid7(before) <= made < lowest_uuid7(datetime.now(UTC) + timedelta(milliseconds=1))
    assert lowest_uuid7(before).version == 7


def test_ids_rise_and_never_repeat_also_over_threads() -> None:
    def some(count: int) -> list[UUID]:
        return [uuid7() for _ in range(count)]

    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(some, [5_000] * 4))
    for batch in batches:
        assert batch == sorted(batch)
    assert len({made for batch in batches for made in batch}) == 20_000


def test_ids_rise_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    last = uuid7()
    back = time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: back)
    assert uuid7() > last


def test_a_fingerprint_is_of_the_meaning_not_the_writing() -> None:
    assert body_hash("p", {"a": 1, "b": [1, {"c": "ü", "d": None}]}) == body_hash(
        "p", {"b": [1, {"d": None, "c": "ü"}], "a": 1}
    )


@pytest.mark.parametrize("other", [{"a": 2}, {"a": "1"}, {"a": [1]}, {"b": 1}, {}, None])
def test_another_body_has_another_fingerprint(other: object) -> None:
    assert body_hash("p", {"a": 1}) != body_hash("p", other)  # pyright: ignore[reportArgumentType]
    assert body_hash("p", {"a": 1}) != body_hash("q", {"a": 1})
