"""Tokens of tenants: more than one for each, hashes in their place, and many wrong ones."""

import asyncio

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from bearer import hash_of
from events.store import Store
from observe.refused import AT_ONCE, Refusals
from tests.api.conftest import in_process, problem, settings_with, until

OLD, NEW, METRICS = "old-token-of-acme", "new-token-of-acme", "the-token-of-metrics"
WRONG = {"Authorization": "Bearer a-token-of-nobody"}


async def status(client: AsyncClient, token: str, path: str = "/api/runs") -> int:
    return (await client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code


async def test_m9_a_tenant_has_two_tokens_at_once_and_a_hash_stands_for_one(store: Store):
    settings = settings_with(api_tokens=f"acme:{OLD}|{hash_of(NEW)},beta:the-token-of-beta")
    async with in_process(create_app(settings, store)) as client:
        assert [await status(client, token) for token in (OLD, NEW, "the-token-of-beta")] == [200, 200, 200]
        # The hash says which token is right, and is none.
        assert await status(client, hash_of(NEW)) == 401
        started = await client.post("/api/runs/x/token", headers={"Authorization": f"Bearer {NEW}"})
        assert problem(started) == (404, "unknown-run")


async def test_m9_many_wrong_tokens_wait_and_a_right_one_does_not(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("observe.refused.LATE", 3600.0)
    monkeypatch.setattr("api.app.Refusals", lambda counter: Refusals(counter, now=lambda: 0.0))  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType]
    settings = settings_with(api_tokens=f"acme:{NEW}", metrics=True, metrics_token=hash_of(METRICS))
    async with in_process(create_app(settings, store)) as client:
        paths = ["/api/runs", "/metrics"] * AT_ONCE
        wrong = [asyncio.create_task(client.get(path, headers=WRONG)) for path in paths]
        await until(lambda: sum(each.done() for each in wrong) == AT_ONCE)
        assert await status(client, NEW) == 200
        figures = await client.get("/metrics", headers={"Authorization": f"Bearer {METRICS}"})
        assert f"stepglass_refused_tokens_total {len(wrong)}.0" in figures.text
        assert {problem(each.result()) for each in wrong if each.done()} == {(401, "unauthorized")}
        assert sum(each.done() for each in wrong) == AT_ONCE
        for each in wrong:
            each.cancel()
        await asyncio.gather(*wrong, return_exceptions=True)


async def test_m9_who_brings_no_token_is_not_counted(store: Store):
    settings = settings_with(api_tokens=f"acme:{NEW}", metrics=True, metrics_token=METRICS)
    async with in_process(create_app(settings, store)) as client:
        assert problem(await client.get("/api/runs")) == (401, "unauthorized")
        assert problem(await client.get("/metrics")) == (401, "unauthorized")
        figures = await client.get("/metrics", headers={"Authorization": f"Bearer {METRICS}"})
    assert "stepglass_refused_tokens_total 0.0" in figures.text
