"""Refused tokens: how many are answered at once, and how often that is said."""

import pytest
from prometheus_client import Counter

from observe.refused import AT_ONCE, LATE, WAITING, Refusals


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


def test_m9_refusals_wait_when_there_are_many_and_not_when_they_are_few(clock: list[float]) -> None:
    refusals = Refusals(now=lambda: clock[0])
    assert [refusals.add("192.0.2.1") for _ in range(AT_ONCE + 2)] == [0.0] * AT_ONCE + [LATE] * 2
    clock[0] += 1.0
    assert refusals.add("192.0.2.1") == 0.0
    for _ in range(3 * AT_ONCE):
        clock[0] += 1.1 / AT_ONCE
        assert refusals.add("192.0.2.1") == 0.0


def test_m9_a_flood_of_refusals_holds_no_more_than_so_many_connections(clock: list[float]) -> None:
    refusals = Refusals(now=lambda: clock[0])
    waits = [refusals.add("192.0.2.1") for _ in range(AT_ONCE + WAITING + 500)]
    assert waits == [0.0] * AT_ONCE + [LATE] * WAITING + [0.0] * 500


def test_m9_refused_tokens_are_counted_and_told_once_a_minute(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter("refused", "Refused.", registry=None)
    refusals = Refusals(counter, lambda: clock[0])
    for client in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        refusals.add(client)
        clock[0] += 29.9
    refusals.add("192.0.2.4")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "requests with an unknown token: 1, the last one from 192.0.2.1",
        "requests with an unknown token: 3, the last one from 192.0.2.4",
    ]
    assert [sample.value for sample in next(iter(counter.collect())).samples][0] == 4
