"""What is promised of runs and who holds them, on every store."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID, uuid4

import anyio
import pytest

from events.contract import EVENT, Event, RunQueued, RunQueuedData, StepRetry
from events.errors import Fenced, KeyReused, RunEnded, UnknownRun
from events.fold import fold_all
from events.runs import DEFAULT_TENANT, NewRun
from events.store import Store
from tests.events.words import LAST, OUTSIDE, checkpoint, chunk, complete, held, new, opened, start, story

# --- accepting ------------------------------------------------------------------------------------------------------


async def test_the_same_request_twice_is_one_run(store: Store) -> None:
    first = await store.runs.accept(new(key="k", value={"a": 1, "b": 2}))
    again = await store.runs.accept(new(key="k", value={"b": 2, "a": 1}))
    assert first.created
    assert not again.created
    assert again.run_id == first.run_id
    assert await store.runs.find(DEFAULT_TENANT, "k") == first.run_id
    assert await story(store.log, first.run_id) == ["run_queued"]


async def test_twenty_at_once_with_one_key_are_one_run(store: Store) -> None:
    accepted = await asyncio.gather(*(store.runs.accept(new(key="k")) for _ in range(20)))
    assert len({one.run_id for one in accepted}) == 1
    assert [one.created for one in accepted].count(True) == 1
    assert len((await store.runs.page(DEFAULT_TENANT)).runs) == 1


async def test_a_key_with_another_body_is_refused(store: Store) -> None:
    await store.runs.accept(new(key="k", value={"a": 1}))
    with pytest.raises(KeyReused):
        await store.runs.accept(new(key="k", value={"a": 2}))
    with pytest.raises(KeyReused):
        await store.runs.accept(new("other", key="k", value={"a": 1}))


async def test_a_key_belongs_to_its_tenant(store: Store) -> None:
    ours = await store.runs.accept(new(key="k", tenant="acme"))
    theirs = await store.runs.accept(new(key="k", tenant="beta", value={"x": 1}))
    assert ours.run_id != theirs.run_id
    assert await store.runs.find("acme", "k") == ours.run_id
    assert await store.runs.find("gamma", "k") is None


async def test_without_a_key_every_request_is_a_run(store: Store) -> None:
    assert (await store.runs.accept(new())).run_id != (await store.runs.accept(new())).run_id


async def test_a_forked_run_opens_with_what_it_reuses(store: Store) -> None:
    first = [*new().first, complete("brief", "B", reused="01938f00-0000-7000-8000-000000000000")]
    run = await store.runs.accept(NewRun("vision", {}, first))
    assert await story(store.log, run.run_id) == ["run_queued", "step_complete"]
    view = await store.runs.view(run.run_id, DEFAULT_TENANT)
    assert [(step.step, step.status, step.result_seq) for step in view.steps] == [("brief", "complete", 2)]


async def test_a_run_leads_to_those_that_do_it_again_and_to_nobody_else_s(store: Store) -> None:
    source = (await store.runs.accept(new())).run_id
    queued = RunQueued(data=RunQueuedData(pipeline="vision", forked_from=str(source)))
    forks = [(await store.runs.accept(NewRun("vision", {}, [queued]))).run_id for _ in range(2)]
    await store.runs.accept(NewRun("vision", {}, [queued], tenant="acme"))
    assert await store.runs.forks(source, DEFAULT_TENANT) == forks[::-1]
    assert await store.runs.forks(forks[0], DEFAULT_TENANT) == []


async def test_a_key_that_started_a_run_starts_none_that_does_another_again(store: Store) -> None:
    first = await store.runs.accept(new(key="k"))
    queued = RunQueued(data=RunQueuedData(pipeline="vision", forked_from=str(first.run_id), from_step="brief"))
    fork = NewRun("vision", {}, [queued], idempotency_key="f")
    one = await store.runs.accept(fork)
    assert (await store.runs.accept(fork)).run_id == one.run_id
    other = queued.model_copy(update={"data": queued.data.model_copy(update={"from_step": "qa"})})
    for first_words, key in ((queued, "k"), (other, "f")):
        with pytest.raises(KeyReused):
            await store.runs.accept(NewRun("vision", {}, [first_words], idempotency_key=key))


async def test_a_word_that_comes_late_takes_back_nothing_of_what_prefect_missed(store: Store) -> None:
    run, flow_run = await store.runs.accept(new()), uuid4()
    await store.runs.note_prefect(run.run_id, "degraded")
    await store.runs.note_prefect(run.run_id, "live", flow_run)
    header = await store.runs.header(run.run_id, DEFAULT_TENANT)
    assert (header.prefect, header.prefect_flow_run_id) == ("degraded", flow_run)


async def test_operators_learn_whose_a_run_is(store: Store) -> None:
    run = await store.runs.accept(new(tenant="acme"))
    assert await store.runs.owner(run.run_id) == "acme"
    with pytest.raises(UnknownRun):
        await store.runs.owner(uuid4())


async def test_a_run_that_is_accepted_with_a_holder_is_offered_to_nobody_else(store: Store) -> None:
    run = await store.runs.accept(new(), holder="me")
    assert await store.runs.claim("other") is None
    mine = await store.runs.claim("me", run_id=run.run_id)
    assert mine is not None
    assert (mine.epoch, mine.losses, mine.taken_over) == (2, 0, False)


# --- claiming -------------------------------------------------------------------------------------------------------


async def test_a_claim_says_all_that_a_worker_needs(store: Store) -> None:
    run = await store.runs.accept(new("vision", value={"name": "Zoë", "n": [1, None]}, tenant="acme", deadline=60.0))
    claim = await store.runs.claim("me")
    assert claim is not None
    assert (claim.run_id, claim.pipeline, claim.tenant) == (run.run_id, "vision", "acme")
    assert (claim.input, claim.epoch, claim.tail_seq) == ({"name": "Zoë", "n": [1, None]}, 1, 1)
    assert (claim.losses, claim.taken_over) == (0, False)
    assert 50 < claim.seconds_left <= 60


async def test_the_oldest_run_is_claimed_first_and_each_only_once(store: Store) -> None:
    accepted = [(await store.runs.accept(new())).run_id for _ in range(3)]
    claimed = [await store.runs.claim("me") for _ in range(4)]
    assert [claim and claim.run_id for claim in claimed] == [*accepted, None]


async def test_of_two_workers_who_race_for_a_run_one_gets_it(store: Store) -> None:
    for _ in range(5):
        await store.runs.accept(new())
        claims = await asyncio.gather(*(store.runs.claim(f"worker-{i}") for i in range(8)))
        assert len([claim for claim in claims if claim]) == 1


async def test_a_run_that_somebody_holds_cannot_be_claimed_by_name(store: Store) -> None:
    run = await held(store, "first")
    assert await store.runs.claim("second", run_id=run.run_id) is None
    again = await store.runs.claim("first", run_id=run.run_id)
    assert again is not None
    assert again.epoch == run.epoch + 1
    assert await store.runs.claim("first", run_id=uuid4()) is None


async def test_a_run_whose_lease_ran_out_counts_a_loss(store: Store) -> None:
    run = await held(store)
    for losses in (1, 2, 3, 4):
        await store.runs.renew(run.run_id, run.epoch, lease=0)
        claim = await store.runs.claim("next")
        assert claim is not None
        assert (claim.run_id, claim.epoch, claim.losses, claim.taken_over) == (run.run_id, losses + 1, losses, True)
        run = claim


async def test_a_released_run_is_taken_over_without_a_loss(store: Store) -> None:
    run = await held(store)
    await store.runs.release(run.run_id, run.epoch)
    claim = await store.runs.claim("next")
    assert claim is not None
    assert (claim.run_id, claim.losses, claim.taken_over) == (run.run_id, 0, True)


async def test_a_run_that_was_lost_so_often_may_be_left_alone(store: Store) -> None:
    run = await held(store)
    for losses in (1, 2):
        await store.runs.renew(run.run_id, losses, lease=0)
        assert await store.runs.claim("other", but_losses=losses) is None
        assert await store.runs.claim("other", but_losses=losses + 1) is not None
    fresh = await store.runs.accept(new())
    await store.runs.release(run.run_id, 3)
    claim = await store.runs.claim("other", but_losses=2)
    assert claim is not None and claim.run_id == fresh.run_id
    assert await store.runs.claim("other", but_losses=2) is None
    claim = await store.runs.claim("other")
    assert claim is not None and (claim.run_id, claim.losses) == (run.run_id, 2)


async def test_several_are_taken_at_once_the_oldest_of_those_that_may_be(store: Store) -> None:
    lost = await held(store)
    for epoch in (1, 2):
        await store.runs.renew(lost.run_id, epoch, lease=0)
        assert await store.runs.claim("other") is not None
    await store.runs.renew(lost.run_id, 3, lease=0)
    accepted = [(await store.runs.accept(new())).run_id for _ in range(3)]

    taken = await store.runs.claim_more(2, "me", but_losses=3)
    rest = await store.runs.claim_more(5, "other")

    assert {claim.run_id for claim in taken} == set(accepted[:2])
    assert {(claim.run_id, claim.losses) for claim in rest} == {(accepted[2], 0), (lost.run_id, 3)}
    assert [claim.epoch for claim in taken] == [1, 1]
    assert await store.runs.claim_more(5, "me") == []


@pytest.mark.parametrize(("said", "losses"), [(complete(), 1), (checkpoint(), 1), (start(), 2), (chunk("x"), 2)])
async def test_only_a_checkpoint_forgives_losses(store: Store, said: Event, losses: int) -> None:
    run = await held(store)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    second = await store.runs.claim("next")
    assert second is not None
    await store.log.append(run.run_id, [said], epoch=second.epoch)
    await store.runs.renew(run.run_id, second.epoch, lease=0)
    third = await store.runs.claim("third")
    assert third is not None
    assert third.losses == losses


async def test_a_partial_without_a_hash_is_no_checkpoint(store: Store) -> None:
    run = await held(store)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    second = await store.runs.claim("next")
    assert second is not None
    await store.log.append(run.run_id, [checkpoint(input_hash=None)], epoch=second.epoch)
    await store.runs.renew(run.run_id, second.epoch, lease=0)
    third = await store.runs.claim("third")
    assert third is not None
    assert third.losses == 2


async def test_a_run_that_has_ended_is_not_claimed(store: Store) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    assert await store.runs.claim("next") is None
    assert await store.runs.claim("worker", run_id=run.run_id) is None


async def test_a_run_past_its_deadline_is_still_handed_out(store: Store) -> None:
    run = await store.runs.accept(new(deadline=-5.0))
    claim = await store.runs.claim("me")
    assert claim is not None
    assert claim.run_id == run.run_id
    assert claim.seconds_left < -4


# --- keeping --------------------------------------------------------------------------------------------------------


async def test_a_lease_that_is_renewed_keeps_others_away(store: Store) -> None:
    run = await held(store)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    assert await store.runs.renew(run.run_id, run.epoch, lease=60) is None
    assert await store.runs.claim("other") is None


async def test_renewing_what_is_no_longer_ours_is_fenced(store: Store) -> None:
    run = await held(store)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    await store.runs.claim("other")
    with pytest.raises(Fenced):
        await store.runs.renew(run.run_id, run.epoch)
    with pytest.raises(Fenced):
        await store.runs.release(run.run_id, run.epoch)


# --- cancelling -----------------------------------------------------------------------------------------------------


async def test_a_queued_run_is_cancelled_at_once(store: Store) -> None:
    run = await store.runs.accept(new())
    assert await store.runs.request_cancel(run.run_id, DEFAULT_TENANT, "ada") is True
    assert await story(store.log, run.run_id) == ["run_queued", "cancel_requested", "cancelled"]
    assert (await store.runs.view(run.run_id, DEFAULT_TENANT)).status == "cancelled"
    assert await store.runs.claim("me") is None


async def test_the_holder_of_a_run_hears_of_a_cancel_when_it_renews(store: Store) -> None:
    run = await held(store)
    assert await store.runs.request_cancel(run.run_id, DEFAULT_TENANT) is False
    assert await store.runs.request_cancel(run.run_id, DEFAULT_TENANT) is False
    assert await story(store.log, run.run_id) == ["run_queued", "cancel_requested"]
    assert await store.runs.renew(run.run_id, run.epoch) == "cancel"
    assert await store.log.append(run.run_id, [chunk("so far")], epoch=run.epoch) == 3


async def test_a_cancel_of_a_lost_run_closes_what_it_left_open(store: Store) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [opened(), start(), start("qa"), complete("qa")], epoch=run.epoch)
    await store.runs.request_cancel(run.run_id, DEFAULT_TENANT)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    assert await store.runs.request_cancel(run.run_id, DEFAULT_TENANT) is True
    assert (await story(store.log, run.run_id))[-3:] == ["cancel_requested", "step_error", "cancelled"]
    view = await store.runs.view(run.run_id, DEFAULT_TENANT)
    assert [(step.step, step.status) for step in view.steps] == [("brief", "error"), ("qa", "complete")]
    with pytest.raises(RunEnded):
        await store.log.append(run.run_id, [chunk("late")], epoch=run.epoch)


async def test_what_has_ended_cannot_be_cancelled(store: Store) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    with pytest.raises(RunEnded):
        await store.runs.request_cancel(run.run_id, DEFAULT_TENANT)


@pytest.mark.parametrize("round", range(5))
async def test_a_cancel_that_races_the_end_leaves_one_last_word(store: Store, round: int) -> None:
    run = await held(store)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    calls = [
        store.log.append(run.run_id, [LAST], epoch=run.epoch),
        *(store.runs.request_cancel(run.run_id, DEFAULT_TENANT) for _ in range(3)),
    ]
    if round % 2:
        calls.reverse()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(end, int | RunEnded) for end in ends), ends
    entries = await store.log.read(run.run_id)
    assert [entry.seq for entry in entries if entry.final] == [len(entries)]


async def test_a_claim_that_races_a_cancel_leaves_one_holder_or_one_last_word(store: Store) -> None:
    run = await store.runs.accept(new())
    claim, cancelled = await asyncio.gather(
        store.runs.claim("me"), store.runs.request_cancel(run.run_id, DEFAULT_TENANT)
    )
    assert (claim is None) == cancelled


# --- looking --------------------------------------------------------------------------------------------------------


async def test_a_run_is_shown_to_its_tenant_only(store: Store) -> None:
    run = await store.runs.accept(new(tenant="acme"))
    for call in (store.runs.view, store.runs.header, store.runs.input, store.runs.request_cancel):
        with pytest.raises(UnknownRun):
            await call(run.run_id, "beta")
        with pytest.raises(UnknownRun):
            await call(uuid4(), "acme")
    assert (await store.runs.page("beta")).runs == []
    assert await store.runs.input(run.run_id, "acme") == {"name": "Ada"}


async def test_the_kept_view_is_the_fold_of_the_log_at_every_point(store: Store) -> None:
    run = await held(store)
    retry = {"problem": {"title": "t", "detail": "d"}, "next_attempt_in_ms": 5}
    usage = {"model": "m", "input_tokens": 3, "output_tokens": 4, "cost_usd": 0.25}
    told = [
        opened(),
        start(),
        chunk("a"),
        EVENT.validate_python({"type": "usage", "step": "brief", "data": usage, "progress": 10}),
        chunk("b"),
        StepRetry.model_validate({"step": "brief", "data": retry}),
        start(attempt=2),
        complete(),
        OUTSIDE,
        EVENT.validate_python({"type": "step_skipped", "step": "qa", "data": {"reason": "r"}}),
        LAST,
    ]
    for event in told:
        epoch = None if event is OUTSIDE else run.epoch
        await store.log.append(run.run_id, [event], epoch=epoch)
        folded = fold_all(str(run.run_id), await store.log.read(run.run_id))
        assert await store.runs.view(run.run_id, DEFAULT_TENANT) == folded
        assert (await store.runs.page(DEFAULT_TENANT)).runs == [folded]


async def test_pages_show_the_newest_first_and_each_run_once(store: Store) -> None:
    runs = [(await store.runs.accept(new("a" if i % 3 else "b", tenant="acme"))).run_id for i in range(10)]
    await store.runs.accept(new(tenant="beta"))
    seen: list[str] = []
    after = None
    while True:
        page = await store.runs.page("acme", after=after, limit=4)
        seen += [view.run_id for view in page.runs]
        after = page.next_after
        if after is None:
            break
        assert len(page.runs) == 4
    assert seen == [str(run) for run in reversed(runs)]


async def test_pages_can_be_narrowed(store: Store) -> None:
    runs = [await held(store, pipeline="a" if i % 2 else "b") for i in range(4)]
    await store.log.append(runs[0].run_id, [LAST], epoch=runs[0].epoch)
    await store.log.append(runs[1].run_id, [opened()], epoch=runs[1].epoch)

    async def shown(status: str | None = None, pipeline: str | None = None, after: str | None = None) -> list[UUID]:
        page = await store.runs.page(DEFAULT_TENANT, status=status, pipeline=pipeline, after=after)
        return [UUID(view.run_id) for view in page.runs]

    assert await shown(status="complete") == [runs[0].run_id]
    assert await shown(status="running") == [runs[1].run_id]
    assert await shown(pipeline="b") == [runs[2].run_id, runs[0].run_id]
    assert await shown(pipeline="a", status="queued") == [runs[3].run_id]
    assert await shown(pipeline="b", after=str(runs[2].run_id)) == [runs[0].run_id]


async def test_a_bad_cursor_is_a_value_error(store: Store) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        await store.runs.page(DEFAULT_TENANT, after="yesterday")


async def test_a_header_says_who_holds_the_run_and_how_prefect_saw_it(store: Store) -> None:
    run, flow_run = await held(store, "me"), uuid4()
    header = await store.runs.header(run.run_id, DEFAULT_TENANT)
    assert (header.run_id, header.pipeline, header.holder, header.prefect) == (run.run_id, "vision", "me", None)
    assert header.created_at.tzinfo is not None
    await store.runs.note_prefect(run.run_id, "live", flow_run)
    await store.runs.note_prefect(run.run_id, "degraded")
    header = await store.runs.header(run.run_id, DEFAULT_TENANT)
    assert (header.prefect, header.prefect_flow_run_id) == ("degraded", flow_run)


async def test_prefect_is_owed_the_end_of_a_run_that_was_shown_by_somebody_who_was_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, told, hidden = [(await store.runs.accept(new())).run_id for _ in range(3)]
    for run_id in (shown, told, hidden):
        claim = await store.runs.claim("me", run_id=run_id, shown=run_id != hidden)
        assert claim is not None
        await store.log.append(run_id, [LAST], epoch=claim.epoch)
    await store.runs.prefect_told(told, uuid4())

    assert await store.runs.owed_to_prefect() == [], "whoever shows it may be about to tell"
    monkeypatch.setattr("events.runs.TOLD_WITHIN", timedelta(seconds=-1))
    assert await store.runs.owed_to_prefect() == [shown]


async def test_prefect_is_owed_each_degraded_run_once_and_when_it_has_ended(store: Store) -> None:
    first, second, live = [await held(store) for _ in range(3)]
    for run in (first, second):
        await store.runs.note_prefect(run.run_id, "degraded")
        assert await store.runs.owed_to_prefect() == []
    await store.runs.note_prefect(live.run_id, "live", uuid4())
    for run in (second, first, live):
        await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    assert await store.runs.owed_to_prefect() == [first.run_id, second.run_id]
    assert await store.runs.owed_to_prefect(limit=1) == [first.run_id]
    assert await store.runs.owed_to_prefect(limit=1, but=[first.run_id]) == [second.run_id]
    flow_runs = [uuid4(), uuid4()]
    told = await asyncio.gather(*(store.runs.prefect_told(first.run_id, flow_run) for flow_run in flow_runs))
    assert sorted(told) == [False, True]
    assert await store.runs.owed_to_prefect() == [second.run_id]
    header = await store.runs.header(first.run_id, DEFAULT_TENANT)
    assert header.prefect_flow_run_id == flow_runs[told.index(True)]


async def test_history_is_of_the_last_hundred_durations_under_a_profile(store: Store) -> None:
    run = await store.runs.accept(new())
    claim = await store.runs.claim("me", profile="demo")
    assert claim is not None
    for duration in [9_000] * 10 + list(range(1, 101)):
        await store.log.append(run.run_id, [start(), complete(duration=duration)], epoch=claim.epoch)
    await store.log.append(run.run_id, [complete("qa", duration=7), complete("qa", duration=9)], epoch=claim.epoch)
    reused = complete("scoring", duration=1, reused=str(uuid4()))
    await store.log.append(run.run_id, [reused], epoch=claim.epoch)
    history = await store.runs.history("default", "vision", "demo")
    assert {step: (expected.p50, expected.p90, expected.n) for step, expected in history.items()} == {
        "brief": (50, 90, 100),
        "qa": (7, 9, 2),
    }
    assert await store.runs.history("default", "vision", "gpt") == {}
    assert await store.runs.history("default", "refine", "demo") == {}


async def test_l7_how_long_steps_take_is_learned_of_the_tenant_s_own_runs(store: Store) -> None:
    for tenant, duration in (("acme", 5), ("beta", 90)):
        run = await held(store, tenant=tenant)
        await store.log.append(run.run_id, [start(), complete(duration=duration)], epoch=run.epoch)
    found = [await store.runs.history(tenant, "vision", "") for tenant in ("acme", "beta", "another")]
    assert [history and history["brief"].p50 for history in found] == [5, 90, {}]


# --- waking ---------------------------------------------------------------------------------------------------------


async def test_a_worker_hears_of_new_runs_and_of_cancels(store: Store) -> None:
    with anyio.fail_after(10):
        async with store.runs.wakeups() as wakeups:
            run = await store.runs.accept(new(), holder="me")
            await store.runs.request_cancel(run.run_id, DEFAULT_TENANT)
            while await anext(wakeups) != run.run_id:
                pass
            await store.runs.accept(new())
            assert await anext(wakeups) is None


async def test_a_worker_hears_of_a_released_run(store: Store) -> None:
    run = await held(store)
    with anyio.fail_after(10):
        async with store.runs.wakeups() as wakeups:
            await store.runs.request_cancel(run.run_id, DEFAULT_TENANT)
            while await anext(wakeups) != run.run_id:
                pass
            await store.runs.release(run.run_id, run.epoch)
            assert await anext(wakeups) is None


async def test_a_store_that_is_open_is_ready(store: Store) -> None:
    await store.ready()
    assert json.dumps(await store.runs.history("default", "none", "")) == "{}"


async def test_a_worker_leaves_runs_that_its_version_does_not_know_to_one_that_does(store: Store) -> None:
    await store.runs.accept(new("of_tomorrow"))

    assert await store.runs.claim("a worker of today", pipelines=["of_today"]) is None
    claim = await store.runs.claim("a worker of tomorrow", pipelines=["of_today", "of_tomorrow"])
    assert claim is not None
    assert claim.pipeline == "of_tomorrow"
