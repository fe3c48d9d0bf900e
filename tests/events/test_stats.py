"""What every store counts of a tenant's runs: what there were, how long steps took, what failed, what it cost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from events.contract import Event, RunQueued, RunQueuedData
from events.errors import UnknownRun
from events.runs import NewRun
from events.stats import MOST_FAILURES, MOST_VIEWERS, Failure, Figures, StepTimes, Usage, cost_of, summed_up
from events.store import Store
from tests.histories import PROBLEM, Story

LONG_AGO, NEVER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
NOBODY: list[Any] = []
NOTHING = Figures({}, {}, [], [], [], 0, 0, 0)


async def told(store: Store, story: Story, tenant: str = "acme", pipeline: str = "vision") -> UUID:
    """A run whose log is `story`, whatever its end."""
    first = [RunQueued(data=RunQueuedData(pipeline=pipeline))]
    run_id = (await store.runs.accept(NewRun(pipeline, {}, first, tenant=tenant))).run_id
    claim = await store.runs.claim("worker", run_id=run_id)
    assert claim is not None
    await store.log.append(run_id, story.events[1:], epoch=claim.epoch)
    return run_id


async def of(store: Store, tenant: str = "acme", since: datetime = LONG_AGO, **more: Any) -> Figures:
    return await store.stats.figures(tenant, since, **more)


def took(*durations: int, step: str = "brief", lanes: bool = False) -> Story:
    """A run that completes `step` in each of `durations` (ms), one behind the other or in lanes of their own."""
    story = Story().queued().started()
    for number, duration in enumerate(durations):
        lane = str(number) if lanes else None
        story.say("step_start", step=step, lane=lane)
        story.say("step_complete", {"result": 1}, step=step, lane=lane, duration=duration)
    return story


async def test_where_nothing_was_run_there_is_nothing(store: Store) -> None:
    assert await of(store) == NOTHING


async def test_runs_are_counted_by_status_and_by_pipeline_those_that_go_on_too(store: Store) -> None:
    await told(store, Story().queued().started())
    await told(store, took(5).done())
    await told(store, took(5).done(), pipeline="refine")
    await store.runs.accept(NewRun("refine", {}, [RunQueued(data=RunQueuedData(pipeline="refine"))], tenant="acme"))
    figures = await of(store)
    assert figures.by_status == {"running": 1, "complete": 2, "queued": 1}
    assert figures.by_pipeline == {"vision": 2, "refine": 2}


async def test_steps_have_the_median_and_the_ninth_tenth_of_their_times(store: Store) -> None:
    for duration in range(10, 110, 10):
        await told(store, took(duration).done())
    await told(store, took(7, step="qa").failed("qa"))
    assert (await of(store)).steps == [
        StepTimes("vision", "brief", runs=10, p50_ms=50, p90_ms=90, failed=0),
        StepTimes("vision", "qa", runs=1, p50_ms=7, p90_ms=7, failed=1),
    ]


async def test_the_time_of_a_step_counts_while_its_run_goes_on(store: Store) -> None:
    await told(store, took(30))
    assert (await of(store)).steps == [StepTimes("vision", "brief", 1, 30, 30, 0)]


async def test_of_a_step_in_several_lanes_the_longest_counts_once(store: Store) -> None:
    run_id = await told(store, took(30, 70, 50, lanes=True))
    claim = await store.runs.claim("worker", run_id=run_id)
    assert claim is not None
    await store.log.append(run_id, took(60, lanes=True).events[2:], epoch=claim.epoch)
    assert (await of(store)).steps == [StepTimes("vision", "brief", 1, 70, 70, 0)]


async def test_a_result_that_was_taken_over_took_no_time(store: Store) -> None:
    queued: list[Event] = [*Story().queued("vision").reused("brief", "x").events]
    await store.runs.accept(NewRun("vision", {}, queued, tenant="acme"))
    assert (await of(store)).steps == []


async def test_failures_are_counted_by_what_went_wrong_and_where(store: Store) -> None:
    other = PROBLEM.model_copy(update={"title": "It took too long"})
    for problem, step in [(PROBLEM, "qa"), (PROBLEM, "qa"), (other, "qa"), (PROBLEM, None)]:
        await told(store, Story().queued().started().failed(step, problem))
    await told(store, Story().queued().started().cancelled())
    figures = await of(store)
    assert figures.failures == [
        Failure(PROBLEM.title, "qa", 2),
        Failure("It took too long", "qa", 1),
        Failure(PROBLEM.title, None, 1),
    ]
    assert figures.steps == [StepTimes("vision", "qa", 0, None, None, 3)]


def test_the_rarest_of_many_failures_are_left_out_but_counted_at_their_steps() -> None:
    many = {("vision", "qa", f"title {number:02}"): number for number in range(1, 31)}
    failures, steps = summed_up({**many, ("refine", "qa", "title 30"): 5})
    assert len(failures) == MOST_FAILURES
    assert failures[0] == Failure("title 30", "qa", 35)
    assert steps == {("vision", "qa"): sum(range(31)), ("refine", "qa"): 5}


async def test_a_title_that_no_column_can_hold_stops_no_run(store: Store) -> None:
    strange = PROBLEM.model_copy(update={"title": "a\0b" + "c" * 1000})
    run_id = await told(store, Story().queued().started().failed("q\0a", strange))
    assert (await store.runs.view(run_id, "acme")).status == "error"
    assert sum(failure.runs for failure in (await of(store)).failures) == 1


async def test_usage_is_summed_by_day_and_what_nobody_knows_is_not_nothing(store: Store) -> None:
    today = datetime.now(UTC).date()
    await told(store, Story().queued().started().start("brief").spends("brief", 0.1).completes("brief").done())
    await told(store, Story().queued().started().start("brief").spends("brief", 0.2).fails("brief").failed("brief"))
    assert (await of(store)).usage == [Usage(today, 2, 200, 40, 0.3, True)]
    await told(store, Story().queued().started().start("brief").spends("brief", None).completes("brief").done())
    await told(store, Story().queued().started().start("brief").spends("brief", 100))
    assert (await of(store)).usage == [Usage(today, 3, 300, 60, 0.3, False)], "one still goes on"


@pytest.mark.parametrize(
    ("known", "complete", "cost"), [(None, True, 0), (None, False, None), (0.1 + 0.2, False, 0.3), (0.0, True, 0)]
)
def test_a_cost_that_is_not_known_is_none(known: float | None, complete: bool, cost: float | None) -> None:
    assert cost_of(known, complete) == cost


async def test_a_run_that_is_cancelled_while_nobody_holds_it_is_counted(store: Store) -> None:
    queued = [RunQueued(data=RunQueuedData(pipeline="vision"))]
    run_id = (await store.runs.accept(NewRun("vision", {}, queued, tenant="acme"))).run_id
    assert await store.runs.request_cancel(run_id, "acme")
    figures = await of(store)
    assert figures.by_status == {"cancelled": 1}
    assert [(day.runs, day.cost_usd) for day in figures.usage] == [(1, 0)]


async def test_what_was_before_the_moment_is_not_counted(store: Store) -> None:
    run_id = await told(store, took(30).failed("brief"))
    live = await told(store, Story().queued().started())
    await store.stats.left(live, "acme", "v")
    assert await of(store, since=NEVER) == NOTHING
    figures = await of(store, since=datetime.now(UTC) - timedelta(minutes=5))
    assert figures == await of(store)
    assert (figures.abandoned, figures.by_status) == (1, {"error": 1, "running": 1}), run_id


async def test_of_another_tenant_there_is_nothing(store: Store) -> None:
    run_id = await told(store, took(30).failed("brief"))
    live = await told(store, Story().queued().started())
    await store.stats.left(live, "acme", "v")
    await store.runs.note_prefect(run_id, "degraded")
    assert await of(store, "beta", watched={run_id: 3}) == NOTHING


async def test_viewers_are_those_of_the_tenant_s_runs(store: Store) -> None:
    mine, theirs = await told(store, took(1)), await told(store, took(1), tenant="beta")
    watched = {mine: 2, theirs: 5, uuid4(): 7}
    assert (await of(store, watched=watched)).viewers == 2
    assert (await of(store, "beta", watched=watched)).viewers == 5


async def test_a_run_is_owed_to_prefect_from_its_end_until_it_was_told(store: Store) -> None:
    run_id = await told(store, took(1).done())
    live = await told(store, took(1))
    for each in (run_id, live):
        await store.runs.note_prefect(each, "degraded")
    assert (await of(store)).prefect_owed == (await of(store, since=NEVER)).prefect_owed == 1
    await store.runs.prefect_told(run_id, uuid4())
    assert (await of(store)).prefect_owed == 0


# --- who left -------------------------------------------------------------------------------------------------------


async def test_who_leaves_a_live_run_is_counted_once(store: Store) -> None:
    run_id = await told(store, Story().queued().started())
    await asyncio.gather(*(store.stats.left(run_id, "acme", "one") for _ in range(5)))
    await store.stats.left(run_id, "acme", "two")
    assert (await of(store)).abandoned == 2


async def test_who_comes_back_is_not_counted_also_when_the_run_has_ended_meanwhile(store: Store) -> None:
    run_id = await told(store, Story().queued().started())
    await store.stats.left(run_id, "acme", "one")
    await store.stats.left(run_id, "acme", "two")
    claim = await store.runs.claim("worker", run_id=run_id)
    assert claim is not None
    await store.log.append(run_id, Story().done().events, epoch=claim.epoch)
    for _ in range(2):
        await store.stats.came_back(run_id, "acme", "one")
    assert (await of(store)).abandoned == 1


async def test_word_of_leaving_that_arrives_behind_that_of_coming_back_does_not_count(store: Store) -> None:
    run_id = await told(store, Story().queued().started())
    await store.stats.came_back(run_id, "acme", "one", said_at=2_000)
    await store.stats.left(run_id, "acme", "one", said_at=1_000)
    assert (await of(store)).abandoned == 0
    await store.stats.left(run_id, "acme", "one", said_at=3_000)
    assert (await of(store)).abandoned == 1
    await store.stats.came_back(run_id, "acme", "one", said_at=2_500)
    assert (await of(store)).abandoned == 1
    await store.stats.came_back(run_id, "acme", "one", said_at=4_000)
    assert (await of(store)).abandoned == 0


async def test_who_leaves_a_run_that_has_ended_is_not_counted(store: Store) -> None:
    run_id = await told(store, took(1).done())
    await store.stats.left(run_id, "acme", "one")
    assert (await of(store)).abandoned == 0


async def test_nobody_can_leave_a_run_that_is_not_there_or_another_tenant_s(store: Store) -> None:
    run_id = await told(store, Story().queued().started())
    await store.stats.left(run_id, "acme", "one")
    for leaving in (store.stats.left, store.stats.came_back):
        with pytest.raises(UnknownRun):
            await leaving(run_id, "beta", "one")
        with pytest.raises(UnknownRun):
            await leaving(uuid4(), "acme", "one")
    assert (await of(store)).abandoned == 1


async def test_m8_a_run_remembers_so_many_viewers_and_of_those_whatever_they_say(store: Store) -> None:
    run_id = await told(store, Story().queued().started())
    await asyncio.gather(*(store.stats.left(run_id, "acme", f"v{number}") for number in range(MOST_VIEWERS)))
    await store.stats.left(run_id, "acme", "one too many")
    await store.stats.came_back(run_id, "acme", "another")
    assert (await of(store)).abandoned == MOST_VIEWERS
    await store.stats.came_back(run_id, "acme", "v0")
    assert (await of(store)).abandoned == MOST_VIEWERS - 1
    await store.stats.left(run_id, "acme", "v0")
    await store.stats.left(run_id, "acme", "one too many")
    assert (await of(store)).abandoned == MOST_VIEWERS


# --- PostgreSQL alone -----------------------------------------------------------------------------------------------


async def test_what_is_counted_of_a_run_goes_with_it(postgres_store: Store, database_url: str) -> None:
    live = await told(postgres_store, took(30))
    await postgres_store.stats.left(live, "acme", "v")
    claim = await postgres_store.runs.claim("worker", run_id=live)
    assert claim is not None
    await postgres_store.log.append(live, Story().done().events, epoch=claim.epoch)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT stepglass.forget(now() + interval '1 day')")
        for table in ("run_totals", "step_times", "abandonments"):
            assert await connection.fetchval(f"SELECT count(*) FROM stepglass.{table}") == 0
    finally:
        await connection.close()


async def test_a_writer_of_the_version_before_is_still_understood(postgres_store: Store, database_url: str) -> None:
    queued = [RunQueued(data=RunQueuedData(pipeline="vision"))]
    run_id = (await postgres_store.runs.accept(NewRun("vision", {}, queued, tenant="acme"))).run_id
    view = (await postgres_store.runs.view(run_id, "acme")).model_copy(update={"status": "cancelled", "tail_seq": 2})
    connection = await asyncpg.connect(database_url)
    try:
        body = '{"type":"cancelled","ts":1,"data":{"reason":"r"}}'
        outcome = await connection.fetchval(
            "SELECT outcome FROM stepglass.append($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
            *([run_id], [None], [1], [view.model_dump_json(exclude_defaults=True)], ["cancelled"], [False]),
            *([1], ["cancelled"], [body], NOBODY, NOBODY, NOBODY),
        )
    finally:
        await connection.close()
    assert outcome == "stored"
    assert [(day.runs, day.input_tokens, day.cost_complete) for day in (await of(postgres_store)).usage] == [
        (1, 0, False)
    ]


async def test_a_day_is_one_of_utc(postgres_store: Store, database_url: str) -> None:
    one, other = [await told(postgres_store, took(1).done()) for _ in range(2)]
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    connection = await asyncpg.connect(database_url)
    try:
        update = "UPDATE stepglass.run_totals SET ended_at = $1 WHERE run_id = $2"
        await connection.execute(update, midnight - timedelta(milliseconds=1), one)
        await connection.execute(update, midnight, other)
    finally:
        await connection.close()
    assert [str(day.day) for day in (await of(postgres_store)).usage] == ["2026-03-01", "2026-03-02"]
