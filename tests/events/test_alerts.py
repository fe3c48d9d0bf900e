# Time is in what is kept.
# pyright: reportPrivateUsage=false
"""What every store finds that should not be as it is, and how it is told once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from events._memory_alerts import MemoryAlerts
from events.alerts import ENDED, OPENED, PAST, Alert, StepHour, StreamHour, Subject, judged
from events.contract import Problem, StepError, StepErrorData, StepStart, now_ms
from events.store import Store
from tests.events.test_stats import told, took
from tests.events.words import held, opened

SLOW = Subject("acme", "step_slow", "vision", "brief")
FAILS = Subject("acme", "step_failures", "vision", "brief")
STREAMS = Subject("acme", "stream_failures")
PROBLEM = Problem(title="It hung", detail="Nobody knows why.")
BRIEF = ("acme", "vision", "brief")

Later = Callable[[], Awaitable[None]]


@pytest.fixture
async def later(store: Store, store_url: str) -> AsyncIterator[Later]:
    """Lets two hours go by."""
    alerts, hours = store.alerts, timedelta(hours=2)

    async def in_memory() -> None:
        assert isinstance(alerts, MemoryAlerts)
        for record in alerts._records.values():
            record.ended_at = record.ended_at and record.ended_at - hours
            record.times = {step: (duration, at - hours) for step, (duration, at) in record.times.items()}
        alerts._streams = [(at - hours, tenant, hour) for at, tenant, hour in alerts._streams]
        for each in alerts._unsent.values():
            each.next_try -= hours

    async def in_the_database() -> None:
        for table, column in (
            *(("step_times", "finished_at"), ("run_totals", "ended_at"), ("stream_counts", "minute")),
            *(("alerts", "raised_at"), ("alerts", "next_try_at")),
        ):
            await connection.execute(f"UPDATE stepglass.{table} SET {column} = {column} - interval '2 hours'")

    if store_url == "memory://":
        yield in_memory
        return
    connection = await asyncpg.connect(store_url)
    try:
        yield in_the_database
    finally:
        await connection.close()


async def standing(store: Store, tenant: str = "acme") -> dict[Subject, tuple[float, float]]:
    await store.alerts.review()
    return {alert.subject: (alert.value, alert.limit) for alert in await store.alerts.standing(tenant)}


async def failing(store: Store) -> Alert:
    """An alert that has just been raised."""
    for _ in range(ENDED):
        await told(store, took().failed("brief"))
    [alert] = (await store.alerts.review()).raised
    return alert


# --- what is found --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (StepHour(completed=1, slowest=2_001, past=PAST, p90=1_000), {SLOW: (2_001, 2_000)}),
        (StepHour(completed=1, slowest=2_000, past=PAST, p90=1_000), {}),
        (StepHour(completed=1, slowest=9_000, past=PAST - 1, p90=1_000), {}),
        (StepHour(completed=1, slowest=2_001, going=2_002, past=PAST, p90=1_000), {SLOW: (2_002, 2_000)}),
        (StepHour(going=2_000, past=PAST, p90=1_000), {}),
        (StepHour(completed=99, failed=1), {}),
        (StepHour(completed=98, failed=1), {FAILS: (1 / 99, 0.01)}),
        (StepHour(completed=ENDED - 2, failed=1), {}),
        (StepHour(failed=ENDED), {FAILS: (1, 0.01)}),
    ],
)
def test_a_step_is_judged_by_its_last_hour(hour: StepHour, expected: dict[Subject, Any]) -> None:
    assert judged({BRIEF: hour}, {}) == expected


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (StreamHour(100, 6), {STREAMS: (0.06, 0.05)}),
        (StreamHour(100, 5), {}),
        (StreamHour(OPENED - 1, OPENED - 1), {}),
    ],
)
def test_streams_are_judged_by_how_many_failed(hour: StreamHour, expected: dict[Subject, Any]) -> None:
    assert judged({}, {"acme": hour}) == expected


async def test_a_step_that_takes_much_longer_than_ever_is_found_and_forgotten_when_it_is_over(
    store: Store, later: Later
) -> None:
    for _ in range(PAST):
        await told(store, took(100).done())
    await later()
    await told(store, took(150).done())
    assert await standing(store) == {}
    await told(store, took(950).done())
    assert await standing(store) == {SLOW: (950, 200)}
    assert await standing(store, "beta") == {}
    await later()
    assert await standing(store) == {}


async def test_a_step_that_hangs_is_found_while_it_goes_on(store: Store, later: Later) -> None:
    for _ in range(PAST):
        await told(store, took(100).done())
    await later()
    run = await held(store, tenant="acme")
    now = now_ms()
    began = StepStart(step="brief", attempt=1, ts=now - 5_000)
    await store.log.append(run.run_id, [opened(), began], epoch=run.epoch)
    found = await standing(store)
    assert found.keys() == {SLOW} and found[SLOW][0] >= 5_000 and found[SLOW][1] == 200
    await store.log.append(run.run_id, [StepError(step="brief", data=StepErrorData(problem=PROBLEM))], epoch=run.epoch)
    assert await standing(store) == {}


async def test_a_step_that_fails_too_often_is_found_also_if_it_never_succeeded(store: Store) -> None:
    for _ in range(4):
        await told(store, took().failed("brief"))
    assert await standing(store) == {}
    await told(store, took().failed("brief"))
    assert await standing(store) == {FAILS: (1, 0.01)}
    for _ in range(5):
        await told(store, took(10).done())
    assert await standing(store) == {FAILS: (0.5, 0.01)}


async def test_streams_of_several_processes_are_added_up(store: Store, later: Later) -> None:
    await asyncio.gather(*(store.alerts.count_streams({"acme": StreamHour(50, 4)}) for _ in range(2)))
    await store.alerts.count_streams({"beta": StreamHour(100, 0), "acme": StreamHour(0, 0)})
    await store.alerts.count_streams({})
    assert await standing(store) == {STREAMS: (0.08, 0.05)}
    assert await standing(store, "beta") == {}
    await later()
    assert await standing(store) == {}


# --- how it is told -------------------------------------------------------------------------------------------------


async def test_an_alert_is_raised_once_and_cleared_once(store: Store, later: Later) -> None:
    alert = await failing(store)
    assert [each.raised for each in (await store.alerts.review(), await store.alerts.review())] == [[], []]
    [known] = await store.alerts.standing("acme")
    assert (known.id, known.since) == (alert.id, alert.since)
    await later()
    assert [each.id for each in (await store.alerts.review()).cleared] == [alert.id]
    assert (await store.alerts.review()).cleared == []
    assert (await failing(store)).id != alert.id


async def test_of_all_who_review_at_once_one_tells(store: Store) -> None:
    for _ in range(ENDED):
        await told(store, took().failed("brief"))
    reviews = await asyncio.gather(*(store.alerts.review() for _ in range(4)))
    assert sum(len(review.raised) for review in reviews) == 1


async def test_an_alert_is_given_to_one_sender_and_again_later_until_it_was_sent(store: Store, later: Later) -> None:
    alert = await failing(store)
    given = await asyncio.gather(*(store.alerts.to_send() for _ in range(4)))
    assert [each.id for alerts in given for each in alerts] == [alert.id]
    await later()
    assert [each.id for each in await store.alerts.to_send()] == [alert.id]
    await store.alerts.sent(alert.id)
    await later()
    assert await store.alerts.to_send() == []


async def test_after_a_day_nobody_is_told_any_more(postgres_store: Store, database_url: str) -> None:
    await failing(postgres_store)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("UPDATE stepglass.alerts SET raised_at = raised_at - interval '25 hours'")
    finally:
        await connection.close()
    assert await postgres_store.alerts.to_send() == []
